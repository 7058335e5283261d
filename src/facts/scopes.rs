//! Scopes, symbols and definitions: who binds which name, and how.

use serde::{Deserialize, Serialize};

use super::{DefId, ExprId, ScopeId, Span, Stmt, SymbolId};

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
