//! Daemonic processes may not have children: workers of a pool, and processes that are started with `daemon=True`.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{DefKind, ExprKind, StmtKind};
use crate::knowledge::{Role, Semantic, SubmissionResult, WorkerKind};
use crate::link::values::{ExprRef, ScopeRef, Value, ValueId};
use crate::link::{Program, Slot, StartSetting, Submission};
use crate::summary::startup::{Startup, Way};

use super::made_at;

/// A process that a daemonic process tries to start.
#[derive(Clone, Debug)]
pub struct DaemonicChild {
    /// The call that hands the work to the daemonic process.
    pub submission: ExprRef,
    /// The daemonic process is a pool's worker.
    pub in_pool: bool,
    /// The function that runs there.
    pub function: ScopeRef,
    /// How it comes to start a process.
    pub way: Way,
}

/// The attribute and argument of process objects.
const DAEMON: &str = "daemon";

pub(super) fn find(program: &Program<'_>, startup: &Startup) -> Vec<DaemonicChild> {
    let daemonic = assigned_daemonic(program);
    let mut found: BTreeMap<ExprRef, DaemonicChild> = BTreeMap::new();
    for submission in &program.submissions {
        let Some(in_pool) = daemonic_worker(program, submission, &daemonic) else {
            continue;
        };
        for function in what_runs(program, submission) {
            for way in startup.creations_in(program, function) {
                if asks_which_process(program, function, &way) {
                    continue;
                }
                found.entry(way.creation.at).or_insert_with(|| DaemonicChild {
                    submission: submission.call,
                    in_pool,
                    function,
                    way,
                });
            }
        }
    }
    found.into_values().collect()
}

/// Whether the worker is daemonic, and then whether it is a pool's.
fn daemonic_worker(program: &Program<'_>, submission: &Submission<'_>, daemonic: &BTreeSet<ExprRef>) -> Option<bool> {
    if !submission.is_always(WorkerKind::Process) {
        return None;
    }
    if submission.shape.result == SubmissionResult::Worker {
        let made = submission.through.unwrap_or(submission.call);
        let given = program.argument(made, None, Some(DAEMON));
        let by_argument = given.is_some_and(|given| matches!(program.kind(given), ExprKind::Bool(true)));
        return (by_argument || daemonic.contains(&made)).then_some(false);
    }
    let pools = submission
        .workers
        .iter()
        .map(|worker| worker.executor.filter(|&pool| is_plain_pool(program, pool)));
    let all = pools.collect::<Option<Vec<ValueId>>>()?;
    (!all.is_empty()).then_some(true)
}

/// A pool of the library's own class; a class or context of the project may make other workers.
fn is_plain_pool(program: &Program<'_>, pool: ValueId) -> bool {
    let Value::ExternalInstance { .. } = program.value(pool) else {
        return false;
    };
    let plain = program.type_fact(pool).is_some_and(|fact| {
        fact.role == Some(Role::Pool) && fact.worker == Some(WorkerKind::Process) && fact.on_exit.is_some()
    });
    plain && crate::link::start_settings::start_of_executor(program, pool) != StartSetting::Unknown
}

/// The functions that run in the worker: its target, and functions that the target is passed and calls.
fn what_runs(program: &Program<'_>, submission: &Submission<'_>) -> Vec<ScopeRef> {
    let mut found: Vec<ScopeRef> = Vec::new();
    for target in &submission.targets {
        let Some(function) = target.function() else { continue };
        found.push(function);
        let bound = usize::from(target.receiver().is_some());
        for argument in submission.arguments.iter().filter(|argument| !argument.elements) {
            let Some(Slot::Position(position)) = argument.slot else {
                continue;
            };
            if calls_parameter(program, function, position + bound) {
                let passed = program.callees_of(program.values(argument.expr));
                found.extend(passed.into_iter().filter_map(|callee| match callee {
                    crate::link::Callee::Function { function, .. } => Some(function),
                    _ => None,
                }));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn calls_parameter(program: &Program<'_>, function: ScopeRef, parameter: usize) -> bool {
    let file = program.file(function.file);
    let index = program.index(function.file);
    index
        .calls()
        .iter()
        .filter(|&&call| index.scope_of(call) == function.scope)
        .any(|&call| {
            let ExprKind::Call { callee, .. } = file.kind(call) else {
                return false;
            };
            let ExprKind::Name { reaching, .. } = file.kind(*callee) else {
                return false;
            };
            reaching.iter().any(
                |&def| matches!(file.definition(def).kind, DefKind::Parameter { index } if index as usize == parameter),
            )
        })
}

/// The calls that make processes whose `daemon` attribute is set to true, from outside or by themselves.
fn assigned_daemonic(program: &Program<'_>) -> BTreeSet<ExprRef> {
    let (mut made, mut classes) = (BTreeSet::new(), BTreeSet::new());
    for file in program.file_ids() {
        for indexed in &program.index(file).statements {
            let StmtKind::Assign { targets, value } = &indexed.stmt.kind else {
                continue;
            };
            if !matches!(program.file(file).kind(*value), ExprKind::Bool(true)) {
                continue;
            }
            for &target in targets {
                let ExprKind::Attribute { base, name, .. } = program.file(file).kind(target) else {
                    continue;
                };
                if name != DAEMON {
                    continue;
                }
                for value in program.values(ExprRef { file, expr: *base }).iter() {
                    made.extend(made_at(program, value));
                    if let (Value::Instance { class, .. }, true) = (program.value(value), is_self(program, file, *base))
                    {
                        classes.insert(*class);
                    }
                }
            }
        }
    }
    for call in program.calls() {
        classes.extend(passes_daemon_up(program, call));
    }
    // A process that makes itself daemonic does so wherever it is made.
    for submission in &program.submissions {
        for value in program.values(submission.call).iter() {
            if matches!(program.value(value), Value::Instance { class, .. } if classes.contains(class)) {
                made.insert(submission.call);
            }
        }
    }
    made
}

fn is_self(program: &Program<'_>, file: crate::finding::FileId, base: crate::facts::ExprId) -> bool {
    let scope = program.scope_of(ExprRef { file, expr: base });
    let first = program.scope(scope).parameters.first();
    matches!((program.file(file).kind(base), first), (ExprKind::Name { name, .. }, Some(first)) if *name == first.name)
}

/// `super().__init__(daemon=True)` makes all objects of the class daemonic.
fn passes_daemon_up(program: &Program<'_>, call: ExprRef) -> Option<ScopeRef> {
    let given = program.argument(call, None, Some(DAEMON))?;
    let scope = program.scope_of(call);
    let class = program.class_of_method(scope)?;
    let passes_up = matches!(program.kind(given), ExprKind::Bool(true))
        && program.scope(scope).name == "__init__"
        && !program.solution.classes.external_ancestors(class).is_empty();
    passes_up.then_some(class)
}

/// Code that asks which process it runs in knows what it does.
fn asks_which_process(program: &Program<'_>, function: ScopeRef, way: &Way) -> bool {
    let scopes: BTreeSet<ScopeRef> = std::iter::once(function)
        .chain(way.steps.iter().filter_map(|&(_, function)| function))
        .collect();
    scopes.into_iter().any(|scope| {
        let index = program.index(scope.file);
        index
            .calls()
            .iter()
            .filter(|&&call| index.scope_of(call) == scope.scope)
            .any(|&call| {
                let call = ExprRef {
                    file: scope.file,
                    expr: call,
                };
                program.callees(call).iter().any(|callee| {
                    matches!(callee, crate::link::Callee::External { name, .. }
                    if program.knowledge.semantic(name) == Some(Semantic::IdentifiesProcess))
                })
            })
    })
}
