//! Which state is reached by units that run side by side, and what guards it.
//!
//! In: the linked program. Out: [`Sharing`], the places where runs can get into each other's way. A unit is what one
//! submission to threads runs; its functions are walked with what their parameters hold (own, one for each task,
//! shared, unknown) and with the locks that are held. State that is not shown to be shared is not mentioned.

mod beside;
mod calls;
mod captures;
mod checks;
mod containers;
mod events;
mod generators;
mod guards;
mod neighbours;
mod owner_checks;
mod ownership;
mod paths;
mod places;
mod process_wide;
mod removals;
mod requests;
mod shares;
mod units;
mod updates;
mod vanishing;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{DefId, DefKind, ExprKind};
use crate::finding::Place;
use crate::link::Program;
use crate::link::values::{ExprRef, ScopeRef, Site};

use super::Summaries;

pub use captures::{LateBound, late_bound};
pub use events::{Event, EventKind};
pub(crate) use guards::holds_something;
pub use places::Location;
pub(crate) use places::location;
pub use process_wide::is_conditional;

use beside::Uses;
use units::Unit;
use walk::{Access, Bodies, Walked, Walker};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RaceKind {
    /// An update is lost.
    Update {
        /// Under the GIL of 3.10 and later, too.
        interruptible: bool,
    },
    /// Two runs find the same thing missing.
    CheckThenAct {
        /// Doing it twice makes a difference.
        matters: bool,
    },
    /// Two runs make the same thing.
    LazyInit {
        /// Doing it twice makes a difference.
        matters: bool,
    },
    /// Two runs find the same file missing, or there.
    Path,
    /// What the process has only one of is changed.
    ProcessWide,
    /// Something is done that only the first thread may do.
    MainThreadOnly,
    /// A generator is advanced by two threads at once.
    Advance,
    /// A container changes its size while it is iterated.
    Iteration,
    /// What was seen to be there is set to nothing before it is used.
    Vanishing,
    /// A thread uses what belongs to the thread that made it.
    ThreadBound,
    /// Threads use an object whose methods must not interleave.
    Fragile,
    /// Threads use an object that holds one exchange at a time.
    Exclusive,
    /// An update goes without the lock under which others write the same state.
    Inconsistent,
}

/// What makes code run beside other code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A submission, by its number.
    Submission(usize),
    /// A server that answers each request in a thread of its own: where it is made.
    Server(Place),
}

/// A place where runs can get into each other's way.
#[derive(Clone, Debug)]
pub struct Race {
    /// What goes wrong.
    pub kind: RaceKind,
    /// Where to look first.
    pub place: Place,
    /// The read, check or conflicting access.
    pub other: Option<Place>,
    /// The state as written.
    pub state: String,
    /// The function at whose place it goes wrong.
    pub function: ScopeRef,
    /// What makes the code run that collides.
    pub origin: Origin,
    /// The function that runs side by side.
    pub root: ScopeRef,
    /// The calls from there to the place.
    pub chain: Vec<ExprRef>,
    /// Many runs of one function collide, rather than one run with other code.
    pub many: bool,
    /// The place is on the side of those who started the thread.
    pub by_starter: bool,
    /// It is not the work itself that collides, but what is called when it is done.
    pub by_callback: bool,
    /// What makes the other code run, where that is started as well.
    pub other_origin: Option<Origin>,
}

/// Which state is reached by units that run side by side, and what guards it.
#[derive(Debug, Default)]
pub struct Sharing {
    races: Vec<Race>,
}

impl Sharing {
    /// Reads the program.
    #[must_use]
    pub fn compute(program: &Program<'_>, _summaries: &Summaries<'_>) -> Self {
        let bodies = Bodies::new(program);
        let units = units::units(program, &bodies.calls);
        let uses = Uses::new(program, &bodies.calls.submitting);
        let started_at = neighbours::started_at(&units, &uses);
        let walker = |unit_number: usize| Walker {
            bodies: &bodies,
            unit: &units[unit_number],
            unit_number,
            started_at: &started_at,
        };
        let own: Vec<Walked> = (0..units.len()).map(|number| walker(number).run()).collect();
        let mut accesses: Vec<Access> = Vec::new();
        for (number, walked) in own.iter().enumerate() {
            // What others do matters only to what can be disturbed.
            if walked.accesses.iter().any(|access| is_disturbed(access.event.kind)) {
                let others = walker(number).run_beside(&beside::regions(program, &uses, &units[number]));
                let together = neighbours::started_together(&started_at, number);
                let running =
                    neighbours::running_beside(&units, &own, number, others.started.into_iter().chain(together));
                accesses.extend(others.accesses);
                accesses.extend(neighbours::of_other_units(&own, number, &running));
            }
            accesses.extend_from_slice(&walked.accesses);
        }
        Self {
            races: races(program, &units, &accesses),
        }
    }

    /// The places where runs can get into each other's way, in order.
    #[must_use]
    pub fn races(&self) -> &[Race] {
        &self.races
    }
}

fn is_disturbed(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Iterate | EventKind::Resize | EventKind::Update { .. } | EventKind::Reset | EventKind::UseAfterCheck
    )
}

fn races(program: &Program<'_>, units: &[Unit<'_, '_>], accesses: &[Access]) -> Vec<Race> {
    let mut found: BTreeMap<(Place, RaceKind), Race> = BTreeMap::new();
    for access in accesses.iter().filter(|access| !access.by_starter) {
        let unit = &units[access.unit];
        let kind = match access.event.kind {
            EventKind::Update { interruptible } => RaceKind::Update { interruptible },
            EventKind::CheckThenAct { matters } => RaceKind::CheckThenAct { matters },
            EventKind::LazyInit { matters } => RaceKind::LazyInit { matters },
            EventKind::PathAct => RaceKind::Path,
            EventKind::ProcessWide => RaceKind::ProcessWide,
            EventKind::MainThreadOnly => RaceKind::MainThreadOnly,
            EventKind::Advance => RaceKind::Advance,
            EventKind::BoundUse => RaceKind::ThreadBound,
            EventKind::FragileUse => RaceKind::Fragile,
            EventKind::ExclusiveUse => RaceKind::Exclusive,
            EventKind::Iterate | EventKind::Resize | EventKind::Write | EventKind::Reset | EventKind::UseAfterCheck => {
                continue;
            }
        };
        // A lock does not make up for the wrong thread; what is no longer bound to one is judged like other state.
        let wrong_thread = kind == RaceKind::MainThreadOnly && !unit.is_callback;
        let alone = (!unit.is_many() || unit.is_callback) && !wrong_thread && kind != RaceKind::ThreadBound;
        if alone || !access.locks.is_empty() && !wrong_thread {
            continue;
        }
        found
            .entry((access.event.place, kind))
            .or_insert_with(|| race(program, unit, access, kind, access.event.before));
    }
    let iterated = (EventKind::Iterate, EventKind::Resize, RaceKind::Iteration);
    let vanishing = (EventKind::UseAfterCheck, EventKind::Reset, RaceKind::Vanishing);
    for (disturbed, by, kind) in [iterated, vanishing] {
        disturbances(program, units, accesses, (disturbed, by), kind, &mut found);
    }
    updates_on_both_sides(program, units, accesses, &mut found);
    inconsistent(program, units, accesses, &mut found);
    one_for_each_object(found)
}

/// Updates without a lock of state that is written under a lock elsewhere.
fn inconsistent(
    program: &Program<'_>,
    units: &[Unit<'_, '_>],
    accesses: &[Access],
    found: &mut BTreeMap<(Place, RaceKind), Race>,
) {
    let is_write = |kind| matches!(kind, EventKind::Update { .. } | EventKind::Write);
    let mut guarded: BTreeMap<&Location, Vec<&Access>> = BTreeMap::new();
    for access in accesses {
        let mut held = access.event.held.iter();
        let known = held.any(|held| held.lock != Location::Unclear);
        if known && is_write(access.event.kind) && access.location != Location::Unclear {
            guarded.entry(&access.location).or_default().push(access);
        }
    }
    for access in accesses {
        let bare = access.event.kind == EventKind::Update { interruptible: false };
        if !bare || !access.locks.is_empty() {
            continue;
        }
        let unit = &units[access.unit];
        let others = guarded.get(&access.location).into_iter().flatten();
        let other = others.copied().find(|other| {
            let apart = other.unit != access.unit || other.by_starter != access.by_starter || unit.is_many();
            apart && other.event.place != access.event.place && same_key(program, access, other)
        });
        if let Some(other) = other {
            found.remove(&(access.event.place, RaceKind::Update { interruptible: false }));
            found
                .entry((access.event.place, RaceKind::Inconsistent))
                .or_insert_with(|| race(program, unit, access, RaceKind::Inconsistent, Some(other.event.place)));
        }
    }
}

/// Of several uses of one object by one unit the first says it all.
fn one_for_each_object(found: BTreeMap<(Place, RaceKind), Race>) -> Vec<Race> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for race in found.into_values() {
        let once = matches!(
            race.kind,
            RaceKind::ThreadBound | RaceKind::Fragile | RaceKind::Exclusive | RaceKind::ProcessWide | RaceKind::Advance
        );
        if !once || seen.insert((race.root, race.state.clone(), race.kind)) {
            kept.push(race);
        }
    }
    kept
}

/// What one side does that the other must not disturb: going over a container while its size changes, using what is
/// set to nothing.
fn disturbances(
    program: &Program<'_>,
    units: &[Unit<'_, '_>],
    accesses: &[Access],
    (disturbed, by): (EventKind, EventKind),
    kind: RaceKind,
    found: &mut BTreeMap<(Place, RaceKind), Race>,
) {
    let mut disturbing: BTreeMap<(usize, &Location), Vec<&Access>> = BTreeMap::new();
    for access in accesses.iter().filter(|access| access.event.kind == by) {
        disturbing
            .entry((access.unit, &access.location))
            .or_default()
            .push(access);
    }
    // Who looks and uses under one lock has agreed with whoever resets it.
    let agreed = |access: &Access| kind == RaceKind::Vanishing && !access.locks.is_empty();
    let disturbed = accesses.iter().filter(|access| access.event.kind == disturbed);
    for access in disturbed.filter(|access| !agreed(access)) {
        let unit = &units[access.unit];
        let others = disturbing.get(&(access.unit, &access.location)).into_iter().flatten();
        let conflicting = others.copied().find(|other| {
            let side_by_side = access.by_starter != other.by_starter || (unit.is_many() && !access.by_starter);
            side_by_side
                && access.location != Location::Unclear
                && !share_a_lock(access, other)
                && !are_of_one_loop(program, access, other)
                && may_be_of_one_object(program, units, access, other)
        });
        if let Some(other) = conflicting {
            found
                .entry((access.event.place, kind))
                .or_insert_with(|| collision(program, units, (access, other), kind));
        }
    }
}

/// Updates by a single thread, and by those who started it or by another thread that is started meanwhile.
fn updates_on_both_sides(
    program: &Program<'_>,
    units: &[Unit<'_, '_>],
    accesses: &[Access],
    found: &mut BTreeMap<(Place, RaceKind), Race>,
) {
    let is_update = |access: &&Access| matches!(access.event.kind, EventKind::Update { .. }) && access.locks.is_empty();
    let (beside, own): (Vec<&Access>, Vec<&Access>) =
        accesses.iter().filter(is_update).partition(|access| access.by_starter);
    for access in own {
        let unit = &units[access.unit];
        if unit.is_many() || access.location == Location::Unclear || access.event.key.is_some() {
            continue;
        }
        let same = |other: &&&Access| {
            other.unit == access.unit
                && other.location == access.location
                && !are_of_one_loop(program, access, other)
                && may_be_of_one_object(program, units, access, other)
        };
        let Some(other) = beside.iter().filter(|other| other.event.key.is_none()).find(same) else {
            continue;
        };
        let interruptible = [access, *other]
            .iter()
            .any(|access| access.event.kind == EventKind::Update { interruptible: true });
        // What collides with the same code of another unit, or was seen from there, is reported there.
        let is_known = other.beside.is_some()
            && [true, false]
                .into_iter()
                .any(|interruptible| found.contains_key(&(other.event.place, RaceKind::Update { interruptible })));
        if is_known {
            continue;
        }
        let kind = RaceKind::Update { interruptible };
        found
            .entry((access.event.place, kind))
            .or_insert_with(|| collision(program, units, (access, other), kind));
    }
}

/// Whether coroutines of one object do both: they run in the thread of the one loop that the object belongs to.
fn are_of_one_loop(program: &Program<'_>, access: &Access, other: &Access) -> bool {
    let of_object = |access: &Access| matches!(program.kind(access.event.storage), ExprKind::Attribute { .. });
    access.by_starter != other.by_starter
        && [access, other]
            .into_iter()
            .all(|access| of_object(access) && access.is_in_coroutine(program))
}

fn same_key(program: &Program<'_>, first: &Access, second: &Access) -> bool {
    match (first.event.key, second.event.key) {
        (None, None) => true,
        (Some(first), Some(second)) => program.text(first) == program.text(second),
        _ => false,
    }
}

/// Whether the attributes that are accessed may belong to one object.
fn may_be_of_one_object(program: &Program<'_>, units: &[Unit<'_, '_>], first: &Access, second: &Access) -> bool {
    match (makers(program, units, first), makers(program, units, second)) {
        (Some(first), Some(second)) => !first.is_disjoint(&second),
        _ => true,
    }
}

/// Where the objects are made whose attribute is accessed. What a method's own object is, the call of it says, and for
/// the function that a thread runs the submission.
fn makers(program: &Program<'_>, units: &[Unit<'_, '_>], access: &Access) -> Option<BTreeSet<Site>> {
    let ExprKind::Attribute { base, .. } = program.kind(access.event.storage) else {
        return None;
    };
    let mut object = program.sibling(access.event.storage, *base);
    if access.is_all_of_chain() {
        let mut calls = access.chain.iter().rev();
        while is_own_object(program, object) {
            let Some(&call) = calls.next() else {
                let receiver = access.running_unit().and_then(|unit| units[unit].receiver);
                if let Some(site) = receiver.and_then(|receiver| program.site(receiver)) {
                    return Some(BTreeSet::from([site]));
                }
                break;
            };
            let Some(receiver) = receiver_of(program, call) else {
                break;
            };
            object = receiver;
        }
    }
    let sites: Option<BTreeSet<Site>> = program.values(object).iter().map(|value| program.site(value)).collect();
    sites.filter(|sites| !sites.is_empty())
}

/// Whether a name is the first parameter of a method.
fn is_own_object(program: &Program<'_>, name: ExprRef) -> bool {
    let ExprKind::Name { reaching, .. } = program.kind(name) else {
        return false;
    };
    let is_first = |&def: &DefId| {
        matches!(
            program.file(name.file).definition(def).kind,
            DefKind::Parameter { index: 0 }
        )
    };
    !reaching.is_empty()
        && reaching.iter().all(is_first)
        && program
            .class_of_method(program.function_around(program.scope_of(name)))
            .is_some()
}

/// The object whose method a call calls.
fn receiver_of(program: &Program<'_>, call: ExprRef) -> Option<ExprRef> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    let ExprKind::Attribute { base, .. } = program.kind(program.sibling(call, *callee)) else {
        return None;
    };
    Some(program.sibling(call, *base))
}

fn share_a_lock(first: &Access, second: &Access) -> bool {
    let unclear = |access: &Access| access.locks.contains(&Location::Unclear);
    if first.locks.is_empty() || second.locks.is_empty() {
        return false;
    }
    unclear(first) || unclear(second) || first.locks.iter().any(|lock| second.locks.contains(lock))
}

/// The race of a unit's access with one that is made beside it.
fn collision(
    program: &Program<'_>,
    units: &[Unit<'_, '_>],
    (access, other): (&Access, &Access),
    kind: RaceKind,
) -> Race {
    let beside = access.beside.or(other.beside);
    Race {
        other_origin: beside.map(|number| units[number].origin),
        ..race(program, &units[access.unit], access, kind, Some(other.event.place))
    }
}

fn race(program: &Program<'_>, unit: &Unit<'_, '_>, access: &Access, kind: RaceKind, other: Option<Place>) -> Race {
    let storage = program.text(access.event.storage);
    let state = match access.event.key {
        Some(key) => format!("{storage}[{}]", program.text(key)),
        None => storage,
    };
    Race {
        kind,
        place: access.event.place,
        other,
        state,
        function: access.function,
        origin: unit.origin,
        root: access.root,
        chain: access.chain.clone(),
        many: unit.is_many(),
        by_starter: access.by_starter,
        by_callback: unit.is_callback,
        other_origin: None,
    }
}
