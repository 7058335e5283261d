//! CC702: the arguments of a worker are not a sequence.

use crate::finding::{Finding, Note, Severity};
use crate::link::initializers::initializer_of;
use crate::link::submissions::targets_of;
use crate::summary::handed_over::{NoTuple, no_initializer_tuple, no_tuple};

use super::{Check, Context, Rule, fixes, wording};

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
    for submission in &program.submissions {
        if let Some(wrong) = no_tuple(program, submission) {
            let by_name = "hand a dict of arguments by name over as `kwargs`";
            report(
                context,
                &wrong,
                wording::target_note(program, submission),
                by_name,
                findings,
            );
        }
    }
    for pool in program.calls().filter_map(|call| initializer_of(program, call)) {
        if let Some(wrong) = no_initializer_tuple(program, &pool) {
            let targets = pool
                .callable
                .map(|callable| targets_of(program, callable))
                .unwrap_or_default();
            let by_name = "hand the values over as a tuple, in the order of the parameters";
            report(
                context,
                &wrong,
                wording::targets_note(program, &targets),
                by_name,
                findings,
            );
        }
    }
}

/// Reports wrong arguments; `by_name` says how to hand over what was meant to go by name.
fn report(context: &Context<'_>, wrong: &NoTuple, target: Option<Note>, by_name: &str, findings: &mut Vec<Finding>) {
    let program = context.program;
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
        .notes(target);
    let (fix, help) = if wrong.keys && !wrong.takes_one {
        (None, by_name.to_owned())
    } else {
        (
            fixes::add_comma(program, wrong),
            format!("write `({text},)`, with a comma"),
        )
    };
    findings.push(draft.fix(fix).help(help).done());
}
