//! What can go wrong while somebody else's code runs. Each is one line in the report; the run goes on.

use std::io;

use thiserror::Error;

/// Why a measurement ended without a result.
#[derive(Debug, Error)]
pub enum Failure {
    /// This system has no process groups to end what was started: nothing is run.
    #[error("measuring needs process groups and pipes as Unix has them; on this system only --dry-run works")]
    Unsupported,
    /// The interpreter could not be started.
    #[error("`{python}` could not be started: {source}")]
    NotStarted {
        /// The interpreter.
        python: String,
        /// Why.
        source: io::Error,
    },
    /// The scratch directory could not be made.
    #[error("the scratch directory could not be made: {0}")]
    Scratch(io::Error),
    /// A step took too long.
    #[error("{doing} took longer than the time-out of {seconds} s (--timeout) and was ended")]
    TimedOut {
        /// What was being done.
        doing: String,
        /// The limit.
        seconds: u64,
    },
    /// The process was ended by a signal that concheck did not send.
    #[error("the process was ended by signal {signal} while {doing}")]
    Killed {
        /// What was being done.
        doing: String,
        /// The signal, by number and name.
        signal: String,
    },
    /// The process ended itself.
    #[error("the process ended itself with exit code {code} while {doing}")]
    Exited {
        /// What was being done.
        doing: String,
        /// Its exit code.
        code: i32,
    },
    /// The code raised an exception.
    #[error("{0}")]
    Raised(String),
    /// The memory limit was reached.
    #[error("{doing} needs more memory than the limit of {megabytes} MB (--memory)")]
    Memory {
        /// What was being done.
        doing: String,
        /// The limit.
        megabytes: u64,
    },
    /// It printed too much.
    #[error("{doing} printed more than {megabytes} MB and was ended")]
    Output {
        /// What was being done.
        doing: String,
        /// The limit.
        megabytes: u64,
    },
    /// It starts processes of its own.
    #[error(
        "it starts processes itself ({count} left running after one call, now ended), so that workers cannot be compared"
    )]
    Forks {
        /// How many.
        count: u64,
    },
    /// The answer makes no sense.
    #[error("the interpreter gave an answer that could not be read while {0}")]
    Garbled(String),
    /// The user has had enough.
    #[error("interrupted")]
    Interrupted,
}

/// The name of a signal's number, with the number.
#[cfg(unix)]
pub(super) fn signal_name(number: i32) -> String {
    let name = match number {
        4 => "SIGILL",
        6 => "SIGABRT",
        7 | 10 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        _ => return number.to_string(),
    };
    format!("{number} ({name})")
}
