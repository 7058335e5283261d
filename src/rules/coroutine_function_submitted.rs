//! CC704: a coroutine function is handed to a worker that does not run coroutines.

use crate::facts::ExprKind;
use crate::finding::{Finding, Severity};
use crate::knowledge::LifeStep;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Program, Submission, Target};
use crate::summary::lifecycles::Event;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC704",
    name: "coroutine-function-submitted",
    severity: Severity::Error,
    page: include_str!("../../rules/coroutine-function-submitted.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    if submission.forwarded || submission.shape.takes_coroutine_functions {
        return;
    }
    let Some(function) = coroutine_function(program, submission) else {
        return;
    };
    if is_awaited_later(context, submission.call) {
        return;
    }
    let name = program.display_name(function);
    let message = format!("`{name}` is a coroutine function: the worker makes a coroutine of it and never runs it");
    let draft = context
        .finding(&RULE, program.place(submission.call), message)
        .note(program.name_place(function), format!("`{name}` is `async def`"));
    let help = format!("await `{name}` on the event loop, or hand over a function that runs it with `asyncio.run`");
    findings.push(draft.help(help).done());
}

/// The coroutine function that every target is.
fn coroutine_function(program: &Program<'_>, submission: &Submission<'_>) -> Option<ScopeRef> {
    let functions: Vec<ScopeRef> = submission.targets.iter().filter_map(Target::function).collect();
    let is_coroutine = |function: &ScopeRef| {
        let scope = program.scope(*function);
        scope.is_async && !scope.is_generator && scope.decorators.is_empty()
    };
    let all =
        !functions.is_empty() && functions.len() == submission.targets.len() && functions.iter().all(is_coroutine);
    if all { functions.first().copied() } else { None }
}

/// Whether the caller runs the coroutine that the worker gives back.
fn is_awaited_later(context: &Context<'_>, call: ExprRef) -> bool {
    let program = context.program;
    let used = |expr: ExprRef| {
        let index = program.index(expr.file);
        let mut around = index
            .expressions_around(expr.expr)
            .map(|above| program.kind(program.sibling(expr, above)));
        around.any(|kind| matches!(kind, ExprKind::Await(_)))
    };
    let index = program.index(call.file);
    let awaits = index
        .expressions_around(call.expr)
        .filter(|&above| matches!(program.kind(program.sibling(call, above)), ExprKind::Await(_)));
    if awaits.count() > 1 {
        return true;
    }
    let life = context.lifecycles().life(program, call);
    life.events
        .iter()
        .any(|event| matches!(event, Event::Step(LifeStep::Outcome, outcome) if used(*outcome)))
}
