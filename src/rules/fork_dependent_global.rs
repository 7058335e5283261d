//! CC303: globals that workers read and that only the parent sets.

use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::WorkerKind;
use crate::summary::child_memory::{ForkOnlyGlobal, Instead};

use super::{Check, Context, Rule, child_start, lost, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC303",
    name: "fork-dependent-global",
    severity: Severity::Warning,
    page: include_str!("../../rules/fork-dependent-global.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for global in &context.child_memory().fork_only_globals {
        findings.extend(finding(context, global));
    }
}

fn finding(context: &Context<'_>, global: &ForkOnlyGlobal) -> Option<Finding> {
    let program = context.program;
    let submission = &program.submissions[global.submission];
    let fresh = child_start::fresh(context, submission)?;
    let name = &global.name;
    let target = wording::target(program, submission);
    let when = if fresh.is_empty() {
        "the workers, which do not come from a fork,".to_owned()
    } else {
        format!("workers that do not come from a fork ({fresh})")
    };
    let parent = |does, instead| {
        format!("only the parent {does} the global `{name}` that {target} reads in a process: {when} {instead}")
    };
    let message = match global.instead {
        Instead::Nothing => parent("sets", "do not have it at all"),
        Instead::Empty => parent("sets", "see the empty value that the module starts with"),
        Instead::Start => parent("changes", "see what the module starts with"),
        Instead::Own => format!(
            "importing the module makes the `{name}` that {target} uses in a process: {when} make one of their own, and what one does to it the others never see"
        ),
    };
    let has_something = matches!(global.instead, Instead::Start | Instead::Own);
    let sure = submission.is_always(WorkerKind::Process) && (!has_something || fresh.is_empty());
    // Forked workers share what the module has made: programs that are only forked are right to.
    let works_forked = global.instead == Instead::Own && child_start::forked(context, submission).is_some();
    let confidence = match (lost::is_remote(&global.path) || works_forked, sure) {
        (true, _) => Confidence::Low,
        (false, true) => Confidence::High,
        (false, false) => Confidence::Medium,
    };
    Some(
        context
            .finding(&RULE, global.assignment, message)
            .confidence(confidence)
            .note(program.place(global.read), format!("the worker reads `{name}` here"))
            .notes(global.path.iter().cloned())
            .note(program.place(submission.call), "the work is handed to a process here")
            .help(format!("pass `{name}` as an argument, or set it in the worker: Pool and ProcessPoolExecutor take initializer= and initargs="))
            .done(),
    )
}
