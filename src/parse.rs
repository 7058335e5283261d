//! The parser, called so that it always gives a tree.
//!
//! In: text. Out: the syntax tree of what could be read, with the tokens and the errors. Must not know: facts.

use std::cell::RefCell;
use std::mem;
use std::ops::Range;

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::visitor::transformer::{Transformer, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{
    AtomicNodeIndex, Expr, ExprEllipsisLiteral, Mod, ModExpression, ModModule, Pattern, PatternMatchSingleton,
    PythonVersion, Singleton, Stmt, StmtPass,
};
use ruff_python_parser::{Mode, ParseErrorType, ParseOptions, Parsed, parse_unchecked};
use ruff_text_size::{Ranged, TextRange};

/// The parser takes about 2 kB of stack for each open bracket, so a file of brackets could take all memory. CPython
/// gives up at 200.
const MAX_OPEN: usize = 10_000;

/// The lines of the text before one that nests deeper than the parser should follow; brackets in strings count.
pub(crate) fn readable_part(text: &str) -> &str {
    let (mut brackets, mut signs) = (0_usize, 0_usize);
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => brackets += 1,
            b')' | b']' | b'}' => brackets = brackets.saturating_sub(1),
            b'-' | b'+' | b'~' => signs += 1,
            b' ' => {}
            _ => signs = 0,
        }
        if brackets.max(signs) > MAX_OPEN {
            return &text[..text[..offset].rfind('\n').map_or(0, |newline| newline + 1)];
        }
    }
    text
}

/// A module, with whatever could not be read left out of its tree.
///
/// `None` where the text is too long for offsets of 32 bits.
pub(crate) fn parse_module(text: &str) -> Option<Parsed<ModModule>> {
    u32::try_from(text.len()).ok()?;
    let newest = PythonVersion::latest_preview();
    parse_unchecked(text, ParseOptions::from(Mode::Module).with_target_version(newest)).try_into_module()
}

/// The strings of a text, each from its opening quotes to its closing ones; nested ones are not listed apart.
pub(crate) fn string_spans(text: &str) -> Vec<Range<usize>> {
    let Some(parsed) = parse_module(text) else {
        return Vec::new();
    };
    let mut spans = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for token in parsed.tokens() {
        let range = token.start().to_usize()..token.end().to_usize();
        match token.kind() {
            TokenKind::FStringStart | TokenKind::TStringStart => open.push(range.start),
            TokenKind::FStringEnd | TokenKind::TStringEnd => {
                if let Some(start) = open.pop()
                    && open.is_empty()
                {
                    spans.push(start..range.end);
                }
            }
            TokenKind::String if open.is_empty() => spans.push(range),
            _ => {}
        }
    }
    dismantle(Remains {
        statements: parsed.into_suite().into_iter().collect(),
        ..Remains::default()
    });
    spans
}

/// The expression in a string annotation; `None` where the string does not hold one.
///
/// Its offsets count from the start of the string's value.
pub(crate) fn parse_annotation(value: &str) -> Option<Expr> {
    let parsed = parse_unchecked(value, ParseOptions::from(Mode::ParenthesizedExpression));
    let valid = parsed.errors().is_empty();
    let Mod::Expression(ModExpression { body: expression, .. }) = parsed.into_syntax() else {
        return None;
    };
    let expression = *expression;
    if valid {
        return Some(expression);
    }
    dismantle(Remains {
        expressions: vec![expression],
        ..Remains::default()
    });
    None
}

/// What a parse error says, in the style of this program's own messages.
pub(crate) fn error_message(error: &ParseErrorType) -> String {
    let message = error.to_string();
    let message = message.trim_end_matches('.');
    let mut characters = message.chars();
    let Some(first) = characters.next() else {
        return String::new();
    };
    let rest = characters.as_str();
    // An acronym keeps its capitals.
    if rest.starts_with(char::is_uppercase) {
        return message.to_owned();
    }
    first.to_lowercase().chain(rest.chars()).collect()
}

/// Parts of a syntax tree that wait to be dropped.
#[derive(Default)]
pub(crate) struct Remains {
    /// Statements.
    pub(crate) statements: Vec<Stmt>,
    /// Expressions.
    pub(crate) expressions: Vec<Expr>,
    /// Patterns.
    pub(crate) patterns: Vec<Pattern>,
}

/// Drops a tree however deep it is: the tree's own `drop` recurses once a level and would overflow the stack.
pub(crate) fn dismantle(remains: Remains) {
    let dismantler = Dismantler(RefCell::new(remains));
    loop {
        let next = dismantler.0.borrow_mut().expressions.pop();
        if let Some(mut expression) = next {
            walk_expr(&dismantler, &mut expression);
            continue;
        }
        let next = dismantler.0.borrow_mut().patterns.pop();
        if let Some(mut pattern) = next {
            walk_pattern(&dismantler, &mut pattern);
            continue;
        }
        let next = dismantler.0.borrow_mut().statements.pop();
        let Some(mut statement) = next else { return };
        walk_stmt(&dismantler, &mut statement);
    }
}

/// Takes the children out of whatever it visits.
struct Dismantler(RefCell<Remains>);

impl Transformer for Dismantler {
    fn visit_stmt(&self, statement: &mut Stmt) {
        let nothing = StmtPass {
            node_index: AtomicNodeIndex::NONE,
            range: TextRange::default(),
        };
        let taken = mem::replace(statement, Stmt::Pass(nothing));
        self.0.borrow_mut().statements.push(taken);
    }

    fn visit_expr(&self, expression: &mut Expr) {
        let taken = mem::replace(expression, Expr::EllipsisLiteral(ExprEllipsisLiteral::default()));
        self.0.borrow_mut().expressions.push(taken);
    }

    fn visit_pattern(&self, pattern: &mut Pattern) {
        let nothing = PatternMatchSingleton {
            node_index: AtomicNodeIndex::NONE,
            range: TextRange::default(),
            value: Singleton::None,
        };
        let taken = mem::replace(pattern, Pattern::MatchSingleton(nothing));
        self.0.borrow_mut().patterns.push(taken);
    }
}
