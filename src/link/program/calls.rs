//! What calls may call, and with which arguments.

use std::sync::Arc;

use crate::facts::{ArgumentKind, ExprKind};
use crate::knowledge::{Position, Semantic};
use crate::link::values::{ExprRef, Unresolved, Value, ValueId, ValueSet};

use super::{Callee, Program};

impl Program<'_> {
    /// Everything that a call may call.
    #[must_use]
    pub fn callees(&self, call: ExprRef) -> Vec<Callee> {
        let ExprKind::Call { callee, .. } = self.kind(call) else {
            return Vec::new();
        };
        self.callees_of(self.values(ExprRef {
            file: call.file,
            expr: *callee,
        }))
    }

    /// Whether an expression is a call that may mean this to the flow of values.
    #[must_use]
    pub fn has_semantic(&self, call: ExprRef, semantic: Semantic) -> bool {
        self.callees(call).iter().any(
            |callee| matches!(callee, Callee::External { name, .. } if self.knowledge.semantic(name) == Some(semantic)),
        )
    }

    /// Everything that calling one of the values may call.
    #[must_use]
    pub fn callees_of(&self, values: &ValueSet) -> Vec<Callee> {
        let mut found = Vec::new();
        for value in values.iter() {
            match *self.value(value) {
                Value::Function(function) => found.push(Callee::Function {
                    function,
                    receiver: None,
                }),
                Value::BoundMethod { receiver, function } => {
                    found.push(Callee::Function {
                        function,
                        receiver: Some(receiver),
                    });
                }
                Value::Class(class) => found.push(Callee::Class(class)),
                Value::Instance { class, site } => {
                    for function in self.methods(class, "__call__", site.is_none()) {
                        found.push(Callee::Function {
                            function,
                            receiver: Some(value),
                        });
                    }
                }
                Value::Partial(site) => found.push(Callee::Partial(site)),
                Value::External(name) => {
                    found.push(Callee::External {
                        name: self.solution.universe.shared_text(name),
                        receiver: None,
                    });
                }
                Value::ExternalMethod { receiver, of, name } => {
                    let name = self.called_name(value, || self.method_name(self.name(of), self.name(name)));
                    found.push(Callee::External {
                        name,
                        receiver: Some(receiver),
                    });
                }
                Value::ExternalInstance { of, .. } => {
                    let name = self.called_name(value, || self.method_name(self.name(of), "__call__"));
                    found.push(Callee::External {
                        name,
                        receiver: Some(value),
                    });
                }
                Value::Unknown(reason) => found.push(Callee::Unknown(reason)),
                Value::MadeClass(_) | Value::MadeInstance(_) => found.push(Callee::Unknown(Unresolved::ExternalResult)),
                _ => {}
            }
        }
        if found.is_empty() {
            found.push(Callee::Unknown(Unresolved::DynamicAttribute));
        }
        found
    }

    /// The name of what a call of a value calls, found once.
    fn called_name(&self, value: ValueId, find: impl FnOnce() -> String) -> Arc<str> {
        Arc::clone(self.called_names[value.0 as usize].get_or_init(|| find().into()))
    }

    /// The name of a method with the type that defines it.
    #[must_use]
    pub fn method_name(&self, owner: &str, method: &str) -> String {
        match self.knowledge.method(owner, method) {
            Some((defining, _)) => format!("{defining}.{method}"),
            None => match self.knowledge.submission_method(owner, method) {
                Some(shape) => shape.api.clone(),
                None => format!("{owner}.{method}"),
            },
        }
    }

    /// The argument of a call at a position or under a name. Positions do not count past a `*value`.
    #[must_use]
    pub fn argument(&self, call: ExprRef, position: Option<u32>, keyword: Option<&str>) -> Option<ExprRef> {
        let ExprKind::Call { arguments, .. } = self.kind(call) else {
            return None;
        };
        if let Some(keyword) = keyword {
            let named = arguments
                .iter()
                .find(|argument| matches!(&argument.kind, ArgumentKind::Keyword(name) if name == keyword));
            if let Some(argument) = named {
                return Some(ExprRef {
                    file: call.file,
                    expr: argument.value,
                });
            }
        }
        let position = position? as usize;
        let plain = arguments
            .iter()
            .take_while(|argument| argument.kind != ArgumentKind::Star);
        let argument = plain
            .filter(|argument| argument.kind == ArgumentKind::Positional)
            .nth(position)?;
        Some(ExprRef {
            file: call.file,
            expr: argument.value,
        })
    }

    /// The argument of a call where the knowledge base says that it stands.
    #[must_use]
    pub fn argument_at(&self, call: ExprRef, position: &Position) -> Option<ExprRef> {
        self.argument(call, position.position, position.keyword.as_deref())
    }
}
