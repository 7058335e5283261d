//! CC906: a daemonic process starts processes.

use crate::finding::{Confidence, Finding, Note, Severity};
use crate::summary::startup::Runs;

use super::{Check, Context, Rule, start_methods};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC906",
    name: "pool-inside-daemon-worker",
    severity: Severity::Error,
    page: include_str!("../../rules/pool-inside-daemon-worker.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for child in &context.pools().daemonic {
        let worker = if child.in_pool {
            "a pool worker"
        } else {
            "a daemonic process"
        };
        let message = format!(
            "{} in {worker}: `AssertionError: daemonic processes are not allowed to have children`",
            start_methods::what(&child.way.creation)
        );
        let mut notes = vec![Note {
            place: program.place(child.submission),
            message: format!("`{}` runs in {worker}", program.display_name(child.function)),
        }];
        notes.extend(start_methods::chain(program, &child.way));
        // Over several calls the question which of them are made in earnest adds up.
        let confidence = match child.way.runs {
            Runs::Always => Confidence::High,
            Runs::Rarely => Confidence::Low,
            _ if child.way.steps.len() > 1 => Confidence::Low,
            _ => Confidence::Medium,
        };
        let help = if child.in_pool {
            "use a `ProcessPoolExecutor` for the outer level, or threads or plain calls for the inner one"
        } else {
            "start the outer process without `daemon=True`, or use threads or plain calls in it"
        };
        let draft = context
            .finding(&RULE, program.place(child.way.creation.at), message)
            .confidence(confidence)
            .notes(notes)
            .help(help);
        findings.push(draft.done());
    }
}
