//! Measurements for programs; the document is described by `schema/confirm.schema.json`. A later check reads it, too.

use std::io::{self, Write};

use serde::Serialize;

use super::SCHEMA;
use crate::confirm::{Outcome, Python, Report, Status};

#[derive(Serialize)]
struct Document<'run> {
    schema: u32,
    version: &'static str,
    python: Option<&'run Python>,
    workers: usize,
    cores: usize,
    interrupted: bool,
    results: &'run [Outcome],
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    confirmed: usize,
    refuted: usize,
    inconclusive: usize,
    not_measured: usize,
}

pub(super) fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let of = |status: Status| {
        report
            .outcomes
            .iter()
            .filter(|outcome| outcome.status == status)
            .count()
    };
    let document = Document {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        python: report.python.as_ref(),
        workers: report.workers,
        cores: report.cores,
        interrupted: report.interrupted,
        results: &report.outcomes,
        summary: Summary {
            confirmed: of(Status::Confirmed),
            refuted: of(Status::Refuted),
            inconclusive: of(Status::Inconclusive),
            not_measured: of(Status::NotMeasured),
        },
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
