//! `concheck confirm`, and what it shares with `concheck check --confirm`.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use super::arguments::{ConfirmArguments, MeasureArguments, RunArguments};
use super::error::CliError;
use super::{check, run, terminal};
use crate::config::Settings;
use crate::confirm::{self, Interrupt, Item, Kept, Permission, Report, Status};
use crate::pipeline::{self, CheckOutcome};
use crate::report::{self, InventoryFormat, Style};
use crate::source::Sources;

/// A finding stands: it was confirmed, or could not be refuted.
const STANDING: u8 = 1;
/// What shells say of a program that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

/// Measures the findings about speed; the exit code says whether some stand.
pub(super) fn run(arguments: &ConfirmArguments) -> Result<u8, CliError> {
    let known = run::known_rules();
    let request = run::request(&arguments.run, check::choice(&arguments.choice, &known)?)?;
    let settings = run::settings(&request, &known)?.settings;
    let (sources, (outcome, named)) = run::analysed(&arguments.run, &request, settings, |sources, settings| {
        analysed(sources, settings, &arguments.measure)
    })?;
    run::tell_errors(&arguments.run, &outcome.errors, &sources);
    let (mut out, style) = terminal::stdout(arguments.run.color, arguments.run.quiet);
    let format: InventoryFormat = arguments.output_format.into();
    if arguments.dry_run {
        match format {
            InventoryFormat::Json => report::write_confirm(&mut out, format, style, &dry(&named, &sources))?,
            _ => report::write_plan(&mut out, style, &named, &sources, &how(&arguments.measure))?,
        }
        out.flush()?;
        return Ok(0);
    }
    let report = measured(&arguments.run, &arguments.measure, style, &named, &sources)?;
    report::write_confirm(&mut out, format, style, &report)?;
    out.flush()?;
    Ok(if report.interrupted {
        INTERRUPTED
    } else if report.outcomes.iter().any(|outcome| outcome.status != Status::Refuted) {
        STANDING
    } else {
        0
    })
}

/// What could be measured, in the order of the report, each with the fingerprint of its finding.
pub(super) type Named = Vec<(Item, String)>;

/// Checks, and plans the measurements.
pub(super) fn analysed(sources: &Sources, settings: &Settings, measure: &MeasureArguments) -> (CheckOutcome, Named) {
    let permission = Permission {
        everything: measure.allow_effects,
        names: measure.allow.clone(),
    };
    let (outcome, items) = pipeline::check_and(sources, settings, |context, findings| {
        confirm::plan(context, findings, &permission)
    });
    let named = items.into_iter().map(|item| {
        let fingerprint = item.finding.fingerprint.clone();
        (item, fingerprint)
    });
    (outcome, named.collect())
}

/// Measures for a check, and gives what it needs to know.
pub(super) fn results(
    run: &RunArguments,
    measure: &MeasureArguments,
    named: &Named,
    sources: &Sources,
) -> Result<Vec<Kept>, CliError> {
    let (_, style) = terminal::stdout(run.color, run.quiet);
    let report = measured(run, measure, style, named, sources)?;
    Ok(report.outcomes.iter().map(Kept::from).collect())
}

/// Shows the plan, asks, measures, and keeps the results where that is wanted.
fn measured(
    run: &RunArguments,
    measure: &MeasureArguments,
    style: Style,
    named: &Named,
    sources: &Sources,
) -> Result<Report, CliError> {
    let anything = named.iter().any(|(item, _)| item.work.is_ok());
    if !run.quiet && anything {
        let plain = Style { color: false, ..style };
        report::write_plan(&mut io::stderr().lock(), plain, named, sources, &how(measure))?;
    }
    if anything && !measure.yes && !is_allowed()? {
        return Ok(dry(named, sources));
    }
    let interrupt = Interrupt::listen().map_err(CliError::Signals)?;
    let options = confirm::Options {
        python: confirm::choose_python(measure.python.clone(), &run.paths),
        budget: Duration::from_secs_f64(measure.budget),
        timeout: Duration::from_secs(measure.timeout),
        memory_megabytes: measure.memory,
        workers: measure.workers,
    };
    let shows = !run.quiet && io::stderr().is_terminal();
    let mut show = |what: &str| {
        if shows {
            let _ = write!(io::stderr(), "\r\x1b[K{what}");
        }
    };
    let report = confirm::run(named, sources, &options, &interrupt, &mut show);
    show("");
    let report = report?;
    if let Some(path) = &measure.save {
        save(path, &report)?;
    }
    Ok(report)
}

fn how(measure: &MeasureArguments) -> String {
    format!(
        "at most about {} s each, time-out of a step {} s, memory of a process {} MB, in a scratch directory",
        measure.budget, measure.timeout, measure.memory
    )
}

/// Asks whether the code may be run.
fn is_allowed() -> Result<bool, CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::NobodyToAsk);
    }
    write!(io::stderr(), "run this code now? [y/N] ")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// The report of a run that runs nothing.
fn dry(named: &Named, sources: &Sources) -> Report {
    let outcomes = named.iter().map(|(item, fingerprint)| {
        let mut outcome = confirm::blank(item, fingerprint, sources);
        if outcome.reason.is_empty() {
            "nothing was run".clone_into(&mut outcome.reason);
        }
        outcome
    });
    Report {
        python: None,
        workers: 0,
        cores: confirm::cores(),
        interrupted: false,
        outcomes: outcomes.collect(),
    }
}

fn save(path: &Path, report: &Report) -> Result<(), CliError> {
    let style = Style {
        color: false,
        width: 0,
        quiet: true,
    };
    let mut text = Vec::new();
    report::write_confirm(&mut text, InventoryFormat::Json, style, report)?;
    fs::write(path, text).map_err(|source| CliError::File {
        path: path.display().to_string(),
        source,
    })
}
