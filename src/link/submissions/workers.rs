//! Who runs what is handed over: the kind of worker, its executor, how its processes start.

use crate::facts::ExprKind;
use crate::knowledge::{PicklingMoment, SubmissionShape, WorkerChoice, WorkerKind};
use crate::link::program::Program;
use crate::link::start_settings::{StartSetting, start_of_context, start_of_executor};
use crate::link::values::{ExprRef, Site, Value, ValueId};

use super::Worker;

/// The parameter that takes the executor where the loop hands work over.
pub(super) const EXECUTOR: &str = "executor";

impl Worker {
    /// Whether the executor is made for one worker, so that its tasks run one after the other.
    #[must_use]
    pub fn runs_one_at_a_time(&self, program: &Program<'_>) -> bool {
        let Some(executor) = self.executor else { return false };
        let Some(Site::Expr(site)) = program.site(executor) else {
            return false;
        };
        let fact = program.type_fact(executor);
        let position = fact.and_then(|fact| fact.workers_argument.as_ref());
        position
            .and_then(|position| program.argument_at(site, position))
            .is_some_and(|argument| program.literal_integers(argument) == (vec![1], false))
    }
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
            cloudpickle,
            ..Worker::of_kind(kind)
        }]
    };
    match shape.worker {
        WorkerChoice::Thread => plain(Some(WorkerKind::Thread)),
        WorkerChoice::Process => {
            let start = receiver.map_or(StartSetting::Default, |receiver| start_of_context(program, receiver));
            vec![Worker {
                executor: receiver,
                start,
                cloudpickle,
                ..Worker::of_kind(Some(WorkerKind::Process))
            }]
        }
        WorkerChoice::Interpreter => plain(Some(WorkerKind::Interpreter)),
        WorkerChoice::EventLoop => plain(Some(WorkerKind::EventLoop)),
        WorkerChoice::Receiver => match receiver {
            Some(receiver) => vec![worker_behind(program, receiver)],
            None => plain(None),
        },
        WorkerChoice::ExecutorArgument => {
            executor_argument_workers(program, program.argument(call, Some(0), Some(EXECUTOR)))
        }
        WorkerChoice::Backend => vec![backend_worker(program, shape, receiver)],
    }
}

pub(super) fn executor_argument_workers(program: &Program<'_>, argument: Option<ExprRef>) -> Vec<Worker> {
    let Some(argument) = argument else {
        return vec![Worker::of_kind(None)];
    };
    let mut workers = Vec::new();
    for value in program.values(argument).iter() {
        let worker = match program.value(value) {
            Value::None => Worker::of_kind(Some(WorkerKind::Thread)),
            _ => worker_behind(program, value),
        };
        if !workers.contains(&worker) {
            workers.push(worker);
        }
    }
    if workers.is_empty() {
        workers.push(Worker::of_kind(None));
    }
    workers
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
        executor: receiver,
        cloudpickle: shape.pickles == PicklingMoment::Cloudpickle,
        ..Worker::of_kind(Some(WorkerKind::Process))
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
