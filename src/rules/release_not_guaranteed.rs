//! CC503: a lock stays taken when something goes wrong.

use crate::finding::{Confidence, Finding, Severity};
use crate::link::values::ScopeRef;
use crate::summary::locks::leaks;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC503",
    name: "release-not-guaranteed",
    severity: Severity::Warning,
    page: include_str!("../../rules/release-not-guaranteed.md"),
    check: Check::Function(check),
};

fn check(context: &Context<'_>, function: ScopeRef, findings: &mut Vec<Finding>) {
    for leak in leaks(context.program, context.locks(), context.raises(), function) {
        let lock = &leak.lock;
        let what = if leak.by_return { "a `return`" } else { "an exception" };
        let message = format!(
            "`{lock}` stays taken after {what} between `acquire` and `release`, and everybody else waits for ever"
        );
        let draft = context
            .finding(&RULE, leak.taken, message)
            .confidence(Confidence::Medium)
            .notes(leak.chain)
            .note(leak.given, "it is given back here");
        let help = format!("use `with {lock}:`, or give it back in a `finally` block");
        findings.push(draft.help(help).done());
    }
}
