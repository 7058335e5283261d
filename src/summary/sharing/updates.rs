//! Updates: state that is read, changed and written back, in one statement or over two.

use crate::facts::{ArgumentKind, DefKind, ExprId, ExprKind, FileFacts, Span, visit_expressions};
use crate::knowledge::Semantic;
use crate::link::index::StmtId;
use crate::link::values::Value;
use crate::link::{Callee, language};

use super::events::{Collector, Event, EventKind};
use super::places::same_text;

impl Collector<'_, '_> {
    pub(super) fn update(
        &mut self,
        id: StmtId,
        target: ExprId,
        span: Span,
        first: Option<StmtId>,
        interruptible: bool,
    ) {
        if !self.is_state(target) || self.is_container(target) {
            return;
        }
        let (storage, key) = self.parts(target);
        let interruptible = interruptible || self.stores_by_code(target);
        let held = first.map_or_else(|| self.held(id), |first| self.held_over(first, id));
        let before = first.map(|first| self.place(self.index().statement(first).stmt.span));
        self.events.push(Event {
            kind: EventKind::Update { interruptible },
            storage: self.at(storage),
            key: key.map(|key| self.at(key)),
            place: self.place(span),
            before,
            held,
        });
    }

    /// Whether storing an attribute runs code of the project.
    fn stores_by_code(&self, target: ExprId) -> bool {
        let ExprKind::Attribute { base, .. } = self.facts().kind(target) else {
            return false;
        };
        self.program
            .values(self.at(*base))
            .iter()
            .any(|value| match *self.program.value(value) {
                Value::Instance { class, .. } => !self.program.methods(class, language::SETATTR, false).is_empty(),
                _ => false,
            })
    }

    /// `a += [x]` extends a container in place, which is one step.
    fn is_container(&self, target: ExprId) -> bool {
        self.program.values(self.at(target)).iter().any(|value| {
            matches!(*self.program.value(value), Value::ExternalInstance { of, .. }
                if matches!(self.program.name(of), language::LIST | language::SET | language::DICT | language::TUPLE))
        })
    }

    /// `x = x + f()`, `d[k] = d.get(k, 0) + 1`.
    pub(super) fn updated_in_one(&mut self, id: StmtId, target: ExprId, value: ExprId, span: Span) -> bool {
        if !matches!(self.facts().kind(value), ExprKind::Binary { .. }) {
            return false;
        }
        let Some(read) = self.read_in(target, value) else {
            return false;
        };
        let interruptible = has_call(self.facts(), value, Some(self.facts().span(read)));
        self.update(id, target, span, None, interruptible);
        true
    }

    /// The read of a target inside an arithmetic expression, calls of other functions not entered.
    fn read_in(&self, target: ExprId, value: ExprId) -> Option<ExprId> {
        match self.facts().kind(value) {
            ExprKind::Binary { left, right, .. } => {
                self.read_in(target, *left).or_else(|| self.read_in(target, *right))
            }
            _ => self.reads(target, value).then_some(value),
        }
    }

    /// Whether an expression gives what the target holds: the same text, or a lookup of the same key.
    fn reads(&self, target: ExprId, value: ExprId) -> bool {
        if same_text(self.facts(), target, value) {
            return true;
        }
        let ExprKind::Subscript { base, index } = self.facts().kind(target) else {
            return false;
        };
        self.looks_up(value, *base, Some(*index))
    }

    /// `base.get(key, ...)` or `base[key]`.
    pub(super) fn looks_up(&self, value: ExprId, base: ExprId, key: Option<ExprId>) -> bool {
        let facts = self.facts();
        match facts.kind(value) {
            ExprKind::Call { callee, arguments, .. } => {
                let ExprKind::Attribute { base: of, .. } = facts.kind(*callee) else {
                    return false;
                };
                let first = arguments
                    .first()
                    .filter(|argument| argument.kind == ArgumentKind::Positional);
                let gives_element = self.program.callees(self.at(value)).iter().any(|callee| match callee {
                    Callee::External { name, .. } => {
                        self.program.knowledge.semantic(name) == Some(Semantic::Element)
                            && !self.program.knowledge.call(name).is_some_and(|fact| fact.resizes)
                    }
                    _ => false,
                });
                gives_element
                    && same_text(facts, *of, base)
                    && match (first, key) {
                        (Some(first), Some(key)) => same_text(facts, first.value, key),
                        (Some(_), None) => true,
                        _ => false,
                    }
            }
            ExprKind::Subscript { base: of, index } => {
                same_text(facts, *of, base) && key.is_none_or(|key| same_text(facts, *index, key))
            }
            _ => false,
        }
    }

    /// `t = self.x` ... `self.x = t + 1`.
    pub(super) fn updated_in_two(&mut self, id: StmtId, target: ExprId, value: ExprId, span: Span) -> bool {
        let facts = self.facts();
        if !matches!(facts.kind(value), ExprKind::Binary { .. } | ExprKind::Name { .. }) {
            return false;
        }
        let mut names = Vec::new();
        visit_expressions(facts, value, &mut |expr| {
            if let ExprKind::Name { reaching, .. } = facts.kind(expr) {
                names.extend(reaching.iter().copied());
            }
        });
        for def in names {
            let (start, changed) = match &facts.definition(def).kind {
                DefKind::Assign { value, path } if path.is_empty() => (*value, false),
                DefKind::Augmented { previous, .. } => match previous.as_slice() {
                    [only] => match &facts.definition(*only).kind {
                        DefKind::Assign { value, path } if path.is_empty() => (*value, true),
                        _ => continue,
                    },
                    _ => continue,
                },
                _ => continue,
            };
            let changes = changed || matches!(facts.kind(value), ExprKind::Binary { .. }) || {
                matches!(facts.kind(start), ExprKind::Binary { .. })
            };
            if !changes || self.read_in(target, start).is_none() {
                continue;
            }
            let Some(first) = self.index().statement_of(start) else {
                continue;
            };
            let read_end = facts.span(start).end;
            let interruptible = self.calls_between(read_end, facts.span(value).end) || has_call(facts, start, None);
            self.update(id, target, span, Some(first), interruptible);
            return true;
        }
        false
    }

    fn calls_between(&self, start: u32, end: u32) -> bool {
        let index = self.index();
        index.calls().iter().any(|&call| {
            let span = index.facts.span(call);
            index.scope_of(call) == self.function.scope && span.end > start && span.start < end
        })
    }
}

/// Whether a call is evaluated after the read ends or around it; anywhere where no read is given.
pub(super) fn has_call(facts: &FileFacts, value: ExprId, read: Option<Span>) -> bool {
    let mut found = false;
    visit_expressions(facts, value, &mut |expr| {
        if matches!(facts.kind(expr), ExprKind::Call { .. } | ExprKind::Await(_)) {
            let span = facts.span(expr);
            found |= read.is_none_or(|read| span.end > read.start);
        }
    });
    found
}
