//! CC205: an exception that a worker raises cannot be made anew in the parent.

use crate::finding::{Finding, Note, Severity};
use crate::summary::pickling::{ExceptionFault, LostException};

use super::{Check, Context, Rule, pickled};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC205",
    name: "unpicklable-exception",
    severity: Severity::Error,
    page: include_str!("../../rules/unpicklable-exception.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for exception in context.pickling().exceptions() {
        findings.push(finding(context, exception));
    }
}

fn finding(context: &Context<'_>, exception: &LostException) -> Finding {
    let program = context.program;
    let name = &program.scope(exception.class).name;
    let does = if exception.returned { "returned by" } else { "raised in" };
    let (message, why, help) = match &exception.fault {
        ExceptionFault::Constructor { reason, place } => {
            let effect = if exception.hangs {
                "the pool waits for ever"
            } else {
                "the executor breaks and all its other tasks are lost"
            };
            let why = Note {
                place: *place,
                message: format!("`{name}` is made by this `__init__`"),
            };
            (
                format!(
                    "`{name}` is {does} a worker process and cannot be made anew in the parent, so that {effect}: {reason}"
                ),
                vec![why],
                format!(
                    "pass all arguments on to `super().__init__`, or give `{name}` a `__reduce__` that returns the class and its arguments"
                ),
            )
        }
        ExceptionFault::Carries(obstacle) => {
            let part = match obstacle.path.as_str() {
                "" => "an argument".to_owned(),
                path => format!("its `{path}`"),
            };
            (
                format!(
                    "`{name}` is {does} a worker process and cannot be sent to the parent, which gets a pickling error in its place: {part} is {}",
                    pickled::cause(context, &obstacle.cause),
                ),
                obstacle.notes.clone(),
                format!("let `{name}` keep what it says about the object, such as a text, instead of the object"),
            )
        }
    };
    context
        .finding(&RULE, exception.raised, message)
        .confidence(exception.confidence)
        .note(
            program.place(exception.call),
            format!("handed to a process by `{}`", exception.api),
        )
        .notes(exception.notes.iter().cloned())
        .notes(why)
        .help(help)
        .done()
}
