//! CC703: the arguments of a task do not fit its signature.

use crate::finding::{Finding, Severity};
use crate::knowledge::SubmissionResult;
use crate::link::Submission;
use crate::summary::signatures::misfit;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC703",
    name: "wrong-arity",
    severity: Severity::Error,
    page: include_str!("../../rules/wrong-arity.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    if submission.forwarded {
        return;
    }
    let Some(misfit) = misfit(program, submission) else {
        return;
    };
    let name = program.display_name(misfit.function);
    let fate = match submission.shape.result {
        SubmissionResult::Worker | SubmissionResult::Nothing => "dies with a TypeError that nobody sees in time",
        SubmissionResult::Future | SubmissionResult::AsyncResult => "ends in a TypeError that only its result tells",
        _ => "ends in a TypeError",
    };
    let message = format!("`{name}` {}: the task {fate}", misfit.message);
    let draft = context
        .finding(&RULE, program.place(submission.call), message)
        .note(program.name_place(misfit.function), format!("`{name}` is defined here"));
    findings.push(
        draft
            .help(format!("hand over the arguments that `{name}` takes"))
            .done(),
    );
}
