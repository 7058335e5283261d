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
    /// The loop over data that it is made in, if any.
    pub inside: Inside,
}

/// Where a loop over data stands that a call is made in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inside {
    /// There is none.
    #[default]
    Nothing,
    /// In the function itself.
    Own,
    /// In a function that is called.
    Called,
    /// Further away.
    Far,
}

impl Inside {
    const fn seen_from_caller(self) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::Own => Self::Called,
            Self::Called | Self::Far => Self::Far,
        }
    }
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
    /// Typical seconds of the other parts in such loops: native, wait, handover.
    pub other_loops: [f64; 3],
    /// Those seconds of each part in such loops that stand in functions that are called.
    pub called_loops: [f64; 4],
    /// Those of them that stand in functions that these call.
    pub far_loops: [f64; 4],
    /// Typical native seconds if the arrays that it works on are short, where that can be.
    pub rows: f64,
    /// Typical seconds of waiting for something to do, or for room to put results: a part of `handover`.
    pub inbox: f64,
    /// A loop of a known number of rounds takes and sends messages.
    pub exchanges: bool,
    /// Seconds for which work of one kind or of another may be meant: a call that may run a function that computes, or
    /// one that waits.
    pub either: Estimate,
    /// What one round of an endless service loop costs, where the function is one.
    pub round: Option<Box<Profile>>,
}

/// All parts, in order.
const PARTS: [Part; 4] = [Part::Interpreter, Part::Native, Part::Wait, Part::Handover];
/// Rounds of a guessed loop for what stands in another guessed loop inside it, in the same function or in one that it
/// calls.
const NEAR_ROUNDS: f64 = 60.0;
/// As above, further away.
const FAR_ROUNDS: f64 = 4.0;

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
        profile.rows = profile.native.typical;
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
        for (mine, others) in self.marks().zip(other.clone_marks()) {
            *mine += others;
        }
        self.either += other.either;
        self.exchanges |= other.exchanges;
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
        for seconds in self.marks() {
            *seconds *= count.typical;
        }
        for evidence in &mut self.evidence {
            evidence.weight *= count.typical;
        }
        for unknown in &mut self.unknown {
            unknown.times *= count.typical;
        }
        self.exchanges |= count.typical > 1.0 && self.inbox > 0.0 && self.handover.typical > self.inbox;
        self
    }

    /// A guessed number of times over. What stands in such a loop already goes round fewer times more: guesses within
    /// guesses are mostly too high, as long data is rarely long in each of its dimensions, and helpers loop over little.
    #[must_use]
    pub fn guessed(mut self, count: Estimate) -> Self {
        let (near, far) = (count.typical.min(NEAR_ROUNDS), count.typical.min(FAR_ROUNDS));
        let in_loops = self.loops();
        let mut shares = [count.typical; 4];
        // What loops in loops work on is mostly a row.
        let row_share = (self.rows / self.native.typical.max(f64::MIN_POSITIVE)).min(1.0);
        for part in PARTS {
            let index = part as usize;
            let kept = if part == Part::Native { row_share } else { 1.0 };
            let before = self.part(part).typical;
            let inside = in_loops[index].min(before) * kept;
            let distant = (self.far_loops[index] * kept).min(inside);
            let called = self.called_loops[index] * kept;
            let before = before - in_loops[index].min(before) + inside;
            let typical = (before - inside) * count.typical + (inside - distant) * near + distant * far;
            let whole = self.part(part).times(count);
            *self.part_mut(part) = Estimate::new(whole.least, typical.min(whole.typical), whole.most);
            self.called_loops[index] = (called - distant).max(0.0) * near + distant * far;
            self.far_loops[index] = distant * far;
            if before > 0.0 {
                shares[index] = typical / before;
            }
        }
        for evidence in &mut self.evidence {
            evidence.weight *= shares[evidence.part as usize];
        }
        for unknown in &mut self.unknown {
            unknown.times *= match unknown.inside {
                Inside::Nothing => count.typical,
                Inside::Own | Inside::Called => near,
                Inside::Far => far,
            };
            if unknown.inside == Inside::Nothing {
                unknown.inside = Inside::Own;
            }
        }
        self.inbox *= shares[Part::Handover as usize];
        self.rows = (self.rows * shares[Part::Native as usize]).min(self.native.typical);
        self.either = self.either.times(Estimate::new(count.least, near, count.most));
        self.data_loops = self.interpreter;
        self.other_loops = [self.native.typical, self.wait.typical, self.handover.typical];
        self
    }

    /// The same work on short arrays.
    pub(super) fn shorten_rows(&mut self) {
        let native = Part::Native as usize;
        let share = self.rows / self.native.typical.max(self.rows).max(f64::MIN_POSITIVE);
        self.native.typical *= share;
        self.other_loops[native - 1] *= share;
        self.called_loops[native] *= share;
        self.far_loops[native] *= share;
        for evidence in self
            .evidence
            .iter_mut()
            .filter(|evidence| evidence.part == Part::Native)
        {
            evidence.weight *= share;
        }
    }

    /// From here on its loops are those of a function that is called.
    pub(super) fn seen_from_caller(&mut self) {
        self.far_loops = self.called_loops;
        self.called_loops = self.loops();
        for unknown in &mut self.unknown {
            unknown.inside = unknown.inside.seen_from_caller();
        }
    }

    /// Typical seconds of each part in loops whose number of rounds depends on data.
    fn loops(&self) -> [f64; 4] {
        let [native, wait, handover] = self.other_loops;
        [self.data_loops.typical, native, wait, handover]
    }

    fn marks(&mut self) -> impl Iterator<Item = &mut f64> {
        let called = self.called_loops.iter_mut().chain(&mut self.far_loops);
        self.other_loops
            .iter_mut()
            .chain(called)
            .chain([&mut self.inbox, &mut self.rows])
    }

    fn clone_marks(&self) -> impl Iterator<Item = f64> {
        let called = self.called_loops.into_iter().chain(self.far_loops);
        self.other_loops
            .into_iter()
            .chain(called)
            .chain([self.inbox, self.rows])
    }

    /// Either this or the other.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        self.interpreter = self.interpreter.or(other.interpreter);
        self.native = self.native.or(other.native);
        self.wait = self.wait.or(other.wait);
        self.handover = self.handover.or(other.handover);
        self.data_loops = self.data_loops.or(other.data_loops);
        for (mine, others) in self.marks().zip(other.clone_marks()) {
            *mine = f64::midpoint(*mine, others);
        }
        self.either = self.either.or(other.either);
        self.exchanges |= other.exchanges;
        if self.round.is_none() {
            self.round.clone_from(&other.round);
        }
        self.evidence.extend(other.evidence.iter().cloned());
        self.keep_best();
        self.unknown.extend(other.unknown.iter().cloned());
        for unknown in &mut self.unknown {
            unknown.times /= 2.0;
        }
        self.keep_unknown();
        self
    }

    /// Sets what is typical to the mean of several profiles, each of which is as likely.
    pub(super) fn average(&mut self, candidates: &[Self]) {
        #[expect(clippy::cast_precision_loss, reason = "a handful of candidates")]
        let share = 1.0 / candidates.len().max(1) as f64;
        for part in PARTS {
            let sum: f64 = candidates.iter().map(|candidate| candidate.part(part).typical).sum();
            self.part_mut(part).typical = sum * share;
        }
        let loops: f64 = candidates.iter().map(|candidate| candidate.data_loops.typical).sum();
        self.data_loops.typical = loops * share;
        let mut sums = [0.0; 13];
        for candidate in candidates {
            sums.iter_mut()
                .zip(candidate.clone_marks())
                .for_each(|(sum, mark)| *sum += mark);
        }
        self.marks().zip(sums).for_each(|(mark, sum)| *mark = sum * share);
        let unknown = candidates.iter().flat_map(|candidate| &candidate.unknown);
        self.unknown = unknown.cloned().collect();
        for unknown in &mut self.unknown {
            unknown.times *= share;
        }
        self.keep_unknown();
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
        for seconds in self.marks() {
            *seconds *= share;
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
        for part in PARTS {
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
