//! Options as one origin gives them.

use std::collections::BTreeMap;

use super::settings::{Platform, Settings, StartMethod, VersionRange};
use crate::finding::Confidence;

/// Options from one origin; what it leaves out is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The interpreter versions in scope.
    pub target_version: Option<VersionRange>,
    /// Free-threaded builds are meant.
    pub free_threaded: Option<bool>,
    /// The platforms in scope.
    pub platforms: Option<Vec<Platform>>,
    /// The start method in force.
    pub start_method: Option<StartMethod>,
    /// Findings below are not shown; `pedantic` is another word for `low`.
    pub min_confidence: Option<Confidence>,
    /// Rules that are on.
    pub select: Option<Vec<String>>,
    /// Rules that are off.
    pub ignore: Option<Vec<String>>,
    /// Rules that are off in some files.
    pub per_file_ignores: Option<Vec<(String, Vec<String>)>>,
    /// Patterns of paths that are not read, instead of the default ones.
    pub exclude: Option<Vec<String>>,
    /// Patterns of paths that are not read, beside the default ones.
    pub extend_exclude: Option<Vec<String>>,
    /// Report also what other linters already report.
    pub overlap: Option<bool>,
    /// The user's own knowledge.
    pub knowledge: Option<BTreeMap<String, String>>,
}

impl Options {
    /// These options, and where they are silent the weaker ones.
    #[must_use]
    pub fn over(self, weaker: Self) -> Self {
        Self {
            target_version: self.target_version.or(weaker.target_version),
            free_threaded: self.free_threaded.or(weaker.free_threaded),
            platforms: self.platforms.or(weaker.platforms),
            start_method: self.start_method.or(weaker.start_method),
            min_confidence: self.min_confidence.or(weaker.min_confidence),
            select: self.select.or(weaker.select),
            ignore: self.ignore.or(weaker.ignore),
            per_file_ignores: self.per_file_ignores.or(weaker.per_file_ignores),
            exclude: self.exclude.or(weaker.exclude),
            extend_exclude: self.extend_exclude.or(weaker.extend_exclude),
            overlap: self.overlap.or(weaker.overlap),
            knowledge: self.knowledge.or(weaker.knowledge),
        }
    }

    /// These options on top of the defaults.
    #[must_use]
    pub fn into_settings(self) -> Settings {
        let defaults = Settings::default();
        let default_excludes = self.exclude.is_none();
        let mut exclude = self.exclude.unwrap_or_default();
        exclude.extend(self.extend_exclude.unwrap_or_default());
        Settings {
            versions: self.target_version.unwrap_or(defaults.versions),
            free_threaded: self.free_threaded.unwrap_or(defaults.free_threaded),
            platforms: self.platforms.unwrap_or(defaults.platforms),
            start_method: self.start_method.or(defaults.start_method),
            min_confidence: self.min_confidence.unwrap_or(defaults.min_confidence),
            select: self.select.unwrap_or_default(),
            ignore: self.ignore.unwrap_or_default(),
            per_file_ignores: self.per_file_ignores.unwrap_or_default(),
            exclude,
            default_excludes,
            overlap: self.overlap.unwrap_or(defaults.overlap),
            knowledge: self.knowledge.unwrap_or_default(),
            every_file: defaults.every_file,
        }
    }
}
