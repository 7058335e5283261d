//! CC604: code of a worker thread changes an event loop or something that belongs to it.

use crate::finding::{Finding, Severity};
use crate::summary::event_loop::Touch;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC604",
    name: "loop-touched-from-thread",
    severity: Severity::Warning,
    page: include_str!("../../rules/loop-touched-from-thread.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(context.event_loop().touches.iter().map(|touch| finding(context, touch)));
}

fn finding(context: &Context<'_>, touch: &Touch) -> Finding {
    let function = context.program.display_name(touch.function);
    let message = format!(
        "`{function}` runs in a thread and calls `{}`, which is not thread-safe: the event loop may not notice, or break",
        touch.api
    );
    context
        .finding(&RULE, touch.place, message)
        .confidence(touch.confidence)
        .notes(touch.chain.iter().cloned())
        .help(
            "hand it to the loop's own thread: `loop.call_soon_threadsafe(...)` for functions, \
             `asyncio.run_coroutine_threadsafe(..., loop)` for coroutines",
        )
        .done()
}
