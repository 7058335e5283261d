//! CC903: the result of a task that may fail is never asked for.

use crate::finding::{Finding, Severity};
use crate::knowledge::SubmissionResult;
use crate::link::Submission;

use super::{Check, Context, Rule, lost_failure};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC903",
    name: "dropped-async-result",
    severity: Severity::Warning,
    page: include_str!("../../rules/dropped-async-result.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    if submission.shape.result != SubmissionResult::AsyncResult || submission.through.is_some() {
        return;
    }
    let program = context.program;
    // The first callback is only told of success; the last one gets the exception.
    let error_callback = submission.shape.callbacks.last();
    if error_callback.is_some_and(|at| program.argument_at(submission.call, at).is_some())
        || has_unpacked_keywords(context, submission)
    {
        return;
    }
    let life = context.lifecycles().life(program, submission.call);
    if life.may_be_asked() {
        return;
    }
    let draft = lost_failure::draft(context, &RULE, submission, |target| {
        format!("{target} may fail, and nothing asks for its result: the exception vanishes")
    });
    let help = "keep the result and call `get()`, or pass an `error_callback`";
    findings.extend(draft.map(|draft| draft.help(help).done()));
}

fn has_unpacked_keywords(context: &Context<'_>, submission: &Submission<'_>) -> bool {
    use crate::facts::{ArgumentKind, ExprKind};
    matches!(context.program.kind(submission.call), ExprKind::Call { arguments, .. } if arguments
        .iter()
        .any(|argument| argument.kind == ArgumentKind::DoubleStar))
}
