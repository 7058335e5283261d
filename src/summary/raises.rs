//! What functions may raise.

use crate::link::Program;

use super::Summaries;

/// What functions may raise.
#[derive(Debug, Default)]
pub struct Raises {}

impl Raises {
    /// Reads the program.
    #[must_use]
    pub fn compute(_program: &Program<'_>, _summaries: &Summaries) -> Self {
        Self {}
    }
}
