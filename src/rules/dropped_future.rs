//! CC901: the future of a task that may fail is never asked.

use crate::finding::{Finding, Severity};
use crate::knowledge::SubmissionResult;
use crate::link::Submission;

use super::{Check, Context, Rule, lost_failure};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC901",
    name: "dropped-future",
    severity: Severity::Warning,
    page: include_str!("../../rules/dropped-future.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    if submission.shape.result != SubmissionResult::Future || submission.through.is_some() {
        return;
    }
    let program = context.program;
    let life = context.lifecycles().life(program, submission.call);
    if life.may_be_asked() {
        return;
    }
    let draft = lost_failure::draft(context, &RULE, submission, |target| {
        format!("{target} may fail, and nothing asks its future: the exception vanishes")
    });
    let help = "keep the future and call `result()`, or add a callback that looks at `exception()`";
    findings.extend(draft.map(|draft| draft.help(help).done()));
}
