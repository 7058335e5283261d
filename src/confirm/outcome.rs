//! What a run of `confirm` says, as plain data: for reports, and to be kept for later checks.

use serde::{Deserialize, Serialize};

use super::condition::{Condition, Python};
use super::measure::MeasuredProfile;
use super::plan::{Claim, Predicted};
use super::statistics::Ratio;
use super::verdict::Status;

/// The figures of one condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// The condition.
    pub condition: Condition,
    /// How many times as fast as serial; for stalls, as short as in the coroutine. `None` where there are no figures.
    pub speed_up: Option<Ratio>,
    /// The same as a share of the native ceiling.
    pub of_ceiling: Option<f64>,
    /// Wall seconds a task; of a stall, its length.
    pub seconds: Option<f64>,
    /// CPU seconds a task, all processes together.
    pub cpu_seconds: Option<f64>,
    /// Tasks in a batch.
    pub batch: u64,
    /// Why there are no figures.
    pub failed: Option<String>,
}

/// The profile of one task, predicted and measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Profiles {
    /// Least, typical and most seconds.
    pub predicted: Predicted,
    /// Seconds and bytes.
    pub measured: Option<MeasuredProfile>,
}

/// What was found for one finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The name of the finding, as in the reports of a check.
    pub fingerprint: String,
    /// The rule's code.
    pub code: &'static str,
    /// The rule's name.
    pub name: &'static str,
    /// The file.
    pub path: String,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
    /// What runs.
    pub target: String,
    /// A digest of the function's text.
    pub digest: String,
    /// The claim.
    pub claim: Claim,
    /// The verdict.
    pub status: Status,
    /// Why.
    pub reason: String,
    /// The expression that gave the inputs.
    pub inputs: Option<String>,
    /// Where it comes from.
    pub inputs_origin: Option<super::plan::Origin>,
    /// The conditions.
    pub conditions: Vec<Figures>,
    /// The native ceiling.
    pub ceiling: Option<Ratio>,
    /// The profile of one task.
    pub profile: Profiles,
    /// Rounds that were measured.
    pub rounds: usize,
    /// Processes that the work left running and that were ended.
    pub left_behind: usize,
    /// Seconds that the measurement took.
    pub seconds: f64,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The interpreter; `None` where nothing was run.
    pub python: Option<Python>,
    /// Workers in each pool.
    pub workers: usize,
    /// Cores that this process may use.
    pub cores: usize,
    /// The run was interrupted.
    pub interrupted: bool,
    /// The findings, in the order of a check's report.
    pub outcomes: Vec<Outcome>,
}

/// One kept result.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Kept {
    /// The finding.
    pub fingerprint: String,
    /// A digest of the function's text at the time.
    pub digest: String,
    /// The verdict.
    pub status: Status,
    /// Why.
    pub reason: String,
}

impl From<&Outcome> for Kept {
    fn from(outcome: &Outcome) -> Self {
        Self {
            fingerprint: outcome.fingerprint.clone(),
            digest: outcome.digest.clone(),
            status: outcome.status,
            reason: outcome.reason.clone(),
        }
    }
}
