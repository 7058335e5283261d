//! Options as one origin gives them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::settings::{ConfirmSettings, Platform, Settings, StartMethod, VersionRange};
use crate::finding::{Confidence, Severity};

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
    /// What `concheck confirm` may run, and with what.
    pub confirm: Option<ConfirmSettings>,
    /// Other severities for some rules.
    pub severity: Option<BTreeMap<String, Severity>>,
    /// Findings that are less bad do not make the run fail.
    pub fail_on: Option<Severity>,
    /// What is excluded stays so when it is named.
    pub force_exclude: Option<bool>,
    /// The file with known findings.
    pub baseline: Option<PathBuf>,
    /// Where the options were said, by key.
    pub origins: BTreeMap<String, Origin>,
}

/// Where an option was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    CommandLine,
    /// In a file.
    File {
        /// The file, as seen from the current folder.
        path: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// In the `requires-python` of a project.
    RequiresPython {
        /// The file, as seen from the current folder.
        path: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => formatter.write_str("command line"),
            Self::File { path, line } => write!(formatter, "{path}:{line}"),
            Self::RequiresPython { path } => write!(formatter, "requires-python of {path}"),
        }
    }
}

impl Options {
    /// These options, and where they are silent the weaker ones. Tables are put together entry by entry.
    #[must_use]
    pub fn over(self, weaker: Self) -> Self {
        let mut origins = weaker.origins;
        origins.extend(self.origins);
        Self {
            origins,
            target_version: self.target_version.or(weaker.target_version),
            free_threaded: self.free_threaded.or(weaker.free_threaded),
            platforms: self.platforms.or(weaker.platforms),
            start_method: self.start_method.or(weaker.start_method),
            min_confidence: self.min_confidence.or(weaker.min_confidence),
            select: self.select.or(weaker.select),
            ignore: self.ignore.or(weaker.ignore),
            per_file_ignores: joined(self.per_file_ignores, weaker.per_file_ignores),
            exclude: self.exclude.or(weaker.exclude),
            extend_exclude: self.extend_exclude.or(weaker.extend_exclude),
            overlap: self.overlap.or(weaker.overlap),
            knowledge: merged(self.knowledge, weaker.knowledge),
            severity: merged(self.severity, weaker.severity),
            fail_on: self.fail_on.or(weaker.fail_on),
            force_exclude: self.force_exclude.or(weaker.force_exclude),
            baseline: self.baseline.or(weaker.baseline),
            confirm: self.confirm.or(weaker.confirm),
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
            confirm: self.confirm.unwrap_or_default(),
            every_file: defaults.every_file,
            severity: self.severity.unwrap_or_default(),
            fail_on: self.fail_on.unwrap_or(defaults.fail_on),
            force_exclude: self.force_exclude.unwrap_or(defaults.force_exclude),
            baseline: self.baseline,
            nested: Vec::new(),
        }
    }

    /// These options, said on the command line.
    #[must_use]
    pub fn from_command_line(mut self) -> Self {
        let said = [
            ("target-version", self.target_version.is_some()),
            ("free-threaded", self.free_threaded.is_some()),
            ("platforms", self.platforms.is_some()),
            ("start-method", self.start_method.is_some()),
            ("min-confidence", self.min_confidence.is_some()),
            ("select", self.select.is_some()),
            ("ignore", self.ignore.is_some()),
            ("fail-on", self.fail_on.is_some()),
            ("force-exclude", self.force_exclude.is_some()),
            ("baseline", self.baseline.is_some()),
        ];
        let said = said.into_iter().filter(|(_, is_said)| *is_said);
        self.origins
            .extend(said.map(|(key, _)| (key.to_owned(), Origin::CommandLine)));
        self
    }
}

fn merged<V>(
    stronger: Option<BTreeMap<String, V>>,
    weaker: Option<BTreeMap<String, V>>,
) -> Option<BTreeMap<String, V>> {
    match (stronger, weaker) {
        (Some(stronger), Some(mut weaker)) => {
            weaker.extend(stronger);
            Some(weaker)
        }
        (stronger, weaker) => stronger.or(weaker),
    }
}

fn joined<T>(stronger: Option<Vec<T>>, weaker: Option<Vec<T>>) -> Option<Vec<T>> {
    match (stronger, weaker) {
        (Some(mut stronger), Some(weaker)) => {
            stronger.extend(weaker);
            Some(stronger)
        }
        (stronger, weaker) => stronger.or(weaker),
    }
}
