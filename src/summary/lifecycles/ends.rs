//! Pools in attributes of objects: which are forgotten when their object ends its other things, or is done with.

use std::collections::BTreeSet;

use crate::facts::{ExprId, ExprKind, MODULE, ScopeKind};
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program, language};

use super::Lifecycles;
use super::life::Event;

/// The method that ends something else that its object holds, in a class where the pool is kept in an attribute.
pub(super) fn forgetting_method(program: &Program<'_>, kept: ExprRef) -> Option<ScopeRef> {
    let ExprKind::Attribute { base, name: pool, .. } = program.kind(kept) else {
        return None;
    };
    let keeper = program.scope_of(kept);
    let class = program.class_of_method(keeper)?;
    if !is_receiver(program, keeper, program.sibling(kept, *base)) {
        return None;
    }
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
    let own = is_receiver(program, method, program.sibling(call, *owner));
    let method = program.scope(method);
    let ends_object = ending.contains(method.name.as_str()) || method.name == language::EXIT || method.name == *ends;
    method.kind == ScopeKind::Function && own && other != pool && ending.contains(ends.as_str()) && ends_object
}

/// Whether an expression is the object whose method it stands in, by the name of the first parameter.
fn is_receiver(program: &Program<'_>, method: ScopeRef, expr: ExprRef) -> bool {
    let receiver = program.scope(method).parameters.first();
    matches!(program.kind(expr), ExprKind::Name { name, .. }
        if receiver.is_some_and(|parameter| parameter.name == *name))
}

/// Whether the objects of the class that keeps a pool are made by functions which keep none of them: each is done with
/// when its function is.
pub(super) fn is_made_in_passing(program: &Program<'_>, lives: &Lifecycles, kept: ExprRef) -> bool {
    let Some(class) = program.class_of_method(program.scope_of(kept)) else {
        return false;
    };
    let init = program.methods(class, language::INIT, false);
    let makers = init.iter().filter_map(|init| program.solution.callers.get(init));
    let mut calls = makers.flatten().copied().peekable();
    let in_passing = |call: ExprRef| {
        let makes_it = program.callees(call).contains(&Callee::Class(class));
        let stays = |event: &Event| matches!(event, Event::Kept(_) | Event::Global(_) | Event::Escapes(_));
        makes_it && program.scope_of(call).scope != MODULE && !lives.life_through_calls(program, call).any(stays)
    };
    calls.peek().is_some() && calls.all(in_passing)
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
