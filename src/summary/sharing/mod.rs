//! Which state is reached by units that run side by side, and what guards it.
//!
//! In: the linked program. Out: [`Sharing`], the places where runs can get into each other's way. A unit is what one
//! submission to threads runs; its functions are walked with what their parameters hold (own, one for each task,
//! shared, unknown) and with the locks that are held. State that is not shown to be shared is not mentioned.

mod events;
mod guards;
mod places;
mod units;
mod walk;

use std::collections::BTreeMap;

use crate::finding::Place;
use crate::link::Program;
use crate::link::values::{ExprRef, ScopeRef};

use super::Summaries;

pub use events::{Event, EventKind};
pub use places::Location;

use units::Unit;
use walk::{Access, Bodies, Walker};

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
    /// A container changes its size while it is iterated.
    Iteration,
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
    /// The submission whose runs collide, by number.
    pub submission: usize,
    /// The function that runs side by side.
    pub root: ScopeRef,
    /// The calls from there to the place.
    pub chain: Vec<ExprRef>,
    /// Many runs of one function collide, rather than one run with other code.
    pub many: bool,
}

/// Which state is reached by units that run side by side, and what guards it.
#[derive(Debug, Default)]
pub struct Sharing {
    races: Vec<Race>,
}

impl Sharing {
    /// Reads the program.
    #[must_use]
    pub fn compute(program: &Program<'_>, _summaries: &Summaries) -> Self {
        let bodies = Bodies::new(program);
        let units = units::units(program, &bodies.calls);
        let mut accesses: Vec<Access> = Vec::new();
        for (unit_number, unit) in units.iter().enumerate() {
            let walker = Walker {
                bodies: &bodies,
                unit,
                unit_number,
            };
            accesses.extend(walker.run());
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

fn races(program: &Program<'_>, units: &[Unit<'_, '_>], accesses: &[Access]) -> Vec<Race> {
    let mut found: BTreeMap<(Place, RaceKind), Race> = BTreeMap::new();
    for access in accesses {
        let unit = &units[access.unit];
        let kind = match access.event.kind {
            EventKind::Update { interruptible } => RaceKind::Update { interruptible },
            EventKind::CheckThenAct { matters } => RaceKind::CheckThenAct { matters },
            EventKind::LazyInit { matters } => RaceKind::LazyInit { matters },
            EventKind::Iterate | EventKind::Resize | EventKind::Write => continue,
        };
        if unit.anchor.is_none() || !access.locks.is_empty() {
            continue;
        }
        found
            .entry((access.event.place, kind))
            .or_insert_with(|| race(program, unit, access, kind, access.event.before));
    }
    found.into_values().collect()
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
        submission: unit.number,
        root: unit.root,
        chain: access.chain.clone(),
        many: unit.anchor.is_some(),
    }
}
