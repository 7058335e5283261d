//! The Code Quality report of GitLab.

use std::io::{self, Write};

use serde::Serialize;

use super::{end, relative, start};
use crate::finding::{Finding, Severity};
use crate::source::Sources;

#[derive(Serialize)]
struct Entry<'run> {
    description: String,
    check_name: &'static str,
    fingerprint: &'run str,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

pub(super) fn write(out: &mut dyn Write, findings: &[&Finding], sources: &Sources) -> io::Result<()> {
    let entries: Vec<_> = findings.iter().map(|finding| entry(finding, sources)).collect();
    serde_json::to_writer_pretty(&mut *out, &entries)?;
    writeln!(out)
}

fn entry<'run>(finding: &'run Finding, sources: &Sources) -> Entry<'run> {
    let (path, first) = start(finding.place, sources);
    Entry {
        description: format!("{}: {}", finding.code, finding.message),
        check_name: finding.name,
        fingerprint: &finding.fingerprint,
        severity: match finding.severity {
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Advice => "minor",
        },
        location: Location {
            path: relative(path),
            lines: Lines {
                begin: first.line,
                end: end(finding.place, sources).line,
            },
        },
    }
}
