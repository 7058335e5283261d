//! CC103: tasks that cost less than handing them to a process.

use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::{SubmissionResult, WorkerKind};
use crate::link::Submission;
use crate::summary::Class;

use super::{Check, Context, Rule, isolation, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC103",
    name: "tiny-task-in-process",
    severity: Severity::Warning,
    page: include_str!("../../rules/tiny-task-in-process.md"),
    check: Check::Submission(check),
};

/// With this many times the work of its hand-off a task is still no faster in a process (measured with two cores: tasks
/// of 30 µs in chunks of one gain nothing).
const BREAK_EVEN: f64 = 1.5;
/// Hand-offs below this many seconds are not worth a word: the tasks travel in chunks.
const CHEAP_HAND_OFF: f64 = 1e-5;
/// Fewer tasks than this cost little in all, however small they are.
const FEW: f64 = 50.0;

fn check(context: &Context<'_>, number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let process = submission.is_always(WorkerKind::Process);
    if !process
        || submission.forwarded
        || submission.wrapped
        || !submission.intent.is_fan_out()
        || isolation::is_wanted(context.program, submission)
    {
        return;
    }
    let assessment = context.assessment(number);
    let starts = submission.shape.result == SubmissionResult::Worker;
    let typical = assessment.profile.total().typical;
    if assessment.reading.class != Class::Trivial
        || typical > assessment.hand_off * BREAK_EVEN
        || assessment.hand_off < CHEAP_HAND_OFF
    {
        return;
    }
    if wording::task_count(context.program, submission).is_some_and(|rounds| rounds.count.typical < FEW) {
        return;
    }
    // Who hands data of unknown size to a process mostly has enough of it.
    if !assessment.profile.data_loops.is_zero() {
        return;
    }
    let confidence = assessment.reading.confidence.min(Confidence::Medium);
    let target = wording::target(context.program, submission);
    let what = if starts {
        "starting a process for it"
    } else {
        "handing it to a process"
    };
    let message = format!(
        "{target} takes {}, {what} {}",
        wording::about(typical),
        wording::about(assessment.hand_off)
    );
    let draft = context
        .finding(&RULE, context.program.place(submission.call), message)
        .confidence(confidence)
        .notes(wording::target_note(context.program, submission));
    findings.push(draft.help(help(submission, typical, starts)).done());
}

fn help(submission: &Submission<'_>, typical: f64, starts: bool) -> String {
    if starts {
        return "do the work in place, or give each process a batch of it".to_owned();
    }
    let chunk = (5e-3 / typical.max(1e-7)).clamp(10.0, 1000.0);
    let chunk = 10_f64.powf(chunk.log10().round());
    match &submission.shape.chunksize {
        Some(_) => format!("pass chunksize={chunk:.0} or more, so that tasks travel together, or do the work in place"),
        None => "give each task a batch of items, or do the work in place".to_owned(),
    }
}
