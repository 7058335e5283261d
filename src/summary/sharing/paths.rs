//! Checks that are followed by acts where the state is not a variable but a file, or a position in a list.

use crate::facts::{DefKind, ExprId, ExprKind, MODULE, StmtKind, UnaryOp};
use crate::knowledge::{Operation, Semantic};
use crate::link::Callee;
use crate::link::index::{Branch, StmtId};
use crate::link::values::ExprRef;
use crate::summary::locks::operation;

use super::events::{Collector, Event, EventKind};
use super::places::same_text;
use super::units::Share;
use super::walk::{Visit, Walker};

/// How deep a path is taken apart.
const DEPTH: u32 = 8;

impl Collector<'_, '_> {
    /// `if not exists(path): make(path)` and `if exists(path): remove(path)`.
    pub(super) fn path_act(&mut self, id: StmtId, call: ExprId) {
        let found = operation(self.program, self.at(call));
        let Some(acts @ (Operation::MakesPath | Operation::RemovesPath)) = found else {
            return;
        };
        let (Some(path), false) = (self.path_of(call), self.has_flag(call)) else {
            return;
        };
        let mut check = None;
        for (above, branch) in self.index().ancestors(id) {
            match &self.index().statement(above).stmt.kind {
                // What can be overtaken is handled.
                StmtKind::Try { handlers, .. } if branch == Branch::Body && !handlers.is_empty() => return,
                StmtKind::If { test, .. }
                    if branch == Branch::Body
                        && check.is_none()
                        && self.asks_for(*test, path, acts == Operation::RemovesPath) =>
                {
                    check = Some((above, *test));
                }
                _ => {}
            }
        }
        let Some((above, test)) = check else { return };
        self.events.push(Event {
            kind: EventKind::PathAct,
            storage: self.at(path),
            key: None,
            place: self.place(self.facts().span(call)),
            before: Some(self.place(self.facts().span(test))),
            held: self.held_over(above, id),
        });
    }

    /// The path that a call is about: the receiver, or the first argument of a function.
    fn path_of(&self, call: ExprId) -> Option<ExprId> {
        let ExprKind::Call { callee, arguments, .. } = self.facts().kind(call) else {
            return None;
        };
        let by_method = self
            .program
            .callees(self.at(call))
            .iter()
            .any(|callee| matches!(callee, Callee::External { receiver: Some(_), .. }));
        match self.facts().kind(*callee) {
            ExprKind::Attribute { base, .. } if by_method => Some(*base),
            _ => arguments.first().map(|argument| argument.value),
        }
    }

    /// `exist_ok=True` and its like.
    fn has_flag(&self, call: ExprId) -> bool {
        let ExprKind::Call { arguments, .. } = self.facts().kind(call) else {
            return false;
        };
        let mut given = arguments.iter();
        given.any(|argument| matches!(self.facts().kind(argument.value), ExprKind::Bool(true)))
    }

    /// Whether a condition holds where something is at a path, or where nothing is.
    fn asks_for(&self, test: ExprId, path: ExprId, present: bool) -> bool {
        match self.facts().kind(test) {
            ExprKind::Unary {
                op: UnaryOp::Not,
                operand,
            } => self.asks_for(*operand, path, !present),
            ExprKind::Boolean { values, .. } => values.iter().any(|&value| self.asks_for(value, path, present)),
            ExprKind::Call { .. } => {
                present
                    && operation(self.program, self.at(test)) == Some(Operation::ChecksPath)
                    && self
                        .path_of(test)
                        .is_some_and(|asked| same_text(self.facts(), asked, path))
            }
            _ => false,
        }
    }

    /// `i = names.index(name)` ... `rooms.remove(rooms[i])`: what stood at the position may have moved.
    pub(super) fn stale_position(&mut self, id: StmtId, base: ExprId, given: ExprId, place: ExprId) {
        let facts = self.facts();
        let position = match self.assigned_once(given).map(|value| facts.kind(value)) {
            Some(ExprKind::Subscript { base: of, index }) if same_text(facts, *of, base) => *index,
            _ => given,
        };
        let Some(looked_up) = self.assigned_once(position).filter(|&value| self.gives_position(value)) else {
            return;
        };
        let Some(first) = self.index().statement_of(looked_up) else {
            return;
        };
        self.events.push(Event {
            kind: EventKind::CheckThenAct { matters: true },
            storage: self.at(base),
            key: None,
            place: self.place(facts.span(place)),
            before: Some(self.place(facts.span(looked_up))),
            held: self.held_over(first, id),
        });
    }

    /// What the one assignment gives that reaches a name.
    fn assigned_once(&self, name: ExprId) -> Option<ExprId> {
        let ExprKind::Name { reaching, .. } = self.facts().kind(name) else {
            return None;
        };
        match reaching.as_slice() {
            [only] => match &self.facts().definition(*only).kind {
                DefKind::Assign { value, path } if path.is_empty() => Some(*value),
                _ => None,
            },
            _ => None,
        }
    }

    fn gives_position(&self, call: ExprId) -> bool {
        self.program.callees(self.at(call)).iter().any(|callee| match callee {
            Callee::External { name, .. } => self.program.knowledge.semantic(name) == Some(Semantic::Position),
            _ => false,
        })
    }

    /// A call of a method that takes something out of a list by a position or value.
    pub(super) fn takes_out(&mut self, id: StmtId, call: ExprId, base: ExprId) {
        let changes = self.program.callees(self.at(call)).iter().any(|callee| match callee {
            Callee::External {
                name,
                receiver: Some(_),
            } => matches!(
                self.program.knowledge.semantic(name),
                Some(Semantic::Changes | Semantic::Element)
            ),
            _ => false,
        });
        if let Some(given) = self.program.argument(self.at(call), Some(0), None).filter(|_| changes) {
            self.stale_position(id, base, given.expr, call);
        }
    }
}

impl Walker<'_, '_, '_> {
    /// Whether several runs may mean the same file by a path. One way to get it that is the same for all is enough.
    pub(super) fn path_share(&self, visit: &Visit, expr: ExprRef, depth: u32) -> Share {
        if depth > DEPTH {
            return Share::Unknown;
        }
        let program = self.unit.program;
        let each = |parts: Vec<ExprRef>| self.parts_share(visit, &parts, depth);
        let at = |inner: ExprId| program.sibling(expr, inner);
        match program.kind(expr) {
            ExprKind::Str { .. } => Share::Shared,
            ExprKind::Name {
                symbol: Some(symbol),
                reaching,
                ..
            } => {
                let facts = program.file(expr.file);
                let owner = facts.symbol(*symbol).scope;
                if owner == MODULE {
                    return Share::Shared;
                }
                if owner != visit.function.scope || expr.file != visit.function.file {
                    return self.unit.cell_share(expr.file, *symbol);
                }
                let shares = reaching.iter().map(|&def| match &facts.definition(def).kind {
                    DefKind::Parameter { index } => visit.parameter(*index),
                    DefKind::Assign { value, path } if path.is_empty() => self.path_share(visit, at(*value), depth + 1),
                    _ => Share::Unknown,
                });
                any_shared(shares)
            }
            ExprKind::Attribute { .. } => self.share(visit, expr, 0),
            ExprKind::Conditional { body, orelse, .. } => any_shared(
                [*body, *orelse]
                    .into_iter()
                    .map(|part| self.path_share(visit, at(part), depth + 1)),
            ),
            ExprKind::Binary { left, right, .. } => each(vec![at(*left), at(*right)]),
            ExprKind::FString(parts) => each(parts.iter().map(|&part| at(part)).collect()),
            ExprKind::Call { callee, arguments, .. } => {
                let external = program.callees(expr);
                let outside = external.iter().all(|callee| matches!(callee, Callee::External { .. }));
                if !outside || external.is_empty() {
                    return Share::Unknown;
                }
                let mut parts: Vec<ExprRef> = arguments.iter().map(|argument| at(argument.value)).collect();
                let by_method = external
                    .iter()
                    .any(|callee| matches!(callee, Callee::External { receiver: Some(_), .. }));
                if let (ExprKind::Attribute { base, .. }, true) = (program.kind(at(*callee)), by_method) {
                    parts.push(at(*base));
                }
                each(parts)
            }
            _ => Share::Unknown,
        }
    }

    /// A path made of parts is the same for all where all parts are.
    fn parts_share(&self, visit: &Visit, parts: &[ExprRef], depth: u32) -> Share {
        let shares: Vec<Share> = parts
            .iter()
            .map(|&part| self.path_share(visit, part, depth + 1))
            .collect();
        if shares.iter().any(|share| matches!(share, Share::PerTask | Share::Own)) {
            Share::PerTask
        } else if !shares.is_empty() && shares.iter().all(|share| *share == Share::Shared) {
            Share::Shared
        } else {
            Share::Unknown
        }
    }
}

fn any_shared(shares: impl Iterator<Item = Share>) -> Share {
    let mut found = None;
    for share in shares {
        found = Some(match found {
            Some(Share::Shared) => Share::Shared,
            _ if share == Share::Shared => share,
            Some(other) => share.or(other),
            None => share,
        });
    }
    found.unwrap_or(Share::Unknown)
}
