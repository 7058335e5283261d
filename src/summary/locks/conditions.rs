//! Conditions that are waited for outside of a loop, or used without being held.

use crate::facts::{ExprKind, StmtKind};
use crate::knowledge::{LockKind, Operation};
use crate::link::Program;
use crate::link::index::Loop;
use crate::link::values::{ExprRef, ScopeRef};

use super::super::sharing::holds_something;
use super::{Uses, receiver_expression};

/// Callers are followed this far.
const DEPTH: u32 = 3;

/// A use of a condition that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConditionUse {
    /// The call.
    pub call: ExprRef,
    /// All callers are known.
    pub sure: bool,
}

/// The waits of a function that no loop goes back to, and that do not end by themselves.
#[must_use]
pub fn waits_outside_loop(program: &Program<'_>, uses: &Uses, function: ScopeRef) -> Vec<ConditionUse> {
    let waits = uses.of(function).filter(|found| {
        found.operation == Operation::AwaitSignal && found.endless && is_condition(program, found.call)
    });
    let alone = waits.filter(|wait| !is_repeated(program, wait.call));
    let callers: Vec<ExprRef> = calls_of(program, function);
    let repeated_by_all = !callers.is_empty() && callers.iter().all(|&call| is_repeated(program, call));
    alone
        .filter(|_| !repeated_by_all)
        .map(|wait| ConditionUse {
            call: wait.call,
            sure: true,
        })
        .collect()
}

/// The uses of conditions in a function for which nobody holds a lock.
#[must_use]
pub fn used_without_lock(program: &Program<'_>, uses: &Uses, function: ScopeRef) -> Vec<ConditionUse> {
    let wanted = |operation| matches!(operation, Operation::AwaitSignal | Operation::Signal);
    let mut found = Vec::new();
    for used in uses.of(function) {
        let held = holds_something(program, used.call) || acquires_itself(program, uses, function, used.call);
        if !wanted(used.operation) || !is_condition(program, used.call) || held {
            continue;
        }
        match is_called_bare(program, function, DEPTH) {
            Some(known) => found.push(ConditionUse {
                call: used.call,
                sure: known || !uses.submissions_of(function).is_empty(),
            }),
            None => continue,
        }
    }
    found
}

/// Whether a function acquires the condition by a call of its own before, `await` or not.
fn acquires_itself(program: &Program<'_>, uses: &Uses, function: ScopeRef, call: ExprRef) -> bool {
    let text = |call| receiver_expression(program, call).map(|lock| program.text(lock));
    let mut acquired = uses.of(function).filter(|used| used.operation == Operation::Acquire);
    acquired
        .any(|used| text(used.call) == text(call) && program.place(used.call).span.end < program.place(call).span.end)
}

fn is_condition(program: &Program<'_>, call: ExprRef) -> bool {
    let Some(receiver) = receiver_expression(program, call) else {
        return false;
    };
    let values = program.values(receiver);
    let fits = |value| {
        let fact = program.type_fact(value);
        fact.is_some_and(|fact| matches!(fact.lock, Some(LockKind::Condition | LockKind::PlainCondition)))
    };
    !values.is_empty() && values.iter().all(fits)
}

fn is_repeated(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    index.loops_around(call.expr).into_iter().any(|around| match around {
        Loop::Statement(id) => matches!(index.statement(id).stmt.kind, StmtKind::While { .. }),
        Loop::Comprehension(_) => false,
    })
}

fn calls_of(program: &Program<'_>, function: ScopeRef) -> Vec<ExprRef> {
    program
        .solution
        .callers
        .get(&function)
        .cloned()
        .unwrap_or_default()
        .into_iter()
        .collect()
}

/// Whether no caller holds a lock: `Some(true)` where there are callers, `None` where one may hold one.
fn is_called_bare(program: &Program<'_>, function: ScopeRef, depth: u32) -> Option<bool> {
    if !program.scope(function).decorators.is_empty() || depth == 0 {
        return None;
    }
    let calls = calls_of(program, function);
    for &call in &calls {
        let caller = program.function_around(program.scope_of(call));
        let is_call = matches!(program.kind(call), ExprKind::Call { .. });
        if !is_call || holds_something(program, call) {
            return None;
        }
        if program.scope(caller).parent.is_some() {
            is_called_bare(program, caller, depth - 1)?;
        }
    }
    Some(!calls.is_empty())
}
