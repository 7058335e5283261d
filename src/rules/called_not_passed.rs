//! CC701: a function is called where it should be handed over.

use std::collections::BTreeSet;

use crate::finding::{Finding, Severity};
use crate::link::values::ExprRef;
use crate::summary::handed_over::{CalledInstead, called_instead, initializer_called};

use super::{Check, Context, Draft, Rule, fixes};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC701",
    name: "called-not-passed",
    severity: Severity::Error,
    page: include_str!("../../rules/called-not-passed.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    // A worker class may be instantiated in many places.
    let mut told = BTreeSet::new();
    for submission in &program.submissions {
        if let Some(called) = called_instead(program, submission)
            && told.insert(called.call)
        {
            let fix = fixes::pass_callee(program, submission, called.call);
            let draft = draft(context, &called, submission.call, &submission.api);
            findings.push(draft.fix(fix).done());
        }
    }
    for call in program.calls() {
        if let Some(called) = initializer_called(program, call)
            && told.insert(called.call)
        {
            findings.push(draft(context, &called, call, "initializer").done());
        }
    }
}

fn draft(context: &Context<'_>, called: &CalledInstead, call: ExprRef, api: &str) -> Draft {
    let program = context.program;
    let text = program.text(called.call);
    let message = format!(
        "`{text}` is called here, in the caller, and gives {}; the worker has nothing to call",
        called.gives
    );
    let callee = text.split('(').next().unwrap_or_default();
    context
        .finding(&RULE, program.place(called.call), message)
        .note(program.place(call), format!("`{api}` expects a callable"))
        .help(format!("pass `{callee}` itself and hand its arguments over separately"))
}
