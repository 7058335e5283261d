//! Calls that only the loop's own thread may make, in code of other threads.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Confidence, Note};
use crate::knowledge::{LoopUse, Operation, Semantic, WorkerKind};
use crate::link::submissions::targets_of;
use crate::link::values::{ExprRef, ScopeRef, Site};
use crate::link::{Program, Target};

use super::Touch;
use super::blocking::shown;
use super::graph::{Graph, Outside};

/// All calls in code of worker threads that change a loop.
pub(super) fn touches(program: &Program<'_>, graph: &Graph) -> Vec<Touch> {
    let threads = thread_code(program, graph);
    let mut found = Vec::new();
    for (&scope, &starter) in &threads {
        for outside in graph.outside.get(&scope).into_iter().flatten() {
            if matches!(
                program.knowledge.loop_use(&outside.name),
                Some(LoopUse::TouchesLoop | LoopUse::MakesTask)
            ) {
                found.push(touch(program, scope, starter, outside));
            }
        }
    }
    found.sort_by_key(|touch| touch.place);
    found.dedup_by_key(|touch| touch.place);
    found
}

/// What makes code run in a worker thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Starter {
    /// A hand-over.
    Submission(ExprRef),
    /// A call that adds a callback to the future of a task, which the worker calls when it has done the task.
    Callback(ExprRef),
}

fn touch(program: &Program<'_>, scope: ScopeRef, starter: Starter, outside: &Outside) -> Touch {
    let name = program.display_name(scope);
    let (at, message, sure) = match starter {
        Starter::Submission(at) => (at, format!("`{name}` runs in a thread that is started here"), true),
        Starter::Callback(at) => (
            at,
            format!("`{name}` runs in the thread that ends the task, as a callback that is added here"),
            false,
        ),
    };
    Touch {
        place: program.place(outside.call),
        api: shown(&outside.name),
        function: scope,
        chain: vec![Note {
            place: program.place(at),
            message,
        }],
        confidence: if outside.sure && sure {
            Confidence::High
        } else {
            Confidence::Medium
        },
    }
}

/// The functions that run in worker threads only, each with what leads to it.
fn thread_code(program: &Program<'_>, graph: &Graph) -> BTreeMap<ScopeRef, Starter> {
    let mut code: BTreeMap<ScopeRef, Starter> = BTreeMap::new();
    let mut own_loop: BTreeSet<ScopeRef> = BTreeSet::new();
    for (target, starter) in thread_targets(program, graph) {
        let reachable = graph.reachable(program, target);
        if reachable.iter().any(|&scope| has_own_loop(program, graph, scope)) {
            own_loop.extend(reachable);
            continue;
        }
        for scope in reachable {
            code.entry(scope).or_insert(starter);
        }
    }
    code.retain(|scope, _| !own_loop.contains(scope));
    drop_shared(graph, code)
}

fn thread_targets(program: &Program<'_>, graph: &Graph) -> Vec<(ScopeRef, Starter)> {
    let mut found = Vec::new();
    for submission in &program.submissions {
        if submission.is_always(WorkerKind::Thread) {
            let functions = submission.targets.iter().filter_map(Target::function);
            found.extend(functions.map(|function| (function, Starter::Submission(submission.call))));
        }
    }
    let callbacks = graph.outside.values().flatten().filter(|outside| {
        program.knowledge.operation(&outside.name) == Some(Operation::AddCallback)
            && program.knowledge.loop_use(&outside.name) != Some(LoopUse::Awaitable)
            && !is_of_coroutine(program, outside)
    });
    for outside in callbacks {
        let callback = program.argument(outside.call, Some(0), None);
        let targets = callback.into_iter().flat_map(|callback| targets_of(program, callback));
        let functions: Vec<ScopeRef> = targets.filter_map(|target| target.function()).collect();
        found.extend(
            functions
                .into_iter()
                .map(|function| (function, Starter::Callback(outside.call))),
        );
    }
    found.retain(|&(function, _)| !program.scope(function).is_async);
    found
}

/// Whether the future of a callback is one of a coroutine, which its loop ends.
fn is_of_coroutine(program: &Program<'_>, outside: &Outside) -> bool {
    let site = outside.receiver.and_then(|receiver| program.site(receiver));
    site.and_then(Site::expression)
        .is_some_and(|made| program.has_semantic(made, Semantic::RunsCoroutine))
}

fn has_own_loop(program: &Program<'_>, graph: &Graph, scope: ScopeRef) -> bool {
    let calls = graph.outside.get(&scope).into_iter().flatten();
    calls
        .map(|outside| program.knowledge.loop_use(&outside.name))
        .any(|found| matches!(found, Some(LoopUse::RunsLoop | LoopUse::MakesLoop)))
}

/// Without the functions that other code calls, too, until nothing changes.
fn drop_shared(graph: &Graph, mut code: BTreeMap<ScopeRef, Starter>) -> BTreeMap<ScopeRef, Starter> {
    loop {
        let shared: Vec<ScopeRef> = code
            .keys()
            .copied()
            .filter(|scope| {
                let callers = graph.callers.get(scope).into_iter().flatten();
                callers.into_iter().any(|(caller, _)| !code.contains_key(caller))
            })
            .collect();
        if shared.is_empty() {
            return code;
        }
        for scope in shared {
            code.remove(&scope);
        }
    }
}
