//! CC504: a lock is taken by the thread that holds it.

use std::collections::BTreeSet;

use crate::finding::{Confidence, Finding, Severity};
use crate::link::values::ScopeRef;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC504",
    name: "self-deadlock",
    severity: Severity::Error,
    page: include_str!("../../rules/self-deadlock.md"),
    check: Check::Function(check),
};

fn check(context: &Context<'_>, function: ScopeRef, findings: &mut Vec<Finding>) {
    let mut told = BTreeSet::new();
    for again in context.locks().reacquired(function) {
        // One way from a lock that is held to the same lock says it all, however often the function goes it.
        let end = again.chain.last().map(|note| note.place);
        if again.through.is_some() && !told.insert((again.first, end)) {
            continue;
        }
        let lock = &again.text;
        let message = match &again.through {
            Some(callee) => {
                format!("`{callee}` takes `{lock}`, which is already held here: the thread waits for itself for ever")
            }
            None => format!("`{lock}` is taken while it is already held: the thread waits for itself for ever"),
        };
        let confidence = if again.certain {
            Confidence::High
        } else {
            Confidence::Medium
        };
        let mut draft = context
            .finding(&RULE, again.place, message)
            .confidence(confidence)
            .note(again.first, format!("`{lock}` is taken first, here"));
        if again.through.is_some() {
            draft = draft.notes(again.chain.iter().skip(1).cloned());
        }
        let help =
            "move the work that needs the lock into a function that expects it to be held, or use a reentrant lock";
        findings.push(draft.help(help).done());
    }
}
