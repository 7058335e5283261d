//! CC509: a condition is waited for or notified by code that does not hold it.

use crate::finding::{Confidence, Finding, Severity};
use crate::link::values::ScopeRef;
use crate::summary::locks::{receiver_expression, used_without_lock};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC509",
    name: "wait-without-lock",
    severity: Severity::Error,
    page: include_str!("../../rules/wait-without-lock.md"),
    check: Check::Function(check),
};

fn check(context: &Context<'_>, function: ScopeRef, findings: &mut Vec<Finding>) {
    let program = context.program;
    for found in used_without_lock(program, context.locks().uses(), function) {
        let text = receiver_expression(program, found.call).map_or_else(String::new, |lock| program.text(lock));
        let message = format!("nobody holds `{text}` here, so a RuntimeError is raised");
        let confidence = if found.sure {
            Confidence::High
        } else {
            Confidence::Medium
        };
        let draft = context.finding(&RULE, program.place(found.call), message);
        let help = format!("put the call into `with {text}:`");
        findings.push(draft.confidence(confidence).help(help).done());
    }
}
