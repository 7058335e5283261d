//! Which state is reached by units that run side by side, and what guards it.

use crate::link::Program;

use super::Summaries;

/// Which state is reached by units that run side by side, and what guards it.
#[derive(Debug, Default)]
pub struct Sharing {}

impl Sharing {
    /// Reads the program.
    #[must_use]
    pub fn compute(_program: &Program<'_>, _summaries: &Summaries) -> Self {
        Self {}
    }
}
