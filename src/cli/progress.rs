//! A line on standard error while a run is long.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Runs shorter than this show nothing.
const STEP: Duration = Duration::from_secs(1);

/// Shows what is being done and for how long, from the first full second on, until it is dropped.
pub(super) struct Progress {
    shown: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Starts the clock, if standard error is a terminal and the user has not asked for quiet.
    pub(super) fn start(what: String, quiet: bool) -> Self {
        if quiet || !io::stderr().is_terminal() {
            return Self { shown: None };
        }
        let (sender, receiver) = mpsc::channel();
        let draw = move || {
            let mut seconds = 0;
            while receiver.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
                seconds += 1;
                let _ = write!(io::stderr(), "\r\x1b[K{what} ({seconds} s)");
            }
            if seconds > 0 {
                let _ = write!(io::stderr(), "\r\x1b[K");
            }
        };
        Self {
            shown: Some((sender, thread::spawn(draw))),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.shown.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}
