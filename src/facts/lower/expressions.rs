//! Expressions.

use ruff_python_ast::{
    ArgOrKeyword, Arguments, BoolOp, CmpOp, Comprehension as SyntaxClause, DictItem, Expr as SyntaxExpr, ExprCall,
    ExprCompare, ExprNamed, ExprSlice, ExprStringLiteral, Identifier, InterpolatedStringElement, Number, Operator,
    UnaryOp as SyntaxUnaryOp,
};
use ruff_text_size::Ranged;

use super::names::Environment;
use super::targets::Source;
use super::{Lowerer, position};
use crate::facts::{
    Argument, ArgumentKind, BinaryOp, Clause, CompareOp, ComprehensionKind, DefKind, ExprId, ExprKind, SequenceKind,
    UnaryOp,
};

impl Lowerer<'_> {
    /// An expression that is read.
    pub(super) fn lower_expression(&mut self, expression: &SyntaxExpr) -> ExprId {
        match expression {
            SyntaxExpr::Name(name) if name.id.is_empty() => self.opaque(name.range),
            SyntaxExpr::Name(name) => {
                let span = self.span(name.range);
                self.read_name(name.id.as_str(), span)
            }
            _ => self.nested(expression, |lowerer| lowerer.lower_compound(expression)),
        }
    }

    /// An expression that may be missing.
    pub(super) fn lower_optional(&mut self, expression: Option<&SyntaxExpr>) -> Option<ExprId> {
        expression.map(|expression| self.lower_expression(expression))
    }

    fn lower_compound(&mut self, expression: &SyntaxExpr) -> ExprKind {
        match expression {
            SyntaxExpr::Attribute(attribute) => {
                let base = self.lower_expression(&attribute.value);
                let name_span = self.span(attribute.attr.range);
                ExprKind::Attribute {
                    base,
                    name: attribute.attr.as_str().to_owned(),
                    name_span,
                }
            }
            SyntaxExpr::Subscript(subscript) => {
                let base = self.lower_expression(&subscript.value);
                ExprKind::Subscript {
                    base,
                    index: self.lower_expression(&subscript.slice),
                }
            }
            SyntaxExpr::Slice(slice) => self.lower_slice(slice),
            SyntaxExpr::Call(call) => self.lower_call(call),
            SyntaxExpr::Tuple(tuple) => self.lower_sequence(SequenceKind::Tuple, &tuple.elts),
            SyntaxExpr::List(list) => self.lower_sequence(SequenceKind::List, &list.elts),
            SyntaxExpr::Set(set) => self.lower_sequence(SequenceKind::Set, &set.elts),
            SyntaxExpr::Dict(dict) => self.lower_dict(&dict.items),
            SyntaxExpr::Lambda(lambda) => self.lower_lambda(lambda),
            SyntaxExpr::Starred(starred) => ExprKind::Starred(self.lower_expression(&starred.value)),
            SyntaxExpr::Await(awaited) => ExprKind::Await(self.lower_expression(&awaited.value)),
            SyntaxExpr::Yield(yielded) => {
                self.mark_generator();
                ExprKind::Yield(self.lower_optional(yielded.value.as_deref()))
            }
            SyntaxExpr::YieldFrom(yielded) => {
                self.mark_generator();
                ExprKind::YieldFrom(self.lower_expression(&yielded.value))
            }
            SyntaxExpr::Named(named) => self.lower_named(named),
            SyntaxExpr::ListComp(_) | SyntaxExpr::SetComp(_) | SyntaxExpr::DictComp(_) | SyntaxExpr::Generator(_) => {
                self.lower_any_comprehension(expression)
            }
            SyntaxExpr::BinOp(_)
            | SyntaxExpr::BoolOp(_)
            | SyntaxExpr::UnaryOp(_)
            | SyntaxExpr::Compare(_)
            | SyntaxExpr::If(_) => self.lower_operation(expression),
            _ => self.lower_literal(expression),
        }
    }

    fn lower_operation(&mut self, expression: &SyntaxExpr) -> ExprKind {
        match expression {
            SyntaxExpr::BinOp(binary) => {
                let left = self.lower_expression(&binary.left);
                ExprKind::Binary {
                    op: binary_op(binary.op),
                    left,
                    right: self.lower_expression(&binary.right),
                }
            }
            SyntaxExpr::BoolOp(boolean) => ExprKind::Boolean {
                is_and: boolean.op == BoolOp::And,
                values: boolean
                    .values
                    .iter()
                    .map(|value| self.lower_expression(value))
                    .collect(),
            },
            SyntaxExpr::UnaryOp(unary) => ExprKind::Unary {
                op: unary_op(unary.op),
                operand: self.lower_expression(&unary.operand),
            },
            SyntaxExpr::Compare(compare) => self.lower_compare(compare),
            SyntaxExpr::If(conditional) => {
                let test = self.lower_expression(&conditional.test);
                let body = self.lower_expression(&conditional.body);
                ExprKind::Conditional {
                    test,
                    body,
                    orelse: self.lower_expression(&conditional.orelse),
                }
            }
            _ => ExprKind::Opaque,
        }
    }

    fn lower_literal(&mut self, expression: &SyntaxExpr) -> ExprKind {
        match expression {
            SyntaxExpr::StringLiteral(string) => string_literal(string),
            SyntaxExpr::BytesLiteral(bytes) => ExprKind::Bytes {
                len: position(bytes.value.len()),
            },
            SyntaxExpr::NumberLiteral(number) => match &number.value {
                Number::Int(value) => ExprKind::Int(value.as_i64()),
                Number::Float(value) | Number::Complex { real: value, .. } => ExprKind::Float(*value),
            },
            SyntaxExpr::BooleanLiteral(literal) => ExprKind::Bool(literal.value),
            SyntaxExpr::NoneLiteral(_) => ExprKind::None,
            SyntaxExpr::EllipsisLiteral(_) => ExprKind::Ellipsis,
            SyntaxExpr::FString(string) => {
                let mut fields = Vec::new();
                self.lower_fields(string.value.elements(), &mut fields);
                ExprKind::FString(fields)
            }
            SyntaxExpr::TString(string) => {
                let mut fields = Vec::new();
                self.lower_fields(string.value.elements(), &mut fields);
                ExprKind::FString(fields)
            }
            _ => ExprKind::Opaque,
        }
    }

    fn lower_fields<'tree>(
        &mut self,
        elements: impl Iterator<Item = &'tree InterpolatedStringElement>,
        fields: &mut Vec<ExprId>,
    ) {
        for field in elements.filter_map(InterpolatedStringElement::as_interpolation) {
            fields.push(self.lower_expression(&field.expression));
            if let Some(format) = &field.format_spec {
                self.lower_format(&format.elements, fields);
            }
        }
    }

    /// The fields of a format specification, which may have formats themselves.
    fn lower_format(&mut self, format: &[InterpolatedStringElement], fields: &mut Vec<ExprId>) {
        if self.expression_depth >= super::MAX_EXPRESSION_DEPTH {
            self.left_out = true;
            return;
        }
        self.expression_depth += 1;
        self.lower_fields(format.iter(), fields);
        self.expression_depth -= 1;
    }

    fn lower_slice(&mut self, slice: &ExprSlice) -> ExprKind {
        ExprKind::Slice {
            lower: self.lower_optional(slice.lower.as_deref()),
            upper: self.lower_optional(slice.upper.as_deref()),
            step: self.lower_optional(slice.step.as_deref()),
        }
    }

    fn lower_call(&mut self, call: &ExprCall) -> ExprKind {
        let callee = self.lower_expression(&call.func);
        let arguments = self.lower_arguments(&call.arguments);
        ExprKind::Call {
            callee,
            arguments,
            arguments_span: self.span(call.arguments.range),
        }
    }

    fn lower_arguments(&mut self, arguments: &Arguments) -> Vec<Argument> {
        let mut lowered = Vec::with_capacity(arguments.len());
        for argument in arguments.iter_source_order() {
            let span = self.span(argument.range());
            let (kind, value) = match argument {
                ArgOrKeyword::Arg(SyntaxExpr::Starred(starred)) => {
                    (ArgumentKind::Star, self.lower_expression(&starred.value))
                }
                ArgOrKeyword::Arg(value) => (ArgumentKind::Positional, self.lower_expression(value)),
                ArgOrKeyword::Keyword(keyword) => {
                    let name = keyword.arg.as_ref().map(Identifier::as_str);
                    let kind = name.map_or(ArgumentKind::DoubleStar, |name| ArgumentKind::Keyword(name.to_owned()));
                    (kind, self.lower_expression(&keyword.value))
                }
            };
            lowered.push(Argument { kind, value, span });
        }
        lowered
    }

    fn lower_sequence(&mut self, kind: SequenceKind, elements: &[SyntaxExpr]) -> ExprKind {
        let len = position(elements.len());
        self.left_out |= elements.len() > super::MAX_ELEMENTS;
        let kept = elements.iter().take(super::MAX_ELEMENTS);
        let elements = kept.map(|element| self.lower_expression(element)).collect();
        ExprKind::Sequence { kind, elements, len }
    }

    fn lower_dict(&mut self, items: &[DictItem]) -> ExprKind {
        let len = position(items.len());
        self.left_out |= items.len() > super::MAX_ELEMENTS;
        let mut entries = Vec::with_capacity(items.len().min(super::MAX_ELEMENTS));
        for item in items.iter().take(super::MAX_ELEMENTS) {
            let key = self.lower_optional(item.key.as_ref());
            entries.push((key, self.lower_expression(&item.value)));
        }
        ExprKind::Dict { entries, len }
    }

    fn lower_compare(&mut self, compare: &ExprCompare) -> ExprKind {
        let left = self.lower_expression(&compare.left);
        let operators = compare.ops.iter().map(|&op| compare_op(op));
        let operands = compare.comparators.iter();
        let comparisons = operators
            .zip(operands)
            .map(|(op, operand)| (op, self.lower_expression(operand)))
            .collect();
        ExprKind::Compare { left, comparisons }
    }

    /// A walrus binds in the scope around a comprehension, not in the comprehension.
    fn lower_named(&mut self, named: &ExprNamed) -> ExprKind {
        let value = self.lower_expression(&named.value);
        let SyntaxExpr::Name(target) = &*named.target else {
            self.left_out = true;
            return ExprKind::Opaque;
        };
        let span = self.span(target.range);
        let def = self.define(
            target.id.as_str(),
            span,
            DefKind::Assign {
                value,
                path: Vec::new(),
            },
        );
        ExprKind::Named { def, value }
    }

    fn mark_generator(&mut self) {
        self.facts.scopes[self.current.index()].is_generator = true;
    }

    fn lower_any_comprehension(&mut self, expression: &SyntaxExpr) -> ExprKind {
        match expression {
            SyntaxExpr::ListComp(list) => {
                self.lower_comprehension(ComprehensionKind::List, &list.elt, None, &list.generators)
            }
            SyntaxExpr::SetComp(set) => {
                self.lower_comprehension(ComprehensionKind::Set, &set.elt, None, &set.generators)
            }
            SyntaxExpr::DictComp(dict) => {
                // `{**mapping for mapping in mappings}` has no key.
                let (element, value) = dict
                    .key
                    .as_deref()
                    .map_or((&*dict.value, None), |key| (key, Some(&*dict.value)));
                self.lower_comprehension(ComprehensionKind::Dict, element, value, &dict.generators)
            }
            SyntaxExpr::Generator(generator) => self.lower_comprehension(
                ComprehensionKind::Generator,
                &generator.elt,
                None,
                &generator.generators,
            ),
            _ => ExprKind::Opaque,
        }
    }

    fn lower_comprehension(
        &mut self,
        kind: ComprehensionKind,
        element: &SyntaxExpr,
        value: Option<&SyntaxExpr>,
        clauses: &[SyntaxClause],
    ) -> ExprKind {
        // The first iterable is evaluated outside the comprehension.
        let mut first_iterable = self.lower_optional(clauses.first().map(|clause| &clause.iter));
        self.environments.push(Environment::Comprehension(Vec::new()));
        let mut lowered = Vec::with_capacity(clauses.len());
        for clause in clauses {
            let iterable = first_iterable
                .take()
                .unwrap_or_else(|| self.lower_expression(&clause.iter));
            let source = Source::Element {
                iterable,
                is_async: clause.is_async,
                in_comprehension: true,
            };
            let target = self.lower_target(&clause.target, source);
            let conditions = clause
                .ifs
                .iter()
                .map(|condition| self.lower_expression(condition))
                .collect();
            lowered.push(Clause {
                target,
                iterable,
                conditions,
                is_async: clause.is_async,
            });
        }
        let element = self.lower_expression(element);
        let value = self.lower_optional(value);
        self.environments.pop();
        ExprKind::Comprehension {
            kind,
            element,
            value,
            clauses: lowered,
        }
    }
}

fn string_literal(string: &ExprStringLiteral) -> ExprKind {
    let value = string.value.to_str();
    let kept = &value[..value.floor_char_boundary(super::MAX_STRING_BYTES)];
    ExprKind::Str {
        value: kept.to_owned(),
        len: position(value.chars().count()),
    }
}

/// The operator of a binary operation.
pub(super) fn binary_op(op: Operator) -> BinaryOp {
    match op {
        Operator::Add => BinaryOp::Add,
        Operator::Sub => BinaryOp::Sub,
        Operator::Mult => BinaryOp::Mult,
        Operator::MatMult => BinaryOp::MatMult,
        Operator::Div => BinaryOp::Div,
        Operator::Mod => BinaryOp::Mod,
        Operator::Pow => BinaryOp::Pow,
        Operator::LShift => BinaryOp::LShift,
        Operator::RShift => BinaryOp::RShift,
        Operator::BitOr => BinaryOp::BitOr,
        Operator::BitXor => BinaryOp::BitXor,
        Operator::BitAnd => BinaryOp::BitAnd,
        Operator::FloorDiv => BinaryOp::FloorDiv,
    }
}

fn compare_op(op: CmpOp) -> CompareOp {
    match op {
        CmpOp::Eq => CompareOp::Eq,
        CmpOp::NotEq => CompareOp::NotEq,
        CmpOp::Lt => CompareOp::Lt,
        CmpOp::LtE => CompareOp::LtE,
        CmpOp::Gt => CompareOp::Gt,
        CmpOp::GtE => CompareOp::GtE,
        CmpOp::Is => CompareOp::Is,
        CmpOp::IsNot => CompareOp::IsNot,
        CmpOp::In => CompareOp::In,
        CmpOp::NotIn => CompareOp::NotIn,
    }
}

fn unary_op(op: SyntaxUnaryOp) -> UnaryOp {
    match op {
        SyntaxUnaryOp::Not => UnaryOp::Not,
        SyntaxUnaryOp::USub => UnaryOp::Minus,
        SyntaxUnaryOp::UAdd => UnaryOp::Plus,
        SyntaxUnaryOp::Invert => UnaryOp::Invert,
    }
}
