//! CC702: the arguments of a worker are not a sequence.

use crate::finding::{Finding, Severity};
use crate::link::Submission;
use crate::summary::handed_over::no_tuple;

use super::{Check, Context, Rule, fixes, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC702",
    name: "args-not-tuple",
    severity: Severity::Error,
    page: include_str!("../../rules/args-not-tuple.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    let Some(wrong) = no_tuple(program, submission) else {
        return;
    };
    let place = program.place(wrong.expr);
    // A worker class may be instantiated in many places.
    if findings
        .iter()
        .any(|finding| finding.code == RULE.code && finding.place == place)
    {
        return;
    }
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
        .finding(&RULE, place, message)
        .confidence(wrong.confidence)
        .notes(wording::target_note(program, submission));
    let (fix, help) = if wrong.keys && !wrong.takes_one {
        (None, "hand a dict of arguments by name over as `kwargs`".to_owned())
    } else {
        (
            fixes::add_comma(program, &wrong),
            format!("write `({text},)`, with a comma"),
        )
    };
    findings.push(draft.fix(fix).help(help).done());
}
