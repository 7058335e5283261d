//! Which locks a function holds at each of its statements.

use std::collections::BTreeMap;

use crate::facts::{ExprId, ExprKind, StmtKind};
use crate::knowledge::{Role, Semantic};
use crate::link::index::{Branch, StmtId};
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program};

use super::owner_checks::{owned_afterwards, owned_in_branch};
use super::places::{Location, location};

/// The words with which every lock is taken and given back by hand.
const TAKE: &str = "acquire";
const GIVE: &str = "release";
/// How deep context managers of the project are followed.
const DEPTH: u32 = 3;

/// A lock that is held, and the statement that took it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    /// The lock.
    pub(super) lock: Location,
    /// The statement that took it.
    pub(super) taken: StmtId,
}

/// The locks that a function holds at its statements; statements at which none is held are left out.
pub(super) type Guards = BTreeMap<StmtId, Vec<Held>>;

/// Computes the locks that a function holds.
pub(super) fn guards(program: &Program<'_>, function: ScopeRef) -> Guards {
    let index = program.index(function.file);
    let mut by_hand: Vec<Held> = Vec::new();
    let mut owned: Vec<Held> = Vec::new();
    let mut found = Guards::new();
    for &statement in index.statements_of(function.scope) {
        let mut held: Vec<Held> = Vec::new();
        for (above, branch) in index.ancestors(statement) {
            if branch == Branch::Body {
                held.extend(taken_by_with(program, function, above));
            }
            held.extend(owned_in_branch(program, function, above, branch));
        }
        held.extend(owned.iter().cloned());
        held.extend(by_hand.iter().cloned());
        if !held.is_empty() {
            found.insert(statement, held);
        }
        update_by_hand(program, function, statement, &mut by_hand);
        owned.extend(owned_afterwards(program, function, statement));
    }
    found
}

/// Whether a lock, or what may be one, is held where a call stands.
pub(crate) fn holds_something(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    let function = program.scope_of(call);
    let Some(statement) = index.statement_of(call.expr) else {
        return true;
    };
    let in_async_block = index.ancestors(statement).any(|(above, branch)| {
        branch == Branch::Body && matches!(index.statement(above).stmt.kind, StmtKind::With { is_async: true, .. })
    });
    in_async_block || guards(program, function).contains_key(&statement)
}

fn taken_by_with(program: &Program<'_>, function: ScopeRef, statement: StmtId) -> Vec<Held> {
    let StmtKind::With { items, is_async, .. } = &program.index(function.file).statement(statement).stmt.kind else {
        return Vec::new();
    };
    if *is_async {
        return Vec::new();
    }
    let locks = items.iter().filter_map(|&(context, _)| {
        lock_entered(
            program,
            ExprRef {
                file: function.file,
                expr: context,
            },
            0,
        )
    });
    locks.map(|lock| Held { lock, taken: statement }).collect()
}

/// Whether a value of this part of the library excludes others while it is held.
pub(super) fn is_lock(role: Option<Role>) -> bool {
    matches!(
        role,
        Some(Role::Lock | Role::Rlock | Role::Condition | Role::ProcessPrimitive | Role::Proxy)
    )
}

/// The lock that entering a context takes. What is not known may be a lock.
pub(super) fn lock_entered(program: &Program<'_>, context: ExprRef, depth: u32) -> Option<Location> {
    if depth > DEPTH {
        return Some(Location::Unclear);
    }
    let mut unknown = true;
    for value in program.values(context).iter() {
        match program.value(value) {
            Value::Unknown(_) => continue,
            Value::None => {}
            Value::Instance { class, .. } => {
                let class = *class;
                if is_lock(program.role(value)) {
                    return Some(location(program, context));
                }
                let enter = program.methods(class, "__enter__", false);
                if enter.is_empty() && program.solution.classes.has_unknown_base(class) {
                    return Some(location(program, context));
                }
                if enter.iter().any(|&enter| takes_a_lock(program, enter, depth)) {
                    return Some(location(program, context));
                }
            }
            _ => {
                let role = program.role(value);
                if is_lock(role) || (role == Some(Role::Semaphore) && admits_one(program, value)) {
                    return Some(location(program, context));
                }
            }
        }
        unknown = false;
    }
    for callee in program.callees(context) {
        if let Callee::Function { function, .. } = callee {
            unknown = false;
            let manager = program
                .semantics_of_decorators(function)
                .contains(&Semantic::ContextManager);
            if manager && takes_a_lock(program, function, depth) {
                return Some(Location::Unclear);
            }
        } else if matches!(callee, Callee::External { .. } | Callee::Class(_)) {
            unknown = false;
        }
    }
    unknown.then_some(Location::Unclear)
}

/// A semaphore that lets only one in is a lock.
fn admits_one(program: &Program<'_>, value: crate::link::values::ValueId) -> bool {
    let Some(site) = program.site(value).and_then(crate::link::values::Site::expression) else {
        return true;
    };
    match program.argument(site, Some(0), Some("value")) {
        Some(count) => !matches!(program.kind(count), ExprKind::Int(Some(number)) if *number > 1),
        None => true,
    }
}

/// Whether the body of a function takes a lock.
pub(super) fn takes_a_lock(program: &Program<'_>, function: ScopeRef, depth: u32) -> bool {
    let index = program.index(function.file);
    index.statements_of(function.scope).iter().any(|&statement| {
        let stmt = index.statement(statement).stmt;
        let entered = match &stmt.kind {
            StmtKind::With { items, .. } => items.iter().any(|&(context, _)| {
                let context = ExprRef {
                    file: function.file,
                    expr: context,
                };
                lock_entered(program, context, depth + 1).is_some()
            }),
            _ => false,
        };
        entered || !lock_calls(program, function, statement, TAKE).is_empty()
    })
}

/// The locks that calls of a method in the statement itself name.
fn lock_calls(program: &Program<'_>, function: ScopeRef, statement: StmtId, method: &str) -> Vec<Location> {
    let index = program.index(function.file);
    let mut found = Vec::new();
    for root in crate::facts::statement_expressions(index.statement(statement).stmt) {
        crate::facts::visit_expressions(index.facts, root, &mut |expr| {
            if let Some(base) = receiver_of(program, function, expr, method)
                && may_be_lock(program, base)
            {
                found.push(location(program, base));
            }
        });
    }
    found
}

fn receiver_of(program: &Program<'_>, function: ScopeRef, expr: ExprId, method: &str) -> Option<ExprRef> {
    let facts = program.file(function.file);
    let ExprKind::Call { callee, .. } = facts.kind(expr) else {
        return None;
    };
    match facts.kind(*callee) {
        ExprKind::Attribute { base, name, .. } if name == method => Some(ExprRef {
            file: function.file,
            expr: *base,
        }),
        _ => None,
    }
}

fn may_be_lock(program: &Program<'_>, base: ExprRef) -> bool {
    let mut known = false;
    for value in program.values(base).iter() {
        match program.value(value) {
            Value::Unknown(_) => {}
            Value::None => {}
            _ => {
                known = true;
                let role = program.role(value);
                if is_lock(role) || (role == Some(Role::Semaphore) && admits_one(program, value)) {
                    return true;
                }
                if matches!(program.value(value), Value::Instance { .. }) {
                    return true;
                }
            }
        }
    }
    !known
}

/// Takes and gives back by hand what the statement takes and gives back.
fn update_by_hand(program: &Program<'_>, function: ScopeRef, statement: StmtId, by_hand: &mut Vec<Held>) {
    for lock in lock_calls(program, function, statement, TAKE) {
        by_hand.push(Held { lock, taken: statement });
    }
    for lock in lock_calls(program, function, statement, GIVE) {
        let Some(position) = by_hand.iter().rposition(|held| held.lock == lock) else {
            continue;
        };
        if !leaves_early(program, function, by_hand[position].taken, statement) {
            by_hand.remove(position);
        }
    }
}

/// Whether a release stands in a branch that ends by leaving, so that the lock is still held after the branch.
fn leaves_early(program: &Program<'_>, function: ScopeRef, taken: StmtId, given: StmtId) -> bool {
    let index = program.index(function.file);
    let Some((above, branch)) = index.statement(given).parent else {
        return false;
    };
    if index.statement(taken).parent == index.statement(given).parent || branch == Branch::Finally {
        return false;
    }
    let last = index
        .statements_of(function.scope)
        .iter()
        .rev()
        .find(|&&other| index.statement(other).parent == Some((above, branch)));
    last.is_some_and(|&last| {
        matches!(
            index.statement(last).stmt.kind,
            StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Continue | StmtKind::Break
        )
    })
}
