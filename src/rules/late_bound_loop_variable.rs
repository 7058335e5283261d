//! CC409: a closure that is submitted in a loop reads a variable that the loop goes on changing.

use crate::finding::{Finding, Severity};
use crate::link::Submission;
use crate::summary::sharing::late_bound;

use super::{Check, Context, Rule, fixes, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC409",
    name: "late-bound-loop-variable",
    severity: Severity::Warning,
    page: include_str!("../../rules/late-bound-loop-variable.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let Some(late) = late_bound(context.program, submission) else {
        return;
    };
    let message = format!(
        "{} reads `{}` when it runs; by then the loop may have moved on to another value",
        wording::target(context.program, submission),
        late.name
    );
    let help = format!(
        "pass the value: as an argument of the submission, with `functools.partial`, or as the default `{0}={0}`",
        late.name
    );
    findings.push(
        context
            .finding(&RULE, context.program.place(submission.call), message)
            .note(late.bound, "the loop binds it here")
            .note(late.read, "and the worker reads it here")
            .help(help)
            .fix(fixes::bind_default(context.program, &late))
            .done(),
    );
}
