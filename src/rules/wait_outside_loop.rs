//! CC508: a wait for a condition whose predicate is not looked at again.

use crate::finding::{Confidence, Finding, Severity};
use crate::link::values::ScopeRef;
use crate::summary::locks::{receiver_expression, waits_outside_loop};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC508",
    name: "wait-outside-loop",
    severity: Severity::Warning,
    page: include_str!("../../rules/wait-outside-loop.md"),
    check: Check::Function(check),
};

fn check(context: &Context<'_>, function: ScopeRef, findings: &mut Vec<Finding>) {
    let program = context.program;
    for wait in waits_outside_loop(program, context.locks().uses(), function) {
        let text = receiver_expression(program, wait.call).map_or_else(String::new, |lock| program.text(lock));
        let message = format!(
            "`{text}` is waited for once, not in a loop: what is waited for may have happened before, or be gone again after"
        );
        let help = format!("use `{text}.wait_for(...)`, or `while not ...: {text}.wait()`");
        let draft = context.finding(&RULE, program.place(wait.call), message);
        findings.push(draft.confidence(Confidence::Medium).help(help).done());
    }
}
