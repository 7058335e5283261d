//! The places where work is handed to a worker: who runs it, what runs, with which arguments, how often.
//!
//! A call is a submission because of what it resolves to, never because of how it is spelled. A function that hands one
//! of its own parameters over makes each of its calls a submission, too.

use std::collections::BTreeMap;

use crate::facts::{ArgumentKind, DefKind, ExprKind};
use crate::finding::Place;
use crate::knowledge::{
    ArgumentsShape, FanOut, PicklingMoment, SubmissionResult, SubmissionShape, WorkerChoice, WorkerKind,
};

use super::index::Loop;
use super::indirect::{decorated_submission, initializer_submission, overridden_submissions, wrapped_parameters};
use super::program::{Callee, Program};
use super::start_settings::{StartSetting, start_of_class, start_of_context, start_of_executor};
use super::values::{ExprRef, ScopeRef, Site, Unresolved, Value, ValueId};

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

/// The parameter that takes the executor where the loop hands work over.
const EXECUTOR: &str = "executor";
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
                if let std::collections::btree_map::Entry::Vacant(entry) = found.entry(key) {
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
    let mut counts: BTreeMap<(ScopeRef, ScopeRef), u32> = BTreeMap::new();
    for submission in all.iter() {
        for function in submission.targets.iter().filter_map(Target::function) {
            *counts
                .entry((program.function_around(submission.scope), function))
                .or_default() += 1;
        }
    }
    for submission in all.iter_mut().filter(|submission| submission.intent == Intent::Single) {
        let scope = program.function_around(submission.scope);
        let several = submission
            .targets
            .iter()
            .filter_map(Target::function)
            .any(|function| counts.get(&(scope, function)) > Some(&1));
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
    let targets = match (shape.arguments, callable) {
        (ArgumentsShape::DelayedCalls, Some(iterable)) => delayed_targets(program, iterable),
        (_, Some(callable)) => targets_of(program, callable),
        (_, None) => mapped_targets(program, shape, call),
    };
    let (arguments, arguments_complete) = task_arguments(program, shape, call, callable);
    Some(Submission {
        call,
        scope: program.scope_of(call),
        shape,
        api: shape.api.clone(),
        workers,
        callable,
        targets,
        arguments,
        arguments_complete,
        intent: intent(program, shape.fan_out, call),
        through: None,
        wrapped: false,
        forwarded: false,
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

/// What the mappings in `Thread(**options)` name as the work.
fn mapped_targets(program: &Program<'_>, shape: &SubmissionShape, call: ExprRef) -> Vec<Target> {
    let keyword = shape.callable.as_ref().and_then(|position| position.keyword.as_deref());
    let mut targets: Vec<Target> = Vec::new();
    for mapping in mappings_of(program, call) {
        if let Some(callable) = keyword.and_then(|keyword| in_mapping(program, mapping, keyword)) {
            targets.extend(targets_of(program, callable));
        }
    }
    targets.dedup();
    targets
}

/// The displays and calls that make the mappings in `f(**mapping)`.
#[must_use]
pub fn mappings_of(program: &Program<'_>, call: ExprRef) -> Vec<ExprRef> {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return Vec::new();
    };
    let mappings = arguments
        .iter()
        .filter(|argument| argument.kind == ArgumentKind::DoubleStar);
    mappings
        .flat_map(|mapping| program.values(program.sibling(call, mapping.value)).iter())
        .filter_map(|value| program.site(value).and_then(Site::expression))
        .collect()
}

/// What a dict display, or a call with arguments by name, holds under a name.
#[must_use]
pub fn in_mapping(program: &Program<'_>, mapping: ExprRef, wanted: &str) -> Option<ExprRef> {
    match program.kind(mapping) {
        ExprKind::Dict { entries, .. } => entries.iter().find_map(|&(key, value)| {
            let key = program.kind(program.sibling(mapping, key?));
            matches!(key, ExprKind::Str { value, .. } if value == wanted).then(|| program.sibling(mapping, value))
        }),
        ExprKind::Call { .. } => program.argument(mapping, None, Some(wanted)),
        _ => None,
    }
}

/// A call of `partial(pool.submit, ...)`, with what is filled in put before its own arguments.
fn partial_submission<'a>(program: &Program<'a>, call: ExprRef, partial: ExprRef) -> Option<Submission<'a>> {
    let inner = program.argument(partial, Some(0), None)?;
    let ExprKind::Call { arguments, .. } = program.kind(partial) else {
        return None;
    };
    let plain = |argument: &&crate::facts::Argument| argument.kind == ArgumentKind::Positional;
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
            Some(Submission {
                call,
                scope: program.scope_of(call),
                shape,
                api: shape.api.clone(),
                workers,
                callable: Some(callable),
                targets: targets_of(program, callable),
                arguments: Vec::new(),
                arguments_complete: false,
                intent: intent(program, shape.fan_out, call),
                through: None,
                wrapped: false,
                forwarded: false,
            })
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
    let arguments = constructor_arguments(program, call);
    Some(Submission {
        call,
        scope: program.scope_of(call),
        shape,
        api: name,
        workers: vec![Worker {
            kind,
            executor: None,
            start: start_of_class(program, class),
            cloudpickle,
        }],
        callable,
        targets,
        arguments,
        arguments_complete: false,
        intent: intent(program, shape.fan_out, call),
        through: None,
        wrapped: false,
        forwarded: false,
    })
}

fn constructor_arguments(program: &Program<'_>, call: ExprRef) -> Vec<TaskArgument> {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return Vec::new();
    };
    arguments
        .iter()
        .map(|argument| TaskArgument {
            expr: program.sibling(call, argument.value),
            slot: None,
            elements: false,
        })
        .collect()
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

/// What a callable expression may run.
#[must_use]
pub fn targets_of(program: &Program<'_>, callable: ExprRef) -> Vec<Target> {
    let mut targets = Vec::new();
    for value in program.values(callable).iter() {
        collect_targets(program, value, value, &mut Vec::new(), &mut targets);
    }
    if targets.is_empty() {
        let reason = if is_parameter(program, callable) {
            Unresolved::Parameter
        } else {
            Unresolved::DynamicAttribute
        };
        targets.push(Target {
            callee: Callee::Unknown(reason),
            partials: Vec::new(),
            value: None,
        });
    }
    targets
}

fn collect_targets(
    program: &Program<'_>,
    value: ValueId,
    whole: ValueId,
    partials: &mut Vec<ExprRef>,
    targets: &mut Vec<Target>,
) {
    if let Value::Partial(site) = *program.value(value) {
        let inner = program.argument(site, Some(0), None);
        if let (Some(inner), true) = (inner, partials.len() < 4) {
            partials.push(site);
            for value in program.values(inner).iter() {
                collect_targets(program, value, whole, partials, targets);
            }
            partials.pop();
        }
        return;
    }
    if matches!(program.value(value), Value::None) {
        return;
    }
    let set = super::values::ValueSet::one(value);
    for callee in program.callees_of(&set) {
        // A wrapped function (`sync_to_async(f)`) is what runs.
        let target = Target {
            callee,
            partials: partials.clone(),
            value: Some(whole),
        };
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
}

fn is_parameter(program: &Program<'_>, expr: ExprRef) -> bool {
    !parameters_behind(program, expr).is_empty()
}

/// The functions behind `delayed(f)(x)` calls that an iterable holds.
fn delayed_targets(program: &Program<'_>, iterable: ExprRef) -> Vec<Target> {
    let mut targets = Vec::new();
    for call in delayed_calls(program, iterable) {
        if let Some(callable) = delayed_callable(program, call) {
            for target in targets_of(program, callable) {
                if !targets.contains(&target) {
                    targets.push(target);
                }
            }
        }
    }
    if targets.is_empty() {
        targets.push(Target {
            callee: Callee::Unknown(Unresolved::Element),
            partials: Vec::new(),
            value: None,
        });
    }
    targets
}

/// The `delayed(f)(x)` calls that an iterable holds.
#[must_use]
pub fn delayed_calls(program: &Program<'_>, iterable: ExprRef) -> Vec<ExprRef> {
    let mut calls = Vec::new();
    for value in program.values(iterable).iter() {
        let Value::ExternalInstance { site: Some(site), .. } = *program.value(value) else {
            continue;
        };
        let elements = program
            .solution
            .variable(super::solver::Variable::Element(site, super::solver::Key::All));
        for element in elements.iter() {
            if let Value::Delayed(call) = *program.value(element) {
                calls.push(call);
            }
        }
    }
    calls
}

/// The callable in `delayed(f)(x)`.
#[must_use]
pub fn delayed_callable(program: &Program<'_>, call: ExprRef) -> Option<ExprRef> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    for value in program.values(program.sibling(call, *callee)).iter() {
        if let Value::Delayed(site) = *program.value(value) {
            return program.argument(site, Some(0), None);
        }
    }
    None
}

pub(super) fn workers_of(
    program: &Program<'_>,
    shape: &SubmissionShape,
    call: ExprRef,
    receiver: Option<ValueId>,
) -> Vec<Worker> {
    let cloudpickle = shape.pickles == PicklingMoment::Cloudpickle;
    let plain = |kind| {
        vec![Worker {
            kind: Some(kind),
            executor: None,
            start: StartSetting::Default,
            cloudpickle,
        }]
    };
    match shape.worker {
        WorkerChoice::Thread => plain(WorkerKind::Thread),
        WorkerChoice::Process => {
            let start = receiver.map_or(StartSetting::Default, |receiver| start_of_context(program, receiver));
            vec![Worker {
                kind: Some(WorkerKind::Process),
                executor: receiver,
                start,
                cloudpickle,
            }]
        }
        WorkerChoice::Interpreter => plain(WorkerKind::Interpreter),
        WorkerChoice::EventLoop => plain(WorkerKind::EventLoop),
        WorkerChoice::Receiver => match receiver {
            Some(receiver) => vec![worker_behind(program, receiver)],
            None => vec![Worker {
                kind: None,
                executor: None,
                start: StartSetting::Default,
                cloudpickle,
            }],
        },
        WorkerChoice::ExecutorArgument => {
            executor_argument_workers(program, program.argument(call, Some(0), Some(EXECUTOR)))
        }
        WorkerChoice::Backend => vec![backend_worker(program, shape, receiver)],
    }
}

fn executor_argument_workers(program: &Program<'_>, argument: Option<ExprRef>) -> Vec<Worker> {
    let unknown = Worker {
        kind: None,
        executor: None,
        start: StartSetting::Default,
        cloudpickle: false,
    };
    let Some(argument) = argument else {
        return vec![unknown];
    };
    let mut workers = Vec::new();
    for value in program.values(argument).iter() {
        let worker = match program.value(value) {
            Value::None => Worker {
                kind: Some(WorkerKind::Thread),
                ..unknown.clone()
            },
            _ => worker_behind(program, value),
        };
        if !workers.contains(&worker) {
            workers.push(worker);
        }
    }
    if workers.is_empty() { vec![unknown] } else { workers }
}

/// The worker behind an executor or pool.
pub(super) fn worker_behind(program: &Program<'_>, executor: ValueId) -> Worker {
    let fact = program.type_fact(executor);
    Worker {
        kind: fact.and_then(|fact| fact.worker),
        executor: Some(executor),
        start: start_of_executor(program, executor),
        cloudpickle: fact.is_some_and(|fact| fact.cloudpickle),
    }
}

/// The worker that the constructor arguments of a library's object choose.
fn backend_worker(program: &Program<'_>, shape: &SubmissionShape, receiver: Option<ValueId>) -> Worker {
    let mut worker = Worker {
        kind: Some(WorkerKind::Process),
        executor: receiver,
        start: StartSetting::Default,
        cloudpickle: shape.pickles == PicklingMoment::Cloudpickle,
    };
    let Some(Site::Expr(site)) = receiver.and_then(|receiver| program.site(receiver)) else {
        return worker;
    };
    for backend in &shape.backends {
        let Some(argument) = program.argument(site, None, Some(&backend.keyword)) else {
            continue;
        };
        match program.literal_string(argument) {
            Some(text) if text == backend.value => {
                worker.kind = Some(backend.worker);
                worker.cloudpickle = !backend.standard_pickle;
                return worker;
            }
            Some(_) => {}
            None if matches!(program.kind(argument), ExprKind::None) => {}
            None => worker.kind = None,
        }
    }
    worker
}

fn task_arguments(
    program: &Program<'_>,
    shape: &SubmissionShape,
    call: ExprRef,
    callable: Option<ExprRef>,
) -> (Vec<TaskArgument>, bool) {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return (Vec::new(), false);
    };
    match shape.arguments {
        ArgumentsShape::Rest | ArgumentsShape::Iterables => rest_arguments(program, shape, call, callable),
        ArgumentsShape::ArgsKwargs => args_kwargs(program, shape, call),
        ArgumentsShape::OneIterable | ArgumentsShape::TupleIterable => {
            let iterable = shape
                .arguments_at
                .as_ref()
                .and_then(|position| program.argument_at(call, position));
            let slot = (shape.arguments == ArgumentsShape::OneIterable).then_some(Slot::Position(0));
            let found = iterable.map(|expr| TaskArgument {
                expr,
                slot,
                elements: true,
            });
            (
                found.into_iter().collect(),
                shape.arguments == ArgumentsShape::OneIterable,
            )
        }
        ArgumentsShape::DelayedCalls => {
            let calls = callable
                .map(|iterable| delayed_calls(program, iterable))
                .unwrap_or_default();
            let mut found = Vec::new();
            for delayed in &calls {
                found.extend(constructor_arguments(program, *delayed));
            }
            (found, false)
        }
        ArgumentsShape::Nothing => (Vec::new(), arguments.len() == 1),
    }
}

fn rest_arguments(
    program: &Program<'_>,
    shape: &SubmissionShape,
    call: ExprRef,
    callable: Option<ExprRef>,
) -> (Vec<TaskArgument>, bool) {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return (Vec::new(), false);
    };
    let elements = shape.arguments == ArgumentsShape::Iterables;
    let after = shape
        .callable
        .as_ref()
        .and_then(|position| position.position)
        .map_or(0, |position| position as usize + 1);
    let (mut found, mut complete, mut position) = (Vec::new(), true, 0);
    for argument in arguments {
        let expr = program.sibling(call, argument.value);
        let slot = match &argument.kind {
            ArgumentKind::Positional => {
                position += 1;
                if position <= after {
                    continue;
                }
                Some(Slot::Position(position - 1 - after))
            }
            ArgumentKind::Keyword(name) => {
                if shape.own_keywords.contains(name) || Some(expr) == callable {
                    continue;
                }
                Some(Slot::Keyword(name.clone()))
            }
            ArgumentKind::Star | ArgumentKind::DoubleStar => {
                complete = false;
                None
            }
        };
        found.push(TaskArgument { expr, slot, elements });
    }
    (found, complete)
}

fn args_kwargs(program: &Program<'_>, shape: &SubmissionShape, call: ExprRef) -> (Vec<TaskArgument>, bool) {
    let (mut found, mut complete) = (Vec::new(), true);
    let tuple = shape
        .arguments_at
        .as_ref()
        .and_then(|position| program.argument_at(call, position));
    if let Some(tuple) = tuple {
        match program.kind(tuple) {
            ExprKind::Sequence { elements, len, .. } if elements.len() == *len as usize => {
                for (position, &element) in elements.iter().enumerate() {
                    let expr = program.sibling(call, element);
                    let starred = matches!(program.kind(expr), ExprKind::Starred(_));
                    complete &= !starred;
                    let slot = complete.then_some(Slot::Position(position));
                    found.push(TaskArgument {
                        expr,
                        slot,
                        elements: starred,
                    });
                }
            }
            _ => {
                complete = false;
                found.push(TaskArgument {
                    expr: tuple,
                    slot: None,
                    elements: true,
                });
            }
        }
    }
    let mapping = shape
        .keywords_at
        .as_ref()
        .and_then(|position| program.argument_at(call, position));
    if let Some(mapping) = mapping {
        match program.kind(mapping) {
            ExprKind::Dict { entries, len } if entries.len() == *len as usize => {
                for &(key, value) in entries {
                    let name = key.and_then(|key| match program.kind(program.sibling(call, key)) {
                        ExprKind::Str { value, .. } => Some(Slot::Keyword(value.clone())),
                        _ => None,
                    });
                    complete &= name.is_some();
                    found.push(TaskArgument {
                        expr: program.sibling(call, value),
                        slot: name,
                        elements: false,
                    });
                }
            }
            _ => {
                complete = false;
                found.push(TaskArgument {
                    expr: mapping,
                    slot: None,
                    elements: true,
                });
            }
        }
    }
    if let ExprKind::Call { arguments, .. } = program.kind(call) {
        complete &= !arguments
            .iter()
            .any(|argument| matches!(argument.kind, ArgumentKind::Star | ArgumentKind::DoubleStar));
    }
    (found, complete)
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

/// The parameters of the enclosing function that an expression reads.
pub(super) fn parameters_behind(program: &Program<'_>, expr: ExprRef) -> Vec<(ScopeRef, u32)> {
    let mut found = Vec::new();
    let file = program.file(expr.file);
    if let Some(inner) = filled_in(program, expr) {
        return parameters_behind(program, inner);
    }
    if let ExprKind::Name {
        symbol: Some(symbol),
        reaching,
        ..
    } = program.kind(expr)
    {
        let all = &file.symbol(*symbol).definitions;
        for &def in if reaching.is_empty() { all } else { reaching } {
            match file.definition(def).kind {
                DefKind::Parameter { index } => {
                    let scope = file.symbol(*symbol).scope;
                    found.push((ScopeRef { file: expr.file, scope }, index));
                }
                _ => return Vec::new(),
            }
        }
    }
    found
}

/// The call of a submission and those of the wrappers that it goes through; what hands the work over comes last.
#[must_use]
pub fn calls_through(program: &Program<'_>, submission: &Submission<'_>) -> Vec<ExprRef> {
    let mut calls = vec![submission.call];
    let mut through = submission.through;
    while let Some(call) = through.filter(|call| !calls.contains(call)) {
        calls.push(call);
        let inner = program.submissions.iter().find(|inner| inner.call == call);
        through = inner.and_then(|inner| inner.through);
    }
    calls
}

/// The callable in a `partial(...)` call.
fn filled_in(program: &Program<'_>, expr: ExprRef) -> Option<ExprRef> {
    let makes_partial = matches!(program.kind(expr), ExprKind::Call { .. })
        && program
            .values(expr)
            .iter()
            .any(|value| *program.value(value) == Value::Partial(expr));
    if makes_partial {
        program.argument(expr, Some(0), None)
    } else {
        None
    }
}

/// The submissions that callers make through a function that hands one of its parameters over, as the work or as an
/// argument that the work calls.
fn derived_submissions<'a>(program: &Program<'a>, inner: &Submission<'a>) -> Vec<Submission<'a>> {
    let mut derived = Vec::new();
    for handed in inner.callable.into_iter().chain(called_arguments(program, inner)) {
        let mut parameters = parameters_behind(program, handed);
        parameters.extend(wrapped_parameters(program, handed));
        for value in program.values(handed).iter() {
            if let Value::Function(closure) = *program.value(value) {
                parameters.extend(captured_callables(program, closure));
            }
        }
        for (function, parameter) in parameters {
            for &call in program.solution.callers.get(&function).into_iter().flatten() {
                if let Some(mut submission) = derived_at(program, inner, function, parameter, call) {
                    submission.wrapped = inner.wrapped || !is_handed_on(program, inner, handed, (function, parameter));
                    derived.push(submission);
                }
            }
        }
    }
    derived.extend(derived_through_workers(program, inner));
    derived
}

/// As above, where the `run` method of a local worker class calls a parameter of the function around the class.
fn derived_through_workers<'a>(program: &Program<'a>, inner: &Submission<'a>) -> Vec<Submission<'a>> {
    let mut derived = Vec::new();
    let own = inner.callable.is_none() && inner.shape.result == SubmissionResult::Worker;
    for target in inner.targets.iter().filter_map(Target::function).filter(|_| own) {
        for (function, parameter) in captured_callables(program, target) {
            for &call in program.solution.callers.get(&function).into_iter().flatten() {
                if let Some(mut submission) = derived_at(program, inner, function, parameter, call) {
                    submission.wrapped = true;
                    derived.push(submission);
                }
            }
        }
    }
    derived
}

/// Whether a parameter is itself what is submitted, rather than something that the work calls.
fn is_handed_on(program: &Program<'_>, inner: &Submission<'_>, handed: ExprRef, parameter: (ScopeRef, u32)) -> bool {
    inner.callable == Some(handed) && parameters_behind(program, handed).contains(&parameter)
}

/// The parameters of the functions around a closure that the closure calls.
fn captured_callables(program: &Program<'_>, closure: ScopeRef) -> Vec<(ScopeRef, u32)> {
    if !program.is_local(closure) {
        return Vec::new();
    }
    let index = program.index(closure.file);
    let calls = index
        .calls()
        .iter()
        .filter(|&&call| index.scope_of(call) == closure.scope);
    let mut found = Vec::new();
    for &call in calls {
        let ExprKind::Call { callee, .. } = program.file(closure.file).kind(call) else {
            continue;
        };
        for parameter in parameters_behind(
            program,
            ExprRef {
                file: closure.file,
                expr: *callee,
            },
        ) {
            if parameter.0 != closure && !found.contains(&parameter) {
                found.push(parameter);
            }
        }
    }
    found
}

/// The arguments of a submission that its target calls.
fn called_arguments(program: &Program<'_>, submission: &Submission<'_>) -> Vec<ExprRef> {
    let mut found = Vec::new();
    for target in &submission.targets {
        let Some(function) = target.function() else { continue };
        let parameters = program.parameters(function, target.receiver().is_some());
        for argument in &submission.arguments {
            let Some(Slot::Position(position)) = argument.slot else {
                continue;
            };
            let Some(parameter) = parameters.get(position) else {
                continue;
            };
            if !argument.elements && is_called(program, function, parameter.def) && !found.contains(&argument.expr) {
                found.push(argument.expr);
            }
        }
    }
    found
}

/// Whether a function calls what a parameter of it holds.
pub(super) fn is_called(program: &Program<'_>, function: ScopeRef, parameter: crate::facts::DefId) -> bool {
    let index = program.index(function.file);
    let file = program.file(function.file);
    index.reads(file.definition(parameter).symbol).iter().any(|&read| {
        index
            .parent(read)
            .is_some_and(|parent| matches!(file.kind(parent), ExprKind::Call { callee, .. } if *callee == read))
    })
}

fn derived_at<'a>(
    program: &Program<'a>,
    inner: &Submission<'a>,
    function: ScopeRef,
    parameter: u32,
    call: ExprRef,
) -> Option<Submission<'a>> {
    let bound = program.callees(call).iter().any(|callee| match callee {
        Callee::Function {
            function: called,
            receiver,
        } => *called == function && receiver.is_some(),
        Callee::Class(_) => true,
        _ => false,
    });
    // Submissions that reach the wrapper as their target are not calls of it.
    let direct = program.callees(call).iter().any(|callee| match callee {
        Callee::Function { function: called, .. } => *called == function,
        Callee::Class(class) => program.methods(*class, "__init__", false).contains(&function),
        _ => false,
    });
    if !direct {
        return None;
    }
    let name = &program.scope(function).parameters[parameter as usize].name;
    let position = parameter.checked_sub(u32::from(bound));
    let callable = program.argument(call, position, Some(name))?;
    let targets = targets_of(program, callable);
    let wrapper = program.display_name(function);
    let intent = match inner.intent {
        Intent::Single => intent(program, FanOut::One, call),
        other => other,
    };
    Some(Submission {
        call,
        scope: program.scope_of(call),
        shape: inner.shape,
        api: format!("{wrapper} ({})", inner.shape.api),
        workers: inner.workers.clone(),
        callable: Some(callable),
        targets,
        arguments: Vec::new(),
        arguments_complete: false,
        intent,
        through: Some(inner.call),
        wrapped: inner.wrapped,
        forwarded: false,
    })
}
