//! Classes: a reading of a profile.

use crate::finding::Confidence;

use super::profile::{Inside, Part, Profile, UnknownCall};

/// What kind of work a function does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Holds the GIL most of the time.
    CpuBound,
    /// Waits most of the time.
    IoBound,
    /// Runs C code that has released the GIL most of the time.
    Native,
    /// Long phases of two kinds.
    Mixed,
    /// Too short to be worth a worker.
    Trivial,
    /// Rests on something that is not known.
    Unknown,
}

impl Class {
    /// The word used in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CpuBound => "cpu-bound",
            Self::IoBound => "io-bound",
            Self::Native => "native",
            Self::Mixed => "mixed",
            Self::Trivial => "trivial",
            Self::Unknown => "unknown",
        }
    }
}

/// A class with how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The class.
    pub class: Class,
    /// How sure it is.
    pub confidence: Confidence,
}

/// Work below this many seconds is trivial: a thread costs as much to start.
const TRIVIAL: f64 = 1e-4;
/// The dominant part has at least this share of the typical time.
const DOMINANT: f64 = 0.65;
/// Unknown calls made this often weigh as much as a loop.
const OFTEN: f64 = 20.0;
/// Waits for the outside of this many typical seconds are what a function is there for.
const REAL_WAIT: f64 = 1e-3;
/// Where this share of the work may be of one kind or another, the class is a guess.
const CHOICE: f64 = 0.3;
/// What guesses about loops count for where real waits stand beside them.
const GUESS: f64 = 1e-3;
/// A cost that is this many calls away is one that doubts have added up about.
const FAR_AWAY: usize = 3;
/// What takes less than this many times the shortest work may as well be trivial, where loops are guessed.
const SHORT: f64 = 100.0;
/// Work of this many typical seconds beside waits for a queue is what a function is there for.
const OWN_WORK: f64 = 1e-3;
/// Less computing than this many typical seconds an item is not what a consumer is for.
const ITEM: f64 = 3e-6;
/// Work of less than this many typical seconds between messages to others of its kind is none.
const BETWEEN_MESSAGES: f64 = 1e-3;
/// Seconds that an unknown call is taken to cost when it is weighed against what is known.
const UNKNOWN_CALL: f64 = 3e-5;

/// Reads a class from a profile.
#[must_use]
pub fn read(profile: &Profile) -> Reading {
    let parts = Parts::of(profile);
    let total = parts.total();
    let unknown: f64 = profile.unknown.iter().map(|call| call.times).sum();
    // What is called very often is mostly cheap.
    let unknown_seconds: f64 = profile
        .unknown
        .iter()
        .map(|call| call.times.max(1.0).sqrt().min(call.times) * UNKNOWN_CALL)
        .sum();
    if total < TRIVIAL {
        return short_reading(profile, unknown, total);
    }
    if unknown == 0.0 && only_exchanges(profile) {
        return Reading {
            class: Class::Trivial,
            confidence: Confidence::Low,
        };
    }
    let (class, share) = parts.dominant();
    let mut confidence = if share > 0.95 {
        Confidence::High
    } else if share > 0.8 {
        Confidence::Medium
    } else {
        Confidence::Low
    };
    if unknown > 0.0 {
        // What is not known may change the picture, unless what is known outweighs it by far.
        let weight = unknown_seconds / (total + unknown_seconds);
        if class != Class::IoBound && (weight > 0.6 || unknown >= OFTEN && weight > 0.4) {
            return Reading {
                class: Class::Unknown,
                confidence: Confidence::Medium,
            };
        }
        if weight > 0.02 || class != Class::IoBound {
            confidence = confidence.lowered();
        }
        if weight > 0.1 && class != Class::IoBound {
            confidence = Confidence::Low;
        }
    }
    if class == Class::IoBound && waits_beside_unknown_work(profile) {
        confidence = confidence.min(Confidence::Medium);
    }
    // What a consumer does with what it takes is its work: not knowing that is not knowing the work.
    if unknown > 0.0 && class == Class::IoBound && profile.handover.typical > profile.wait.typical {
        confidence = Confidence::Low;
    }
    // Who only waits for other parts of the program may have little to do, or much that is not seen.
    if class == Class::IoBound && profile.inbox * 2.0 > profile.waiting().typical {
        confidence = confidence.min(Confidence::Medium);
    }
    if profile.either.typical > CHOICE * total || is_guess_beside_waits(profile, class) {
        confidence = Confidence::Low;
    }
    if !overlap_free(profile, class) || is_far(profile, class) || is_short_guess(profile, class) {
        confidence = confidence.min(Confidence::Medium);
    }
    if class == Class::CpuBound && is_far(profile, class) {
        confidence = Confidence::Low;
    }
    // A little guessed computing beside calls that are not known: these may be what the function is there for.
    if unknown >= 1.0 && is_short_guess(profile, class) {
        confidence = Confidence::Low;
    }
    if class == Class::IoBound && Parts::plain(profile).is_mostly_computing() {
        confidence = Confidence::Low;
    }
    Reading { class, confidence }
}

/// The hull of what may run instead of each other, which remembers if that is work of different kinds.
#[must_use]
pub fn hull(candidates: &[Profile]) -> Option<Profile> {
    let (first, others) = candidates.split_first()?;
    let mut hull = others.iter().fold(first.clone(), Profile::or);
    hull.average(candidates);
    let long = candidates.iter().map(read).map(|reading| reading.class);
    let mut kinds: Vec<Class> = long
        .filter(|class| !matches!(class, Class::Trivial | Class::Mixed))
        .collect();
    kinds.dedup();
    if kinds.len() > 1 {
        hull.either = hull.total();
    }
    Some(hull)
}

fn short_reading(profile: &Profile, unknown: f64, total: f64) -> Reading {
    if unknown > 0.0 {
        return Reading {
            class: Class::Unknown,
            confidence: Confidence::Medium,
        };
    }
    let confidence = if profile.total().most < TRIVIAL {
        Confidence::High
    } else if total < TRIVIAL / 3.0 {
        Confidence::Medium
    } else {
        Confidence::Low
    };
    Reading {
        class: Class::Trivial,
        confidence,
    }
}

/// Whether a function takes and sends messages a known number of times, with next to nothing done between.
fn only_exchanges(profile: &Profile) -> bool {
    let goes_on = profile.round.is_some() || profile.data_loops.typical > 0.0 || profile.other_loops[2] > 0.0;
    let own = profile.interpreter.typical + profile.native.typical + profile.wait.typical;
    profile.exchanges && !goes_on && own < BETWEEN_MESSAGES
}

/// Work that surely talks to the outside, and that loops over data of unknown size make look like computing.
fn is_guess_beside_waits(profile: &Profile, class: Class) -> bool {
    class == Class::CpuBound
        && profile.wait.typical >= REAL_WAIT
        && profile.data_loops.typical * 2.0 >= profile.interpreter.typical
}

/// Whether a loop makes calls that are not known and does not wait, while the waits stand elsewhere.
fn waits_beside_unknown_work(profile: &Profile) -> bool {
    let own = |call: &&UnknownCall| call.inside == Inside::Own;
    let unknown: f64 = profile.unknown.iter().filter(own).map(|call| call.times).sum();
    let wait = Part::Wait as usize;
    let looped = profile.other_loops[wait - 1] - profile.called_loops[wait];
    unknown >= OFTEN && looped * 2.0 < profile.wait.typical
}

/// Whether the dearest reason for a class lies many calls away.
fn is_far(profile: &Profile, class: Class) -> bool {
    let part = part_of(class, profile);
    let dearest = profile.evidence.iter().find(|evidence| evidence.part == part);
    dearest.is_some_and(|evidence| evidence.chain.len() > FAR_AWAY)
}

/// Computing in loops of guessed length that is not long even so.
fn is_short_guess(profile: &Profile, class: Class) -> bool {
    class == Class::CpuBound
        && profile.data_loops.typical * 2.0 >= profile.interpreter.typical
        && profile.interpreter.typical < TRIVIAL * SHORT
}

/// Whether the lower bound of the dominant part lies above the upper bounds of the others.
fn overlap_free(profile: &Profile, class: Class) -> bool {
    let (own, others) = match class {
        Class::CpuBound => (profile.interpreter, profile.native + profile.waiting()),
        Class::Native => (profile.native, profile.interpreter + profile.waiting()),
        Class::IoBound => (profile.waiting(), profile.interpreter + profile.native),
        Class::Mixed | Class::Trivial | Class::Unknown => return true,
    };
    own.least >= others.most || others.typical * 30.0 < own.typical
}

/// Typical seconds of each part.
struct Parts {
    interpreter: f64,
    native: f64,
    wait: f64,
}

impl Parts {
    fn plain(profile: &Profile) -> Self {
        Self {
            interpreter: profile.interpreter.typical,
            native: profile.native.typical,
            wait: (profile.waiting().typical - profile.inbox).max(0.0),
        }
    }

    /// A service loop is read by what one round does once it has something to do: the wait for the next item is no work.
    fn of(profile: &Profile) -> Self {
        let plain = Self {
            wait: profile.waiting().typical,
            ..Self::plain(profile)
        };
        match &profile.round {
            Some(round) if round.handover.typical > 0.0 && works_on_items(round) => Self {
                interpreter: round.interpreter.typical * 100.0,
                native: round.native.typical * 100.0,
                wait: round.wait.typical * 100.0,
            },
            _ => plain.without_inbox(profile).beside_waits(profile),
        }
    }

    /// Beside real waits, what loops in functions that are called compute is mostly guessed too high.
    fn beside_waits(self, profile: &Profile) -> Self {
        let called = profile.called_loops[Part::Interpreter as usize];
        let waits = profile.wait.typical >= REAL_WAIT.max(self.interpreter * GUESS);
        if waits && called * 2.0 >= self.interpreter {
            let interpreter = self.interpreter - called * (1.0 - GUESS);
            Self { interpreter, ..self }
        } else {
            self
        }
    }

    /// Where substantial work is done, how long its inbox is empty says nothing about it.
    fn without_inbox(self, profile: &Profile) -> Self {
        let wait = (self.wait - profile.inbox).max(0.0);
        let own = self.interpreter + self.native + wait;
        if profile.inbox > 0.0 && own >= OWN_WORK {
            Self { wait, ..self }
        } else {
            self
        }
    }

    fn total(&self) -> f64 {
        self.interpreter + self.native + self.wait
    }

    fn is_mostly_computing(&self) -> bool {
        self.interpreter * 2.0 > self.total()
    }

    fn dominant(&self) -> (Class, f64) {
        let total = self.total();
        let mut shares = [
            (Class::CpuBound, self.interpreter / total),
            (Class::Native, self.native / total),
            (Class::IoBound, self.wait / total),
        ];
        shares.sort_by(|a, b| b.1.total_cmp(&a.1));
        if shares[0].1 >= DOMINANT {
            shares[0]
        } else {
            (Class::Mixed, 0.85)
        }
    }
}

/// Whether a round of a service loop computes over data that it is handed, and does nothing else that takes time:
/// does not wait for the outside, and does not hand on as much as it computes.
fn works_on_items(round: &Profile) -> bool {
    let computing = round.data_loops.typical + round.native.typical;
    let hands_on = round.handover.typical - round.inbox;
    let alone = computing > 10.0 * round.wait.typical && computing > hands_on;
    computing > ITEM && alone && round.unknown.is_empty()
}

/// The dominant part of a class, for evidence.
#[must_use]
pub fn part_of(class: Class, profile: &Profile) -> Part {
    match class {
        Class::Native => Part::Native,
        Class::IoBound if profile.wait.typical >= profile.handover.typical => Part::Wait,
        Class::IoBound => Part::Handover,
        _ => Part::Interpreter,
    }
}
