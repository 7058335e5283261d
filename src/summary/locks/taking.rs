//! What it takes to hold a lock, and to give it back, in the walk over one function.

use crate::facts::{ExprId, ExprKind, SymbolId};
use crate::finding::Note;
use crate::knowledge::Semantic;
use crate::link::values::{ExprRef, Value};
use crate::link::{Callee, language};

use super::Reacquisition;
use super::identity::{Binding, Hold, LockName, Root, lock_facts, name_of, overlap};
use super::summary::{Acquisition, Edge, Held};
use super::walk::{LIMIT, Walk};

impl Walk<'_, '_> {
    /// What entering a context manager takes, which is held then.
    pub(super) fn enter(&mut self, context: ExprId) -> Vec<Held> {
        let expr = self.at(context);
        if let Some(facts) = lock_facts(self.program, expr) {
            let acquisition = Acquisition {
                name: name_of(self.program, expr),
                facts,
                text: self.program.text(expr),
                by_call: false,
                skipped_by: self.skips.clone(),
                chain: vec![self.taken_note(expr, expr)],
            };
            return vec![self.take(acquisition)];
        }
        let mut entered = Vec::new();
        for callee in self.program.callees(expr) {
            if let Callee::Function { function, receiver } = callee
                && self
                    .program
                    .semantics_of_decorators(function)
                    .contains(&Semantic::ContextManager)
            {
                let binding = Binding {
                    call: expr,
                    function,
                    bound: receiver.is_some(),
                    receiver: None,
                };
                entered = self.apply(&binding, context, true, true);
            }
        }
        if !matches!(self.program.kind(expr), ExprKind::Call { .. }) {
            for value in self.program.values(expr).iter() {
                if let Value::Instance { class, .. } = *self.program.value(value) {
                    for function in self.program.methods(class, language::ENTER, false) {
                        let binding = Binding {
                            call: expr,
                            function,
                            bound: true,
                            receiver: Some(expr),
                        };
                        entered = self.apply(&binding, context, true, false);
                    }
                }
            }
        }
        entered
    }

    pub(super) fn taken_note(&self, lock: ExprRef, place: ExprRef) -> Note {
        Note {
            place: self.program.place(place),
            message: format!("takes `{}`, here", self.program.text(lock)),
        }
    }

    /// A lock is taken by the function's own code: it is held then.
    pub(super) fn take(&mut self, acquisition: Acquisition) -> Held {
        self.note_taken(&acquisition, None, true);
        let held = Held {
            name: acquisition.name.clone(),
            facts: acquisition.facts.clone(),
            text: acquisition.text.clone(),
            place: acquisition.chain[0].place,
            by_call: acquisition.by_call,
            by_base: false,
        };
        self.held.push(held.clone());
        held
    }

    /// A lock is taken here or below a call that stands here.
    pub(super) fn note_taken(&mut self, acquisition: &Acquisition, through: Option<String>, certain: bool) {
        let again = self
            .held
            .iter()
            .find(|held| held.name.is_some() && held.name == acquisition.name && may_be_one(held, acquisition))
            .cloned();
        if let Some(first) = again {
            if first.facts.hold == Hold::Plain
                && acquisition.facts.hold == Hold::Plain
                && !self.is_handed_over(&first, acquisition)
            {
                self.found.reacquired.push(Reacquisition {
                    place: acquisition.chain[0].place,
                    text: first.text,
                    first: first.place,
                    by_base: first.by_base,
                    through,
                    chain: acquisition.chain.clone(),
                    certain,
                });
            }
            return;
        }
        if self.found.edges.len() < 4 * LIMIT {
            for from in &self.held {
                let gates = self
                    .held
                    .iter()
                    .filter(|gate| gate.place != from.place)
                    .flat_map(|gate| gate.facts.sites.iter().copied())
                    .collect();
                self.found.edges.push(Edge {
                    from: from.clone(),
                    to: acquisition.clone(),
                    gates,
                });
            }
        }
        let was_released = self.released.iter().any(|name| Some(name) == acquisition.name.as_ref());
        let known = self
            .found
            .acquires
            .iter()
            .any(|other| other.name == acquisition.name && other.facts.sites == acquisition.facts.sites);
        if self.switches == 0 && !was_released && !known && self.found.acquires.len() < LIMIT {
            self.found.acquires.push(acquisition.clone());
        }
    }

    /// Whether taking a lock again is a way of waiting for somebody else to give it back.
    pub(super) fn is_handed_over(&self, first: &Held, second: &Acquisition) -> bool {
        if !first.by_call {
            return false;
        }
        // A task that waits for a condition of the loop gives its lock back.
        if first.facts.asynchronous && second.by_call {
            return true;
        }
        let elsewhere = first.facts.sites.iter().any(|site| {
            let functions = self.known.releases.get(site);
            functions.is_some_and(|functions| functions.iter().any(|&function| function != self.function))
        });
        let escapes = match first.name.as_ref().map(|name| (name.root, name.path.is_empty())) {
            Some((Root::Variable(file, symbol), true)) => self.escapes(file, symbol),
            Some((Root::Binding(def), true)) => {
                let symbol = self.program.file(def.file).definition(def.def).symbol;
                self.escapes(def.file, symbol)
            }
            _ => false,
        };
        elsewhere || escapes && second.by_call
    }

    pub(super) fn escapes(&self, file: crate::finding::FileId, symbol: SymbolId) -> bool {
        let index = self.program.index(file);
        index.reads(symbol).iter().any(|&read| match index.parent(read) {
            Some(parent) => !matches!(self.program.file(file).kind(parent), ExprKind::Attribute { .. }),
            None => false,
        })
    }

    pub(super) fn let_go(&mut self, name: Option<&LockName>, sites: &[ExprRef], by_call: bool) {
        let is_it = |held: &Held| match name {
            Some(name) => held.name.as_ref() == Some(name),
            None => overlap(&held.facts.sites, sites),
        };
        let before = self.held.len();
        match self.held.iter().rposition(is_it) {
            Some(position) => drop(self.held.remove(position)),
            None => self.held.retain(|held| !overlap(&held.facts.sites, sites)),
        }
        for stopped in &mut self.exceptional {
            stopped.retain(|held| !is_it(held));
        }
        if by_call {
            self.released.extend(name.cloned());
            if before == self.held.len() && self.found.releases.len() < LIMIT {
                self.found.releases.push((name.cloned(), sites.to_vec()));
            }
        }
    }
}

/// Whether a lock that is held may be the one that is taken: where both are known by the calls that make them, by a
/// call that they have in common. A method of a base class is not run on objects of all its subclasses at once.
fn may_be_one(held: &Held, taken: &Acquisition) -> bool {
    let (first, second) = (&held.facts.sites, &taken.facts.sites);
    first.is_empty() || second.is_empty() || overlap(first, second)
}
