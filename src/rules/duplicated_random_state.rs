//! CC308: random numbers that several workers draw from copies of one state.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::child_memory::{Root, SeededBy, SharedDraw};

use super::{Check, Context, Rule, child_start, lost, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC308",
    name: "duplicated-random-state",
    severity: Severity::Warning,
    page: include_str!("../../rules/duplicated-random-state.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for draw in &context.child_memory().shared_draws {
        findings.extend(finding(context, draw));
    }
}

fn finding(context: &Context<'_>, draw: &SharedDraw) -> Option<Finding> {
    let program = context.program;
    let submission = &program.submissions[draw.submission];
    let forked = child_start::forked(context, submission);
    if draw.needs_fork && forked.is_none() {
        return None;
    }
    let condition = match forked {
        Some(condition) if draw.needs_fork && !condition.is_empty() => format!(" ({condition})"),
        _ => String::new(),
    };
    let target = wording::target(program, submission);
    let message = match draw.root {
        None if draw.seeded == Some(SeededBy::Task) => {
            format!(
                "each task of {target} gives the random state the same seed, so that all tasks draw the same numbers"
            )
        }
        None if draw.seeded.is_some() => format!(
            "each worker of {target} is given the same seed when it starts, so that workers get the same numbers{condition}"
        ),
        None => format!(
            "each forked worker of {target} draws from its own copy of the library's random state, so that workers get the same numbers{condition}"
        ),
        Some(Root::Argument) => format!(
            "each task of {target} gets a copy of the same random generator, so that tasks draw the same numbers"
        ),
        Some(_) => format!(
            "each worker of {target} draws from its own copy of one random generator, so that workers get the same numbers{condition}"
        ),
    };
    let mut draft = context
        .finding(&RULE, program.place(draw.place), message)
        .confidence(if lost::is_remote(&draw.path) {
            Confidence::Low
        } else {
            Confidence::Medium
        })
        .notes(draw.path.iter().cloned());
    if draw.draw != draw.place {
        draft = draft.note(program.place(draw.draw), "the numbers are drawn here");
    }
    if submission.call != draw.place {
        draft = draft.note(
            program.place(submission.call),
            "the workers are handed their tasks here",
        );
    }
    Some(
        draft
            .help("give each task a seed of its own and make its generator from it (numpy: SeedSequence.spawn or Generator.spawn), or seed in the pool's initializer")
            .done(),
    )
}
