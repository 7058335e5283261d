//! CC607: a task is put on the event loop, and nothing keeps it.

use crate::finding::{Finding, Severity};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC607",
    name: "dangling-task",
    severity: Severity::Warning,
    page: include_str!("../../rules/dangling-task.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    if !context.settings.overlap {
        return;
    }
    for task in &context.event_loop().dangling {
        let message = format!(
            "nothing keeps the task that `{}` makes: it may be collected before it is done, and nobody learns how it ends",
            task.api
        );
        let draft = context.finding(&RULE, task.place, message);
        let help =
            "keep it where it lives as long as it runs and look at how it ends, or start it in an `asyncio.TaskGroup`";
        findings.push(draft.help(help).done());
    }
}
