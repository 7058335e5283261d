//! CC220: globals that a process worker writes and the parent reads.

use crate::finding::{Finding, Severity};

use super::{Check, Context, Rule, lost};
use crate::summary::child_memory::Root;

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC220",
    name: "lost-global-write",
    severity: Severity::Warning,
    page: include_str!("../../rules/lost-global-write.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    lost::report(context, &RULE, &[Root::Global], findings);
}
