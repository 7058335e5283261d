//! CC404: an update goes without the lock that guards the same state elsewhere.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::sharing::RaceKind;

use super::{Check, Context, Rule, races};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC404",
    name: "inconsistent-lock",
    severity: Severity::Warning,
    page: include_str!("../../rules/inconsistent-lock.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for race in context.sharing().races() {
        if race.kind != RaceKind::Inconsistent {
            continue;
        }
        let message = format!(
            "`{}` is updated without the lock that guards it elsewhere, as {}",
            race.state,
            races::side_by_side(context, race)
        );
        let draft = races::draft(
            context,
            &RULE,
            race,
            Confidence::Medium,
            message,
            Some("it is written under a lock here"),
        );
        findings.push(draft.help("hold the same lock at every place that changes it").done());
    }
}
