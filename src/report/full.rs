//! Findings for people: what, the evidence as labelled source, what to do.

use std::io::{self, Write};

use anstream::adapter::strip_bytes;
use ariadne::{Color, Config, IndexType, Label, Report, ReportKind};

use super::excerpt::{Excerpts, Panel, Panels};
use super::words::{count, harmless, summary, wrapped};
use super::{Style, linked};
use crate::finding::{Applicability, Confidence, Finding, Severity};
use crate::pipeline::CheckOutcome;
use crate::source::Sources;

pub(super) fn write(
    out: &mut dyn Write,
    style: Style,
    outcome: &CheckOutcome,
    findings: &[&Finding],
    sources: &Sources,
) -> io::Result<()> {
    let mut excerpts = Excerpts::new(sources, style.width);
    for finding in findings {
        write_finding(out, style, finding, sources, &mut excerpts)?;
        writeln!(out)?;
    }
    if style.quiet {
        return Ok(());
    }
    let unread = match outcome.errors.len() {
        0 => String::new(),
        number => format!("; {} while reading", count(number, "problem")),
    };
    let known = match outcome.known {
        0 => String::new(),
        number => format!("; {number} more in the baseline"),
    };
    let fixable = fixable(findings);
    writeln!(out, "{}{known}{unread}{fixable}", summary(findings, outcome.files))
}

/// What `--fix` would mend, as the end of a sentence.
fn fixable(findings: &[&Finding]) -> String {
    let number = |wanted| {
        let fixes = findings.iter().filter_map(|finding| finding.fix.as_ref());
        fixes.filter(|fix| fix.applicability == wanted).count()
    };
    match (number(Applicability::Safe), number(Applicability::Unsafe)) {
        (0, 0) => String::new(),
        (safe, 0) => format!("; {safe} can be fixed with `--fix`"),
        (0, bold) => format!("; {bold} can be fixed with `--fix --unsafe-fixes`"),
        (safe, bold) => format!("; {safe} can be fixed with `--fix`, {bold} more with `--unsafe-fixes`"),
    }
}

fn write_finding(
    out: &mut dyn Write,
    style: Style,
    finding: &Finding,
    sources: &Sources,
    excerpts: &mut Excerpts<'_>,
) -> io::Result<()> {
    let color = match finding.severity {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
        Severity::Advice => Color::Cyan,
    };
    let code = linked(finding.code, finding.name, style);
    let kind = format!("{}[{code}] {}", finding.severity.as_str(), finding.name);
    let mut panels = Panels::new(finding.place, sources);
    let span = (panels.current(), excerpts.range(finding.place));
    let message: String = finding.message.chars().map(harmless).collect();
    let config = Config::new()
        .with_color(style.color)
        .with_index_type(IndexType::Char)
        .with_cross_gap(false);
    let mut report = Report::build(ReportKind::Custom(&kind, color), span.clone())
        .with_config(config)
        .with_message(message)
        .with_label(Label::new(span).with_message("here").with_color(color));
    report.add_labels(evidence(finding, sources, &mut panels, excerpts));
    let mut drawn = Vec::new();
    report.finish().write_for_stdout(excerpts, &mut drawn)?;
    // The renderer paints its headline whatever it is told.
    if style.color {
        out.write_all(&drawn)?
    } else {
        out.write_all(&strip_bytes(&drawn).into_vec())?
    }
    if finding.confidence != Confidence::High {
        write_line(
            out,
            style,
            "note",
            &format!("{} confidence", finding.confidence.as_str()),
        )?;
    }
    if let Some(measured) = &finding.measured {
        write_line(out, style, "measured", measured)?;
    }
    if !finding.help.is_empty() {
        write_line(out, style, "help", &finding.help)?;
    }
    if let Some(fix) = &finding.fix {
        let text = format!("{} ({})", fix.message, fix.applicability.as_str());
        write_line(out, style, "fix", &text)?;
    }
    Ok(())
}

fn write_line(out: &mut dyn Write, style: Style, word: &str, text: &str) -> io::Result<()> {
    const INDENT: &str = "        ";
    let text: String = text
        .chars()
        .map(|letter| if letter == '\n' { letter } else { harmless(letter) })
        .collect();
    let text = wrapped(&text, style.width.saturating_sub(INDENT.len()).max(40)).replace('\n', &format!("\n{INDENT}"));
    let (bold, plain) = if style.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    writeln!(out, "  {bold}{word}:{plain} {text}")
}

/// The related places in reading order, numbered when there are several.
fn evidence(
    finding: &Finding,
    sources: &Sources,
    panels: &mut Panels,
    excerpts: &mut Excerpts<'_>,
) -> Vec<Label<(Panel, std::ops::Range<usize>)>> {
    let several = finding.related.len() > 1;
    let label = |(at, note): (usize, &crate::finding::Note)| {
        let message: String = note.message.chars().map(harmless).collect();
        let message = if several {
            format!("{}. {message}", at + 1)
        } else {
            message
        };
        let order = i32::try_from(at + 1).unwrap_or(i32::MAX);
        let panel = panels.next(note.place, sources);
        let label = Label::new((panel, excerpts.range(note.place)));
        label.with_message(message).with_color(Color::Blue).with_order(order)
    };
    finding.related.iter().enumerate().map(label).collect()
}
