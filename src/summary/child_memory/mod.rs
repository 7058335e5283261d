//! What a child process writes into its own copy of memory, or inherits from its parent.
//!
//! In: the linked program. Out: [`ChildMemory`]: for each hand-over to processes what the worker runs and which of its
//! objects are copies of the parent's; from that the writes that the parent never sees and the updates of shared values
//! that collide. Must not know: rules, findings, wording.

mod changed;
mod connections;
mod globals;
mod graph;
mod held;
mod lost;
mod nested;
mod origin;
mod payload;
mod proxies;
mod random;
mod seeding;
mod shared;
mod uses;
mod walk;

use std::collections::HashMap;

use crate::knowledge::WorkerKind;
use crate::link::{Program, Submission};

use super::Summaries;
use super::handed_over::run_in_place;

pub use connections::InheritedConnection;
pub use globals::{ForkOnlyGlobal, Instead};
pub(crate) use globals::{is_guard, is_under_guard};
pub use lost::LostWrite;
pub use nested::NestedWrite;
pub(in crate::summary) use origin::home;
pub use origin::{Origin, Root, Spot};
pub use payload::{LargePayload, Payload};
pub use proxies::ProxyInLoop;
pub use random::{SeededBy, SharedDraw};
pub use shared::SharedUpdate;

/// What a child process writes into its own copy of memory, or inherits from its parent.
#[derive(Debug, Default)]
pub struct ChildMemory {
    /// Updates of shared values that other processes make at the same time without a lock.
    pub shared_updates: Vec<SharedUpdate>,
    /// Writes to copies of what the parent looks at.
    pub lost_writes: Vec<LostWrite>,
    /// Globals that workers have only where they are forked.
    pub fork_only_globals: Vec<ForkOnlyGlobal>,
    /// Connections of the parent that forked workers use.
    pub connections: Vec<InheritedConnection>,
    /// Random numbers that workers draw from copies of one state.
    pub shared_draws: Vec<SharedDraw>,
    /// Proxies that workers use in each round of a loop.
    pub proxies: Vec<ProxyInLoop>,
    /// Changes of copies that proxies hand out.
    pub nested_writes: Vec<NestedWrite>,
    /// Large objects that travel with each task or result.
    pub payloads: Vec<LargePayload>,
}

impl ChildMemory {
    /// Reads the program.
    #[must_use]
    pub fn compute(program: &Program<'_>, summaries: &Summaries<'_>) -> Self {
        if !program
            .submissions
            .iter()
            .any(|submission| submission.may_be(WorkerKind::Process))
        {
            return Self {
                payloads: payload::large(program),
                ..Self::default()
            };
        }
        let graph = graph::CallGraph::new(program);
        let mut held = HashMap::new();
        let in_place = run_in_place(program);
        let starts = |submission: &Submission<'_>| {
            submission.may_be(WorkerKind::Process)
                && !program
                    .values(submission.call)
                    .iter()
                    .any(|value| in_place.contains(&value))
        };
        let runs: Vec<walk::ChildRun> = program
            .submissions
            .iter()
            .enumerate()
            .filter(|(_, submission)| starts(submission))
            .map(|(number, submission)| walk::ChildRun::new(program, &graph, &mut held, number, submission))
            .collect();
        let uses = uses::Uses::new(program);
        Self {
            lost_writes: lost::writes(program, &graph, &uses, &runs),
            fork_only_globals: globals::globals(program, &graph, &uses, &runs),
            connections: connections::inherited(program, &graph, &uses, &runs),
            shared_draws: random::draws(program, &runs),
            nested_writes: nested::writes(program),
            proxies: proxies::in_loops(program, summaries, &runs),
            payloads: payload::large(program),
            shared_updates: shared::updates(program, &runs),
        }
    }
}
