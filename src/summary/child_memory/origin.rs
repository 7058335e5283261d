//! Where an object that a worker uses comes from: its own memory, or a copy of the parent's.

use std::collections::BTreeMap;

use crate::facts::{ArgumentKind, DefId, DefKind, ExprId, ExprKind, MODULE, ScopeKind, SymbolId};
use crate::finding::FileId;
use crate::knowledge::Semantic;
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program};

/// How the parent's object came into the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    /// It is the object whose method runs, or hangs from it.
    Receiver,
    /// It is an argument of the task, or hangs from one.
    Argument,
    /// It is a global, or hangs from one.
    Global,
    /// A variable of the function around.
    Captured,
}

/// The innermost thing with a name that an object hangs from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spot {
    /// The parameter's own value or an element of it.
    Whole,
    /// An attribute, or an element of it.
    Attribute(ExprRef),
    /// A global of a module, or an element of it.
    Global(FileId, SymbolId),
    /// A local variable of the function around the worker.
    Captured(FileId, SymbolId),
}

/// Where an object of the parent comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// How it came into the worker.
    pub root: Root,
    /// What it hangs from.
    pub spot: Spot,
    /// The expression in the worker's code that reaches for it first.
    pub at: ExprRef,
}

/// The parameters of a function that hold objects of the parent.
pub(super) type Parameters = BTreeMap<u32, Origin>;

/// Definitions that are followed from one expression.
const DEPTH: u32 = 12;

/// Finds origins in the code of one function of a worker.
pub(super) struct Origins<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    pub(super) function: ScopeRef,
    pub(super) parameters: &'p Parameters,
    /// Whether a function runs in the worker.
    pub(super) in_child: &'p dyn Fn(ScopeRef) -> bool,
}

impl Origins<'_, '_> {
    /// Where the value of an expression comes from, if it is the parent's.
    pub(super) fn of(&self, expr: ExprId) -> Option<Origin> {
        self.follow(expr, 0)
    }

    fn here(&self, expr: ExprId) -> ExprRef {
        ExprRef {
            file: self.function.file,
            expr,
        }
    }

    fn follow(&self, expr: ExprId, depth: u32) -> Option<Origin> {
        if depth > DEPTH {
            return None;
        }
        match self.program.kind(self.here(expr)) {
            ExprKind::Name { symbol, reaching, .. } => self.name(expr, (*symbol)?, reaching, depth),
            ExprKind::Attribute { base, .. } => self.attribute(expr, *base, depth),
            ExprKind::Subscript { base, index } => {
                let slice = matches!(self.program.kind(self.here(*index)), ExprKind::Slice { .. });
                if slice { None } else { self.follow(*base, depth + 1) }
            }
            ExprKind::Call { .. } => self.part_given(expr, depth, false),
            ExprKind::Conditional { body, orelse, .. } => self
                .follow(*body, depth + 1)
                .or_else(|| self.follow(*orelse, depth + 1)),
            ExprKind::Boolean { values, .. } => values.iter().find_map(|&value| self.follow(value, depth + 1)),
            ExprKind::Named { value, .. } => self.follow(*value, depth + 1),
            _ => None,
        }
    }

    /// Where the elements of an iterable come from: copies of containers hold the same elements.
    fn elements(&self, expr: ExprId, depth: u32) -> Option<Origin> {
        if depth > DEPTH {
            return None;
        }
        match self.program.kind(self.here(expr)) {
            ExprKind::Call { .. } => self.part_given(expr, depth, true),
            ExprKind::Sequence { elements, .. } => elements.iter().find_map(|&element| self.follow(element, depth + 1)),
            _ => self.follow(expr, depth),
        }
    }

    /// What a call gives back of what it is given.
    fn part_given(&self, expr: ExprId, depth: u32, elements: bool) -> Option<Origin> {
        let call = self.here(expr);
        let ExprKind::Call { callee, arguments, .. } = self.program.kind(call) else {
            return None;
        };
        for found in self.program.callees(call) {
            let Callee::External { name, receiver } = found else {
                continue;
            };
            let from_receiver = match self.program.knowledge.semantic(&name) {
                Some(Semantic::Argument) => false,
                Some(Semantic::Element | Semantic::SetDefault) => receiver.is_some(),
                Some(Semantic::Values | Semantic::Items) if elements => true,
                Some(Semantic::CopiesElements | Semantic::Enumerate | Semantic::Zip | Semantic::Filter) if elements => {
                    false
                }
                _ => continue,
            };
            if from_receiver {
                if let ExprKind::Attribute { base, .. } = self.program.kind(self.here(*callee)) {
                    return self.follow(*base, depth + 1);
                }
                continue;
            }
            let given = arguments
                .iter()
                .filter(|argument| argument.kind == ArgumentKind::Positional);
            for argument in given {
                let origin = if elements {
                    self.elements(argument.value, depth + 1)
                } else {
                    self.follow(argument.value, depth + 1)
                };
                if origin.is_some() {
                    return origin;
                }
            }
        }
        None
    }

    fn attribute(&self, expr: ExprId, base: ExprId, depth: u32) -> Option<Origin> {
        let program = self.program;
        let ExprKind::Attribute { name, .. } = program.kind(self.here(expr)) else {
            return None;
        };
        let mut named = false;
        for value in program.values(self.here(base)).iter() {
            match *program.value(value) {
                Value::Module(file) => {
                    let symbol = program.file(file).symbol_in(MODULE, name)?;
                    return self.global(file, symbol, expr);
                }
                Value::Class(_) => {
                    return Some(Origin {
                        root: Root::Global,
                        spot: Spot::Attribute(self.here(expr)),
                        at: self.here(base),
                    });
                }
                Value::Instance { .. } => named = true,
                _ => {}
            }
        }
        let mut origin = self.follow(base, depth + 1)?;
        if named {
            origin.spot = Spot::Attribute(self.here(expr));
        }
        Some(origin)
    }

    fn name(&self, expr: ExprId, symbol: SymbolId, reaching: &[DefId], depth: u32) -> Option<Origin> {
        let file = self.program.file(self.function.file);
        let scope = ScopeRef {
            file: self.function.file,
            scope: file.symbol(symbol).scope,
        };
        if scope == self.function {
            let all = &file.symbol(symbol).definitions;
            let defs = if reaching.is_empty() { all } else { reaching };
            return defs.iter().find_map(|&def| self.definition(def, depth));
        }
        match self.program.scope(scope).kind {
            ScopeKind::Module => self.global(self.function.file, symbol, expr),
            ScopeKind::Function | ScopeKind::Lambda if !(self.in_child)(scope) => Some(Origin {
                root: Root::Captured,
                spot: Spot::Captured(self.function.file, symbol),
                at: self.here(expr),
            }),
            _ => None,
        }
    }

    fn global(&self, file: FileId, symbol: SymbolId, expr: ExprId) -> Option<Origin> {
        let (file, symbol) = home(self.program, file, symbol, 0)?;
        if self.is_set_in_child(file, symbol) {
            return None;
        }
        Some(Origin {
            root: Root::Global,
            spot: Spot::Global(file, symbol),
            at: self.here(expr),
        })
    }

    /// A global that a worker or its initializer sets holds what is the worker's own.
    fn is_set_in_child(&self, file: FileId, symbol: SymbolId) -> bool {
        let facts = self.program.file(file);
        facts.symbol(symbol).definitions.iter().any(|&def| {
            let definition = facts.definition(def);
            definition.scope != MODULE
                && !matches!(definition.kind, DefKind::Augmented { .. })
                && (self.in_child)(ScopeRef {
                    file,
                    scope: definition.scope,
                })
        })
    }

    fn definition(&self, def: DefId, depth: u32) -> Option<Origin> {
        match &self.program.file(self.function.file).definition(def).kind {
            DefKind::Parameter { index } => self.parameters.get(index).copied(),
            DefKind::Assign { value, path } if path.is_empty() => self.follow(*value, depth + 1),
            DefKind::Assign { value, .. } => self.elements(*value, depth + 1),
            DefKind::Element { iterable, .. } => self.elements(*iterable, depth + 1),
            DefKind::Augmented { previous, .. } if depth < DEPTH => {
                previous.iter().find_map(|&before| self.definition(before, depth + 1))
            }
            _ => None,
        }
    }
}

/// The variable that a module's name stands for: itself, or the one that it is imported from. Functions, classes and
/// modules are none.
pub(in crate::summary) fn home(
    program: &Program<'_>,
    file: FileId,
    symbol: SymbolId,
    depth: u32,
) -> Option<(FileId, SymbolId)> {
    let facts = program.file(file);
    let mut variable = false;
    for &def in &facts.symbol(symbol).definitions {
        match &facts.definition(def).kind {
            DefKind::ImportFrom { module, level, name } if depth < 4 => {
                for absolute in program.modules.absolute(file, *level, module) {
                    if let Some(inner) = program.modules.find(file, &absolute)
                        && let Some(symbol) = program.file(inner).symbol_in(MODULE, name)
                    {
                        return home(program, inner, symbol, depth + 1);
                    }
                }
            }
            DefKind::Function(_) | DefKind::Class(_) | DefKind::Import { .. } | DefKind::ImportFrom { .. } => {}
            _ => variable = true,
        }
    }
    variable.then_some((file, symbol))
}
