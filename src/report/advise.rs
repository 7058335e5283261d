//! The inventory for people: a table for each file, totals at the end.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::words::count;
use super::{Style, order, path_and_line, start};
use crate::finding::{Bounds, SubmissionReport};
use crate::pipeline::AdviseOutcome;
use crate::source::Sources;

const HEADER: [&str; 7] = [
    "line",
    "worker",
    "target",
    "class",
    "confidence",
    "recommended",
    "speed-up",
];
const LONGEST_TARGET: usize = 48;

pub(super) fn sorted<'run>(submissions: &'run [SubmissionReport], sources: &Sources) -> Vec<&'run SubmissionReport> {
    let mut submissions: Vec<_> = submissions.iter().collect();
    submissions.sort_by_cached_key(|one| (order(one.place, sources), one.target.clone()));
    submissions
}

pub(super) fn write(
    out: &mut dyn Write,
    style: Style,
    evidence: bool,
    outcome: &AdviseOutcome,
    sources: &Sources,
) -> io::Result<()> {
    let submissions = sorted(&outcome.submissions, sources);
    let rows: Vec<_> = submissions.iter().map(|submission| row(submission, sources)).collect();
    let widths = widths(&rows);
    let mut path = "";
    for (submission, row) in submissions.iter().zip(&rows) {
        let (next_path, _) = start(submission.place, sources);
        if next_path != path {
            write_header(out, style, next_path, &widths, path.is_empty())?;
            path = next_path;
        }
        writeln!(out, "{}", line(row, &widths))?;
        if evidence {
            write_evidence(out, submission, sources)?;
        }
    }
    if style.quiet {
        return Ok(());
    }
    if !submissions.is_empty() {
        writeln!(out)?;
    }
    writeln!(out, "{}", totals(&submissions, outcome.files))
}

pub(super) fn write_concise(out: &mut dyn Write, outcome: &AdviseOutcome, sources: &Sources) -> io::Result<()> {
    for submission in sorted(&outcome.submissions, sources) {
        let (path, position) = start(submission.place, sources);
        let (target, class) = (target(submission), submission.class);
        let (worker, recommended) = (submission.worker, &submission.recommended);
        writeln!(
            out,
            "{path}:{}:{}: {worker} runs {target}: {class}, recommended {recommended}",
            position.line, position.column
        )?;
    }
    Ok(())
}

fn target(submission: &SubmissionReport) -> &str {
    submission.target.as_deref().unwrap_or("?")
}

fn row(submission: &SubmissionReport, sources: &Sources) -> [String; 7] {
    let target = target(submission);
    let length = target.chars().count();
    let target = if length > LONGEST_TARGET {
        let tail: String = target.chars().skip(length - LONGEST_TARGET + 1).collect();
        format!("…{tail}")
    } else {
        target.to_owned()
    };
    [
        start(submission.place, sources).1.line.to_string(),
        submission.worker.to_owned(),
        target,
        submission.class.to_owned(),
        submission.confidence.as_str().to_owned(),
        submission.recommended.clone(),
        speed_up(submission),
    ]
}

/// The factor of the recommended kind of worker.
fn speed_up(submission: &SubmissionReport) -> String {
    let predicted = &submission.predicted_speedup;
    let bounds = if submission.recommended.contains("process") {
        predicted.processes
    } else if submission.recommended.contains("thread") {
        predicted.threads
    } else {
        None
    };
    match bounds {
        Some([low, high]) if !high.is_finite() => format!("at least {low:.1}x"),
        Some([low, high]) if (high - low).abs() < 0.05 => format!("{low:.1}x"),
        Some([low, high]) => format!("{low:.1}x to {high:.1}x"),
        None => "-".to_owned(),
    }
}

fn widths(rows: &[[String; 7]]) -> [usize; 7] {
    let mut widths = HEADER.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    widths
}

fn line(cells: &[String; 7], widths: &[usize; 7]) -> String {
    let mut line = format!("  {:>width$}", cells[0], width = widths[0]);
    for (cell, width) in cells.iter().zip(widths).skip(1) {
        line.push_str(&format!("  {cell:<width$}"));
    }
    line.trim_end().to_owned()
}

fn write_header(out: &mut dyn Write, style: Style, path: &str, widths: &[usize; 7], is_first: bool) -> io::Result<()> {
    let (bold, faint, plain) = if style.color {
        ("\x1b[1m", "\x1b[2m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    if !is_first {
        writeln!(out)?;
    }
    writeln!(out, "{bold}{path}{plain}")?;
    writeln!(out, "{faint}{}{plain}", line(&HEADER.map(str::to_owned), widths))
}

fn write_evidence(out: &mut dyn Write, submission: &SubmissionReport, sources: &Sources) -> io::Result<()> {
    let profile = &submission.profile;
    let parts = [
        ("holding the GIL", profile.interpreter_seconds),
        ("native", profile.native_seconds),
        ("waiting", profile.wait_seconds),
    ];
    let parts = parts.into_iter().filter(|(_, bounds)| bounds[1] > 0.0);
    let parts: Vec<_> = parts
        .map(|(what, bounds)| format!("{what} {}", seconds(bounds)))
        .collect();
    if !parts.is_empty() {
        writeln!(out, "          one run: {}", parts.join(", "))?;
    }
    for note in &submission.evidence {
        writeln!(
            out,
            "          {}: {}",
            path_and_line(note.place, sources),
            note.message
        )?;
    }
    if !submission.detail.is_empty() {
        writeln!(out, "          {}", submission.detail)?;
    }
    Ok(())
}

fn seconds([low, high]: Bounds) -> String {
    if high.is_finite() {
        format!("{} to {}", duration(low), duration(high))
    } else {
        format!("{} or more", duration(low))
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        0.0 => "0".to_owned(),
        seconds if seconds < 1e-3 => format!("{:.2} us", seconds * 1e6),
        seconds if seconds < 1.0 => format!("{:.2} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}

fn totals(submissions: &[&SubmissionReport], files: usize) -> String {
    let files = count(files, "file");
    if submissions.is_empty() {
        return format!("no work is handed to workers in {files}");
    }
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    for submission in submissions {
        *classes.entry(submission.class).or_default() += 1;
    }
    let classes: Vec<_> = classes
        .iter()
        .map(|(class, number)| format!("{number} {class}"))
        .collect();
    let resolved = submissions
        .iter()
        .filter(|submission| submission.target.is_some())
        .count();
    let total = submissions.len();
    format!(
        "{} in {files}: {}; {resolved} of {total} targets resolved",
        count(total, "submission"),
        classes.join(", ")
    )
}
