//! CC802: a loop joins each worker before it starts the next.

use crate::finding::{Confidence, Finding, Severity};
use crate::link::Submission;
use crate::link::values::{ExprRef, Site};

use super::{Check, Context, Rule, fixes};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC802",
    name: "join-in-start-loop",
    severity: Severity::Warning,
    page: include_str!("../../rules/join-in-start-loop.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for wait in context
        .lifecycles()
        .waits()
        .iter()
        .filter(|wait| wait.joins && !wait.endless)
    {
        if is_isolated(context, wait.handed) {
            continue;
        }
        let text = program.text(wait.wait);
        let message = match (wait.next, wait.called) {
            (Some(_), _) => format!("`{text}` waits before the next worker is started: one worker runs at a time"),
            (None, Some(_)) => {
                format!("`{text}` waits for the worker that the same call starts: one worker runs at a time")
            }
            (None, None) => {
                format!("`{text}` waits for the worker that the same round starts: one worker runs at a time")
            }
        };
        let confidence = match (wait.tiny, wait.called) {
            (true, _) => Confidence::Low,
            (false, Some(_)) => Confidence::Medium,
            (false, None) => Confidence::High,
        };
        let mut draft = context
            .finding(&RULE, program.place(wait.wait), message)
            .confidence(confidence)
            .note(program.place(wait.handed), "started here");
        if let Some(call) = wait.called {
            draft = draft.note(program.place(call), "called once for each round here");
        }
        findings.push(match wait.next {
            Some(next) => {
                let note = "the next worker, which runs the same function, is started only here";
                let help = "start both workers and then join both";
                draft.note(program.place(next), note).help(help).done()
            }
            None => {
                let help = "start all workers in one loop and join them in a second, or use an executor's `map`";
                let fix = match wait.called {
                    Some(_) => None,
                    None => fixes::join_afterwards(program, wait.wait, wait.handed),
                };
                draft.help(help).fix(fix).done()
            }
        });
    }
}

/// A process for each item that is killed or limited is there for its own sake.
fn is_isolated(context: &Context<'_>, started: ExprRef) -> bool {
    let program = context.program;
    let crate::facts::ExprKind::Call { callee, .. } = program.kind(started) else {
        return false;
    };
    let crate::facts::ExprKind::Attribute { base, .. } = program.kind(program.sibling(started, *callee)) else {
        return false;
    };
    let sites: Vec<ExprRef> = program
        .values(program.sibling(started, *base))
        .iter()
        .filter_map(|value| program.site(value).and_then(Site::expression))
        .collect();
    let made = |submission: &&Submission<'_>| sites.contains(&submission.call);
    let submissions = program.submissions.iter().filter(made);
    submissions
        .into_iter()
        .any(|submission| super::isolation::is_wanted(program, submission))
}
