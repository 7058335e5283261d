//! CC506: a coroutine waits while it holds a lock of threads.

use crate::finding::{Finding, Severity};
use crate::link::values::ScopeRef;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC506",
    name: "await-under-thread-lock",
    severity: Severity::Warning,
    page: include_str!("../../rules/await-under-thread-lock.md"),
    check: Check::Function(check),
};

fn check(context: &Context<'_>, function: ScopeRef, findings: &mut Vec<Finding>) {
    for found in context.locks().awaits(function) {
        let message = format!(
            "`await` while `{}`, a lock for threads, is held: another coroutine that wants it stops the event loop for good",
            found.text
        );
        let draft = context
            .finding(&RULE, found.place, message)
            .note(found.taken, format!("`{}` is taken here", found.text));
        let help = "use `asyncio.Lock` with `async with` between coroutines, or give the lock back before the `await`";
        findings.push(draft.help(help).done());
    }
}
