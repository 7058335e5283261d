//! Items that are taken out of a container by keys which were gathered from it before.

use crate::facts::{DefKind, ExprId, ExprKind, Span, StmtKind, SymbolId, statement_expressions, visit_expressions};
use crate::link::index::{Branch, StmtId};

use super::events::{Collector, Event, EventKind};
use super::places::same_text;

impl Collector<'_, '_> {
    /// `del base[key]` or `base.pop(key)` in `for key in keys`, where `keys` come out of `base`: another run may have
    /// taken the item out since, and the removal then raises.
    pub(super) fn removed_by_gathered_key(&mut self, id: StmtId, base: ExprId, key: ExprId, place: ExprId) {
        let Some((keys, around)) = self.loop_over_keys(id, key) else {
            return;
        };
        if self.is_prepared(id) {
            return;
        }
        let first = if self.is_drawn_from(keys, base) {
            Some(around)
        } else {
            self.gathered(keys, base)
        };
        let Some(first) = first else { return };
        self.events.push(Event {
            kind: EventKind::CheckThenAct { matters: true },
            storage: self.at(base),
            key: None,
            place: self.place(self.facts().span(place)),
            before: Some(self.place(self.head_of(first))),
            held: self.held_over(first, id),
        });
    }

    /// The iterable of the `for` statement around that binds the key, and the statement.
    fn loop_over_keys(&self, id: StmtId, key: ExprId) -> Option<(ExprId, StmtId)> {
        let ExprKind::Name { reaching, .. } = self.facts().kind(key) else {
            return None;
        };
        let [only] = reaching.as_slice() else { return None };
        let DefKind::Element { iterable, .. } = &self.facts().definition(*only).kind else {
            return None;
        };
        let mut around = self.index().ancestors(id).map(|(above, _)| above);
        let found = around.find(|&above| {
            matches!(&self.index().statement(above).stmt.kind,
                StmtKind::For { iterable: over, .. } if over == iterable)
        });
        Some((*iterable, found?))
    }

    /// Errors of the statement are handled.
    pub(super) fn is_prepared(&self, id: StmtId) -> bool {
        let mut above = self.index().ancestors(id);
        above.any(|(above, branch)| match &self.index().statement(above).stmt.kind {
            StmtKind::Try { handlers, .. } => branch == Branch::Body && !handlers.is_empty(),
            // What is made for the block may handle errors, as `contextlib.suppress` does.
            StmtKind::With { items, .. } => items
                .iter()
                .any(|&(context, _)| matches!(self.facts().kind(context), ExprKind::Call { .. })),
            _ => false,
        })
    }

    /// An expression that mentions the container: `list(base)`, `[key for key in base if ...]`.
    fn is_drawn_from(&self, keys: ExprId, base: ExprId) -> bool {
        let mut found = false;
        visit_expressions(self.facts(), keys, &mut |inner| {
            found |= inner != keys && same_text(self.facts(), inner, base);
        });
        found
    }

    /// The statement that makes a local list of keys from the container, or the loop that fills it.
    fn gathered(&self, keys: ExprId, base: ExprId) -> Option<StmtId> {
        let ExprKind::Name { symbol, reaching, .. } = self.facts().kind(keys) else {
            return None;
        };
        let [only] = reaching.as_slice() else { return None };
        let DefKind::Assign { value, path } = &self.facts().definition(*only).kind else {
            return None;
        };
        if !path.is_empty() {
            return None;
        }
        if self.is_drawn_from(*value, base) {
            return self.index().statement_of(*value);
        }
        let is_empty = matches!(self.facts().kind(*value), ExprKind::Sequence { elements, .. } if elements.is_empty());
        let mut statements = self.index().statements_of(self.function.scope).iter().copied();
        statements.find(|&statement| match &self.index().statement(statement).stmt.kind {
            StmtKind::For { iterable, body, .. } => {
                let draws = self.is_drawn_from(*iterable, base) || same_text(self.facts(), *iterable, base);
                is_empty && draws && body.iter().any(|inner| self.mentions(inner.span, *symbol))
            }
            _ => false,
        })
    }

    /// Whether a variable is named in a part of the function.
    fn mentions(&self, span: Span, symbol: Option<SymbolId>) -> bool {
        let mut named = false;
        for &statement in self.index().statements_of(self.function.scope) {
            let stmt = self.index().statement(statement).stmt;
            if !span.contains(stmt.span) {
                continue;
            }
            for root in statement_expressions(stmt) {
                visit_expressions(self.facts(), root, &mut |inner| {
                    named |= matches!(self.facts().kind(inner), ExprKind::Name { symbol: other, .. }
                        if *other == symbol && symbol.is_some());
                });
            }
        }
        named
    }

    /// What of a statement to point at: what a loop goes over, or all of it.
    fn head_of(&self, id: StmtId) -> Span {
        let stmt = self.index().statement(id).stmt;
        match &stmt.kind {
            StmtKind::For { iterable, .. } => self.facts().span(*iterable),
            _ => stmt.span,
        }
    }
}
