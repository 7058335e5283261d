//! Ctrl-C and its relatives: noted, and looked at between steps, so that everything started is ended first.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the user wants the run to end.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on SIGINT, SIGTERM and SIGHUP do not end concheck but are noted.
    ///
    /// # Errors
    /// When the system does not let itself be asked.
    pub fn listen() -> io::Result<Self> {
        let interrupt = Self::default();
        for signal in SIGNALS {
            signal_hook::flag::register(*signal, Arc::clone(&interrupt.0))?;
        }
        Ok(interrupt)
    }

    /// Whether such a signal has come.
    #[must_use]
    pub fn has_come(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(unix)]
const SIGNALS: &[i32] = &[
    signal_hook::consts::SIGINT,
    signal_hook::consts::SIGTERM,
    signal_hook::consts::SIGHUP,
];
#[cfg(not(unix))]
const SIGNALS: &[i32] = &[signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];
