//! State that is found there and then used, while another thread may set it to `None` in between.

use crate::facts::{CompareOp, ExprId, ExprKind, MODULE, Span, StmtKind};
use crate::link::Callee;
use crate::link::index::{Branch, StmtId};
use crate::link::values::{ScopeRef, Value};

use super::checks::asks_for_none;
use super::events::{Collector, Event, EventKind};
use super::places::{same_text, symbol_of};

impl Collector<'_, '_> {
    /// `base.name`, `base[key]` or `base(...)` where `base` was seen to be something: none of them works on `None`.
    pub(super) fn used_after_check(&mut self, id: StmtId, expr: ExprId) {
        let (ExprKind::Attribute { base, .. } | ExprKind::Subscript { base, .. } | ExprKind::Call { callee: base, .. }) =
            self.facts().kind(expr)
        else {
            return;
        };
        let base = *base;
        if !self.is_field(base) || self.is_noticed(base) {
            return;
        }
        let Some((first, seen)) = self.seen_present(id, base) else {
            return;
        };
        if self.is_prepared(id) || self.is_bound_between(base, seen.end, self.facts().span(expr).start) {
            return;
        }
        self.events.push(Event {
            kind: EventKind::UseAfterCheck,
            storage: self.at(base),
            key: None,
            place: self.place(self.facts().span(expr)),
            before: Some(self.place(seen)),
            held: self.held_over(first, id),
        });
    }

    /// An attribute of an object, or a global: what other threads may set, too.
    fn is_field(&self, expr: ExprId) -> bool {
        match self.facts().kind(expr) {
            ExprKind::Attribute { base, .. } => {
                let mut values = self.program.values(self.at(*base)).iter();
                values.any(|value| matches!(self.program.value(value), Value::Instance { .. } | Value::Class(_)))
            }
            ExprKind::Name { .. } => {
                self.function.scope != MODULE
                    && symbol_of(self.facts(), expr).is_some_and(|symbol| self.facts().symbol(symbol).scope == MODULE)
            }
            _ => false,
        }
    }

    /// One use of the same thing says it all.
    fn is_noticed(&self, base: ExprId) -> bool {
        let same =
            |event: &Event| event.kind == EventKind::UseAfterCheck && same_text(self.facts(), event.storage.expr, base);
        self.events.iter().any(same)
    }

    /// The statement and the place where the function, or a method that it has called before, sees to it that
    /// something is there.
    fn seen_present(&self, id: StmtId, base: ExprId) -> Option<(StmtId, Span)> {
        for (above, branch) in self.index().ancestors(id) {
            let StmtKind::If { test, .. } = &self.index().statement(above).stmt.kind else {
                continue;
            };
            let is_there = match branch {
                Branch::Body => self.tests_presence(*test, base),
                Branch::Orelse => self.tests_absence(*test, base),
                _ => false,
            };
            if is_there {
                return Some((above, self.facts().span(*test)));
            }
        }
        self.made_before(id, base)
    }

    /// `x`, `x is not None`, `x != None`, joined with `and`.
    fn tests_presence(&self, test: ExprId, base: ExprId) -> bool {
        let facts = self.facts();
        match facts.kind(test) {
            ExprKind::Compare { left, comparisons } => match comparisons.as_slice() {
                [(CompareOp::IsNot | CompareOp::NotEq, right)] => {
                    matches!(facts.kind(*right), ExprKind::None) && same_text(facts, *left, base)
                }
                _ => false,
            },
            ExprKind::Boolean { is_and: true, values } => values.iter().any(|&value| self.tests_presence(value, base)),
            _ => same_text(facts, test, base),
        }
    }

    /// `if x is None: x = make()` earlier in the same block, or in a method that is called there.
    fn made_before(&self, id: StmtId, base: ExprId) -> Option<(StmtId, Span)> {
        let index = self.index();
        let here = index.statement(id);
        let statements = index.statements_of(self.function.scope).iter().copied();
        let earlier = statements.filter(|&other| {
            let other = index.statement(other);
            other.parent == here.parent && other.position < here.position
        });
        let makes = |statement: &StmtId| {
            let stmt = index.statement(*statement).stmt;
            match &stmt.kind {
                StmtKind::If { test, .. } if self.tests_absence(*test, base) => {
                    Some((*statement, self.facts().span(*test)))
                }
                StmtKind::Expr(call) if self.calls_maker(*call, base) => Some((*statement, self.facts().span(*call))),
                _ => None,
            }
        };
        earlier.filter_map(|statement| makes(&statement)).next_back()
    }

    /// `owner.prepare()` where the method makes `owner.name` when it is not there.
    fn calls_maker(&self, call: ExprId, base: ExprId) -> bool {
        let facts = self.facts();
        let (ExprKind::Attribute { base: owner, name, .. }, ExprKind::Call { callee, .. }) =
            (facts.kind(base), facts.kind(call))
        else {
            return false;
        };
        let ExprKind::Attribute { base: receiver, .. } = facts.kind(*callee) else {
            return false;
        };
        same_text(facts, *owner, *receiver)
            && self.program.callees(self.at(call)).iter().any(|callee| match callee {
                Callee::Function { function, .. } => self.makes_when_absent(*function, name),
                _ => false,
            })
    }

    fn makes_when_absent(&self, method: ScopeRef, attribute: &str) -> bool {
        let index = self.program.index(method.file);
        let statements = || {
            index
                .statements_of(method.scope)
                .iter()
                .map(|&id| &index.statement(id).stmt.kind)
        };
        let is_own = |expr: ExprId| {
            matches!(index.facts.kind(expr), ExprKind::Attribute { base, name, .. }
                if name == attribute && matches!(index.facts.kind(*base), ExprKind::Name { .. }))
        };
        statements().any(|kind| matches!(kind, StmtKind::If { test, .. } if asks_for_none(index.facts, *test, &is_own)))
            && statements().any(
                |kind| matches!(kind, StmtKind::Assign { targets, .. } if targets.iter().any(|&target| is_own(target))),
            )
    }

    /// The function sets it itself between two places.
    fn is_bound_between(&self, base: ExprId, start: u32, end: u32) -> bool {
        let index = self.index();
        let in_test = |span: Span| span.start >= start && span.end <= end;
        index.statements_of(self.function.scope).iter().any(|&id| {
            let stmt = index.statement(id).stmt;
            matches!(&stmt.kind, StmtKind::Assign { targets, .. }
                if in_test(stmt.span) && targets.iter().any(|&target| same_text(self.facts(), target, base)))
        })
    }
}
