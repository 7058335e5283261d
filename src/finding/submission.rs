//! What `concheck advise` says about one submission.

use super::{Confidence, Note, Place};

/// A lower and an upper bound; an infinite upper bound means that none is known.
pub type Bounds = [f64; 2];

/// One hand-over of work, with what the work is and which worker would suit it.
#[derive(Clone, Debug, PartialEq)]
pub struct SubmissionReport {
    /// The call that hands the work over.
    pub place: Place,
    /// The canonical dotted name of what is called.
    pub api: String,
    /// What kind of worker runs the work: `thread`, `process`, `interpreter` or `event-loop`.
    pub worker: &'static str,
    /// The dotted name of the callable, where it is known.
    pub target: Option<String>,
    /// Where the callable is defined, if in one of the run's files.
    pub target_place: Option<Place>,
    /// `cpu-bound`, `io-bound`, `native`, `mixed`, `trivial` or `unknown`.
    pub class: &'static str,
    /// How sure that is.
    pub confidence: Confidence,
    /// What one run of the work costs.
    pub profile: Profile,
    /// Where that is seen, in reading order.
    pub evidence: Vec<Note>,
    /// The worker that suits the work.
    pub recommended: String,
    /// How much faster workers are predicted to be than doing the work in a row.
    pub predicted_speedup: SpeedUp,
    /// Why something is not known; empty where all is.
    pub detail: String,
}

/// The cost of one run of a callable.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Profile {
    /// Seconds that hold the GIL.
    pub interpreter_seconds: Bounds,
    /// Seconds of native code without the GIL.
    pub native_seconds: Bounds,
    /// Seconds of waiting.
    pub wait_seconds: Bounds,
    /// Bytes that a process worker is sent.
    pub sent_bytes: Bounds,
    /// Bytes that a process worker sends back.
    pub returned_bytes: Bounds,
}

/// Predicted factors; `None` where nothing can be predicted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpeedUp {
    /// With threads.
    pub threads: Option<Bounds>,
    /// With processes.
    pub processes: Option<Bounds>,
}
