//! From measured rounds to a verdict.
//!
//! In: seconds a task of each condition, round by round, the native ceiling of the same rounds, the measured profile.
//! Out: confirmed, refuted, or why neither. A claim about computing in parallel is read relative to the ceiling: on a
//! machine that has little parallelism to give right now, the lack of a speed-up says nothing.

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::measure::Rounds;
use super::plan::{Claim, Origin};
use super::statistics::{Ratio, interval, ratio};

/// What the measurement says about the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The recommended worker is better.
    Confirmed,
    /// It is not.
    Refuted,
    /// The rounds do not decide.
    Inconclusive,
    /// Nothing was measured.
    NotMeasured,
}

impl Status {
    /// The word for reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::Inconclusive => "inconclusive",
            Self::NotMeasured => "not measured",
        }
    }
}

/// A verdict with its reason, in lower case and without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) status: Status,
    pub(super) reason: String,
}

impl Verdict {
    fn new(status: Status, reason: String) -> Self {
        Self { status, reason }
    }

    fn confirmed(reason: String) -> Self {
        Self::new(Status::Confirmed, reason)
    }

    fn refuted(reason: String) -> Self {
        Self::new(Status::Refuted, reason)
    }

    fn open(reason: String) -> Self {
        Self::new(Status::Inconclusive, reason)
    }
}

/// Differences below a tenth are not worth a change of the program.
const MATTERS: f64 = 1.1;
/// The least ceiling that lets the lack of a speed-up say something.
const LEAST_CEILING: f64 = 1.3;
/// The share of what the machine has to give that processes must gain over threads.
const LEAST_GAIN: f64 = 0.25;
/// An interval that is narrower than this and holds 1 says that there is no difference; a wider one says nothing.
const SHARP: f64 = 0.1;
/// Work that holds the GIL for less than this share of its CPU time does not take turns because of it.
const LEAST_HELD: f64 = 0.3;
/// Processes that would not gain this much with all cores free are no better than doing the work in a row.
const LEAST_FULL_SPEED_UP: f64 = 1.2;
/// Stalls of the event loop below this many seconds are not felt.
const FELT: f64 = 0.01;

/// Judges the rounds so far.
pub(super) fn judge(claim: Claim, rounds: &Rounds, origin: Origin) -> Verdict {
    let verdict = match claim {
        Claim::ProcessesBeatThreads => processes_beat_threads(rounds),
        Claim::ThreadsDoAsWell => threads_do_as_well(rounds),
        Claim::SerialBeatsProcesses => serial_beats_processes(rounds),
        Claim::KeepingBeatsSending => keeping_beats_sending(rounds),
        Claim::LoopIsBlocked => loop_is_blocked(rounds),
    };
    if verdict.status == Status::Refuted && origin == Origin::MadeUp {
        return Verdict::open(format!(
            "with inputs made up from the annotations {}; real inputs may differ",
            verdict.reason
        ));
    }
    verdict
}

fn compared(rounds: &Rounds, slower: Condition, faster: Condition) -> Result<Ratio, Verdict> {
    match (rounds.seconds(slower), rounds.seconds(faster)) {
        (Ok(slower), Ok(faster)) => Ok(ratio(slower, faster)),
        (Err(why), _) | (_, Err(why)) => Err(Verdict::open(why.to_owned())),
    }
}

fn processes_beat_threads(rounds: &Rounds) -> Verdict {
    let gain = match compared(rounds, Condition::Threads, Condition::Processes) {
        Ok(gain) => gain,
        Err(verdict) => return verdict,
    };
    let speed_up = match compared(rounds, Condition::Serial, Condition::Processes) {
        Ok(speed_up) => speed_up,
        Err(verdict) => return verdict,
    };
    let ceiling = interval(&rounds.ceiling);
    let faster = format!("processes are {} as fast as threads", times(gain));
    if gain.low > MATTERS && speed_up.low > MATTERS && ceiling.median > MATTERS {
        let computing = rounds.profile.interpreter + rounds.profile.native;
        if rounds.profile.interpreter < LEAST_HELD * computing {
            return Verdict::open(format!(
                "{faster}, but hardly because of the GIL: most of the work is native code that has released it"
            ));
        }
        return Verdict::confirmed(faster);
    }
    let share = (gain.high - 1.0) / (ceiling.low - 1.0).max(1e-9);
    let is_clear = gain.high < 1.0 || gain.high - gain.low < SHARP;
    if ceiling.low >= LEAST_CEILING && share < LEAST_GAIN && is_clear {
        return Verdict::refuted(format!(
            "processes are only {} as fast as threads, on a machine that gives {} with {} workers",
            times(gain),
            times(ceiling),
            rounds.workers
        ));
    }
    undecided(rounds, ceiling, gain, "processes against threads")
}

fn threads_do_as_well(rounds: &Rounds) -> Verdict {
    let (gain, overlap) = match (
        compared(rounds, Condition::Processes, Condition::Threads),
        compared(rounds, Condition::Serial, Condition::Threads),
    ) {
        (Ok(gain), Ok(overlap)) => (gain, overlap),
        (Err(verdict), _) | (_, Err(verdict)) => return verdict,
    };
    #[expect(clippy::cast_precision_loss, reason = "a few workers")]
    let overlaps = 1.0 + 0.5 * (rounds.workers as f64 - 1.0);
    if gain.low > 1.0 / MATTERS && overlap.low > overlaps {
        return Verdict::confirmed(format!(
            "threads are {} as fast as processes and {} as fast as one after the other",
            times(gain),
            times(overlap)
        ));
    }
    if gain.high < 1.0 / MATTERS {
        return Verdict::refuted(format!("threads are only {} as fast as processes", times(gain)));
    }
    undecided(rounds, interval(&rounds.ceiling), gain, "threads against processes")
}

fn serial_beats_processes(rounds: &Rounds) -> Verdict {
    let speed_up = match compared(rounds, Condition::Serial, Condition::Processes) {
        Ok(speed_up) => speed_up,
        Err(verdict) => return verdict,
    };
    let ceiling = interval(&rounds.ceiling);
    #[expect(clippy::cast_precision_loss, reason = "a few workers")]
    let with_all_cores = speed_up.high * rounds.workers as f64 / ceiling.low.max(0.5);
    if speed_up.high < 1.0 / MATTERS && with_all_cores < LEAST_FULL_SPEED_UP {
        return Verdict::confirmed(format!(
            "handed to processes the tasks get done {} as fast as in a row",
            times(speed_up)
        ));
    }
    if speed_up.low > 1.05 {
        return Verdict::refuted(format!(
            "handed to processes the tasks get done {} as fast as in a row",
            times(speed_up)
        ));
    }
    undecided(rounds, ceiling, speed_up, "processes against one after the other")
}

fn keeping_beats_sending(rounds: &Rounds) -> Verdict {
    let gain = match compared(rounds, Condition::Processes, Condition::Kept) {
        Ok(gain) => gain,
        Err(verdict) => return verdict,
    };
    if gain.low > MATTERS {
        return Verdict::confirmed(format!(
            "processes that keep the object are {} as fast as with one sent for each task",
            times(gain)
        ));
    }
    if gain.high < MATTERS {
        return Verdict::refuted(format!(
            "processes that keep the object are only {} as fast as with one sent for each task",
            times(gain)
        ));
    }
    undecided(rounds, interval(&rounds.ceiling), gain, "keeping against sending")
}

fn loop_is_blocked(rounds: &Rounds) -> Verdict {
    let stalls = match rounds.seconds(Condition::LoopInline) {
        Ok(stalls) => interval(stalls),
        Err(why) => return Verdict::open(why.to_owned()),
    };
    if stalls.high < FELT {
        return Verdict::refuted(format!("the event loop stalls for {} only", milliseconds(stalls)));
    }
    let profile = &rounds.profile;
    if profile.wait > profile.interpreter + profile.native && profile.interpreter + profile.native < FELT {
        return Verdict::refuted(format!(
            "it computes for {:.1} ms only and waits for the rest",
            (profile.interpreter + profile.native) * 1e3
        ));
    }
    let relief = compared(rounds, Condition::LoopInline, Condition::LoopProcess)
        .or_else(|_| compared(rounds, Condition::LoopInline, Condition::LoopThread));
    let relief = match relief {
        Ok(relief) => relief,
        Err(verdict) => return verdict,
    };
    if stalls.low >= FELT && relief.low > 1.5 {
        return Verdict::confirmed(format!(
            "the event loop stalls for {}, {} as long as with the work elsewhere",
            milliseconds(stalls),
            times(relief)
        ));
    }
    if relief.high < MATTERS {
        return Verdict::refuted(format!(
            "the event loop stalls for {}, and about as long with the work elsewhere",
            milliseconds(stalls)
        ));
    }
    undecided(rounds, interval(&rounds.ceiling), relief, "the loop's stalls")
}

fn undecided(rounds: &Rounds, ceiling: Ratio, ratio: Ratio, what: &str) -> Verdict {
    let found = format!("{what}: {}", times(ratio));
    let reason = if rounds.cores < 2 {
        format!("there is one core; {found}")
    } else if ceiling.low < LEAST_CEILING {
        format!(
            "the machine is busy: {} threads without an interpreter are only {} as fast as one; {found}",
            rounds.workers,
            times(ceiling)
        )
    } else if rounds.ceiling.len() < 6 {
        format!(
            "the time budget (--budget) is too short: {} measured; {found}",
            rounds.counted()
        )
    } else {
        format!("the rounds differ too much or the difference is too small; {found}")
    };
    Verdict::open(reason)
}

/// `1.92x [1.88, 1.95]`, with more digits where the figures are small.
fn times(ratio: Ratio) -> String {
    let digits = if ratio.high < 0.1 { 4 } else { 2 };
    format!(
        "{:.digits$}x [{:.digits$}, {:.digits$}]",
        ratio.median, ratio.low, ratio.high
    )
}

fn milliseconds(seconds: Ratio) -> String {
    format!(
        "{:.1} ms [{:.1}, {:.1}]",
        seconds.median * 1e3,
        seconds.low * 1e3,
        seconds.high * 1e3
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(series: &[(Condition, f64)], ceiling: f64) -> Rounds {
        let mut rounds = Rounds::new(2, 2);
        let wobble = [0.99, 1.0, 1.01, 1.0, 0.995, 1.005, 1.0, 0.99];
        for &(condition, seconds) in series {
            let values = wobble.iter().map(|factor| seconds * factor).collect();
            rounds.set(condition, values);
        }
        rounds.ceiling = wobble.iter().map(|factor| ceiling * factor).collect();
        rounds
    }

    fn status(claim: Claim, series: &[(Condition, f64)], ceiling: f64) -> Status {
        judge(claim, &rounds(series, ceiling), Origin::HandOver).status
    }

    const SERIAL: Condition = Condition::Serial;
    const THREADS: Condition = Condition::Threads;
    const PROCESSES: Condition = Condition::Processes;

    #[test]
    fn computing_that_holds_the_gil_is_confirmed_and_native_work_refuted() {
        let claim = Claim::ProcessesBeatThreads;
        let held = [(SERIAL, 1.0), (THREADS, 1.0), (PROCESSES, 0.52)];
        assert_eq!(status(claim, &held, 1.9), Status::Confirmed);
        let native = [(SERIAL, 1.0), (THREADS, 0.53), (PROCESSES, 0.52)];
        assert_eq!(status(claim, &native, 1.9), Status::Refuted);
    }

    #[test]
    fn a_gain_that_is_not_the_gils_confirms_nothing() {
        let claim = Claim::ProcessesBeatThreads;
        let slow_threads = [(SERIAL, 1.0), (THREADS, 2.9), (PROCESSES, 1.0)];
        assert_eq!(status(claim, &slow_threads, 0.9), Status::Inconclusive);
        let mut native = rounds(&[(SERIAL, 1.0), (THREADS, 0.8), (PROCESSES, 0.52)], 1.9);
        native.profile.native = 1.0;
        let verdict = judge(claim, &native, Origin::HandOver);
        assert_eq!(verdict.status, Status::Inconclusive, "{}", verdict.reason);
    }

    #[test]
    fn a_busy_machine_refutes_nothing() {
        let claim = Claim::ProcessesBeatThreads;
        let held = [(SERIAL, 1.0), (THREADS, 1.0), (PROCESSES, 0.98)];
        assert_eq!(status(claim, &held, 1.05), Status::Inconclusive);
        let small = [(SERIAL, 1.0), (PROCESSES, 1.1)];
        assert_eq!(status(Claim::SerialBeatsProcesses, &small, 1.0), Status::Inconclusive);
    }

    #[test]
    fn threads_that_do_not_overlap_do_not_do_as_well() {
        let claim = Claim::ThreadsDoAsWell;
        let waits = [(SERIAL, 1.0), (THREADS, 0.5), (PROCESSES, 0.52)];
        assert_eq!(status(claim, &waits, 1.0), Status::Confirmed);
        let busy = [(SERIAL, 1.0), (THREADS, 1.0), (PROCESSES, 1.0)];
        assert_eq!(status(claim, &busy, 1.0), Status::Inconclusive);
        let computes = [(SERIAL, 1.0), (THREADS, 1.0), (PROCESSES, 0.55)];
        assert_eq!(status(claim, &computes, 1.9), Status::Refuted);
    }

    #[test]
    fn tiny_tasks_are_faster_in_a_row() {
        let claim = Claim::SerialBeatsProcesses;
        assert_eq!(
            status(claim, &[(SERIAL, 1e-6), (PROCESSES, 1e-4)], 1.9),
            Status::Confirmed
        );
        assert_eq!(status(claim, &[(SERIAL, 1.0), (PROCESSES, 0.6)], 1.9), Status::Refuted);
    }

    #[test]
    fn keeping_a_large_object_is_compared_with_sending_it() {
        let claim = Claim::KeepingBeatsSending;
        let (sent, kept) = (Condition::Processes, Condition::Kept);
        assert_eq!(status(claim, &[(sent, 1.0), (kept, 0.3)], 1.9), Status::Confirmed);
        assert_eq!(status(claim, &[(sent, 1.0), (kept, 0.99)], 1.9), Status::Refuted);
    }

    #[test]
    fn stalls_are_judged_by_their_length() {
        let claim = Claim::LoopIsBlocked;
        let (inline, elsewhere) = (Condition::LoopInline, Condition::LoopProcess);
        assert_eq!(
            status(claim, &[(inline, 0.08), (elsewhere, 0.002)], 1.9),
            Status::Confirmed
        );
        assert_eq!(
            status(claim, &[(inline, 0.004), (elsewhere, 0.002)], 1.9),
            Status::Refuted
        );
    }

    #[test]
    fn made_up_inputs_refute_nothing() {
        let native = [(SERIAL, 1.0), (THREADS, 0.53), (PROCESSES, 0.52)];
        let verdict = judge(Claim::ProcessesBeatThreads, &rounds(&native, 1.9), Origin::MadeUp);
        assert_eq!(verdict.status, Status::Inconclusive);
        assert!(verdict.reason.contains("made up"), "{}", verdict.reason);
    }
}
