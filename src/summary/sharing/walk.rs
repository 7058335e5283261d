//! What the runs of a unit do to state that they share, and under which locks.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::facts::ExprKind;
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program};

use super::beside::Region;
use super::calls::{Calls, metaclass_calls};
use super::events::{Collector, Event, EventKind};
use super::guards::{Guards, guards};
use super::places::{Location, location};
use super::units::{Share, Unit};

/// A unit is walked through at most this many calls.
const STEPS: usize = 6000;
/// A function is looked at in at most this many circumstances.
const CIRCUMSTANCES: usize = 12;
/// Calls on the way to an event that are kept.
const CHAIN: usize = 8;

/// What a function does, whoever calls it.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) guards: Guards,
    pub(super) events: Vec<Event>,
}

/// The bodies that were looked at, and the calls of every function.
pub(super) struct Bodies<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    pub(super) calls: Calls<'p, 'a>,
    cache: RefCell<BTreeMap<ScopeRef, Rc<Body>>>,
}

impl<'p, 'a> Bodies<'p, 'a> {
    pub(super) fn new(program: &'p Program<'a>) -> Self {
        Self {
            program,
            calls: Calls::new(program),
            cache: RefCell::default(),
        }
    }

    pub(super) fn body(&self, function: ScopeRef) -> Rc<Body> {
        if let Some(body) = self.cache.borrow().get(&function) {
            return body.clone();
        }
        let guards = guards(self.program, function);
        let events = Collector {
            program: self.program,
            function,
            guards: &guards,
            events: Vec::new(),
        }
        .run();
        let body = Rc::new(Body { guards, events });
        self.cache.borrow_mut().insert(function, body.clone());
        body
    }
}

/// An event that a unit reaches, on state that others see.
#[derive(Clone, Debug)]
pub(super) struct Access {
    /// The unit's number.
    pub(super) unit: usize,
    /// The code of the submitting side, or of another unit that it starts meanwhile, rather than the unit's own.
    pub(super) by_starter: bool,
    /// That other unit's number.
    pub(super) beside: Option<usize>,
    /// The function of the unit from which it is reached; of the starting side the unit's first.
    pub(super) root: ScopeRef,
    pub(super) function: ScopeRef,
    pub(super) event: Event,
    pub(super) location: Location,
    /// The locks that are held, those of the callers included.
    pub(super) locks: Vec<Location>,
    /// The calls from the unit's function down.
    pub(super) chain: Vec<ExprRef>,
}

impl Access {
    /// Whether a coroutine leads to it: it runs in the thread of an event loop.
    pub(super) fn is_in_coroutine(&self, program: &Program<'_>) -> bool {
        let callers = self.chain.iter().map(|&call| program.scope_of(call));
        let mut functions = callers.chain([self.function]);
        functions.any(|function| program.scope(function).is_async)
    }

    /// The unit whose own code it is, if it is not that of the submitting side.
    pub(super) fn running_unit(&self) -> Option<usize> {
        self.beside.or((!self.by_starter).then_some(self.unit))
    }

    /// Whether no call on the way was left out of the chain.
    pub(super) fn is_all_of_chain(&self) -> bool {
        self.chain.len() < CHAIN
    }
}

/// The circumstances in which a function is looked at.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    root: ScopeRef,
    /// It is code of the side that starts the unit.
    pub(super) by_starter: bool,
    pub(super) function: ScopeRef,
    parameters: Vec<Share>,
    locks: Vec<Location>,
    chain: Vec<ExprRef>,
    /// Only this part of the function is looked at, and what stands before it was there before.
    pub(super) region: Option<Region>,
    /// It may be code of another way through the function that starts the unit.
    other_way: bool,
}

impl Visit {
    /// The same for a function that is called.
    fn calling(&self, function: ScopeRef, parameters: Vec<Share>, locks: Vec<Location>, chain: Vec<ExprRef>) -> Self {
        Self {
            root: self.root,
            by_starter: self.by_starter,
            function,
            parameters,
            locks,
            chain,
            region: None,
            other_way: self.other_way,
        }
    }

    /// What a parameter holds.
    pub(super) fn parameter(&self, index: u32) -> Share {
        self.parameters.get(index as usize).copied().unwrap_or(Share::Unknown)
    }
}

/// Walks one unit.
pub(super) struct Walker<'w, 'p, 'a> {
    pub(super) bodies: &'w Bodies<'p, 'a>,
    pub(super) unit: &'w Unit<'p, 'a>,
    pub(super) unit_number: usize,
    /// The units that a call starts.
    pub(super) started_at: &'w BTreeMap<ExprRef, Vec<usize>>,
}

/// What a walk comes across.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) accesses: Vec<Access>,
    /// The units that are started on the way.
    pub(super) started: BTreeSet<usize>,
}

impl<'a> Walker<'_, '_, 'a> {
    pub(super) fn program(&self) -> &Program<'a> {
        self.unit.program
    }

    /// What the unit's own code does.
    pub(super) fn run(&self) -> Walked {
        let starts = self.unit.roots.iter().map(|&root| Visit {
            root,
            by_starter: false,
            function: root,
            parameters: self.unit.parameters(root),
            locks: Vec::new(),
            chain: Vec::new(),
            region: None,
            other_way: false,
        });
        self.walk(starts.collect())
    }

    /// What the code does that runs on the other side while the unit's thread lives.
    pub(super) fn run_beside(&self, regions: &[Region]) -> Walked {
        let starts = regions.iter().map(|&region| Visit {
            root: self.unit.roots[0],
            by_starter: true,
            function: region.function,
            parameters: vec![Share::Shared; self.program().scope(region.function).parameters.len()],
            locks: Vec::new(),
            chain: Vec::new(),
            region: Some(region),
            other_way: false,
        });
        self.walk(starts.collect())
    }

    fn walk(&self, starts: Vec<Visit>) -> Walked {
        let mut found = Walked::default();
        let mut seen: BTreeSet<(ScopeRef, Vec<Share>, Vec<Location>)> = BTreeSet::new();
        let mut counts: BTreeMap<ScopeRef, usize> = BTreeMap::new();
        let mut open = std::collections::VecDeque::from(starts);
        let mut steps = 0;
        while let Some(visit) = open.pop_front() {
            steps += 1;
            let count = counts.entry(visit.function).or_default();
            *count += 1;
            if steps > STEPS || *count > CIRCUMSTANCES {
                continue;
            }
            self.events(&visit, &mut found.accesses);
            found.started.extend(self.started(&visit));
            for next in self.next(&visit) {
                let key = (next.function, next.parameters.clone(), next.locks.clone());
                if seen.insert(key) {
                    open.push_back(next);
                }
            }
        }
        found
    }

    /// The units that the code of a visit starts.
    fn started(&self, visit: &Visit) -> impl Iterator<Item = usize> {
        let program = self.program();
        let calls = self.bodies.calls.written(visit.function).iter();
        let inside = calls.filter(move |&&call| {
            let follows = |region: Region| region.contains(program, call) && !region.may_be_other_way(program, call);
            !visit.other_way && visit.region.is_none_or(follows)
        });
        inside.filter_map(|call| self.started_at.get(call)).flatten().copied()
    }

    fn events(&self, visit: &Visit, found: &mut Vec<Access>) {
        let body = self.bodies.body(visit.function);
        let wrapped = self.is_wrapped_in_lock(visit.function);
        for event in &body.events {
            let outside = visit
                .region
                .is_some_and(|region| !region.contains(self.program(), event.storage));
            if outside || !self.is_shared(visit, event) {
                continue;
            }
            let mut locks = visit.locks.clone();
            locks.extend(event.held.iter().map(|held| held.lock.clone()));
            if wrapped {
                locks.push(Location::Unclear);
            }
            found.push(Access {
                unit: self.unit_number,
                by_starter: visit.by_starter,
                beside: None,
                root: visit.root,
                function: visit.function,
                event: event.clone(),
                location: location(self.program(), event.storage),
                locks,
                chain: visit.chain.clone(),
            });
        }
    }

    /// A decorator of the project that holds a lock while it calls.
    fn is_wrapped_in_lock(&self, function: ScopeRef) -> bool {
        let wrappers = self.program().solution.wrappers.get(&function);
        wrappers.into_iter().flatten().any(|&wrapper| {
            let body = self.bodies.body(wrapper);
            !body.guards.is_empty()
        })
    }

    fn is_shared(&self, visit: &Visit, event: &Event) -> bool {
        match event.kind {
            EventKind::BoundUse => return self.is_made_elsewhere(visit, event),
            EventKind::ProcessWide | EventKind::MainThreadOnly => return true,
            EventKind::PathAct => return self.path_share(visit, event.storage, 0) == Share::Shared,
            _ => {}
        }
        let keyed = event
            .key
            .is_some_and(|key| self.share(visit, key, 0) == Share::PerTask || self.is_own_key(visit, key));
        if keyed && !matches!(event.kind, EventKind::Resize | EventKind::Iterate) {
            return false;
        }
        let program = self.program();
        match program.kind(event.storage) {
            ExprKind::Store(def) => {
                self.name_share(
                    visit,
                    event.storage,
                    program.file(event.storage.file).definition(*def).symbol,
                    &[],
                    0,
                ) == Share::Shared
            }
            ExprKind::Attribute { base, .. } if event.key.is_none() && !is_about_the_object(event.kind) => {
                self.share(visit, program.sibling(event.storage, *base), 0) == Share::Shared
            }
            _ => self.share(visit, event.storage, 0) == Share::Shared,
        }
    }

    /// The functions that a visit calls, with what it gives them.
    fn next(&self, visit: &Visit) -> Vec<Visit> {
        let mut found = Vec::new();
        if self.unit.by_name_only && !visit.chain.is_empty() {
            return found;
        }
        for &call in self.bodies.calls.written(visit.function) {
            let Some((locks, chain)) = self.on_the_way(visit, call) else {
                continue;
            };
            let other_way = visit
                .region
                .is_some_and(|region| region.may_be_other_way(self.program(), call));
            for callee in self.bodies.calls.called(call) {
                for (function, parameters) in self.arguments(visit, call, &callee) {
                    let called = visit.calling(function, parameters, locks.clone(), chain.clone());
                    found.push(Visit {
                        other_way: called.other_way || other_way,
                        ..called
                    });
                }
            }
        }
        for implied in self.bodies.calls.implied(visit.function).iter() {
            let Some((locks, chain)) = self.on_the_way(visit, implied.at) else {
                continue;
            };
            let count = self.program().scope(implied.function).parameters.len();
            let given = implied.arguments.iter().map(|&argument| self.share(visit, argument, 0));
            let parameters = given.chain(std::iter::repeat(Share::Unknown)).take(count).collect();
            found.push(visit.calling(implied.function, parameters, locks, chain));
        }
        found
    }

    /// The locks that are held where a call stands, and the calls that lead there; nothing outside of the region.
    fn on_the_way(&self, visit: &Visit, call: ExprRef) -> Option<(Vec<Location>, Vec<ExprRef>)> {
        if visit
            .region
            .is_some_and(|region| !region.contains(self.program(), call))
        {
            return None;
        }
        let statement = self.program().index(call.file).statement_of(call.expr);
        let mut locks = visit.locks.clone();
        let body = self.bodies.body(visit.function);
        if let Some(held) = statement.and_then(|statement| body.guards.get(&statement)) {
            locks.extend(held.iter().map(|held| held.lock.clone()));
        }
        if self.is_wrapped_in_lock(visit.function) {
            locks.push(Location::Unclear);
        }
        locks.sort();
        locks.dedup();
        let mut chain = visit.chain.clone();
        if chain.len() < CHAIN {
            chain.push(call);
        }
        Some((locks, chain))
    }

    fn arguments(&self, visit: &Visit, call: ExprRef, callee: &Callee) -> Vec<(ScopeRef, Vec<Share>)> {
        match callee {
            Callee::Function { function, receiver } => {
                let first = receiver.map(|_| self.receiver_share(visit, call));
                vec![(*function, self.parameters(visit, call, *function, first))]
            }
            Callee::Class(class) => {
                let program = self.program();
                let mut found = Vec::new();
                for function in program.methods(*class, "__init__", false) {
                    found.push((function, self.parameters(visit, call, function, Some(Share::Own))));
                }
                for function in program.methods(*class, "__new__", false) {
                    found.push((function, self.parameters(visit, call, function, Some(Share::Shared))));
                }
                for function in metaclass_calls(program, *class) {
                    found.push((function, self.parameters(visit, call, function, Some(Share::Shared))));
                }
                found
            }
            _ => Vec::new(),
        }
    }

    fn receiver_share(&self, visit: &Visit, call: ExprRef) -> Share {
        let program = self.program();
        let ExprKind::Call { callee, .. } = program.kind(call) else {
            return Share::Unknown;
        };
        let callee = program.sibling(call, *callee);
        let ExprKind::Attribute { base, .. } = program.kind(callee) else {
            return match program.kind(callee) {
                // An instance that is called.
                ExprKind::Name { .. } => self.share(visit, callee, 0),
                _ => Share::Unknown,
            };
        };
        let base = program.sibling(callee, *base);
        let is_super = program
            .values(base)
            .iter()
            .any(|value| matches!(program.value(value), Value::Super { .. }));
        if is_super {
            return visit.parameters.first().copied().unwrap_or(Share::Unknown);
        }
        self.share(visit, base, 0)
    }

    fn parameters(&self, visit: &Visit, call: ExprRef, function: ScopeRef, first: Option<Share>) -> Vec<Share> {
        let program = self.program();
        let bound = usize::from(first.is_some());
        let parameters = &program.scope(function).parameters;
        parameters
            .iter()
            .enumerate()
            .map(|(number, parameter)| {
                if number < bound {
                    return first.unwrap_or(Share::Unknown);
                }
                let position = u32::try_from(number - bound).ok();
                let given = program.argument(call, position, Some(&parameter.name));
                given.map_or(Share::Unknown, |given| self.share(visit, given, 0))
            })
            .collect()
    }
}

fn is_about_the_object(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Iterate
            | EventKind::Resize
            | EventKind::Advance
            | EventKind::CheckThenAct { .. }
            | EventKind::FragileUse
            | EventKind::ExclusiveUse
    )
}
