//! CC801: a loop waits for each task before it hands over the next.

use crate::finding::{Confidence, Finding, Severity};
use crate::link::Program;
use crate::link::values::{ExprRef, Site};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC801",
    name: "result-in-submit-loop",
    severity: Severity::Warning,
    page: include_str!("../../rules/result-in-submit-loop.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for wait in context.lifecycles().waits().iter().filter(|wait| !wait.joins) {
        if has_one_worker(program, wait.handed) {
            continue;
        }
        let round = if wait.called.is_some() { "call" } else { "round" };
        let message = format!(
            "`{}` waits for the task that the same {round} hands over: one task runs at a time",
            program.text(wait.wait)
        );
        let confidence = match (wait.endless || wait.tiny, wait.called) {
            (true, _) => Confidence::Low,
            (false, Some(_)) => Confidence::Medium,
            (false, None) => Confidence::High,
        };
        let mut draft = context
            .finding(&RULE, program.place(wait.wait), message)
            .confidence(confidence)
            .note(program.place(wait.handed), "handed over here");
        if let Some(call) = wait.called {
            draft = draft.note(program.place(call), "called once for each round here");
        }
        let help = "hand all tasks over first and ask for the results in a second loop, or use the executor's `map`";
        findings.push(draft.help(help).done());
    }
}

/// The executor is made for one worker, so that nothing is lost.
fn has_one_worker(program: &Program<'_>, submitted: ExprRef) -> bool {
    let mut sites: Vec<ExprRef> = program
        .values(submitted)
        .iter()
        .filter_map(|value| program.site(value).and_then(Site::expression))
        .collect();
    sites.push(submitted);
    let submissions = program
        .submissions
        .iter()
        .filter(|submission| sites.contains(&submission.call));
    let mut workers = submissions.flat_map(|submission| &submission.workers);
    workers.any(|worker| worker.runs_one_at_a_time(program))
}
