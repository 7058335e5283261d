//! What is true of each function, whoever calls it: its work profile.
//!
//! In: the linked [`Program`]. Out: [`Summaries`]. Functions are done callees first; functions that call each other are
//! done together, twice, and then taken to run an unknown number of times. Nothing is computed before it is asked for:
//! most functions of a project are never handed to a worker. Must not know: workers, rules, findings.

mod calls;
mod classify;
mod cost;
mod estimate;
mod memo;
pub(crate) mod order;
mod platform;
mod profile;
mod recursion;
mod sequence;
mod sizes;

pub mod child_memory;
pub mod event_loop;
pub mod handed_over;
pub mod lifecycles;
pub mod locks;
pub mod pickling;
pub mod pools;
pub mod raises;
pub mod sharing;
pub mod signatures;
pub mod startup;

use crate::link::Program;
use crate::link::values::ScopeRef;

pub use classify::{Class, Reading, hull, part_of, read};
pub use estimate::Estimate;
pub(crate) use order::{CallOrder, Known, OnDemand, Way};
pub use profile::{Evidence, Part, Profile, UnknownCall};
pub use sizes::{Rounds, Sizes};

/// The profiles of the functions of a program, each made when it is first asked for.
pub struct Summaries<'p> {
    order: &'p CallOrder<'p>,
    profiles: OnDemand<'p, Profile>,
}

/// A function that is called again over more calls than this is hardly there to go on with the same data.
const LONG_WAY: usize = 4;
/// Functions that call each other are gone through this often.
const ROUNDS: usize = 2;

impl<'p> Summaries<'p> {
    /// Nothing is made yet.
    #[must_use]
    pub fn new(order: &'p Order<'p>) -> Self {
        Self {
            order: &order.0,
            profiles: OnDemand::new(&order.0),
        }
    }

    /// Who calls whom.
    pub(crate) fn order(&self) -> &'p CallOrder<'p> {
        self.order
    }

    /// What one run of a function costs.
    #[must_use]
    pub fn profile(&self, function: ScopeRef) -> Option<&Profile> {
        let program = self.order.program();
        let read = |profiles: &Known<'_, Profile>, function| {
            cost::Walk {
                program,
                profiles,
                function,
            }
            .run()
        };
        let finish = |function, mut profile: Profile| {
            if !self.order.comes_back(function, LONG_WAY) {
                profile.round = None;
                return profile;
            }
            let mut profile = recursion::runs(program, function).of(profile);
            profile.round = None;
            profile.explain(program.name_place(function), "calls itself, directly or through others");
            profile
        };
        let way = Way {
            rounds: ROUNDS,
            seen_at_once: true,
            read: &read,
            finish: &finish,
        };
        self.profiles.get(function, &way)
    }

    /// The profiles of everything that a function calls and of itself, to walk through its code once more.
    pub(crate) fn profiles_for(&self, function: ScopeRef) -> Known<'_, Profile> {
        let _ = self.profile(function);
        self.profiles.known()
    }

    /// What one call of something outside the project costs whose arguments are not in sight.
    #[must_use]
    pub fn external_call(&self, program: &Program<'_>, name: &str) -> Option<Profile> {
        let known = program.knowledge.call(name).map(calls::fact_profile);
        known.or_else(|| calls::own_extension(program, name))
    }

    /// What the user's configuration says that a function costs.
    #[must_use]
    pub fn configured(&self, fact: &crate::knowledge::CallFact) -> Profile {
        calls::fact_profile(fact)
    }
}

/// Who calls whom in a program; what summaries are made from.
pub struct Order<'p>(CallOrder<'p>);

impl<'p> Order<'p> {
    /// Prepares the order of a program.
    #[must_use]
    pub fn new(program: &'p Program<'p>) -> Self {
        Self(CallOrder::new(program))
    }
}
