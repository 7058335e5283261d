//! Workflow commands, which GitHub Actions turns into annotations of the changed lines.

use std::io::{self, Write};

use super::{end, relative, start};
use crate::finding::{Finding, Severity};
use crate::source::Sources;

pub(super) fn write(out: &mut dyn Write, findings: &[&Finding], sources: &Sources) -> io::Result<()> {
    for finding in findings {
        let (path, first) = start(finding.place, sources);
        let last = end(finding.place, sources);
        let path = relative(path);
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Advice => "notice",
        };
        write!(
            out,
            "::{command} title={},file={},line={},col={},endLine={}",
            property(&format!("concheck {} {}", finding.code, finding.name)),
            property(&path),
            first.line,
            first.column,
            last.line
        )?;
        // Across several lines a column makes no sense to GitHub.
        if last.line == first.line {
            write!(out, ",endColumn={}", last.column)?;
        }
        writeln!(out, "::{}", data(&text(finding, sources)))?;
    }
    Ok(())
}

fn text(finding: &Finding, sources: &Sources) -> String {
    let mut text = finding.message.clone();
    for note in &finding.related {
        let place = super::path_and_line(note.place, sources);
        text.push_str(&format!("\n{place}: {}", note.message));
    }
    if !finding.help.is_empty() {
        text.push_str(&format!("\nhelp: {}", finding.help));
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
