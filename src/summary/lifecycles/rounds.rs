//! Functions that make a pool, give it many tasks and end it, and the loops that call them.

use std::collections::BTreeSet;

use crate::facts::{DefKind, ExprId, ExprKind, MODULE, Span, StmtKind, visit_expressions};
use crate::knowledge::WorkerKind;
use crate::link::index::Loop;
use crate::link::values::{ExprRef, ScopeRef, Site};
use crate::link::{Callee, Program, Submission};
use crate::summary::{Sizes, Summaries};

use super::pools::{FEW_ROUNDS, is_plain_call, leaves};

/// Seconds that workers take to start and end, for a pool of a few.
const THREADS: f64 = 2e-4;
const PROCESSES: f64 = 2e-2;
/// A single task that takes this much longer than the workers' start makes that not worth a word.
const LONG: f64 = 20.0;
/// Bindings that are followed to find what a constructor's arguments rest on.
const BINDINGS: usize = 20;

/// Whether the start of the workers matters beside their tasks: surely, or perhaps; `None` where it does not.
pub(super) fn starting_matters(program: &Program<'_>, summaries: &Summaries<'_>, pool: ExprRef) -> Option<bool> {
    let made_here = |executor| program.site(executor) == Some(Site::Expr(pool));
    let tasks = program.submissions.iter().filter(|submission| {
        submission
            .workers
            .iter()
            .any(|worker| worker.executor.is_some_and(made_here))
    });
    let mut sure = None;
    for submission in tasks {
        sure = Some(sure.unwrap_or(true) & is_short(summaries, submission)?);
    }
    sure
}

/// Whether one task is known to be short; `None` where it is long, and where threads are given what is not known.
fn is_short(summaries: &Summaries<'_>, submission: &Submission<'_>) -> Option<bool> {
    let processes = submission.may_be(WorkerKind::Process);
    let start = if processes { PROCESSES } else { THREADS };
    let mut known = !submission.targets.is_empty();
    for target in &submission.targets {
        match target.function().and_then(|function| summaries.profile(function)) {
            Some(profile) if profile.total().typical > start * LONG => return None,
            Some(profile) => known &= profile.unknown.is_empty(),
            None => known = false,
        }
    }
    (known || processes).then_some(known)
}

/// A call in a loop that leads to a function by at most so many calls, and with which each round makes the same pool.
pub(super) fn looped_call(program: &Program<'_>, pool: ExprRef, function: ScopeRef, calls: u32) -> Option<ExprRef> {
    let ExprKind::Call { arguments, .. } = program.kind(pool) else {
        return None;
    };
    let chosen = arguments.iter().map(|argument| program.sibling(pool, argument.value));
    let mut frontier = vec![(function, chosen.collect::<Vec<ExprRef>>())];
    let mut seen = BTreeSet::from([function]);
    for _ in 0..calls {
        let mut next = Vec::new();
        for (current, roots) in frontier {
            for &call in program.solution.callers.get(&current).into_iter().flatten() {
                // How often tests call something says little about the program.
                let only_tested = program.is_test(call.file) && !program.is_test(function.file);
                if only_tested || !is_plain_call(program, call, current) {
                    continue;
                }
                let roots = at_call(program, current, &roots, call);
                if let Some(&around) = program.index(call.file).loops_around(call.expr).first() {
                    if is_same_each_round(program, call, around, &roots) {
                        return Some(call);
                    }
                    continue;
                }
                let around = program.function_around(program.scope_of(call));
                if around.scope != MODULE && seen.insert(around) {
                    next.push((around, roots));
                }
            }
        }
        frontier = next;
    }
    None
}

/// What expressions of a function rest on where a call calls it.
fn at_call(program: &Program<'_>, function: ScopeRef, roots: &[ExprRef], call: ExprRef) -> Vec<ExprRef> {
    let receiver = program.callees(call).into_iter().find_map(|callee| match callee {
        Callee::Function {
            function: called,
            receiver,
        } if called == function => Some(receiver.is_some()),
        _ => None,
    });
    let bound = receiver.unwrap_or_default();
    let parameters = &program.scope(function).parameters;
    let mut found = Vec::new();
    for index in parameters_behind(program, roots) {
        let name = parameters.get(index as usize).map(|parameter| parameter.name.as_str());
        match index.checked_sub(u32::from(bound)) {
            Some(position) => found.extend(program.argument(call, Some(position), name)),
            None => found.extend(receiver_of(program, call)),
        }
    }
    found
}

fn receiver_of(program: &Program<'_>, call: ExprRef) -> Option<ExprRef> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    match program.kind(program.sibling(call, *callee)) {
        ExprKind::Attribute { base, .. } => Some(program.sibling(call, *base)),
        _ => None,
    }
}

/// The positions of the parameters that expressions of a function rest on, directly or through local names.
fn parameters_behind(program: &Program<'_>, roots: &[ExprRef]) -> BTreeSet<u32> {
    let mut open = roots.to_vec();
    let mut followed = 0;
    let mut found = BTreeSet::new();
    while let Some(root) = open.pop() {
        let facts = program.file(root.file);
        visit_expressions(facts, root.expr, &mut |expr| {
            let ExprKind::Name { reaching, .. } = facts.kind(expr) else {
                return;
            };
            for &def in reaching {
                match facts.definition(def).kind {
                    DefKind::Parameter { index } => {
                        found.insert(index);
                    }
                    DefKind::Assign { value, .. } if followed < BINDINGS => {
                        followed += 1;
                        open.push(program.sibling(root, value));
                    }
                    _ => {}
                }
            }
        });
    }
    found
}

/// The loop makes more than a few rounds to its end, calls the function in each, and nothing that the pool rests on
/// changes.
fn is_same_each_round(program: &Program<'_>, call: ExprRef, around: Loop, roots: &[ExprRef]) -> bool {
    let index = program.index(call.file);
    let span = match around {
        Loop::Comprehension(expr) => program.file(call.file).span(expr),
        Loop::Statement(id) => {
            let stmt = index.statement(id).stmt;
            let (body, few) = match &stmt.kind {
                StmtKind::For { iterable, body, .. } => (body, is_few(program, call, *iterable)),
                StmtKind::While { body, .. } => (body, false),
                _ => return false,
            };
            let sometimes = index.statement_of(call.expr).is_none_or(|statement| {
                let inside = index.ancestors(statement).take_while(|(above, _)| *above != id);
                inside.into_iter().any(|(above, _)| {
                    matches!(
                        index.statement(above).stmt.kind,
                        StmtKind::If { .. } | StmtKind::Match { .. }
                    )
                })
            });
            if few || sometimes || leaves(body) {
                return false;
            }
            stmt.span
        }
    };
    !roots.iter().any(|&root| changes_in(program, root, span))
}

fn is_few(program: &Program<'_>, call: ExprRef, iterable: ExprId) -> bool {
    let sizes = Sizes {
        program,
        file: call.file,
    };
    let rounds = sizes.rounds(iterable);
    rounds.known && rounds.count.most <= FEW_ROUNDS
}

/// Whether an expression reads a name that is bound within a part of the code.
fn changes_in(program: &Program<'_>, root: ExprRef, part: Span) -> bool {
    let facts = program.file(root.file);
    let mut found = false;
    visit_expressions(facts, root.expr, &mut |expr| {
        if let ExprKind::Name { reaching, .. } = facts.kind(expr) {
            found |= reaching.iter().any(|&def| part.contains(facts.definition(def).span));
        }
    });
    found
}
