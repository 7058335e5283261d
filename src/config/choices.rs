//! The values that options take, spelled as people write them.

use super::error::{Problem, nearest};
use super::settings::{Platform, StartMethod, VersionRange};
use super::versions;
use crate::finding::{Confidence, Severity};

/// What users may say about a function of their own.
pub(super) const KNOWLEDGE: [(&str, &str); 4] = [
    ("io", "io"),
    ("cpu", "cpu"),
    ("native", "native"),
    ("trivial", "trivial"),
];

const CONFIDENCES: [(&str, Confidence); 3] = [
    ("low", Confidence::Low),
    ("medium", Confidence::Medium),
    ("high", Confidence::High),
];

const SEVERITIES: [(&str, Severity); 3] = [
    ("error", Severity::Error),
    ("warning", Severity::Warning),
    ("advice", Severity::Advice),
];

const PLATFORMS: [(&str, Platform); 5] = [
    ("linux", Platform::Linux),
    ("macos", Platform::Macos),
    ("windows", Platform::Windows),
    ("darwin", Platform::Macos),
    ("win32", Platform::Windows),
];

const START_METHODS: [(&str, StartMethod); 3] = [
    ("fork", StartMethod::Fork),
    ("forkserver", StartMethod::Forkserver),
    ("spawn", StartMethod::Spawn),
];

/// Reads the lowest confidence to show.
///
/// # Errors
/// When it is none of the three levels.
pub fn confidence(key: &str, text: &str) -> Result<Confidence, Problem> {
    choose(key, text, &CONFIDENCES, "low, medium or high")
}

/// Reads how bad a finding is.
///
/// # Errors
/// When it is none of the three severities.
pub fn severity(key: &str, text: &str) -> Result<Severity, Problem> {
    choose(key, text, &SEVERITIES, "error, warning or advice")
}

/// Reads platforms; the result is sorted, without repeats.
///
/// # Errors
/// When one is unknown or none is given.
pub fn platforms(key: &str, texts: &[String]) -> Result<Vec<Platform>, Problem> {
    const EXPECTED: &str = "linux, macos or windows";
    let read = texts.iter().map(|text| choose(key, text, &PLATFORMS, EXPECTED));
    let mut platforms = read.collect::<Result<Vec<_>, _>>()?;
    if platforms.is_empty() {
        return Err(Problem::BadValue {
            key: key.to_owned(),
            value: "[]".to_owned(),
            nearest: None,
            expected: EXPECTED.to_owned(),
        });
    }
    platforms.sort_unstable();
    platforms.dedup();
    Ok(platforms)
}

/// Reads the start method of `multiprocessing`.
///
/// # Errors
/// When there is no such method.
pub fn start_method(key: &str, text: &str) -> Result<StartMethod, Problem> {
    choose(key, text, &START_METHODS, "fork, forkserver or spawn")
}

/// Reads the versions in scope.
///
/// # Errors
/// When it is neither a version, nor a range, nor a list of specifiers that some Python 3 fulfils.
pub fn target_version(key: &str, text: &str) -> Result<VersionRange, Problem> {
    versions::parse(text).ok_or_else(|| Problem::BadValue {
        key: key.to_owned(),
        value: text.to_owned(),
        nearest: None,
        expected: "a Python 3 version such as \"3.14\", \">=3.10\" or \"3.10-3.14\"".to_owned(),
    })
}

pub(super) fn choose<T: Copy>(key: &str, text: &str, table: &[(&str, T)], expected: &str) -> Result<T, Problem> {
    let wanted = text.trim().to_lowercase();
    let found = table.iter().find(|(word, _)| *word == wanted).map(|(_, value)| *value);
    found.ok_or_else(|| Problem::BadValue {
        key: key.to_owned(),
        value: text.to_owned(),
        nearest: nearest(text, table.iter().map(|(word, _)| *word)),
        expected: expected.to_owned(),
    })
}
