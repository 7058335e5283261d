//! Updates of shared values by several processes.

use std::collections::BTreeMap;

use crate::facts::{DefKind, ExprId, ExprKind, StmtKind, visit_expressions};
use crate::finding::Note;
use crate::knowledge::{Role, Semantic, WorkerKind};
use crate::link::values::{ExprRef, ScopeRef, Value, ValueId};
use crate::link::{Callee, Program, Submission};

use super::held::is_held;
use super::walk::ChildRun;

/// An update of something shared that other processes make, too, while nothing holds a lock.
#[derive(Clone, Debug)]
pub struct SharedUpdate {
    /// What is written.
    pub target: ExprRef,
    /// What it belongs to: the shared value or proxy.
    pub owner: ExprRef,
    /// It is a proxy of a manager.
    pub is_proxy: bool,
    /// The hand-overs whose workers make the update.
    pub submissions: Vec<usize>,
    /// The calls that lead to the update.
    pub path: Vec<Note>,
}

/// Finds the updates, by place.
pub(super) fn updates(program: &Program<'_>, runs: &[ChildRun]) -> Vec<SharedUpdate> {
    let mut found: BTreeMap<ExprRef, SharedUpdate> = BTreeMap::new();
    let mut known: BTreeMap<ScopeRef, Vec<(ExprRef, ExprRef, bool)>> = BTreeMap::new();
    for run in runs {
        for (&function, _) in run.functions.iter().filter(|(_, entered)| entered.unlocked) {
            let updates = known.entry(function).or_insert_with(|| updates_of(program, function));
            for &(target, owner, is_proxy) in updates.iter() {
                let update = found.entry(target).or_insert_with(|| SharedUpdate {
                    target,
                    owner,
                    is_proxy,
                    submissions: Vec::new(),
                    path: run.path(program, function),
                });
                update.submissions.push(run.submission);
            }
        }
    }
    let mut found: Vec<SharedUpdate> = found.into_values().collect();
    found.retain(|update| is_made_by_several(program, &update.submissions));
    found.sort_by_key(|update| program.place(update.target));
    found
}

/// Whether the hand-overs make more than one worker at a time.
fn is_made_by_several(program: &Program<'_>, submissions: &[usize]) -> bool {
    let of = |&number: &usize| &program.submissions[number];
    submissions
        .iter()
        .map(of)
        .any(|submission| submission.intent.is_fan_out() && !has_one_worker(program, submission))
        || submissions
            .iter()
            .map(of)
            .filter(|submission| !submission.forwarded)
            .count()
            > 1
}

/// Whether the pool behind a submission is made with one worker.
pub(super) fn has_one_worker(program: &Program<'_>, submission: &Submission<'_>) -> bool {
    let mut processes = submission
        .workers
        .iter()
        .filter(|worker| worker.kind == Some(WorkerKind::Process));
    processes.all(|worker| worker.runs_one_at_a_time(program))
}

/// The updates in the code of a function that no lock guards.
fn updates_of(program: &Program<'_>, function: ScopeRef) -> Vec<(ExprRef, ExprRef, bool)> {
    let index = program.index(function.file);
    let mut found = Vec::new();
    for &id in index.statements_of(function.scope) {
        let target = match &index.statement(id).stmt.kind {
            StmtKind::Augmented { target, .. } => *target,
            StmtKind::Assign { targets, value } if targets.len() == 1 => {
                if !reads_same(program, function, targets[0], *value) {
                    continue;
                }
                targets[0]
            }
            _ => continue,
        };
        let target = at(function, target);
        let (ExprKind::Attribute { base, .. } | ExprKind::Subscript { base, .. }) = program.kind(target) else {
            continue;
        };
        let owner = program.sibling(target, *base);
        let behind = |role| Some((owner, role));
        let Some((owner, role)) = shared_role(program, owner).map_or_else(|| stored_behind(program, target), behind)
        else {
            continue;
        };
        if !is_own_slot(program, function, target) && !is_held(program, target) {
            found.push((target, owner, role == Role::Proxy));
        }
    }
    found
}

/// The shared value that the setter of a property stores into: `self.size += n` is a read and then a write of it.
pub(super) fn stored_behind(program: &Program<'_>, target: ExprRef) -> Option<(ExprRef, Role)> {
    let ExprKind::Attribute { base, name, .. } = program.kind(target) else {
        return None;
    };
    let setter = program
        .values(program.sibling(target, *base))
        .iter()
        .find_map(|value| match *program.value(value) {
            Value::Instance { class, .. } => program.property_function(class, name, true),
            _ => None,
        })?;
    let index = program.index(setter.file);
    let stored = index.statements_of(setter.scope).iter();
    stored
        .filter_map(|&id| match &index.statement(id).stmt.kind {
            StmtKind::Assign { targets, .. } => targets.first().copied(),
            _ => None,
        })
        .find_map(|stored| match program.kind(at(setter, stored)) {
            ExprKind::Attribute { base, .. } => {
                let owner = at(setter, *base);
                shared_role(program, owner).map(|role| (owner, role))
            }
            _ => None,
        })
}

fn at(function: ScopeRef, expr: ExprId) -> ExprRef {
    ExprRef {
        file: function.file,
        expr,
    }
}

/// The role of an expression whose values are all shared between processes.
pub(super) fn shared_role(program: &Program<'_>, expr: ExprRef) -> Option<Role> {
    let mut role = None;
    for value in program.values(expr).iter() {
        match program.value(value) {
            Value::None | Value::Unknown(_) => {}
            _ => match program.role(value) {
                Some(found @ (Role::SharedValue | Role::Proxy)) => role = Some(found),
                _ => return None,
            },
        }
    }
    role
}

/// Whether the assigned value is computed from the target's own value.
fn reads_same(program: &Program<'_>, function: ScopeRef, target: ExprId, value: ExprId) -> bool {
    let (ExprKind::Attribute { base, .. } | ExprKind::Subscript { base, .. }) = program.kind(at(function, target))
    else {
        return false;
    };
    let owner = program.text(at(function, *base));
    let whole = program.text(at(function, target));
    let mut found = false;
    visit_expressions(program.file(function.file), value, &mut |inner| {
        found |= is_read_of(program, at(function, inner), &owner, &whole);
    });
    found
}

fn is_read_of(program: &Program<'_>, expr: ExprRef, owner: &str, whole: &str) -> bool {
    match program.kind(expr) {
        ExprKind::Attribute { .. } | ExprKind::Subscript { .. } => program.text(expr) == whole,
        // `d.get(key, 0)`.
        ExprKind::Call { callee, .. } => match program.kind(program.sibling(expr, *callee)) {
            ExprKind::Attribute { base, .. } => {
                program.text(program.sibling(expr, *base)) == owner && gives_element(program, expr)
            }
            _ => false,
        },
        ExprKind::Name { reaching, .. } => reaching.iter().any(|&def| {
            matches!(&program.file(expr.file).definition(def).kind,
                DefKind::Assign { value, path } if path.is_empty()
                    && program.text(program.sibling(expr, *value)) == whole)
        }),
        _ => false,
    }
}

fn gives_element(program: &Program<'_>, call: ExprRef) -> bool {
    program.callees(call).iter().any(|callee| match callee {
        Callee::External { name, receiver } => {
            program.knowledge.semantic(name) == Some(Semantic::Element)
                || receiver.is_some_and(|receiver: ValueId| program.role(receiver) == Some(Role::Proxy))
        }
        _ => false,
    })
}

/// Whether the index says that each worker writes its own part: a parameter, an attribute of the worker, or a position
/// in a range that parameters bound.
fn is_own_slot(program: &Program<'_>, function: ScopeRef, target: ExprRef) -> bool {
    let ExprKind::Subscript { index, .. } = program.kind(target) else {
        return false;
    };
    is_given(program, function, *index, 0)
}

fn is_given(program: &Program<'_>, function: ScopeRef, expr: ExprId, depth: u32) -> bool {
    if depth > 4 {
        return false;
    }
    match program.kind(at(function, expr)) {
        ExprKind::Attribute { .. } => true,
        ExprKind::Sequence { elements, .. } => elements
            .iter()
            .any(|&element| is_given(program, function, element, depth + 1)),
        ExprKind::Binary { left, right, .. } => {
            is_given(program, function, *left, depth + 1) || is_given(program, function, *right, depth + 1)
        }
        ExprKind::Name { reaching, .. } => reaching.iter().any(|&def| {
            match &program.file(function.file).definition(def).kind {
                DefKind::Parameter { index } => is_passed_on(program, function, *index, depth),
                // A part of a task's tuple.
                DefKind::Assign { value, path } => !path.is_empty() && is_given(program, function, *value, depth + 1),
                DefKind::Element { iterable, .. } => {
                    is_bounded_range(program, at(function, *iterable), function, depth)
                }
                _ => false,
            }
        }),
        _ => false,
    }
}

/// Whether a parameter is what a task is given: directly, or as what a caller passes on.
fn is_passed_on(program: &Program<'_>, function: ScopeRef, index: u32, depth: u32) -> bool {
    let mut callers = program.solution.callers.get(&function).into_iter().flatten().peekable();
    let name = &program.scope(function).parameters[index as usize].name;
    callers.peek().is_none()
        || callers.any(|&call| {
            let receiver = program.callees(call).into_iter().find_map(|callee| match callee {
                Callee::Function {
                    function: called,
                    receiver,
                } if called == function => Some(receiver),
                _ => None,
            });
            // What is no call of the function hands it over, with the task's own arguments.
            let Some(receiver) = receiver else { return true };
            let position = index.checked_sub(u32::from(receiver.is_some()));
            let caller = program.function_around(program.scope_of(call));
            let passed = program.argument(call, position, Some(name));
            passed.is_none_or(|passed| is_given(program, caller, passed.expr, depth + 1))
        })
}

fn is_bounded_range(program: &Program<'_>, iterable: ExprRef, function: ScopeRef, depth: u32) -> bool {
    let ExprKind::Call { arguments, .. } = program.kind(iterable) else {
        return false;
    };
    let is_range = program.callees(iterable).iter().any(|callee| {
        matches!(callee, Callee::External { name, .. } if program.knowledge.semantic(name) == Some(Semantic::Range))
    });
    is_range
        && arguments.len() > 1
        && arguments
            .first()
            .is_some_and(|first| is_given(program, function, first.value, depth + 1))
}
