//! CC004: a file does not parse.

use crate::finding::{FileId, Finding, Place, Severity};

use super::{Check, Context, Rule};

/// The code of the rule: other stages treat what cannot be read differently.
pub const CODE: &str = "CC004";

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: CODE,
    name: "syntax-error",
    severity: Severity::Error,
    page: include_str!("../../rules/syntax-error.md"),
    check: Check::File(check),
};

/// One error mostly causes others further down: the first is shown.
fn check(context: &Context<'_>, file: FileId, findings: &mut Vec<Finding>) {
    if let Some(error) = context.program.file(file).syntax_errors.first() {
        let place = Place { file, span: error.span };
        let draft = context.finding(
            &RULE,
            place,
            format!("this file is not valid Python: {}", error.message),
        );
        findings.push(draft.help("what could be read is analysed all the same").done());
    }
}
