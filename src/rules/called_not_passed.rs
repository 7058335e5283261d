//! CC701: a function is called where it should be handed over.

use crate::finding::{Finding, Fix, Place, Severity};
use crate::link::initializers::initializer_of;
use crate::summary::handed_over::{CalledInstead, called_in_place, called_instead};

use super::{Check, Context, Rule, fixes};

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
    for submission in &program.submissions {
        if let Some(called) = called_instead(program, submission) {
            let fix = fixes::pass_callee(program, submission, called.call);
            let api = &submission.api;
            let worker = "the worker has nothing to call";
            report(
                context,
                &called,
                (program.place(submission.call), api, worker),
                fix,
                findings,
            );
        }
    }
    for pool in program.calls().filter_map(|call| initializer_of(program, call)) {
        if let Some(called) = pool.callable.and_then(|callable| called_in_place(program, callable)) {
            let worker = "the workers have nothing to run first";
            report(
                context,
                &called,
                (program.place(pool.call), &pool.pool, worker),
                None,
                findings,
            );
        }
    }
}

/// Reports a call, with the place and name of what expects a callable there and what becomes of the worker.
fn report(
    context: &Context<'_>,
    called: &CalledInstead,
    (place_of_api, api, worker): (Place, &str, &str),
    fix: Option<Fix>,
    findings: &mut Vec<Finding>,
) {
    let program = context.program;
    let place = program.place(called.call);
    // A worker class may be instantiated in many places.
    if findings
        .iter()
        .any(|finding| finding.code == RULE.code && finding.place == place)
    {
        return;
    }
    let text = program.text(called.call);
    let gives = &called.gives;
    let message = format!("`{text}` is called here, in the caller, and gives {gives}; {worker}");
    let callee = text.split('(').next().unwrap_or_default().to_owned();
    let help = format!("pass `{callee}` itself and hand its arguments over separately");
    let draft = context
        .finding(&RULE, place, message)
        .note(place_of_api, format!("`{api}` expects a callable"));
    findings.push(draft.help(help).fix(fix).done());
}
