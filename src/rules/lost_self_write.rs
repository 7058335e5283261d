//! CC222: state of an object that its method sets in a process and the parent reads.

use crate::finding::{Finding, Severity};

use super::{Check, Context, Rule, lost};
use crate::summary::child_memory::Root;

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC222",
    name: "lost-self-write",
    severity: Severity::Warning,
    page: include_str!("../../rules/lost-self-write.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    lost::report(context, &RULE, &[Root::Receiver], findings);
}
