//! Hand-overs from the loop to a worker whose result nobody awaits.

use crate::facts::{DefKind, ExprId, ExprKind, ScopeKind, StmtKind};
use crate::knowledge::{LoopUse, SubmissionResult};
use crate::link::values::{ExprRef, Value};
use crate::link::{Callee, Program, Submission};

use super::{DanglingTask, DroppedOffload};

/// All hand-overs that give something to await which is thrown away.
pub(super) fn dropped(program: &Program<'_>) -> Vec<DroppedOffload> {
    program
        .submissions
        .iter()
        .filter(|submission| submission.shape.result == SubmissionResult::Awaitable && submission.through.is_none())
        .filter(|submission| is_dropped(program, submission.call))
        .map(|submission| DroppedOffload {
            place: program.place(submission.call),
            api: super::blocking::shown(&submission.api),
            never_runs: makes_coroutine(program, submission),
        })
        .collect()
}

/// All tasks of an event loop that nothing keeps.
pub(super) fn dangling(program: &Program<'_>) -> Vec<DanglingTask> {
    let mut found = Vec::new();
    for call in program.calls() {
        let made = program.callees(call).into_iter().find_map(|callee| match callee {
            Callee::External { name, .. } => {
                (program.knowledge.loop_use(&name) == Some(LoopUse::MakesTask)).then_some(name)
            }
            _ => None,
        });
        if let Some(name) = made
            && is_dropped(program, call)
        {
            found.push(DanglingTask {
                place: program.place(call),
                api: super::blocking::shown(&name),
            });
        }
    }
    found
}

/// An event loop's own method starts the work at once and gives a future; a function makes a coroutine.
fn makes_coroutine(program: &Program<'_>, submission: &Submission<'_>) -> bool {
    let ExprKind::Call { callee, .. } = program.kind(submission.call) else {
        return false;
    };
    let values = program.values(program.sibling(submission.call, *callee));
    !values
        .iter()
        .any(|value| matches!(program.value(value), Value::ExternalMethod { .. }))
}

/// Whether the value of an expression goes nowhere: it is a statement, or an element of a display that is one, or is
/// bound to a name that is never read.
fn is_dropped(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    let mut whole: ExprId = call.expr;
    while let Some(above) = index.parent(whole) {
        match index.facts.kind(above) {
            ExprKind::Comprehension { element, kind, .. }
                if *element == whole && *kind != crate::facts::ComprehensionKind::Generator =>
            {
                whole = above;
            }
            ExprKind::Sequence { .. } | ExprKind::Conditional { .. } | ExprKind::Boolean { .. } => whole = above,
            _ => return false,
        }
    }
    let Some(statement) = index.statement_of(call.expr) else {
        return false;
    };
    match &index.statement(statement).stmt.kind {
        StmtKind::Expr(value) => *value == whole,
        StmtKind::Assign { targets, value } => {
            *value == whole && targets.iter().all(|&target| is_never_read(program, call, target))
        }
        _ => false,
    }
}

/// Whether a target is a local name that is never read.
fn is_never_read(program: &Program<'_>, call: ExprRef, target: ExprId) -> bool {
    let index = program.index(call.file);
    let ExprKind::Store(def) = index.facts.kind(target) else {
        return false;
    };
    let definition = index.facts.definition(*def);
    let symbol = index.facts.symbol(definition.symbol);
    matches!(definition.kind, DefKind::Assign { .. })
        && index.facts.scope(symbol.scope).kind == ScopeKind::Function
        && index.reads(definition.symbol).is_empty()
}
