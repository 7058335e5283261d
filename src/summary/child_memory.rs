//! What a child process writes into its own copy of memory, or inherits from its parent.

use crate::link::Program;

use super::Summaries;

/// What a child process writes into its own copy of memory, or inherits from its parent.
#[derive(Debug, Default)]
pub struct ChildMemory {}

impl ChildMemory {
    /// Reads the program.
    #[must_use]
    pub fn compute(_program: &Program<'_>, _summaries: &Summaries) -> Self {
        Self {}
    }
}
