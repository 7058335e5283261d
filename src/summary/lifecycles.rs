//! The lives of futures, results, pools and workers.

use crate::link::Program;

use super::Summaries;

/// The lives of futures, results, pools and workers.
#[derive(Debug, Default)]
pub struct Lifecycles {}

impl Lifecycles {
    /// Reads the program.
    #[must_use]
    pub fn compute(_program: &Program<'_>, _summaries: &Summaries) -> Self {
        Self {}
    }
}
