//! Changes of what a process has only one of: its folder, its environment, its output; and what only the first thread
//! may do.

use crate::facts::{ExprId, ExprKind, StmtKind, visit_expressions};
use crate::knowledge::Operation;
use crate::link::Program;
use crate::link::index::{Branch, StmtId};
use crate::link::values::{ExprRef, Value};
use crate::summary::locks::operation;

use super::events::{Collector, Event, EventKind};

/// Whether a call is made on a condition, or its errors are handled.
#[must_use]
pub fn is_conditional(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    let Some(statement) = index.statement_of(call.expr) else {
        return false;
    };
    index
        .ancestors(statement)
        .any(|(above, branch)| match &index.statement(above).stmt.kind {
            StmtKind::If { .. } => true,
            StmtKind::Try { handlers, .. } => branch == Branch::Body && !handlers.is_empty(),
            _ => false,
        })
}

impl Collector<'_, '_> {
    /// `os.chdir(folder)`, `signal.signal(...)`.
    pub(super) fn process_call(&mut self, id: StmtId, call: ExprId) {
        match operation(self.program, self.at(call)) {
            Some(Operation::ChangesProcess) if !self.is_the_same_each_time(call) => {
                self.changes_process(id, call, call);
            }
            Some(Operation::MainThreadOnly) if !self.is_seen_to(call) => {
                let kind = EventKind::MainThreadOnly;
                self.process_event(id, kind, call, call);
            }
            _ => {}
        }
    }

    /// `sys.stdout = buffer`, `os.environ[name] = value`.
    pub(super) fn process_store(&mut self, id: StmtId, target: ExprId, value: ExprId) {
        let changed = match self.facts().kind(target) {
            ExprKind::Subscript { base, .. } => *base,
            _ => target,
        };
        if self.is_process_wide(changed) && !self.is_constant(value) {
            self.changes_process(id, changed, target);
        }
    }

    fn changes_process(&mut self, id: StmtId, storage: ExprId, place: ExprId) {
        self.process_event(id, EventKind::ProcessWide, storage, place);
    }

    fn process_event(&mut self, id: StmtId, kind: EventKind, storage: ExprId, place: ExprId) {
        let storage = match self.facts().kind(storage) {
            ExprKind::Call { callee, .. } => *callee,
            _ => storage,
        };
        self.events.push(Event {
            kind,
            storage: self.at(storage),
            key: None,
            place: self.place(self.facts().span(place)),
            before: None,
            held: self.guards.get(&id).cloned().unwrap_or_default(),
        });
    }

    /// An attribute of a module that is described as one of its kind.
    fn is_process_wide(&self, expr: ExprId) -> bool {
        let ExprKind::Attribute { base, name, .. } = self.facts().kind(expr) else {
            return false;
        };
        self.program
            .values(self.at(*base))
            .iter()
            .any(|value| match self.program.value(value) {
                Value::External(module) => {
                    let full = format!("{}.{name}", self.program.name(*module));
                    self.program.knowledge.operation(&full) == Some(Operation::ChangesProcess)
                }
                _ => false,
            })
    }

    fn is_constant(&self, expr: ExprId) -> bool {
        matches!(
            self.facts().kind(expr),
            ExprKind::Str { .. } | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::None
        )
    }

    /// A call whose arguments are constants changes nothing when it is repeated; one that undoes itself later does.
    fn is_the_same_each_time(&self, call: ExprId) -> bool {
        let ExprKind::Call { arguments, .. } = self.facts().kind(call) else {
            return false;
        };
        let entered = self.index().statement_of(call).is_some_and(|statement| {
            matches!(&self.index().statement(statement).stmt.kind, StmtKind::With { items, .. }
                if items.iter().any(|&(item, _)| item == call))
        });
        let named = |argument: ExprId| match self.facts().kind(argument) {
            // A constant of a module, such as a locale's category.
            ExprKind::Attribute { .. } => true,
            _ => self.is_constant(argument),
        };
        !entered && arguments.iter().all(|argument| named(argument.value))
    }

    /// The code asks which thread this is, or handles the error.
    fn is_seen_to(&self, call: ExprId) -> bool {
        let asks = |test: ExprId| {
            let mut found = false;
            visit_expressions(self.facts(), test, &mut |part| {
                found |= operation(self.program, self.at(part)) == Some(Operation::NamesThread);
            });
            found
        };
        let index = self.index();
        let same = |&other: &ExprId| {
            other != call && operation(self.program, self.at(other)) == operation(self.program, self.at(call))
        };
        // What is set back was set before, where somebody looked.
        let is_set_back = index.calls().iter().copied().filter(|other| {
            index
                .statement_of(*other)
                .is_some_and(|statement| index.statement(statement).scope == self.function.scope)
        });
        is_conditional(self.program, self.at(call))
            || is_set_back
                .filter(same)
                .any(|other| is_conditional(self.program, self.at(other)))
            || index.statements_of(self.function.scope).iter().any(
                |&statement| matches!(index.statement(statement).stmt.kind, StmtKind::If { test, .. } if asks(test)),
            )
    }
}
