//! CC804: a pool is made for each round of a loop, or for each call.

use crate::finding::{Confidence, Finding, Severity};
use crate::link::values::ExprRef;
use crate::summary::lifecycles::Again;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC804",
    name: "pool-per-iteration",
    severity: Severity::Warning,
    page: include_str!("../../rules/pool-per-iteration.md"),
    check: Check::Call(check),
};

fn check(context: &Context<'_>, call: ExprRef, findings: &mut Vec<Finding>) {
    let program = context.program;
    let Some(per) = context.lifecycles().per_round(program, context.summaries, call) else {
        return;
    };
    let text = program.text(call);
    let (message, note) = match per.again {
        Again::Calls => {
            let tasks = match per.tasks {
                Some(1) => " for a single task".to_owned(),
                Some(tasks) => format!(" for {tasks} tasks"),
                None => String::new(),
            };
            (
                format!("`{text}` makes new workers{tasks} each time that the function is called, which a loop does"),
                "called in a loop here",
            )
        }
        Again::Elements => (
            format!("`{text}` makes new workers each time that an element is asked for"),
            "asked for one element by this method, which ends them again",
        ),
        Again::Loop => (
            format!("`{text}` makes new workers each time round the loop"),
            "this loop makes one each time round",
        ),
    };
    let draft = context
        .finding(&RULE, program.place(call), message)
        .confidence(if per.sure { Confidence::Medium } else { Confidence::Low })
        .note(per.place, note);
    findings.push(
        draft
            .help(match per.again {
                Again::Elements => "make the pool once and keep it with the object",
                _ => "make the pool once, before the loop, and use it for all rounds",
            })
            .done(),
    );
}
