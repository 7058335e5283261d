//! What operators and properties cost.

use crate::facts::{BinaryOp, ExprId, ExprKind};
use crate::link::values::Value;

use super::super::classify::hull;
use super::super::estimate::Estimate;
use super::super::profile::{Part, Profile};
use super::{CallCosts, describe};

impl CallCosts<'_, '_, '_> {
    /// Operators and properties: what they cost beyond a step, where types of the knowledge base or of the project
    /// define them.
    pub(in crate::summary) fn operator(&self, kind: &ExprKind) -> Profile {
        match kind {
            ExprKind::Binary { op, left, right } => self.dunder(binary_method(*op), &[*left, *right]),
            ExprKind::Unary { operand, .. } => self.dunder("__neg__", &[*operand]),
            ExprKind::Compare { left, comparisons } => {
                let mut operands = vec![*left];
                operands.extend(comparisons.iter().map(|(_, right)| *right));
                self.dunder("__eq__", &operands)
            }
            ExprKind::Subscript { base, .. } => self.dunder("__getitem__", &[*base]),
            ExprKind::Attribute { base, name, .. } => self.property(*base, name),
            _ => Profile::default(),
        }
    }

    fn dunder(&self, method: &str, operands: &[ExprId]) -> Profile {
        let program = self.walk.program;
        for &operand in operands {
            for value in program.values(self.walk.at(operand)).iter() {
                if let Value::ExternalInstance { of, .. } = *program.value(value)
                    && let Some((_, fact)) = program.knowledge.method(program.name(of), method)
                {
                    let units = match fact.grows {
                        Some(growth) => self.walk.sizes().size(operand, growth),
                        None => Estimate::exactly(1.0),
                    };
                    let mut profile = self.sized(fact, units);
                    profile.interpreter += self.overhead(program.name(of));
                    profile.explain(self.walk.place(self.call), &describe(fact, program.name(of)));
                    return profile;
                }
            }
        }
        self.own_dunder(method, operands)
    }

    /// What an operator costs that a class of the project defines, with the classes below it where none is known.
    fn own_dunder(&self, method: &str, operands: &[ExprId]) -> Profile {
        let program = self.walk.program;
        let mut costs = Vec::new();
        for &operand in operands {
            for value in program.values(self.walk.at(operand)).iter() {
                if let Value::Instance { class, site } = *program.value(value) {
                    let functions = program.methods(class, method, site.is_none());
                    costs.extend(functions.into_iter().map(|function| self.function(function)));
                }
            }
        }
        hull(&costs).unwrap_or_default()
    }

    fn property(&self, base: ExprId, name: &str) -> Profile {
        let program = self.walk.program;
        for value in program.values(self.walk.at(base)).iter() {
            match *program.value(value) {
                Value::Instance { class, .. } => {
                    if let Some(getter) = program.property_function(class, name, false) {
                        return self.function(getter);
                    }
                }
                Value::ExternalInstance { of, .. } => {
                    let fact = program.knowledge.attribute(program.name(of), name);
                    if let Some(range) = fact.and_then(|fact| fact.interpreter) {
                        return Profile::of(Part::Interpreter, Estimate::between(range));
                    }
                }
                _ => {}
            }
        }
        Profile::default()
    }
}

const fn binary_method(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "__add__",
        BinaryOp::Sub => "__sub__",
        BinaryOp::Mult => "__mul__",
        BinaryOp::MatMult => "__matmul__",
        BinaryOp::Div => "__truediv__",
        BinaryOp::Mod => "__mod__",
        BinaryOp::Pow => "__pow__",
        BinaryOp::LShift => "__lshift__",
        BinaryOp::RShift => "__rshift__",
        BinaryOp::BitOr => "__or__",
        BinaryOp::BitXor => "__xor__",
        BinaryOp::BitAnd => "__and__",
        BinaryOp::FloorDiv => "__floordiv__",
    }
}
