//! Findings that are known and not to be reported again.
//!
//! A baseline is a JSON file with the fingerprints of findings, their paths seen from the folder that it lies in.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::fingerprint::seen_from;
use super::{Finding, fingerprints};
use crate::source::{Sources, plain};

const SCHEMA: u32 = 1;

/// Why a baseline cannot be used.
#[derive(Debug, Error)]
pub enum BaselineError {
    /// It was named and cannot be read.
    #[error("the baseline `{path}` could not be read: {source}; `--write-baseline` makes one")]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// It is something else.
    #[error("`{path}` is not a baseline of concheck: {reason}")]
    Malformed {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// It could not be written.
    #[error("the baseline `{path}` could not be written: {source}")]
    Unwritable {
        /// The file.
        path: String,
        /// Why not.
        source: io::Error,
    },
}

/// A known finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// The file, as seen from the baseline's folder.
    pub path: String,
    /// The code of the rule.
    pub code: String,
    /// What it said, for people.
    pub message: String,
    /// What it is known by.
    pub fingerprint: String,
}

#[derive(Serialize, Deserialize)]
struct Document {
    schema: u32,
    findings: Vec<Entry>,
}

/// The known findings of a project.
#[derive(Clone, Debug)]
pub struct Baseline {
    path: PathBuf,
    folder: PathBuf,
    entries: Vec<Entry>,
}

/// How a baseline was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changed {
    /// How many findings it has now.
    pub total: usize,
    /// How many of them are new.
    pub added: usize,
    /// How many were taken out.
    pub removed: usize,
}

impl Baseline {
    /// An empty one for a file that need not exist.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        let absolute = plain(&std::env::current_dir().unwrap_or_default().join(path));
        Self {
            path: path.to_owned(),
            folder: absolute.parent().unwrap_or(&absolute).to_owned(),
            entries: Vec::new(),
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// When the file cannot be read, or is no baseline.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let shown = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|source| BaselineError::Unreadable {
            path: shown.clone(),
            source,
        })?;
        let malformed = |reason: String| BaselineError::Malformed {
            path: shown.clone(),
            reason,
        };
        let document: Document = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        if document.schema != SCHEMA {
            return Err(malformed(format!("its schema is {}, not {SCHEMA}", document.schema)));
        }
        Ok(Self {
            entries: document.findings,
            ..Self::at(path)
        })
    }

    /// Takes the known findings out; what is left over of the baseline for files of this run, or for files that are
    /// gone, is stale. `is_on` tells whether a rule may speak at all.
    pub fn apply(
        &self,
        findings: &mut Vec<Finding>,
        sources: &Sources,
        is_on: &dyn Fn(&str, &str) -> bool,
    ) -> Vec<&Entry> {
        let names = fingerprints(findings, sources, &self.folder);
        let known: BTreeSet<&str> = self.entries.iter().map(|entry| entry.fingerprint.as_str()).collect();
        let found: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let mut is_known = names.iter().map(|name| known.contains(name.as_str()));
        findings.retain(|_| !is_known.next().unwrap_or(false));
        let looked_at = self.looked_at(sources);
        let is_stale = |entry: &&Entry| {
            !found.contains(entry.fingerprint.as_str())
                && self.is_judged(entry, &looked_at)
                && is_on(&entry.code, &self.folder.join(&entry.path).to_string_lossy())
        };
        self.entries.iter().filter(is_stale).collect()
    }

    /// Writes the findings of a run into the file, and keeps what is known of files that the run did not look at.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record(&self, findings: &[Finding], sources: &Sources) -> Result<Changed, BaselineError> {
        let current = std::env::current_dir().unwrap_or_default();
        let names = fingerprints(findings, sources, &self.folder);
        let looked_at = self.looked_at(sources);
        let kept = self.entries.iter().filter(|entry| !self.is_judged(entry, &looked_at));
        let now = findings.iter().zip(names).map(|(finding, fingerprint)| Entry {
            path: seen_from(&self.folder, &current, &sources.file(finding.place.file).path),
            code: finding.code.to_owned(),
            message: finding.message.clone(),
            fingerprint,
        });
        let mut entries: Vec<Entry> = kept.cloned().chain(now).collect();
        entries.sort();
        self.write(&entries)?;
        let names =
            |entries: &[Entry]| -> BTreeSet<String> { entries.iter().map(|entry| entry.fingerprint.clone()).collect() };
        let (old, new) = (names(&self.entries), names(&entries));
        Ok(Changed {
            total: entries.len(),
            added: new.difference(&old).count(),
            removed: old.difference(&new).count(),
        })
    }

    fn write(&self, entries: &[Entry]) -> Result<(), BaselineError> {
        let document = Document {
            schema: SCHEMA,
            findings: entries.to_vec(),
        };
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        fs::write(&self.path, text).map_err(|source| BaselineError::Unwritable {
            path: self.path.display().to_string(),
            source,
        })
    }

    fn looked_at(&self, sources: &Sources) -> BTreeSet<String> {
        let current = std::env::current_dir().unwrap_or_default();
        let given = sources.given();
        given
            .map(|file| seen_from(&self.folder, &current, &file.path))
            .collect()
    }

    /// Whether this run can tell that an entry is no longer needed.
    fn is_judged(&self, entry: &Entry, looked_at: &BTreeSet<String>) -> bool {
        looked_at.contains(&entry.path) || !self.folder.join(&entry.path).is_file()
    }
}
