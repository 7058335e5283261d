//! CC406: updates of a shared value from several processes without a lock.

use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::WorkerKind;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC406",
    name: "unguarded-shared-value",
    severity: Severity::Warning,
    page: include_str!("../../rules/unguarded-shared-value.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for update in &context.child_memory().shared_updates {
        let (target, owner) = (program.text(update.target), program.text(update.owner));
        let submissions = update.submissions.iter().map(|&number| &program.submissions[number]);
        let sure = submissions
            .clone()
            .all(|submission| submission.is_always(WorkerKind::Process));
        let message = if update.is_proxy {
            format!(
                "`{target}` is read from the manager and written back in two steps, and other processes do the same in between"
            )
        } else {
            format!("`{target}` is read and written back in two steps, and other processes do the same in between")
        };
        let help = if update.is_proxy {
            "hold a lock of the manager, which all workers are given, around the update, or return the parts and add them up in the parent".to_owned()
        } else {
            format!(
                "make the update under `with {owner}.get_lock():` (for a value without a lock of its own, under a multiprocessing lock that all workers are given), or return the parts and add them up in the parent"
            )
        };
        let mut draft = context
            .finding(&RULE, program.place(update.target), message)
            .confidence(if sure { Confidence::High } else { Confidence::Medium })
            .notes(update.path.iter().cloned())
            .help(help);
        for submission in submissions.filter(|submission| !submission.forwarded).take(3) {
            draft = draft.note(
                program.place(submission.call),
                "processes that make the update are started here",
            );
        }
        findings.push(draft.done());
    }
}
