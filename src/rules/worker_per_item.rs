//! CC806: a worker is made for each of many items.

use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::SubmissionResult;
use crate::link::{Intent, Submission, Target};

use super::{Check, Context, Rule, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC806",
    name: "worker-per-item",
    severity: Severity::Advice,
    page: include_str!("../../rules/worker-per-item.md"),
    check: Check::Submission(check),
};

/// Loops of more rounds than this make more workers than help.
const MANY: f64 = 200.0;

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    if !matches!(submission.shape.result, SubmissionResult::Worker | SubmissionResult::Nothing) || submission.forwarded {
        return;
    }
    let target = wording::target(program, submission);
    let around = program.function_around(submission.scope);
    let recursive = submission.targets.iter().filter_map(Target::function).any(|function| function == around);
    let looped = matches!(submission.intent, Intent::Loop(_));
    let rounds = wording::task_count(program, submission);
    let (message, confidence) = if recursive && looped {
        let message = format!("{target} makes a worker for each item, each of which does the same: nothing bounds their number");
        (message, Confidence::Medium)
    } else if let Some(rounds) = rounds.filter(|rounds| looped && rounds.count.least >= MANY) {
        let message = format!("one worker for each of {:.0} items runs {target}", rounds.count.least);
        (message, Confidence::Medium)
    } else {
        return;
    };
    let draft = context
        .finding(&RULE, program.place(submission.call), message)
        .confidence(confidence)
        .notes(wording::target_note(program, submission));
    let help = "use an executor with a bounded number of workers";
    findings.push(draft.help(help).done());
}
