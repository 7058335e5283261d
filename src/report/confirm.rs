//! Measurements for people: a bar chart, a profile and a verdict for each finding.

use std::io::{self, Write};

use super::Style;
use super::words::{count, harmless, wrapped};
use crate::confirm::{Condition, Figures, Item, Outcome, Ratio, Report, Status};
use crate::source::Sources;

/// The longest bar.
const BAR: usize = 40;
/// The column of the figures.
const LABEL: usize = 24;

/// Writes what would be measured, and with what.
///
/// # Errors
/// When the writer fails.
pub fn write_plan(
    out: &mut dyn Write,
    style: Style,
    items: &[(Item, String)],
    sources: &Sources,
    how: &str,
) -> io::Result<()> {
    let measured = items.iter().filter(|(item, _)| item.work.is_ok()).count();
    if items.is_empty() {
        return writeln!(out, "no finding is about speed: nothing to measure");
    }
    writeln!(
        out,
        "plan: {measured} of {} measured; {how}",
        count(items.len(), "finding")
    )?;
    for (item, _) in items {
        let place = super::path_and_line(item.finding.place, sources);
        writeln!(out, "  {place} {} {}", item.finding.code, item.target)?;
        match &item.work {
            Ok(work) => {
                let origin = work.inputs.origin.as_str();
                write_indented(
                    out,
                    style,
                    &format!(
                        "calls {} with inputs {origin}: {}",
                        work.target.shown(),
                        work.inputs.expression.shown()
                    ),
                )?;
            }
            Err(refusal) => write_indented(out, style, &format!("not measured: {refusal}"))?,
        }
    }
    Ok(())
}

pub(super) fn write(out: &mut dyn Write, style: Style, report: &Report) -> io::Result<()> {
    for outcome in &report.outcomes {
        write_outcome(out, style, outcome)?;
        writeln!(out)?;
    }
    if style.quiet {
        return Ok(());
    }
    if let Some(python) = &report.python {
        let gil = if python.gil { "with the GIL" } else { "without the GIL" };
        writeln!(
            out,
            "{} {} {gil}, {} on {}; the intervals are 99 %",
            python.implementation,
            python.version,
            count(report.workers, "worker"),
            count(report.cores, "core")
        )?;
    }
    if report.interrupted {
        writeln!(out, "interrupted: the rest was not measured")?;
    }
    writeln!(out, "{}", summary(report))
}

pub(super) fn write_concise(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    for outcome in &report.outcomes {
        let (path, line, column) = (&outcome.path, outcome.line, outcome.column);
        let (code, target, status) = (outcome.code, &outcome.target, outcome.status.as_str());
        let reason = plain(&outcome.reason);
        writeln!(out, "{path}:{line}:{column}: {code} {target}: {status}: {reason}")?;
    }
    Ok(())
}

/// `2 confirmed, 1 refuted, 0 inconclusive, 1 not measured`.
pub(super) fn summary(report: &Report) -> String {
    let all = [
        Status::Confirmed,
        Status::Refuted,
        Status::Inconclusive,
        Status::NotMeasured,
    ];
    let of = |status: Status| {
        report
            .outcomes
            .iter()
            .filter(|outcome| outcome.status == status)
            .count()
    };
    let parts: Vec<String> = all
        .iter()
        .map(|&status| format!("{} {}", of(status), status.as_str()))
        .collect();
    parts.join(", ")
}

fn write_outcome(out: &mut dyn Write, style: Style, outcome: &Outcome) -> io::Result<()> {
    let (bold, colour, end) = match (style.color, outcome.status) {
        (false, _) => ("", "", ""),
        (true, Status::Confirmed) => ("\x1b[1m", "\x1b[31m", "\x1b[0m"),
        (true, Status::Refuted) => ("\x1b[1m", "\x1b[32m", "\x1b[0m"),
        (true, _) => ("\x1b[1m", "\x1b[33m", "\x1b[0m"),
    };
    writeln!(
        out,
        "{bold}{}:{}:{}{end} {} {}: {}",
        outcome.path,
        outcome.line,
        outcome.column,
        outcome.code,
        outcome.name,
        plain(&outcome.target)
    )?;
    write_chart(out, outcome)?;
    write_profile(out, outcome)?;
    if outcome.left_behind > 0 {
        let processes = count(outcome.left_behind, "process").replace("processs", "processes");
        writeln!(out, "  it left {processes} running, now ended")?;
    }
    let verdict = format!("{}: {}", outcome.status.as_str(), plain(&outcome.reason));
    let text = wrapped(&verdict, style.width.saturating_sub(2).max(40)).replace('\n', "\n  ");
    writeln!(out, "  {bold}{colour}{text}{end}")
}

fn write_chart(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let stalls = outcome.conditions.iter().any(|figures| figures.condition.is_stall());
    let charted: Vec<&Figures> = outcome
        .conditions
        .iter()
        .filter(|figures| !stalls || figures.condition.is_stall())
        .collect();
    let ceiling = outcome.ceiling.filter(|_| !stalls);
    let known = charted.iter().filter_map(|figures| figures.speed_up).chain(ceiling);
    let longest = known.map(|ratio| ratio.median).fold(1.0, f64::max);
    for figures in charted {
        let label = figures.condition.as_str();
        match (figures.speed_up, &figures.failed) {
            (Some(ratio), _) => write_bar(out, label, ratio, longest, figures)?,
            (None, Some(why)) => writeln!(out, "  {label:<LABEL$} {}", plain(why))?,
            (None, None) => {}
        }
    }
    match ceiling {
        Some(ceiling) => write_line(out, "ceiling, native", ceiling, longest, ""),
        None => Ok(()),
    }
}

fn write_bar(out: &mut dyn Write, label: &str, ratio: Ratio, longest: f64, figures: &Figures) -> io::Result<()> {
    let what = if figures.condition.is_stall() { "stall" } else { "task" };
    let seconds = figures.seconds.map(duration).unwrap_or_default();
    let is_base = matches!(figures.condition, Condition::Serial | Condition::LoopInline);
    let digits = digits(ratio);
    let interval = if is_base {
        String::new()
    } else {
        format!(" [{:.digits$}, {:.digits$}]", ratio.low, ratio.high)
    };
    write_line(out, label, ratio, longest, &format!("{interval} {seconds} a {what}"))
}

fn write_line(out: &mut dyn Write, label: &str, ratio: Ratio, longest: f64, rest: &str) -> io::Result<()> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a length of at most 40"
    )]
    let length = ((ratio.median / longest * BAR as f64).round() as usize).clamp(1, BAR);
    let bar = "█".repeat(length);
    let digits = digits(ratio);
    writeln!(out, "  {label:<LABEL$} {:>7.digits$}x {bar}{rest}", ratio.median)
}

/// Small figures need more digits to say something.
fn digits(ratio: Ratio) -> usize {
    if ratio.median < 0.1 { 4 } else { 2 }
}

fn write_profile(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let Some(measured) = outcome.profile.measured else {
        return Ok(());
    };
    let predicted = outcome.profile.predicted;
    let parts = [
        ("interpreter", predicted.interpreter[1], Some(measured.interpreter)),
        ("native", predicted.native[1], Some(measured.native)),
        ("wait", predicted.wait[1], Some(measured.wait)),
    ];
    let row = |(name, predicted, measured): (&str, f64, Option<f64>)| {
        let measured = measured.map_or("-".to_owned(), duration);
        format!("{name} {} / {measured}", duration(predicted))
    };
    let mut cells: Vec<String> = parts.into_iter().map(row).collect();
    let transfer = measured.transfer.map_or("does not pickle".to_owned(), duration);
    let bytes = measured.sent_bytes.unwrap_or(0.0) + measured.returned_bytes.unwrap_or(0.0);
    cells.push(format!("transfer {transfer} ({bytes:.0} bytes)"));
    writeln!(out, "  predicted / measured     {}", cells.join(", "))
}

fn write_indented(out: &mut dyn Write, style: Style, text: &str) -> io::Result<()> {
    let text = wrapped(&plain(text), style.width.saturating_sub(6).max(40)).replace('\n', "\n      ");
    writeln!(out, "      {text}")
}

fn plain(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    one_line.chars().map(harmless).collect()
}

fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 1e-8 => "0".to_owned(),
        seconds if seconds < 1e-3 => format!("{:.1} µs", seconds * 1e6),
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}
