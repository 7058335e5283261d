//! CC606: a coroutine runs another event loop in the same thread.

use crate::finding::{Finding, Severity};
use crate::summary::event_loop::Cause;

use super::stalls::{self, Words};
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
    let message = |words: &Words<'_>| {
        let Words { helper, api, coroutine } = words;
        match helper {
            Some(helper) => {
                format!(
                    "`{helper}` calls `{api}`, which raises RuntimeError under the event loop that runs `{coroutine}`"
                )
            }
            None => format!("`{api}` raises RuntimeError under the event loop that already runs `{coroutine}`"),
        }
    };
    let help = "await the coroutine; where a plain function must run it, call that function with `asyncio.to_thread`";
    findings.extend(stalls::report(context, &RULE, Cause::Running, message, help));
}
