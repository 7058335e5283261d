//! What API calls do: the data under `rules/knowledge`, parsed once and indexed by canonical dotted name.
//!
//! In: TOML files that are embedded into the binary, and the user's own entries on top. Out: [`Knowledge`].
//! Must not know: files of the project, rules. No other module spells the name of a Python API.

mod entries;
mod load;

pub use entries::{
    ArgumentsShape, AttributeFact, Backend, CallFact, CallsUnderLock, Connection, FanOut, Growth, Invocation,
    LibraryWorkers, LifeStep, LockKind, LoopUse, Operation, Pickling, PicklingMoment, Position, RequestThreads, Role,
    SecondsRange, Selector, Semantic, SideEffect, StartsWhen, SubmissionResult, SubmissionShape, TypeExpr, TypeFact,
    WaitOn, WorkerChoice, WorkerKind,
};
pub(crate) use load::is_dotted_name;
pub use load::{Knowledge, KnowledgeError};
