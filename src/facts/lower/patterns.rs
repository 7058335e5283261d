//! Patterns of `match`.

use ruff_python_ast::{Identifier, MatchCase as SyntaxCase, Pattern};

use super::{Lowerer, span_of};
use crate::facts::{DefKind, ExprId, ExprKind, MatchCase};

impl Lowerer<'_> {
    /// A `case` with its body.
    pub(super) fn lower_case(&mut self, case: &SyntaxCase) -> MatchCase {
        let mut pattern = Vec::new();
        let irrefutable = self.lower_pattern(&case.pattern, &mut pattern);
        let guard = case.guard.as_deref().map(|guard| self.lower_expression(guard));
        let body = self.lower_block(&case.body);
        MatchCase {
            span: span_of(case.range),
            pattern,
            guard,
            irrefutable,
            body,
        }
    }

    /// Adds the values, classes and captures of a pattern, and says whether it matches anything.
    fn lower_pattern(&mut self, pattern: &Pattern, found: &mut Vec<ExprId>) -> bool {
        if self.expression_depth >= super::MAX_EXPRESSION_DEPTH {
            self.left_out = true;
            return false;
        }
        self.expression_depth += 1;
        let irrefutable = self.lower_pattern_here(pattern, found);
        self.expression_depth -= 1;
        irrefutable
    }

    fn lower_pattern_here(&mut self, pattern: &Pattern, found: &mut Vec<ExprId>) -> bool {
        match pattern {
            Pattern::MatchValue(value) => found.push(self.lower_expression(&value.value)),
            Pattern::MatchSingleton(_) => {}
            Pattern::MatchSequence(sequence) => self.lower_patterns(&sequence.patterns, found),
            Pattern::MatchMapping(mapping) => {
                found.extend(mapping.keys.iter().map(|key| self.lower_expression(key)));
                self.lower_patterns(&mapping.patterns, found);
                self.capture(mapping.rest.as_ref(), found);
            }
            Pattern::MatchClass(class) => {
                found.push(self.lower_expression(&class.cls));
                self.lower_patterns(&class.arguments.patterns, found);
                for keyword in &class.arguments.keywords {
                    self.lower_pattern(&keyword.pattern, found);
                }
            }
            Pattern::MatchStar(star) => self.capture(star.name.as_ref(), found),
            Pattern::MatchAs(capture) => {
                let inner = capture.pattern.as_deref();
                let irrefutable = inner.is_none_or(|inner| self.lower_pattern(inner, found));
                self.capture(capture.name.as_ref(), found);
                return irrefutable;
            }
            Pattern::MatchOr(alternatives) => {
                let mut irrefutable = false;
                for alternative in &alternatives.patterns {
                    irrefutable |= self.lower_pattern(alternative, found);
                }
                return irrefutable;
            }
        }
        false
    }

    fn lower_patterns(&mut self, patterns: &[Pattern], found: &mut Vec<ExprId>) {
        for pattern in patterns {
            self.lower_pattern(pattern, found);
        }
    }

    fn capture(&mut self, name: Option<&Identifier>, found: &mut Vec<ExprId>) {
        if let Some(name) = name {
            let span = span_of(name.range);
            let definition = self.define(name.as_str(), span, DefKind::Opaque);
            found.push(self.push_expression(span, ExprKind::Store(definition)));
        }
    }
}
