//! Findings and inventories as text and JSON.
//!
//! In: what a run found, and the sources that it refers to. Out: bytes on a writer. Must not know: how findings are
//! made. The order of the output depends on the findings alone.

mod advise;
mod advise_json;
mod concise;
mod confirm;
mod confirm_json;
mod excerpt;
mod full;
mod github;
mod gitlab;
mod json;
mod junit;
mod pages;
mod rdjson;
mod sarif;
mod statistics;
mod words;

use std::io::{self, Write};
use std::path::Path;

use crate::confirm::Report;
use crate::finding::{Finding, Place};
use crate::pipeline::{AdviseOutcome, CheckOutcome};
use crate::source::{Position, Sources};

pub use confirm::write_plan;
pub use pages::{write_page, write_rules};
pub use statistics::write_statistics;

/// The version of the JSON documents.
const SCHEMA: u32 = 1;

/// The JSON Schema of `concheck check --output-format json`.
pub const CHECK_SCHEMA: &str = include_str!("schema/check.schema.json");

/// The JSON Schema of `concheck advise --output-format json`.
pub const ADVISE_SCHEMA: &str = include_str!("schema/advise.schema.json");

/// The JSON Schema of `concheck confirm --output-format json`.
pub const CONFIRM_SCHEMA: &str = include_str!("schema/confirm.schema.json");

/// How a report is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With source and evidence, for people.
    Full,
    /// One line each.
    Concise,
    /// For programs.
    Json,
    /// One JSON document a line, for programs.
    JsonLines,
    /// Annotations of GitHub Actions.
    Github,
    /// Code Quality of GitLab.
    Gitlab,
    /// Test results.
    Junit,
    /// For reviewdog.
    Rdjson,
    /// The Static Analysis Results Interchange Format, 2.1.0.
    Sarif,
}

impl Format {
    /// All of them, with the names that people write.
    pub const ALL: [(&'static str, Self); 9] = [
        ("full", Self::Full),
        ("concise", Self::Concise),
        ("json", Self::Json),
        ("json-lines", Self::JsonLines),
        ("github", Self::Github),
        ("gitlab", Self::Gitlab),
        ("junit", Self::Junit),
        ("rdjson", Self::Rdjson),
        ("sarif", Self::Sarif),
    ];

    /// Whether the report itself tells what could not be read.
    #[must_use]
    pub fn tells_errors(self) -> bool {
        matches!(self, Self::Json | Self::Junit | Self::Sarif)
    }
}

/// How an inventory is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InventoryFormat {
    /// A table for each file, for people.
    Full,
    /// One line each.
    Concise,
    /// For programs.
    Json,
}

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Colours are wanted.
    pub color: bool,
    /// Characters in a line.
    pub width: usize,
    /// Leave out what is not a finding.
    pub quiet: bool,
}

/// Writes what a check found.
///
/// # Errors
/// When the writer fails.
pub fn write_check(
    out: &mut dyn Write,
    format: Format,
    style: Style,
    outcome: &CheckOutcome,
    sources: &Sources,
) -> io::Result<()> {
    let findings = sorted(&outcome.findings, sources);
    match format {
        Format::Full => full::write(out, style, outcome, &findings, sources),
        Format::Concise => concise::write(out, style, &findings, sources),
        Format::Json => json::write(out, outcome, &findings, sources),
        Format::JsonLines => json::write_lines(out, &findings, sources),
        Format::Github => github::write(out, &findings, sources),
        Format::Gitlab => gitlab::write(out, &findings, sources),
        Format::Junit => junit::write(out, outcome, &findings, sources),
        Format::Rdjson => rdjson::write(out, &findings, sources),
        Format::Sarif => sarif::write(out, outcome, &findings, sources),
    }
}

/// Writes an inventory; with `evidence` the chains as well.
///
/// # Errors
/// When the writer fails.
pub fn write_advise(
    out: &mut dyn Write,
    format: InventoryFormat,
    style: Style,
    evidence: bool,
    outcome: &AdviseOutcome,
    sources: &Sources,
) -> io::Result<()> {
    match format {
        InventoryFormat::Full => advise::write(out, style, evidence, outcome, sources),
        InventoryFormat::Concise => advise::write_concise(out, outcome, sources),
        InventoryFormat::Json => advise_json::write(out, outcome, sources),
    }
}

/// Writes what was measured.
///
/// # Errors
/// When the writer fails.
pub fn write_confirm(out: &mut dyn Write, format: InventoryFormat, style: Style, report: &Report) -> io::Result<()> {
    match format {
        InventoryFormat::Full => confirm::write(out, style, report),
        InventoryFormat::Concise => confirm::write_concise(out, report),
        InventoryFormat::Json => confirm_json::write(out, report),
    }
}

fn sorted<'run>(findings: &'run [Finding], sources: &Sources) -> Vec<&'run Finding> {
    let mut findings: Vec<&Finding> = findings.iter().collect();
    findings.sort_by_cached_key(|finding| (order(finding.place, sources), finding.code, finding.message.clone()));
    findings
}

/// Sorts by path, line and column.
fn order(place: Place, sources: &Sources) -> (String, Position, u32) {
    let file = sources.file(place.file);
    (file.path.clone(), file.position(place.span.start), place.span.end)
}

/// Path, line and column.
fn start(place: Place, sources: &Sources) -> (&str, Position) {
    let file = sources.file(place.file);
    (&file.path, file.position(place.span.start))
}

/// Line and column after the last character.
fn end(place: Place, sources: &Sources) -> Position {
    sources.file(place.file).position(place.span.end)
}

/// A path as other programs expect it: seen from the current folder, if it lies below.
fn relative(path: &str) -> String {
    let path = Path::new(path);
    let current = std::env::current_dir().unwrap_or_default();
    let below = path.strip_prefix(current).unwrap_or(path);
    let below = below.strip_prefix(".").unwrap_or(below);
    crate::source::displayed(below)
}

/// Where the program is described, if it is said when it is built.
fn home() -> Option<&'static str> {
    Some(env!("CARGO_PKG_HOMEPAGE")).filter(|home| !home.is_empty())
}

/// The address of a rule's page.
fn page_address(rule: &str) -> Option<String> {
    home().map(|home| format!("{}/rules/{rule}.html", home.trim_end_matches('/')))
}

/// A text that leads to the page of a rule where the terminal follows links (OSC 8).
fn linked(text: &str, rule: &str, style: Style) -> String {
    match page_address(rule) {
        Some(address) if style.color => format!("\x1b]8;;{address}\x1b\\{text}\x1b]8;;\x1b\\"),
        _ => text.to_owned(),
    }
}

/// `path:line`.
fn path_and_line(place: Place, sources: &Sources) -> String {
    let (path, position) = start(place, sources);
    format!("{path}:{}", position.line)
}

#[cfg(test)]
mod tests;
