//! Which locks functions take, hold and wait for.
//!
//! Functions are read callees first. The walk over a function keeps the locks that it must hold; what a call takes is
//! its callee's summary with the callee's names translated into the caller's.
//! Must not know: rules.

mod calling;
mod conditions;
mod flags;
mod identity;
mod inherited;
mod inversion;
mod leaving;
mod signals;
mod summary;
mod swapped;
mod taking;
mod uses;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{ExprId, ExprKind, ScopeKind};
use crate::finding::{Note, Place};
use crate::knowledge::Operation;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program};

use super::{CallOrder, Summaries};

pub use conditions::{ConditionUse, used_without_lock, waits_outside_loop};
pub use identity::{Hold, LockFacts, LockName, Root, lock_facts, name_of};
pub use inversion::{Inversion, Turn};
pub use leaving::{Leak, leaks};
pub use signals::{MissedSignal, Side, missed_signals};
pub(crate) use summary::Edge;
use summary::FunctionLocks;
pub use uses::{SharedUse, Uses, share_a_lock};

/// A lock that is taken while the same thread holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reacquisition {
    /// The inner acquire, or the call that leads to it.
    pub place: Place,
    /// The lock as it was written when it was taken first.
    pub text: String,
    /// Where it is taken first; where a base class outside of the project takes it, where it is made.
    pub first: Place,
    /// It is taken by a base class that then calls the function.
    pub by_base: bool,
    /// What the call calls, where it is a call.
    pub through: Option<String>,
    /// From the call to the inner acquire.
    pub chain: Vec<Note>,
    /// Nothing else can be called there.
    pub certain: bool,
}

/// An `await` under a lock of threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwaitUnderLock {
    /// The `await`.
    pub place: Place,
    /// The lock as written.
    pub text: String,
    /// Where it is taken.
    pub taken: Place,
}

/// Which locks functions take, hold and wait for.
#[derive(Debug, Default)]
pub struct Locks {
    functions: BTreeMap<ScopeRef, FunctionLocks>,
    /// Where each lock is given back that is taken elsewhere, by the calls that may make it.
    releases: BTreeMap<ExprRef, BTreeSet<ScopeRef>>,
    inversions: Vec<Inversion>,
    uses: Uses,
}

/// Rounds for functions that call each other.
const ROUNDS: u32 = 3;

impl Locks {
    /// Reads the program.
    #[must_use]
    pub fn compute(program: &Program<'_>, summaries: &Summaries<'_>) -> Self {
        let mut locks = Self {
            releases: releases(program),
            uses: Uses::compute(program),
            ..Self::default()
        };
        let order = summaries.order();
        let lead_to_locks = lead_to_locks(program, order);
        let functions = (0..order.len()).filter(|&number| lead_to_locks[number]);
        for component in order.components(functions, &|number| !lead_to_locks[number]) {
            for _ in 0..if component.recursive { ROUNDS } else { 1 } {
                for &function in &component.functions {
                    let found = walk::read(program, &locks, function);
                    locks.functions.insert(function, found);
                }
            }
        }
        locks.inversions = inversion::find(program, &locks);
        locks
    }

    /// The locks that a function takes although it holds them.
    #[must_use]
    pub fn reacquired(&self, function: ScopeRef) -> &[Reacquisition] {
        self.functions
            .get(&function)
            .map_or(&[], |locks| locks.reacquired.as_slice())
    }

    /// The `await`s of a function under a lock of threads.
    #[must_use]
    pub fn awaits(&self, function: ScopeRef) -> &[AwaitUnderLock] {
        self.functions
            .get(&function)
            .map_or(&[], |locks| locks.awaits.as_slice())
    }

    /// Locks that are taken in different orders.
    #[must_use]
    pub fn inversions(&self) -> &[Inversion] {
        &self.inversions
    }

    /// Where units use what they share.
    #[must_use]
    pub fn uses(&self) -> &Uses {
        &self.uses
    }

    fn edges(&self) -> impl Iterator<Item = (ScopeRef, &Edge)> {
        self.functions
            .iter()
            .flat_map(|(function, locks)| locks.edges.iter().map(move |edge| (*function, edge)))
    }
}

/// Which scopes use a lock or call one that does, by number. Of the others there is nothing to say.
fn lead_to_locks(program: &Program<'_>, order: &CallOrder<'_>) -> Vec<bool> {
    let mut leads = vec![false; order.len()];
    let mut open: Vec<usize> = Vec::new();
    let values = program.solution.universe.values();
    let is_lock: Vec<bool> = values
        .map(|value| program.type_fact(value).is_some_and(|fact| fact.lock.is_some()))
        .collect();
    for file in program.reached_files() {
        for number in 0..program.file(file).expressions.len() {
            let expr = ExprId(u32::try_from(number).expect("internal: fewer than 2^32 expressions"));
            let expr = ExprRef { file, expr };
            if program.values(expr).iter().any(|value| is_lock[value.0 as usize]) {
                open.extend(order.number(program.scope_of(expr)));
            }
        }
    }
    if open.is_empty() {
        return leads;
    }
    order.fill();
    let mut callers: Vec<Vec<u32>> = vec![Vec::new(); order.len()];
    for caller in 0..order.len() {
        let number = u32::try_from(caller).expect("internal: fewer than 2^32 scopes");
        for &callee in order.callees(caller) {
            callers[callee as usize].push(number);
        }
        // The body of a class is a part of the code around it.
        let scope = order.scope(caller);
        if let Some(around) = program.parent_scope(scope)
            && program.scope(scope).kind == ScopeKind::Class
            && let Some(around) = order.number(around)
        {
            callers[caller].push(u32::try_from(around).expect("internal: fewer than 2^32 scopes"));
        }
    }
    while let Some(number) = open.pop() {
        if !std::mem::replace(&mut leads[number], true) {
            open.extend(callers[number].iter().map(|&caller| caller as usize));
        }
    }
    leads
}

/// The functions that give each lock back by a call and do not take it by one.
fn releases(program: &Program<'_>) -> BTreeMap<ExprRef, BTreeSet<ScopeRef>> {
    let mut found: BTreeMap<ExprRef, BTreeSet<ScopeRef>> = BTreeMap::new();
    let mut taken: BTreeSet<(ExprRef, ScopeRef)> = BTreeSet::new();
    for call in program.calls() {
        let operation = operation(program, call);
        if !matches!(operation, Some(Operation::Acquire | Operation::Release)) {
            continue;
        }
        let facts = receiver_expression(program, call).and_then(|receiver| lock_facts(program, receiver));
        for site in facts.into_iter().flat_map(|facts| facts.sites) {
            let function = program.scope_of(call);
            if operation == Some(Operation::Release) {
                found.entry(site).or_default().insert(function);
            } else {
                taken.insert((site, function));
            }
        }
    }
    for (&site, functions) in &mut found {
        functions.retain(|&function| !taken.contains(&(site, function)));
    }
    found
}

/// What a call does to what units share.
#[must_use]
pub fn operation(program: &Program<'_>, call: ExprRef) -> Option<Operation> {
    program.callees(call).iter().find_map(|callee| match callee {
        Callee::External { name, .. } => program.knowledge.operation(name),
        _ => None,
    })
}

/// The expression whose method a call calls.
#[must_use]
pub fn receiver_expression(program: &Program<'_>, call: ExprRef) -> Option<ExprRef> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    match program.kind(program.sibling(call, *callee)) {
        ExprKind::Attribute { base, .. } => Some(program.sibling(call, *base)),
        _ => None,
    }
}
