//! Generators that are advanced.

use crate::facts::ExprId;
use crate::knowledge::Semantic;
use crate::link::index::StmtId;
use crate::link::values::Value;
use crate::link::{Callee, language};

use super::events::{Collector, EventKind};

impl Collector<'_, '_> {
    /// `next(numbers)`.
    pub(super) fn advanced_by(&mut self, id: StmtId, call: ExprId) {
        let is_function = self.program.callees(self.at(call)).iter().any(|callee| match callee {
            Callee::External { name, receiver: None } => {
                self.program.knowledge.semantic(name) == Some(Semantic::Element)
            }
            _ => false,
        });
        if let Some(given) = self
            .program
            .argument(self.at(call), Some(0), None)
            .filter(|_| is_function)
        {
            self.advanced(id, given.expr);
        }
    }

    /// Taking an item of a generator runs its code, which is an error while another thread does.
    pub(super) fn advanced(&mut self, id: StmtId, storage: ExprId) {
        let values = self.program.values(self.at(storage));
        let is_generator = |value| match *self.program.value(value) {
            Value::Generator(_) => true,
            Value::ExternalInstance { of, .. } => self.program.name(of) == language::GENERATOR,
            _ => false,
        };
        if !values.is_empty() && values.iter().all(is_generator) {
            self.used(id, EventKind::Advance, self.at(storage), self.facts().span(storage));
        }
    }
}
