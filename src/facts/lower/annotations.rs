//! Annotations, where strings stand for the expressions in them.

use ruff_python_ast::{Expr as SyntaxExpr, ExprStringLiteral, ExprSubscript, Operator};

use super::{Lowerer, position};
use crate::facts::{BinaryOp, ExprId, ExprKind, SequenceKind};
use crate::parse::{Remains, dismantle, parse_annotation};

/// How the index of a subscript in an annotation is read.
enum Index {
    /// As types.
    Types,
    /// The first element as a type (`Annotated[int, "metres"]`).
    FirstType,
    /// As values (`Literal["r", "w"]`).
    Values,
}

fn index_of(base: &SyntaxExpr) -> Index {
    let name = match base {
        SyntaxExpr::Name(name) => name.id.as_str(),
        SyntaxExpr::Attribute(attribute) => attribute.attr.as_str(),
        _ => "",
    };
    match name {
        "Literal" => Index::Values,
        "Annotated" => Index::FirstType,
        _ => Index::Types,
    }
}

impl Lowerer<'_> {
    /// An expression in the place of a type.
    pub(super) fn lower_annotation(&mut self, annotation: &SyntaxExpr) -> ExprId {
        match annotation {
            SyntaxExpr::StringLiteral(string) => self.lower_string_annotation(annotation, string),
            SyntaxExpr::Subscript(subscript) => {
                self.nested(annotation, |lowerer| lowerer.lower_annotation_subscript(subscript))
            }
            SyntaxExpr::BinOp(binary) if binary.op == Operator::BitOr => self.nested(annotation, |lowerer| {
                let left = lowerer.lower_annotation(&binary.left);
                let right = lowerer.lower_annotation(&binary.right);
                ExprKind::Binary {
                    op: BinaryOp::BitOr,
                    left,
                    right,
                }
            }),
            SyntaxExpr::List(list) => self.lower_annotation_list(annotation, &list.elts, SequenceKind::List),
            SyntaxExpr::Tuple(tuple) => self.lower_annotation_list(annotation, &tuple.elts, SequenceKind::Tuple),
            SyntaxExpr::Starred(starred) => self.nested(annotation, |lowerer| {
                let inner = lowerer.lower_annotation(&starred.value);
                ExprKind::Starred(inner)
            }),
            _ => self.lower_expression(annotation),
        }
    }

    fn lower_annotation_subscript(&mut self, subscript: &ExprSubscript) -> ExprKind {
        let base = self.lower_expression(&subscript.value);
        let index = match (index_of(&subscript.value), &*subscript.slice) {
            (Index::Values, slice) => self.lower_expression(slice),
            (Index::FirstType, SyntaxExpr::Tuple(tuple)) => self.nested(&subscript.slice, |lowerer| {
                let elements = tuple.elts.iter().take(super::MAX_ELEMENTS).enumerate();
                let elements = elements.map(|(index, element)| match index {
                    0 => lowerer.lower_annotation(element),
                    _ => lowerer.lower_expression(element),
                });
                let elements = elements.collect();
                lowerer.left_out |= tuple.elts.len() > super::MAX_ELEMENTS;
                ExprKind::Sequence {
                    kind: SequenceKind::Tuple,
                    elements,
                    len: position(tuple.elts.len()),
                }
            }),
            (_, slice) => self.lower_annotation(slice),
        };
        ExprKind::Subscript { base, index }
    }

    fn lower_annotation_list(&mut self, list: &SyntaxExpr, elements: &[SyntaxExpr], kind: SequenceKind) -> ExprId {
        self.nested(list, |lowerer| {
            let len = position(elements.len());
            lowerer.left_out |= elements.len() > super::MAX_ELEMENTS;
            let elements = elements.iter().take(super::MAX_ELEMENTS);
            let elements = elements.map(|element| lowerer.lower_annotation(element)).collect();
            ExprKind::Sequence { kind, elements, len }
        })
    }

    fn lower_string_annotation(&mut self, annotation: &SyntaxExpr, string: &ExprStringLiteral) -> ExprId {
        if self.expression_depth >= super::MAX_EXPRESSION_DEPTH {
            return self.opaque(string.range);
        }
        let Some(expression) = parse_annotation(string.value.to_str()) else {
            return self.lower_expression(annotation);
        };
        let outer_span = self.fixed_span;
        self.fixed_span = Some(self.span(string.range));
        self.expression_depth += 1;
        let lowered = self.lower_annotation(&expression);
        self.expression_depth -= 1;
        self.fixed_span = outer_span;
        dismantle(Remains {
            expressions: vec![expression],
            ..Remains::default()
        });
        lowered
    }
}
