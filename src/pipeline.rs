//! The stages in order, from sources to what is reported.

use crate::config::Settings;
use crate::finding::{Finding, SubmissionReport};
use crate::source::{SourceError, Sources};

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct CheckOutcome {
    /// The findings to show, in any order.
    pub findings: Vec<Finding>,
    /// How many files were looked at.
    pub files: usize,
    /// How many of them were parsed.
    pub parsed: usize,
    /// What could not be read.
    pub errors: Vec<SourceError>,
}

/// What an inventory found.
#[derive(Clone, Debug, Default)]
pub struct AdviseOutcome {
    /// The submissions, in any order.
    pub submissions: Vec<SubmissionReport>,
    /// How many files were looked at.
    pub files: usize,
    /// What could not be read.
    pub errors: Vec<SourceError>,
}

/// Checks the sources against all rules that the settings leave on.
#[must_use]
pub fn check(sources: &Sources, _settings: &Settings) -> CheckOutcome {
    CheckOutcome {
        findings: Vec::new(),
        files: sources.files.len(),
        parsed: 0,
        errors: sources.errors.clone(),
    }
}

/// Lists all submissions of the sources.
#[must_use]
pub fn advise(sources: &Sources, _settings: &Settings) -> AdviseOutcome {
    AdviseOutcome {
        submissions: Vec::new(),
        files: sources.files.len(),
        errors: sources.errors.clone(),
    }
}
