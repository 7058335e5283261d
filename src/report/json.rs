//! Findings for programs; the document is described by `schema/check.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::fingerprint::fingerprints;
use super::{SCHEMA, page_address, start};
use crate::finding::{Confidence, Finding, Severity};
use crate::pipeline::CheckOutcome;
use crate::source::{SourceError, Sources};

#[derive(Serialize)]
struct Document<'run> {
    schema: u32,
    version: &'static str,
    findings: Vec<FindingEntry<'run>>,
    errors: &'run [SourceError],
    summary: Summary,
}

#[derive(Serialize)]
struct FindingEntry<'run> {
    code: &'static str,
    name: &'static str,
    severity: Severity,
    confidence: Confidence,
    message: &'run str,
    path: &'run str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    related: Vec<Related<'run>>,
    help: &'run str,
    /// No rule offers a fix; consumers may rely on the key.
    fix: Option<()>,
    fingerprint: String,
    url: Option<String>,
}

#[derive(Serialize)]
struct Related<'run> {
    path: &'run str,
    line: u32,
    column: u32,
    message: &'run str,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    parsed: usize,
    findings: usize,
}

pub(super) fn write(
    out: &mut dyn Write,
    outcome: &CheckOutcome,
    findings: &[&Finding],
    sources: &Sources,
) -> io::Result<()> {
    let names = fingerprints(findings, sources);
    let entries = findings
        .iter()
        .zip(names)
        .map(|(finding, name)| entry(finding, name, sources));
    let document = Document {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        findings: entries.collect(),
        errors: &outcome.errors,
        summary: Summary {
            files: outcome.files,
            parsed: outcome.parsed,
            findings: findings.len(),
        },
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn entry<'run>(finding: &'run Finding, fingerprint: String, sources: &'run Sources) -> FindingEntry<'run> {
    let (path, first) = start(finding.place, sources);
    let last = sources.file(finding.place.file).position(finding.place.span.end);
    let related = finding.related.iter().map(|note| {
        let (path, position) = start(note.place, sources);
        Related {
            path,
            line: position.line,
            column: position.column,
            message: &note.message,
        }
    });
    FindingEntry {
        code: finding.code,
        name: finding.name,
        severity: finding.severity,
        confidence: finding.confidence,
        message: &finding.message,
        path,
        line: first.line,
        column: first.column,
        end_line: last.line,
        end_column: last.column,
        related: related.collect(),
        help: &finding.help,
        fix: None,
        fingerprint,
        url: page_address(finding.name),
    }
}
