//! CC221: arguments that a process worker changes and the parent reads.

use crate::finding::{Finding, Severity};

use super::{Check, Context, Rule, lost};
use crate::summary::child_memory::Root;

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC221",
    name: "lost-argument-write",
    severity: Severity::Warning,
    page: include_str!("../../rules/lost-argument-write.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    lost::report(context, &RULE, &[Root::Argument, Root::Captured], findings);
}
