//! CC601: a coroutine computes for long in the event loop's own thread.

use crate::finding::{Finding, Severity};
use crate::summary::event_loop::{Cause, Stall};

use super::{Check, Context, Rule, stalls, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC601",
    name: "cpu-work-on-event-loop",
    severity: Severity::Warning,
    page: include_str!("../../rules/cpu-work-on-event-loop.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for stall in &context.event_loop().stalls {
        if let Cause::Computing { seconds, native } = stall.cause {
            findings.push(finding(context, stall, seconds, native));
        }
    }
}

fn finding(context: &Context<'_>, stall: &Stall, seconds: f64, native: bool) -> Finding {
    let program = context.program;
    let coroutine = program.display_name(stall.function);
    let what = match stall.helper {
        Some(helper) => format!(
            "`{}` computes for {}",
            program.display_name(helper),
            wording::about(seconds)
        ),
        None => format!("this computes for {}", wording::about(seconds)),
    };
    let message = format!("{what} on the event loop in `{coroutine}`, which can do nothing else meanwhile");
    let help = if native {
        "it runs C code without the GIL: `await asyncio.to_thread(...)` keeps the loop free"
    } else if context.settings.free_threaded {
        "hand it to a thread with `await asyncio.to_thread(...)`"
    } else {
        "hand it to a process: `await loop.run_in_executor(ProcessPoolExecutor(), ...)`; a thread would keep the loop \
         waiting for the GIL"
    };
    stalls::draft(context, &RULE, stall, message).help(help).done()
}
