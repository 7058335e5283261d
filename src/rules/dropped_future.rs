//! CC901: the future of a task that may fail is never asked.

use crate::finding::{Confidence, Finding, Note, Severity};
use crate::knowledge::SubmissionResult;
use crate::link::Submission;
use crate::summary::lifecycles::Silence;

use super::{Check, Context, Rule, lost_failure, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC901",
    name: "dropped-future",
    severity: Severity::Warning,
    page: include_str!("../../rules/dropped-future.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for submission in &context.program.submissions {
        dropped(context, submission, findings);
        findings.extend(silenced_task(context, submission));
    }
    let outcomes = context.lifecycles().silenced_outcomes(context.program);
    findings.extend(outcomes.iter().map(|silence| silenced_outcome(context, silence)));
}

fn dropped(context: &Context<'_>, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    if submission.shape.result != SubmissionResult::Future {
        return;
    }
    let Some(unasked) = context.lifecycles().unasked(context.program, submission) else {
        return;
    };
    let draft = lost_failure::draft(context, &RULE, submission, |target| {
        format!("{target} may fail, and nothing asks its future: the exception vanishes")
    });
    let callbacks = unasked.blind_callbacks.into_iter().map(|call| Note {
        place: context.program.place(call),
        message: "this callback does not look how the task has ended".to_owned(),
    });
    let help = "keep the future and call `result()`, or add a callback that looks at `exception()`";
    findings.extend(draft.map(|draft| draft.notes(callbacks).help(help).done()));
}

/// The task itself keeps every failure of its work quiet.
fn silenced_task(context: &Context<'_>, submission: &Submission<'_>) -> Option<Finding> {
    if submission.forwarded {
        return None;
    }
    let silence = context.lifecycles().silenced_task(context.program, submission)?;
    let target = wording::target(context.program, submission);
    let message = format!("{target} catches whatever goes wrong in its work and does nothing: nobody sees a failure");
    let draft = context
        .finding(&RULE, context.program.place(submission.call), message)
        .confidence(Confidence::Medium)
        .note(silence.work, "what fails here")
        .note(silence.handler, "is caught and dropped here");
    Some(
        draft
            .help("catch what is expected by its class, and report the rest")
            .done(),
    )
}

/// The outcome is asked for, and its failure thrown away.
fn silenced_outcome(context: &Context<'_>, silence: &Silence) -> Finding {
    let message = "the failure of a task is raised here again, and caught and dropped: nobody sees it".to_owned();
    let draft = context
        .finding(&RULE, silence.work, message)
        .confidence(Confidence::Medium)
        .note(silence.handler, "caught and dropped here");
    draft
        .help("catch what is expected by its class, and report or raise the rest")
        .done()
}
