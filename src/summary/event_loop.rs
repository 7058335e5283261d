//! What blocks the event loop, and what touches it from other threads.

use crate::link::Program;

use super::Summaries;

/// What blocks the event loop, and what touches it from other threads.
#[derive(Debug, Default)]
pub struct EventLoop {}

impl EventLoop {
    /// Reads the program.
    #[must_use]
    pub fn compute(_program: &Program<'_>, _summaries: &Summaries) -> Self {
        Self {}
    }
}
