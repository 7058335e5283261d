//! Whether a lock is held where an expression stands.

use crate::facts::{DefKind, ExprKind, StmtKind};
use crate::knowledge::Role;
use crate::link::index::Branch;
use crate::link::values::{ExprRef, Value};
use crate::link::{Callee, Program};

/// Whether the code around an expression holds something that may be a lock.
pub(super) fn is_held(program: &Program<'_>, expr: ExprRef) -> bool {
    let index = program.index(expr.file);
    let Some(statement) = index.statement_of(expr.expr) else {
        return false;
    };
    let entered = index.ancestors(statement).any(|(above, branch)| {
        matches!(&index.statement(above).stmt.kind, StmtKind::With { items, .. }
            if branch == Branch::Body && items.iter().any(|(context, _)| may_lock(program, program.sibling(expr, *context))))
    });
    entered || is_taken_before(program, expr)
}

/// A method of a lock was called earlier in the same function, outside of branches that do not lead here.
fn is_taken_before(program: &Program<'_>, expr: ExprRef) -> bool {
    let index = program.index(expr.file);
    let scope = index.scope_of(expr.expr);
    let start = program.place(expr).span.start;
    let mut calls: Vec<ExprRef> = Vec::new();
    for &id in index.statements_of(scope) {
        let stmt = index.statement(id).stmt;
        if stmt.span.start >= start {
            break;
        }
        for root in crate::facts::statement_expressions(stmt) {
            crate::facts::visit_expressions(program.file(expr.file), root, &mut |inner| {
                let inner = program.sibling(expr, inner);
                if program.place(inner).span.end <= start && is_method_of_lock(program, inner) {
                    calls.push(inner);
                }
            });
        }
    }
    // Taken and given back in turn: an odd number of calls leaves it taken.
    calls.sort();
    calls.dedup();
    calls.len() % 2 == 1
}

fn is_method_of_lock(program: &Program<'_>, call: ExprRef) -> bool {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return false;
    };
    match program.kind(program.sibling(call, *callee)) {
        ExprKind::Attribute { base, .. } => is_lock(program, program.sibling(call, *base)),
        _ => false,
    }
}

/// Whether an expression is known to be a lock.
fn is_lock(program: &Program<'_>, expr: ExprRef) -> bool {
    let by_role = program.values(expr).iter().any(|value| {
        matches!(
            program.role(value),
            Some(Role::Lock | Role::Rlock | Role::Condition | Role::Semaphore | Role::ProcessPrimitive)
        ) || is_lock_proxy(program, value)
    });
    by_role || is_lock_of_value(program, expr)
}

/// Proxies that hold no data may be locks.
fn is_lock_proxy(program: &Program<'_>, value: crate::link::values::ValueId) -> bool {
    program.role(value) == Some(Role::Proxy) && program.type_fact(value).is_some_and(|fact| !fact.data_proxy)
}

/// The result of a method of a shared value is its lock.
fn is_lock_of_value(program: &Program<'_>, expr: ExprRef) -> bool {
    match program.kind(expr) {
        ExprKind::Call { .. } => program.callees(expr).iter().any(|callee| {
            matches!(callee, Callee::External { receiver: Some(receiver), .. }
                if program.role(*receiver) == Some(Role::SharedValue))
        }),
        ExprKind::Name { reaching, .. } => match reaching.as_slice() {
            [def] => match &program.file(expr.file).definition(*def).kind {
                DefKind::Assign { value, path } if path.is_empty() => {
                    matches!(program.kind(program.sibling(expr, *value)), ExprKind::Call { .. })
                        && is_lock_of_value(program, program.sibling(expr, *value))
                }
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

/// Whether entering a context may take a lock: known types that are none do not, and the benefit of the doubt is given
/// to everything else.
fn may_lock(program: &Program<'_>, context: ExprRef) -> bool {
    if is_lock(program, context) {
        return true;
    }
    let values = program.values(context);
    values.is_empty()
        || values.iter().any(|value| match program.value(value) {
            Value::Unknown(_) | Value::Instance { .. } | Value::Generator(_) => true,
            _ => matches!(program.role(value), Some(Role::SharedValue | Role::Proxy)),
        })
}
