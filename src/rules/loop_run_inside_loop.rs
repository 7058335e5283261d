//! CC606: a coroutine runs another event loop in the same thread.

use crate::finding::{Finding, Severity};
use crate::summary::event_loop::{Cause, Stall};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC606",
    name: "loop-run-inside-loop",
    severity: Severity::Error,
    page: include_str!("../../rules/loop-run-inside-loop.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for stall in &context.event_loop().stalls {
        if stall.cause == Cause::Running {
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
            "`{}` calls `{api}`, which raises RuntimeError under the event loop that runs `{coroutine}`",
            program.display_name(helper)
        ),
        None => format!("`{api}` raises RuntimeError under the event loop that already runs `{coroutine}`"),
    };
    context
        .finding(&RULE, stall.place, message)
        .confidence(stall.confidence)
        .notes(stall.chain.iter().cloned())
        .help("await the coroutine; where a plain function must run it, call that function with `asyncio.to_thread`")
        .done()
}
