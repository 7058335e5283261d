//! Tasks whose failure nobody would see.

use crate::link::Submission;
use crate::summary::lifecycles::Evidence;

use super::Context;

/// A failure that nobody would see.
pub(super) struct Loss<'a> {
    /// The submission whose task may fail: the one itself, or one that goes through it.
    pub(super) submission: &'a Submission<'a>,
    /// Why it may fail.
    pub(super) evidence: Evidence,
}

/// Why the task of a submission, or of one that is made through it, may fail.
pub(super) fn lost<'a>(context: &'a Context<'a>, submission: &'a Submission<'a>) -> Option<Loss<'a>> {
    let program = context.program;
    let lives = context.lifecycles();
    let all = program
        .submissions
        .iter()
        .filter(|other| other.through == Some(submission.call));
    let mut best: Option<Loss<'a>> = None;
    for candidate in std::iter::once(submission).chain(all) {
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
