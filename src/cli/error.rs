//! Why a run ends without a report.

use std::io;

use thiserror::Error;

use crate::changes::ChangesError;
use crate::config::{ConfigError, InitError};
use crate::confirm::{Failure, SavedError};
use crate::finding::BaselineError;
use crate::source::DiscoverError;

/// The user's mistake.
pub(super) const USAGE: u8 = 2;

/// Ours.
pub(super) const INTERNAL: u8 = 3;

/// Why a run ends without a report.
#[derive(Debug, Error)]
pub(super) enum CliError {
    /// The options are wrong: the user's mistake.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The paths are wrong: the user's mistake.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// There is no such rule: the user's mistake.
    #[error("no rule has the code or name `{rule}`; {}", .nearest.as_ref().map_or("`concheck rules` lists them all".to_owned(), |rule| format!("did you mean `{rule}`?")))]
    NoSuchRule {
        /// As written.
        rule: String,
        /// What it was probably meant to be.
        nearest: Option<String>,
    },
    /// The interpreter for measurements cannot be used: the user's to mend.
    #[error(transparent)]
    Measure(#[from] Failure),
    /// A file of results cannot be used: the user's mistake.
    #[error(transparent)]
    Saved(#[from] SavedError),
    /// Running code needs a yes: the user's to give.
    #[error(
        "running the code needs a yes, and standard input is no terminal to ask on; give --yes, or --dry-run to see the plan"
    )]
    NobodyToAsk,
    /// Ctrl-C cannot be watched for: the system's fault.
    #[error("signals cannot be watched for: {0}")]
    Signals(io::Error),
    /// The baseline cannot be used: the user's mistake.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// Git cannot answer: the user's mistake.
    #[error(transparent)]
    Changes(#[from] ChangesError),
    /// A file could not be written where the user wants it: the user's mistake.
    #[error("`{path}` could not be written: {source}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// There is nothing to start from, or no need to: the user's mistake.
    #[error("`{path}` is left as it is: {reason}")]
    Init {
        /// The file.
        path: String,
        /// Why.
        reason: InitError,
    },
    /// Options that do not go together: the user's mistake.
    #[error("{0}")]
    Usage(&'static str),
    /// The report could not be written: the system's fault.
    #[error("the report could not be written: {0}")]
    Output(#[from] io::Error),
    /// The analysis gave up: a bug of concheck.
    #[error("internal error: {0}; please report this as a bug of concheck, if you can with the file that leads to it")]
    Panicked(String),
}

impl CliError {
    /// The exit code that tells whose fault it was.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Output(_) | Self::Panicked(_) | Self::Signals(_) => INTERNAL,
            _ => USAGE,
        }
    }
}
