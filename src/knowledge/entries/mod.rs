//! The shape of the entries in `rules/knowledge`.
//!
//! A library's file has a `[library]` table and any of `[calls]`, `[types]`, `[attributes]`, `[aliases]`; keys are dotted
//! names, sorted, one line an entry. `submissions.toml` has `[[submission]]` tables, and
//! `[[request_threads]]` for servers.

mod calls;
mod serving;
mod submissions;
mod type_expr;
mod types;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use calls::{
    CallFact, Growth, Invocation, LibraryWorkers, LifeStep, LoopUse, Operation, SecondsRange, Selector, Semantic,
    SideEffect, WaitOn,
};
pub use serving::RequestThreads;
pub use submissions::{
    ArgumentsShape, Backend, FanOut, PicklingMoment, Position, StartsWhen, SubmissionResult, SubmissionShape,
    WorkerChoice, WorkerKind,
};
pub use type_expr::TypeExpr;
pub use types::{AttributeFact, CallsUnderLock, Connection, LockKind, Pickling, Role, TypeFact};

/// A library's file, as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LibraryFile {
    /// What the file is about.
    pub(super) library: Option<LibraryHeader>,
    /// What calls do.
    #[serde(default)]
    pub(super) calls: BTreeMap<String, CallFact>,
    /// What types are.
    #[serde(default)]
    pub(super) types: BTreeMap<String, TypeFact>,
    /// What attributes are.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, AttributeFact>,
    /// Other names of the same thing -> canonical name.
    #[serde(default)]
    pub(super) aliases: BTreeMap<String, String>,
    /// What calls mean to the flow of values.
    #[serde(default)]
    pub(super) semantics: BTreeMap<String, Semantic>,
    /// What calls mean to an event loop.
    #[serde(default, rename = "event-loop")]
    pub(super) event_loop: BTreeMap<String, LoopUse>,
    /// What calls do to what units share.
    #[serde(default)]
    pub(super) operations: BTreeMap<String, Operation>,
    /// Ways of handing work over.
    #[serde(default)]
    pub(super) submission: Vec<SubmissionShape>,
    /// Servers that answer requests side by side.
    #[serde(default)]
    pub(super) request_threads: Vec<RequestThreads>,
}

/// What a library's file is about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LibraryHeader {
    /// The name of the distribution, or `stdlib`.
    pub(super) name: String,
    /// Where the figures come from.
    pub(super) source: String,
    /// Seconds that each call holds the GIL before it gets to work: checks arguments, picks a loop.
    pub(super) call: Option<SecondsRange>,
}
