//! CC902: the results of a map are never read.

use crate::finding::{Finding, Severity};
use crate::knowledge::SubmissionResult;
use crate::link::Submission;

use super::{Check, Context, Rule, fixes, lost_failure};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC902",
    name: "unread-map",
    severity: Severity::Warning,
    page: include_str!("../../rules/unread-map.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    if submission.shape.result != SubmissionResult::Iterator || submission.through.is_some() {
        return;
    }
    let program = context.program;
    let life = context.lifecycles().life_through_calls(program, submission.call);
    if life.may_be_iterated() {
        return;
    }
    let draft = lost_failure::draft(context, &RULE, submission, |target| {
        format!("the results of {target} are never read: an exception in a task vanishes")
    });
    let help = "iterate the results, or make a list of them";
    findings.extend(draft.map(|draft| draft.help(help).fix(fixes::make_list(program, submission.call)).done()));
}
