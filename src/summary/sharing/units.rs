//! The pieces of code that run side by side: what each thread runs, and how often.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{ExprKind, StmtKind};
use crate::knowledge::{LifeStep, RequestThreads, WorkerKind};
use crate::link::submissions::targets_of;
use crate::link::values::{ExprRef, ScopeRef, Site, ValueId};
use crate::link::{Callee, Program, Submission, Worker};

use super::Origin;
use super::calls::Calls;
use super::places::single_site;
use super::requests;

/// Who can see an object that a unit touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Share {
    /// Made by the run itself, or one for each run.
    Own,
    /// A different value for each run.
    PerTask,
    /// What came with the request that the run answers: another value for each, but two may be equal.
    Requested,
    /// Not known.
    Unknown,
    /// The same for all runs.
    Shared,
}

impl Share {
    /// What holds whichever of two comes.
    pub(super) fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Unknown }
    }
}

/// What one thread runs, or each of several threads.
pub(super) struct Unit<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    /// What makes it run.
    pub(super) origin: Origin,
    /// The functions that may run; the first gives it its name.
    pub(super) roots: Vec<ScopeRef>,
    /// The object whose method it is.
    pub(super) receiver: Option<ValueId>,
    /// The call that happens several times, once for each run; `None` where there is one run.
    pub(super) anchor: Option<ExprRef>,
    /// It reaches so much that only its own function is sure to run.
    pub(super) by_name_only: bool,
    /// The functions that the unit reaches.
    pub(super) reached: BTreeSet<ScopeRef>,
    /// The functions that may be active when the threads are started.
    pub(super) outside: BTreeSet<ScopeRef>,
    /// It is what is called when the work is done, in the worker's own thread or another one.
    pub(super) is_callback: bool,
    /// The servers whose requests it answers, where it does.
    pub(super) served: Option<&'p RequestThreads>,
}

impl<'a> Unit<'_, 'a> {
    /// The submission that makes it run.
    pub(super) fn submission(&self) -> Option<&Submission<'a>> {
        match self.origin {
            Origin::Submission(number) => Some(&self.program.submissions[number]),
            Origin::Server(_) => None,
        }
    }

    /// Whether several runs of it go on at the same time.
    pub(super) fn is_many(&self) -> bool {
        self.anchor.is_some() || self.served.is_some()
    }
}

/// A thread that reaches more functions runs the whole program, and most of it by name only.
pub(super) const WHOLE_PROGRAM: usize = 150;
/// Calls are followed this far outwards.
const OUTWARDS: usize = 400;

/// All units of a program, in the order of the submissions.
pub(super) fn units<'p, 'a>(program: &'p Program<'a>, calls: &Calls<'_, 'a>) -> Vec<Unit<'p, 'a>> {
    let mut found = Vec::new();
    for (number, submission) in program.submissions.iter().enumerate() {
        if submission.forwarded || !submission.is_always(WorkerKind::Thread) {
            continue;
        }
        for target in &submission.targets {
            let Some(root) = target.function() else { continue };
            if program.scope(root).is_async {
                continue;
            }
            let reached = calls.reached(&[root]);
            found.push(Unit {
                program,
                origin: Origin::Submission(number),
                roots: vec![root],
                receiver: target.receiver(),
                anchor: anchor(program, submission),
                by_name_only: reached.len() > WHOLE_PROGRAM,
                reached,
                outside: outside(program, program.function_around(submission.scope)),
                is_callback: false,
                served: None,
            });
        }
    }
    found.extend(callbacks(program, calls));
    found.extend(requests::units(program, calls));
    found
}

/// What is called in another thread when work is done.
fn callbacks<'p, 'a>(program: &'p Program<'a>, calls: &Calls<'_, 'a>) -> Vec<Unit<'p, 'a>> {
    let mut given: Vec<(usize, ExprRef)> = Vec::new();
    let mut numbers = BTreeMap::new();
    for (number, submission) in program.submissions.iter().enumerate() {
        if submission.through.is_some() || submission.workers.iter().any(|worker| worker.kind.is_none()) {
            continue;
        }
        numbers.insert(submission.call, number);
        let positions = submission.shape.callbacks.iter();
        let arguments = positions.filter_map(|position| program.argument_at(submission.call, position));
        given.extend(arguments.map(|callback| (number, callback)));
    }
    for call in program.calls() {
        given.extend(added_callback(program, &numbers, call));
    }
    let mut found = Vec::new();
    for (number, callback) in given {
        for target in targets_of(program, callback) {
            let Some(root) = target.function().filter(|&root| !program.scope(root).is_async) else {
                continue;
            };
            let reached = calls.reached(&[root]);
            found.push(Unit {
                program,
                origin: Origin::Submission(number),
                roots: vec![root],
                receiver: target.receiver(),
                anchor: None,
                by_name_only: reached.len() > WHOLE_PROGRAM,
                reached,
                outside: outside(program, program.function_around(program.submissions[number].scope)),
                is_callback: true,
                served: None,
            });
        }
    }
    found
}

/// `future.add_done_callback(f)`: the submission that the future stands for, and `f`.
fn added_callback(
    program: &Program<'_>,
    numbers: &BTreeMap<ExprRef, usize>,
    call: ExprRef,
) -> Option<(usize, ExprRef)> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    let ExprKind::Attribute { base, .. } = program.kind(program.sibling(call, *callee)) else {
        return None;
    };
    let adds = program.callees(call).iter().any(|callee| match callee {
        Callee::External { name, .. } => {
            let fact = program.knowledge.call(name);
            fact.is_some_and(|fact| fact.step == Some(LifeStep::Callback))
        }
        _ => false,
    });
    if !adds {
        return None;
    }
    let future = single_site(program, program.sibling(call, *base))?.expression()?;
    Some((*numbers.get(&future)?, program.argument(call, Some(0), None)?))
}

/// The call that makes several runs of a submission.
fn anchor(program: &Program<'_>, submission: &Submission<'_>) -> Option<ExprRef> {
    let workers = &submission.workers;
    let alone = !workers.is_empty() && workers.iter().all(|worker| runs_alone(program, worker));
    if submission.intent.is_fan_out() && !alone {
        return Some(submission.call);
    }
    if alone {
        return None;
    }
    let submitter = program.function_around(submission.scope);
    let callers = program.solution.callers.get(&submitter)?;
    callers.iter().copied().find(|&call| {
        !program.index(call.file).loops_around(call.expr).is_empty() && calls_directly(program, call, submitter)
    })
}

/// Whether an executor runs its tasks one after the other, and there is no second one beside it: it is not made in a
/// loop, nor in a function that leaves it behind.
fn runs_alone(program: &Program<'_>, worker: &Worker) -> bool {
    let site = worker.executor.and_then(|executor| program.site(executor));
    let Some(made) = site
        .and_then(Site::expression)
        .filter(|_| worker.runs_one_at_a_time(program))
    else {
        return false;
    };
    let index = program.index(made.file);
    let is_entered = index.statement_of(made.expr).is_some_and(|statement| {
        matches!(&index.statement(statement).stmt.kind, StmtKind::With { items, .. }
            if items.iter().any(|&(context, _)| context == made.expr))
    });
    let maker = program.function_around(program.scope_of(made));
    let lasts = program.scope(maker).parent.is_none() || program.class_of_method(maker).is_some();
    is_entered || lasts && index.loops_around(made.expr).is_empty()
}

fn calls_directly(program: &Program<'_>, call: ExprRef, function: ScopeRef) -> bool {
    match program.callees(call).as_slice() {
        [Callee::Function { function: called, .. }] => *called == function,
        [Callee::Class(class)] => program.methods(*class, "__init__", false).contains(&function),
        _ => false,
    }
}

/// A function and everything that may call it.
pub(super) fn outside(program: &Program<'_>, submitter: ScopeRef) -> BTreeSet<ScopeRef> {
    let mut found = BTreeSet::from([submitter]);
    let mut open = vec![submitter];
    while let Some(function) = open.pop() {
        for &call in program.solution.callers.get(&function).into_iter().flatten() {
            let caller = program.function_around(program.scope_of(call));
            if found.len() < OUTWARDS && found.insert(caller) {
                open.push(caller);
            }
        }
    }
    found
}
