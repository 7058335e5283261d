//! One condition with its interpreter: batches that are long enough, their time and their CPU time.

use std::time::Duration;

use serde_json::{Value, json};

use super::child::{Interpreter, Launcher};
use super::condition::Condition;
use super::failure::Failure;
use super::measure::Rounds;
use super::statistics::median;
use super::system;

/// Batches last at least this many seconds.
const BATCH: f64 = 0.05;
/// What calibration aims at.
const AIM: f64 = 0.06;
/// More tasks than this are not put into a batch.
pub(super) const MOST_TASKS: u64 = 200_000;

/// One condition with its interpreter.
pub(super) struct Lane {
    pub(super) condition: Condition,
    pub(super) interpreter: Interpreter,
    pub(super) pids: Vec<i32>,
    pub(super) batch: u64,
    pub(super) cpu: f64,
    pub(super) tasks: u64,
    pub(super) queued: f64,
}

impl Lane {
    pub(super) fn raw_run(&mut self, count: u64, name: &str) -> Result<(Value, f64), Failure> {
        let pid = self.interpreter.pid();
        let before = system::queue_seconds(pid);
        let (answer, elapsed) = self.interpreter.ask(&json!({"do": "run", "count": count}), name)?;
        self.queued += system::queue_seconds(pid) - before;
        if let Some(count @ 1..) = answer["forked"].as_u64() {
            return Err(Failure::Forks { count });
        }
        Ok((answer, elapsed.as_secs_f64()))
    }

    pub(super) fn run(&mut self, count: u64, name: &str) -> Result<f64, Failure> {
        Ok(self.raw_run(count, name)?.1)
    }

    /// Finds the number of tasks whose batch lasts long enough.
    pub(super) fn calibrate(&mut self, unit: u64, budget: Duration, name: &str) -> Result<(), Failure> {
        self.batch = unit.max(1);
        loop {
            let seconds = self.run(self.batch, name)?;
            if seconds >= BATCH || self.batch >= MOST_TASKS || seconds > budget.as_secs_f64() {
                return Ok(());
            }
            let factor = (AIM / seconds.max(1e-6)).clamp(1.2, 40.0);
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a positive number of tasks, bounded above"
            )]
            let wanted = (self.batch as f64 * factor).ceil() as u64;
            self.batch = wanted.div_ceil(unit) * unit;
        }
    }

    /// One batch: seconds a task, or the typical stall.
    pub(super) fn round(&mut self, name: &str) -> Result<f64, Failure> {
        let cpu_before = system::cpu_seconds(&self.pids);
        let (answer, elapsed) = self.raw_run(self.batch, name)?;
        self.cpu += system::cpu_seconds(&self.pids) - cpu_before;
        self.tasks += self.batch;
        if self.condition.is_stall() {
            let stalls = answer["stalls"].as_array().into_iter().flatten();
            return Ok(median(&stalls.filter_map(Value::as_f64).collect::<Vec<_>>()));
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of tasks")]
        Ok(elapsed / self.batch as f64)
    }

    pub(super) fn report(&self, rounds: &mut Rounds) {
        let series = rounds
            .series
            .iter_mut()
            .find(|series| series.condition == self.condition);
        if let Some(series) = series {
            #[expect(clippy::cast_precision_loss, reason = "counts of tasks")]
            let tasks = self.tasks.max(1) as f64;
            series.cpu = self.cpu / tasks;
            series.batch = self.batch;
        }
    }
}

pub(super) fn greet(interpreter: &mut Interpreter, launcher: &Launcher) -> Result<Value, Failure> {
    let memory = launcher.memory_megabytes.saturating_mul(1_000_000);
    let command = json!({"do": "hello", "memory": memory});
    Ok(interpreter.ask(&command, "starting the interpreter")?.0)
}
