//! CC803: a loop hands tasks over by a call that waits for each.

use crate::finding::{Finding, Severity};
use crate::knowledge::SubmissionResult;
use crate::link::{Intent, Submission};

use super::{Check, Context, Rule, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC803",
    name: "blocking-apply-in-loop",
    severity: Severity::Warning,
    page: include_str!("../../rules/blocking-apply-in-loop.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    let blocks = submission.shape.result == SubmissionResult::Result && submission.through.is_none();
    if !blocks || !matches!(submission.intent, Intent::Loop(_)) {
        return;
    }
    if context
        .lifecycles()
        .feeds_next_round(program, context.summaries, submission.call)
    {
        return;
    }
    let message = format!(
        "`{}` waits for its task each time round: one task runs at a time",
        program.text(submission.call)
    );
    let draft = context
        .finding(&RULE, program.place(submission.call), message)
        .notes(wording::target_note(program, submission));
    findings.push(
        draft
            .help("use `map`, or `apply_async` and ask for the results after the loop")
            .done(),
    );
}
