//! Statements.

use serde::{Deserialize, Serialize};

use super::{BinaryOp, DefId, ExprId, ScopeId, Span};

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
