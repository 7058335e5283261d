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
        let (claim, help) = match race.kind {
            RaceKind::ThreadBound => (
                "belongs to the thread that made it and is used in another",
                "make one for each thread, or hand the work to the thread that owns it through a queue or a signal",
            ),
            RaceKind::Exclusive => (
                "holds one exchange at a time and is used without a lock by several threads",
                "make one for each thread (in `threading.local` or by the pool's initializer), or hold a lock from the \
                 request until its answer is read",
            ),
            _ => continue,
        };
        let message = format!("`{}` {claim}, as {}", race.state, races::side_by_side(context, race));
        let draft = races::draft(context, &RULE, race, Confidence::Medium, message, None);
        findings.push(draft.help(help).done());
    }
}
