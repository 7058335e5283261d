//! CC805: a loop awaits what it hands to a worker before it hands over the next.

use crate::finding::{Confidence, Finding, Severity};
use crate::link::Submission;

use super::{Check, Context, Rule, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC805",
    name: "awaited-offload-in-loop",
    severity: Severity::Advice,
    page: include_str!("../../rules/awaited-offload-in-loop.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    let lives = context.lifecycles();
    let Some(around) = lives.awaited_one_by_one(program, context.summaries, submission) else {
        return;
    };
    let target = wording::target(program, submission);
    let message = format!("each round awaits {target} before the next one hands it over: one runs at a time");
    let draft = context
        .finding(&RULE, program.place(submission.call), message)
        .confidence(Confidence::Medium)
        .note(around, "this loop waits each time round")
        .notes(wording::target_note(program, submission));
    let help = "hand all of them over and await `asyncio.gather(...)`, with a semaphore where there are many";
    findings.push(draft.help(help).done());
}
