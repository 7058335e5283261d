//! Findings and inventories as text and JSON.
//!
//! In: what a run found, and the sources that it refers to. Out: bytes on a writer. Must not know: how findings are
//! made. The order of the output depends on the findings alone.

mod advise;
mod advise_json;
mod concise;
mod excerpt;
mod fingerprint;
mod full;
mod json;
mod pages;
mod words;

use std::io::{self, Write};

use crate::finding::{Finding, Place};
use crate::pipeline::{AdviseOutcome, CheckOutcome};
use crate::source::{Position, Sources};

pub use pages::{write_page, write_rules};

/// The version of the JSON documents.
const SCHEMA: u32 = 1;

/// The JSON Schema of `concheck check --output-format json`.
pub const CHECK_SCHEMA: &str = include_str!("schema/check.schema.json");

/// The JSON Schema of `concheck advise --output-format json`.
pub const ADVISE_SCHEMA: &str = include_str!("schema/advise.schema.json");

/// How a report is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With source and evidence, for people.
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
    }
}

/// Writes an inventory; with `evidence` the chains as well.
///
/// # Errors
/// When the writer fails.
pub fn write_advise(
    out: &mut dyn Write,
    format: Format,
    style: Style,
    evidence: bool,
    outcome: &AdviseOutcome,
    sources: &Sources,
) -> io::Result<()> {
    match format {
        Format::Full => advise::write(out, style, evidence, outcome, sources),
        Format::Concise => advise::write_concise(out, outcome, sources),
        Format::Json => advise_json::write(out, outcome, sources),
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
