//! What is true of the locks of one function.

use std::collections::BTreeSet;

use crate::finding::{Note, Place};
use crate::link::values::ExprRef;

use super::identity::{LockFacts, LockName};
use super::{AwaitUnderLock, Reacquisition};

/// A lock that is held.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) name: Option<LockName>,
    pub(super) facts: LockFacts,
    /// As written.
    pub(super) text: String,
    /// Where it is taken.
    pub(super) place: Place,
    /// Taken by a call of its own rather than by a `with` block.
    pub(super) by_call: bool,
    /// Taken by the base class that calls the function; the place is where the lock is made.
    pub(super) by_base: bool,
}

/// A lock that a function takes, itself or through what it calls.
#[derive(Clone, Debug)]
pub(super) struct Acquisition {
    /// Its name for the function; `None` where it has none.
    pub(super) name: Option<LockName>,
    pub(super) facts: LockFacts,
    pub(super) text: String,
    pub(super) by_call: bool,
    /// Positions of parameters that make the function return early, before the acquire.
    pub(super) skipped_by: Vec<u32>,
    /// From the function's own code to the acquire.
    pub(super) chain: Vec<Note>,
}

/// One lock is taken while another is held.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    pub(super) from: Held,
    pub(super) to: Acquisition,
    /// The calls that make the other locks that are held.
    pub(super) gates: BTreeSet<ExprRef>,
}

/// What is true of the locks of one function.
#[derive(Clone, Debug, Default)]
pub(super) struct FunctionLocks {
    pub(super) acquires: Vec<Acquisition>,
    /// Held whenever the function returns.
    pub(super) leaves: Vec<Held>,
    /// Held whenever a context manager's block runs.
    pub(super) at_yield: Vec<Held>,
    /// Given back without having been taken.
    pub(super) releases: Vec<(Option<LockName>, Vec<ExprRef>)>,
    pub(super) reacquired: Vec<Reacquisition>,
    pub(super) awaits: Vec<AwaitUnderLock>,
    pub(super) edges: Vec<Edge>,
    /// The locks that are held at calls of functions of the project, by the calls that make them.
    pub(super) held_at_calls: Vec<(ExprRef, BTreeSet<ExprRef>)>,
}
