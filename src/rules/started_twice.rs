//! CC708: a worker is started again.

use crate::finding::{Finding, Severity};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC708",
    name: "started-twice",
    severity: Severity::Error,
    page: include_str!("../../rules/started-twice.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for restart in context.lifecycles().restarts(program) {
        let text = program.text(restart.again);
        let (message, note) = if restart.looped {
            (
                format!("`{text}` starts the same worker each time round: the second time fails"),
                "the worker is made outside of this loop",
            )
        } else {
            (
                format!("`{text}` starts a worker that has been started: that fails"),
                "started here first",
            )
        };
        let draft = context
            .finding(&RULE, program.place(restart.again), message)
            .note(restart.first, note);
        findings.push(draft.help("make a new worker for each start").done());
    }
}
