//! CC102: work that waits is fanned out to processes.

use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::WorkerKind;
use crate::link::{Submission, Target};
use crate::summary::Class;

use super::{Check, Context, Rule, isolation, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC102",
    name: "io-work-in-process",
    severity: Severity::Warning,
    page: include_str!("../../rules/io-work-in-process.md"),
    check: Check::Submission(check),
};

/// The interpreter's share of a task below which processes bring nothing.
const COMPUTING: f64 = 0.1;
/// Tasks that wait less than this many typical seconds say nothing about what they are for.
const SHORT: f64 = 1e-3;

fn check(context: &Context<'_>, number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    if !submission.is_always(WorkerKind::Process)
        || submission.forwarded
        || isolation::is_wanted(context.program, submission)
    {
        return;
    }
    let assessment = context.assessment(number);
    let profile = &assessment.profile;
    // Waiting for another part of the program is no reason to say anything: that part decides how long it takes.
    let outside = profile.wait.typical;
    if assessment.reading.class != Class::IoBound || outside < profile.handover.typical || outside < SHORT {
        return;
    }
    if profile.interpreter.typical + profile.native.typical > outside * COMPUTING {
        return;
    }
    if starts_threads(context, submission) {
        return;
    }
    let confidence = match (
        submission.intent.is_fan_out(),
        wording::after(assessment.reading.confidence, &assessment.evidence),
    ) {
        (false, _) | (_, Confidence::Low) => Confidence::Low,
        _ => Confidence::Medium,
    };
    let target = wording::target(context.program, submission);
    let message = format!(
        "{target} waits most of its time and is {} processes",
        wording::handed(submission)
    );
    let draft = context
        .finding(&RULE, context.program.place(submission.call), message)
        .confidence(confidence)
        .notes(wording::target_note(context.program, submission))
        .notes(assessment.evidence.iter().cloned());
    let help = format!(
        "threads wait just as well ({} faster than one after the other is predicted), start about twenty times faster and need no pickling",
        wording::times(assessment.workers.threads)
    );
    findings.push(draft.help(help).done());
}

/// Whether the work starts threads that do more than wait: what the process is there for, while it waits for them.
fn starts_threads(context: &Context<'_>, submission: &Submission<'_>) -> bool {
    let program = context.program;
    let threads = program.submissions.iter().enumerate().filter(|(number, inner)| {
        let assessment = context.assessment(*number);
        // A thread that goes on and on does what others ask of it, which is not seen here.
        let profile = &assessment.profile;
        let serves = profile.round.is_some() || profile.handover.typical > profile.wait.typical;
        inner.is_always(WorkerKind::Thread) && (serves || assessment.reading.class != Class::IoBound)
    });
    let starting = context
        .startup()
        .leading_to(threads.map(|(_, inner)| program.function_around(inner.scope)));
    let mut functions = submission.targets.iter().filter_map(Target::function);
    functions.any(|function| starting.contains(&function))
}
