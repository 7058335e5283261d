//! Checks that are followed by acts: what is put in when it was found missing, taken out when it was found, or made
//! when it is first used.

use crate::facts::{CompareOp, DefId, DefKind, ExprId, ExprKind, FileFacts, Span, Stmt, StmtKind, UnaryOp};
use crate::knowledge::Semantic;
use crate::link::Callee;
use crate::link::index::StmtId;
use crate::link::language;
use crate::link::values::{ScopeRef, Value};

use super::events::{Collector, Event, EventKind};
use super::places::same_text;

impl Collector<'_, '_> {
    /// `if self.x is None: self.x = make()`.
    pub(super) fn first_use(&mut self, id: StmtId, target: ExprId, value: ExprId, span: Span) {
        if matches!(self.facts().kind(value), ExprKind::None | ExprKind::Bool(_)) {
            return;
        }
        let mut inner = id;
        let ancestors: Vec<_> = self.index().ancestors(id).collect();
        for (above, _) in ancestors {
            let stmt = self.index().statement(above).stmt;
            if let StmtKind::If { test, body, .. } = &stmt.kind
                && body
                    .iter()
                    .any(|stmt| stmt.span.contains(self.index().statement(inner).stmt.span))
                && self.tests_absence(*test, target)
            {
                let matters = self.makes_an_object(value);
                self.events.push(Event {
                    kind: EventKind::LazyInit { matters },
                    storage: self.at(target),
                    key: None,
                    place: self.place(span),
                    before: Some(self.place(self.facts().span(*test))),
                    held: self.held_over(above, id),
                });
                return;
            }
            inner = above;
        }
    }

    /// `x is None`, `not x`, `x == None`, joined with `and` / `or`; also `not hasattr(o, "x")`.
    pub(super) fn tests_absence(&self, test: ExprId, target: ExprId) -> bool {
        let is_it = |expr| same_text(self.facts(), expr, target) || self.asks_for_attribute(expr, target);
        asks_for_none(self.facts(), test, &is_it)
    }

    /// `hasattr(base, "name")` for `base.name`.
    fn asks_for_attribute(&self, call: ExprId, target: ExprId) -> bool {
        let facts = self.facts();
        let (ExprKind::Call { arguments, .. }, ExprKind::Attribute { base, name, .. }) =
            (facts.kind(call), facts.kind(target))
        else {
            return false;
        };
        match arguments.as_slice() {
            [object, attribute] => {
                same_text(facts, object.value, *base)
                    && matches!(facts.kind(attribute.value), ExprKind::Str { value, .. } if value == name)
            }
            _ => false,
        }
    }

    /// Puts into or takes out of a container what a check before found missing or there.
    pub(super) fn act(
        &mut self,
        id: StmtId,
        base: ExprId,
        key: Option<ExprId>,
        place: ExprId,
        value: Option<ExprId>,
    ) -> bool {
        let mut inner = id;
        let ancestors: Vec<_> = self.index().ancestors(id).collect();
        for (above, _) in ancestors {
            let stmt = self.index().statement(above).stmt;
            if let StmtKind::If { test, body, .. } = &stmt.kind
                && body
                    .iter()
                    .any(|stmt| stmt.span.contains(self.index().statement(inner).stmt.span))
                && let Some(first) = self.checks(*test, base, key, above)
            {
                let matters = match value {
                    Some(value) => self.makes_an_object(value),
                    None if self.is_tolerant_removal(place) => !body.iter().all(|stmt| self.only_cleans_up(stmt)),
                    None => !self.is_noted_only(base, body),
                };
                self.events.push(Event {
                    kind: EventKind::CheckThenAct { matters },
                    storage: self.at(base),
                    key: key.map(|key| self.at(key)),
                    place: self.place(self.facts().span(place)),
                    before: Some(self.place(self.facts().span(*test))),
                    held: self.held_over(first, id),
                });
                return true;
            }
            inner = above;
        }
        match (key, value) {
            (Some(key), Some(value)) => self.act_after_return(id, base, key, place, value),
            _ => false,
        }
    }

    /// `if topic not in seen: seen.add(topic); log(...)`: what is done twice only tells somebody.
    fn is_noted_only(&self, base: ExprId, body: &[Stmt]) -> bool {
        let values = self.program.values(self.at(base));
        let is_set = |value| {
            matches!(*self.program.value(value), Value::ExternalInstance { of, .. }
                if self.program.name(of) == language::SET)
        };
        !values.is_empty() && values.iter().all(is_set) && body.iter().all(|stmt| self.only_tells(stmt))
    }

    /// `d.pop(key, None)`, `s.discard(key)`: a removal that does not mind that another was first.
    fn is_tolerant_removal(&self, call: ExprId) -> bool {
        let ExprKind::Call { arguments, .. } = self.facts().kind(call) else {
            return false;
        };
        let knowledge = self.program.knowledge;
        self.program.callees(self.at(call)).iter().any(|callee| match callee {
            Callee::External { name, .. } => match knowledge.semantic(name) {
                Some(Semantic::Element) => arguments.len() == 2,
                Some(Semantic::Changes) => knowledge.call(name).is_some_and(|fact| fact.cannot_raise && fact.resizes),
                _ => false,
            },
            // What is taken out with a default is of the same kind, whatever it is taken out of.
            _ => matches!(arguments.as_slice(), [_, default] if matches!(self.facts().kind(default.value), ExprKind::None)),
        })
    }

    /// Statements that only take out what may be gone already, or tell somebody.
    fn only_cleans_up(&self, stmt: &Stmt) -> bool {
        match &stmt.kind {
            StmtKind::Expr(value) => self.is_tolerant_removal(*value) || self.only_tells(stmt),
            StmtKind::If { body, orelse, .. } => body.iter().chain(orelse).all(|inner| self.only_cleans_up(inner)),
            _ => self.only_tells(stmt),
        }
    }

    fn only_tells(&self, stmt: &Stmt) -> bool {
        match &stmt.kind {
            StmtKind::Pass => true,
            StmtKind::Assign { targets, .. } => targets
                .iter()
                .all(|&target| matches!(self.facts().kind(target), ExprKind::Store(_))),
            StmtKind::If { body, orelse, .. } => body.iter().chain(orelse).all(|inner| self.only_tells(inner)),
            StmtKind::Expr(value) => {
                let callees = self.program.callees(self.at(*value));
                !callees.is_empty()
                    && callees.iter().all(|callee| match callee {
                        Callee::External { name, .. } => {
                            let fact = self.program.knowledge.call(name);
                            fact.is_some_and(|fact| {
                                let nothing = fact.returns.as_ref().is_some_and(|of| of.name == language::NONE_TYPE);
                                fact.cannot_raise && nothing
                            })
                        }
                        _ => false,
                    })
            }
            _ => false,
        }
    }

    /// `if key in d: return d[key]` ... `d[key] = make()`.
    fn act_after_return(&mut self, id: StmtId, base: ExprId, key: ExprId, place: ExprId, value: ExprId) -> bool {
        let index = self.index();
        let mut levels = vec![id];
        levels.extend(index.ancestors(id).map(|(above, _)| above));
        for level in levels {
            let here = index.statement(level);
            for &other in index.statements_of(self.function.scope) {
                let earlier = index.statement(other);
                if earlier.parent != here.parent || earlier.stmt.span.start >= here.stmt.span.start {
                    continue;
                }
                let StmtKind::If { test, body, orelse } = &earlier.stmt.kind else {
                    continue;
                };
                let leaves = body.last().is_some_and(|last| matches!(last.kind, StmtKind::Return(_)));
                let Some(first) = self
                    .presence(*test, base, key, other)
                    .filter(|_| leaves && orelse.is_empty())
                else {
                    continue;
                };
                let matters = self.makes_an_object(value);
                self.events.push(Event {
                    kind: EventKind::CheckThenAct { matters },
                    storage: self.at(base),
                    key: Some(self.at(key)),
                    place: self.place(self.facts().span(place)),
                    before: Some(self.place(self.facts().span(*test))),
                    held: self.held_over(first, id),
                });
                return true;
            }
        }
        false
    }

    /// `key in d`, `d.get(key) is not None`, or a name that holds what was looked up.
    fn presence(&self, test: ExprId, base: ExprId, key: ExprId, statement: StmtId) -> Option<StmtId> {
        let facts = self.facts();
        match facts.kind(test) {
            ExprKind::Compare { left, comparisons } => match comparisons.as_slice() {
                [(CompareOp::In, right)] => {
                    (same_text(facts, *left, key) && same_text(facts, *right, base)).then_some(statement)
                }
                [(CompareOp::IsNot, right)] if matches!(facts.kind(*right), ExprKind::None) => {
                    self.looked_up(*left, base, Some(key), statement)
                }
                _ => None,
            },
            ExprKind::Name { .. } => self.looked_up(test, base, Some(key), statement),
            _ => None,
        }
    }

    /// Whether a condition asks what a container holds; gives the statement in which it is looked at.
    fn checks(&self, test: ExprId, base: ExprId, key: Option<ExprId>, statement: StmtId) -> Option<StmtId> {
        let facts = self.facts();
        match facts.kind(test) {
            ExprKind::Compare { left, comparisons } => match comparisons.as_slice() {
                [(CompareOp::In | CompareOp::NotIn, right)] => {
                    let same_key = key.is_none_or(|key| same_text(facts, *left, key));
                    (same_key && same_text(facts, *right, base)).then_some(statement)
                }
                [(CompareOp::Is | CompareOp::Eq, right)] => {
                    if !matches!(facts.kind(*right), ExprKind::None) {
                        return None;
                    }
                    self.looked_up(*left, base, key, statement)
                }
                _ => None,
            },
            ExprKind::Unary {
                op: UnaryOp::Not,
                operand,
            } => {
                if key.is_none() && same_text(facts, *operand, base) {
                    return Some(statement);
                }
                self.looked_up(*operand, base, key, statement)
            }
            ExprKind::Boolean { values, .. } => values
                .iter()
                .find_map(|&value| self.checks(value, base, key, statement)),
            _ => None,
        }
    }

    /// `d.get(k)` in the condition, or a local name that holds its result.
    fn looked_up(&self, expr: ExprId, base: ExprId, key: Option<ExprId>, statement: StmtId) -> Option<StmtId> {
        key?;
        if self.looks_up(expr, base, key) {
            return Some(statement);
        }
        let facts = self.facts();
        let ExprKind::Name { reaching, .. } = facts.kind(expr) else {
            return None;
        };
        reaching.iter().find_map(|&def| match &facts.definition(def).kind {
            DefKind::Assign { value, path } if path.is_empty() && self.looks_up(*value, base, key) => {
                self.index().statement_of(*value)
            }
            _ => None,
        })
    }

    /// Whether a value is a fresh object with an identity that matters: two of them are not as good as one.
    fn makes_an_object(&self, value: ExprId) -> bool {
        let facts = self.facts();
        let source = match facts.kind(value) {
            ExprKind::Name { reaching, .. } => match reaching.as_slice() {
                [] => return false,
                several => {
                    return several.iter().any(|&def| match &facts.definition(def).kind {
                        DefKind::Assign { value: made, path } if path.is_empty() => {
                            !matches!(facts.kind(*made), ExprKind::Name { .. })
                                && self.makes_an_object(*made)
                                && !self.is_filled_between(def, *made, value)
                        }
                        _ => false,
                    });
                }
            },
            _ => value,
        };
        if self.is_maker() && matches!(facts.kind(source), ExprKind::Call { .. }) {
            return true;
        }
        self.program
            .values(self.at(source))
            .iter()
            .any(|value| match *self.program.value(value) {
                Value::Instance { class, .. } => !self.is_plain_data(class),
                Value::ExternalInstance { of, .. } => {
                    let name = self.program.name(of);
                    matches!(name, language::LIST | language::DICT | language::SET)
                        && !matches!(
                            facts.kind(source),
                            ExprKind::Call { .. } | ExprKind::Comprehension { .. }
                        )
                        || self.program.role(value).is_some()
                        || self.program.type_fact(value).is_some_and(|fact| fact.thread_bound)
                }
                _ => false,
            })
    }

    /// Whether a container is filled between the place where it is made and a later use: then it is a result, which
    /// another thread would fill in the same way.
    fn is_filled_between(&self, def: DefId, made: ExprId, used: ExprId) -> bool {
        let (facts, index) = (self.facts(), self.index());
        let (start, end) = (facts.span(made).end, facts.span(used).start);
        let fills = |call: ExprId| {
            let ExprKind::Call { callee, .. } = facts.kind(call) else {
                return false;
            };
            let ExprKind::Attribute { base, .. } = facts.kind(*callee) else {
                return false;
            };
            let is_it = matches!(facts.kind(*base), ExprKind::Name { reaching, .. } if reaching.contains(&def));
            is_it
                && self.program.callees(self.at(call)).iter().any(|callee| match callee {
                    Callee::External { name, .. } => matches!(
                        self.program.knowledge.semantic(name),
                        Some(Semantic::Adds | Semantic::AddsSecond | Semantic::AddsAll)
                    ),
                    _ => false,
                })
        };
        index.calls().iter().any(|&call| {
            let span = facts.span(call);
            span.start >= start && span.end <= end && fills(call)
        })
    }

    /// A class of records: a typed dict or tuple, of which one is as good as another with the same content.
    fn is_plain_data(&self, class: ScopeRef) -> bool {
        let above = self.program.solution.classes.external_ancestors(class);
        let mut names = above.into_iter().map(|name| self.program.name(name));
        names.any(|name| {
            let semantic = self.program.knowledge.semantic(name);
            semantic == Some(Semantic::Dataclass) || self.program.knowledge.is_subtype(name, language::TUPLE)
        })
    }

    /// `__new__`, and `__call__` of a metaclass, make the instances.
    fn is_maker(&self) -> bool {
        let name = self.program.scope(self.function).name.as_str();
        let is_metaclass = || {
            self.program.class_of_method(self.function).is_some_and(|class| {
                let above = self.program.solution.classes.external_ancestors(class);
                above
                    .into_iter()
                    .any(|name| self.program.knowledge.semantic(self.program.name(name)) == Some(Semantic::TypeOf))
            })
        };
        name == "__new__" || (name == "__call__" && is_metaclass())
    }
}

/// `x is None`, `not x`, `x == None`, joined with `and` / `or`.
pub(super) fn asks_for_none(facts: &FileFacts, test: ExprId, is_it: &dyn Fn(ExprId) -> bool) -> bool {
    match facts.kind(test) {
        ExprKind::Unary {
            op: UnaryOp::Not,
            operand,
        } => is_it(*operand),
        ExprKind::Compare { left, comparisons } => match comparisons.as_slice() {
            [(CompareOp::Is | CompareOp::Eq, right)] => matches!(facts.kind(*right), ExprKind::None) && is_it(*left),
            _ => false,
        },
        ExprKind::Boolean { values, .. } => values.iter().any(|&value| asks_for_none(facts, value, is_it)),
        _ => false,
    }
}
