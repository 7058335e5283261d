//! The resolved settings that the analysis reads.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::finding::{Confidence, Severity};

/// A CPython feature version, such as 3.11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PythonVersion {
    /// The 3 of 3.11.
    pub major: u8,
    /// The 11 of 3.11.
    pub minor: u8,
}

impl PythonVersion {
    /// The version 3.`minor`.
    #[must_use]
    pub const fn three(minor: u8) -> Self {
        Self { major: 3, minor }
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

/// The versions in scope, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRange {
    /// The oldest.
    pub oldest: PythonVersion,
    /// The newest.
    pub newest: PythonVersion,
}

impl VersionRange {
    /// Whether some version at or above `version` is in scope.
    #[must_use]
    pub fn reaches(self, version: PythonVersion) -> bool {
        self.newest >= version
    }

    /// Whether some version below `version` is in scope.
    #[must_use]
    pub fn precedes(self, version: PythonVersion) -> bool {
        self.oldest < version
    }
}

/// An operating system on which the program is meant to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Linux and other POSIX systems but macOS.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
}

impl Platform {
    /// All platforms.
    pub const ALL: [Self; 3] = [Self::Linux, Self::Macos, Self::Windows];

    /// The name as people write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linux => "Linux",
            Self::Macos => "macOS",
            Self::Windows => "Windows",
        }
    }
}

/// How `multiprocessing` starts a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StartMethod {
    /// The child is a copy of the parent.
    Fork,
    /// A server process forks the child, which imports the main module.
    Forkserver,
    /// A new interpreter imports the main module.
    Spawn,
}

impl StartMethod {
    /// The name that `multiprocessing` gives it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fork => "fork",
            Self::Forkserver => "forkserver",
            Self::Spawn => "spawn",
        }
    }
}

/// Everything that a run is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The interpreter versions in scope.
    pub versions: VersionRange,
    /// Free-threaded builds are meant (3.13 and newer).
    pub free_threaded: bool,
    /// The platforms in scope, sorted, without repeats, never empty.
    pub platforms: Vec<Platform>,
    /// The start method that the user says is in force whatever the program does not set itself.
    pub start_method: Option<StartMethod>,
    /// Findings below are not shown.
    pub min_confidence: Confidence,
    /// Codes, code prefixes or rule names that are on; empty means all.
    pub select: Vec<String>,
    /// Codes, code prefixes or rule names that are off.
    pub ignore: Vec<String>,
    /// Glob pattern of paths -> codes, prefixes or names that are off there.
    pub per_file_ignores: Vec<(String, Vec<String>)>,
    /// Glob patterns of paths that are not read.
    pub exclude: Vec<String>,
    /// The usual folders of tools, environments and builds are not read either.
    pub default_excludes: bool,
    /// Report also what other linters already report.
    pub overlap: bool,
    /// The user's own knowledge: dotted name -> `io`, `cpu`, `native` or `trivial`.
    pub knowledge: BTreeMap<String, String>,
    /// What `concheck confirm` may run, and with what.
    pub confirm: ConfirmSettings,
    /// Every file matters, whatever it mentions. No option sets this: it is there to compare with.
    pub every_file: bool,
    /// Other severities for some rules: codes, code prefixes or rule names.
    pub severity: BTreeMap<String, Severity>,
    /// Findings that are less bad do not make the run fail.
    pub fail_on: Severity,
    /// What is excluded stays so when it is named.
    pub force_exclude: bool,
    /// The file with known findings.
    pub baseline: Option<PathBuf>,
    /// Folders with a configuration file of their own, absolute and sorted. It says which rules speak there, and how;
    /// what is true of the program as a whole it cannot say.
    pub nested: Vec<(PathBuf, Settings)>,
}

/// What `concheck confirm` may run, and with what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfirmSettings {
    /// Dotted name of a function -> the arguments of one call each, as they stand between the parentheses.
    pub inputs: BTreeMap<String, Vec<String>>,
    /// Dotted names of functions that may be run whatever effects they have.
    pub allow_effects: Vec<String>,
}

impl Default for Settings {
    /// All platforms, 3.10 to 3.14, builds with the GIL, medium confidence and above.
    fn default() -> Self {
        Self {
            versions: VersionRange {
                oldest: PythonVersion::three(10),
                newest: PythonVersion::three(14),
            },
            free_threaded: false,
            platforms: Platform::ALL.to_vec(),
            start_method: None,
            min_confidence: Confidence::Medium,
            select: Vec::new(),
            ignore: Vec::new(),
            per_file_ignores: Vec::new(),
            exclude: Vec::new(),
            default_excludes: true,
            overlap: false,
            knowledge: BTreeMap::new(),
            confirm: ConfirmSettings::default(),
            every_file: false,
            severity: BTreeMap::new(),
            fail_on: Severity::Advice,
            force_exclude: false,
            baseline: None,
            nested: Vec::new(),
        }
    }
}
