//! The diagnostic format of reviewdog.

use std::io::{self, Write};

use serde::Serialize;

use super::{page_address, relative};
use crate::finding::{Finding, Fix, Place, Severity};
use crate::source::Sources;

#[derive(Serialize)]
struct Document<'run> {
    source: Source,
    diagnostics: Vec<Diagnostic<'run>>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'static str>,
}

#[derive(Serialize)]
struct Diagnostic<'run> {
    message: String,
    location: Location,
    severity: &'static str,
    code: Code,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion<'run>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<RelatedLocation<'run>>,
}

#[derive(Serialize)]
struct Code {
    value: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Serialize)]
struct Location {
    path: String,
    range: Range,
}

#[derive(Serialize)]
struct Range {
    start: Column,
    end: Column,
}

/// Columns count bytes here.
#[derive(Serialize)]
struct Column {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Suggestion<'run> {
    range: Range,
    text: &'run str,
}

#[derive(Serialize)]
struct RelatedLocation<'run> {
    message: &'run str,
    location: Location,
}

pub(super) fn write(out: &mut dyn Write, findings: &[&Finding], sources: &Sources) -> io::Result<()> {
    let document = Document {
        source: Source {
            name: "concheck",
            url: super::home(),
        },
        diagnostics: findings.iter().map(|finding| diagnostic(finding, sources)).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn diagnostic<'run>(finding: &'run Finding, sources: &Sources) -> Diagnostic<'run> {
    let related = finding.related.iter().map(|note| RelatedLocation {
        message: &note.message,
        location: location(note.place, sources),
    });
    let help = if finding.help.is_empty() {
        String::new()
    } else {
        format!("\nhelp: {}", finding.help)
    };
    Diagnostic {
        message: format!("{}{help}", finding.message),
        location: location(finding.place, sources),
        severity: match finding.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Advice => "INFO",
        },
        code: Code {
            value: finding.code,
            url: page_address(finding.name),
        },
        suggestions: finding
            .fix
            .as_ref()
            .map_or_else(Vec::new, |fix| suggestions(fix, finding.place, sources)),
        related_locations: related.collect(),
    }
}

/// A suggestion is accepted on its own and in the file of its diagnostic: a fix of several parts is none.
fn suggestions<'run>(fix: &'run Fix, place: Place, sources: &Sources) -> Vec<Suggestion<'run>> {
    match fix.edits.as_slice() {
        [edit] if edit.place.file == place.file => vec![Suggestion {
            range: range(edit.place, sources),
            text: &edit.replacement,
        }],
        _ => Vec::new(),
    }
}

fn location(place: Place, sources: &Sources) -> Location {
    Location {
        path: relative(&sources.file(place.file).path),
        range: range(place, sources),
    }
}

fn range(place: Place, sources: &Sources) -> Range {
    let file = sources.file(place.file);
    let column = |offset: u32| {
        let line = file.position(offset).line;
        let line_start = file.lines.line_start(line, &file.text);
        Column {
            line,
            column: offset.saturating_sub(line_start) + 1,
        }
    };
    Range {
        start: column(place.span.start),
        end: column(place.span.end),
    }
}
