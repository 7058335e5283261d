//! CC603: a coroutine waits for a thread, process, future or queue without giving the event loop back.

use crate::finding::{Finding, Severity};
use crate::summary::event_loop::Cause;

use super::stalls::{self, Words};
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
    let message = |words: &Words<'_>| {
        let Words { helper, api, coroutine } = words;
        match helper {
            Some(helper) => {
                format!("`{helper}` waits in `{api}` and stops the event loop that runs `{coroutine}`")
            }
            None => format!("`{api}` waits and stops the event loop that runs `{coroutine}`"),
        }
    };
    let help = "await it: `asyncio.wrap_future` for a future of an executor, `loop.run_in_executor` in the place of \
         `submit`, an `asyncio.Queue`, or `await asyncio.to_thread(...)` around the wait";
    findings.extend(stalls::report(context, &RULE, Cause::Handover, message, help));
}
