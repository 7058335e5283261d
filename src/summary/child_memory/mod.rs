//! What a child process writes into its own copy of memory, or inherits from its parent.
//!
//! In: the linked program. Out: [`ChildMemory`]: for each hand-over to processes what the worker runs and which of its
//! objects are copies of the parent's; from that the writes that the parent never sees and the updates of shared values
//! that collide. Must not know: rules, findings, wording.

mod graph;
mod held;
mod lost;
mod origin;
mod shared;
mod uses;
mod walk;

use std::collections::HashMap;

use crate::knowledge::WorkerKind;
use crate::link::Program;

use super::Summaries;

pub use lost::LostWrite;
pub use origin::{Origin, Root, Spot};
pub use shared::SharedUpdate;

/// What a child process writes into its own copy of memory, or inherits from its parent.
#[derive(Debug, Default)]
pub struct ChildMemory {
    /// Updates of shared values that other processes make at the same time without a lock.
    pub shared_updates: Vec<SharedUpdate>,
    /// Writes to copies of what the parent looks at.
    pub lost_writes: Vec<LostWrite>,
}

impl ChildMemory {
    /// Reads the program.
    #[must_use]
    pub fn compute(program: &Program<'_>, _summaries: &Summaries) -> Self {
        let graph = graph::CallGraph::new(program);
        let mut held = HashMap::new();
        let runs: Vec<walk::ChildRun> = program
            .submissions
            .iter()
            .enumerate()
            .filter(|(_, submission)| submission.may_be(WorkerKind::Process))
            .map(|(number, submission)| walk::ChildRun::new(program, &graph, &mut held, number, submission))
            .collect();
        let uses = uses::Uses::new(program);
        Self {
            lost_writes: lost::writes(program, &graph, &uses, &runs),
            shared_updates: shared::updates(program, &runs),
        }
    }
}
