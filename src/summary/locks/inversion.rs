//! Locks that are taken in different orders by units that run at the same time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::facts::{ExprKind, StmtKind};
use crate::finding::{Confidence, Note, Place};
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Program, Target};

use super::Locks;
use super::identity::{LockName, Root};
use super::summary::Edge;
use super::swapped;

/// One lock is taken while another is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The function that does so.
    pub function: ScopeRef,
    /// The lock that is held, as written.
    pub held: String,
    /// Where it is taken.
    pub held_at: Place,
    /// The lock that is taken, as written.
    pub taken: String,
    /// From the function's own code to where it is taken.
    pub chain: Vec<Note>,
}

/// Locks that are taken in a circle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inversion {
    /// Each takes the lock that the next one holds.
    pub turns: Vec<Turn>,
    /// How sure it is that they meet.
    pub confidence: Confidence,
}

/// Locks that a circle goes through at most.
const CIRCLE: usize = 4;

/// Finds the circles, each once.
pub(super) fn find(program: &Program<'_>, locks: &Locks) -> Vec<Inversion> {
    let edges = edges_by_lock(locks);
    let units = Units::new(program);
    let entry = entry_gates(program, locks);
    let mut seen: BTreeSet<BTreeSet<ExprRef>> = BTreeSet::new();
    let mut found = Vec::new();
    for &start in edges.keys() {
        let Some(circle) = shortest_circle(&edges, start) else {
            continue;
        };
        let nodes: BTreeSet<ExprRef> = circle.iter().copied().collect();
        if seen.contains(&nodes) {
            continue;
        }
        seen.insert(nodes.clone());
        let mut turns: Vec<(ScopeRef, &Edge)> = Vec::new();
        for (position, from) in circle.iter().enumerate() {
            let to = circle[(position + 1) % circle.len()];
            let candidates = &edges[from][&to];
            // A way that the one before cannot meet because of a common gate is passed over.
            let fits = |candidate: &&(ScopeRef, &Edge)| !has_common_gate(&entry, &nodes, &turns, **candidate);
            match candidates.iter().find(fits) {
                Some(&turn) => turns.push(turn),
                None => break,
            }
        }
        if turns.len() != circle.len() {
            continue;
        }
        if let Some(confidence) = units.confidence(program, &turns) {
            let mut turns: Vec<Turn> = turns
                .into_iter()
                .map(|(function, edge)| turn(program, function, edge))
                .collect();
            turns.sort_by_key(|turn| turn.chain[0].place);
            found.push(Inversion { turns, confidence });
        }
    }
    found.extend(swapped::find(program, locks, &units));
    found
}

pub(super) fn turn(program: &Program<'_>, function: ScopeRef, edge: &Edge) -> Turn {
    let (mut held, mut taken) = (edge.from.text.clone(), edge.to.text.clone());
    if held == taken {
        held = name_in_class(program, &edge.from.facts.sites).unwrap_or(held);
        taken = name_in_class(program, &edge.to.facts.sites).unwrap_or(taken);
    }
    Turn {
        function,
        held,
        held_at: edge.from.place,
        taken,
        chain: edge.to.chain.clone(),
    }
}

/// The class that makes a lock, with the attribute that the lock is assigned to.
fn name_in_class(program: &Program<'_>, sites: &[ExprRef]) -> Option<String> {
    let site = *sites.first()?;
    let class = program.class_of_method(program.scope_of(site))?;
    let index = program.index(site.file);
    let statement = index.statement(index.statement_of(site.expr)?).stmt;
    let StmtKind::Assign { targets, .. } = &statement.kind else {
        return None;
    };
    match program.kind(program.sibling(site, *targets.first()?)) {
        ExprKind::Attribute { name, .. } => Some(format!("{}.{name}", program.display_name(class))),
        _ => None,
    }
}

type Edges<'l> = BTreeMap<ExprRef, BTreeMap<ExprRef, Vec<(ScopeRef, &'l Edge)>>>;

fn edges_by_lock(locks: &Locks) -> Edges<'_> {
    let mut edges: Edges<'_> = BTreeMap::new();
    for (function, edge) in locks.edges() {
        let (&[from], &[to]) = (edge.from.facts.sites.as_slice(), edge.to.facts.sites.as_slice()) else {
            continue;
        };
        if from != to {
            edges
                .entry(from)
                .or_default()
                .entry(to)
                .or_default()
                .push((function, edge));
        }
    }
    for inner in edges.values_mut().flat_map(BTreeMap::values_mut) {
        inner.sort_by_key(|(_, edge)| (edge.to.chain.len(), edge.to.chain[0].place));
    }
    edges
}

fn shortest_circle(edges: &Edges<'_>, start: ExprRef) -> Option<Vec<ExprRef>> {
    let mut before: BTreeMap<ExprRef, ExprRef> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for &next in edges.get(&node).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                let mut path = vec![node];
                while path[path.len() - 1] != start {
                    path.push(before[&path[path.len() - 1]]);
                }
                path.reverse();
                return (path.len() <= CIRCLE).then_some(path);
            }
            if let std::collections::btree_map::Entry::Vacant(entry) = before.entry(next) {
                entry.insert(node);
                queue.push_back(next);
            }
        }
    }
    None
}

/// Whether a further lock is held on two ways, so that only one of them runs at a time.
fn has_common_gate(
    entry: &BTreeMap<ScopeRef, BTreeSet<ExprRef>>,
    circle: &BTreeSet<ExprRef>,
    turns: &[(ScopeRef, &Edge)],
    candidate: (ScopeRef, &Edge),
) -> bool {
    let gates = |(function, edge): (ScopeRef, &Edge)| -> BTreeSet<ExprRef> {
        let mut gates = edge.gates.clone();
        gates.extend(entry.get(&function).into_iter().flatten());
        gates.into_iter().filter(|gate| !circle.contains(gate)).collect()
    };
    let own = gates(candidate);
    turns.iter().any(|&turn| !gates(turn).is_disjoint(&own))
}

/// The locks that every caller of a function holds.
fn entry_gates(program: &Program<'_>, locks: &Locks) -> BTreeMap<ScopeRef, BTreeSet<ExprRef>> {
    let mut calls: BTreeMap<ExprRef, BTreeSet<ExprRef>> = BTreeMap::new();
    for locks in locks.functions.values() {
        for (call, held) in &locks.held_at_calls {
            calls.entry(*call).or_default().extend(held);
        }
    }
    let targets: BTreeSet<ScopeRef> = program
        .submissions
        .iter()
        .flat_map(|submission| submission.targets.iter().filter_map(Target::function))
        .collect();
    let mut callers: Vec<(ScopeRef, Vec<ExprRef>)> = program
        .solution
        .callers
        .iter()
        .filter(|(function, _)| !targets.contains(function))
        .map(|(&function, calls)| (function, calls.iter().copied().collect()))
        .collect();
    callers.sort();
    let mut entry: BTreeMap<ScopeRef, BTreeSet<ExprRef>> = BTreeMap::new();
    for _ in 0..4 {
        let mut next = BTreeMap::new();
        for (function, sites) in &callers {
            let mut common: Option<BTreeSet<ExprRef>> = None;
            for &site in sites {
                let mut held = calls.get(&site).cloned().unwrap_or_default();
                held.extend(entry.get(&program.scope_of(site)).into_iter().flatten());
                common = Some(match common {
                    Some(before) => before.intersection(&held).copied().collect(),
                    None => held,
                });
            }
            next.insert(*function, common.unwrap_or_default());
        }
        if next == entry {
            break;
        }
        entry = next;
    }
    entry
}

/// Which units reach which functions.
pub(super) struct Units {
    submissions: BTreeMap<ScopeRef, Vec<(usize, bool)>>,
    calls: BTreeSet<ExprRef>,
}

impl Units {
    fn new(program: &Program<'_>) -> Self {
        let mut submissions: BTreeMap<ScopeRef, Vec<(usize, bool)>> = BTreeMap::new();
        for (number, submission) in program.submissions.iter().enumerate() {
            for target in submission.targets.iter().filter_map(Target::function) {
                submissions
                    .entry(target)
                    .or_default()
                    .push((number, submission.intent.is_fan_out()));
            }
        }
        let calls = program.submissions.iter().map(|submission| submission.call).collect();
        Self { submissions, calls }
    }

    /// The submissions that lead to a function with whether they make several runs, and whether something else may.
    fn of(&self, program: &Program<'_>, function: ScopeRef) -> (BTreeSet<(usize, bool)>, bool) {
        let mut found = BTreeSet::new();
        let mut elsewhere = false;
        let mut seen = BTreeSet::from([function]);
        let mut queue = VecDeque::from([function]);
        while let Some(current) = queue.pop_front() {
            let submitted = self.submissions.get(&current);
            found.extend(submitted.into_iter().flatten().copied());
            let mut called = false;
            for &call in program.solution.callers.get(&current).into_iter().flatten() {
                let caller = program.scope_of(call);
                if self.calls.contains(&call) {
                    continue;
                }
                called = true;
                if seen.insert(caller) {
                    queue.push_back(caller);
                }
            }
            elsewhere |= !called && submitted.is_none();
        }
        (found, elsewhere)
    }

    /// Whether several threads may run a function.
    pub(super) fn are_several(&self, program: &Program<'_>, function: ScopeRef) -> bool {
        let (found, elsewhere) = self.of(program, function);
        found.iter().any(|&(_, fan_out)| fan_out) || found.len() > 1 || found.len() == 1 && elsewhere
    }

    /// How sure it is that the ways run at the same time.
    fn confidence(&self, program: &Program<'_>, turns: &[(ScopeRef, &Edge)]) -> Option<Confidence> {
        let units: Vec<_> = turns.iter().map(|&(function, _)| self.of(program, function)).collect();
        let all: BTreeSet<(usize, bool)> = units.iter().flat_map(|(found, _)| found.iter().copied()).collect();
        let several = all.iter().any(|&(_, fan_out)| fan_out)
            || all.len() > 1
            || all.len() == 1 && units.iter().any(|(_, elsewhere)| *elsewhere);
        if all.is_empty() {
            // A library whose users start the threads.
            let apart = turns
                .iter()
                .map(|(function, _)| function)
                .collect::<BTreeSet<_>>()
                .len()
                > 1;
            return apart.then_some(Confidence::Low);
        }
        let related = turns
            .iter()
            .all(|(_, edge)| are_related(edge.from.name.as_ref(), edge.to.name.as_ref()));
        match (several, related) {
            (true, true) => Some(Confidence::Medium),
            (true, false) => Some(Confidence::Low),
            (false, _) => None,
        }
    }
}

/// Whether two locks belong to the same object, or each to one that there is once.
fn are_related(first: Option<&LockName>, second: Option<&LockName>) -> bool {
    match (first, second) {
        (Some(first), Some(second)) => {
            let once = |name: &LockName| matches!(name.root, Root::Once(_));
            first.root == second.root || once(first) && once(second)
        }
        _ => false,
    }
}
