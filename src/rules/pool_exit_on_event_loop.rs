//! CC608: a coroutine waits in its own thread until an executor has done all its work.

use crate::finding::{Finding, Severity};
use crate::summary::event_loop::PoolExit;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC608",
    name: "pool-exit-on-event-loop",
    severity: Severity::Warning,
    page: include_str!("../../rules/pool-exit-on-event-loop.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(context.event_loop().exits.iter().map(|exit| finding(context, exit)));
}

fn finding(context: &Context<'_>, exit: &PoolExit) -> Finding {
    let executor = if exit.executor.is_empty() {
        "executor"
    } else {
        &exit.executor
    };
    let message = if exit.is_block {
        format!("leaving this `with {executor}` block stops the event loop until all submitted work is done")
    } else {
        format!("shutting the {executor} down stops the event loop until all submitted work is done")
    };
    context
        .finding(&RULE, exit.place, message)
        .confidence(exit.confidence)
        .notes(exit.chain.iter().cloned())
        .help(
            "await the work first (`await loop.run_in_executor(pool, ...)`, `asyncio.wrap_future`), or shut the \
             executor down with `await asyncio.to_thread(pool.shutdown)`",
        )
        .done()
}
