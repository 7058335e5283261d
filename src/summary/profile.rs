//! The work profile: where one run of a function spends its time, and why that is believed.

use crate::finding::{Note, Place};
use crate::link::values::Unresolved;

use super::estimate::Estimate;

/// The parts of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Holds the GIL: Python code, and C code that keeps it.
    Interpreter,
    /// C code that has released the GIL.
    Native,
    /// Waits for the network, a disk, a process, the clock or a device.
    Wait,
    /// Waits for another thread or process of the program: a queue, a lock, an event, a future.
    Handover,
}

/// A chain of places that explains a cost, from the outermost call to the cost itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The part that the cost belongs to.
    pub part: Part,
    /// Typical seconds.
    pub weight: f64,
    /// The chain; the last note is the cost.
    pub chain: Vec<Note>,
}

/// A call whose cost is not known.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownCall {
    /// Where it stands.
    pub place: Place,
    /// What is called, as written.
    pub text: String,
    /// Why it is not known.
    pub reason: Unresolved,
    /// How often it is typically made in one run.
    pub times: f64,
}

/// Where one run spends its time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Seconds that hold the GIL.
    pub interpreter: Estimate,
    /// Seconds of C code that has released the GIL.
    pub native: Estimate,
    /// Seconds of waiting for the outside.
    pub wait: Estimate,
    /// Seconds of waiting for other parts of the program.
    pub handover: Estimate,
    /// The reasons, dearest first, at most [`Profile::EVIDENCE`] a part.
    pub evidence: Vec<Evidence>,
    /// Calls that are not known, most frequent first, at most [`Profile::UNKNOWN`].
    pub unknown: Vec<UnknownCall>,
    /// Seconds that hold the GIL in loops whose number of rounds depends on data.
    pub data_loops: Estimate,
    /// Seconds for which work of one kind or of another may be meant: a call that may run a function that computes, or
    /// one that waits.
    pub either: Estimate,
    /// What one round of an endless service loop costs, where the function is one.
    pub round: Option<Box<Profile>>,
}

impl Profile {
    /// Chains of evidence that are kept for each part.
    pub const EVIDENCE: usize = 2;
    /// Unknown calls that are kept.
    pub const UNKNOWN: usize = 6;
    /// Links of a chain that are kept.
    const CHAIN: usize = 12;

    /// A profile of one part.
    #[must_use]
    pub fn of(part: Part, seconds: Estimate) -> Self {
        let mut profile = Self::default();
        *profile.part_mut(part) = seconds;
        profile
    }

    /// Interpreter time without evidence.
    #[must_use]
    pub fn steps(seconds: f64) -> Self {
        Self {
            interpreter: Estimate::new(seconds / 3.0, seconds, seconds * 3.0),
            ..Self::default()
        }
    }

    /// One part.
    #[must_use]
    pub fn part(&self, part: Part) -> Estimate {
        match part {
            Part::Interpreter => self.interpreter,
            Part::Native => self.native,
            Part::Wait => self.wait,
            Part::Handover => self.handover,
        }
    }

    fn part_mut(&mut self, part: Part) -> &mut Estimate {
        match part {
            Part::Interpreter => &mut self.interpreter,
            Part::Native => &mut self.native,
            Part::Wait => &mut self.wait,
            Part::Handover => &mut self.handover,
        }
    }

    /// All waiting.
    #[must_use]
    pub fn waiting(&self) -> Estimate {
        self.wait + self.handover
    }

    /// All parts together.
    #[must_use]
    pub fn total(&self) -> Estimate {
        self.interpreter + self.native + self.wait + self.handover
    }

    /// Adds what happens next.
    pub fn add(&mut self, other: &Self) {
        self.interpreter += other.interpreter;
        self.native += other.native;
        self.wait += other.wait;
        self.handover += other.handover;
        self.data_loops += other.data_loops;
        self.either += other.either;
        if self.round.is_none() {
            self.round.clone_from(&other.round);
        }
        self.evidence.extend(other.evidence.iter().cloned());
        self.keep_best();
        self.unknown.extend(other.unknown.iter().cloned());
        self.keep_unknown();
    }

    /// This many times over.
    #[must_use]
    pub fn times(mut self, count: Estimate) -> Self {
        for part in [
            &mut self.interpreter,
            &mut self.native,
            &mut self.wait,
            &mut self.handover,
            &mut self.data_loops,
            &mut self.either,
        ] {
            *part = part.times(count);
        }
        for evidence in &mut self.evidence {
            evidence.weight *= count.typical;
        }
        for unknown in &mut self.unknown {
            unknown.times *= count.typical;
        }
        self
    }

    /// Either this or the other.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        self.interpreter = self.interpreter.or(other.interpreter);
        self.native = self.native.or(other.native);
        self.wait = self.wait.or(other.wait);
        self.handover = self.handover.or(other.handover);
        self.data_loops = self.data_loops.or(other.data_loops);
        self.either = self.either.or(other.either);
        if self.round.is_none() {
            self.round.clone_from(&other.round);
        }
        self.evidence.extend(other.evidence.iter().cloned());
        self.keep_best();
        self.unknown.extend(other.unknown.iter().cloned());
        self.keep_unknown();
        self
    }

    /// Possibly not at all.
    #[must_use]
    pub fn perhaps(mut self, share: f64) -> Self {
        for part in [
            &mut self.interpreter,
            &mut self.native,
            &mut self.wait,
            &mut self.handover,
            &mut self.data_loops,
            &mut self.either,
        ] {
            *part = part.perhaps(share);
        }
        for evidence in &mut self.evidence {
            evidence.weight *= share;
        }
        for unknown in &mut self.unknown {
            unknown.times *= share;
        }
        self
    }

    /// Gives the largest parts a reason where they have none yet.
    pub fn explain(&mut self, place: Place, message: &str) {
        for part in [Part::Interpreter, Part::Native, Part::Wait, Part::Handover] {
            let weight = self.part(part).typical;
            let explained = self
                .evidence
                .iter()
                .any(|evidence| evidence.part == part && evidence.weight * 2.0 >= weight);
            if weight > 0.0 && !explained {
                let chain = vec![Note {
                    place,
                    message: message.to_owned(),
                }];
                self.evidence.push(Evidence { part, weight, chain });
            }
        }
        self.keep_best();
    }

    /// Puts a link before every chain: the call that leads to it.
    pub fn called_from(&mut self, place: Place, message: &str) {
        for evidence in &mut self.evidence {
            if evidence.chain.len() < Self::CHAIN {
                evidence.chain.insert(
                    0,
                    Note {
                        place,
                        message: message.to_owned(),
                    },
                );
            }
        }
    }

    fn keep_best(&mut self) {
        self.evidence.sort_by(|a, b| {
            a.part
                .cmp(&b.part)
                .then(b.weight.total_cmp(&a.weight))
                .then_with(|| place_of(a).cmp(&place_of(b)))
        });
        self.evidence.dedup_by(|a, b| a.part == b.part && a.chain == b.chain);
        let mut kept: Vec<Evidence> = Vec::with_capacity(self.evidence.len().min(8));
        for evidence in self.evidence.drain(..) {
            if kept.iter().filter(|other| other.part == evidence.part).count() < Self::EVIDENCE {
                kept.push(evidence);
            }
        }
        self.evidence = kept;
    }

    fn keep_unknown(&mut self) {
        self.unknown
            .sort_by(|a, b| b.times.total_cmp(&a.times).then(a.place.cmp(&b.place)));
        self.unknown.dedup_by(|a, b| a.place == b.place);
        self.unknown.truncate(Self::UNKNOWN);
    }
}

fn place_of(evidence: &Evidence) -> Option<Place> {
    evidence.chain.last().map(|note| note.place)
}
