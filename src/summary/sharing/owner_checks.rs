//! Code that only one thread gets to, since it asked first whether this is the thread that owns the state.

use crate::facts::{CompareOp, DefKind, ExprId, ExprKind, Stmt, StmtKind};
use crate::knowledge::Operation;
use crate::link::Program;
use crate::link::index::{Branch, StmtId};
use crate::link::values::{ExprRef, ScopeRef};
use crate::summary::locks::operation;

use super::guards::Held;
use super::places::Location;

/// `if self._owner == get_ident():` around a statement keeps all other threads out.
pub(super) fn owned_in_branch(
    program: &Program<'_>,
    function: ScopeRef,
    above: StmtId,
    branch: Branch,
) -> Option<Held> {
    let StmtKind::If { test, .. } = &program.index(function.file).statement(above).stmt.kind else {
        return None;
    };
    let is_owner = asks_for_owner(program, function, *test)?;
    let owns = branch == if is_owner { Branch::Body } else { Branch::Orelse };
    owns.then_some(Held {
        lock: Location::Unclear,
        taken: above,
    })
}

/// `if self._owner != get_ident(): raise ...` keeps all other threads from what follows.
pub(super) fn owned_afterwards(program: &Program<'_>, function: ScopeRef, statement: StmtId) -> Option<Held> {
    let statement_facts = program.index(function.file).statement(statement);
    let StmtKind::If { test, body, .. } = &statement_facts.stmt.kind else {
        return None;
    };
    let is_left = body.last().is_some_and(leaves) && statement_facts.parent.is_none();
    (is_left && asks_for_owner(program, function, *test) == Some(false)).then_some(Held {
        lock: Location::Unclear,
        taken: statement,
    })
}

fn leaves(stmt: &Stmt) -> bool {
    matches!(stmt.kind, StmtKind::Raise { .. } | StmtKind::Return(_))
}

/// Whether a condition holds where this is the owner's thread, or where it is not.
fn asks_for_owner(program: &Program<'_>, function: ScopeRef, test: ExprId) -> Option<bool> {
    let ExprKind::Compare { left, comparisons } = program.file(function.file).kind(test) else {
        return None;
    };
    let [(op, right)] = comparisons.as_slice() else {
        return None;
    };
    let is_state = |expr: ExprId| matches!(program.file(function.file).kind(expr), ExprKind::Attribute { .. });
    let asks = |state: ExprId, thread: ExprId| is_state(state) && names_thread(program, function, thread);
    if !asks(*left, *right) && !asks(*right, *left) {
        return None;
    }
    match op {
        CompareOp::Eq | CompareOp::Is => Some(true),
        CompareOp::NotEq | CompareOp::IsNot => Some(false),
        _ => None,
    }
}

/// `get_ident()`, or a name that holds what it gave.
fn names_thread(program: &Program<'_>, function: ScopeRef, expr: ExprId) -> bool {
    let file = program.file(function.file);
    match file.kind(expr) {
        ExprKind::Name { reaching, .. } => reaching.iter().any(|&def| {
            matches!(&file.definition(def).kind, DefKind::Assign { value, path }
                if path.is_empty() && names_thread(program, function, *value))
        }),
        ExprKind::Call { .. } => {
            let call = ExprRef {
                file: function.file,
                expr,
            };
            operation(program, call) == Some(Operation::NamesThread)
        }
        _ => false,
    }
}
