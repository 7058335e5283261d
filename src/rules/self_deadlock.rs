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
            Some(_) if again.by_base => {
                format!("`{lock}` is taken while the caller holds it: the thread waits for itself for ever")
            }
            Some(callee) => {
                format!("`{callee}` takes `{lock}`, which is already held here: the thread waits for itself for ever")
            }
            None => format!("`{lock}` is taken while it is already held: the thread waits for itself for ever"),
        };
        let confidence = match again.certain {
            _ if context.leads_through_tests(again.place, &again.chain) => Confidence::Low,
            true => Confidence::High,
            false => Confidence::Medium,
        };
        let first = if again.by_base {
            format!("`{lock}` is set here, and the base class holds it while it calls the method")
        } else {
            format!("`{lock}` is taken first, here")
        };
        // What a base class calls has no other line to blame than the one that takes the lock again.
        let place = end.filter(|_| again.by_base).unwrap_or(again.place);
        let mut draft = context
            .finding(&RULE, place, message)
            .confidence(confidence)
            .note(again.first, first);
        if again.through.is_some() {
            draft = draft.notes(again.chain.iter().skip(1).cloned());
        }
        let help =
            "move the work that needs the lock into a function that expects it to be held, or use a reentrant lock";
        findings.push(draft.help(help).done());
    }
}
