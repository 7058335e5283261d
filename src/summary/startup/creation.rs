//! The calls that start processes, and those that choose how they are started.

use std::collections::BTreeMap;

use crate::config::StartMethod;
use crate::facts::StmtKind;
use crate::finding::FileId;
use crate::knowledge::{Role, SideEffect, StartsWhen, SubmissionResult, WorkerChoice, WorkerKind};
use crate::link::start_settings::start_of_executor;
use crate::link::values::{ExprRef, ValueId};
use crate::link::{Callee, Program, StartSetting, Submission};

use super::library;

/// What is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Started {
    /// A process.
    Process,
    /// A pool with its workers.
    Pool,
    /// A manager's server process.
    Manager,
    /// The workers of an executor, at its first task.
    Executor,
    /// Worker processes that a library starts for its own use.
    Library,
    /// Nothing: the start method is chosen.
    StartMethod,
}

/// A call that starts processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Creation {
    /// The call, or the context expression of a `with`.
    pub at: ExprRef,
    /// What it starts.
    pub started: Started,
    /// The start method that the code fixes for it.
    pub start: StartSetting,
    /// The object that is started or that runs the task.
    pub object: Option<ValueId>,
}

/// All such calls by the expression that makes them.
pub(super) fn creations(program: &Program<'_>) -> BTreeMap<ExprRef, Creation> {
    let mut found = BTreeMap::new();
    for call in program.calls() {
        if let Some(creation) = creation_at(program, call) {
            found.insert(call, creation);
        }
    }
    for submission in &program.submissions {
        if let Some(creation) = executor_task(program, submission) {
            found.entry(submission.call).or_insert(creation);
        }
    }
    for file in program.file_ids() {
        for creation in entered_managers(program, file) {
            found.entry(creation.at).or_insert(creation);
        }
    }
    for creation in library::workers(program) {
        found.entry(creation.at).or_insert(creation);
    }
    found
}

fn creation_at(program: &Program<'_>, call: ExprRef) -> Option<Creation> {
    let mut best: Option<Creation> = None;
    for callee in program.callees(call) {
        let creation = match callee {
            Callee::External { name, receiver } => external_creation(program, call, &name, receiver),
            Callee::Class(class) => {
                let above = program.solution.classes.external_ancestors(class);
                above
                    .into_iter()
                    .find_map(|name| external_creation(program, call, program.name(name), None))
            }
            _ => None,
        };
        if let Some(creation) = creation
            && best.is_none_or(|other| rank(creation.start) > rank(other.start))
        {
            best = Some(creation);
        }
    }
    best
}

/// Starts that import the main module again come first.
fn rank(start: StartSetting) -> u8 {
    match start {
        StartSetting::Explicit(StartMethod::Fork) => 0,
        StartSetting::Unknown => 1,
        StartSetting::Default => 2,
        StartSetting::Explicit(_) => 3,
    }
}

fn external_creation(program: &Program<'_>, call: ExprRef, name: &str, receiver: Option<ValueId>) -> Option<Creation> {
    let fact = program.knowledge.call(name)?;
    if !fact.effects.contains(&SideEffect::StartsProcesses) {
        return None;
    }
    let made = fact.returns.as_ref().map_or(name, |made| made.name.as_str());
    if let Some(started) = started_when_made(program, made) {
        let object = program.values(call).iter().find(|&value| program.role(value).is_some());
        let start = object.map_or(StartSetting::Default, |object| start_of_executor(program, object));
        return Some(Creation {
            at: call,
            started,
            start,
            object,
        });
    }
    let (owner, _) = name.rsplit_once('.')?;
    let started = match program.knowledge.type_fact(owner)?.role? {
        Role::Worker => Started::Process,
        Role::Manager => Started::Manager,
        _ => return None,
    };
    let start = receiver.map_or(StartSetting::Default, |receiver| start_of_executor(program, receiver));
    Some(Creation {
        at: call,
        started,
        start,
        object: receiver,
    })
}

/// Pools and managers that start when they are made; executors start with their first task.
fn started_when_made(program: &Program<'_>, made: &str) -> Option<Started> {
    let fact = program.knowledge.type_fact(made)?;
    match fact.role? {
        Role::Pool if fact.worker == Some(WorkerKind::Process) => Some(Started::Pool),
        Role::Manager => Some(Started::Manager),
        _ => None,
    }
}

/// A task for processes that are not running before: an executor's, or those of a function that makes its own pool.
fn executor_task(program: &Program<'_>, submission: &Submission<'_>) -> Option<Creation> {
    let shape = submission.shape;
    if !submission.is_always(WorkerKind::Process)
        || submission.through.is_some()
        || shape.starts == StartsWhen::AtStart
        || shape.result == SubmissionResult::Worker
    {
        return None;
    }
    let worker = submission.workers.first()?;
    if worker.cloudpickle || !starts_with_tasks(program, submission) {
        return None;
    }
    Some(Creation {
        at: submission.call,
        started: Started::Executor,
        start: worker.start,
        object: worker.executor,
    })
}

fn starts_with_tasks(program: &Program<'_>, submission: &Submission<'_>) -> bool {
    match submission.shape.worker {
        WorkerChoice::Process | WorkerChoice::Backend => true,
        _ => submission.workers.iter().all(|worker| {
            let fact = worker.executor.and_then(|executor| program.type_fact(executor));
            fact.is_some_and(|fact| fact.role == Some(Role::Executor) && fact.context_argument.is_some())
        }),
    }
}

/// `with SyncManager() as manager:` starts the manager.
fn entered_managers(program: &Program<'_>, file: FileId) -> Vec<Creation> {
    let mut found = Vec::new();
    for indexed in &program.index(file).statements {
        let StmtKind::With { items, .. } = &indexed.stmt.kind else {
            continue;
        };
        for &(context, _) in items {
            let at = ExprRef { file, expr: context };
            for value in program
                .values(at)
                .iter()
                .filter(|&value| program.role(value) == Some(Role::Manager))
            {
                found.push(Creation {
                    at,
                    started: Started::Manager,
                    start: start_of_executor(program, value),
                    object: Some(value),
                });
            }
        }
    }
    found
}

/// The calls that choose a start method which makes children import the main module.
pub(super) fn start_method_calls(program: &Program<'_>) -> BTreeMap<ExprRef, Creation> {
    let spawning = |method: &Option<StartMethod>| *method != Some(StartMethod::Fork);
    let calls = program.start_methods_set.iter().filter(|(_, method)| spawning(method));
    calls
        .map(|(&call, method)| {
            let start = method.map_or(StartSetting::Unknown, StartSetting::Explicit);
            (
                call,
                Creation {
                    at: call,
                    started: Started::StartMethod,
                    start,
                    object: None,
                },
            )
        })
        .collect()
}
