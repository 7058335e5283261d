//! CC903: the result of a task that may fail is never asked for.

use crate::facts::{ArgumentKind, ExprKind};
use crate::finding::{Finding, Severity};
use crate::knowledge::SubmissionResult;
use crate::link::Submission;
use crate::link::submissions::calls_through;
use crate::link::values::ExprRef;

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
    if submission.shape.result != SubmissionResult::AsyncResult {
        return;
    }
    let program = context.program;
    // The first callback is only told of success; the last one gets the exception.
    let error_callback = submission.shape.callbacks.last();
    let call = calls_through(program, submission).pop().unwrap_or(submission.call);
    if error_callback.is_some_and(|at| program.argument_at(call, at).is_some()) || has_unpacked_keywords(context, call)
    {
        return;
    }
    if context.lifecycles().unasked(program, submission).is_none() {
        return;
    }
    let draft = lost_failure::draft(context, &RULE, submission, |target| {
        format!("{target} may fail, and nothing asks for its result: the exception vanishes")
    });
    let help = "keep the result and call `get()`, or pass an `error_callback`";
    findings.extend(draft.map(|draft| draft.help(help).done()));
}

fn has_unpacked_keywords(context: &Context<'_>, call: ExprRef) -> bool {
    matches!(context.program.kind(call), ExprKind::Call { arguments, .. } if arguments
        .iter()
        .any(|argument| argument.kind == ArgumentKind::DoubleStar))
}
