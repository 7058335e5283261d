//! CC405: threads make something when they first need it, and may make it several times.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::sharing::RaceKind;

use super::{Check, Context, Rule, races};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC405",
    name: "lazy-init-race",
    severity: Severity::Warning,
    page: include_str!("../../rules/lazy-init-race.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for race in context.sharing().races() {
        let RaceKind::LazyInit { matters } = race.kind else {
            continue;
        };
        let message = format!(
            "`{}` may be made several times: two threads can find it missing, as {}",
            race.state,
            races::side_by_side(context, race)
        );
        let confidence = if matters { Confidence::Medium } else { Confidence::Low };
        let draft = races::draft(context, &RULE, race, confidence, message, Some("the check is here"));
        findings.push(
            draft
                .help("make it before the threads start, or check again under a lock")
                .done(),
        );
    }
}
