//! Which piece of state an expression names, so that two pieces of code can be seen to mean the same one.

use crate::facts::{DefKind, ExprId, ExprKind, FileFacts, MODULE, SymbolId};
use crate::finding::FileId;
use crate::link::Program;
use crate::link::solver::{Base, Variable};
use crate::link::values::{ExprRef, ScopeRef, Site, Value};

/// A piece of state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// A global name of a module.
    Global(FileId, SymbolId),
    /// A name of a function, as its nested functions see it.
    Cell(FileId, SymbolId),
    /// An attribute of a class of the project or its instances.
    Attribute(ScopeRef, String),
    /// What is made at a place.
    Made(Site),
    /// What cannot be told from other things.
    Unclear,
}

/// The state that an expression names.
pub(crate) fn location(program: &Program<'_>, expr: ExprRef) -> Location {
    located(program, expr, 0)
}

fn located(program: &Program<'_>, expr: ExprRef, depth: u32) -> Location {
    if depth > 4 {
        return Location::Unclear;
    }
    match program.kind(expr) {
        ExprKind::Name {
            symbol: Some(symbol), ..
        } => name_location(program, expr, *symbol, depth),
        ExprKind::Store(def) => {
            let symbol = program.file(expr.file).definition(*def).symbol;
            let scope = program.file(expr.file).symbol(symbol).scope;
            if scope == MODULE {
                Location::Global(expr.file, symbol)
            } else {
                Location::Cell(expr.file, symbol)
            }
        }
        ExprKind::Attribute { base, name, .. } => attribute_location(program, program.sibling(expr, *base), name),
        _ => single_site(program, expr).map_or(Location::Unclear, Location::Made),
    }
}

fn name_location(program: &Program<'_>, expr: ExprRef, symbol: SymbolId, depth: u32) -> Location {
    let file = program.file(expr.file);
    let made = || single_site(program, expr).map_or(Location::Unclear, Location::Made);
    let scope = file.symbol(symbol).scope;
    let definitions = &file.symbol(symbol).definitions;
    let imported = definitions.iter().any(|&def| {
        matches!(
            file.definition(def).kind,
            DefKind::ImportFrom { .. } | DefKind::Import { .. }
        )
    });
    if imported {
        return made();
    }
    if scope == MODULE {
        return Location::Global(expr.file, symbol);
    }
    let found = match definitions.as_slice() {
        [only] => match &file.definition(*only).kind {
            DefKind::Assign { value, path } if path.is_empty() => match file.kind(*value) {
                ExprKind::Name { .. } | ExprKind::Attribute { .. } => {
                    located(program, program.sibling(expr, *value), depth + 1)
                }
                _ => made(),
            },
            _ => made(),
        },
        _ => made(),
    };
    // A nested function names what the function around it names; what that is may not be known.
    if found == Location::Unclear && scope != program.index(expr.file).scope_of(expr.expr) {
        return Location::Cell(expr.file, symbol);
    }
    found
}

/// An attribute, by the topmost class of the project that has it.
fn attribute_location(program: &Program<'_>, base: ExprRef, name: &str) -> Location {
    for value in program.values(base).iter() {
        match *program.value(value) {
            Value::Module(file) => {
                if let Some(symbol) = program.file(file).symbol_in(MODULE, name) {
                    return Location::Global(file, symbol);
                }
            }
            Value::Instance { class, .. } | Value::Class(class) => {
                return Location::Attribute(owner(program, class, name), name.to_owned());
            }
            Value::Super { class, .. } => {
                return Location::Attribute(owner(program, class, name), name.to_owned());
            }
            _ => {}
        }
    }
    Location::Unclear
}

/// The topmost class of the project above a class that has an attribute of this name.
pub(super) fn owner(program: &Program<'_>, class: ScopeRef, name: &str) -> ScopeRef {
    let known = program.solution.universe.find_name(name);
    let mut found = class;
    for &base in program.solution.classes.ancestry(class).iter() {
        if let Base::Project(above) = base {
            let assigned =
                known.is_some_and(|name| !program.solution.variable(Variable::Attribute(above, name)).is_empty());
            if assigned || program.file(above.file).symbol_in(above.scope, name).is_some() {
                found = above;
            }
        }
    }
    found
}

/// The one place where the objects that an expression may be are made.
pub(super) fn single_site(program: &Program<'_>, expr: ExprRef) -> Option<Site> {
    let mut found = None;
    for value in program.values(expr).iter() {
        match *program.value(value) {
            Value::Instance { site: Some(site), .. } | Value::ExternalInstance { site: Some(site), .. } => {
                if found.is_some_and(|other| other != site) {
                    return None;
                }
                found = Some(site);
            }
            Value::None | Value::Int(_) | Value::Bool(_) | Value::Str(_) => {}
            _ => return None,
        }
    }
    found
}

/// Whether two expressions of one file are written alike and so name the same state where nothing is rebound between.
pub(super) fn same_text(facts: &FileFacts, left: ExprId, right: ExprId) -> bool {
    match (facts.kind(left), facts.kind(right)) {
        (ExprKind::Attribute { base: a, name: x, .. }, ExprKind::Attribute { base: b, name: y, .. }) => {
            x == y && same_text(facts, *a, *b)
        }
        (ExprKind::Subscript { base: a, index: x }, ExprKind::Subscript { base: b, index: y }) => {
            same_text(facts, *a, *b) && same_text(facts, *x, *y)
        }
        (ExprKind::Str { value: a, .. }, ExprKind::Str { value: b, .. }) => a == b,
        (ExprKind::Int(Some(a)), ExprKind::Int(Some(b))) => a == b,
        (
            ExprKind::Sequence {
                kind: a, elements: x, ..
            },
            ExprKind::Sequence {
                kind: b, elements: y, ..
            },
        ) => a == b && x.len() == y.len() && x.iter().zip(y).all(|(&x, &y)| same_text(facts, x, y)),
        _ => match (symbol_of(facts, left), symbol_of(facts, right)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
    }
}

/// The symbol that a name reads or binds.
pub(super) fn symbol_of(facts: &FileFacts, expr: ExprId) -> Option<SymbolId> {
    match facts.kind(expr) {
        ExprKind::Name { symbol, .. } => *symbol,
        ExprKind::Store(def) => Some(facts.definition(*def).symbol),
        _ => None,
    }
}
