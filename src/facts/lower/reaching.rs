//! Which definitions reach which reads.
//!
//! A state maps each tracked symbol to the set of definitions that may have bound it last. Sets are interned: the empty
//! set is the bottom, [`ANY`] is the top, and the order between them is inclusion. Everything a state does not know is
//! left as an empty `reaching`, which means that any definition may be meant.

use rustc_hash::FxHashMap;

use super::Lowerer;
use super::flow::Flow;
use super::slots::Slots;
use crate::facts::{DefId, DefKind, ExprId, ExprKind, FileFacts, ScopeId, ScopeKind, Symbol, SymbolId};

/// More symbols of one scope are not tracked at once.
const MAX_TRACKED: usize = 4096;

/// A set with more definitions says no more than that any may be meant.
const MAX_SET: usize = 64;

/// A set of definitions, by its position in [`DefinitionSets`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SetId(pub(super) u32);

/// No definition.
pub(super) const NOTHING: SetId = SetId(0);

/// Any definition.
pub(super) const ANY: SetId = SetId(1);

/// The sets of a file, each kept once.
pub(super) struct DefinitionSets {
    sets: Vec<Vec<DefId>>,
    positions: FxHashMap<Vec<DefId>, SetId>,
    unions: FxHashMap<(u32, u32), SetId>,
}

impl DefinitionSets {
    fn new() -> Self {
        // The top is never looked up by its contents.
        let positions = FxHashMap::from_iter([(Vec::new(), NOTHING)]);
        Self {
            sets: vec![Vec::new(), Vec::new()],
            positions,
            unions: FxHashMap::default(),
        }
    }

    fn intern(&mut self, set: Vec<DefId>) -> SetId {
        if set.len() > MAX_SET {
            return ANY;
        }
        if let Some(&known) = self.positions.get(&set) {
            return known;
        }
        let id = SetId(super::position(self.sets.len()));
        self.sets.push(set.clone());
        self.positions.insert(set, id);
        id
    }

    /// The set of one definition.
    pub(super) fn single(&mut self, definition: DefId) -> SetId {
        self.intern(vec![definition])
    }

    /// The least set that includes both.
    pub(super) fn union(&mut self, left: SetId, right: SetId) -> SetId {
        match (left, right) {
            _ if left == right => return left,
            (ANY, _) | (_, ANY) => return ANY,
            (NOTHING, other) | (other, NOTHING) => return other,
            _ => {}
        }
        let key = (left.0.min(right.0), left.0.max(right.0));
        if let Some(&known) = self.unions.get(&key) {
            return known;
        }
        let mut members = self.members(left).to_vec();
        members.extend_from_slice(self.members(right));
        members.sort_unstable();
        members.dedup();
        let united = self.intern(members);
        self.unions.insert(key, united);
        united
    }

    fn members(&self, set: SetId) -> &[DefId] {
        &self.sets[set.0 as usize]
    }
}

/// The sets of the tracked symbols; `None` where the code cannot be reached.
pub(super) type State = Option<Slots>;

/// What the flow through one scope found out.
#[derive(Default)]
pub(super) struct Findings {
    /// The sets that reach reads.
    pub(super) reads: Vec<(ExprId, SetId)>,
    /// The sets that reach augmented assignments.
    pub(super) previous: Vec<(DefId, SetId)>,
}

/// The positions of tracked symbols in states.
pub(super) struct Tracked {
    slots: Vec<Option<u32>>,
    count: usize,
}

impl Tracked {
    /// The position of a symbol in states.
    pub(super) fn slot(&self, symbol: SymbolId) -> Option<usize> {
        self.slots[symbol.index()].map(|slot| slot as usize)
    }

    /// Chooses the symbols of `scope` that are worth tracking. In functions a symbol with one definition is not: nothing
    /// else can be read. In modules and classes the name may stand for a built-in before that definition.
    fn choose(&mut self, facts: &FileFacts, scope: ScopeId) {
        let symbols = &facts.scope(scope).symbols;
        let own = |id: &&SymbolId| is_own(facts, facts.symbol(**id));
        let several = |id: &&SymbolId| facts.symbol(**id).definitions.len() > 1;
        let is_function = matches!(facts.scope(scope).kind, ScopeKind::Function | ScopeKind::Lambda);
        let all_count = symbols.iter().filter(own).count();
        let only_several = is_function || all_count > MAX_TRACKED;
        self.count = 0;
        for &id in symbols
            .iter()
            .filter(own)
            .filter(|id| !only_several || several(id))
            .take(MAX_TRACKED)
        {
            self.slots[id.index()] = Some(super::position(self.count));
            self.count += 1;
        }
    }

    fn forget(&mut self, facts: &FileFacts, scope: ScopeId) {
        for id in &facts.scope(scope).symbols {
            self.slots[id.index()] = None;
        }
    }
}

/// Whether only the symbol's own scope binds it, in code that runs in order.
fn is_own(facts: &FileFacts, symbol: &Symbol) -> bool {
    !symbol.in_comprehension
        && symbol
            .definitions
            .iter()
            .all(|&id| facts.definition(id).scope == symbol.scope)
}

/// Fills in `reaching` of reads and `previous` of augmented assignments.
pub(super) fn find_reaching_definitions(lowerer: &mut Lowerer<'_>) {
    fill_single_definitions(lowerer);
    let mut sets = DefinitionSets::new();
    let mut tracked = Tracked {
        slots: vec![None; lowerer.facts.symbols.len()],
        count: 0,
    };
    for index in 0..lowerer.facts.scopes.len() {
        let scope = ScopeId(super::position(index));
        tracked.choose(&lowerer.facts, scope);
        if tracked.count > 0 {
            let findings = flow_through(lowerer, scope, &tracked, &mut sets);
            apply(lowerer, scope, findings, &sets);
        }
        tracked.forget(&lowerer.facts, scope);
    }
}

/// Where a symbol has one definition, that one is meant.
fn fill_single_definitions(lowerer: &mut Lowerer<'_>) {
    for read in &lowerer.reads {
        let ExprKind::Name {
            symbol: Some(symbol), ..
        } = *lowerer.facts.kind(read.expression)
        else {
            continue;
        };
        let symbol = lowerer.facts.symbol(symbol);
        let sole = match symbol.definitions.as_slice() {
            [sole] if symbol.scope == read.scope && lowerer.facts.definition(*sole).scope == read.scope => *sole,
            _ => continue,
        };
        if let ExprKind::Name { reaching, .. } = &mut lowerer.facts.expressions[read.expression.index()].kind {
            *reaching = vec![sole];
        }
    }
}

fn flow_through(lowerer: &Lowerer<'_>, scope: ScopeId, tracked: &Tracked, sets: &mut DefinitionSets) -> Findings {
    let facts = &lowerer.facts;
    let start = Slots::new(tracked.count);
    let mut flow = Flow::new(
        facts,
        &lowerer.scope_definitions,
        &lowerer.silent_definitions,
        tracked,
        sets,
        start,
    );
    for parameter in &facts.scope(scope).parameters {
        flow.define(parameter.def);
    }
    flow.run(&facts.scope(scope).body)
}

fn apply(lowerer: &mut Lowerer<'_>, scope: ScopeId, findings: Findings, sets: &DefinitionSets) {
    let kind = lowerer.facts.scope(scope).kind;
    for (expression, set) in findings.reads {
        match kind {
            // Nothing binds the name yet: a class falls back to the names around it, a module to the built-ins.
            ScopeKind::Class if set == NOTHING => lowerer.resolve_past_class(scope, expression),
            ScopeKind::Module if set == NOTHING => lowerer.set_symbol(expression, None),
            _ => {}
        }
        if let ExprKind::Name { reaching, .. } = &mut lowerer.facts.expressions[expression.index()].kind {
            *reaching = sets.members(set).to_vec();
        }
    }
    for (definition, set) in findings.previous {
        if let DefKind::Augmented { previous, .. } = &mut lowerer.facts.definitions[definition.index()].kind {
            *previous = sets.members(set).to_vec();
        }
    }
}
