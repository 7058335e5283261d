//! CC701: a function is called where it should be handed over.

use crate::finding::{Finding, Severity};
use crate::link::Submission;
use crate::summary::handed_over::called_instead;

use super::{Check, Context, Rule, fixes};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC701",
    name: "called-not-passed",
    severity: Severity::Error,
    page: include_str!("../../rules/called-not-passed.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    let Some(called) = called_instead(program, submission) else {
        return;
    };
    let place = program.place(called.call);
    // A worker class may be instantiated in many places.
    if findings
        .iter()
        .any(|finding| finding.code == RULE.code && finding.place == place)
    {
        return;
    }
    let text = program.text(called.call);
    let message = format!(
        "`{text}` is called here, in the caller, and gives {}; the worker has nothing to call",
        called.gives
    );
    let callee = text.split('(').next().unwrap_or_default().to_owned();
    let help = format!("pass `{callee}` itself and hand its arguments over separately");
    let draft = context.finding(&RULE, place, message).note(
        program.place(submission.call),
        format!("`{}` expects a callable", submission.api),
    );
    let fix = fixes::pass_callee(program, submission, called.call);
    findings.push(draft.help(help).fix(fix).done());
}
