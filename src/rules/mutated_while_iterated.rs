//! CC403: one side goes over a dict, set or deque while another changes its size.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::sharing::RaceKind;

use super::{Check, Context, Rule, races};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC403",
    name: "mutated-while-iterated",
    severity: Severity::Warning,
    page: include_str!("../../rules/mutated-while-iterated.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for race in context.sharing().races() {
        if race.kind != RaceKind::Iteration {
            continue;
        }
        let message = format!(
            "`{}` is iterated while another thread may change its size, as {}: a RuntimeError is raised",
            race.state,
            races::side_by_side(context, race)
        );
        let draft = races::draft(
            context,
            &RULE,
            race,
            Confidence::Medium,
            message,
            Some("its size changes here"),
        );
        let help = format!(
            "go over a snapshot such as `list({})`, or hold one lock around the loop and the change",
            race.state
        );
        findings.push(draft.help(help).done());
    }
}
