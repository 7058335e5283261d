//! CC703: the arguments of a task do not fit its signature.

use crate::finding::{Finding, Severity};
use crate::knowledge::SubmissionResult;
use crate::link::initializers::initializer_of;
use crate::link::values::ExprRef;
use crate::summary::signatures::{Misfit, initializer_misfit, misfit};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC703",
    name: "wrong-arity",
    severity: Severity::Error,
    page: include_str!("../../rules/wrong-arity.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for submission in program.submissions.iter().filter(|submission| !submission.forwarded) {
        if let Some(misfit) = misfit(program, submission) {
            let fate = match submission.shape.result {
                SubmissionResult::Worker | SubmissionResult::Nothing => {
                    "the task dies with a TypeError that nobody sees in time"
                }
                SubmissionResult::Future | SubmissionResult::AsyncResult => {
                    "the task ends in a TypeError that only its result tells"
                }
                _ => "the task ends in a TypeError",
            };
            findings.push(finding(context, submission.call, &misfit, fate));
        }
    }
    for pool in program.calls().filter_map(|call| initializer_of(program, call)) {
        if let Some(misfit) = initializer_misfit(program, &pool) {
            findings.push(finding(context, pool.call, &misfit, "no worker of the pool starts"));
        }
    }
}

fn finding(context: &Context<'_>, call: ExprRef, misfit: &Misfit, fate: &str) -> Finding {
    let program = context.program;
    let name = program.display_name(misfit.function);
    let message = format!("`{name}` {}: {fate}", misfit.message);
    let draft = context
        .finding(&RULE, program.place(call), message)
        .note(program.name_place(misfit.function), format!("`{name}` is defined here"));
    draft
        .help(format!("hand over the arguments that `{name}` takes"))
        .done()
}
