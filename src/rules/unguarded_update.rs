//! CC401: threads read, change and write back a value that they share, without a lock.

use crate::config::PythonVersion;
use crate::finding::{Confidence, Finding, Severity};
use crate::summary::sharing::{Race, RaceKind};

use super::{Check, Context, Rule, races};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC401",
    name: "unguarded-update",
    severity: Severity::Warning,
    page: include_str!("../../rules/unguarded-update.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for race in context.sharing().races() {
        let RaceKind::Update { interruptible } = race.kind else {
            continue;
        };
        findings.push(finding(context, race, interruptible));
    }
}

fn finding(context: &Context<'_>, race: &Race, interruptible: bool) -> Finding {
    let old = context.settings.versions.precedes(PythonVersion::three(10));
    let free_threaded = context.settings.free_threaded;
    let (confidence, when) = if interruptible {
        (Confidence::High, "updates are lost")
    } else if free_threaded {
        (Confidence::High, "updates are lost on the free-threaded build")
    } else if old {
        (Confidence::Medium, "updates are lost before Python 3.10")
    } else {
        // The GIL of 3.10 and later happens to keep it whole; many runs of one function are meant for any build.
        let confidence = if race.many { Confidence::Medium } else { Confidence::Low };
        (
            confidence,
            "updates are lost on the free-threaded build and before Python 3.10",
        )
    };
    let message = format!(
        "`{}` is read, changed and written back without a lock while {}: {when}",
        race.state,
        races::side_by_side(context, race)
    );
    let draft = races::draft(
        context,
        &RULE,
        race,
        confidence,
        message,
        Some("the old value is read here"),
    );
    draft
        .help("hold one lock around the read and the write, or let each thread return its part and add the parts up")
        .done()
}
