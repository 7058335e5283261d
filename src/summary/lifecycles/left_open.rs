//! Pools that are ended at the end of a function, which a way out before that leaves open.

use crate::facts::{ExprKind, StmtKind, statement_expressions, visit_expressions};
use crate::finding::Place;
use crate::knowledge::{LifeStep, Role};
use crate::link::Program;
use crate::link::index::{Branch, FileIndex, StmtId};
use crate::link::values::ExprRef;

use super::Lifecycles;
use super::life::Event;

/// A pool that one way out of its function leaves open.
#[derive(Clone, Debug)]
pub struct LeftOpen {
    /// The first call that ends the pool.
    pub ending: Place,
    /// Where the function is left before that.
    pub leaving: Place,
    /// How it is left.
    pub way: Way,
}

/// How a function is left before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A generator that is not read to its end stops at a `yield`.
    Yield,
    /// A `return`.
    Return,
    /// A `raise` that nothing in the function catches.
    Raise,
}

impl Lifecycles {
    /// A pool made here that the function ends, but not on every way out that its code spells.
    #[must_use]
    pub fn left_open(&self, program: &Program<'_>, call: ExprRef) -> Option<LeftOpen> {
        if self.makes_pool(program, call)? != Role::Pool {
            return None;
        }
        let mut endings = Vec::new();
        for event in self.life(program, call).events {
            match event {
                Event::Step(LifeStep::Close | LifeStep::Join, at) => endings.push(at),
                Event::Kept(_) | Event::Global(_) | Event::Escapes(_) | Event::With(_) => return None,
                _ => {}
            }
        }
        let scope = program.scope_of(call);
        let index = program.index(call.file);
        let guarded = |ending: &ExprRef| program.scope_of(*ending) != scope || stands_in_cleanup(index, *ending);
        if endings.is_empty() || endings.iter().any(guarded) {
            return None;
        }
        let ending = endings
            .into_iter()
            .min_by_key(|ending| program.place(*ending).span.start)?;
        let made = index.statement_of(call.expr)?;
        let between = index.statements_of(scope.scope).iter().copied().filter(|&statement| {
            let span = index.statement(statement).stmt.span;
            span.start > index.statement(made).stmt.span.end
                && span.start < program.place(ending).span.start
                && is_behind(index, made, statement)
        });
        between
            .filter_map(|statement| leaves(program, call, statement))
            .map(|(leaving, way)| LeftOpen {
                ending: program.place(ending),
                leaving,
                way,
            })
            .next()
    }
}

/// Whether a call stands in a `finally` block or an `except` clause.
fn stands_in_cleanup(index: &FileIndex<'_>, call: ExprRef) -> bool {
    index.statement_of(call.expr).is_none_or(|statement| {
        index
            .ancestors(statement)
            .any(|(_, branch)| matches!(branch, Branch::Finally | Branch::Handler(_)))
    })
}

/// Whether a statement stands behind another in its block, or inside one that does.
fn is_behind(index: &FileIndex<'_>, first: StmtId, statement: StmtId) -> bool {
    let (block, position) = (index.statement(first).parent, index.statement(first).position);
    std::iter::once(statement)
        .chain(index.ancestors(statement).map(|(above, _)| above))
        .any(|level| index.statement(level).parent == block && index.statement(level).position > position)
}

fn leaves(program: &Program<'_>, near: ExprRef, statement: StmtId) -> Option<(Place, Way)> {
    let index = program.index(near.file);
    let stmt = index.statement(statement).stmt;
    let here = Place {
        file: near.file,
        span: stmt.span,
    };
    match stmt.kind {
        StmtKind::Return(_) => Some((here, Way::Return)),
        StmtKind::Raise { .. } => (!may_be_caught(index, statement)).then_some((here, Way::Raise)),
        _ => {
            let facts = program.file(near.file);
            let mut found = None;
            for root in statement_expressions(stmt) {
                visit_expressions(facts, root, &mut |expr| {
                    if matches!(facts.kind(expr), ExprKind::Yield(_) | ExprKind::YieldFrom(_)) {
                        found = found.or(Some(expr));
                    }
                });
            }
            found.map(|expr| (program.place(program.sibling(near, expr)), Way::Yield))
        }
    }
}

fn may_be_caught(index: &FileIndex<'_>, statement: StmtId) -> bool {
    index.ancestors(statement).any(|(above, branch)| {
        branch == Branch::Body
            && matches!(&index.statement(above).stmt.kind, StmtKind::Try { handlers, .. } if !handlers.is_empty())
    })
}
