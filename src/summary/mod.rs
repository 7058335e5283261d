//! What is true of each function, whoever calls it: its work profile.
//!
//! In: the linked [`Program`]. Out: [`Summaries`]. Functions are done callees first; functions that call each other are
//! done together, twice, and then taken to run an unknown number of times. Must not know: workers, rules, findings.

mod calls;
mod classify;
mod cost;
mod estimate;
mod order;
mod profile;
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

use std::collections::HashMap;

use rayon::prelude::*;

use crate::link::Program;
use crate::link::values::ScopeRef;

pub use classify::{Class, Reading, part_of, read};
pub use estimate::Estimate;
pub use profile::{Evidence, Part, Profile, UnknownCall};
pub use sizes::{Rounds, Sizes};

/// The profiles of all functions of a program.
#[derive(Debug, Default)]
pub struct Summaries {
    profiles: HashMap<ScopeRef, Profile>,
}

impl Summaries {
    /// Computes the profile of every function, lambda and module.
    #[must_use]
    pub fn compute(program: &Program<'_>) -> Self {
        let mut profiles: HashMap<ScopeRef, Profile> = HashMap::new();
        for level in order::levels(program) {
            let done: Vec<Vec<(ScopeRef, Profile)>> = level
                .par_iter()
                .map(|component| component_profiles(program, &profiles, component))
                .collect();
            profiles.extend(done.into_iter().flatten());
        }
        Self { profiles }
    }

    /// What one run of a function costs.
    #[must_use]
    pub fn profile(&self, function: ScopeRef) -> Option<&Profile> {
        self.profiles.get(&function)
    }

    /// What one call of something outside the project costs whose arguments are not in sight.
    #[must_use]
    pub fn external_call(&self, program: &Program<'_>, name: &str) -> Option<Profile> {
        program.knowledge.call(name).map(calls::fact_profile)
    }

    /// What the user's configuration says that a function costs.
    #[must_use]
    pub fn configured(&self, fact: &crate::knowledge::CallFact) -> Profile {
        calls::fact_profile(fact)
    }
}

/// The profiles of functions that call each other.
fn component_profiles(
    program: &Program<'_>,
    known: &HashMap<ScopeRef, Profile>,
    component: &order::Component,
) -> Vec<(ScopeRef, Profile)> {
    let walk = |function, profiles: &HashMap<ScopeRef, Profile>| {
        cost::Walk {
            program,
            profiles,
            function,
        }
        .run()
    };
    if !component.recursive {
        return component
            .functions
            .iter()
            .map(|&function| (function, walk(function, known)))
            .collect();
    }
    let mut profiles = known_callees(program, known, component);
    for _ in 0..2 {
        let round: Vec<(ScopeRef, Profile)> = component
            .functions
            .iter()
            .map(|&function| (function, walk(function, &profiles)))
            .collect();
        profiles.extend(round);
    }
    component
        .functions
        .iter()
        .map(|&function| {
            let mut profile = profiles.remove(&function).unwrap_or_default().times(sizes::RECURSION);
            profile.round = None;
            profile.data_loops = profile.interpreter;
            profile.explain(program.name_place(function), "calls itself, directly or through others");
            (function, profile)
        })
        .collect()
}

/// The profiles that a component may read, without copying those of the whole program.
fn known_callees(
    program: &Program<'_>,
    known: &HashMap<ScopeRef, Profile>,
    component: &order::Component,
) -> HashMap<ScopeRef, Profile> {
    let mut found = HashMap::new();
    for &function in &component.functions {
        for callee in order::callees(program, function) {
            if let Some(profile) = known.get(&callee) {
                found.insert(callee, profile.clone());
            }
        }
    }
    found
}
