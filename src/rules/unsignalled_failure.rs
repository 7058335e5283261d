//! CC514: a worker that raises before it signals leaves another one waiting.

use std::collections::BTreeSet;

use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::{Operation, WorkerKind};
use crate::link::values::ScopeRef;
use crate::link::{Submission, Target};
use crate::summary::locks::{SharedUse, is_on_the_way_out};
use crate::summary::raises::{RaiseEvidence, Strength};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC514",
    name: "unsignalled-failure",
    severity: Severity::Warning,
    page: include_str!("../../rules/unsignalled-failure.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for submission in &context.program.submissions {
        let runs_apart = submission
            .workers
            .iter()
            .all(|worker| matches!(worker.kind, Some(WorkerKind::Thread | WorkerKind::Process)));
        if !runs_apart || submission.forwarded {
            continue;
        }
        let functions: BTreeSet<ScopeRef> = submission.targets.iter().filter_map(Target::function).collect();
        for function in functions {
            judge(context, submission, function, findings);
        }
    }
}

/// The wait that a signal ends.
const fn wait_of(signal: Operation) -> Option<Operation> {
    match signal {
        Operation::Signal => Some(Operation::AwaitSignal),
        Operation::Put => Some(Operation::Take),
        Operation::TaskDone => Some(Operation::JoinQueue),
        _ => None,
    }
}

fn judge(context: &Context<'_>, submission: &Submission<'_>, function: ScopeRef, findings: &mut Vec<Finding>) {
    let program = context.program;
    let uses = context.locks().uses();
    let mut reached: Option<BTreeSet<ScopeRef>> = None;
    for signal in uses.of(function) {
        let Some(wanted) = wait_of(signal.operation) else {
            continue;
        };
        if is_always_given(context, function, signal) {
            continue;
        }
        let Some(evidence) = failure_before(context, function, signal) else {
            continue;
        };
        let reached = reached.get_or_insert_with(|| uses.reached(function));
        if is_given_elsewhere(context, function, signal) {
            continue;
        }
        let waits = uses.all().iter();
        let mut waits = waits.filter(|wait| {
            wait.operation == wanted && wait.endless && wait.meets(signal) && !reached.contains(&wait.function)
        });
        let Some(wait) = waits.next() else { continue };
        let name = program.display_name(function);
        let message =
            format!("`{name}` may raise before it signals, and what waits for the signal then waits for ever");
        let draft = context
            .finding(&RULE, program.place(submission.call), message)
            .confidence(Confidence::Medium)
            .notes(evidence.chain.iter().cloned())
            .note(program.place(signal.call), "the signal that is missed then")
            .note(program.place(wait.call), "waits for it without a time-out, here");
        let help = "signal in a `finally` block, hand the error over as a result, or wait with a time-out and look whether the worker is alive";
        findings.push(draft.help(help).done());
        return;
    }
}

/// Whether the same object is signalled on the way out of the function, too, or is no event but a condition.
fn is_always_given(context: &Context<'_>, function: ScopeRef, signal: &SharedUse) -> bool {
    let program = context.program;
    let is_condition = signal.objects.iter().any(|&object| {
        let mut values = program.values(object).iter();
        values.any(|value| program.type_fact(value).is_some_and(|fact| fact.lock.is_some()))
    });
    is_condition
        || signal.objects.is_empty()
        || context.locks().uses().of(function).any(|other| {
            wait_of(other.operation) == wait_of(signal.operation)
                && other.meets(signal)
                && is_on_the_way_out(program, other.call)
        })
}

/// Whether others signal the same object.
fn is_given_elsewhere(context: &Context<'_>, function: ScopeRef, signal: &SharedUse) -> bool {
    let all = context.locks().uses().all();
    all.iter()
        .any(|other| other.operation == signal.operation && other.function != function && other.meets(signal))
}

/// What may stop the function before the signal.
fn failure_before<'c>(context: &'c Context<'_>, function: ScopeRef, signal: &SharedUse) -> Option<&'c RaiseEvidence> {
    let place = context.program.place(signal.call);
    let escapes = context.raises().escapes(function).iter();
    escapes
        .filter(|evidence| evidence.strength >= Strength::Likely && evidence.place().span.start < place.span.end)
        .max_by_key(|evidence| (evidence.strength, std::cmp::Reverse(evidence.place())))
}
