//! `concheck confirm`: puts what the analysis says about speed to the test on this machine.
//!
//! In: the findings of a check with the analysed program. Out: for each a verdict with figures. This is the only part of
//! concheck that starts a process. The order of the modules is that of a run:
//!
//! | module | idea |
//! |---|---|
//! | `plan`, `inputs`, `render` | which function is called with what, as Python expressions |
//! | `effects` | what is not run unasked |
//! | `python` | which interpreter |
//! | `child`, `system`, `interrupt`, `failure` | an interpreter that is bounded, and ended with all that it started |
//! | `worker.py` | the other end of the pipes |
//! | `condition`, `lane`, `measure`, `ceiling` | batches in interleaved rounds, and what the machine has to give |
//! | `statistics`, `verdict` | medians with intervals, and what they decide |
//! | `outcome`, `saved` | results, and what they do to later checks |

mod ceiling;
mod child;
mod condition;
mod effects;
mod failure;
mod inputs;
mod interrupt;
mod lane;
mod measure;
mod outcome;
mod plan;
mod python;
mod render;
mod saved;
mod statistics;
mod system;
mod verdict;

use std::num::NonZero;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::source::Sources;

use ceiling::Ceiling;
use child::Launcher;
use measure::{Bench, Measured};

pub use condition::{Condition, Python};
pub use failure::Failure;
pub use interrupt::Interrupt;
pub use measure::MeasuredProfile;
pub use outcome::{Figures, Kept, Outcome, Profiles, Report};
pub use plan::{Claim, Expression, HandOver, Inputs, Item, Module, Origin, Permission, Predicted, Refusal, Work, plan};
pub use python::choose as choose_python;
pub use saved::{SavedError, apply as apply_saved, read as read_saved};
pub use statistics::Ratio;
pub use verdict::Status;

/// Pools have at most this many workers unless the user says otherwise.
const MOST_WORKERS: usize = 4;

/// How a run measures.
#[derive(Clone, Debug)]
pub struct Options {
    /// The interpreter.
    pub python: PathBuf,
    /// Time for one finding.
    pub budget: Duration,
    /// Time for one step.
    pub timeout: Duration,
    /// Memory of one process.
    pub memory_megabytes: u64,
    /// Workers in each pool; `None` for as many as there are cores, from 2 to 4.
    pub workers: Option<usize>,
}

/// The cores that this process may use.
#[must_use]
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Measures what a plan holds; `show` is told what is being done. An interrupt ends the run with what there is.
///
/// # Errors
/// When the interpreter cannot be used at all.
pub fn run(
    named: &[(Item, String)],
    sources: &Sources,
    options: &Options,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(&str),
) -> Result<Report, Failure> {
    let workers = options.workers.unwrap_or_else(|| cores().clamp(2, MOST_WORKERS));
    let mut report = Report {
        python: None,
        workers,
        cores: cores(),
        interrupted: false,
        outcomes: Vec::new(),
    };
    let mut launcher = None;
    if named.iter().any(|(item, _)| item.work.is_ok()) {
        let mut started = Launcher::new(
            options.python.clone(),
            options.timeout,
            options.memory_megabytes,
            interrupt.clone(),
        )?;
        let python = match Bench::hello(&started) {
            Ok(python) => python,
            Err(Failure::Interrupted) => {
                report.interrupted = true;
                return Ok(report);
            }
            Err(failure) => return Err(failure),
        };
        // The interpreter itself, not a script that looks for it first each time.
        if !python.executable.is_empty() {
            started.python = PathBuf::from(&python.executable);
        }
        report.python = Some(python);
        launcher = Some(started);
    }
    let ceiling = Ceiling::calibrated(workers);
    let bench = launcher
        .as_ref()
        .zip(report.python.clone())
        .map(|(launcher, python)| Bench {
            launcher,
            python,
            budget: options.budget,
            workers,
            cores: report.cores,
            ceiling,
        });
    for (number, (item, fingerprint)) in named.iter().enumerate() {
        let mut tell = |what: &str| show(&format!("{} of {}: {}: {what}", number + 1, named.len(), item.target));
        let mut outcome = blank(item, fingerprint, sources);
        if let Err(Failure::Interrupted) = measure_into(&mut outcome, item, bench.as_ref(), &mut tell) {
            report.interrupted = true;
            break;
        }
        report.outcomes.push(outcome);
    }
    Ok(report)
}

/// Measures one item, where it can be; only an interrupt is left to the caller.
fn measure_into(
    outcome: &mut Outcome,
    item: &Item,
    bench: Option<&Bench<'_>>,
    tell: &mut dyn FnMut(&str),
) -> Result<(), Failure> {
    let (Ok(work), Some(bench)) = (&item.work, bench) else {
        return Ok(());
    };
    let start = Instant::now();
    match bench.measure(item.claim, work, &format!("`{}`", item.target), tell) {
        Ok(measured) => fill(outcome, &measured),
        Err(Failure::Interrupted) => return Err(Failure::Interrupted),
        Err(failure) => outcome.reason = failure.to_string(),
    }
    outcome.seconds = start.elapsed().as_secs_f64();
    Ok(())
}

/// The outcome of an item that has not been measured.
#[must_use]
pub fn blank(item: &Item, fingerprint: &str, sources: &Sources) -> Outcome {
    let file = sources.file(item.finding.place.file);
    let position = file.position(item.finding.place.span.start);
    let work = item.work.as_ref();
    Outcome {
        fingerprint: fingerprint.to_owned(),
        code: item.finding.code,
        name: item.finding.name,
        path: file.path.clone(),
        line: position.line,
        column: position.column,
        target: item.target.clone(),
        digest: item.digest.clone(),
        claim: item.claim,
        status: Status::NotMeasured,
        reason: work.err().map(ToString::to_string).unwrap_or_default(),
        inputs: work.ok().map(|work| work.inputs.expression.shown()),
        inputs_origin: work.ok().map(|work| work.inputs.origin),
        conditions: Vec::new(),
        ceiling: None,
        profile: Profiles {
            predicted: item.predicted,
            measured: None,
        },
        rounds: 0,
        left_behind: 0,
        seconds: 0.0,
    }
}

fn fill(outcome: &mut Outcome, measured: &Measured) {
    let rounds = &measured.rounds;
    outcome.status = measured.verdict.status;
    outcome.reason.clone_from(&measured.verdict.reason);
    outcome.rounds = rounds.ceiling.len();
    outcome.left_behind = measured.left_behind;
    outcome.profile.measured = Some(rounds.profile);
    let ceiling = (!rounds.ceiling.is_empty()).then(|| statistics::interval(&rounds.ceiling));
    outcome.ceiling = ceiling;
    outcome.conditions = rounds
        .series
        .iter()
        .map(|series| {
            let base = if series.condition.is_stall() {
                Condition::LoopInline
            } else {
                Condition::Serial
            };
            let known = series.failed.is_none() && !series.seconds.is_empty();
            let base = rounds.seconds(base).ok().filter(|_| known);
            let speed_up = base.map(|base| statistics::ratio(base, &series.seconds));
            Figures {
                condition: series.condition,
                speed_up,
                of_ceiling: match (speed_up, ceiling) {
                    (Some(speed_up), Some(ceiling)) if !series.condition.is_stall() => {
                        Some(speed_up.median / ceiling.median)
                    }
                    _ => None,
                },
                seconds: known.then(|| statistics::median(&series.seconds)),
                cpu_seconds: known.then_some(series.cpu),
                batch: series.batch,
                failed: series.failed.clone(),
            }
        })
        .collect();
}
