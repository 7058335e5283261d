//! A fork copies only the thread that calls it: locks that other threads hold then stay locked in the child.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::StartMethod;
use crate::facts::StmtKind;
use crate::knowledge::{LifeStep, Role, Semantic, SubmissionResult, WaitOn, WorkerKind};
use crate::link::index::Branch;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Program, StartSetting, Target};
use crate::summary::locks::share_a_lock;
use crate::summary::sequence::{Event, Sequences, called, exclusive};
use crate::summary::startup::{Runs, Started, Startup};

use super::children::{leading_to_exec, made_in_children, prepares_forks};
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
    /// The calls that lead to the fork.
    pub path: Vec<ExprRef>,
    /// The fork happens whenever the first of them is made.
    pub certain: bool,
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

/// What the search reads.
struct Search<'p, 'a> {
    program: &'p Program<'a>,
    startup: &'p Startup,
    sequences: &'p Sequences,
    steps: BTreeMap<ExprRef, Vec<Step>>,
    /// Functions that lead to the start of a thread.
    threading: BTreeSet<ScopeRef>,
    /// Functions that lead to a fork.
    forking: BTreeSet<ScopeRef>,
    /// Functions that lead to anything that matters.
    followed: BTreeSet<ScopeRef>,
}

pub(super) fn find(program: &Program<'_>, startup: &Startup, sequences: &Sequences) -> Vec<ForkedThread> {
    if prepares_forks(program) {
        return Vec::new();
    }
    let search = Search::new(program, startup, sequences);
    let mut found: BTreeMap<ExprRef, ForkedThread> = BTreeMap::new();
    for forked in search.in_order().into_iter().chain(search.beside_own_threads()) {
        found.entry(forked.fork).or_insert(forked);
    }
    for forked in in_tasks_of_threads(program, startup) {
        found.entry(forked.fork).or_insert(forked);
    }
    found.into_values().collect()
}

impl<'p, 'a> Search<'p, 'a> {
    fn new(program: &'p Program<'a>, startup: &'p Startup, sequences: &'p Sequences) -> Self {
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
        let followed = threading.iter().chain(&forking).chain(&joining).copied().collect();
        Self {
            program,
            startup,
            sequences,
            steps,
            threading,
            forking,
            followed,
        }
    }

    fn events(&self, root: ScopeRef) -> Vec<Event> {
        self.sequences.of(self.program, root, &self.followed)
    }

    /// Forks that one run of a function makes after it has started a thread.
    fn in_order(&self) -> Vec<ForkedThread> {
        let roots = self.threading.intersection(&self.forking);
        roots
            .flat_map(|&root| walk(self.program, &self.steps, &self.events(root), Vec::new()).0)
            .collect()
    }

    /// Forks in the methods of an object whose constructor has started a thread that runs on.
    fn beside_own_threads(&self) -> Vec<ForkedThread> {
        let mut found = Vec::new();
        for &method in &self.forking {
            let Some(class) = self.program.class_of_method(method) else {
                continue;
            };
            let constructors = self.program.methods(class, "__init__", false);
            let leading = self.startup.leading_to([method]);
            for constructor in constructors {
                if !self.threading.contains(&constructor) || leading.contains(&constructor) {
                    continue;
                }
                let (_, mut running) = walk(self.program, &self.steps, &self.events(constructor), Vec::new());
                running.retain(|(made, started)| self.runs_on(*made, started));
                found.extend(walk(self.program, &self.steps, &self.events(method), running).0);
            }
        }
        found
    }

    /// Whether what a thread runs has a loop without a known end.
    fn runs_on(&self, made: ExprRef, started: &Event) -> bool {
        let submissions = self.program.submissions.iter();
        let mut functions = submissions
            .filter(|submission| submission.call == made || submission.call == started.call)
            .flat_map(|submission| submission.targets.iter().filter_map(Target::function));
        functions.any(|function| {
            let index = self.program.index(function.file);
            let mut statements = index.statements_of(function.scope).iter();
            statements.any(|&id| matches!(index.statement(id).stmt.kind, StmtKind::While { .. }))
        })
    }
}

/// The threads that are handed a queue, by what makes the queue.
fn threads_with_queues(program: &Program<'_>) -> BTreeMap<ExprRef, Vec<ExprRef>> {
    let mut found: BTreeMap<ExprRef, Vec<ExprRef>> = BTreeMap::new();
    let threads = program.submissions.iter();
    for submission in threads.filter(|submission| submission.is_always(WorkerKind::Thread)) {
        let passed = submission
            .arguments
            .iter()
            .flat_map(|argument| program.values(argument.expr).iter());
        for queue in passed.filter(|&value| program.role(value) == Some(Role::Queue)) {
            if let Some(made) = made_at(program, queue) {
                found.entry(made).or_default().push(submission.call);
            }
        }
    }
    found
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
                    path: way.steps.iter().map(|&(call, _)| call).collect(),
                    certain: way.runs == Runs::Always,
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
    let with_queues = threads_with_queues(program);
    let leading_to_exec = leading_to_exec(program, startup);
    for call in program.calls() {
        for (method, receiver) in external_methods(program, call) {
            let Some(made) = made_at(program, receiver) else {
                continue;
            };
            // Who waits for what threads report knows when they are done.
            let waits = program.knowledge.call(&method).and_then(|fact| fact.on) == Some(WaitOn::Queue);
            for &thread in with_queues.get(&made).into_iter().flatten().filter(|_| waits) {
                found.entry(call).or_default().push(Step::Joined(thread));
            }
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
        if program.has_semantic(call, Semantic::Forks) && !execs_later(program, call, &leading_to_exec) {
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
        if may_fork(creation.start) && !matches!(creation.started, Started::Library | Started::StartMethod) {
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

/// `if os.fork() == 0: os.execv(...)`, also through functions that the child calls.
fn execs_later(program: &Program<'_>, fork: ExprRef, leading_to_exec: &BTreeSet<ScopeRef>) -> bool {
    let index = program.index(fork.file);
    let scope = index.scope_of(fork.expr);
    let beside = index.calls().iter().filter(|&&call| index.scope_of(call) == scope);
    let mut beside = beside.map(|&call| program.sibling(fork, call));
    leading_to_exec.contains(&program.function_around(program.scope_of(fork)))
        && beside.any(|call| {
            program.has_semantic(call, Semantic::Execs)
                || made_in_children(program, &[call]).next().is_some()
                    && called(program, call)
                        .iter()
                        .any(|function| leading_to_exec.contains(function))
        })
}

/// Threads that run, each by what makes it, with their start.
type Running = Vec<(ExprRef, Event)>;

/// The forks among the events while threads run, and the threads that run at the end.
fn walk(
    program: &Program<'_>,
    steps: &BTreeMap<ExprRef, Vec<Step>>,
    events: &[Event],
    mut running: Running,
) -> (Vec<ForkedThread>, Running) {
    let (mut forked_before, mut found) = (BTreeSet::new(), Vec::new());
    for event in events {
        for &step in steps.get(&event.call).into_iter().flatten() {
            match step {
                Step::Thread(made) => {
                    if running.iter().all(|(other, _)| *other != made) {
                        running.push((made, event.clone()));
                    }
                }
                Step::Joined(made) => running.retain(|(other, _)| *other != made),
                Step::Fork(start, object, bare) => {
                    // Who forks under a lock keeps threads out by it.
                    if share_a_lock(program, event.call, event.call) {
                        continue;
                    }
                    // An executor forks its workers with its first task.
                    if object.is_some_and(|object| !forked_before.insert(object)) {
                        continue;
                    }
                    let alive = running
                        .iter()
                        .find(|(made, started)| is_alive(program, *made, started, event));
                    if let Some((_, started)) = alive {
                        found.push(ForkedThread {
                            fork: event.call,
                            thread: started.call,
                            start,
                            bare,
                            path: event.leading().to_vec(),
                            certain: true,
                        });
                    }
                }
            }
        }
    }
    (found, running)
}

/// Whether a thread that was started may run at a fork. One call that starts threads as well as processes of a list
/// says nothing of their order.
fn is_alive(program: &Program<'_>, made: ExprRef, started: &Event, fork: &Event) -> bool {
    started.call != fork.call
        && !is_left(program, made, fork)
        && !exclusive(program, started, fork)
        && !are_alternatives(program, started, fork)
        && is_certain(program, started)
        && is_certain(program, fork)
        // The child of a fork has none of the threads that its parent has started, and the other way round.
        && made_in_children(program, &fork.path).all(|call| started.path.contains(&call))
        && made_in_children(program, &started.path).all(|call| fork.path.contains(&call))
}

/// Whether each call on the way to another one can only mean one function.
fn is_certain(program: &Program<'_>, event: &Event) -> bool {
    event.leading().iter().all(|&call| called(program, call).len() == 1)
}

/// Whether one call leads to both, by calling different functions: which of them, or in which order, is not known.
fn are_alternatives(program: &Program<'_>, started: &Event, fork: &Event) -> bool {
    let scope_of = |call: ExprRef| program.function_around(program.scope_of(call));
    let mut pairs = started.path.iter().zip(&fork.path).enumerate();
    let parting = pairs.find(|(_, (one, other))| one != other);
    parting.is_some_and(|(position, (&one, &other))| position > 0 && scope_of(one) != scope_of(other))
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
