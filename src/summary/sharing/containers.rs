//! Containers that are gone over, and that change their size.

use crate::facts::{DefKind, ExprId, ExprKind, StmtKind};
use crate::link::index::StmtId;
use crate::link::values::{ExprRef, Value};
use crate::link::{Callee, Program, language};

use super::calls::ITER;
use super::events::{Collector, Event, EventKind};
use super::places::same_text;

impl Collector<'_, '_> {
    pub(super) fn iterated(&mut self, id: StmtId, iterable: ExprId) {
        let facts = self.facts();
        let storage = match facts.kind(iterable) {
            ExprKind::Call { callee, arguments, .. } if arguments.is_empty() => match facts.kind(*callee) {
                ExprKind::Attribute { base, .. } if self.is_view(iterable) => *base,
                _ => return,
            },
            ExprKind::Name { .. } | ExprKind::Attribute { .. } => iterable,
            _ => return,
        };
        self.advanced(id, storage);
        if !self.is_sized(storage) || self.is_detached(storage) {
            return;
        }
        self.events.push(Event {
            kind: EventKind::Iterate,
            storage: self.at(storage),
            key: None,
            place: self.place(facts.span(iterable)),
            before: None,
            held: self.held(id),
        });
    }

    /// `return self.items.values()`, where all who call the function go over what it gives: they do so when the locks
    /// are no longer held under which the view was taken. So does who goes over an object with `return iter(self.items)`.
    pub(super) fn returned_view(&mut self, value: ExprId) {
        let scope = self.program.scope(self.function);
        let storage = match scope.name.as_str() {
            ITER => self.iterated_by(value),
            _ => self.viewed_by(value).filter(|_| self.is_gone_over()),
        };
        if let Some(storage) = storage.filter(|&storage| !scope.is_generator && self.is_sized(storage)) {
            self.events.push(Event {
                kind: EventKind::Iterate,
                storage: self.at(storage),
                key: None,
                place: self.place(self.facts().span(value)),
                before: None,
                held: Vec::new(),
            });
        }
    }

    /// The `d` of `d.items()`.
    fn viewed_by(&self, view: ExprId) -> Option<ExprId> {
        let facts = self.facts();
        match facts.kind(view) {
            ExprKind::Call { callee, arguments, .. } if arguments.is_empty() && self.is_view(view) => {
                match facts.kind(*callee) {
                    ExprKind::Attribute { base, .. } => Some(*base),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The `d` of `iter(d)` and `iter(d.items())`.
    fn iterated_by(&self, value: ExprId) -> Option<ExprId> {
        let iterates = self.program.callees(self.at(value)).iter().any(|callee| match callee {
            Callee::External { name, receiver: None } => {
                let returns = self.program.knowledge.call(name).and_then(|fact| fact.returns.as_ref());
                returns.is_some_and(|returns| returns.name == language::ITERATOR)
            }
            _ => false,
        });
        let given = self.program.argument(self.at(value), Some(0), None)?.expr;
        iterates.then(|| self.viewed_by(given).unwrap_or(given))
    }

    /// Whether every call of the function stands where something is iterated.
    fn is_gone_over(&self) -> bool {
        let callers = self.program.solution.callers.get(&self.function);
        let mut callers = callers.into_iter().flatten().peekable();
        callers.peek().is_some() && callers.all(|&call| is_iterable_of_loop(self.program, call))
    }

    /// `batch = self.batch` where the function then gives `self.batch` a new container: nobody else has the old one.
    fn is_detached(&self, storage: ExprId) -> bool {
        let facts = self.facts();
        let ExprKind::Name { reaching, .. } = facts.kind(storage) else {
            return false;
        };
        let sources = reaching.iter().filter_map(|&def| match &facts.definition(def).kind {
            DefKind::Assign { value, .. } => Some(*value),
            _ => None,
        });
        let index = self.index();
        let replaced = |source: ExprId| {
            index.statements_of(self.function.scope).iter().any(|&id| {
                let stmt = index.statement(id).stmt;
                let StmtKind::Assign { targets, .. } = &stmt.kind else {
                    return false;
                };
                targets.iter().any(|&target| match facts.kind(target) {
                    ExprKind::Sequence { elements, .. } => elements.iter().any(|&part| same_text(facts, part, source)),
                    _ => same_text(facts, target, source),
                })
            })
        };
        sources.into_iter().any(replaced)
    }

    /// `d.items()`, `d.keys()`, `d.values()`.
    fn is_view(&self, call: ExprId) -> bool {
        self.program.callees(self.at(call)).iter().any(|callee| match callee {
            Callee::External { name, .. } => self.program.knowledge.call(name).is_some_and(|fact| fact.is_view),
            _ => false,
        })
    }

    pub(super) fn resize(&mut self, id: StmtId, base: ExprId, place: ExprId) {
        self.events.push(Event {
            kind: EventKind::Resize,
            storage: self.at(base),
            key: None,
            place: self.place(self.facts().span(place)),
            before: None,
            held: self.held(id),
        });
    }

    /// Whether a container complains when its size changes while it is iterated, and nothing else may be meant.
    pub(super) fn is_sized(&self, expr: ExprId) -> bool {
        let mut found = false;
        for value in self.program.values(self.at(expr)).iter() {
            match self.program.value(value) {
                Value::None => {}
                Value::ExternalInstance { of, .. } => {
                    let name = self.program.name(*of);
                    let fixed = self
                        .program
                        .type_fact(value)
                        .is_some_and(|fact| fact.fixed_while_iterated);
                    if !fixed && !self.program.knowledge.is_subtype(name, language::DICT) {
                        return false;
                    }
                    found = true;
                }
                _ => return false,
            }
        }
        found
    }

    /// `d["known"] = value` where the display that makes `d` has the key.
    pub(super) fn replaces(&self, base: ExprId, key: ExprId) -> bool {
        let facts = self.facts();
        let ExprKind::Str { value: wanted, .. } = facts.kind(key) else {
            return false;
        };
        self.program.values(self.at(base)).iter().any(|value| {
            let Some(site) = self.program.site(value).and_then(crate::link::values::Site::expression) else {
                return false;
            };
            let ExprKind::Dict { entries, .. } = self.program.kind(site) else {
                return false;
            };
            entries.iter().filter_map(|(key, _)| *key).any(|key| {
                matches!(self.program.kind(self.program.sibling(site, key)), ExprKind::Str { value, .. } if value == wanted)
            })
        })
    }
}

/// Whether a call gives what a loop or a comprehension goes over.
fn is_iterable_of_loop(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    match index.parent(call.expr) {
        Some(parent) => matches!(program.kind(program.sibling(call, parent)), ExprKind::Comprehension { clauses, .. }
            if clauses.iter().any(|clause| clause.iterable == call.expr)),
        None => index.statement_of(call.expr).is_some_and(|statement| {
            matches!(index.statement(statement).stmt.kind, StmtKind::For { iterable, .. } if iterable == call.expr)
        }),
    }
}
