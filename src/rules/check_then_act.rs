//! CC402: threads look whether something is there and then act on it, without a lock.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::sharing::{Race, RaceKind};

use super::{Check, Context, Rule, races};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC402",
    name: "check-then-act",
    severity: Severity::Warning,
    page: include_str!("../../rules/check-then-act.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for race in context.sharing().races() {
        match race.kind {
            RaceKind::CheckThenAct { matters } => findings.push(finding(context, race, matters)),
            RaceKind::Path => findings.push(on_disk(context, race)),
            RaceKind::Vanishing => findings.push(vanishing(context, race)),
            RaceKind::Fragile => findings.push(fragile(context, race)),
            _ => {}
        }
    }
}

fn finding(context: &Context<'_>, race: &Race, matters: bool) -> Finding {
    let message = format!(
        "`{}` is changed after a check that another thread can overtake, as {}",
        race.state,
        races::side_by_side(context, race)
    );
    let confidence = if matters { Confidence::Medium } else { Confidence::Low };
    let draft = races::draft(context, &RULE, race, confidence, message, Some("the check is here"));
    draft
        .help("hold one lock around the check and the act, or use one step that does both, such as `setdefault`")
        .done()
}

fn on_disk(context: &Context<'_>, race: &Race) -> Finding {
    let message = format!(
        "what is at `{}` can change between the check and the act, as {}: the act then raises",
        race.state,
        races::side_by_side(context, race)
    );
    races::draft(
        context,
        &RULE,
        race,
        Confidence::Medium,
        message,
        Some("the check is here"),
    )
    .help("do without the check: `exist_ok=True`, `missing_ok=True`, or a handler for the error")
    .done()
}

fn vanishing(context: &Context<'_>, race: &Race) -> Finding {
    let message = format!(
        "`{}` is used after a check, and another thread may have set it to `None` since, as {}",
        race.state,
        races::side_by_side(context, race)
    );
    let other = Some("it is set to `None` here");
    races::draft(context, &RULE, race, Confidence::Medium, message, other)
        .help("take the value into a local variable once, check that and use that, or hold one lock around both")
        .done()
}

fn fragile(context: &Context<'_>, race: &Race) -> Finding {
    let message = format!(
        "`{}` is not safe to share between threads and is used without a lock, as {}",
        race.state,
        races::side_by_side(context, race)
    );
    races::draft(context, &RULE, race, Confidence::Medium, message, None)
        .help("give it a lock, or hold one around each use")
        .done()
}
