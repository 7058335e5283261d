//! Findings for programs; the document is described by `schema/check.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::{SCHEMA, end, page_address, start};
use crate::finding::{Applicability, Confidence, Finding, Fix, Severity};
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
    fix: Option<FixEntry<'run>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<&'run str>,
    fingerprint: &'run str,
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
struct FixEntry<'run> {
    applicability: Applicability,
    message: &'run str,
    edits: Vec<EditEntry<'run>>,
}

#[derive(Serialize)]
struct EditEntry<'run> {
    path: &'run str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    replacement: &'run str,
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
    let entries = findings.iter().map(|finding| entry(finding, sources));
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

/// One finding a line.
pub(super) fn write_lines(out: &mut dyn Write, findings: &[&Finding], sources: &Sources) -> io::Result<()> {
    for finding in findings {
        serde_json::to_writer(&mut *out, &entry(finding, sources))?;
        writeln!(out)?;
    }
    Ok(())
}

fn entry<'run>(finding: &'run Finding, sources: &'run Sources) -> FindingEntry<'run> {
    let (path, first) = start(finding.place, sources);
    let last = end(finding.place, sources);
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
        fix: finding.fix.as_ref().map(|fix| fix_entry(fix, sources)),
        measured: finding.measured.as_deref(),
        fingerprint: &finding.fingerprint,
        url: page_address(finding.name),
    }
}

fn fix_entry<'run>(fix: &'run Fix, sources: &'run Sources) -> FixEntry<'run> {
    let edits = fix.edits.iter().map(|edit| {
        let (path, first) = start(edit.place, sources);
        let last = end(edit.place, sources);
        EditEntry {
            path,
            line: first.line,
            column: first.column,
            end_line: last.line,
            end_column: last.column,
            replacement: &edit.replacement,
        }
    });
    FixEntry {
        applicability: fix.applicability,
        message: &fix.message,
        edits: edits.collect(),
    }
}
