//! CC309: what is handed to a process is not there when the child looks for it.

use crate::config::StartMethod;
use crate::facts::ScopeKind;
use crate::finding::{Finding, Severity};
use crate::knowledge::WorkerKind;
use crate::link::values::{ScopeRef, Site};
use crate::link::{Program, StartSetting, Submission, Target};
use crate::summary::startup::{Runs, Started};

use super::{Check, Context, Rule, start_methods};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC309",
    name: "target-missing-in-child",
    severity: Severity::Error,
    page: include_str!("../../rules/target-missing-in-child.md"),
    check: Check::Submission(check),
};

fn check(context: &Context<'_>, _: usize, submission: &Submission<'_>, findings: &mut Vec<Finding>) {
    let is_sent = submission.workers.iter().all(|worker| !worker.cloudpickle);
    if submission.forwarded || !submission.is_always(WorkerKind::Process) || !is_sent {
        return;
    }
    for target in &submission.targets {
        let Some(definition) = definition(context.program, target) else {
            continue;
        };
        if under_guard(context, submission, definition, findings) {
            return;
        }
        if after_pool(context, submission, definition, findings) {
            return;
        }
    }
}

/// The outermost function or class that a child looks for in the main module.
fn definition(program: &Program<'_>, target: &Target) -> Option<ScopeRef> {
    let mut outermost = target.function()?;
    if program.is_local(outermost) || program.scope(outermost).kind == ScopeKind::Lambda {
        return None;
    }
    while let Some(parent) = program.parent_scope(outermost) {
        if program.scope(parent).kind == ScopeKind::Module {
            break;
        }
        outermost = parent;
    }
    Some(outermost)
}

/// The target is defined where a child that imports the main module does not come.
fn under_guard(
    context: &Context<'_>,
    submission: &Submission<'_>,
    definition: ScopeRef,
    findings: &mut Vec<Finding>,
) -> bool {
    let program = context.program;
    if context.startup().is_defined_on_import(program, definition) != Runs::Never || has_other(program, definition) {
        return false;
    }
    let start = submission
        .workers
        .first()
        .map_or(StartSetting::Default, |worker| worker.start);
    let Some(breakage) = start_methods::reimports(context, definition.file, start) else {
        return false;
    };
    let name = program.display_name(definition);
    let message = format!(
        "`{name}` is defined under the main guard, so that a child {} does not find it",
        breakage.when.trim_end_matches(',')
    );
    let draft = context
        .finding(&RULE, program.place(submission.call), message)
        .confidence(breakage.confidence)
        .note(program.name_place(definition), format!("`{name}` is defined here"))
        .help("define it at the top level of the module, before the main guard");
    findings.push(draft.done());
    true
}

/// The module defines the name elsewhere, too.
fn has_other(program: &Program<'_>, definition: ScopeRef) -> bool {
    let file = program.file(definition.file);
    let symbol = file.symbol_in(crate::facts::MODULE, &program.scope(definition).name);
    symbol.is_some_and(|symbol| file.symbol(symbol).definitions.len() > 1)
}

/// Under fork a pool's workers know only what was defined when the pool was made.
fn after_pool(
    context: &Context<'_>,
    submission: &Submission<'_>,
    definition: ScopeRef,
    findings: &mut Vec<Finding>,
) -> bool {
    let program = context.program;
    let Some(worker) = submission.workers.first() else {
        return false;
    };
    let made = worker
        .executor
        .and_then(|pool| program.site(pool))
        .and_then(Site::expression);
    let Some(made) = made else { return false };
    let is_pool = context
        .startup()
        .creations()
        .get(&made)
        .is_some_and(|creation| creation.started == Started::Pool);
    let module = program.module_scope(definition.file);
    let same_run = made.file == definition.file && program.scope_of(made) == module;
    let after = program.place(made).span.end < program.scope(definition).span.start;
    if !is_pool || !same_run || !after || has_other(program, definition) {
        return false;
    }
    let methods = start_methods::possible(context, made.file, worker.start);
    let Some((_, when)) = methods.iter().find(|(method, _)| *method == StartMethod::Fork) else {
        return false;
    };
    let name = program.display_name(definition);
    let message = format!("`{name}` is defined after the pool is made: under fork ({when}) its workers do not know it");
    let draft = context
        .finding(&RULE, program.place(submission.call), message)
        .note(program.place(made), "the pool is made here")
        .note(program.name_place(definition), format!("`{name}` is defined here"))
        .help("make the pool after everything that its workers run is defined");
    findings.push(draft.done());
    true
}
