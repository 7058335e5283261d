//! Expressions.

use serde::{Deserialize, Serialize};

use super::{DefId, ExprId, ScopeId, Span, SymbolId};

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
