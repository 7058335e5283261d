//! CC223: a change of what a manager's proxy hands out copies of.

use crate::finding::{Finding, Severity};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC223",
    name: "lost-proxy-write",
    severity: Severity::Warning,
    page: include_str!("../../rules/lost-proxy-write.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for nested in &context.child_memory().nested_writes {
        let taken = program.text(nested.taken);
        let message = format!(
            "`{taken}` is a copy of what the manager holds: the change is lost, and the manager keeps what it has"
        );
        let draft = context
            .finding(&RULE, program.place(nested.write), message)
            .note(program.place(nested.put), "a plain container is put there")
            .help(format!(
                "change a copy and assign it back to `{taken}`, or put a proxy of the manager there"
            ));
        findings.push(draft.done());
    }
}
