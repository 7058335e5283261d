//! CC702: the arguments of a worker are not a sequence.

use std::collections::BTreeSet;

use crate::finding::{Finding, Severity};
use crate::summary::handed_over::{NoTuple, initargs_no_tuple, no_tuple};

use super::{Check, Context, Draft, Rule, fixes, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC702",
    name: "args-not-tuple",
    severity: Severity::Error,
    page: include_str!("../../rules/args-not-tuple.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    // A worker class may be instantiated in many places.
    let mut told = BTreeSet::new();
    for submission in &program.submissions {
        if let Some(wrong) = no_tuple(program, submission)
            && told.insert(wrong.expr)
        {
            let draft = draft(context, &wrong).notes(wording::target_note(program, submission));
            findings.push(draft.done());
        }
    }
    for call in program.calls() {
        if let Some(wrong) = initargs_no_tuple(program, call)
            && told.insert(wrong.expr)
        {
            findings.push(draft(context, &wrong).done());
        }
    }
}

fn draft(context: &Context<'_>, wrong: &NoTuple) -> Draft {
    let program = context.program;
    let text = program.text(wrong.expr);
    let what = if wrong.letters {
        "it is taken apart into one argument a letter"
    } else if wrong.keys {
        "its keys become the arguments"
    } else {
        "it cannot be taken apart into arguments"
    };
    let subject = if wrong.parenthesised {
        format!("`({text})` is no tuple but")
    } else {
        format!("the arguments `{text}` are")
    };
    let message = format!("{subject} {}: {what}", wrong.is);
    let draft = context
        .finding(&RULE, program.place(wrong.expr), message)
        .confidence(wrong.confidence);
    if wrong.keys && !wrong.takes_one {
        draft.help("hand a dict of arguments by name over as `kwargs`")
    } else {
        draft
            .fix(fixes::add_comma(program, wrong))
            .help(format!("write `({text},)`, with a comma"))
    }
}
