//! Calls that only the loop's own thread may make, in code of other threads.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Confidence, Note};
use crate::knowledge::{LoopUse, WorkerKind};
use crate::link::values::ScopeRef;
use crate::link::{Program, Submission, Target};

use super::Touch;
use super::blocking::shown;
use super::graph::{Graph, Outside};

/// All calls in code of worker threads that change a loop.
pub(super) fn touches(program: &Program<'_>, graph: &Graph) -> Vec<Touch> {
    let threads = thread_code(program, graph);
    let mut found = Vec::new();
    for (&scope, &starter) in &threads {
        for outside in graph.outside.get(&scope).into_iter().flatten() {
            if program.knowledge.loop_use(&outside.name) == Some(LoopUse::TouchesLoop) {
                found.push(touch(program, scope, starter, outside));
            }
        }
    }
    found.sort_by_key(|touch| touch.place);
    found.dedup_by_key(|touch| touch.place);
    found
}

fn touch(program: &Program<'_>, scope: ScopeRef, starter: usize, outside: &Outside) -> Touch {
    let submission = &program.submissions[starter];
    Touch {
        place: program.place(outside.call),
        api: shown(&outside.name),
        function: scope,
        chain: vec![Note {
            place: program.place(submission.call),
            message: format!(
                "`{}` runs in a thread that is started here",
                program.display_name(scope)
            ),
        }],
        confidence: if outside.sure && submission.is_always(WorkerKind::Thread) {
            Confidence::High
        } else {
            Confidence::Medium
        },
    }
}

/// The functions that run in worker threads only, each with a submission that leads to it.
fn thread_code(program: &Program<'_>, graph: &Graph) -> BTreeMap<ScopeRef, usize> {
    let mut code: BTreeMap<ScopeRef, usize> = BTreeMap::new();
    let mut own_loop: BTreeSet<ScopeRef> = BTreeSet::new();
    for (number, submission) in program.submissions.iter().enumerate() {
        if !submission.is_always(WorkerKind::Thread) {
            continue;
        }
        for target in thread_targets(program, submission) {
            let reachable = graph.reachable(program, target);
            if reachable.iter().any(|&scope| has_own_loop(program, graph, scope)) {
                own_loop.extend(reachable);
                continue;
            }
            for scope in reachable {
                code.entry(scope).or_insert(number);
            }
        }
    }
    code.retain(|scope, _| !own_loop.contains(scope));
    drop_shared(graph, code)
}

fn thread_targets(program: &Program<'_>, submission: &Submission<'_>) -> Vec<ScopeRef> {
    let functions = submission.targets.iter().filter_map(Target::function);
    functions
        .filter(|&function| !program.scope(function).is_async)
        .collect()
}

fn has_own_loop(program: &Program<'_>, graph: &Graph, scope: ScopeRef) -> bool {
    let calls = graph.outside.get(&scope).into_iter().flatten();
    calls
        .map(|outside| program.knowledge.loop_use(&outside.name))
        .any(|found| matches!(found, Some(LoopUse::RunsLoop | LoopUse::MakesLoop)))
}

/// Without the functions that other code calls, too, until nothing changes.
fn drop_shared(graph: &Graph, mut code: BTreeMap<ScopeRef, usize>) -> BTreeMap<ScopeRef, usize> {
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
