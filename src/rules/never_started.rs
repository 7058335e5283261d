//! CC707: a worker is made and never started.

use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::{LifeStep, StartsWhen, SubmissionResult};
use crate::link::Submission;
use crate::summary::lifecycles::Event;

use super::{Check, Context, Rule, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC707",
    name: "never-started",
    severity: Severity::Warning,
    page: include_str!("../../rules/never-started.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _number: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    let starts_later =
        submission.shape.result == SubmissionResult::Worker && submission.shape.starts == StartsWhen::AtStart;
    if !starts_later || submission.through.is_some() || submission.targets.is_empty() {
        return;
    }
    let lives = context.lifecycles();
    if lives.is_started(program, submission.call) {
        return;
    }
    let life = lives.life_through_calls(program, submission.call);
    let open = life.any(|event| {
        matches!(
            event,
            Event::Step(LifeStep::Start, _)
                | Event::Method(_)
                | Event::Escapes(_)
                | Event::With(_)
                | Event::Kept(_)
                | Event::Global(_)
        )
    });
    if open {
        return;
    }
    let target = wording::target(program, submission);
    let joined = life.step(LifeStep::Join);
    let message = match joined {
        Some(_) => format!("the worker for {target} is joined and was never started"),
        None => format!("the worker for {target} is made and never started"),
    };
    let mut draft = context
        .finding(&RULE, program.place(submission.call), message)
        .confidence(if joined.is_some() {
            Confidence::High
        } else {
            Confidence::Medium
        });
    if let Some(join) = joined {
        draft = draft.note(program.place(join), "joined here");
    }
    findings.push(draft.help("call `start()` on it, or remove it").done());
}
