//! From text to [`FileFacts`].
//!
//! In: the text of one file. Out: its facts. Three passes: the tree is lowered scope by scope while bindings are noted
//! (`statements`, `expressions`, `targets`, `names`), then reads are bound to symbols (`names`), then the definitions
//! that reach each read are worked out on the lowered statements (`flow`).
//!
//! Nothing in the result nests deeper than [`MAX_BLOCK_DEPTH`] blocks and [`MAX_EXPRESSION_DEPTH`] expressions, so all
//! later stages may recurse.

mod annotations;
mod expressions;
mod flow;
mod names;
mod patterns;
mod reaching;
mod scopes;
mod slots;
mod statements;
mod targets;
#[cfg(test)]
mod tests;

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{ModModule, Stmt as SyntaxStmt};
use ruff_python_parser::Parsed;
use ruff_text_size::{Ranged, TextRange};

use super::{Comment, DefId, Expr, ExprId, ExprKind, FileFacts, MODULE, ScopeId, ScopeKind, Span, Stmt, SyntaxError};
use crate::parse::{Remains, dismantle, error_message, parse_module, readable_part};
use names::{Environment, PendingRead, ScopeNames};

/// Blocks nested deeper than this are left empty. CPython accepts 100 levels of indentation.
pub(crate) const MAX_BLOCK_DEPTH: usize = 150;

/// `elif` branches nest in the facts; from this depth on they are put side by side.
pub(crate) const MAX_ELIF_DEPTH: usize = 100;

/// Expressions nested deeper than this become [`ExprKind::Opaque`].
pub(crate) const MAX_EXPRESSION_DEPTH: usize = 200;

/// As many elements of a display are kept.
pub(crate) const MAX_ELEMENTS: usize = 512;

/// As many bytes of a string's value are kept.
pub(crate) const MAX_STRING_BYTES: usize = 1024;

/// Everything that one file says. Text that is not valid Python costs only the statements around the errors.
#[must_use]
pub fn lower(text: &str) -> FileFacts {
    let readable = readable_part(text);
    let Some(parsed) = parse_module(readable) else {
        return with_error(Lowerer::new("").finish(), 0, "the file is longer than 4 GiB");
    };
    let mut lowerer = Lowerer::new(readable);
    lowerer.lower_module(&parsed);
    let left_out = lowerer.left_out;
    let facts = lowerer.finish();
    if left_out {
        let statements: Vec<SyntaxStmt> = parsed.into_suite().into_iter().collect();
        dismantle(Remains {
            statements,
            ..Remains::default()
        });
    }
    if readable.len() < text.len() {
        return with_error(
            facts,
            position(readable.len()),
            "too many nested brackets: the rest of the file is not read",
        );
    }
    facts
}

fn with_error(mut facts: FileFacts, offset: u32, message: &str) -> FileFacts {
    let span = Span {
        start: offset,
        end: offset,
    };
    facts.syntax_errors.push(SyntaxError {
        span,
        message: message.to_owned(),
    });
    facts
}

/// The state of lowering one file.
struct Lowerer<'text> {
    text: &'text str,
    facts: FileFacts,
    /// What each scope binds, by scope.
    names: Vec<ScopeNames>,
    /// The definition of the function or class behind a scope, by scope.
    scope_definitions: Vec<Option<DefId>>,
    /// Scopes, comprehensions and type parameters around the code that is being lowered, outermost first.
    environments: Vec<Environment>,
    /// The scope whose code is being lowered.
    current: ScopeId,
    reads: Vec<PendingRead>,
    /// Definitions under `nonlocal`, which may stand before the binding they refer to.
    nonlocals: Vec<(DefId, String)>,
    /// Definitions of statements that are lowered to `Pass`, by the start of the statement.
    silent_definitions: Vec<(u32, DefId)>,
    expression_depth: usize,
    block_depth: usize,
    /// All spans are this one inside a string annotation.
    fixed_span: Option<Span>,
    /// A part of the tree was not visited, so nothing is known about its depth.
    left_out: bool,
}

impl<'text> Lowerer<'text> {
    fn new(text: &'text str) -> Self {
        let mut lowerer = Self {
            text,
            facts: FileFacts::default(),
            names: Vec::new(),
            scope_definitions: Vec::new(),
            environments: Vec::new(),
            current: MODULE,
            reads: Vec::new(),
            nonlocals: Vec::new(),
            silent_definitions: Vec::new(),
            expression_depth: 0,
            block_depth: 0,
            fixed_span: None,
            left_out: false,
        };
        let whole = Span {
            start: 0,
            end: u32::try_from(text.len()).unwrap_or(u32::MAX),
        };
        let module = lowerer.open_scope(ScopeKind::Module, "", whole, Span::default());
        lowerer.environments.push(Environment::Scope(module));
        lowerer
    }

    fn lower_module(&mut self, parsed: &Parsed<ModModule>) {
        self.collect_comments(parsed);
        self.collect_errors(parsed);
        let body = self.lower_block(parsed.suite());
        self.facts.scopes[MODULE.index()].body = body;
    }

    fn finish(mut self) -> FileFacts {
        self.resolve_names();
        reaching::find_reaching_definitions(&mut self);
        self.facts
    }

    fn collect_comments(&mut self, parsed: &Parsed<ModModule>) {
        for token in parsed
            .tokens()
            .iter()
            .filter(|token| token.kind() == TokenKind::Comment)
        {
            let text = self.text[token.range()].to_owned();
            self.facts.comments.push(Comment {
                span: span_of(token.range()),
                text,
            });
        }
    }

    fn collect_errors(&mut self, parsed: &Parsed<ModModule>) {
        for error in parsed.errors() {
            let message = error_message(&error.error);
            self.facts.syntax_errors.push(SyntaxError {
                span: span_of(error.location),
                message,
            });
        }
    }

    fn span(&self, range: TextRange) -> Span {
        self.fixed_span.unwrap_or_else(|| span_of(range))
    }

    fn push_expression(&mut self, span: Span, kind: ExprKind) -> ExprId {
        let id = ExprId(position(self.facts.expressions.len()));
        self.facts.expressions.push(Expr { span, kind });
        id
    }

    fn opaque(&mut self, range: TextRange) -> ExprId {
        self.left_out = true;
        let span = self.span(range);
        self.push_expression(span, ExprKind::Opaque)
    }

    fn lower_block(&mut self, statements: &[SyntaxStmt]) -> Vec<Stmt> {
        if self.block_depth >= MAX_BLOCK_DEPTH {
            self.left_out = true;
            return Vec::new();
        }
        self.block_depth += 1;
        let depth_outside = std::mem::take(&mut self.expression_depth);
        let block = statements
            .iter()
            .map(|statement| self.lower_statement(statement))
            .collect();
        self.expression_depth = depth_outside;
        self.block_depth -= 1;
        block
    }
}

fn span_of(range: TextRange) -> Span {
    Span {
        start: range.start().to_u32(),
        end: range.end().to_u32(),
    }
}

/// A position in an arena. Every entry stems from a byte of the text, and texts are shorter than 4 GiB.
fn position(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
