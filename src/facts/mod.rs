//! What one file says, as plain data.
//!
//! In: the text of one file. Out: [`FileFacts`], a lowered tree of scopes, statements and expressions in arenas, with
//! names already bound to symbols and reads of local names already bound to the definitions that reach them.
//! Must not know: any other file, what an API name means, or any rule. Nothing in here refers to the parser's tree,
//! which is dropped once a file is lowered; this module and `parse` are the only ones that name the parser crate.

mod expressions;
mod lower;
mod scopes;
mod statements;
mod walk;

use serde::{Deserialize, Serialize};

pub use expressions::{
    Argument, ArgumentKind, BinaryOp, Clause, CompareOp, ComprehensionKind, Expr, ExprKind, SequenceKind, UnaryOp,
};
pub use lower::lower;
pub use scopes::{DefKind, Definition, Parameter, ParameterKind, Scope, ScopeKind, Step, Symbol};
pub use statements::{Handler, MatchCase, Stmt, StmtKind};
pub(crate) use walk::for_each_child;
pub use walk::{child_blocks, child_expressions, statement_expressions, visit_expressions};

/// A half-open range of byte offsets into the file's text (after decoding to UTF-8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// Whether `other` lies wholly inside this span.
    #[must_use]
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span with both inside.
    #[must_use]
    pub fn around(self, other: Span) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

macro_rules! index_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the arena of the file.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index_type!(
    /// Position of an expression in [`FileFacts::expressions`].
    ExprId
);

index_type!(
    /// Position of a scope in [`FileFacts::scopes`]; the module is scope 0.
    ScopeId
);

index_type!(
    /// Position of a symbol in [`FileFacts::symbols`].
    SymbolId
);

index_type!(
    /// Position of a definition in [`FileFacts::definitions`].
    DefId
);

/// The scope of the module itself.
pub const MODULE: ScopeId = ScopeId(0);

/// Everything that later stages know about one file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FileFacts {
    /// Scopes in source order; the module comes first.
    pub scopes: Vec<Scope>,
    /// All expressions of the file.
    pub expressions: Vec<Expr>,
    /// All names that the file binds, by scope.
    pub symbols: Vec<Symbol>,
    /// All bindings of those names.
    pub definitions: Vec<Definition>,
    /// Comments, in source order.
    pub comments: Vec<Comment>,
    /// What the parser could not read; the rest of the file is still lowered.
    pub syntax_errors: Vec<SyntaxError>,
}

impl FileFacts {
    /// The expression behind an identifier.
    #[must_use]
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.expressions[id.index()]
    }

    /// The kind of an expression.
    #[must_use]
    pub fn kind(&self, id: ExprId) -> &ExprKind {
        &self.expressions[id.index()].kind
    }

    /// Where an expression stands.
    #[must_use]
    pub fn span(&self, id: ExprId) -> Span {
        self.expressions[id.index()].span
    }

    /// The scope behind an identifier.
    #[must_use]
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.index()]
    }

    /// The symbol behind an identifier.
    #[must_use]
    pub fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.index()]
    }

    /// The definition behind an identifier.
    #[must_use]
    pub fn definition(&self, id: DefId) -> &Definition {
        &self.definitions[id.index()]
    }

    /// The symbol that a scope binds under a name, if it does. Comprehension variables do not count.
    #[must_use]
    pub fn symbol_in(&self, scope: ScopeId, name: &str) -> Option<SymbolId> {
        let named = |id: &SymbolId| self.symbol(*id).name == name && !self.symbol(*id).in_comprehension;
        self.scope(scope).symbols.iter().copied().find(named)
    }
}

/// A comment with its text, `#` included.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comment {
    /// Where the comment stands.
    pub span: Span,
    /// The text from `#` to the end of the line.
    pub text: String,
}

/// A place where the file is not valid Python.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyntaxError {
    /// Where the parser noticed.
    pub span: Span,
    /// What it says, in lower case and without a full stop.
    pub message: String,
}
