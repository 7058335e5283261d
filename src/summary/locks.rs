//! Which locks functions take, hold and wait for.

use crate::link::Program;

use super::Summaries;

/// Which locks functions take, hold and wait for.
#[derive(Debug, Default)]
pub struct Locks {}

impl Locks {
    /// Reads the program.
    #[must_use]
    pub fn compute(_program: &Program<'_>, _summaries: &Summaries) -> Self {
        Self {}
    }
}
