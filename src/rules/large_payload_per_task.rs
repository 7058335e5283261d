//! CC104: a large object that is pickled for each task, or comes back from each.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::child_memory::{LargePayload, Payload};

use super::{Check, Context, Rule, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC104",
    name: "large-payload-per-task",
    severity: Severity::Warning,
    page: include_str!("../../rules/large-payload-per-task.md"),
    check: Check::Program(check),
};

/// Seconds that a byte of a buffer takes from process to process, pickled and unpickled.
const BUFFERS: f64 = 5e-9;
/// Seconds that a byte of a list of small objects takes.
const OBJECTS: f64 = 3e-8;
/// Work that takes this many times as long as the transfer is worth it.
const WORTH: f64 = 4.0;
/// Fewer tasks than this are not worth a word.
const FEW: f64 = 4.0;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for payload in &context.child_memory().payloads {
        findings.extend(finding(context, payload));
    }
}

fn finding(context: &Context<'_>, payload: &LargePayload) -> Option<Finding> {
    let program = context.program;
    let submission = &program.submissions[payload.submission];
    let work = context.assessment(payload.submission).profile.total().typical;
    let transfer = if payload.of_objects { OBJECTS } else { BUFFERS };
    if work > WORTH * transfer * payload.bytes {
        return None;
    }
    if wording::task_count(program, submission).is_some_and(|rounds| rounds.count.most < FEW) {
        return None;
    }
    let target = wording::target(program, submission);
    let size = format!("{:.0} MB", payload.bytes / 1e6);
    let (message, help) = match payload.payload {
        Payload::Argument(argument) => (
            format!(
                "`{}`, about {size}, is pickled again for each task of {target}",
                program.text(argument)
            ),
            "give it to each worker once, through the pool's initializer, or put it into shared memory or a memory-mapped file",
        ),
        Payload::Receiver => (
            format!("the object whose method {target} is, about {size}, is pickled again for each task"),
            "submit a plain function and give each worker what it needs once, through the pool's initializer",
        ),
        Payload::Result(_) => (
            format!("each task of {target} sends about {size} back to the parent for little work"),
            "reduce the result in the worker to what the parent needs, or write it to a file or shared memory there",
        ),
    };
    let mut draft = context
        .finding(&RULE, program.place(submission.call), message)
        .confidence(Confidence::Medium);
    if let Some(made) = payload.made {
        draft = draft.note(program.place(made), "it is made here");
    }
    Some(draft.notes(wording::target_note(program, submission)).help(help).done())
}
