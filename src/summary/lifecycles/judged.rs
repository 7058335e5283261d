//! Whether a wait makes a loop run one task at a time: nothing else is done meanwhile, and it is reached each round.

use crate::facts::{ExprKind, StmtKind};
use crate::finding::FileId;
use crate::knowledge::LifeStep;
use crate::link::Callee;
use crate::link::index::{Branch, Loop, StmtId};
use crate::link::values::{ExprRef, ScopeRef};

use super::serial::{Finder, Wait};

/// Calls that take longer than this many seconds are work that runs beside the task.
const LIGHT: f64 = 1e-4;

impl Finder<'_, '_> {
    /// Whether a wait for what was handed over makes the loop run one task at a time.
    pub(super) fn judged(&self, handed: ExprRef, wait: ExprRef, joins: bool) -> Option<Wait> {
        let loops = self.loops(handed);
        let around = *loops.first()?;
        let outer = if joins && self.loops(wait).first() != Some(&around) {
            // Workers are started and joined by inner loops over a list of one.
            *loops.get(1)?
        } else if self.loops(wait).first() == Some(&around) {
            around
        } else {
            return None;
        };
        if self.is_conditional(handed, wait, outer)
            || self.works_between(handed, wait)
            || self.feeds_next(handed, wait, outer)
            || self.is_last_round(wait, outer)
        {
            return None;
        }
        Some(Wait {
            wait,
            handed,
            joins,
            endless: self.is_endless(wait.file, outer),
            tiny: self.is_tiny(handed),
            next: None,
            called: None,
        })
    }

    /// Whether what is handed over is known to take next to no time.
    pub(super) fn is_tiny(&self, handed: ExprRef) -> bool {
        let made = self.made(handed).unwrap_or(handed);
        let submissions = self
            .program
            .submissions
            .iter()
            .filter(|submission| submission.call == made);
        let targets: Vec<_> = submissions.flat_map(|submission| &submission.targets).collect();
        !targets.is_empty()
            && targets.into_iter().all(|target| {
                let profile = target.function().and_then(|function| self.summaries.profile(function));
                profile.is_some_and(|profile| profile.total().typical <= LIGHT && profile.unknown.is_empty())
            })
    }

    fn is_endless(&self, file: FileId, around: Loop) -> bool {
        let Loop::Statement(id) = around else { return false };
        match &self.index(file).statement(id).stmt.kind {
            StmtKind::While { test, .. } => matches!(
                self.program.file(file).kind(*test),
                ExprKind::Bool(true) | ExprKind::Int(Some(1))
            ),
            _ => false,
        }
    }

    /// Whether the loop is left behind the wait, come what may, so that it hands over once at most.
    fn is_last_round(&self, wait: ExprRef, around: Loop) -> bool {
        let (Loop::Statement(around), index) = (around, self.index(wait.file)) else {
            return false;
        };
        let Some(statement) = index.statement_of(wait.expr) else {
            return false;
        };
        let inside = index.ancestors(statement).map(|(above, _)| above);
        self.loops(wait).first() == Some(&Loop::Statement(around))
            && std::iter::once(statement)
                .chain(inside.take_while(|&above| above != around))
                .any(|level| {
                    index.behind(level).any(|stmt| {
                        matches!(
                            stmt.kind,
                            StmtKind::Break | StmtKind::Return(_) | StmtKind::Raise { .. }
                        )
                    })
                })
    }

    /// Whether the wait is under a condition that the hand-over is not under.
    pub(super) fn is_conditional(&self, handed: ExprRef, wait: ExprRef, around: Loop) -> bool {
        let (Loop::Statement(around), index) = (around, self.index(wait.file)) else {
            return false;
        };
        let Some(statement) = index.statement_of(wait.expr) else {
            return true;
        };
        matches!(index.statement(statement).stmt.kind, StmtKind::Return(_))
            || self.has_condition(handed, wait, Some(around))
    }

    /// Whether a condition stands around the wait, up to a loop, that does not stand around the hand-over.
    pub(super) fn has_condition(&self, handed: ExprRef, wait: ExprRef, around: Option<StmtId>) -> bool {
        let index = self.index(wait.file);
        let file = self.program.file(wait.file);
        let Some(statement) = index.statement_of(wait.expr) else {
            return true;
        };
        let after_loop = index.ancestors(statement).take_while(|(id, _)| Some(*id) != around);
        after_loop
            .filter(|(id, _)| !self.is_patient_join(*id, wait))
            .filter(|(id, _)| !index.statement(*id).stmt.span.contains(file.span(handed.expr)))
            .any(|(id, branch)| {
                matches!(
                    index.statement(id).stmt.kind,
                    StmtKind::If { .. } | StmtKind::Match { .. } | StmtKind::While { .. }
                ) || matches!(branch, Branch::Handler(_))
            })
    }

    /// Whether the program does something of its own between hand-over and wait.
    pub(super) fn works_between(&self, handed: ExprRef, wait: ExprRef) -> bool {
        let file = self.program.file(wait.file);
        let index = self.index(wait.file);
        let (from, to) = (file.span(handed.expr), file.span(wait.expr));
        let scope = index.scope_of(wait.expr);
        let first = index.calls().partition_point(|&call| file.span(call).start < from.end);
        index.calls()[first..]
            .iter()
            .take_while(|&&call| file.span(call).start < to.start)
            .filter(|&&call| call != wait.expr && !file.span(call).contains(from) && !file.span(call).contains(to))
            .filter(|&&call| index.scope_of(call) == scope)
            .any(|&call| !self.is_light(self.program.sibling(wait, call)))
    }

    pub(super) fn is_light(&self, call: ExprRef) -> bool {
        if self.lives.step(call) == Some(LifeStep::Start) {
            return false;
        }
        self.program.callees(call).into_iter().all(|callee| match callee {
            Callee::External { name, .. } => {
                let knowledge = self.program.knowledge;
                let small = knowledge.call(&name).is_some_and(|fact| {
                    fact.interpreter.is_none_or(|range| range[1] <= LIGHT * 2.0)
                        && fact.native.is_none()
                        && (fact.wait.is_none() || fact.cannot_raise)
                });
                knowledge.submission(&name).is_none() && (small || knowledge.semantic(&name).is_some())
            }
            Callee::Function { function, .. } => self
                .summaries
                .profile(function)
                .is_some_and(|profile| profile.total().typical <= LIGHT && profile.unknown.is_empty()),
            Callee::Class(class) => self.is_plain_class(class),
            _ => false,
        })
    }

    fn is_plain_class(&self, class: ScopeRef) -> bool {
        self.program
            .methods(class, "__init__", false)
            .first()
            .is_none_or(|&init| {
                self.summaries
                    .profile(init)
                    .is_some_and(|profile| profile.total().typical <= LIGHT)
            })
    }
}
