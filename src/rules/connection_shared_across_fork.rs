//! CC307: connections of the parent that forked workers go on using.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::child_memory::InheritedConnection;

use super::{Check, Context, Rule, child_start, lost, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC307",
    name: "connection-shared-across-fork",
    severity: Severity::Warning,
    page: include_str!("../../rules/connection-shared-across-fork.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for connection in &context.child_memory().connections {
        findings.extend(finding(context, connection));
    }
}

fn finding(context: &Context<'_>, connection: &InheritedConnection) -> Option<Finding> {
    let program = context.program;
    let submission = &program.submissions[connection.submission];
    let forked = child_start::forked(context, submission)?;
    let condition = if forked.is_empty() {
        String::new()
    } else {
        format!(" ({forked})")
    };
    let target = wording::target(program, submission);
    let usage = program.text(connection.usage);
    let message = format!(
        "forked workers of {target} use the parent's connection `{usage}` ({}), so that several processes talk over one socket or file{condition}",
        connection.of
    );
    let mut draft = context
        .finding(&RULE, program.place(connection.place), message)
        .confidence(if lost::is_remote(&connection.path) {
            Confidence::Low
        } else {
            Confidence::Medium
        })
        .note(
            program.place(connection.made),
            "the connection is made here, in the parent",
        );
    if connection.usage != connection.place {
        draft = draft.note(program.place(connection.usage), "the worker uses it here");
    }
    if submission.call != connection.place {
        draft = draft.note(program.place(submission.call), "the work is handed to a process here");
    }
    Some(
        draft
            .notes(connection.path.iter().cloned())
            .help("open the connection in the worker, or in the pool's initializer; for a pooled engine, let the initializer drop what it has inherited")
            .done(),
    )
}
