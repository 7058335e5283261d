//! What travels to another process, and whether it pickles.

use crate::link::Program;

use super::Summaries;

/// What travels to another process, and whether it pickles.
#[derive(Debug, Default)]
pub struct Pickling {}

impl Pickling {
    /// Reads the program.
    #[must_use]
    pub fn compute(_program: &Program<'_>, _summaries: &Summaries) -> Self {
        Self {}
    }
}
