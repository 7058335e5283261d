//! Why a run ends without a report.

use std::io;

use thiserror::Error;

use crate::config::ConfigError;
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
            Self::Config(_) | Self::Discover(_) | Self::NoSuchRule { .. } => USAGE,
            Self::Output(_) | Self::Panicked(_) => INTERNAL,
        }
    }
}
