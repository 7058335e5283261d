//! Locks of two objects that a function takes in the order in which it is handed the objects: `a.pay(b)` beside
//! `b.pay(a)`. Both locks are made by one call, so that their order is no circle of kinds of locks.

use crate::facts::{CompareOp, ExprKind, SymbolId, visit_expressions};
use crate::finding::{Confidence, FileId, Note};
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program, Slot};

use super::identity::{LockName, Root, name_of, parameter};
use super::inversion::{Inversion, Units, turn};
use super::{Edge, Locks};

/// Functions that hand the objects on.
const DEPTH: u32 = 2;

/// The objects of one call, by their names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Handed {
    call: ExprRef,
    held: LockName,
    taken: LockName,
}

/// Finds the functions that are handed the same objects in both orders by runs that go on side by side.
pub(super) fn find(program: &Program<'_>, locks: &Locks, units: &Units) -> Vec<Inversion> {
    let mut found: Vec<Inversion> = Vec::new();
    for (function, edge) in locks.edges() {
        let Some((held, taken)) = owners(program, function, edge) else {
            continue;
        };
        if is_ordered(program, function, held, taken) || !units.are_several(program, function) {
            continue;
        }
        let handed = handed(program, function, (held, taken), 0);
        let swapped = handed.iter().find_map(|first| {
            let mut others = handed.iter();
            others.find(|second| first.held == second.taken && first.taken == second.held)
        });
        let Some(swapped) = swapped else { continue };
        let mut turn = turn(program, function, edge);
        turn.chain.push(Note {
            place: program.place(swapped.call),
            message: "is handed the same objects in the other order, here".to_owned(),
        });
        let known = found.iter().any(|other| other.turns[0].chain[0] == turn.chain[0]);
        if !known {
            found.push(Inversion {
                turns: vec![turn],
                confidence: Confidence::Medium,
            });
        }
    }
    found
}

/// The positions of the two parameters whose locks are taken one under the other.
fn owners(program: &Program<'_>, function: ScopeRef, edge: &Edge) -> Option<(usize, usize)> {
    let (from, to) = (edge.from.name.as_ref()?, edge.to.name.as_ref()?);
    let same_kind = edge.from.facts.sites.len() == 1 && edge.from.facts.sites == edge.to.facts.sites;
    if !same_kind || from.path != to.path || from.path.is_empty() {
        return None;
    }
    let count = program.scope(function).parameters.len();
    let position = |name: &LockName| match name.root {
        Root::Variable(file, symbol) => {
            (0..count).find(|&position| parameter(program, function, position) == Some((file, symbol)))
        }
        _ => None,
    };
    let (held, taken) = (position(from)?, position(to)?);
    (held != taken).then_some((held, taken))
}

/// Whether the function asks which of the two comes first.
fn is_ordered(program: &Program<'_>, function: ScopeRef, held: usize, taken: usize) -> bool {
    let symbols: Vec<(FileId, SymbolId)> = [held, taken]
        .into_iter()
        .filter_map(|position| parameter(program, function, position))
        .collect();
    let index = program.index(function.file);
    let facts = index.facts;
    let mut ordered = false;
    for &statement in index.statements_of(function.scope) {
        for root in crate::facts::statement_expressions(index.statement(statement).stmt) {
            visit_expressions(facts, root, &mut |expr| {
                let ExprKind::Compare { comparisons, .. } = facts.kind(expr) else {
                    return;
                };
                let asks =
                    |op: CompareOp| matches!(op, CompareOp::Lt | CompareOp::LtE | CompareOp::Gt | CompareOp::GtE);
                let mut mentioned = Vec::new();
                visit_expressions(facts, expr, &mut |part| {
                    if let ExprKind::Name {
                        symbol: Some(symbol), ..
                    } = facts.kind(part)
                    {
                        mentioned.push((function.file, *symbol));
                    }
                });
                ordered |= comparisons.iter().any(|&(op, _)| asks(op))
                    && symbols.iter().all(|symbol| mentioned.contains(symbol));
            });
        }
    }
    ordered
}

/// The objects that the calls and submissions of a function hand over, by name.
fn handed(program: &Program<'_>, function: ScopeRef, wanted: (usize, usize), depth: u32) -> Vec<Handed> {
    let mut found = Vec::new();
    let calls = program.solution.callers.get(&function).into_iter().flatten();
    for &call in calls {
        let pair = (
            called_with(program, function, call, wanted.0),
            called_with(program, function, call, wanted.1),
        );
        if let (Some(held), Some(taken)) = pair {
            found.extend(named(program, call, (held, taken), depth));
        }
    }
    for submission in &program.submissions {
        let target = submission
            .targets
            .iter()
            .find(|target| target.function() == Some(function));
        let Some(target) = target else { continue };
        let bound = usize::from(target.receiver().is_some());
        let given = |position: usize| match position.checked_sub(bound) {
            None => submission.callable.and_then(|callable| base_of(program, callable)),
            Some(position) => {
                let name = &program.scope(function).parameters[position + bound].name;
                let mut arguments = submission.arguments.iter();
                let fits = |slot: &Option<Slot>| match slot {
                    Some(Slot::Position(other)) => *other == position,
                    Some(Slot::Keyword(keyword)) => keyword == name,
                    None => false,
                };
                let argument = arguments.find(|argument| fits(&argument.slot) && !argument.elements);
                argument.map(|argument| argument.expr)
            }
        };
        if let (Some(held), Some(taken)) = (given(wanted.0), given(wanted.1)) {
            found.extend(named(program, submission.call, (held, taken), depth));
        }
    }
    found
}

/// The names of two objects; where they are parameters of the function around, those that its own callers hand over.
fn named(program: &Program<'_>, call: ExprRef, (held, taken): (ExprRef, ExprRef), depth: u32) -> Vec<Handed> {
    let around = program.scope_of(call);
    let count = program.scope(around).parameters.len();
    let position = |name: &LockName| match name.root {
        Root::Variable(file, symbol) if name.path.is_empty() => {
            (0..count).find(|&position| parameter(program, around, position) == Some((file, symbol)))
        }
        _ => None,
    };
    let (Some(held), Some(taken)) = (name_of(program, held), name_of(program, taken)) else {
        return Vec::new();
    };
    match (position(&held), position(&taken)) {
        (Some(held), Some(taken)) if depth < DEPTH => handed(program, around, (held, taken), depth + 1),
        _ => vec![Handed { call, held, taken }],
    }
}

/// What a call passes for a parameter.
fn called_with(program: &Program<'_>, function: ScopeRef, call: ExprRef, position: usize) -> Option<ExprRef> {
    let callees = program.callees(call);
    let [Callee::Function { receiver, .. }] = callees.as_slice() else {
        return None;
    };
    match position.checked_sub(usize::from(receiver.is_some())) {
        None => match program.kind(call) {
            ExprKind::Call { callee, .. } => base_of(program, program.sibling(call, *callee)),
            _ => None,
        },
        Some(place) => {
            let name = &program.scope(function).parameters[position].name;
            program.argument(call, u32::try_from(place).ok(), Some(name))
        }
    }
}

/// The `a` of `a.method`.
fn base_of(program: &Program<'_>, method: ExprRef) -> Option<ExprRef> {
    match program.kind(method) {
        ExprKind::Attribute { base, .. } => Some(program.sibling(method, *base)),
        _ => None,
    }
}
