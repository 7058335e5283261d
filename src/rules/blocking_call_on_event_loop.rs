//! CC602: a coroutine waits for the outside without giving the event loop back.

use crate::finding::{Finding, Note, Severity};
use crate::knowledge::WaitOn;
use crate::summary::event_loop::{Cause, Stall};

use super::{Check, Context, Rule, stalls};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC602",
    name: "blocking-call-on-event-loop",
    severity: Severity::Warning,
    page: include_str!("../../rules/blocking-call-on-event-loop.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let shown = context
        .event_loop()
        .stalls
        .iter()
        .filter(|stall| matches!(stall.cause, Cause::Waiting(_)) && (context.settings.overlap || !stall.linted));
    for (stall, others) in stalls::grouped(shown) {
        if let Cause::Waiting(on) = stall.cause {
            findings.push(finding(context, stall, &others, on));
        }
    }
}

fn finding(context: &Context<'_>, stall: &Stall, others: &[&Stall], on: WaitOn) -> Finding {
    let program = context.program;
    let coroutine = program.display_name(stall.function);
    let api = &stall.api;
    let message = match stall.helper {
        Some(helper) => format!(
            "`{}` calls `{api}`, which waits for {} and stops the event loop that runs `{coroutine}`",
            program.display_name(helper),
            on.as_str()
        ),
        None => format!(
            "`{api}` waits for {} and stops the event loop that runs `{coroutine}`",
            on.as_str()
        ),
    };
    let help = match on {
        WaitOn::Sleep if stall.helper.is_none() => "use `await asyncio.sleep(...)`",
        WaitOn::Process => {
            "use `asyncio.create_subprocess_exec`, or hand the function to a thread with `await asyncio.to_thread(...)`"
        }
        _ => "hand the function to a thread with `await asyncio.to_thread(...)`, or use a library that awaits",
    };
    let also = others.iter().map(|other| Note {
        place: other.place,
        message: "the same call is reached from here, too".to_owned(),
    });
    let draft = stalls::draft(context, &RULE, stall, message);
    draft.notes(also).help(help).done()
}
