//! Pools that are not ended on every way: past an early `return`, or by an owner that ends its other things.

use std::collections::BTreeSet;

use crate::facts::{ExprId, ExprKind, MODULE, ScopeKind, StmtKind};
use crate::finding::Place;
use crate::knowledge::LifeStep;
use crate::link::index::Branch;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Program, language};

use super::Life;
use super::life::Event;

/// A `return` between the place where a pool comes from and the call that ends it, in one function.
pub(super) fn skipped_by_return(program: &Program<'_>, made: ExprRef, life: &Life) -> Option<(Place, Place)> {
    let close = only_closed(life)?;
    let function = program.scope_of(close);
    let index = program.index(function.file);
    let start = obtained_in(program, made, function)?;
    let (start_at, close_at) = (program.place(start).span.end, program.place(close).span);
    let around_start = index.statement(index.statement_of(start.expr)?).parent;
    let skipping = index.statements_of(function.scope).iter().find(|&&id| {
        let statement = index.statement(id);
        let between = statement.stmt.span.start > start_at && statement.stmt.span.end <= close_at.start;
        let leaves = matches!(statement.stmt.kind, StmtKind::Return(_));
        let after = around_start.is_none_or(|around| index.ancestors(id).any(|above| above == around));
        between && leaves && after
    })?;
    let span = index.statement(*skipping).stmt.span;
    let is_cleanup = index
        .ancestors(index.statement_of(close.expr)?)
        .any(|(_, branch)| branch == Branch::Finally);
    let file = function.file;
    (!is_cleanup).then(|| (Place { file, span }, program.place(close)))
}

/// The first call that ends the pool, where nothing else may.
fn only_closed(life: &Life) -> Option<ExprRef> {
    let mut first = None;
    for event in &life.events {
        match event {
            Event::Step(LifeStep::Close, call) => first = first.min(Some(*call)).or(Some(*call)),
            Event::With(_) | Event::Escapes(_) | Event::Kept(_) | Event::Global(_) | Event::Method(_) => return None,
            _ => {}
        }
    }
    first
}

/// The expression of a function that makes the pool, or calls the function that makes and returns it.
fn obtained_in(program: &Program<'_>, made: ExprRef, function: ScopeRef) -> Option<ExprRef> {
    let maker = program.scope_of(made);
    if maker == function {
        return Some(made);
    }
    let mut calls = program.solution.callers.get(&maker)?.iter().copied();
    calls.find(|&call| program.scope_of(call) == function)
}

/// The method that ends something else that its object holds, in a class where the pool is kept in an attribute.
pub(super) fn forgetting_method(program: &Program<'_>, kept: ExprRef) -> Option<ScopeRef> {
    let ExprKind::Attribute { name: pool, .. } = program.kind(kept) else {
        return None;
    };
    let keeper = program.scope_of(kept);
    let class = program.class_of_method(keeper)?;
    if lives_as_long_as_the_program(program, class) {
        return None;
    }
    let ending = program.knowledge.closing_methods();
    let index = program.index(class.file);
    index.calls().iter().find_map(|&call| {
        let method = program.scope_ref(class.file, index.scope_of(call));
        let is_method = method != keeper && program.class_of_method(method) == Some(class);
        let call = program.sibling(kept, call);
        (is_method && ends_another(program, call, method, pool, &ending)).then_some(method)
    })
}

/// `self.file.close()` in a method that ends its object.
fn ends_another(program: &Program<'_>, call: ExprRef, method: ScopeRef, pool: &str, ending: &BTreeSet<&str>) -> bool {
    let kind = |expr: ExprId| program.kind(program.sibling(call, expr));
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return false;
    };
    let ExprKind::Attribute { base, name: ends, .. } = kind(*callee) else {
        return false;
    };
    let ExprKind::Attribute {
        base: owner,
        name: other,
        ..
    } = kind(*base)
    else {
        return false;
    };
    let method = program.scope(method);
    let receiver = method.parameters.first().map(|parameter| parameter.name.as_str());
    let own = matches!(kind(*owner), ExprKind::Name { name, .. } if Some(name.as_str()) == receiver);
    let ends_object = ending.contains(method.name.as_str()) || method.name == language::EXIT || method.name == *ends;
    method.kind == ScopeKind::Function && own && other != pool && ending.contains(ends.as_str()) && ends_object
}

/// All objects of the class are made by modules as they are loaded.
fn lives_as_long_as_the_program(program: &Program<'_>, class: ScopeRef) -> bool {
    let init = program.methods(class, language::INIT, false);
    let calls: Vec<ExprRef> = init
        .iter()
        .filter_map(|init| program.solution.callers.get(init))
        .flatten()
        .copied()
        .collect();
    !calls.is_empty() && calls.iter().all(|&call| program.scope_of(call).scope == MODULE)
}
