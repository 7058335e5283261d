//! How often each rule speaks.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::json;

use super::words::{count, summary};
use super::{Format, Style};
use crate::finding::Finding;
use crate::pipeline::CheckOutcome;

/// Writes how many findings each rule has, the most frequent first: a JSON list for programs, a table otherwise.
///
/// # Errors
/// When the writer fails.
pub fn write_statistics(out: &mut dyn Write, format: Format, style: Style, outcome: &CheckOutcome) -> io::Result<()> {
    let counts = counts(&outcome.findings);
    if matches!(format, Format::Json | Format::JsonLines) {
        let entries = counts.iter().map(|(finding, number)| {
            json!({
                "code": finding.code,
                "name": finding.name,
                "severity": finding.severity,
                "count": number,
                "fixable": fixable(&outcome.findings, finding.code),
            })
        });
        serde_json::to_writer_pretty(&mut *out, &entries.collect::<Vec<_>>())?;
        return writeln!(out);
    }
    let width = counts.first().map_or(1, |(_, number)| number.to_string().len());
    let names = counts.iter().map(|(finding, _)| finding.name.len()).max().unwrap_or(0);
    for (finding, number) in &counts {
        let fixable = match fixable(&outcome.findings, finding.code) {
            0 => String::new(),
            fixable => format!("  {} with a fix", count(fixable, "finding")),
        };
        let line = format!(
            "{number:>width$}  {}  {:<7}  {:<names$}{fixable}",
            finding.code,
            finding.severity.as_str(),
            finding.name
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    if style.quiet {
        return Ok(());
    }
    let findings: Vec<&Finding> = outcome.findings.iter().collect();
    writeln!(out, "{}", summary(&findings, outcome.files))
}

/// One finding of each rule with the number of all.
fn counts(findings: &[Finding]) -> Vec<(&Finding, usize)> {
    let mut of_rule: BTreeMap<&str, (&Finding, usize)> = BTreeMap::new();
    for finding in findings {
        of_rule.entry(finding.code).or_insert((finding, 0)).1 += 1;
    }
    let mut counts: Vec<_> = of_rule.into_values().collect();
    counts.sort_by_key(|&(finding, number)| (std::cmp::Reverse(number), finding.code));
    counts
}

fn fixable(findings: &[Finding], code: &str) -> usize {
    let with_fix = findings
        .iter()
        .filter(|finding| finding.code == code && finding.fix.is_some());
    with_fix.count()
}
