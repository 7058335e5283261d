//! Targets of assignments, loops, `with` and `del`.

use ruff_python_ast::Expr as SyntaxExpr;
use ruff_text_size::Ranged;

use super::{Lowerer, position};
use crate::facts::{DefKind, ExprId, ExprKind, SequenceKind, Step};

/// Where the value of a target comes from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// The value of an assignment.
    Value(ExprId),
    /// An element of an iterable.
    Element {
        /// The iterable.
        iterable: ExprId,
        /// `async for`.
        is_async: bool,
        /// The target stands in a comprehension.
        in_comprehension: bool,
    },
    /// What entering a context manager gives.
    Context {
        /// The context manager.
        context: ExprId,
        /// `async with`.
        is_async: bool,
    },
    /// `del`.
    Nothing,
}

impl Source {
    fn definition(self, path: &[Step]) -> DefKind {
        let path = path.to_vec();
        match self {
            Self::Value(value) => DefKind::Assign { value, path },
            Self::Element { iterable, is_async, .. } => DefKind::Element {
                iterable,
                path,
                is_async,
            },
            Self::Context { context, is_async } => DefKind::Context {
                context,
                path,
                is_async,
            },
            Self::Nothing => DefKind::Opaque,
        }
    }
}

impl Lowerer<'_> {
    /// A target with all the names that it binds.
    pub(super) fn lower_target(&mut self, target: &SyntaxExpr, source: Source) -> ExprId {
        self.lower_target_part(target, source, &mut Vec::new())
    }

    fn lower_target_part(&mut self, target: &SyntaxExpr, source: Source, path: &mut Vec<Step>) -> ExprId {
        match target {
            SyntaxExpr::Name(name) if !name.id.is_empty() => {
                let span = self.span(name.range);
                let kind = source.definition(path);
                let in_comprehension = matches!(
                    source,
                    Source::Element {
                        in_comprehension: true,
                        ..
                    }
                );
                let definition = if in_comprehension {
                    self.define_in_comprehension(name.id.as_str(), span, kind)
                } else {
                    self.define(name.id.as_str(), span, kind)
                };
                self.push_expression(span, ExprKind::Store(definition))
            }
            SyntaxExpr::Tuple(tuple) => self.lower_target_list(target, &tuple.elts, SequenceKind::Tuple, source, path),
            SyntaxExpr::List(list) => self.lower_target_list(target, &list.elts, SequenceKind::List, source, path),
            SyntaxExpr::Starred(starred) => self.nested(target, |lowerer| {
                let inner = lowerer.lower_target_part(&starred.value, source, path);
                ExprKind::Starred(inner)
            }),
            _ => self.lower_expression(target),
        }
    }

    fn lower_target_list(
        &mut self,
        target: &SyntaxExpr,
        elements: &[SyntaxExpr],
        kind: SequenceKind,
        source: Source,
        path: &mut Vec<Step>,
    ) -> ExprId {
        let star = elements.iter().position(SyntaxExpr::is_starred_expr);
        self.nested(target, |lowerer| {
            let mut lowered = Vec::with_capacity(elements.len());
            for (index, element) in elements.iter().enumerate() {
                path.push(match star {
                    Some(star) if index == star => Step::Rest(position(index)),
                    Some(star) if index > star => Step::FromEnd(position(elements.len() - index)),
                    _ => Step::Item(position(index)),
                });
                lowered.push(lowerer.lower_target_part(element, source, path));
                path.pop();
            }
            ExprKind::Sequence {
                kind,
                elements: lowered,
                len: position(elements.len()),
            }
        })
    }

    /// Lowers something one level deeper, or not at all when it is nested too deeply.
    pub(super) fn nested(&mut self, expression: &SyntaxExpr, lower: impl FnOnce(&mut Self) -> ExprKind) -> ExprId {
        if self.expression_depth >= super::MAX_EXPRESSION_DEPTH {
            return self.opaque(expression.range());
        }
        self.expression_depth += 1;
        let kind = lower(self);
        self.expression_depth -= 1;
        let span = self.span(expression.range());
        self.push_expression(span, kind)
    }
}
