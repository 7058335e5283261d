//! What the rules on lost writes of processes have in common.

use crate::finding::{Confidence, Finding, Note};
use crate::knowledge::WorkerKind;
use crate::summary::child_memory::{LostWrite, Root};

use super::{Context, Rule, wording};

/// A write that this many calls lead to is certain.
const DIRECT: usize = 3;
/// What stands behind more calls than this may belong to a way that is never taken.
const REMOTE: usize = 4;

/// Reports the lost writes to objects that came into the worker in one of the ways.
pub(super) fn report(context: &Context<'_>, rule: &Rule, roots: &[Root], findings: &mut Vec<Finding>) {
    for lost in &context.child_memory().lost_writes {
        if roots.contains(&lost.root) {
            findings.push(finding(context, rule, lost));
        }
    }
}

/// Whether so many calls lead to a place in a worker's code that it is shown on request only.
pub(super) fn is_remote(path: &[Note]) -> bool {
    path.len() > REMOTE
}

fn finding(context: &Context<'_>, rule: &Rule, lost: &LostWrite) -> Finding {
    let program = context.program;
    let submission = &program.submissions[lost.submission];
    let target = wording::target(program, submission);
    let object = &lost.object;
    let (whose, help) = match lost.root {
        Root::Global => (
            "its own copy of the global",
            "return the value from the worker and store it in the parent, or share it through a manager",
        ),
        Root::Argument => (
            "the process's copy of the argument, in",
            "return the value from the worker and use what comes back, or pass a queue or a manager's proxy",
        ),
        Root::Captured => (
            "the process's copy of",
            "return the value from the worker and use what comes back, or pass a queue or a manager's proxy",
        ),
        Root::Receiver => (
            "the process's copy of the object, in",
            "return the value from the method and set it in the parent, or send it through a queue",
        ),
    };
    let message = match lost.read {
        Some(_) => format!(
            "{target} runs in a process and writes {whose} `{object}`; the parent reads its own, which stays as it was"
        ),
        None => format!("{target} runs in a process and writes {whose} `{object}`; the parent's own stays as it was"),
    };
    let sure = lost.read.is_some() && submission.is_always(WorkerKind::Process) && lost.path.len() <= DIRECT;
    let confidence = match (sure, is_remote(&lost.path)) {
        (true, _) => Confidence::High,
        (false, false) => Confidence::Medium,
        (false, true) => Confidence::Low,
    };
    let mut draft = context
        .finding(rule, program.place(lost.write), message)
        .confidence(confidence)
        .note(
            program.place(submission.call),
            format!("{target} is {} a process here", wording::handed(submission)),
        )
        .notes(lost.path.iter().cloned());
    if let Some(read) = lost.read {
        draft = draft.note(
            program.place(read),
            format!("`{}` is read here, in the parent", program.text(read)),
        );
    }
    draft.help(help).done()
}
