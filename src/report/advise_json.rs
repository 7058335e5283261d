//! The inventory for programs; the document is described by `schema/advise.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::advise::sorted;
use super::{SCHEMA, start};
use crate::finding::{Bounds, Confidence, SubmissionReport};
use crate::pipeline::AdviseOutcome;
use crate::source::{SourceError, Sources};

#[derive(Serialize)]
struct Document<'run> {
    schema: u32,
    version: &'static str,
    submissions: Vec<Entry<'run>>,
    errors: &'run [SourceError],
    summary: Summary,
}

#[derive(Serialize)]
struct Entry<'run> {
    path: &'run str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    api: &'run str,
    worker: &'static str,
    target: Option<&'run str>,
    target_path: Option<&'run str>,
    target_line: Option<u32>,
    class: &'static str,
    confidence: Confidence,
    profile: ProfileEntry,
    evidence: Vec<EvidenceEntry<'run>>,
    recommended: &'run str,
    predicted_speedup: SpeedUpEntry,
    detail: &'run str,
}

#[derive(Serialize)]
struct ProfileEntry {
    interpreter_s: Bounds,
    native_s: Bounds,
    wait_s: Bounds,
    sent_bytes: Bounds,
    returned_bytes: Bounds,
}

#[derive(Serialize)]
struct EvidenceEntry<'run> {
    path: &'run str,
    line: u32,
    message: &'run str,
}

#[derive(Serialize)]
struct SpeedUpEntry {
    threads: Option<Bounds>,
    processes: Option<Bounds>,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    submissions: usize,
}

pub(super) fn write(out: &mut dyn Write, outcome: &AdviseOutcome, sources: &Sources) -> io::Result<()> {
    let submissions = sorted(&outcome.submissions, sources);
    let document = Document {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        submissions: submissions
            .iter()
            .map(|submission| entry(submission, sources))
            .collect(),
        errors: &outcome.errors,
        summary: Summary {
            files: outcome.files,
            submissions: submissions.len(),
        },
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn entry<'run>(submission: &'run SubmissionReport, sources: &'run Sources) -> Entry<'run> {
    let (path, first) = start(submission.place, sources);
    let last = sources.file(submission.place.file).position(submission.place.span.end);
    let target = submission.target_place.map(|place| start(place, sources));
    let profile = &submission.profile;
    let evidence = submission.evidence.iter().map(|note| {
        let (path, position) = start(note.place, sources);
        EvidenceEntry {
            path,
            line: position.line,
            message: &note.message,
        }
    });
    Entry {
        path,
        line: first.line,
        column: first.column,
        end_line: last.line,
        end_column: last.column,
        api: &submission.api,
        worker: submission.worker,
        target: submission.target.as_deref(),
        target_path: target.map(|(path, _)| path),
        target_line: target.map(|(_, position)| position.line),
        class: submission.class,
        confidence: submission.confidence,
        profile: ProfileEntry {
            interpreter_s: profile.interpreter_seconds,
            native_s: profile.native_seconds,
            wait_s: profile.wait_seconds,
            sent_bytes: profile.sent_bytes,
            returned_bytes: profile.returned_bytes,
        },
        evidence: evidence.collect(),
        recommended: &submission.recommended,
        predicted_speedup: SpeedUpEntry {
            threads: submission.predicted_speedup.threads,
            processes: submission.predicted_speedup.processes,
        },
        detail: &submission.detail,
    }
}
