//! What one file says, as plain data.
//!
//! In: the text of one file. Out: [`FileFacts`], a lowered tree of scopes, statements and expressions in arenas, with
//! names already bound to symbols and reads of local names already bound to the definitions that reach them.
//! Must not know: any other file, what an API name means, or any rule. Nothing in here refers to the parser's tree,
//! which is dropped once a file is lowered; this module and `parse` are the only ones that name the parser crate.

mod lower;
mod walk;

use serde::{Deserialize, Serialize};

pub use lower::lower;
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

/// A module, class, function or lambda.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Scope {
    /// What kind of scope it is.
    pub kind: ScopeKind,
    /// Its name: empty for the module, `<lambda>` for lambdas.
    pub name: String,
    /// Its dotted name inside the module, as `__qualname__` writes it (`Outer.method.<locals>.inner`).
    pub qualname: String,
    /// The scope around it; `None` for the module.
    pub parent: Option<ScopeId>,
    /// The whole definition, without decorators.
    pub span: Span,
    /// The name in the definition (for lambdas the word `lambda`).
    pub name_span: Span,
    /// Parameters in order of declaration: positional-only, positional, `*args`, keyword-only, `**kwargs`.
    pub parameters: Vec<Parameter>,
    /// Decorators, outermost first.
    pub decorators: Vec<ExprId>,
    /// The return annotation.
    pub returns: Option<ExprId>,
    /// Positional arguments of a class statement: its bases.
    pub bases: Vec<ExprId>,
    /// Keyword arguments of a class statement, such as `metaclass`.
    pub keywords: Vec<(String, ExprId)>,
    /// Names that this scope binds itself (those declared `global` or `nonlocal` are not among them).
    pub symbols: Vec<SymbolId>,
    /// `async def`.
    pub is_async: bool,
    /// The body yields (outside nested scopes).
    pub is_generator: bool,
    /// The statements. A lambda has one `Return`.
    pub body: Vec<Stmt>,
}

/// The kinds of scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeKind {
    /// The file itself.
    Module,
    /// A class body.
    Class,
    /// A `def`.
    Function,
    /// A `lambda`.
    Lambda,
}

/// One parameter of a function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name without stars.
    pub name: String,
    /// How arguments reach it.
    pub kind: ParameterKind,
    /// The default, evaluated in the scope around the function.
    pub default: Option<ExprId>,
    /// The annotation.
    pub annotation: Option<ExprId>,
    /// The binding that it makes.
    pub def: DefId,
}

/// How arguments reach a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParameterKind {
    /// Before `/`.
    PositionalOnly,
    /// By position or by name.
    Positional,
    /// `*args`.
    Star,
    /// After `*`.
    KeywordOnly,
    /// `**kwargs`.
    DoubleStar,
}

/// A name that a scope binds. A comprehension's variables are symbols of the function around it, kept apart from
/// other symbols of the same name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Symbol {
    /// The name as written.
    pub name: String,
    /// The scope that binds it.
    pub scope: ScopeId,
    /// All its bindings, in source order, those made through `global` or `nonlocal` in inner scopes included.
    pub definitions: Vec<DefId>,
    /// Bound by a comprehension clause.
    pub in_comprehension: bool,
}

/// One binding of a name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Definition {
    /// The name that is bound.
    pub symbol: SymbolId,
    /// The scope whose code makes the binding; differs from the symbol's scope under `global` and `nonlocal`.
    pub scope: ScopeId,
    /// The name as it stands in the binding.
    pub span: Span,
    /// What it is bound to.
    pub kind: DefKind,
}

/// What a name is bound to. A `path` leads from the value to the part that the name gets: `a, (b, *c) = value` gives
/// `b` the path `[Item(1), Item(0)]` and `c` the path `[Item(1), Rest(1)]`. An empty path is the value itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DefKind {
    /// `name = value`, `name: T = value`, `name := value`.
    Assign {
        /// The value.
        value: ExprId,
        /// The part of it.
        path: Vec<Step>,
    },
    /// `name: T` without a value.
    Declared {
        /// The annotation.
        annotation: ExprId,
    },
    /// `name op= value`; what the name held before is in `previous`.
    Augmented {
        /// The operand.
        value: ExprId,
        /// Definitions of the same name that reach this one.
        previous: Vec<DefId>,
    },
    /// `for name in iterable`, also in comprehensions.
    Element {
        /// The iterable.
        iterable: ExprId,
        /// The part of each element.
        path: Vec<Step>,
        /// `async for`.
        is_async: bool,
    },
    /// `with context as name`.
    Context {
        /// The context manager.
        context: ExprId,
        /// The part of what entering it gives.
        path: Vec<Step>,
        /// `async with`.
        is_async: bool,
    },
    /// `except T as name`.
    Exception {
        /// The type or tuple of types.
        types: Option<ExprId>,
    },
    /// A parameter: its position in [`Scope::parameters`].
    Parameter {
        /// The position.
        index: u32,
    },
    /// A `def`.
    Function(ScopeId),
    /// A `class`.
    Class(ScopeId),
    /// `import a.b` binds `a` to module `a`; `import a.b as c` binds `c` to module `a.b`.
    Import {
        /// The module that the name is bound to.
        module: String,
        /// The module that is imported, which may lie below it.
        imported: String,
    },
    /// `from ..module import name as alias`.
    ImportFrom {
        /// The module as written after the dots; empty for `from . import x`.
        module: String,
        /// The number of leading dots.
        level: u32,
        /// The name in that module.
        name: String,
    },
    /// Bound in a way that says nothing about the value (a `match` capture, `del`).
    Opaque,
}

/// One step from a value to a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Step {
    /// The element at this position.
    Item(u32),
    /// The list of the elements from this position on, less those taken at the end.
    Rest(u32),
    /// An element counted from the end (after a starred target); 1 is the last.
    FromEnd(u32),
}

/// A statement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stmt {
    /// Where it stands, compound bodies included.
    pub span: Span,
    /// What it is.
    pub kind: StmtKind,
}

/// The kinds of statement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum StmtKind {
    /// An expression statement.
    Expr(ExprId),
    /// `a = b = value`. Targets are [`ExprKind::Store`], `Attribute`, `Subscript`, `Tuple`, `List` or `Starred`.
    Assign {
        /// The targets, left to right.
        targets: Vec<ExprId>,
        /// The value.
        value: ExprId,
    },
    /// `target: annotation = value`.
    Annotated {
        /// The target.
        target: ExprId,
        /// The annotation.
        annotation: ExprId,
        /// The value.
        value: Option<ExprId>,
    },
    /// `target op= value`. A name target is an [`ExprKind::Store`] whose definition says what reached it.
    Augmented {
        /// The target.
        target: ExprId,
        /// The operator.
        op: BinaryOp,
        /// The operand.
        value: ExprId,
    },
    /// `return`.
    Return(Option<ExprId>),
    /// `raise`.
    Raise {
        /// The exception.
        exception: Option<ExprId>,
        /// The exception after `from`.
        cause: Option<ExprId>,
    },
    /// `if`, with `elif` as a nested `If` in `orelse`.
    If {
        /// The condition.
        test: ExprId,
        /// Run when it holds.
        body: Vec<Stmt>,
        /// Run when it does not.
        orelse: Vec<Stmt>,
    },
    /// `for`.
    For {
        /// What each element is bound to.
        target: ExprId,
        /// What is iterated.
        iterable: ExprId,
        /// The loop body.
        body: Vec<Stmt>,
        /// The `else` part.
        orelse: Vec<Stmt>,
        /// `async for`.
        is_async: bool,
    },
    /// `while`.
    While {
        /// The condition.
        test: ExprId,
        /// The loop body.
        body: Vec<Stmt>,
        /// The `else` part.
        orelse: Vec<Stmt>,
    },
    /// `with`.
    With {
        /// The context managers with their targets.
        items: Vec<(ExprId, Option<ExprId>)>,
        /// The body.
        body: Vec<Stmt>,
        /// `async with`.
        is_async: bool,
    },
    /// `try`.
    Try {
        /// The guarded statements.
        body: Vec<Stmt>,
        /// The `except` clauses.
        handlers: Vec<Handler>,
        /// The `else` part.
        orelse: Vec<Stmt>,
        /// The `finally` part.
        finally: Vec<Stmt>,
    },
    /// `match`.
    Match {
        /// What is matched.
        subject: ExprId,
        /// The cases.
        cases: Vec<MatchCase>,
    },
    /// `def`: the body is in the scope.
    Function(ScopeId),
    /// `class`: the body is in the scope and runs here.
    Class(ScopeId),
    /// `import` and `from ... import ...`: the names that it binds.
    Import(Vec<DefId>),
    /// `from ..module import *`.
    ImportStar {
        /// The module as written after the dots.
        module: String,
        /// The number of leading dots.
        level: u32,
    },
    /// `del`.
    Delete(Vec<ExprId>),
    /// `assert`.
    Assert {
        /// The condition.
        test: ExprId,
        /// The message.
        message: Option<ExprId>,
    },
    /// `break`.
    Break,
    /// `continue`.
    Continue,
    /// `pass`, `global`, `nonlocal`, type aliases.
    Pass,
}

/// An `except` clause.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handler {
    /// The clause with its body.
    pub span: Span,
    /// The type or tuple of types; `None` catches everything.
    pub types: Option<ExprId>,
    /// The name that the exception is bound to.
    pub def: Option<DefId>,
    /// The statements.
    pub body: Vec<Stmt>,
}

/// A `case` of a `match`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MatchCase {
    /// The case with its body.
    pub span: Span,
    /// Value and class expressions that stand in the pattern, and its captures as [`ExprKind::Store`].
    pub pattern: Vec<ExprId>,
    /// The condition after `if`.
    pub guard: Option<ExprId>,
    /// The pattern matches anything (`case _` or a bare capture).
    pub irrefutable: bool,
    /// The statements.
    pub body: Vec<Stmt>,
}

/// An expression.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Expr {
    /// Where it stands, without surrounding parentheses.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// The kinds of expression.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ExprKind {
    /// A name that is read.
    Name {
        /// The name as written.
        name: String,
        /// The symbol it is bound to in this file; `None` for built-ins and names from star imports.
        symbol: Option<SymbolId>,
        /// The definitions that can reach this read when the symbol belongs to the scope that reads it. Empty when the
        /// symbol belongs to another scope: then any definition of the symbol may be meant.
        reaching: Vec<DefId>,
    },
    /// A name that is bound or deleted here.
    Store(DefId),
    /// `base.name`.
    Attribute {
        /// What the attribute is taken of.
        base: ExprId,
        /// Its name.
        name: String,
        /// Where the name stands.
        name_span: Span,
    },
    /// `base[index]`.
    Subscript {
        /// What is indexed.
        base: ExprId,
        /// The index.
        index: ExprId,
    },
    /// `lower:upper:step` inside a subscript.
    Slice {
        /// The lower bound.
        lower: Option<ExprId>,
        /// The upper bound.
        upper: Option<ExprId>,
        /// The step.
        step: Option<ExprId>,
    },
    /// A call.
    Call {
        /// What is called.
        callee: ExprId,
        /// Its arguments in source order.
        arguments: Vec<Argument>,
        /// From the opening to the closing parenthesis.
        arguments_span: Span,
    },
    /// A string, with at most 1,024 bytes of its value.
    Str {
        /// The value, cut.
        value: String,
        /// The length in characters.
        len: u32,
    },
    /// A bytes literal.
    Bytes {
        /// The length in bytes.
        len: u32,
    },
    /// An integer; `None` where it does not fit.
    Int(Option<i64>),
    /// A float or a complex number's real part.
    Float(f64),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    None,
    /// `...`.
    Ellipsis,
    /// An f-string or t-string: the expressions in its fields.
    FString(Vec<ExprId>),
    /// A tuple, list or set display.
    Sequence {
        /// Which.
        kind: SequenceKind,
        /// Its elements, at most the first 512.
        elements: Vec<ExprId>,
        /// How many elements are written.
        len: u32,
    },
    /// A dict display; an entry without a key is `**value`.
    Dict {
        /// Its entries, at most the first 512.
        entries: Vec<(Option<ExprId>, ExprId)>,
        /// How many entries are written.
        len: u32,
    },
    /// A lambda.
    Lambda(ScopeId),
    /// A comprehension or generator expression.
    Comprehension {
        /// Which.
        kind: ComprehensionKind,
        /// What each round gives (the key, in a dict comprehension).
        element: ExprId,
        /// The value of a dict comprehension.
        value: Option<ExprId>,
        /// The `for` clauses, outermost first.
        clauses: Vec<Clause>,
    },
    /// An arithmetic or bitwise operation.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// The left operand.
        left: ExprId,
        /// The right operand.
        right: ExprId,
    },
    /// `and` / `or` over two or more values.
    Boolean {
        /// `and` rather than `or`.
        is_and: bool,
        /// The operands.
        values: Vec<ExprId>,
    },
    /// A comparison, possibly chained.
    Compare {
        /// The first operand.
        left: ExprId,
        /// The operators with their right operands.
        comparisons: Vec<(CompareOp, ExprId)>,
    },
    /// `not`, `-`, `+`, `~`.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: ExprId,
    },
    /// `body if test else orelse`.
    Conditional {
        /// The condition.
        test: ExprId,
        /// The value when it holds.
        body: ExprId,
        /// The value when it does not.
        orelse: ExprId,
    },
    /// `await value`.
    Await(ExprId),
    /// `yield value`.
    Yield(Option<ExprId>),
    /// `yield from value`.
    YieldFrom(ExprId),
    /// `*value` in a display or as a target.
    Starred(ExprId),
    /// `name := value`.
    Named {
        /// The binding.
        def: DefId,
        /// The value.
        value: ExprId,
    },
    /// Something that is not lowered: nested too deeply, or not valid Python.
    Opaque,
}

/// An argument of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Argument {
    /// How it is passed.
    pub kind: ArgumentKind,
    /// The value.
    pub value: ExprId,
    /// The whole argument, `name=` and stars included.
    pub span: Span,
}

/// How an argument is passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArgumentKind {
    /// By position.
    Positional,
    /// By name.
    Keyword(String),
    /// `*value`.
    Star,
    /// `**value`.
    DoubleStar,
}

/// The sequence displays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SequenceKind {
    /// `a, b`.
    Tuple,
    /// `[a, b]`.
    List,
    /// `{a, b}`.
    Set,
}

/// The comprehensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComprehensionKind {
    /// `[...]`.
    List,
    /// `{...}`.
    Set,
    /// `{k: v ...}`.
    Dict,
    /// `(...)`: runs where it is consumed.
    Generator,
}

/// A `for` clause of a comprehension.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Clause {
    /// What each element is bound to.
    pub target: ExprId,
    /// What is iterated.
    pub iterable: ExprId,
    /// The `if` conditions.
    pub conditions: Vec<ExprId>,
    /// `async for`.
    pub is_async: bool,
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names of Python's operators say it all")]
pub enum BinaryOp {
    Add,
    Sub,
    Mult,
    MatMult,
    Div,
    Mod,
    Pow,
    LShift,
    RShift,
    BitOr,
    BitXor,
    BitAnd,
    FloorDiv,
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names of Python's operators say it all")]
pub enum CompareOp {
    Eq,
    NotEq,
    Lt,
    LtE,
    Gt,
    GtE,
    Is,
    IsNot,
    In,
    NotIn,
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names of Python's operators say it all")]
pub enum UnaryOp {
    Not,
    Minus,
    Plus,
    Invert,
}
