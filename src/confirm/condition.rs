//! The conditions under which work is measured, and what the interpreter offers.

use serde::{Deserialize, Serialize};

use super::plan::Claim;

/// What a piece of work is measured under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// One task after the other.
    Serial,
    /// A warm pool of threads.
    Threads,
    /// A warm pool of processes.
    Processes,
    /// A warm pool of processes that were given the inputs once.
    Kept,
    /// A warm pool of interpreters.
    Interpreters,
    /// A warm pool of threads without the GIL.
    FreeThreaded,
    /// In a coroutine.
    LoopInline,
    /// Handed by a coroutine to a thread.
    LoopThread,
    /// Handed by a coroutine to a process.
    LoopProcess,
}

impl Condition {
    /// The word for reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Threads => "threads",
            Self::Processes => "processes",
            Self::Kept => "processes, inputs kept",
            Self::Interpreters => "interpreters",
            Self::FreeThreaded => "threads without the GIL",
            Self::LoopInline => "in the coroutine",
            Self::LoopThread => "in a thread",
            Self::LoopProcess => "in a process",
        }
    }

    /// Whether the figure is the longest stall of an event loop rather than the time that a task takes.
    #[must_use]
    pub fn is_stall(self) -> bool {
        matches!(self, Self::LoopInline | Self::LoopThread | Self::LoopProcess)
    }

    pub(super) fn worker_name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Threads => "threads",
            Self::Processes => "processes",
            Self::Kept => "kept",
            Self::Interpreters => "interpreters",
            Self::FreeThreaded => "free-threaded",
            Self::LoopInline | Self::LoopThread | Self::LoopProcess => "loop",
        }
    }

    pub(super) fn of_claim(claim: Claim, python: &Python) -> Vec<Self> {
        let mut conditions = vec![Self::Serial];
        match claim {
            Claim::LoopIsBlocked => conditions.extend([Self::LoopInline, Self::LoopThread, Self::LoopProcess]),
            Claim::KeepingBeatsSending => conditions.extend([Self::Threads, Self::Processes, Self::Kept]),
            _ => conditions.extend([Self::Threads, Self::Processes]),
        }
        if claim == Claim::ProcessesBeatThreads && python.interpreters {
            conditions.push(Self::Interpreters);
        }
        if claim == Claim::ProcessesBeatThreads && python.free_threaded_build {
            conditions.push(Self::FreeThreaded);
        }
        conditions
    }
}

/// What an interpreter says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Python {
    /// Such as 3.11.7.
    pub version: String,
    /// Such as `CPython`.
    pub implementation: String,
    /// The program.
    pub executable: String,
    /// The GIL is on.
    pub gil: bool,
    /// The build can do without.
    pub free_threaded_build: bool,
    /// It has pools of interpreters.
    pub interpreters: bool,
}
