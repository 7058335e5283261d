//! Locks that a base class outside of the project holds while it calls a method: a class below it that puts a plain lock
//! of its own in their place waits for itself.

use crate::facts::ExprKind;
use crate::link::Program;
use crate::link::language;
use crate::link::solver::Variable;
use crate::link::values::{ExprRef, ScopeRef};

use super::identity::{LockName, Root, facts_of, made_once, parameter};
use super::summary::Held;

/// The locks that are held whenever a method runs.
pub(super) fn held_by_base(program: &Program<'_>, function: ScopeRef) -> Vec<Held> {
    let Some(class) = program.class_of_method(function) else {
        return Vec::new();
    };
    let name = &program.scope(function).name;
    let mut found: Vec<Held> = Vec::new();
    for ancestor in program.solution.classes.external_ancestors(class) {
        for base in program.knowledge.linearise(program.name(ancestor)).iter() {
            let calling = program
                .knowledge
                .type_fact(base)
                .and_then(|fact| fact.calls_under_lock.as_ref());
            let Some(calling) = calling.filter(|calling| calling.methods.contains(name)) else {
                continue;
            };
            let held = own_lock(program, class, function, &calling.attribute);
            found.extend(held.filter(|held| found.iter().all(|other| other.place != held.place)));
        }
    }
    found
}

/// The lock that a class has put into an attribute of its objects.
fn own_lock(program: &Program<'_>, class: ScopeRef, method: ScopeRef, attribute: &str) -> Option<Held> {
    let name = program.solution.universe.find_name(attribute)?;
    let values = program.solution.variable(Variable::Attribute(class, name));
    let facts = facts_of(program, values)?;
    let &[site] = facts.sites.as_slice() else { return None };
    if is_replaced(program, site) {
        return None;
    }
    let name = match made_once(program, values) {
        Some(site) => LockName {
            root: Root::Once(site),
            path: Vec::new(),
        },
        None => {
            let (file, symbol) = parameter(program, method, 0)?;
            LockName {
                root: Root::Variable(file, symbol),
                path: vec![attribute.to_owned()],
            }
        }
    };
    Some(Held {
        name: Some(name),
        facts,
        text: format!("self.{attribute}"),
        place: program.place(site),
        by_call: false,
        by_base: true,
    })
}

/// Whether the constructor of the base runs after the lock was set, and sets its own.
fn is_replaced(program: &Program<'_>, site: ExprRef) -> bool {
    let index = program.index(site.file);
    let scope = program.scope_of(site);
    index.calls().iter().any(|&call| {
        let call = program.sibling(site, call);
        let ExprKind::Call { callee, .. } = program.kind(call) else {
            return false;
        };
        let is_constructor = matches!(program.kind(program.sibling(call, *callee)), ExprKind::Attribute { name, .. }
            if name == language::INIT);
        is_constructor
            && program.scope_of(call) == scope
            && program.place(call).span.start > program.place(site).span.end
    })
}
