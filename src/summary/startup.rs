//! What runs while a module is imported, and where that starts processes.

use crate::link::Program;

use super::Summaries;

/// What runs while a module is imported, and where that starts processes.
#[derive(Debug, Default)]
pub struct Startup {}

impl Startup {
    /// Reads the program.
    #[must_use]
    pub fn compute(_program: &Program<'_>, _summaries: &Summaries) -> Self {
        Self {}
    }
}
