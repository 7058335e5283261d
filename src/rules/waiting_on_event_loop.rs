//! CC603: a coroutine waits for a thread, process, future or queue without giving the event loop back.

use crate::finding::{Finding, Severity};
use crate::summary::event_loop::{Cause, Stall};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC603",
    name: "waiting-on-event-loop",
    severity: Severity::Warning,
    page: include_str!("../../rules/waiting-on-event-loop.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for stall in &context.event_loop().stalls {
        if stall.cause == Cause::Handover {
            findings.push(finding(context, stall));
        }
    }
}

fn finding(context: &Context<'_>, stall: &Stall) -> Finding {
    let program = context.program;
    let coroutine = program.display_name(stall.function);
    let api = &stall.api;
    let message = match stall.helper {
        Some(helper) => format!(
            "`{}` waits in `{api}` and stops the event loop that runs `{coroutine}`",
            program.display_name(helper)
        ),
        None => format!("`{api}` waits and stops the event loop that runs `{coroutine}`"),
    };
    context
        .finding(&RULE, stall.place, message)
        .confidence(stall.confidence)
        .notes(stall.chain.iter().cloned())
        .help(
            "await it: `asyncio.wrap_future` for a future of an executor, `loop.run_in_executor` in the place of \
             `submit`, an `asyncio.Queue`, or `await asyncio.to_thread(...)` around the wait",
        )
        .done()
}
