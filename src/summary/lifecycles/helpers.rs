//! Functions that hand one task over and wait for it before they return, and the loops that call them.

use std::collections::BTreeSet;

use crate::facts::{ExprKind, MODULE, StmtKind};
use crate::knowledge::{LifeStep, Role, Semantic, SubmissionResult, WorkerKind};
use crate::link::index::Loop;
use crate::link::values::{ExprRef, ScopeRef, Site, Value};
use crate::link::{Callee, Submission};

use super::feeding::leaves;
use super::pools::varies;
use super::serial::{Finder, Wait};

/// A function that is called from several workers anyway is looked for this many calls up.
const CALLERS: u32 = 6;

/// The waits of functions that are called once a round.
pub(super) fn find(finder: &Finder<'_, '_>) -> Vec<Wait> {
    let workers = functions_of_workers(finder);
    let mut waits = Vec::new();
    for (handed, wait, joins) in outcomes(finder).into_iter().chain(joins(finder)) {
        let function = finder.program.scope_of(wait);
        let unconditional = !finder.has_condition(handed, wait, None) && !finder.works_between(handed, wait);
        if !unconditional || runs_in_worker(finder, &workers, function) {
            continue;
        }
        let calls = finder.program.solution.callers.get(&function).into_iter().flatten();
        let looped = calls
            .copied()
            .filter(|&call| is_called_per_round(finder, call, function));
        waits.extend(looped.map(|call| Wait {
            wait,
            handed,
            joins,
            endless: false,
            tiny: finder.is_tiny(handed),
            next: None,
            called: Some(call),
        }));
    }
    waits
}

type Found = (ExprRef, ExprRef, bool);

/// Submissions that are asked for their outcome by the function that makes them, without a limit of time.
fn outcomes(finder: &Finder<'_, '_>) -> Vec<Found> {
    let program = finder.program;
    let mut found = Vec::new();
    for submission in program
        .submissions
        .iter()
        .filter(|submission| is_pooled(finder, submission))
    {
        if let Some(wait) = finder.asked_at(submission.call)
            && is_straight(finder, submission.call, wait)
            && has_no_argument(finder, wait)
        {
            found.push((submission.call, wait, false));
        }
    }
    found
}

/// The task goes to workers that other code has made: those that the function makes for itself are there for a reason.
fn is_pooled(finder: &Finder<'_, '_>, submission: &Submission<'_>) -> bool {
    let program = finder.program;
    let future = matches!(
        submission.shape.result,
        SubmissionResult::Future | SubmissionResult::AsyncResult
    );
    let made_elsewhere = |executor| {
        let site = program.site(executor).and_then(Site::expression);
        let pool = matches!(program.role(executor), Some(Role::Pool | Role::Executor));
        pool && site.is_some_and(|site| program.scope_of(site) != submission.scope)
    };
    let workers = &submission.workers;
    future
        && submission.through.is_none()
        && !workers.is_empty()
        && workers.iter().all(|worker| worker.executor.is_some_and(made_elsewhere))
}

/// Threads that are started and joined by one function.
fn joins(finder: &Finder<'_, '_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (wait, _) in finder.lives.steps().filter(|(_, step)| *step == LifeStep::Join) {
        let patient = finder.index(wait.file).loops_around(wait.expr).len() > finder.loops(wait).len();
        let Some(worker) = finder
            .receiver(wait)
            .filter(|_| patient || has_no_argument(finder, wait))
        else {
            continue;
        };
        let started = finder.started_before(worker, wait).next();
        if let Some(start) = started.filter(|&start| is_straight(finder, start, wait) && starts_thread(finder, start)) {
            found.push((start, wait, true));
        }
    }
    found
}

/// A process is there for its own sake, too, where one is made for a single call.
fn starts_thread(finder: &Finder<'_, '_>, start: ExprRef) -> bool {
    let Some(made) = finder.made(start) else { return false };
    let function = finder.program.scope_of(start);
    let mut submissions = finder.program.submissions.iter();
    finder.program.scope_of(made) == function
        && submissions.any(|submission| submission.call == made && submission.is_always(WorkerKind::Thread))
}

/// Both stand in the code of one function, outside of its loops.
fn is_straight(finder: &Finder<'_, '_>, handed: ExprRef, wait: ExprRef) -> bool {
    let function = finder.program.scope_of(wait);
    function.scope != MODULE
        && finder.program.scope_of(handed) == function
        && !finder.program.scope(function).is_async
        && finder.loops(handed).is_empty()
        && finder.loops(wait).is_empty()
}

fn has_no_argument(finder: &Finder<'_, '_>, call: ExprRef) -> bool {
    matches!(finder.program.kind(call), ExprKind::Call { arguments, .. } if arguments.is_empty())
}

/// All that workers run: what is handed over, and the functions around it that decorators put there.
fn functions_of_workers(finder: &Finder<'_, '_>) -> BTreeSet<ScopeRef> {
    let program = finder.program;
    let targets = program.submissions.iter().flat_map(|submission| &submission.targets);
    let mut found: BTreeSet<ScopeRef> = targets.filter_map(|target| target.function()).collect();
    let wrappers = found
        .iter()
        .filter_map(|function| program.solution.wrappers.get(function));
    let wrappers: Vec<ScopeRef> = wrappers.flatten().copied().collect();
    found.extend(wrappers);
    found
}

/// Whether a worker calls a function: then several calls of it run side by side.
fn runs_in_worker(finder: &Finder<'_, '_>, workers: &BTreeSet<ScopeRef>, function: ScopeRef) -> bool {
    let program = finder.program;
    let mut seen = BTreeSet::from([function]);
    let mut frontier = vec![function];
    for _ in 0..CALLERS {
        if frontier.iter().any(|function| workers.contains(function)) {
            return true;
        }
        let callers = frontier
            .iter()
            .filter_map(|function| program.solution.callers.get(function));
        let around = callers
            .flatten()
            .map(|&call| program.function_around(program.scope_of(call)));
        frontier = around.filter(|&function| seen.insert(function)).collect();
    }
    false
}

/// Whether a loop over items calls the function with something of the round, and goes on whatever that gives.
fn is_called_per_round(finder: &Finder<'_, '_>, call: ExprRef, function: ScopeRef) -> bool {
    if maps(finder, call, function) {
        return true;
    }
    if !calls_itself(finder, call, function) {
        return false;
    }
    let index = finder.index(call.file);
    let Some(&around) = finder.loops(call).first() else {
        return false;
    };
    let span = match around {
        Loop::Comprehension(expr) => finder.program.file(call.file).span(expr),
        Loop::Statement(id) => match &index.statement(id).stmt.kind {
            StmtKind::For { body, .. } if !leaves(body) && !is_under_condition(finder, call, around) => {
                index.statement(id).stmt.span
            }
            _ => return false,
        },
    };
    varies(finder.program, call, span) && !finder.feeds_next(call, call, around)
}

/// The function itself is what is called, or what a decorator has put in the place of what is.
fn calls_itself(finder: &Finder<'_, '_>, call: ExprRef, function: ScopeRef) -> bool {
    let wrappers = &finder.program.solution.wrappers;
    finder.program.callees(call).iter().all(|callee| match callee {
        Callee::Function { function: called, .. } => {
            *called == function || wrappers.get(called).is_some_and(|around| around.contains(&function))
        }
        _ => false,
    })
}

fn is_under_condition(finder: &Finder<'_, '_>, call: ExprRef, around: Loop) -> bool {
    let index = finder.index(call.file);
    let Some(statement) = index.statement_of(call.expr) else {
        return true;
    };
    let inside = index
        .ancestors(statement)
        .take_while(|(id, _)| Loop::Statement(*id) != around);
    inside.into_iter().any(|(id, _)| {
        matches!(
            index.statement(id).stmt.kind,
            StmtKind::If { .. } | StmtKind::Match { .. }
        )
    })
}

/// `list(map(function, items))`.
fn maps(finder: &Finder<'_, '_>, call: ExprRef, function: ScopeRef) -> bool {
    let program = finder.program;
    let is_map = program.callees(call).iter().all(|callee| {
        matches!(callee, Callee::External { name, .. }
            if program.knowledge.semantic(name) == Some(Semantic::Map) && program.knowledge.submission(name).is_none())
    });
    let Some(mapped) = program.argument(call, Some(0), None).filter(|_| is_map) else {
        return false;
    };
    let is_function = |value| match *program.value(value) {
        Value::Function(called) | Value::BoundMethod { function: called, .. } => called == function,
        _ => false,
    };
    let index = finder.index(call.file);
    let read = index.parent(call.expr).is_some()
        || index
            .statement_of(call.expr)
            .is_some_and(|statement| matches!(index.statement(statement).stmt.kind, StmtKind::For { .. }));
    read && program.values(mapped).iter().all(is_function)
}
