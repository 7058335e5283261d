//! Which lock an expression means.
//!
//! A lock is named by a path from something that stays the same while a function runs: an object that the program makes
//! once, a parameter, a variable with one value. Equal names in one run are the same lock.

use std::collections::BTreeSet;

use crate::facts::{DefId, DefKind, ExprId, ExprKind, StmtKind, SymbolId};
use crate::finding::FileId;
use crate::knowledge::LockKind;
use crate::link::values::{DefRef, ExprRef, ScopeRef, Site, Value, ValueId, ValueSet};
use crate::link::{Callee, Program, Target};

/// Where a lock's name starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    /// An object that the program makes once: by a call outside of functions and loops.
    Once(ExprRef),
    /// A variable or parameter.
    Variable(FileId, SymbolId),
    /// One binding of a variable that has several.
    Binding(DefRef),
}

/// The name of a lock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockName {
    /// Where it starts.
    pub root: Root,
    /// Attributes and literal keys from there.
    pub path: Vec<String>,
}

/// How a lock behaves when it is taken again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// Its holder waits for itself.
    Plain,
    /// Its holder takes it again.
    Reentrant,
    /// It depends on a number, or on what is not known.
    Open,
}

/// What is known of the lock behind an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockFacts {
    /// How it behaves when it is taken again.
    pub hold: Hold,
    /// It is a lock of an event loop.
    pub asynchronous: bool,
    /// The calls that may make it, sorted.
    pub sites: Vec<ExprRef>,
}

/// Attributes that a name is made of at most.
const PATH: usize = 5;
/// Aliases and functions that are looked through.
const DEPTH: u32 = 6;

/// The lock behind an expression, if it can be nothing else.
#[must_use]
pub fn lock_facts(program: &Program<'_>, expr: ExprRef) -> Option<LockFacts> {
    facts_of(program, program.values(expr))
}

/// The lock that values are, if they can be nothing else.
pub(super) fn facts_of(program: &Program<'_>, values: &ValueSet) -> Option<LockFacts> {
    let mut found: Option<LockFacts> = None;
    for value in values.iter() {
        if matches!(program.value(value), Value::None) {
            continue;
        }
        let kind = program.type_fact(value)?.lock?;
        let hold = hold_of(program, value, kind);
        let site = program.site(value).and_then(Site::expression);
        let asynchronous = program.role(value).is_none();
        let facts = found.get_or_insert_with(|| LockFacts {
            hold,
            asynchronous,
            sites: Vec::new(),
        });
        if facts.hold != hold || facts.asynchronous != asynchronous {
            facts.hold = Hold::Open;
        }
        facts.sites.extend(site);
    }
    if let Some(facts) = &mut found {
        facts.sites.sort();
        facts.sites.dedup();
    }
    found
}

fn hold_of(program: &Program<'_>, lock: ValueId, kind: LockKind) -> Hold {
    let given = || condition_lock(program, lock);
    match kind {
        LockKind::Plain => Hold::Plain,
        LockKind::Reentrant => Hold::Reentrant,
        LockKind::Counting => Hold::Open,
        LockKind::Condition | LockKind::PlainCondition => match given() {
            Some(inner) => lock_facts(program, inner).map_or(Hold::Open, |facts| facts.hold),
            None if kind == LockKind::PlainCondition => Hold::Plain,
            None => Hold::Reentrant,
        },
    }
}

/// The lock that a condition's constructor is given.
fn condition_lock(program: &Program<'_>, condition: ValueId) -> Option<ExprRef> {
    let kind = program.type_fact(condition)?.lock?;
    if !matches!(kind, LockKind::Condition | LockKind::PlainCondition) {
        return None;
    }
    let site = program.site(condition).and_then(Site::expression)?;
    let given = program.argument(site, Some(0), Some("lock"))?;
    (!matches!(program.kind(given), ExprKind::None)).then_some(given)
}

/// The name of what an expression means.
#[must_use]
pub fn name_of(program: &Program<'_>, expr: ExprRef) -> Option<LockName> {
    let name = plain_name(program, expr, 0)?;
    Some(below_condition(program, expr, &name).unwrap_or(name))
}

/// A condition over a lock is taken by taking the lock.
fn below_condition(program: &Program<'_>, expr: ExprRef, name: &LockName) -> Option<LockName> {
    let mut values = program.values(expr).iter();
    let condition = values.next()?;
    if values.next().is_some() {
        return None;
    }
    let given = condition_lock(program, condition)?;
    let inner = plain_name(program, given, 0)?;
    match inner.root {
        Root::Once(_) => Some(inner),
        Root::Variable(file, symbol) => {
            let scope = program.scope_of(given);
            let receiver = program
                .class_of_method(scope)
                .and_then(|_| parameter(program, scope, 0));
            if receiver == Some((file, symbol)) && !name.path.is_empty() {
                let mut path = name.path[..name.path.len() - 1].to_vec();
                path.extend(inner.path);
                Some(LockName { root: name.root, path })
            } else if scope == program.scope_of(expr) {
                Some(inner)
            } else {
                None
            }
        }
        Root::Binding(_) => None,
    }
}

fn plain_name(program: &Program<'_>, expr: ExprRef, depth: u32) -> Option<LockName> {
    if depth > DEPTH {
        return None;
    }
    if let Some(site) = made_once(program, program.values(expr)) {
        return Some(LockName {
            root: Root::Once(site),
            path: Vec::new(),
        });
    }
    let at = |inner: ExprId| program.sibling(expr, inner);
    match program.kind(expr) {
        ExprKind::Name {
            symbol: Some(symbol),
            reaching,
            ..
        } => variable_name(program, expr.file, *symbol, reaching, depth),
        ExprKind::Attribute { base, name, .. } => {
            let mut found = plain_name(program, at(*base), depth + 1)?;
            found.path.push(name.clone());
            (found.path.len() <= PATH).then_some(found)
        }
        ExprKind::Subscript { base, index } => {
            let key = match program.kind(at(*index)) {
                ExprKind::Str { value, .. } => format!("['{value}']"),
                ExprKind::Int(Some(number)) => format!("[{number}]"),
                _ => return None,
            };
            let mut found = plain_name(program, at(*base), depth + 1)?;
            found.path.push(key);
            (found.path.len() <= PATH).then_some(found)
        }
        ExprKind::Named { value, .. } => plain_name(program, at(*value), depth + 1),
        ExprKind::Call { .. } => returned_name(program, expr, depth),
        _ => None,
    }
}

/// The call that makes the one object that there can be, if it runs once.
pub(super) fn made_once(program: &Program<'_>, values: &ValueSet) -> Option<ExprRef> {
    let mut site = None;
    for value in values.iter() {
        match *program.value(value) {
            Value::None => {}
            Value::ExternalInstance {
                site: Some(Site::Expr(made)),
                ..
            }
            | Value::Instance {
                site: Some(Site::Expr(made)),
                ..
            } if site.is_none() => site = Some(made),
            _ => return None,
        }
    }
    let site = site?;
    let is_call = matches!(program.kind(site), ExprKind::Call { .. });
    (is_call && runs_once(program, site, 0)).then_some(site)
}

/// Whether a call is made once in a run of the program: by a module, by a function that one such call runs, or by the
/// constructor of a class that one such call makes.
fn runs_once(program: &Program<'_>, call: ExprRef, depth: u32) -> bool {
    if depth > DEPTH || !program.index(call.file).loops_around(call.expr).is_empty() {
        return false;
    }
    let function = program.function_around(program.scope_of(call));
    if function == program.module_scope(function.file) {
        return true;
    }
    let scope = program.scope(function);
    let submitted = || {
        let targets = program.submissions.iter().flat_map(|submission| &submission.targets);
        targets.filter_map(Target::function).any(|target| target == function)
    };
    if scope.is_generator || !scope.decorators.is_empty() || submitted() {
        return false;
    }
    let callers = program.solution.callers.get(&function);
    let mut callers = callers.into_iter().flatten();
    match (callers.next(), callers.next()) {
        (Some(&only), None) => {
            let runs = |callee: &Callee| match callee {
                Callee::Function { function: called, .. } => *called == function,
                Callee::Class(class) => program.class_of_method(function) == Some(*class),
                _ => false,
            };
            let callees = program.callees(only);
            matches!(callees.as_slice(), [callee] if runs(callee)) && runs_once(program, only, depth + 1)
        }
        _ => false,
    }
}

fn variable_name(
    program: &Program<'_>,
    file: FileId,
    symbol: SymbolId,
    reaching: &[DefId],
    depth: u32,
) -> Option<LockName> {
    let facts = program.file(file);
    let all = &facts.symbol(symbol).definitions;
    let single = match (reaching, all.as_slice()) {
        (&[def], _) | (&[], &[def]) => Some(def),
        _ => None,
    };
    let plain = |root| Some(LockName { root, path: Vec::new() });
    if let Some(def) = single {
        match &facts.definition(def).kind {
            DefKind::Assign { value, path } if path.is_empty() => {
                let value = ExprRef { file, expr: *value };
                let alias = !matches!(program.kind(value), ExprKind::Call { .. });
                let behind = if alias {
                    plain_name(program, value, depth + 1)
                } else {
                    returned_name(program, value, depth + 1)
                };
                if behind.is_some() {
                    return behind;
                }
            }
            DefKind::Element { .. } => return None,
            _ => {}
        }
        return if all.len() == 1 {
            plain(Root::Variable(file, symbol))
        } else {
            plain(Root::Binding(DefRef { file, def }))
        };
    }
    // A global that is set again is still one lock for those that use it.
    let is_global = facts.symbol(symbol).scope == crate::facts::MODULE;
    if is_global && reaching.is_empty() {
        plain(Root::Variable(file, symbol))
    } else {
        None
    }
}

/// The name of what a function with one `return` gives back.
fn returned_name(program: &Program<'_>, call: ExprRef, depth: u32) -> Option<LockName> {
    if depth > DEPTH {
        return None;
    }
    let callees = program.callees(call);
    let [Callee::Function { function, receiver }] = callees.as_slice() else {
        return None;
    };
    let scope = program.scope(*function);
    if scope.is_async || scope.is_generator || program.solution.wrappers.contains_key(function) {
        return None;
    }
    let index = program.index(function.file);
    let mut returned = None;
    for &statement in index.statements_of(function.scope) {
        if let StmtKind::Return(value) = index.statement(statement).stmt.kind {
            if returned.is_some() {
                return None;
            }
            returned = Some(value?);
        }
    }
    let value = ExprRef {
        file: function.file,
        expr: returned?,
    };
    let inner = plain_name(program, value, depth + 1)?;
    let binding = Binding {
        call,
        function: *function,
        bound: receiver.is_some(),
        receiver: None,
    };
    binding.translate(program, &inner)
}

/// The variable of a function's parameter.
pub(super) fn parameter(program: &Program<'_>, function: ScopeRef, position: usize) -> Option<(FileId, SymbolId)> {
    let parameter = program.scope(function).parameters.get(position)?;
    let symbol = program.file(function.file).definition(parameter.def).symbol;
    Some((function.file, symbol))
}

/// One call of one function, for translating the names that the function uses into those of the caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding {
    pub(super) call: ExprRef,
    pub(super) function: ScopeRef,
    /// The first parameter is what the method was taken of.
    pub(super) bound: bool,
    /// What the first parameter is, where the call does not say so (properties, context managers).
    pub(super) receiver: Option<ExprRef>,
}

impl Binding {
    /// The caller's name for a lock that the function names; `None` where the caller has none.
    pub(super) fn translate(&self, program: &Program<'_>, name: &LockName) -> Option<LockName> {
        let (file, symbol) = match name.root {
            Root::Once(_) => return Some(name.clone()),
            Root::Variable(file, symbol) => (file, symbol),
            Root::Binding(def) => {
                let scope = program.file(def.file).definition(def.def).scope;
                let own = program.scope_ref(def.file, scope) == self.function;
                return (!own).then(|| name.clone());
            }
        };
        let owner = program.scope_ref(file, program.file(file).symbol(symbol).scope);
        if owner != self.function {
            return Some(name.clone());
        }
        let parameters = &program.scope(self.function).parameters;
        let position = parameters
            .iter()
            .position(|parameter| program.file(file).definition(parameter.def).symbol == symbol)?;
        let base = self.argument(program, position, &parameters[position].name)?;
        let mut path = base.path;
        path.extend(name.path.iter().cloned());
        (path.len() <= PATH).then_some(LockName { root: base.root, path })
    }

    /// Whether the call passes a literal for one of the function's parameters.
    pub(super) fn is_told(&self, program: &Program<'_>, positions: &[u32]) -> bool {
        let parameters = &program.scope(self.function).parameters;
        positions.iter().any(|&position| {
            let Some(parameter) = parameters.get(position as usize) else {
                return false;
            };
            let place = position.checked_sub(u32::from(self.bound));
            let argument = program.argument(self.call, place, Some(&parameter.name));
            argument.is_some_and(|argument| matches!(program.kind(argument), ExprKind::Bool(_) | ExprKind::None))
        })
    }

    fn argument(&self, program: &Program<'_>, position: usize, keyword: &str) -> Option<LockName> {
        if let Some(receiver) = self.receiver {
            return if position == 0 {
                name_of(program, receiver)
            } else {
                None
            };
        }
        if self.bound && position == 0 {
            return receiver_name(program, self.call, self.function);
        }
        let position = u32::try_from(position - usize::from(self.bound)).ok()?;
        let argument = program.argument(self.call, Some(position), Some(keyword))?;
        name_of(program, argument)
    }
}

/// The name of the object whose method a call calls.
fn receiver_name(program: &Program<'_>, call: ExprRef, method: ScopeRef) -> Option<LockName> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    let mut callee = program.sibling(call, *callee);
    if let ExprKind::Name { reaching, .. } = program.kind(callee)
        && let &[def] = reaching.as_slice()
        && let DefKind::Assign { value, path } = &program.file(call.file).definition(def).kind
        && path.is_empty()
    {
        callee = program.sibling(call, *value);
    }
    let ExprKind::Attribute { base, name, .. } = program.kind(callee) else {
        return None;
    };
    // `self.callback()` runs a method of whatever was kept there.
    if *name != program.scope(method).name && program.class_of_method(method).is_some() {
        return None;
    }
    let base = program.sibling(call, *base);
    let is_super = program
        .values(base)
        .iter()
        .any(|value| matches!(program.value(value), Value::Super { .. }));
    if is_super {
        let (file, symbol) = parameter(program, program.scope_of(call), 0)?;
        return Some(LockName {
            root: Root::Variable(file, symbol),
            path: Vec::new(),
        });
    }
    name_of(program, base)
}

/// Whether two lists of sites have one in common.
pub(super) fn overlap(first: &[ExprRef], second: &[ExprRef]) -> bool {
    let first: BTreeSet<&ExprRef> = first.iter().collect();
    second.iter().any(|site| first.contains(site))
}
