//! The native ceiling: how much faster threads without any interpreter get work done on this machine right now.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

/// How long the kernel runs on one thread.
const LENGTH: Duration = Duration::from_millis(20);
const STEP: u64 = 100_000;

/// A calibrated spin kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ceiling {
    rounds: u64,
    workers: usize,
}

impl Ceiling {
    /// Finds how many rounds the kernel needs.
    pub(super) fn calibrated(workers: usize) -> Self {
        let (mut rounds, start) = (0, Instant::now());
        while start.elapsed() < LENGTH {
            spin(STEP);
            rounds += STEP;
        }
        Self { rounds, workers }
    }

    /// The speed-up of all workers over one, now.
    pub(super) fn measure(self) -> f64 {
        let one = timed(|| spin(self.rounds));
        let all = timed(|| {
            thread::scope(|scope| {
                for _ in 0..self.workers {
                    scope.spawn(|| spin(self.rounds));
                }
            });
        });
        #[expect(clippy::cast_precision_loss, reason = "a few workers")]
        let workers = self.workers as f64;
        workers * one / all.max(1e-9)
    }
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn spin(rounds: u64) {
    let mut state = black_box(0x9e37_79b9_7f4a_7c15_u64);
    for _ in 0..rounds {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_worker_is_about_as_fast_as_itself() {
        let ceiling = Ceiling::calibrated(1);
        let samples: Vec<f64> = (0..5).map(|_| ceiling.measure()).collect();
        let middle = super::super::statistics::median(&samples);
        assert!(middle > 0.4 && middle < 2.5, "{samples:?}");
    }
}
