//! Pools that are ended at the end of a function, which a way out before that leaves open.

use std::collections::BTreeMap;

use crate::facts::{ExprKind, StmtKind, statement_expressions, visit_expressions};
use crate::finding::Place;
use crate::knowledge::{LifeStep, Role};
use crate::link::Program;
use crate::link::index::{Branch, FileIndex, StmtId};
use crate::link::values::{ExprRef, ScopeRef};

use super::life::Event;
use super::{Life, Lifecycles};

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
    /// A pool made here, or by a function that returns it, that its user ends, but not on every way out that the code
    /// spells.
    #[must_use]
    pub fn left_open(&self, program: &Program<'_>, call: ExprRef) -> Option<LeftOpen> {
        if self.makes_pool(program, call)? != Role::Pool {
            return None;
        }
        let endings = only_endings(&self.life_through_calls(program, call))?;
        let mut users = BTreeMap::new();
        for ending in endings {
            let user = program.scope_of(ending);
            let start = obtained_in(program, call, user)?;
            users.entry(user).or_insert((start, Vec::new())).1.push(ending);
        }
        users
            .into_values()
            .find_map(|(start, endings)| left_before(program, start, &endings))
    }
}

/// The calls that end a pool, where nothing else may.
fn only_endings(life: &Life) -> Option<Vec<ExprRef>> {
    let mut endings = Vec::new();
    for event in &life.events {
        match event {
            Event::Step(LifeStep::Close | LifeStep::Join, at) => endings.push(*at),
            Event::Kept(_)
            | Event::Global(_)
            | Event::Escapes(_)
            | Event::With(_)
            | Event::Method(_)
            | Event::Read(_) => return None,
            _ => {}
        }
    }
    Some(endings)
}

/// The expression of a function that makes the pool, or calls the function that makes and returns it.
fn obtained_in(program: &Program<'_>, made: ExprRef, function: ScopeRef) -> Option<ExprRef> {
    let maker = program.scope_of(made);
    if maker == function {
        return Some(made);
    }
    let mut calls = program.solution.callers.get(&maker)?.iter().copied();
    calls.find(|&call| program.scope_of(call) == function)
}

/// The way out between the place where a function gets a pool and the first call of it that ends the pool.
fn left_before(program: &Program<'_>, start: ExprRef, endings: &[ExprRef]) -> Option<LeftOpen> {
    let index = program.index(start.file);
    if endings.iter().any(|&ending| stands_in_cleanup(index, ending)) {
        return None;
    }
    let ending = endings.iter().map(|&ending| program.place(ending)).min()?;
    let made = index.statement_of(start.expr)?;
    let statements = index.statements_of(index.scope_of(start.expr)).iter().copied();
    let mut between = statements.filter(|&statement| {
        let span = index.statement(statement).stmt.span;
        span.start > index.statement(made).stmt.span.end
            && span.start < ending.span.start
            && is_behind(index, made, statement)
    });
    between.find_map(|statement| {
        let (leaving, way) = leaves(program, start, statement)?;
        Some(LeftOpen { ending, leaving, way })
    })
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
