//! Workers that are started and joined one after another, without a loop.

use crate::facts::{ExprKind, Span, StmtKind};
use crate::knowledge::{LifeStep, SubmissionResult};
use crate::link::index::StmtId;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Submission, Target};

use super::serial::{Finder, Wait};

impl Finder<'_, '_> {
    /// `a.start(); a.join(); b.start()` where both run the same function.
    pub(super) fn join_before_next(&self, join: ExprRef) -> Option<Wait> {
        let index = self.program.index(join.file);
        let worker = self.plain_step(join, LifeStep::Join)?;
        let statement = index.statement_of(join.expr)?;
        let block = self.calls_of_block(join, statement);
        let before = block.iter().rev().skip_while(|call| **call != join).skip(1);
        let started = *before
            .take_while(|call| !self.works_between(**call, join))
            .find(|&&call| {
                self.plain_step(call, LifeStep::Start)
                    .is_some_and(|started| self.same_object(started, worker))
            })?;
        let after = block.iter().skip_while(|call| **call != join).skip(1);
        let next = *after
            .take_while(|call| !self.works_between_workers(join, **call))
            .find(|call| self.plain_step(**call, LifeStep::Start).is_some())?;
        let (first, second) = (self.submission_behind(started)?, self.submission_behind(next)?);
        let alike = first.call != second.call && functions(first) == functions(second) && !functions(first).is_empty();
        let made_before = self.program.place(second.call).span.start > self.program.place(join).span.start;
        (alike && made_before && !self.hands_on(worker, second)).then_some(Wait {
            wait: join,
            handed: started,
            joins: true,
            endless: false,
            tiny: self.is_tiny(first.call),
            next: Some(next),
            called: None,
        })
    }

    /// Whether the program does something between two calls but make workers.
    fn works_between_workers(&self, from: ExprRef, to: ExprRef) -> bool {
        let facts = self.program.file(from.file);
        let between = Span {
            start: facts.span(from.expr).end,
            end: facts.span(to.expr).start,
        };
        let index = self.program.index(from.file);
        let inside = index.calls().iter().filter(|&&call| between.contains(facts.span(call)));
        inside.map(|&call| self.program.sibling(from, call)).any(|call| {
            let mut made = self
                .program
                .submissions
                .iter()
                .filter(|submission| submission.call == call);
            !made.any(|submission| submission.shape.result == SubmissionResult::Worker) && !self.is_light(call)
        })
    }

    /// The worker in `worker.start()` or `worker.join()` that is a statement of its own and takes no argument.
    fn plain_step(&self, call: ExprRef, step: LifeStep) -> Option<ExprRef> {
        let ExprKind::Call { arguments, .. } = self.program.kind(call) else {
            return None;
        };
        let worker = self.receiver(call)?;
        let is_name = matches!(self.program.kind(worker), ExprKind::Name { .. });
        (arguments.is_empty() && is_name && self.lives.step(call) == Some(step)).then_some(worker)
    }

    /// The calls that are statements of the block that a statement stands in.
    fn calls_of_block(&self, near: ExprRef, statement: StmtId) -> Vec<ExprRef> {
        let index = self.program.index(near.file);
        let here = index.statement(statement);
        let siblings = index.statements_of(here.scope).iter().map(|&id| index.statement(id));
        siblings
            .filter(|other| other.parent == here.parent)
            .filter_map(|other| match other.stmt.kind {
                StmtKind::Expr(value) => Some(self.program.sibling(near, value)),
                _ => None,
            })
            .collect()
    }

    fn submission_behind(&self, start: ExprRef) -> Option<&Submission<'_>> {
        let made = self.made(start)?;
        let found = self
            .program
            .submissions
            .iter()
            .find(|submission| submission.call == made);
        found.filter(|submission| submission.through.is_none() && !submission.forwarded)
    }

    /// Whether the second worker is handed the first, or something that is read from it.
    fn hands_on(&self, worker: ExprRef, second: &Submission<'_>) -> bool {
        let ExprKind::Name { symbol, .. } = self.program.kind(worker) else {
            return true;
        };
        let facts = self.program.file(second.call.file);
        let mut found = false;
        crate::facts::visit_expressions(facts, second.call.expr, &mut |expr| {
            found |= expr != second.call.expr
                && matches!(facts.kind(expr), ExprKind::Name { symbol: read, .. } if read == symbol);
        });
        found
    }
}

fn functions(submission: &Submission<'_>) -> Vec<ScopeRef> {
    submission.targets.iter().filter_map(Target::function).collect()
}
