//! CC205: an exception that a worker raises cannot be made anew in the parent.

use crate::finding::{Finding, Severity};
use crate::summary::pickling::LostException;

use super::{Check, Context, Rule};

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
    let effect = if exception.hangs {
        "the pool waits for ever"
    } else {
        "the executor breaks and all its other tasks are lost"
    };
    let message = format!(
        "`{name}` is raised in a worker process and cannot be made anew in the parent, so that {effect}: {}",
        exception.reason
    );
    context
        .finding(&RULE, exception.raised, message)
        .confidence(exception.confidence)
        .note(
            program.place(exception.call),
            format!("handed to a process by `{}`", exception.api),
        )
        .notes(exception.notes.iter().cloned())
        .note(exception.constructor, format!("`{name}` is made by this `__init__`"))
        .help(format!(
            "pass all arguments on to `super().__init__`, or give `{name}` a `__reduce__` that returns the class and its arguments"
        ))
        .done()
}
