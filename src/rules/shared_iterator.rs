//! CC410: several threads advance one generator.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::sharing::RaceKind;

use super::{Check, Context, Rule, races};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC410",
    name: "shared-iterator",
    severity: Severity::Warning,
    page: include_str!("../../rules/shared-iterator.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let races = context.sharing().races().iter();
    for race in races.filter(|race| race.kind == RaceKind::Advance) {
        let message = format!(
            "the generator `{}` is advanced by several threads, as {}: `ValueError: generator already executing`",
            race.state,
            races::side_by_side(context, race)
        );
        let draft = races::draft(context, &RULE, race, Confidence::Medium, message, None);
        findings.push(
            draft
                .help("hold one lock around each step, or feed the threads from a queue")
                .done(),
        );
    }
}
