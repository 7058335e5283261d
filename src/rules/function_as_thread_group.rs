//! CC705: a function stands where the group of a thread does.

use crate::finding::{Finding, Severity};
use crate::link::Submission;
use crate::summary::handed_over::callable_as_group;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC705",
    name: "function-as-thread-group",
    severity: Severity::Error,
    page: include_str!("../../rules/function-as-thread-group.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    let Some(callable) = callable_as_group(program, submission) else {
        return;
    };
    let text = program.text(callable);
    let message = format!("`{text}` is passed as the group of the worker, which must be `None`");
    let draft = context.finding(&RULE, program.place(submission.call), message);
    findings.push(draft.help(format!("write `target={text}`")).done());
}
