//! Fixes that take more than a word: each reads the program and the layout of a file, and gives edits, or nothing where
//! the code is not as plain as it takes.
//!
//! Must not know: whether a finding is true.

mod closure;
mod constructor;
mod joins;
mod main_guard;
mod pass_callee;
mod pool_block;
mod pool_end;
mod small;

pub(super) use closure::bind_default;
pub(super) use constructor::call_base;
pub(super) use joins::join_afterwards;
pub(super) use main_guard::add_guard;
pub(super) use pass_callee::pass_callee;
pub(super) use pool_block::pool_in_with;
pub(super) use pool_end::wait_at_end;
pub(super) use small::{add_comma, make_list, start_instead};

use crate::edit::Layout;
use crate::facts::{ExprId, ExprKind, ScopeId, Span, SymbolId};
use crate::finding::{Applicability, Edit, FileId, Fix, Place};
use crate::link::Program;
use crate::link::index::FileIndex;

/// A fix that is being written.
struct Editor<'a> {
    program: &'a Program<'a>,
    file: FileId,
    edits: Vec<Edit>,
}

impl<'a> Editor<'a> {
    fn new(program: &'a Program<'a>, file: FileId) -> Self {
        Self {
            program,
            file,
            edits: Vec::new(),
        }
    }

    fn layout(&self) -> Layout<'a> {
        Layout::new(&self.program.sources[self.file.index()].text)
    }

    fn index(&self) -> &'a FileIndex<'a> {
        self.program.index(self.file)
    }

    fn span(&self, expr: ExprId) -> (usize, usize) {
        let span = self.index().facts.span(expr);
        (span.start as usize, span.end as usize)
    }

    /// The source of an expression.
    fn text(&self, expr: ExprId) -> &'a str {
        let (start, end) = self.span(expr);
        self.layout().part(start, end)
    }

    fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace((at, at), text);
    }

    fn replace(&mut self, (start, end): (usize, usize), text: impl Into<String>) {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.edits.push(Edit {
            place: Place {
                file: self.file,
                span: Span {
                    start: offset(start),
                    end: offset(end),
                },
            },
            replacement: text.into(),
        });
    }

    /// Moves lines to the right.
    fn indent(&mut self, start: usize, end: usize, unit: &str) {
        for line in self.layout().movable_lines(start, end) {
            self.insert(line, unit);
        }
    }

    fn done(self, applicability: Applicability, message: impl Into<String>) -> Option<Fix> {
        Some(Fix {
            applicability,
            message: message.into(),
            edits: self.edits,
        })
    }

    /// What one level of indentation is in this file, near an offset: tabs where there are tabs.
    fn indentation_unit(&self, near: usize) -> String {
        let layout = self.layout();
        let sign = layout.indentation(near).chars().next();
        let statements = self.index().statements.iter();
        let indentations = statements.filter_map(|statement| {
            let start = statement.stmt.span.start as usize;
            let indentation = layout.indentation(start);
            let fits = sign.is_none_or(|sign| indentation.starts_with(sign));
            (layout.is_first_on_line(start) && !indentation.is_empty() && fits).then_some(indentation)
        });
        let shortest = indentations.min_by_key(|indentation| indentation.len());
        shortest.unwrap_or("    ").to_owned()
    }

    /// Whether a new variable of a scope can have a name without hiding another, or being hidden further in.
    fn is_free(&self, name: &str, scope: ScopeId) -> bool {
        let facts = self.index().facts;
        let span = facts.scope(scope).span;
        let around =
            |other: ScopeId| std::iter::successors(Some(scope), |&at| facts.scope(at).parent).any(|at| at == other);
        let mut named = facts.symbols.iter().filter(|symbol| symbol.name == name);
        named.all(|symbol| !around(symbol.scope) && !span.contains(facts.scope(symbol.scope).span))
    }

    /// Whether a name is the built-in one all over the file.
    fn is_builtin(&self, name: &str) -> bool {
        let facts = self.index().facts;
        facts.symbols.iter().all(|symbol| symbol.name != name)
    }

    /// The variable that an expression is, in the scope that binds it.
    fn variable(&self, expr: ExprId, scope: ScopeId) -> Option<SymbolId> {
        let facts = self.index().facts;
        let symbol = match *facts.kind(expr) {
            ExprKind::Name { symbol, .. } => symbol?,
            ExprKind::Store(def) => facts.definition(def).symbol,
            _ => return None,
        };
        (facts.symbol(symbol).scope == scope).then_some(symbol)
    }
}
