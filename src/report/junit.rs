//! The XML of JUnit, in the form that Jenkins and its likes accept: each finding is a failed test of its file.

use std::io::{self, Write};

use super::words::harmless;
use super::{path_and_line, relative, start};
use crate::finding::Finding;
use crate::pipeline::CheckOutcome;
use crate::source::Sources;

pub(super) fn write(
    out: &mut dyn Write,
    outcome: &CheckOutcome,
    findings: &[&Finding],
    sources: &Sources,
) -> io::Result<()> {
    let (failures, errors) = (findings.len(), outcome.errors.len());
    // A report without any test counts as a mistake in most places.
    let is_clean = failures + errors == 0;
    let tests = failures + errors + usize::from(is_clean);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"concheck\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">"
    )?;
    for of_file in findings.chunk_by(|one, other| one.place.file == other.place.file) {
        write_suite(out, of_file, sources)?;
    }
    if errors > 0 {
        write_errors(out, outcome)?;
    }
    if is_clean {
        writeln!(
            out,
            "  <testsuite name=\"concheck\" tests=\"1\" failures=\"0\" errors=\"0\">"
        )?;
        let name = super::words::summary(&[], outcome.files);
        writeln!(
            out,
            "    <testcase name=\"{}\" classname=\"concheck\"/>",
            escaped(&name)
        )?;
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn write_suite(out: &mut dyn Write, findings: &[&Finding], sources: &Sources) -> io::Result<()> {
    let path = findings
        .first()
        .map(|finding| relative(start(finding.place, sources).0))
        .unwrap_or_default();
    let path = escaped(&path);
    let number = findings.len();
    writeln!(
        out,
        "  <testsuite name=\"{path}\" tests=\"{number}\" failures=\"{number}\" errors=\"0\">"
    )?;
    for finding in findings {
        let (_, position) = start(finding.place, sources);
        let name = format!(
            "{} {} at {}:{}",
            finding.code, finding.name, position.line, position.column
        );
        writeln!(out, "    <testcase name=\"{}\" classname=\"{path}\">", escaped(&name))?;
        writeln!(
            out,
            "      <failure type=\"{}\" message=\"{}\">{}</failure>",
            finding.severity.as_str(),
            escaped(&finding.message),
            escaped(&text(finding, sources))
        )?;
        writeln!(out, "    </testcase>")?;
    }
    writeln!(out, "  </testsuite>")
}

fn write_errors(out: &mut dyn Write, outcome: &CheckOutcome) -> io::Result<()> {
    let number = outcome.errors.len();
    writeln!(
        out,
        "  <testsuite name=\"reading\" tests=\"{number}\" failures=\"0\" errors=\"{number}\">"
    )?;
    for error in &outcome.errors {
        let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
        writeln!(
            out,
            "    <testcase name=\"{}{line}\" classname=\"reading\"><error message=\"{}\"/></testcase>",
            escaped(&error.path),
            escaped(&error.message)
        )?;
    }
    writeln!(out, "  </testsuite>")
}

fn text(finding: &Finding, sources: &Sources) -> String {
    let mut lines = vec![format!(
        "{}: {}",
        path_and_line(finding.place, sources),
        finding.message
    )];
    let notes = finding.related.iter();
    lines.extend(notes.map(|note| format!("{}: {}", path_and_line(note.place, sources), note.message)));
    if !finding.help.is_empty() {
        lines.push(format!("help: {}", finding.help));
    }
    lines.join("\n")
}

/// Text that may stand in an attribute or between tags; XML has no way to write control characters.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push_str("&#10;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            letter => safe.push(harmless(letter)),
        }
    }
    safe
}
