//! CC909: a callback that may raise where nobody sees it.

use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::Operation;
use crate::link::Target;
use crate::link::submissions::targets_of;
use crate::link::values::ExprRef;
use crate::summary::raises::{RaiseEvidence, RaiseKind, Strength};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC909",
    name: "raising-callback",
    severity: Severity::Warning,
    page: include_str!("../../rules/raising-callback.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for submission in context
        .program
        .submissions
        .iter()
        .filter(|submission| submission.through.is_none())
    {
        for position in &submission.shape.callbacks {
            if let Some(callback) = context.program.argument_at(submission.call, position) {
                judge(context, callback, true, findings);
            }
        }
    }
    for found in context.locks().uses().all() {
        if found.operation == Operation::AddCallback
            && let Some(callback) = context.program.argument(found.call, Some(0), Some("fn"))
        {
            judge(context, callback, false, findings);
        }
    }
}

fn judge(context: &Context<'_>, callback: ExprRef, of_pool: bool, findings: &mut Vec<Finding>) {
    let functions = targets_of(context.program, callback);
    for function in functions.iter().filter_map(Target::function) {
        let Some((evidence, confidence)) = worst(context.raises().escapes(function)) else {
            continue;
        };
        let name = context.program.display_name(function);
        let consequence = if of_pool {
            "the pool's own thread dies of it, and the pool's `join` and every open `get` wait for ever"
        } else {
            "the exception is logged and dropped"
        };
        let message = format!("the callback `{name}` may raise, and {consequence}");
        let draft = context
            .finding(&RULE, context.program.place(callback), message)
            .confidence(confidence)
            .notes(evidence.chain.iter().cloned());
        let help =
            "handle what can go wrong inside the callback, or collect the results with `get` or `result` instead";
        findings.push(draft.help(help).done());
    }
}

/// The way out that is most likely to be taken.
fn worst(escapes: &[RaiseEvidence]) -> Option<(&RaiseEvidence, Confidence)> {
    let rank = |evidence: &RaiseEvidence| match (evidence.kind, evidence.strength) {
        (RaiseKind::Raise, Strength::Explicit) | (RaiseKind::Lookup, Strength::Likely) => Some(Confidence::Medium),
        (RaiseKind::Division, _) | (RaiseKind::Call, Strength::Likely) => Some(Confidence::Low),
        _ => None,
    };
    let ranked = escapes
        .iter()
        .filter_map(|evidence| rank(evidence).map(|rank| (evidence, rank)));
    ranked.fold(None, |best: Option<(&RaiseEvidence, Confidence)>, next| match best {
        Some(best) if best.1 >= next.1 => Some(best),
        _ => Some(next),
    })
}
