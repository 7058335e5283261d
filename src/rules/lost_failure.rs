//! Tasks whose failure nobody would see.

use crate::link::Submission;
use crate::summary::lifecycles::Evidence;

use super::{Context, Draft, Rule, wording};

/// A failure that nobody would see.
struct Loss<'a> {
    /// The submission whose task may fail: the one itself, or one that goes through it.
    submission: &'a Submission<'a>,
    /// Why it may fail.
    evidence: Evidence,
}

/// A finding about a submission whose task may fail; `message` is given the name of the task.
pub(super) fn draft(
    context: &Context<'_>,
    rule: &Rule,
    submission: &Submission<'_>,
    message: impl Fn(&str) -> String,
) -> Option<Draft> {
    let program = context.program;
    let loss = lost(context, submission)?;
    let message = message(&wording::target(program, loss.submission));
    let draft = context
        .finding(rule, program.place(submission.call), message)
        .confidence(loss.evidence.confidence)
        .notes(wording::target_note(program, loss.submission));
    Some(draft.note(loss.evidence.place, loss.evidence.message))
}

/// Why the task of a submission, or of one that is made through it, may fail.
fn lost<'a>(context: &'a Context<'a>, submission: &'a Submission<'a>) -> Option<Loss<'a>> {
    let program = context.program;
    let lives = context.lifecycles();
    let all = program
        .submissions
        .iter()
        .filter(|other| other.through == Some(submission.call));
    let own = lives.task_may_fail(program, submission);
    let mut best: Option<Loss<'a>> = None;
    for candidate in std::iter::once(submission).chain(all) {
        // What really runs calls the work, and no failure of that gets out.
        if candidate.wrapped && own.is_none() {
            continue;
        }
        if let Some(evidence) = lives.task_may_fail(program, candidate)
            && best
                .as_ref()
                .is_none_or(|best| evidence.confidence > best.evidence.confidence)
        {
            best = Some(Loss {
                submission: candidate,
                evidence,
            });
        }
    }
    best
}
