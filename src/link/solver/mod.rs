//! The fixpoint over the whole program: which values reach which names, attributes, elements and results.
//!
//! In: the facts of all files. Out: the values of every expression ([`Solution`]). Flow-sensitive for local names (by
//! the definitions that reach a read), insensitive for globals, attributes and elements; one summary a function, but
//! for functions behind a decorator. Every scope is a unit of work; a unit is done again when something that it has
//! read grows. Sets only grow and are bounded, so this ends; the bound on rounds is a safety net and loud.
//! Must not know: costs, rules, findings.

mod apply;
mod attributes;
mod classes;
mod contents;
mod expressions;
mod external;
mod factories;
mod serving;
mod statements;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::facts::{DefId, ExprId, FileFacts, MODULE, ScopeId, SymbolId};
use crate::finding::FileId;
use crate::knowledge::{Knowledge, TypeExpr};

use super::modules::ModuleTable;
use super::values::{DefRef, ExprRef, Name, ScopeRef, Site, Universe, Unresolved, Value, ValueId, ValueSet};

pub use apply::Arguments;
pub use classes::{Base, Member};
pub(super) use statements::star_imports;

/// A part of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// Any part that is put in under no known key.
    Any,
    /// Everything, whatever the key.
    All,
    /// The element at a position.
    Index(u32),
    /// The element under a string.
    Text(Name),
}

/// Something that holds values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variable {
    /// What a definition binds.
    Def(DefRef),
    /// An attribute that is assigned on instances of a class or on the class.
    Attribute(ScopeRef, Name),
    /// An attribute that is assigned on a module from outside.
    ModuleAttribute(FileId, Name),
    /// What a function returns.
    Return(ScopeRef),
    /// What a generator yields.
    Yield(ScopeRef),
    /// A part of what a container holds.
    Element(Site, Key),
}

#[derive(Clone, Debug, Default)]
struct State {
    values: ValueSet,
    /// Units that are done again when the values grow, sorted.
    readers: Vec<u32>,
    /// Spares a search where a unit reads the same again.
    last_reader: Option<u32>,
}

impl State {
    fn is_read_by(&mut self, unit: u32) {
        if self.last_reader != Some(unit) {
            self.last_reader = Some(unit);
            insert_sorted(&mut self.readers, unit);
        }
    }
}

fn insert_sorted(units: &mut Vec<u32>, unit: u32) {
    if let Err(position) = units.binary_search(&unit) {
        units.insert(position, unit);
    }
}

/// The values of every expression, and what they rest on.
#[derive(Debug)]
pub struct Solution {
    /// The values and names.
    pub universe: Universe,
    expressions: Vec<Vec<ValueSet>>,
    definitions: Vec<Vec<ValueSet>>,
    variables: FxHashMap<Variable, ValueSet>,
    /// The classes of the project with their bases, in order.
    pub classes: classes::Classes,
    /// Calls of each function of the project, by name or through values: function -> calls, sorted.
    pub callers: FxHashMap<ScopeRef, BTreeSet<ExprRef>>,
    /// Functions that decorators of the project put in the place of a function: function -> wrappers.
    pub wrappers: FxHashMap<ScopeRef, BTreeSet<ScopeRef>>,
    /// Whether the bound on rounds was reached, so that sets may be too small.
    pub incomplete: bool,
}

impl Solution {
    /// What an expression may be.
    #[must_use]
    pub fn values(&self, expr: ExprRef) -> &ValueSet {
        &self.expressions[expr.file.index()][expr.expr.index()]
    }

    /// What a variable may hold.
    #[must_use]
    pub fn variable(&self, variable: Variable) -> &ValueSet {
        const EMPTY: &ValueSet = &ValueSet::empty();
        match variable {
            Variable::Def(def) => &self.definitions[def.file.index()][def.def.index()],
            _ => self.variables.get(&variable).unwrap_or(EMPTY),
        }
    }
}

/// The state of the fixpoint.
pub struct Solver<'a> {
    facts: &'a [FileFacts],
    modules: &'a ModuleTable,
    knowledge: &'a Knowledge,
    universe: Universe,
    expressions: Vec<Vec<ValueSet>>,
    /// What definitions bind, by file: most variables are definitions.
    definitions: Vec<Vec<State>>,
    variables: FxHashMap<Variable, State>,
    classes: classes::Classes,
    callers: FxHashMap<ScopeRef, BTreeSet<ExprRef>>,
    wrappers: FxHashMap<ScopeRef, BTreeSet<ScopeRef>>,
    star_imports: Vec<Vec<(String, u32)>>,
    scope_definitions: Vec<Vec<Option<DefId>>>,
    units: Vec<ScopeRef>,
    queue: VecDeque<u32>,
    queued: Vec<bool>,
    unit: u32,
    /// The bases of a class have changed: when the queue is empty, what is kept of classes is brought up to date.
    shape_changed: bool,
    /// All units have been done, those of functions for the first time once the classes are known.
    begun: bool,
    /// Units that look at the shape of a class or at the wrappers of a function, by class or function.
    scope_readers: FxHashMap<ScopeRef, Vec<u32>>,
    /// Functions that have got a wrapper since the queue was last empty.
    newly_wrapped: BTreeSet<ScopeRef>,
    /// Units that look at an expression of another unit.
    watchers: FxHashMap<ExprRef, Vec<u32>>,
    /// Counts looks at anything that may still change.
    reads: u64,
    /// Expressions for which nothing that may change was looked at: what they are need not be computed again.
    settled: Vec<Vec<bool>>,
    /// Canonical names that have been looked up, by the name as written.
    canonical: FxHashMap<Box<str>, Name>,
    /// What the knowledge base says, by type and name of a member.
    members: FxHashMap<(Name, Name), Members<'a>>,
    /// What the names mean that a file does not bind.
    builtins: FxHashMap<Name, ValueId>,
    /// What scopes bind, by name: as [`FileFacts::symbol_in`] finds it.
    symbols: FxHashMap<(FileId, ScopeId, &'a str), SymbolId>,
}

/// A unit is done at most this many times on average.
const ROUNDS: usize = 60;
/// Elements of argument tuples that are told apart.
const TUPLE_WIDTH: u32 = 8;

impl<'a> Solver<'a> {
    /// Solves the part of the program that lies in the files that are reached.
    #[must_use]
    pub fn solve(
        facts: &'a [FileFacts],
        reached: &'a [bool],
        modules: &'a ModuleTable,
        knowledge: &'a Knowledge,
    ) -> Solution {
        let mut solver = Self::new(facts, reached, modules, knowledge);
        let mut budget = solver.units.len() * ROUNDS + 1000;
        while let Some(unit) = solver.next_unit() {
            if budget == 0 {
                break;
            }
            budget -= 1;
            solver.queued[unit as usize] = false;
            solver.unit = unit;
            solver.evaluate_unit(solver.units[unit as usize]);
        }
        Solution {
            universe: solver.universe,
            expressions: solver.expressions,
            definitions: solver
                .definitions
                .into_iter()
                .map(|states| states.into_iter().map(|state| state.values).collect())
                .collect(),
            variables: solver
                .variables
                .into_iter()
                .map(|(variable, state)| (variable, state.values))
                .collect(),
            classes: solver.classes,
            callers: solver.callers,
            wrappers: solver.wrappers,
            incomplete: budget == 0,
        }
    }

    fn new(facts: &'a [FileFacts], reached: &'a [bool], modules: &'a ModuleTable, knowledge: &'a Knowledge) -> Self {
        let mut units = Vec::new();
        for (index, file) in facts.iter().enumerate().filter(|&(index, _)| reached[index]) {
            let file_id = file_id(index);
            units.extend(file.scopes.iter().enumerate().map(|(scope, _)| ScopeRef {
                file: file_id,
                scope: ScopeId(unit_number(scope)),
            }));
        }
        // Module and class bodies come first: they bind what functions read, and say which classes there are.
        let is_function = |unit: &ScopeRef| {
            facts[unit.file.index()]
                .scope(unit.scope)
                .parent
                .is_some_and(|parent| parent != MODULE)
        };
        let outer = (0..unit_number(units.len()))
            .filter(|&unit| !is_function(&units[unit as usize]))
            .collect();
        Self {
            facts,
            modules,
            knowledge,
            universe: Universe::default(),
            expressions: facts
                .iter()
                .map(|file| vec![ValueSet::empty(); file.expressions.len()])
                .collect(),
            definitions: facts
                .iter()
                .map(|file| vec![State::default(); file.definitions.len()])
                .collect(),
            variables: FxHashMap::default(),
            classes: classes::Classes::default(),
            callers: FxHashMap::default(),
            wrappers: FxHashMap::default(),
            star_imports: facts.iter().map(statements::star_imports).collect(),
            scope_definitions: facts.iter().map(statements::scope_definitions).collect(),
            queued: vec![false; units.len()],
            queue: outer,
            units,
            unit: 0,
            shape_changed: true,
            begun: false,
            scope_readers: FxHashMap::default(),
            newly_wrapped: BTreeSet::new(),
            watchers: FxHashMap::default(),
            reads: 0,
            settled: facts.iter().map(|file| vec![false; file.expressions.len()]).collect(),
            canonical: FxHashMap::default(),
            members: FxHashMap::default(),
            builtins: FxHashMap::default(),
            symbols: symbols_by_name(facts),
        }
    }

    fn file(&self, file: FileId) -> &'a FileFacts {
        &self.facts[file.index()]
    }

    fn current(&self) -> ScopeRef {
        self.units[self.unit as usize]
    }

    fn here(&self, expr: ExprId) -> ExprRef {
        ExprRef {
            file: self.current().file,
            expr,
        }
    }

    fn def_here(&self, def: DefId) -> DefRef {
        DefRef {
            file: self.current().file,
            def,
        }
    }

    fn schedule(&mut self, unit: u32) {
        if !self.queued[unit as usize] {
            self.queued[unit as usize] = true;
            self.queue.push_back(unit);
        }
    }

    fn next_unit(&mut self) -> Option<u32> {
        if self.queue.is_empty() {
            self.follow_shapes();
        }
        self.queue.pop_front()
    }

    /// Schedules the units that depend on bases of classes or wrappers of functions that have changed.
    fn follow_shapes(&mut self) {
        let mut changed = std::mem::take(&mut self.newly_wrapped);
        if std::mem::take(&mut self.shape_changed) {
            changed.extend(self.classes.refresh());
        }
        if !std::mem::replace(&mut self.begun, true) {
            return (0..unit_number(self.units.len())).for_each(|unit| self.schedule(unit));
        }
        let readers: BTreeSet<u32> = changed
            .iter()
            .filter_map(|scope| self.scope_readers.get(scope))
            .flatten()
            .copied()
            .collect();
        readers.into_iter().for_each(|reader| self.schedule(reader));
    }

    /// The current unit looks at what a class inherits or is inherited by, or at what wraps a function.
    fn read_shape(&mut self, scope: ScopeRef) {
        self.reads += 1;
        insert_sorted(self.scope_readers.entry(scope).or_default(), self.unit);
    }

    fn wrappers_of(&mut self, function: ScopeRef) -> Vec<ScopeRef> {
        self.read_shape(function);
        self.wrappers.get(&function).into_iter().flatten().copied().collect()
    }

    fn add_wrapper(&mut self, function: ScopeRef, wrapper: ScopeRef) {
        if self.wrappers.entry(function).or_default().insert(wrapper) {
            self.newly_wrapped.insert(function);
        }
    }

    /// What an expression that may belong to another unit is by now; the current unit is done again when it grows.
    fn look_at(&mut self, file: FileId, expr: ExprId) -> ValueSet {
        self.reads += 1;
        let unit = self.unit;
        insert_sorted(self.watchers.entry(ExprRef { file, expr }).or_default(), unit);
        self.expressions[file.index()][expr.index()].clone()
    }

    fn tell_watchers(&mut self, expr: ExprRef) {
        let watchers = self.watchers.get(&expr).cloned();
        watchers.into_iter().flatten().for_each(|unit| self.schedule(unit));
    }

    /// Reads a variable for the current unit, which is done again when the variable grows.
    fn read(&mut self, variable: Variable) -> ValueSet {
        self.reads += 1;
        let unit = self.unit;
        let state = self.state(variable);
        state.is_read_by(unit);
        state.values.clone()
    }

    fn state(&mut self, variable: Variable) -> &mut State {
        match variable {
            Variable::Def(def) => &mut self.definitions[def.file.index()][def.def.index()],
            _ => self.variables.entry(variable).or_default(),
        }
    }

    /// Adds values to a variable.
    fn write(&mut self, variable: Variable, values: &ValueSet) {
        if values.is_empty() {
            return;
        }
        let state = self.state(variable);
        if state.values.extend(values) {
            let readers = std::mem::take(&mut state.readers);
            for &reader in &readers {
                self.schedule(reader);
            }
            self.state(variable).readers = readers;
        }
    }

    fn write_element(&mut self, site: Site, key: Key, values: &ValueSet) {
        self.write(Variable::Element(site, key), values);
        self.write(Variable::Element(site, Key::All), values);
    }

    fn read_element(&mut self, site: Site, key: Key) -> ValueSet {
        let mut values = self.read(Variable::Element(site, key));
        if key != Key::All {
            let any = self.read(Variable::Element(site, Key::Any));
            values.extend(&any);
        }
        values
    }

    fn value(&mut self, value: Value) -> ValueId {
        self.universe.value(value)
    }

    fn one(&mut self, value: Value) -> ValueSet {
        ValueSet::one(self.value(value))
    }

    fn unknown(&mut self, reason: Unresolved) -> ValueSet {
        self.one(Value::Unknown(reason))
    }

    /// The symbol that a scope of a file binds under a name, if it does.
    fn symbol_in(&self, file: FileId, scope: ScopeId, name: &str) -> Option<SymbolId> {
        self.symbols.get(&(file, scope, name)).copied()
    }

    fn canonical_name(&mut self, written: &str) -> Name {
        if let Some(&name) = self.canonical.get(written) {
            return name;
        }
        let name = self.universe.name(&self.knowledge.canonical(written));
        self.canonical.insert(written.into(), name);
        name
    }

    /// What the knowledge base says of a member of a type outside the project, looked up once.
    fn member(&mut self, of: Name, name: Name) -> &Members<'a> {
        let knowledge = self.knowledge;
        let universe = &self.universe;
        self.members.entry((of, name)).or_insert_with(|| {
            let (owner, member) = (universe.text(of), universe.text(name));
            let method = knowledge.method(owner, member);
            let full = match method {
                Some((defining, _)) => format!("{defining}.{member}"),
                None => match knowledge.submission_method(owner, member) {
                    Some(shape) => shape.api.clone(),
                    None => format!("{owner}.{member}"),
                },
            };
            Members {
                full: full.into(),
                attribute: knowledge
                    .attribute(owner, member)
                    .and_then(|fact| fact.returns.as_ref()),
                method: method.and_then(|(_, fact)| fact.returns.as_ref()),
            }
        })
    }

    /// What a method of a type outside the project returns, where that is known.
    fn method_returns(&mut self, of: Name, method: &str) -> Option<&'a TypeExpr> {
        let method = self.universe.name(method);
        self.member(of, method).method
    }

    fn external(&mut self, name: &str) -> ValueSet {
        let name = self.canonical_name(name);
        self.one(Value::External(name))
    }

    fn external_instance(&mut self, of: &str, site: Option<Site>) -> ValueSet {
        let of = self.canonical_name(of);
        self.one(Value::ExternalInstance { of, site })
    }
}

/// What the knowledge base says under the name of a member of a type.
#[derive(Debug)]
struct Members<'a> {
    /// The name with the type that defines it, if it is called.
    full: Arc<str>,
    /// What it is as an attribute.
    attribute: Option<&'a TypeExpr>,
    /// What it returns as a method.
    method: Option<&'a TypeExpr>,
}

/// The first symbol of each name in each scope, comprehension variables left out.
fn symbols_by_name(facts: &[FileFacts]) -> FxHashMap<(FileId, ScopeId, &str), SymbolId> {
    let mut found = FxHashMap::default();
    for (index, file) in facts.iter().enumerate() {
        for (number, scope) in file.scopes.iter().enumerate() {
            for &id in &scope.symbols {
                let symbol = file.symbol(id);
                if !symbol.in_comprehension {
                    let key = (file_id(index), ScopeId(unit_number(number)), symbol.name.as_str());
                    found.entry(key).or_insert(id);
                }
            }
        }
    }
    found
}

fn unit_number(number: usize) -> u32 {
    u32::try_from(number).expect("internal: fewer than 2^32 scopes")
}

fn file_id(index: usize) -> FileId {
    FileId(u32::try_from(index).expect("internal: fewer than 2^32 files"))
}
