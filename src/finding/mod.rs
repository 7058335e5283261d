//! Findings: what a rule says about a place, with everything a report needs to show it.
//!
//! Must not know: how findings are made, or how they are printed.

mod baseline;
mod fingerprint;
mod fix;
mod submission;

use serde::{Deserialize, Serialize};

use crate::facts::Span;

pub use baseline::{Baseline, BaselineError, Changed, Entry};
pub use fingerprint::fingerprints;
pub(crate) use fingerprint::hash;
pub use fix::{Applicability, Edit, EditConflict, Fix, apply_edits};
pub use submission::{Bounds, Profile, SpeedUp, SubmissionReport};

/// Position of a file in the run's list of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

impl FileId {
    /// The position as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A place in one of the run's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The place in it.
    pub span: Span,
}

/// How bad it is when the finding is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It works, another way is better.
    Advice,
    /// Slow, unsafe or silent.
    Warning,
    /// It breaks or hangs.
    Error,
}

impl Severity {
    /// The word used in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// How sure the analysis is that the finding is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Plausible; shown with `--pedantic` only.
    Low,
    /// Rests on a bounded guess.
    Medium,
    /// Follows from what the code says.
    High,
}

impl Confidence {
    /// The word used in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// One level lower; the lowest stays.
    #[must_use]
    pub fn lowered(self) -> Self {
        match self {
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// A place that explains a finding, with what is to be seen there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Note {
    /// Where.
    pub place: Place,
    /// What, in lower case and without a full stop.
    pub message: String,
}

/// What a rule says about a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's code, such as `CC101`.
    pub code: &'static str,
    /// The rule's name, such as `cpu-work-in-thread`.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// Where to look first.
    pub place: Place,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The evidence, in the order in which it should be read.
    pub related: Vec<Note>,
    /// What to do.
    pub help: String,
    /// The verdict of a measurement, where there is one.
    pub measured: Option<String>,
    /// A change to the source that does it.
    pub fix: Option<Fix>,
    /// Its name across runs, which the pipeline gives it: it stays when the line moves. Empty until then.
    pub fingerprint: String,
}
