//! CC305: code that runs in a child between fork and exec.

use crate::facts::ExprKind;
use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::WorkerKind;
use crate::link::Callee;
use crate::link::values::{ExprRef, Value};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC305",
    name: "preexec-fn",
    severity: Severity::Warning,
    page: include_str!("../../rules/preexec-fn.md"),
    check: Check::Call(check),
};

fn check(context: &Context<'_>, call: ExprRef, findings: &mut Vec<Finding>) {
    let program = context.program;
    for callee in program.callees(call) {
        let Callee::External { name, .. } = callee else {
            continue;
        };
        let position = program
            .knowledge
            .call(&name)
            .and_then(|fact| fact.runs_before_exec.as_ref());
        let Some(argument) = position.and_then(|position| program.argument_at(call, position)) else {
            continue;
        };
        let values = program.values(argument);
        let only_none = !values.is_empty() && values.iter().all(|value| matches!(program.value(value), Value::None));
        if only_none || matches!(program.kind(argument), ExprKind::None) {
            continue;
        }
        let message = format!(
            "`{}` runs between fork and exec: if another thread holds a lock that it needs, the child hangs",
            program.text(argument)
        );
        let draft = context
            .finding(&RULE, program.place(argument), message)
            .confidence(confidence(context))
            .help("use `start_new_session=`, `process_group=`, `umask=`, `user=` or `cwd=` instead, or do it in the program that is started");
        findings.push(draft.done());
        return;
    }
}

/// A program without threads of its own may still get some from a library.
fn confidence(context: &Context<'_>) -> Confidence {
    let threads = context
        .program
        .submissions
        .iter()
        .any(|submission| submission.may_be(WorkerKind::Thread));
    if threads { Confidence::High } else { Confidence::Medium }
}
