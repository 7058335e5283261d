//! What blocks the event loop, and what touches it from other threads.
//!
//! In: the program and its profiles. Out: [`EventLoop`], lists of places. The loop's code is what `async def` functions
//! run themselves and through calls of plain functions; what is handed to a worker or awaited is not followed.

mod blocking;
mod computing;
mod doubts;
mod exits;
mod graph;
mod instant;
mod offloads;
mod touches;
mod waits;

use crate::finding::{Confidence, Note, Place};
use crate::knowledge::WaitOn;
use crate::link::Program;
use crate::link::values::ScopeRef;

use super::Summaries;
use graph::Graph;
pub(crate) use graph::is_awaited;

/// What blocks the event loop, and what touches it from other threads.
#[derive(Debug, Default)]
pub struct EventLoop {
    /// Places where a coroutine stops its loop.
    pub stalls: Vec<Stall>,
    /// Places where code of a worker thread changes a loop or something that belongs to it.
    pub touches: Vec<Touch>,
    /// Hand-overs whose result nobody awaits.
    pub dropped: Vec<DroppedOffload>,
    /// Tasks that nothing keeps.
    pub dangling: Vec<DanglingTask>,
    /// Places where a coroutine waits for an executor to finish its work.
    pub exits: Vec<PoolExit>,
}

/// A place where a coroutine stops its loop.
#[derive(Clone, Debug)]
pub struct Stall {
    /// The call or loop in the coroutine function.
    pub place: Place,
    /// The coroutine function.
    pub function: ScopeRef,
    /// What stops it.
    pub cause: Cause,
    /// The function of the project that is called and does it; `None` where the coroutine does it itself.
    pub helper: Option<ScopeRef>,
    /// What is called in the end, as people know it; empty for computing.
    pub api: String,
    /// The way from the coroutine to the cause.
    pub chain: Vec<Note>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Other linters report the same place.
    pub linted: bool,
}

/// What stops a loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cause {
    /// Work of about this many seconds; `native` where it has released the GIL.
    Computing {
        /// Typical seconds.
        seconds: f64,
        /// C code without the GIL.
        native: bool,
    },
    /// A wait for the outside.
    Waiting(WaitOn),
    /// A wait for another thread, process or future of the program.
    Handover,
    /// Another run of a loop.
    Running,
}

/// A place where code of a worker thread changes a loop.
#[derive(Clone, Debug)]
pub struct Touch {
    /// The call.
    pub place: Place,
    /// What is called.
    pub api: String,
    /// The function that the call stands in.
    pub function: ScopeRef,
    /// How that function comes to run in a thread.
    pub chain: Vec<Note>,
    /// How sure it is.
    pub confidence: Confidence,
}

/// A hand-over whose result nobody awaits.
#[derive(Clone, Debug)]
pub struct DroppedOffload {
    /// The call.
    pub place: Place,
    /// What is called.
    pub api: String,
    /// It makes a coroutine, so that the work never runs.
    pub never_runs: bool,
}

/// A task that its loop alone knows of.
#[derive(Clone, Debug)]
pub struct DanglingTask {
    /// The call that makes it.
    pub place: Place,
    /// What is called.
    pub api: String,
}

/// A place where a coroutine waits for an executor to finish its work.
#[derive(Clone, Debug)]
pub struct PoolExit {
    /// The `with` item or the call.
    pub place: Place,
    /// The executor's type.
    pub executor: String,
    /// Leaving a `with` block, rather than a call.
    pub is_block: bool,
    /// Where the work is submitted.
    pub chain: Vec<Note>,
    /// How sure it is.
    pub confidence: Confidence,
}

impl EventLoop {
    /// Reads the program.
    #[must_use]
    pub fn compute(program: &Program<'_>, summaries: &Summaries<'_>) -> Self {
        let mut found = Self {
            dropped: offloads::dropped(program),
            dangling: offloads::dangling(program),
            ..Self::default()
        };
        if !program.scopes().any(|scope| program.scope(scope).is_async) {
            return found;
        }
        let graph = Graph::new(program);
        found.stalls = blocking::stalls(program, &graph);
        found.stalls.extend(computing::stalls(program, summaries));
        found.stalls.sort_by_key(|stall| (stall.place, stall.api.clone()));
        found.touches = touches::touches(program, &graph);
        found.exits = exits::pool_exits(program);
        found
    }
}
