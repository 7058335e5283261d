//! CC605: work is handed from the event loop to a worker, and nobody awaits it.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::event_loop::DroppedOffload;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC605",
    name: "offload-not-awaited",
    severity: Severity::Warning,
    page: include_str!("../../rules/offload-not-awaited.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(
        context
            .event_loop()
            .dropped
            .iter()
            .map(|dropped| finding(context, dropped)),
    );
}

fn finding(context: &Context<'_>, dropped: &DroppedOffload) -> Finding {
    let api = &dropped.api;
    let (message, confidence) = if dropped.never_runs {
        (
            format!("`{api}` makes a coroutine that nobody awaits, so the work never runs"),
            Confidence::High,
        )
    } else {
        (
            format!("the future of `{api}` is thrown away: nobody learns when the work ends or that it failed"),
            Confidence::Medium,
        )
    };
    let handled = context
        .program
        .submissions
        .iter()
        .filter(|submission| context.program.place(submission.call) == dropped.place)
        .any(|submission| context.lifecycles().handles_failures(context.program, submission));
    let confidence = if handled && !dropped.never_runs {
        Confidence::Low
    } else {
        confidence
    };
    context
        .finding(&RULE, dropped.place, message)
        .confidence(confidence)
        .help("await it, or keep it and await it later, for instance with `asyncio.gather`")
        .done()
}
