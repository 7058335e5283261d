//! CC710: a constructor starts a worker before it sets what the worker reads.

use crate::finding::{Confidence, Finding, Severity};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC710",
    name: "started-in-init",
    severity: Severity::Warning,
    page: include_str!("../../rules/started-in-init.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for early in context.lifecycles().early_starts(program) {
        let reader = program.display_name(early.reader);
        let attribute = &early.attribute;
        let message = format!(
            "`{}` starts `{reader}`, which reads `{attribute}`, before `{attribute}` is set",
            program.text(early.start)
        );
        let draft = context
            .finding(&RULE, program.place(early.start), message)
            .confidence(Confidence::Medium)
            .note(early.read, "read here by the worker")
            .note(early.set, "set here, after the start");
        let help = "start the worker at the end of the constructor, or in a method of its own";
        findings.push(draft.help(help).done());
    }
}
