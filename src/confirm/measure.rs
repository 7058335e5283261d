//! Measures one piece of work under each condition, in rounds that take turns, until they decide or the budget is spent.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ceiling::Ceiling;
use super::child::Launcher;
use super::condition::{Condition, Python};
use super::failure::Failure;
use super::lane::{Lane, MOST_TASKS, greet};
use super::plan::{Claim, HandOver, Work};
use super::statistics::median;
use super::system;
use super::verdict::{Status, Verdict, judge};

/// Different inputs that are used, from all over the hand-over.
const DISTINCT: u64 = 4;
/// Fewer rounds decide nothing.
const LEAST_ROUNDS: usize = 6;
/// With a spent budget this many have to do.
const LEAST_ROUNDS_AT_THE_END: usize = 4;
/// Seconds for which the GIL is sampled.
const SAMPLED: f64 = 0.3;

/// The measured profile of one task, in seconds and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasuredProfile {
    /// Holding the GIL.
    pub interpreter: f64,
    /// Native code without the GIL.
    pub native: f64,
    /// Waiting.
    pub wait: f64,
    /// Packing and unpacking what goes to a process and back; `None` where it does not pickle.
    pub transfer: Option<f64>,
    /// Bytes that a process is sent.
    pub sent_bytes: Option<f64>,
    /// Bytes that it sends back.
    pub returned_bytes: Option<f64>,
}

/// The figures of one condition.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) condition: Condition,
    /// Seconds a task, or of the longest stall, round by round.
    pub(super) seconds: Vec<f64>,
    /// CPU seconds a task.
    pub(super) cpu: f64,
    /// Tasks in a batch.
    pub(super) batch: u64,
    /// Why there are no figures.
    pub(super) failed: Option<String>,
}

/// Everything that was measured for one finding.
#[derive(Clone, Debug)]
pub(super) struct Rounds {
    pub(super) series: Vec<Series>,
    pub(super) ceiling: Vec<f64>,
    pub(super) profile: MeasuredProfile,
    pub(super) workers: usize,
    pub(super) cores: usize,
}

impl Rounds {
    pub(super) fn new(workers: usize, cores: usize) -> Self {
        Self {
            series: Vec::new(),
            ceiling: Vec::new(),
            profile: MeasuredProfile::default(),
            workers,
            cores,
        }
    }

    /// `1 round`, `5 rounds`.
    pub(super) fn counted(&self) -> String {
        match self.ceiling.len() {
            1 => "1 round".to_owned(),
            number => format!("{number} rounds"),
        }
    }

    /// The seconds of a condition, or why there are none.
    pub(super) fn seconds(&self, condition: Condition) -> Result<&[f64], &str> {
        let series = self.series.iter().find(|series| series.condition == condition);
        match series {
            Some(series) => match &series.failed {
                Some(why) => Err(why),
                None => Ok(&series.seconds),
            },
            None => Err("it was not measured"),
        }
    }

    #[cfg(test)]
    pub(super) fn set(&mut self, condition: Condition, seconds: Vec<f64>) {
        self.series.push(Series {
            condition,
            seconds,
            cpu: 0.0,
            batch: 1,
            failed: None,
        });
    }
}

/// What is measured with.
pub(super) struct Bench<'run> {
    pub(super) launcher: &'run Launcher,
    pub(super) python: Python,
    pub(super) budget: Duration,
    pub(super) workers: usize,
    pub(super) cores: usize,
    pub(super) ceiling: Ceiling,
}

/// The end of a measurement.
pub(super) struct Measured {
    pub(super) rounds: Rounds,
    pub(super) verdict: Verdict,
    /// Processes that the work left running.
    pub(super) left_behind: usize,
}

impl Bench<'_> {
    /// Asks an interpreter about itself.
    pub(super) fn hello(launcher: &Launcher) -> Result<Python, Failure> {
        let mut interpreter = launcher.start(&[], &[])?;
        let answer = greet(&mut interpreter, launcher)?;
        interpreter.end();
        serde_json::from_value(answer).map_err(|_| Failure::Garbled("it started".to_owned()))
    }

    /// Measures; `show` is told how far it is.
    pub(super) fn measure(
        &self,
        claim: Claim,
        work: &Work,
        name: &str,
        show: &mut dyn FnMut(&str),
    ) -> Result<Measured, Failure> {
        let start = Instant::now();
        let outcome = self.run(claim, work, name, start, show);
        system::end_orphans();
        outcome
    }

    fn run(
        &self,
        claim: Claim,
        work: &Work,
        name: &str,
        start: Instant,
        show: &mut dyn FnMut(&str),
    ) -> Result<Measured, Failure> {
        let mut rounds = Rounds::new(self.workers, self.cores);
        show("calibrating");
        let (serial, distinct) = self.serial(claim, work, name)?;
        let mut lanes = vec![serial];
        rounds.profile = self.profile(&mut lanes[0], name)?;
        for condition in Condition::of_claim(claim, &self.python).into_iter().skip(1) {
            match self.lane(condition, claim, work, name, distinct) {
                Ok(lane) => lanes.push(lane),
                Err(Failure::Interrupted) => return Err(Failure::Interrupted),
                Err(failure) => rounds.series.push(failed(condition, &failure)),
            }
        }
        let all = lanes.iter().map(|lane| lane.condition);
        let planned: Vec<Series> = all.map(empty).collect();
        rounds.series.extend(planned);
        rounds.series.sort_by_key(|series| series.condition);
        let verdict = self.take_turns(claim, work, name, start, &mut lanes, &mut rounds, show)?;
        let mut left_behind = 0;
        for lane in &mut lanes {
            lane.report(&mut rounds);
            left_behind += lane.interpreter.end();
        }
        Ok(Measured {
            rounds,
            verdict,
            left_behind,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "everything that a round touches")]
    fn take_turns(
        &self,
        claim: Claim,
        work: &Work,
        name: &str,
        start: Instant,
        lanes: &mut Vec<Lane>,
        rounds: &mut Rounds,
        show: &mut dyn FnMut(&str),
    ) -> Result<Verdict, Failure> {
        let mut last: Option<Status> = None;
        loop {
            let number = rounds.ceiling.len();
            show(&format!("round {}", number + 1));
            if !one_round(lanes, rounds, number, name)? {
                continue;
            }
            rounds.ceiling.push(self.ceiling.measure());
            let spent = self.is_spent(start, rounds.ceiling.len());
            let least = if spent { LEAST_ROUNDS_AT_THE_END } else { LEAST_ROUNDS };
            let verdict = judge(claim, rounds, work.inputs.origin);
            let decided = verdict.status != Status::Inconclusive && rounds.ceiling.len() >= least;
            // Chance may decide one look; two in a row are asked for.
            if decided && (spent || last == Some(verdict.status)) {
                return Ok(verdict);
            }
            if spent {
                return Ok(if verdict.status == Status::Inconclusive {
                    verdict
                } else {
                    too_few(rounds, &verdict)
                });
            }
            last = decided.then_some(verdict.status);
        }
    }

    /// Whether the time is over: a few rounds are granted twice the budget.
    fn is_spent(&self, start: Instant, rounds: usize) -> bool {
        let budget = if rounds < LEAST_ROUNDS_AT_THE_END {
            self.budget * 2
        } else {
            self.budget
        };
        start.elapsed() >= budget
    }

    /// The serial lane comes first: it shows whether the work can be run at all, and how long it takes.
    fn serial(&self, claim: Claim, work: &Work, name: &str) -> Result<(Lane, u64), Failure> {
        let mut lane = self.prepared(Condition::Serial, claim, work, name, DISTINCT)?;
        lane.run(1, name)?;
        let mut distinct = DISTINCT;
        if lane.run(1, name)? > self.budget.as_secs_f64() / 40.0 {
            distinct = 1;
            lane = self.prepared(Condition::Serial, claim, work, name, distinct)?;
        }
        let unit = self.unit(lane.batch);
        lane.calibrate(unit, self.budget, name)?;
        Ok((lane, distinct))
    }

    fn lane(
        &self,
        condition: Condition,
        claim: Claim,
        work: &Work,
        name: &str,
        distinct: u64,
    ) -> Result<Lane, Failure> {
        let mut lane = self.prepared(condition, claim, work, name, distinct)?;
        let unit = if condition.is_stall() { 1 } else { self.unit(lane.batch) };
        lane.calibrate(unit, self.budget, name)?;
        Ok(lane)
    }

    /// Tasks in a batch come in multiples of the inputs and of the workers.
    fn unit(&self, inputs: u64) -> u64 {
        let workers = self.workers as u64;
        if inputs.is_multiple_of(workers) {
            inputs
        } else {
            inputs * workers
        }
    }

    fn prepared(
        &self,
        condition: Condition,
        claim: Claim,
        work: &Work,
        name: &str,
        distinct: u64,
    ) -> Result<Lane, Failure> {
        let roots = [
            work.target.module.root.as_str(),
            work.inputs.expression.module.root.as_str(),
        ];
        let gil = if condition == Condition::FreeThreaded {
            "gil=0"
        } else {
            "gil=1"
        };
        let options = ["-X", gil];
        let options: &[&str] = if self.python.free_threaded_build { &options } else { &[] };
        let mut interpreter = self.launcher.start(&roots, options)?;
        greet(&mut interpreter, self.launcher)?;
        let as_written = matches!(claim, Claim::SerialBeatsProcesses | Claim::KeepingBeatsSending);
        let hand_over = match condition {
            Condition::LoopThread => json!("thread"),
            Condition::LoopProcess => json!("process"),
            Condition::LoopInline => json!("inline"),
            _ if as_written => json!(work.hand_over),
            _ => json!(HandOver::Executor),
        };
        let command = json!({
            "do": "prepare",
            "condition": condition.worker_name(),
            "target": work.target,
            "inputs": work.inputs.expression,
            "distinct": distinct,
            "workers": self.workers,
            "hand_over": hand_over,
            "chunk": if as_written { work.chunk } else { 1 },
            "quiet": work.returns_much,
        });
        let (answer, _) = interpreter.ask(&command, name)?;
        let pids = answer["pids"].as_array().into_iter().flatten();
        let mut pids: Vec<i32> = pids.filter_map(|pid| i32::try_from(pid.as_i64()?).ok()).collect();
        pids.push(interpreter.pid());
        Ok(Lane {
            condition,
            interpreter,
            pids,
            batch: answer["tasks"].as_u64().unwrap_or(1).max(1),
            cpu: 0.0,
            tasks: 0,
            queued: 0.0,
        })
    }

    /// Where the time of a task goes, from the serial lane.
    fn profile(&self, lane: &mut Lane, name: &str) -> Result<MeasuredProfile, Failure> {
        let mut seconds = Vec::new();
        let (mut cpu, mut tasks, before) = (0.0, 0, lane.queued);
        for _ in 0..3 {
            let (answer, elapsed) = lane.raw_run(lane.batch, name)?;
            #[expect(clippy::cast_precision_loss, reason = "counts of tasks")]
            seconds.push(elapsed / lane.batch as f64);
            cpu += answer["cpu"].as_f64().unwrap_or(0.0);
            tasks += lane.batch;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of tasks")]
        let (tasks, wall) = (tasks as f64, median(&seconds));
        let (cpu, queued) = (cpu / tasks, (lane.queued - before) / tasks);
        let held = self.held_share(lane, wall, name)?;
        let interpreter = held * cpu;
        let transfer = match lane.interpreter.ask(&json!({"do": "transfer"}), name) {
            Ok((answer, _)) => Some(answer),
            Err(Failure::Raised(_)) => None,
            Err(failure) => return Err(failure),
        };
        let figure = |key: &str| transfer.as_ref().and_then(|answer| answer[key].as_f64());
        Ok(MeasuredProfile {
            interpreter,
            native: cpu - interpreter,
            wait: (wall - cpu - queued).max(0.0),
            transfer: figure("seconds"),
            sent_bytes: figure("sent"),
            returned_bytes: figure("returned"),
        })
    }

    /// The share of the work's CPU time for which a thread that asks for the GIL finds it taken.
    fn held_share(&self, lane: &mut Lane, wall: f64, name: &str) -> Result<f64, Failure> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number of tasks, bounded above"
        )]
        let count = (SAMPLED / wall.max(1e-9)).clamp(1.0, MOST_TASKS as f64 * 10.0) as u64;
        let (answer, _) = lane.interpreter.ask(&json!({"do": "sample", "count": count}), name)?;
        let figure = |key: &str| answer[key].as_f64().unwrap_or(0.0);
        Ok(figure("held") / figure("all").max(1e-9))
    }
}

fn empty(condition: Condition) -> Series {
    Series {
        condition,
        seconds: Vec::new(),
        cpu: 0.0,
        batch: 0,
        failed: None,
    }
}

fn failed(condition: Condition, failure: &Failure) -> Series {
    Series {
        failed: Some(format!("{}: {failure}", condition.as_str())),
        ..empty(condition)
    }
}

fn push(rounds: &mut Rounds, condition: Condition, seconds: f64) {
    let series = rounds.series.iter_mut().find(|series| series.condition == condition);
    if let Some(series) = series {
        series.seconds.push(seconds);
    }
}

/// One batch of each condition, another one first each time. A condition that fails is taken out and spoils the round.
fn one_round(lanes: &mut Vec<Lane>, rounds: &mut Rounds, number: usize, name: &str) -> Result<bool, Failure> {
    for turn in 0..lanes.len() {
        let at = (turn + number) % lanes.len();
        let condition = lanes[at].condition;
        match lanes[at].round(name) {
            Ok(seconds) => push(rounds, condition, seconds),
            Err(failure) if condition == Condition::Serial || matches!(failure, Failure::Interrupted) => {
                return Err(failure);
            }
            Err(failure) => {
                lanes.remove(at);
                rounds.series.retain(|series| series.condition != condition);
                rounds.series.push(failed(condition, &failure));
                rounds.series.sort_by_key(|series| series.condition);
                for series in &mut rounds.series {
                    series.seconds.truncate(number);
                }
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn too_few(rounds: &Rounds, verdict: &Verdict) -> Verdict {
    Verdict {
        status: Status::Inconclusive,
        reason: format!(
            "the time budget (--budget) is too short: {} measured; so far {}",
            rounds.counted(),
            verdict.reason
        ),
    }
}
