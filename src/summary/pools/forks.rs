//! A fork copies only the thread that calls it: locks that other threads hold then stay locked in the child.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::StartMethod;
use crate::facts::StmtKind;
use crate::knowledge::{LifeStep, Semantic, SubmissionResult, WorkerKind};
use crate::link::index::Branch;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program, StartSetting, Target};
use crate::summary::locks::share_a_lock;
use crate::summary::sequence::{Event, Sequences, exclusive};
use crate::summary::startup::{Started, Startup};

use super::{external_methods, is_worker, made_at, step};

/// A fork while a thread runs.
#[derive(Clone, Debug)]
pub struct ForkedThread {
    /// The call that forks.
    pub fork: ExprRef,
    /// The call that starts the thread.
    pub thread: ExprRef,
    /// How the child is started; explicit for `os.fork`.
    pub start: StartSetting,
    /// It is a bare `os.fork`.
    pub bare: bool,
}

/// What matters of a call.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Starts a thread of the object that is made there.
    Thread(ExprRef),
    /// Waits for the end of that object's threads.
    Joined(ExprRef),
    /// Forks, for the object that is made there.
    Fork(StartSetting, Option<ExprRef>, bool),
}

pub(super) fn find(program: &Program<'_>, startup: &Startup, sequences: &Sequences) -> Vec<ForkedThread> {
    let steps = steps(program, startup);
    let scopes = |wanted: fn(&Step) -> bool| {
        let calls = steps.iter().filter(move |(_, steps)| steps.iter().any(wanted));
        calls
            .map(|(&call, _)| program.function_around(program.scope_of(call)))
            .collect::<BTreeSet<ScopeRef>>()
    };
    let threading = startup.leading_to(scopes(|step| matches!(step, Step::Thread(_))));
    let forking = startup.leading_to(scopes(|step| matches!(step, Step::Fork(..))));
    let joining = startup.leading_to(scopes(|step| matches!(step, Step::Joined(_))));
    let followed: BTreeSet<ScopeRef> = threading.iter().chain(&forking).chain(&joining).copied().collect();
    let mut found: BTreeMap<ExprRef, ForkedThread> = BTreeMap::new();
    for &root in threading.intersection(&forking) {
        let events = sequences.of(program, root, &followed);
        for forked in walk(program, &steps, &events) {
            found.entry(forked.fork).or_insert(forked);
        }
    }
    for forked in in_tasks_of_threads(program, startup) {
        found.entry(forked.fork).or_insert(forked);
    }
    found.into_values().collect()
}

/// Ways of more calls than this say little about what the tasks do.
const FAR: usize = 4;

/// Processes that the tasks of several threads start: while one forks, another may hold a lock.
fn in_tasks_of_threads(program: &Program<'_>, startup: &Startup) -> Vec<ForkedThread> {
    let mut found = Vec::new();
    for submission in &program.submissions {
        if !submission.is_always(WorkerKind::Thread) || submission.forwarded || !submission.intent.is_fan_out() {
            continue;
        }
        for function in submission.targets.iter().filter_map(Target::function) {
            let ways = startup.creations_in(program, function);
            let forking = ways.into_iter().find(|way| {
                way.steps.len() <= FAR && way.creation.started == Started::Process && may_fork(way.creation.start)
            });
            if let Some(way) = forking
                && !share_a_lock(program, way.creation.at, way.creation.at)
            {
                found.push(ForkedThread {
                    fork: way.creation.at,
                    thread: submission.call,
                    start: way.creation.start,
                    bare: false,
                });
            }
        }
    }
    found
}

fn may_fork(start: StartSetting) -> bool {
    matches!(start, StartSetting::Default | StartSetting::Explicit(StartMethod::Fork))
}

fn steps(program: &Program<'_>, startup: &Startup) -> BTreeMap<ExprRef, Vec<Step>> {
    let mut found: BTreeMap<ExprRef, Vec<Step>> = BTreeMap::new();
    for call in program.calls() {
        for (method, receiver) in external_methods(program, call) {
            let Some(made) = made_at(program, receiver) else {
                continue;
            };
            let is_thread = is_worker(program, receiver, WorkerKind::Thread);
            let step = match step(program, &method) {
                // A thread that cleans up after a failure is not what runs when all is well.
                Some(LifeStep::Start) if is_thread && handles_failure(program, call) => continue,
                Some(LifeStep::Start) if is_thread => Step::Thread(made),
                Some(LifeStep::Join) if is_thread => Step::Joined(made),
                Some(LifeStep::Join | LifeStep::Close) if has_threads(program, receiver) => Step::Joined(made),
                _ => continue,
            };
            found.entry(call).or_default().push(step);
        }
        let forks = program.callees(call).iter().any(|callee| {
            matches!(callee, Callee::External { name, .. } if program.knowledge.semantic(name) == Some(Semantic::Forks))
        });
        if forks && !execs_later(program, call) {
            let start = StartSetting::Explicit(StartMethod::Fork);
            found.entry(call).or_default().push(Step::Fork(start, None, true));
        }
    }
    for submission in &program.submissions {
        let worker = submission.workers.first().and_then(|worker| worker.executor);
        if let (true, Some(executor)) = (submission.is_always(WorkerKind::Thread), worker)
            && submission.shape.result != SubmissionResult::Results
            && let Some(made) = made_at(program, executor)
        {
            found.entry(submission.call).or_default().push(Step::Thread(made));
        }
    }
    for (&call, creation) in startup.creations() {
        if may_fork(creation.start) && creation.started != Started::StartMethod {
            let object = creation.object.and_then(|object| made_at(program, object));
            found
                .entry(call)
                .or_default()
                .push(Step::Fork(creation.start, object, false));
        }
    }
    found
}

/// Whether a call stands in an `except` clause.
fn handles_failure(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    index.statement_of(call.expr).is_some_and(|statement| {
        index
            .ancestors(statement)
            .any(|(_, branch)| matches!(branch, Branch::Handler(_)))
    })
}

/// Whether a value is an executor or pool of threads.
fn has_threads(program: &Program<'_>, receiver: crate::link::values::ValueId) -> bool {
    let fact = program.type_fact(receiver);
    fact.is_some_and(|fact| fact.worker == Some(WorkerKind::Thread) && fact.workers_argument.is_some())
}

/// `if os.fork() == 0: os.execv(...)`.
fn execs_later(program: &Program<'_>, fork: ExprRef) -> bool {
    let index = program.index(fork.file);
    let scope = index.scope_of(fork.expr);
    index
        .calls()
        .iter()
        .filter(|&&call| index.scope_of(call) == scope)
        .any(|&call| {
            program.callees(program.sibling(fork, call)).iter().any(|callee| {
            matches!(callee, Callee::External { name, .. } if program.knowledge.semantic(name) == Some(Semantic::Execs))
        })
        })
}

fn walk(program: &Program<'_>, steps: &BTreeMap<ExprRef, Vec<Step>>, events: &[Event]) -> Vec<ForkedThread> {
    let mut running: BTreeMap<ExprRef, &Event> = BTreeMap::new();
    let (mut forked_before, mut found) = (BTreeSet::new(), Vec::new());
    for event in events {
        for &step in steps.get(&event.call).into_iter().flatten() {
            match step {
                Step::Thread(made) => {
                    running.entry(made).or_insert(event);
                }
                Step::Joined(made) => {
                    running.remove(&made);
                }
                Step::Fork(start, object, bare) => {
                    // Who forks under a lock keeps threads out by it.
                    if share_a_lock(program, event.call, event.call) {
                        continue;
                    }
                    // An executor forks its workers with its first task.
                    if object.is_some_and(|object| !forked_before.insert(object)) {
                        continue;
                    }
                    // One call that starts threads as well as processes of a list says nothing of their order.
                    let alive = running.iter().find(|(made, started)| {
                        started.call != event.call
                            && !is_left(program, **made, event)
                            && !exclusive(program, started, event)
                    });
                    if let Some((_, started)) = alive {
                        found.push(ForkedThread {
                            fork: event.call,
                            thread: started.call,
                            start,
                            bare,
                        });
                    }
                }
            }
        }
    }
    found
}

/// Whether the `with` block of a thread executor has ended before an event.
fn is_left(program: &Program<'_>, made: ExprRef, event: &Event) -> bool {
    let index = program.index(made.file);
    let Some(statement) = index.statement_of(made.expr) else {
        return false;
    };
    let statement = index.statement(statement);
    let StmtKind::With { items, .. } = &statement.stmt.kind else {
        return false;
    };
    if !items.iter().any(|(context, _)| *context == made.expr) {
        return false;
    }
    let inside = |call: &ExprRef| call.file == made.file && statement.stmt.span.contains(program.place(*call).span);
    !event.path.iter().any(inside)
}
