//! The places where work is handed to a worker: who runs it, what runs, with which arguments, how often.
//!
//! A call is a submission because of what it resolves to, never because of how it is spelled. A function that hands one
//! of its own parameters over makes each of its calls a submission, too.

mod arguments;
mod derived;
mod indirect;
mod targets;
mod workers;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::facts::{Argument, ArgumentKind, ExprKind};
use crate::finding::Place;
use crate::knowledge::{FanOut, SubmissionResult, SubmissionShape, WorkerChoice, WorkerKind};

pub use arguments::{in_mapping, mappings_of};
pub use derived::calls_through;
pub use indirect::parameters_meant;
pub use targets::{delayed_callable, delayed_calls, targets_of};

use arguments::{constructor_arguments, task_arguments};
use derived::derived_submissions;
use indirect::{decorated_submission, initializer_submission, overridden_submissions};
use targets::{is_parameter, mapped_targets, targets_in_shape};
use workers::{EXECUTOR, executor_argument_workers, workers_of};

use super::index::Loop;
use super::program::{Callee, Program};
use super::start_settings::{StartSetting, start_of_class};
use super::values::{ExprRef, ScopeRef, Unresolved, Value, ValueId};

/// One possible worker of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Its kind; `None` where the executor is not known.
    pub kind: Option<WorkerKind>,
    /// The executor, pool or context that the work goes through.
    pub executor: Option<ValueId>,
    /// The start method that the code fixes for it.
    pub start: StartSetting,
    /// It pickles with cloudpickle or the like.
    pub cloudpickle: bool,
}

impl Worker {
    /// A worker of which no more than its kind is known, if that.
    fn of_kind(kind: Option<WorkerKind>) -> Self {
        Self {
            kind,
            executor: None,
            start: StartSetting::Default,
            cloudpickle: false,
        }
    }
}

/// What may run in the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The value that was handed over, unwrapped from partials and callable objects.
    pub callee: Callee,
    /// The `partial(...)` calls around it, outermost first.
    pub partials: Vec<ExprRef>,
    /// The value as handed over.
    pub value: Option<ValueId>,
}

impl Target {
    /// The function of the project that runs.
    #[must_use]
    pub fn function(&self) -> Option<ScopeRef> {
        match self.callee {
            Callee::Function { function, .. } => Some(function),
            _ => None,
        }
    }

    /// The object whose bound method runs.
    #[must_use]
    pub fn receiver(&self) -> Option<ValueId> {
        match self.callee {
            Callee::Function { receiver, .. } => receiver,
            _ => None,
        }
    }
}

/// An argument that travels to the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskArgument {
    /// The expression.
    pub expr: ExprRef,
    /// Its position or name in the call of the target; `None` where that is not known.
    pub slot: Option<Slot>,
    /// The elements of the expression travel, one a task, rather than the expression's own value.
    pub elements: bool,
}

impl TaskArgument {
    /// The elements of an expression, of which it is not known where they arrive.
    fn unknown_elements_of(expr: ExprRef) -> Self {
        Self {
            expr,
            slot: None,
            elements: true,
        }
    }
}

/// Where an argument goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A position, partials and receivers not counted.
    Position(usize),
    /// A name.
    Keyword(String),
}

/// How often a submission happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// One call, many tasks.
    Map,
    /// The call stands in a loop.
    Loop(Place),
    /// The same function hands the same target over several times.
    Several,
    /// Once.
    Single,
}

impl Intent {
    /// Whether the submission wants speed from running many tasks side by side.
    #[must_use]
    pub fn is_fan_out(self) -> bool {
        self != Self::Single
    }
}

/// A place where work is handed over.
#[derive(Clone, Debug)]
pub struct Submission<'a> {
    /// The call.
    pub call: ExprRef,
    /// The function or module whose code it is.
    pub scope: ScopeRef,
    /// The shape of the API underneath.
    pub shape: &'a SubmissionShape,
    /// The API as the user knows it; for wrappers of the project the wrapper's name.
    pub api: String,
    /// Who may run the work.
    pub workers: Vec<Worker>,
    /// The expression that names the work.
    pub callable: Option<ExprRef>,
    /// What may run.
    pub targets: Vec<Target>,
    /// The arguments that travel.
    pub arguments: Vec<TaskArgument>,
    /// The arguments are all known, so that they can be counted.
    pub arguments_complete: bool,
    /// How often it happens.
    pub intent: Intent,
    /// The submission that a wrapper of the project makes for this call.
    pub through: Option<ExprRef>,
    /// The callable is called by what really runs, which need not hand on what it returns.
    pub wrapped: bool,
    /// The callable is a parameter that calls of the enclosing function fill; those calls are submissions, too.
    pub forwarded: bool,
}

impl Submission<'_> {
    /// Whether the work may go to this kind of worker.
    #[must_use]
    pub fn may_be(&self, kind: WorkerKind) -> bool {
        self.workers.iter().any(|worker| worker.kind == Some(kind))
    }

    /// Whether the work goes to this kind of worker whatever happens.
    #[must_use]
    pub fn is_always(&self, kind: WorkerKind) -> bool {
        !self.workers.is_empty() && self.workers.iter().all(|worker| worker.kind == Some(kind))
    }

    /// Why nothing is known of the target, if nothing is.
    #[must_use]
    pub fn unresolved(&self) -> Option<Unresolved> {
        let mut reason = None;
        for target in &self.targets {
            match target.callee {
                Callee::Unknown(why) => reason = Some(why),
                _ => return None,
            }
        }
        reason
            .or(Some(Unresolved::DynamicAttribute))
            .filter(|_| self.targets.is_empty() || reason.is_some())
    }
}

/// Wrappers around wrappers are followed this far.
const WRAPPER_DEPTH: u32 = 3;

/// Finds all submissions, in order of file and position.
pub(super) fn find_submissions<'a>(program: &Program<'a>) -> Vec<Submission<'a>> {
    let mut found: BTreeMap<(ExprRef, String), Submission<'a>> = BTreeMap::new();
    for call in program.calls() {
        for submission in submissions_at(program, call) {
            found.insert((call, submission.api.clone()), submission);
        }
    }
    let mut frontier: Vec<Submission<'a>> = found.values().cloned().collect();
    for _ in 0..WRAPPER_DEPTH {
        let mut next = Vec::new();
        for inner in &frontier {
            let derived = derived_submissions(program, inner);
            if derived.is_empty() {
                continue;
            }
            let hands_on = inner.callable.is_some_and(|callable| is_parameter(program, callable));
            if let (true, Some(original)) = (hands_on, found.get_mut(&(inner.call, inner.api.clone()))) {
                original.forwarded = true;
            }
            for submission in derived {
                let key = (submission.call, submission.api.clone());
                if let Entry::Vacant(entry) = found.entry(key) {
                    entry.insert(submission.clone());
                    next.push(submission);
                }
            }
        }
        frontier = next;
    }
    for call in program.calls() {
        let covered = found.range((call, String::new())..).next();
        if covered.is_none_or(|((other, _), _)| *other != call) {
            let overridden = overridden_submissions(program, call);
            found.extend(
                overridden
                    .into_iter()
                    .map(|submission| ((call, submission.api.clone()), submission)),
            );
        }
    }
    let mut all: Vec<Submission<'a>> = found.into_values().collect();
    all.sort_by_key(|submission| (program.place(submission.call), submission.api.clone()));
    mark_several(program, &mut all);
    all
}

/// Several submissions of one target in one function are a fan-out.
fn mark_several(program: &Program<'_>, all: &mut [Submission<'_>]) {
    let mut calls: BTreeMap<(ScopeRef, ScopeRef), Vec<ExprRef>> = BTreeMap::new();
    for submission in all.iter() {
        for function in submission.targets.iter().filter_map(Target::function) {
            let key = (program.function_around(submission.scope), function);
            calls.entry(key).or_default().push(submission.call);
        }
    }
    // One call that goes to one worker or another is one submission, and so are the branches of a choice.
    let both_run = |&[first, second]: &[ExprRef; 2]| {
        let index = program.index(first.file);
        first != second && (first.file != second.file || !index.are_exclusive(first.expr, second.expr))
    };
    let several_run = |calls: &Vec<ExprRef>| {
        let later = |number: usize| calls[number + 1..].iter().map(move |&second| [calls[number], second]);
        (0..calls.len()).flat_map(later).any(|pair| both_run(&pair))
    };
    for submission in all.iter_mut().filter(|submission| submission.intent == Intent::Single) {
        let scope = program.function_around(submission.scope);
        let several = submission
            .targets
            .iter()
            .filter_map(Target::function)
            .any(|function| calls.get(&(scope, function)).is_some_and(several_run));
        if several {
            submission.intent = Intent::Several;
        }
    }
}

fn submissions_at<'a>(program: &Program<'a>, call: ExprRef) -> Vec<Submission<'a>> {
    let mut found: Vec<Submission<'a>> = Vec::new();
    for callee in program.callees(call) {
        let submission = match callee {
            Callee::External { name, receiver } => external_submission(program, call, &name, receiver),
            Callee::Class(class) => subclass_submission(program, call, class),
            Callee::Function { function, receiver } => decorated_submission(program, call, function, receiver),
            Callee::Partial(site) => partial_submission(program, call, site),
            _ => None,
        };
        let Some(submission) = submission else { continue };
        match found.iter_mut().find(|other| other.api == submission.api) {
            Some(same) => {
                for worker in submission.workers {
                    if !same.workers.contains(&worker) {
                        same.workers.push(worker);
                    }
                }
            }
            None => found.push(submission),
        }
    }
    found
}

fn external_submission<'a>(
    program: &Program<'a>,
    call: ExprRef,
    name: &str,
    receiver: Option<ValueId>,
) -> Option<Submission<'a>> {
    let Some(shape) = program.knowledge.submission(name) else {
        let made = program.knowledge.call(name).and_then(|fact| fact.returns.as_ref());
        return initializer_submission(program, call, made.map_or(name, |made| made.name.as_str()));
    };
    let callable = shape
        .callable
        .as_ref()
        .and_then(|position| program.argument_at(call, position));
    if callable.is_none() && (shape.result == SubmissionResult::Wrapper || !has_arguments(program, call)) {
        return None;
    }
    let workers = workers_of(program, shape, call, receiver);
    if workers.iter().all(|worker| worker.kind == Some(WorkerKind::Inline)) {
        return None;
    }
    let targets = match callable {
        Some(callable) => targets_in_shape(program, shape, callable),
        None => mapped_targets(program, shape, call),
    };
    let (arguments, arguments_complete) = task_arguments(program, shape, call, callable);
    Some(Submission {
        arguments,
        arguments_complete,
        ..plain_submission(program, shape, call, workers, callable, targets)
    })
}

/// A submission of which no more is known than who runs what.
pub(super) fn plain_submission<'a>(
    program: &Program<'a>,
    shape: &'a SubmissionShape,
    call: ExprRef,
    workers: Vec<Worker>,
    callable: Option<ExprRef>,
    targets: Vec<Target>,
) -> Submission<'a> {
    Submission {
        call,
        scope: program.scope_of(call),
        shape,
        api: shape.api.clone(),
        workers,
        callable,
        targets,
        arguments: Vec::new(),
        arguments_complete: false,
        intent: intent(program, shape.fan_out, call),
        through: None,
        wrapped: false,
        forwarded: false,
    }
}

/// A call of `partial(pool.submit, ...)`, with what is filled in put before its own arguments.
fn partial_submission<'a>(program: &Program<'a>, call: ExprRef, partial: ExprRef) -> Option<Submission<'a>> {
    let inner = program.argument(partial, Some(0), None)?;
    let ExprKind::Call { arguments, .. } = program.kind(partial) else {
        return None;
    };
    let plain = |argument: &&Argument| argument.kind == ArgumentKind::Positional;
    let filled = u32::try_from(arguments.iter().filter(plain).count())
        .ok()?
        .checked_sub(1)?;
    let at = |position: u32, keyword: Option<&str>| match position.checked_sub(filled) {
        Some(behind) => program.argument(call, Some(behind), keyword),
        None => program.argument(partial, Some(position + 1), keyword),
    };
    program
        .callees_of(program.values(inner))
        .into_iter()
        .find_map(|callee| {
            let Callee::External { name, receiver } = callee else {
                return None;
            };
            let shape = program.knowledge.submission(&name)?;
            let place = shape.callable.as_ref()?;
            let callable = at(place.position?, place.keyword.as_deref())?;
            let workers = match shape.worker {
                WorkerChoice::ExecutorArgument => executor_argument_workers(program, at(0, Some(EXECUTOR))),
                _ => workers_of(program, shape, call, receiver),
            };
            let targets = targets_of(program, callable);
            Some(plain_submission(program, shape, call, workers, Some(callable), targets))
        })
}

fn has_arguments(program: &Program<'_>, call: ExprRef) -> bool {
    matches!(program.kind(call), ExprKind::Call { arguments, .. } if !arguments.is_empty())
}

/// `Worker(...)` where the project's class `Worker` is a thread or process with a `run` method, or passes a target up.
fn subclass_submission<'a>(program: &Program<'a>, call: ExprRef, class: ScopeRef) -> Option<Submission<'a>> {
    let above = program.solution.classes.external_ancestors(class);
    let (shape, name) = above.iter().find_map(|&name| {
        let name = program.name(name);
        let shape = program.knowledge.submission(name)?;
        (shape.result == SubmissionResult::Worker).then(|| (shape, name.to_owned()))
    })?;
    let mut targets = Vec::new();
    let mut callable = None;
    let value = program
        .values(call)
        .iter()
        .find(|&value| matches!(program.value(value), Value::Instance { .. }));
    match program.methods(class, "run", false).first() {
        Some(&function) => {
            targets.push(Target {
                callee: Callee::Function {
                    function,
                    receiver: value,
                },
                partials: Vec::new(),
                value,
            });
        }
        None => {
            callable = target_passed_up(program, class, shape);
            if let Some(callable) = callable {
                targets = targets_of(program, callable);
            }
        }
    }
    let kind = program.knowledge.type_fact(&name).and_then(|fact| fact.worker);
    let cloudpickle = program.knowledge.type_fact(&name).is_some_and(|fact| fact.cloudpickle);
    let worker = Worker {
        start: start_of_class(program, class),
        cloudpickle,
        ..Worker::of_kind(kind)
    };
    Some(Submission {
        api: name,
        arguments: constructor_arguments(program, call),
        ..plain_submission(program, shape, call, vec![worker], callable, targets)
    })
}

/// The `target=` that a constructor passes to `super().__init__`.
fn target_passed_up(program: &Program<'_>, class: ScopeRef, shape: &SubmissionShape) -> Option<ExprRef> {
    let init = *program.methods(class, "__init__", false).first()?;
    let index = program.index(init.file);
    index.calls().iter().filter(|&&call| index.scope_of(call) == init.scope).find_map(|&call| {
        let call = ExprRef { file: init.file, expr: call };
        let passes_up = program.callees(call).iter().any(|callee| {
            matches!(callee, Callee::External { name, .. } if name.strip_suffix(".__init__") == Some(shape.api.as_str()))
        });
        if passes_up { program.argument_at(call, shape.callable.as_ref()?) } else { None }
    })
}

fn intent(program: &Program<'_>, fan_out: FanOut, call: ExprRef) -> Intent {
    if fan_out == FanOut::Map {
        return Intent::Map;
    }
    let index = program.index(call.file);
    match index.loops_around(call.expr).first() {
        Some(Loop::Statement(id)) => {
            let span = index.statement(*id).stmt.span;
            Intent::Loop(Place { file: call.file, span })
        }
        Some(Loop::Comprehension(expr)) => Intent::Loop(program.place(program.sibling(call, *expr))),
        None => Intent::Single,
    }
}
