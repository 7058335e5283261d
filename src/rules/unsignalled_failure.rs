//! CC514: a worker that raises before it signals leaves another one waiting.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::locks::{MissedSignal, Side, missed_signals};

use super::{Check, Context, Rule, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC514",
    name: "unsignalled-failure",
    severity: Severity::Warning,
    page: include_str!("../../rules/unsignalled-failure.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for missed in missed_signals(context.program, context.locks(), context.raises()) {
        findings.push(finding(context, missed));
    }
}

fn finding(context: &Context<'_>, missed: MissedSignal) -> Finding {
    let program = context.program;
    let submission = &program.submissions[missed.submission];
    let name = program.display_name(missed.function);
    let (message, help) = match missed.side {
        Side::Worker => (
            format!("`{name}` may raise before it signals, and what waits for the signal then waits for ever"),
            "signal in a `finally` block, hand the error over as a result, or wait with a time-out and look whether \
             the worker is alive",
        ),
        Side::Starter => (
            format!(
                "`{name}` may raise before it signals {}, which then waits for ever and keeps the program from ending",
                wording::target(program, submission)
            ),
            "signal in a `finally` block, or start the thread with `daemon=True`",
        ),
    };
    context
        .finding(&RULE, program.place(submission.call), message)
        .confidence(Confidence::Medium)
        .notes(missed.chain)
        .note(missed.signal, "the signal that is missed then")
        .note(missed.wait, "waits for it without a time-out, here")
        .help(help)
        .done()
}
