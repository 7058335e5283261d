//! CC407: a thread uses an object that belongs to the thread that made it.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::sharing::RaceKind;

use super::{Check, Context, Rule, races};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC407",
    name: "thread-bound-object-shared",
    severity: Severity::Warning,
    page: include_str!("../../rules/thread-bound-object-shared.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for race in context.sharing().races() {
        if race.kind != RaceKind::ThreadBound {
            continue;
        }
        let message = format!(
            "`{}` belongs to the thread that made it and is used in another, as {}",
            race.state,
            races::side_by_side(context, race)
        );
        findings.push(
            races::draft(context, &RULE, race, Confidence::Medium, message, None)
                .help(
                    "make one for each thread, or hand the work to the thread that owns it through a queue or a signal",
                )
                .done(),
        );
    }
}
