//! Results that are kept in a file, and what they do to the findings of a later check.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use thiserror::Error;

use crate::finding::Finding;

use super::outcome::Kept;
use super::plan::Item;
use super::verdict::Status;

/// A file of results cannot be used: the user's mistake.
#[derive(Debug, Error)]
pub enum SavedError {
    /// It cannot be read.
    #[error("`{path}` could not be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("`{path}` is not what `concheck confirm --save` writes: {source}")]
    NotOurs {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct Document {
    results: Vec<Kept>,
}

/// Reads a file of results.
///
/// # Errors
/// When it cannot be read or is something else.
pub fn read(path: &Path) -> Result<Vec<Kept>, SavedError> {
    let shown = || path.display().to_string();
    let text = fs::read_to_string(path).map_err(|source| SavedError::Unreadable { path: shown(), source })?;
    let document: Document =
        serde_json::from_str(&text).map_err(|source| SavedError::NotOurs { path: shown(), source })?;
    Ok(document.results)
}

/// Drops refuted findings and marks the others with what was measured. `named` are the findings that could be measured,
/// with their fingerprints. A result counts only as long as the function is what it was.
pub fn apply(findings: &mut Vec<Finding>, named: &[(Item, String)], kept: &[Kept]) {
    findings.retain_mut(|finding| {
        let is_it =
            |(item, _): &&(Item, String)| item.finding.place == finding.place && item.finding.code == finding.code;
        let Some((item, fingerprint)) = named.iter().find(is_it) else {
            return true;
        };
        let matches = |result: &&Kept| result.fingerprint == *fingerprint && result.digest == item.digest;
        let Some(result) = kept.iter().find(matches) else {
            return true;
        };
        match result.status {
            Status::Refuted => false,
            Status::NotMeasured => true,
            Status::Confirmed | Status::Inconclusive => {
                finding.measured = Some(format!("{}: {}", result.status.as_str(), result.reason));
                true
            }
        }
    });
}
