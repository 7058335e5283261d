//! CC510: a process is joined while its queue may be full.

use crate::finding::{Finding, Severity};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC510",
    name: "join-before-drain",
    severity: Severity::Error,
    page: include_str!("../../rules/join-before-drain.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for undrained in &context.pools().undrained {
        let message = match undrained.one_get {
            Some(_) => {
                "the process is joined after one item is read, but it puts more: it ends only when all of them are in \
                 the pipe, which holds about 64 KB"
            }
            None => {
                "the process is joined before its queue is read: it ends only when its items are in the pipe, which \
                 holds about 64 KB"
            }
        };
        let mut draft = context
            .finding(&RULE, program.place(undrained.join), message.to_owned())
            .confidence(undrained.confidence)
            .note(program.place(undrained.put), "the process puts items here")
            .note(program.place(undrained.queue), "the queue is made here");
        if let Some(get) = undrained.one_get {
            draft = draft.note(program.place(get), "one item is read here");
        }
        findings.push(
            draft
                .help("read all items before joining, for instance until a sentinel comes")
                .done(),
        );
    }
}
