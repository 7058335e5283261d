//! CC505: locks are taken in different orders by units that run at the same time.

use crate::finding::{Confidence, Finding, Severity};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC505",
    name: "lock-order-inversion",
    severity: Severity::Error,
    page: include_str!("../../rules/lock-order-inversion.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for inversion in context.locks().inversions() {
        let Some((last, others)) = inversion.turns.split_last() else {
            continue;
        };
        let message = format!(
            "`{}` is taken while `{}` is held, elsewhere it is the other way round: two threads can wait for each other for ever",
            last.taken, last.held
        );
        let tested = inversion
            .turns
            .iter()
            .any(|turn| context.leads_through_tests(turn.held_at, &turn.chain));
        let confidence = if tested { Confidence::Low } else { inversion.confidence };
        let mut draft = context
            .finding(&RULE, last.chain[0].place, message)
            .confidence(confidence)
            .note(last.held_at, format!("`{}` is taken first, here", last.held))
            .notes(last.chain.iter().skip(1).cloned());
        for other in others {
            let name = context.program.display_name(other.function);
            draft = draft
                .note(other.held_at, format!("`{name}` takes `{}` first, here", other.held))
                .notes(other.chain.iter().cloned());
        }
        let help = "take the locks in the same order everywhere, or guard both by one lock";
        findings.push(draft.help(help).done());
    }
}
