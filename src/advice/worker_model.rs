//! What handing work over costs, and how fast tasks get done under each kind of worker.

use crate::knowledge::WorkerKind;
use crate::summary::Profile;

/// The cores that predictions are made for.
pub const CORES: f64 = 4.0;
/// Threads that wait are cheap; pools for waiting work are taken to have this many.
const WAITING_THREADS: f64 = 8.0;

/// How a task reaches its worker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HandOff {
    /// Who runs it.
    pub worker: WorkerKind,
    /// A thread or process is started for each task.
    pub starts_worker: bool,
    /// The task goes through a pool of `multiprocessing` rather than an executor.
    pub is_pool: bool,
    /// Tasks that travel together.
    pub chunk: f64,
}

/// Seconds that handing one task over costs, from `facts/costs.md`.
#[must_use]
pub fn hand_off_seconds(hand_off: HandOff) -> f64 {
    match (hand_off.worker, hand_off.starts_worker) {
        (WorkerKind::Thread, true) => 1.3e-4,
        (WorkerKind::Thread, false) => 1.5e-5 / hand_off.chunk,
        (WorkerKind::Process, true) => 3e-3,
        (WorkerKind::Process, false) if hand_off.is_pool => 2.9e-5 / hand_off.chunk + 1.5e-7,
        (WorkerKind::Process, false) => 1.4e-4 / hand_off.chunk + 3e-7,
        (WorkerKind::Interpreter, _) => 1e-4 / hand_off.chunk,
        (WorkerKind::EventLoop, _) => 9e-6,
        (WorkerKind::Inline, _) => 0.0,
    }
}

/// The speed-up over doing the tasks one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The lower bound.
    pub least: f64,
    /// What is typical.
    pub typical: f64,
    /// The upper bound.
    pub most: f64,
}

/// The predictions for each kind of worker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workers {
    /// Threads, with the GIL.
    pub threads: Prediction,
    /// Threads of a free-threaded build.
    pub free_threads: Prediction,
    /// Processes.
    pub processes: Prediction,
}

/// One run of a task: seconds with the GIL, native, waiting.
type Parts = [f64; 3];

/// Predicts speed-ups from a profile. The interval comes from letting each part be a factor of three off, on its own.
#[must_use]
pub fn predict(profile: &Profile, transfer_seconds: f64) -> Workers {
    let typical = [
        profile.interpreter.typical,
        profile.native.typical,
        profile.waiting().typical,
    ];
    let by = |speed_up: &dyn Fn(Parts) -> f64| {
        let middle = speed_up(typical);
        let mut prediction = Prediction {
            least: middle,
            typical: middle,
            most: middle,
        };
        for part in 0..typical.len() {
            for factor in [1.0 / 3.0, 3.0] {
                let mut other = typical;
                other[part] *= factor;
                let value = speed_up(other);
                prediction.least = prediction.least.min(value);
                prediction.most = prediction.most.max(value);
            }
        }
        prediction
    };
    Workers {
        threads: by(&|parts| threads(parts, false)),
        free_threads: by(&|parts| threads(parts, true)),
        processes: by(&|parts| processes(parts, transfer_seconds)),
    }
}

fn threads([interpreter, native, wait]: Parts, free_threaded: bool) -> f64 {
    let total = interpreter + native + wait;
    if total <= 0.0 {
        return 1.0;
    }
    let hand_off = 1.5e-5;
    let computing = interpreter + native;
    let held = if free_threaded {
        interpreter / CORES
    } else {
        interpreter
    };
    // Whichever resource is the scarcest decides: the GIL, the cores, or the number of threads.
    let each = held.max(computing / CORES).max(total / WAITING_THREADS) + hand_off;
    total / each
}

fn processes([interpreter, native, wait]: Parts, transfer: f64) -> f64 {
    let total = interpreter + native + wait;
    if total <= 0.0 {
        return 1.0;
    }
    let each = total / CORES + 1.4e-4 + transfer;
    total / each
}
