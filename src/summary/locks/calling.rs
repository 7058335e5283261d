//! What the expressions of a function do to the locks that it holds: calls of lock methods and of functions that take
//! and give back locks themselves.

use std::collections::BTreeSet;

use crate::facts::{ExprId, ExprKind, child_expressions};
use crate::finding::Note;
use crate::knowledge::Operation;
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program, language};

use super::identity::{Binding, LockName, lock_facts, name_of};
use super::summary::{Acquisition, Held};
use super::walk::{CHAIN, Walk, meet_into};
use super::{AwaitUnderLock, operation, receiver_expression};

impl Walk<'_, '_> {
    pub(super) fn store(&mut self, target: ExprId) {
        match self.program.kind(self.at(target)) {
            ExprKind::Attribute { base, name, .. } => {
                self.expression(*base);
                self.accessor(target, *base, name, true);
            }
            ExprKind::Sequence { elements, .. } => elements.iter().for_each(|&element| self.store(element)),
            _ => self.expression(target),
        }
    }

    pub(super) fn expression(&mut self, expr: ExprId) {
        for child in child_expressions(self.program.file(self.function.file), expr) {
            self.expression(child);
        }
        match self.program.kind(self.at(expr)) {
            ExprKind::Call { .. } => self.call(expr),
            ExprKind::Attribute { base, name, .. } => self.accessor(expr, *base, name, false),
            ExprKind::Await(_) => self.awaits(expr),
            ExprKind::Yield(_) => {
                let held = self.held.clone();
                meet_into(&mut self.yielded, &held);
            }
            _ => {}
        }
    }

    pub(super) fn awaits(&mut self, expr: ExprId) {
        let held = self.held.iter().find(|held| !held.facts.asynchronous);
        if let Some(held) = held
            && !self.found.awaits.iter().any(|other| other.taken == held.place)
        {
            self.found.awaits.push(AwaitUnderLock {
                place: self.place(expr),
                text: held.text.clone(),
                taken: held.place,
            });
        }
    }

    /// A property that is read or set runs a function.
    pub(super) fn accessor(&mut self, expr: ExprId, base: ExprId, name: &str, stores: bool) {
        let base = self.at(base);
        let mut functions = BTreeSet::new();
        for value in self.program.values(base).iter() {
            if let Value::Instance { class, .. } = *self.program.value(value) {
                functions.extend(self.program.property_function(class, name, stores));
            }
        }
        let certain = functions.len() == 1;
        for property in functions {
            let wrappers = self.program.solution.wrappers.get(&property);
            for function in std::iter::once(property).chain(wrappers.into_iter().flatten().copied()) {
                let binding = Binding {
                    call: base,
                    function,
                    bound: true,
                    receiver: Some(base),
                };
                self.apply(&binding, expr, certain, false);
            }
        }
    }

    pub(super) fn call(&mut self, expr: ExprId) {
        let call = self.at(expr);
        match operation(self.program, call) {
            Some(Operation::Acquire) => self.acquire(call),
            Some(Operation::Release) => {
                if let Some(receiver) = receiver_expression(self.program, call)
                    && let Some(facts) = lock_facts(self.program, receiver)
                {
                    let name = name_of(self.program, receiver);
                    self.let_go(name.as_ref(), &facts.sites, true);
                }
            }
            _ => self.calls_functions(expr),
        }
    }

    pub(super) fn acquire(&mut self, call: ExprRef) {
        let Some(receiver) = receiver_expression(self.program, call) else {
            return;
        };
        if !waits_for_ever(self.program, call) {
            return;
        }
        if let Some(facts) = lock_facts(self.program, receiver) {
            if facts.asynchronous && !self.is_awaited(call.expr) {
                return;
            }
            let acquisition = Acquisition {
                name: name_of(self.program, receiver),
                facts,
                text: self.program.text(receiver),
                by_call: true,
                skipped_by: self.skips.clone(),
                chain: vec![self.taken_note(receiver, call)],
            };
            self.take(acquisition);
        }
    }

    pub(super) fn is_awaited(&self, call: ExprId) -> bool {
        let index = self.program.index(self.function.file);
        index
            .parent(call)
            .is_some_and(|parent| matches!(self.program.kind(self.at(parent)), ExprKind::Await(_)))
    }

    pub(super) fn calls_functions(&mut self, expr: ExprId) {
        let call = self.at(expr);
        let callees = self.program.callees(call);
        let certain = callees.len() == 1;
        for callee in callees {
            match callee {
                Callee::Function { function, receiver } => {
                    let bound = receiver.is_some();
                    if self.runs(function, expr) && !self.is_overridden(function) {
                        self.call_function(call, function, bound, certain);
                    }
                }
                Callee::Class(class) => {
                    for function in self.program.methods(class, language::INIT, false) {
                        // The new object's own locks have no name here.
                        self.call_function(call, function, true, certain);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn call_function(&mut self, call: ExprRef, function: ScopeRef, bound: bool, certain: bool) {
        let wrappers = self.program.solution.wrappers.get(&function);
        let inside = wrappers.is_some_and(|wrappers| wrappers.contains(&self.function));
        let wrappers = wrappers.into_iter().flatten().copied().filter(|_| !inside);
        for function in std::iter::once(function).chain(wrappers) {
            let binding = Binding {
                call,
                function,
                bound,
                receiver: None,
            };
            self.apply(&binding, call.expr, certain, false);
        }
    }

    /// Whether a call runs the function's body at once.
    pub(super) fn runs(&self, function: ScopeRef, call: ExprId) -> bool {
        let scope = self.program.scope(function);
        !scope.is_generator && (!scope.is_async || self.is_awaited(call))
    }

    /// Whether a method that a subclass adds is called by one that the subclass replaces.
    pub(super) fn is_overridden(&self, callee: ScopeRef) -> bool {
        let program = self.program;
        let (Some(own), Some(other)) = (program.class_of_method(self.function), program.class_of_method(callee)) else {
            return false;
        };
        own != other
            && program.solution.classes.descendants(own).contains(&other)
            && program
                .method_in_body(other, &program.scope(self.function).name)
                .is_some()
    }

    /// Takes over what a called function does; gives what it leaves held, or holds at its `yield`.
    pub(super) fn apply(&mut self, binding: &Binding, expr: ExprId, certain: bool, yields: bool) -> Vec<Held> {
        let known = self.known;
        let Some(callee) = known.functions.get(&binding.function) else {
            return Vec::new();
        };
        let through = self.program.display_name(binding.function);
        let place = self.place(expr);
        let held: BTreeSet<ExprRef> = self
            .held
            .iter()
            .flat_map(|held| held.facts.sites.iter().copied())
            .collect();
        self.found.held_at_calls.push((self.at(expr), held));
        for inner in &callee.acquires {
            if binding.is_told(self.program, &inner.skipped_by) {
                continue;
            }
            let mut chain = vec![Note {
                place,
                message: format!("calls `{through}`"),
            }];
            let kept = inner.chain.len().min(CHAIN - 1);
            chain.extend_from_slice(&inner.chain[inner.chain.len() - kept..]);
            let acquisition = Acquisition {
                name: self.translated(binding, inner.name.as_ref()),
                skipped_by: self.skips.clone(),
                chain,
                ..inner.clone()
            };
            self.note_taken(&acquisition, Some(through.clone()), certain);
        }
        for (name, sites) in &callee.releases {
            let name = self.translated(binding, name.as_ref());
            self.let_go(name.as_ref(), sites, true);
        }
        // Where something else may be called, what one of them leaves held need not be held.
        let left = match (yields, certain) {
            (true, _) => callee.at_yield.as_slice(),
            (false, true) => callee.leaves.as_slice(),
            (false, false) => &[],
        };
        let mut taken = Vec::new();
        for inner in left {
            let held = Held {
                name: self.translated(binding, inner.name.as_ref()),
                place,
                ..inner.clone()
            };
            self.held.push(held.clone());
            taken.push(held);
        }
        taken
    }

    pub(super) fn translated(&self, binding: &Binding, name: Option<&LockName>) -> Option<LockName> {
        name.and_then(|name| binding.translate(self.program, name))
    }
}

/// The lock whose method a call calls.
pub(super) fn lock_of_method(program: &Program<'_>, call: ExprRef) -> Option<ExprRef> {
    let receiver = receiver_expression(program, call)?;
    lock_facts(program, receiver).map(|_| receiver)
}

/// Whether an acquire waits until it has the lock: neither non-blocking nor with a time-out.
pub(super) fn waits_for_ever(program: &Program<'_>, call: ExprRef) -> bool {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return false;
    };
    arguments.is_empty()
        || arguments.len() == 1
            && matches!(
                program.kind(program.sibling(call, arguments[0].value)),
                ExprKind::Bool(true) | ExprKind::Int(Some(1))
            )
}
