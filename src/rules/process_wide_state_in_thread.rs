//! CC408: threads change what the whole process has only one of.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::sharing::{Race, RaceKind, is_conditional};

use super::{Check, Context, Rule, races};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC408",
    name: "process-wide-state-in-thread",
    severity: Severity::Warning,
    page: include_str!("../../rules/process-wide-state-in-thread.md"),
    check: Check::Program(check),
};

/// What a thread reaches over more calls than this may go another way.
const DEPTH: usize = 3;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for race in context.sharing().races() {
        match race.kind {
            RaceKind::ProcessWide => findings.push(process_wide(context, race)),
            RaceKind::MainThreadOnly => findings.push(main_thread_only(context, race)),
            _ => {}
        }
    }
}

/// What stands near is believed.
fn near(race: &Race, confidence: Confidence) -> Confidence {
    if race.chain.len() <= DEPTH {
        confidence
    } else {
        Confidence::Low
    }
}

fn process_wide(context: &Context<'_>, race: &Race) -> Finding {
    let message = format!(
        "`{}` is changed for the whole process, as {}: each sees what another has set",
        race.state,
        races::side_by_side(context, race)
    );
    races::draft(context, &RULE, race, near(race, Confidence::Medium), message, None)
        .help("hand the value to what needs it (a `cwd=`, `env=` or `file=` argument, a full path), or hold one lock around its use")
        .done()
}

fn main_thread_only(context: &Context<'_>, race: &Race) -> Finding {
    let message = format!(
        "`{}` raises here, as {}: only the main thread may call it",
        race.state,
        races::side_by_side(context, race)
    );
    // A flag on the way, such as `install_handlers`, is there to switch this off in threads.
    let switched = race.chain.iter().any(|&call| is_conditional(context.program, call));
    let confidence = if switched {
        Confidence::Low
    } else {
        near(race, Confidence::High)
    };
    let draft = races::draft(context, &RULE, race, confidence, message, None);
    let mut finding = draft.help("call it in the main thread before the threads start").done();
    finding.severity = Severity::Error;
    finding
}
