//! CC908: a daemon thread that nothing waits for does work that matters.

use crate::finding::{Confidence, Finding, Severity};
use crate::link::Submission;

use super::{Check, Context, Rule, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC908",
    name: "daemon-thread-writes",
    severity: Severity::Warning,
    page: include_str!("../../rules/daemon-thread-writes.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    if submission.forwarded {
        return;
    }
    let Some(unjoined) = context.lifecycles().unjoined_daemon(program, submission) else {
        return;
    };
    let target = wording::target(program, submission);
    let what = if unjoined.at_end {
        "finishes its work behind its loop"
    } else {
        "writes"
    };
    let message = format!("{target} {what} in a daemon thread that nothing joins: the end of the program cuts it off");
    let draft = context
        .finding(&RULE, unjoined.daemon, message)
        .confidence(Confidence::Medium)
        .note(unjoined.work, "this may not happen")
        .note(program.place(submission.call), "the thread is made here");
    let help = "join the thread before the program ends, or leave `daemon` out and tell it to stop";
    findings.push(draft.help(help).done());
}
