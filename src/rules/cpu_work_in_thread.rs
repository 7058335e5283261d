//! CC101: CPU-bound work that holds the GIL is fanned out to threads.

use crate::config::PythonVersion;
use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::WorkerKind;
use crate::link::Submission;
use crate::summary::Class;
use crate::summary::event_loop::is_awaited;

use super::{Check, Context, Rule, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC101",
    name: "cpu-work-in-thread",
    severity: Severity::Warning,
    page: include_str!("../../rules/cpu-work-in-thread.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    if context.settings.free_threaded || !submission.is_always(WorkerKind::Thread) || submission.forwarded {
        return;
    }
    let assessment = context.assessment(number);
    // Tasks so small that a process may well be slower are not worth a word.
    if assessment.reading.class != Class::CpuBound || assessment.workers.processes.least < 1.0 {
        return;
    }
    let mut confidence = wording::after(assessment.reading.confidence, &assessment.evidence);
    // What a coroutine awaits at once runs one at a time, in a thread so that the loop goes on.
    if !submission.intent.is_fan_out() || is_awaited(context.program, submission.call) {
        confidence = Confidence::Low;
    }
    let target = wording::target(context.program, submission);
    let message = format!(
        "{target} is CPU-bound and is {} threads, which take turns under the GIL",
        wording::handed(submission)
    );
    let draft = context
        .finding(&RULE, context.program.place(submission.call), message)
        .confidence(confidence)
        .notes(wording::target_note(context.program, submission))
        .notes(assessment.evidence.iter().cloned());
    let mut help = format!(
        "a process pool is predicted {} faster on 4 cores",
        wording::times(assessment.workers.processes)
    );
    if context.settings.versions.reaches(PythonVersion::three(14)) {
        help.push_str("; from Python 3.14 an InterpreterPoolExecutor does the same without pickling the code");
    }
    findings.push(draft.help(help).done());
}
