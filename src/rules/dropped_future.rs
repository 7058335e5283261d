//! CC901: the future of a task that may fail is never asked.

use std::collections::BTreeMap;

use crate::finding::{Confidence, Finding, Note, Place, Severity};
use crate::knowledge::SubmissionResult;
use crate::link::Submission;
use crate::link::values::ScopeRef;
use crate::summary::lifecycles::{Evidence, Silence};

use super::{Check, Context, Rule, lost_failure, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC901",
    name: "dropped-future",
    severity: Severity::Warning,
    page: include_str!("../../rules/dropped-future.md"),
    check: Check::Program(check),
};

const HELP: &str = "keep the future and call `result()`, or add a callback that looks at `exception()`";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for submission in &context.program.submissions {
        dropped(context, submission, findings);
        findings.extend(silenced_task(context, submission));
    }
    dropped_coroutines(context, findings);
    let outcomes = context.lifecycles().silenced_outcomes(context.program);
    findings.extend(outcomes.iter().map(|silence| silenced_outcome(context, silence)));
}

fn dropped(context: &Context<'_>, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    if submission.shape.result != SubmissionResult::Future {
        return;
    }
    let Some(unasked) = context.lifecycles().unasked(context.program, submission) else {
        return;
    };
    let draft = lost_failure::draft(context, &RULE, submission, |target| {
        format!("{target} may fail, and nothing asks its future: the exception vanishes")
    });
    let callbacks = unasked.blind_callbacks.into_iter().map(|call| Note {
        place: context.program.place(call),
        message: "this callback does not look how the task has ended".to_owned(),
    });
    findings.extend(draft.map(|draft| draft.notes(callbacks).help(HELP).done()));
}

/// Coroutines that run on the loop of another thread, and whose futures nobody asks: one finding for each function.
fn dropped_coroutines(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    let mut dropped: BTreeMap<ScopeRef, (Evidence, Vec<Place>)> = BTreeMap::new();
    for call in program.calls() {
        if let Some((function, evidence)) = context.lifecycles().unasked_coroutine(program, call) {
            let (_, places) = dropped.entry(function).or_insert_with(|| (evidence, Vec::new()));
            places.push(program.place(call));
        }
    }
    for (function, (evidence, places)) in dropped {
        let name = program.display_name(function);
        let message = format!("`{name}` may fail, and nothing asks its future: the exception vanishes");
        let others = places[1..].iter().map(|&place| Note {
            place,
            message: "the same happens here".to_owned(),
        });
        let draft = context
            .finding(&RULE, places[0], message)
            .confidence(evidence.confidence)
            .note(program.name_place(function), format!("`{name}` is what runs"))
            .note(evidence.place, evidence.message)
            .notes(others);
        findings.push(draft.help(HELP).done());
    }
}

/// The task itself keeps every failure of its work quiet.
fn silenced_task(context: &Context<'_>, submission: &Submission<'_>) -> Option<Finding> {
    if submission.forwarded {
        return None;
    }
    let silence = context.lifecycles().silenced_task(context.program, submission)?;
    let target = wording::target(context.program, submission);
    let message = format!("{target} catches whatever goes wrong in its work and does nothing: nobody sees a failure");
    let draft = context
        .finding(&RULE, context.program.place(submission.call), message)
        .confidence(Confidence::Medium)
        .note(silence.work, "what fails here")
        .note(silence.handler, "is caught and dropped here");
    Some(
        draft
            .help("catch what is expected by its class, and report the rest")
            .done(),
    )
}

/// The outcome is asked for, and its failure thrown away.
fn silenced_outcome(context: &Context<'_>, silence: &Silence) -> Finding {
    let message = "the failure of a task is raised here again, and caught and dropped: nobody sees it".to_owned();
    // From the call that raises to the clause that catches.
    let whole = Place {
        file: silence.work.file,
        span: silence.work.span.around(silence.handler.span),
    };
    let draft = context
        .finding(&RULE, whole, message)
        .confidence(Confidence::Medium)
        .note(silence.handler, "caught and dropped here");
    draft
        .help("catch what is expected by its class, and report or raise the rest")
        .done()
}
