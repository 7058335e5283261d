//! CC905: a result is asked for after the pool has ended.

use crate::finding::{Finding, Severity};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC905",
    name: "result-after-pool-exit",
    severity: Severity::Error,
    page: include_str!("../../rules/result-after-pool-exit.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for late in &context.pools().late {
        let what = if late.iterated {
            "the results are iterated"
        } else {
            "the result is asked for"
        };
        let end = if late.bounded {
            "this fails when the time is up"
        } else {
            "this waits for ever"
        };
        let message = format!("{what} after the pool has ended: if the work was pending then, {end}");
        let draft = context
            .finding(&RULE, program.place(late.read), message)
            .note(program.place(late.submission), "the work is handed over here")
            .note(program.place(late.pool), "leaving this block terminates the pool")
            .help("get the results inside the `with` block");
        findings.push(draft.done());
    }
}
