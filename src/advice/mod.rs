//! What each kind of worker would make of a submission: predicted speed-ups and the best worker.
//!
//! In: a submission and the profiles of what it runs. Out: [`Assessment`]. The costs of workers are those measured in
//! `facts/costs.md` (CPython 3.11, Linux): ratios hold elsewhere, seconds are for orientation. Must not know: rules,
//! findings, how anything is printed.

mod assess;
mod worker_model;

pub use assess::{Assessment, assess, target_names};
pub use worker_model::{CORES, HandOff, Prediction, Workers, hand_off_seconds, predict};
