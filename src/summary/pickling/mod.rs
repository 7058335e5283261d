//! What travels to another process and back, and whether it pickles.
//!
//! In: the linked program. Out: [`Pickling`], the things that do not, each with the place where it is handed over and the
//! way to what stops it. Must not know: rules, findings, which platforms are in scope.

mod attributes;
mod callables;
mod crossings;
mod exceptions;
mod instances;
mod judge;
mod lost_parts;
mod order;
mod sharing;

use crate::finding::{Confidence, Note, Place};
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Program, StartSetting};

use super::Summaries;

pub use judge::{Cause, Obstacle};

/// What is wrong with something that crosses to another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A callable or class that has no name to be found under.
    Callable,
    /// An argument, by itself or in a container.
    Argument,
    /// An attribute of an instance.
    Instance,
    /// One of multiprocessing's own objects as part of a task.
    Primitive,
    /// An object that connects threads, used on both sides.
    ThreadPrimitive,
    /// What the worker gives back.
    Result,
}

/// When something is pickled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// With each task.
    Always,
    /// When a process starts, where it is not forked: how the start methods are set.
    AtStart(Vec<StartSetting>),
}

/// Something that cannot cross to or from another process.
#[derive(Clone, Debug)]
pub struct Crossing {
    /// What is wrong.
    pub kind: Kind,
    /// The call that hands over.
    pub call: ExprRef,
    /// The API of that call.
    pub api: String,
    /// What travels, as written.
    pub text: String,
    /// What stops it, and the way there.
    pub obstacle: Obstacle,
    /// When it is pickled.
    pub when: When,
    /// The function that the worker runs, for results and shared objects.
    pub function: Option<ScopeRef>,
    /// The part of it that the worker is given.
    pub carrier: Carrier,
}

/// The part of a hand-over that carries something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The callable.
    Callable,
    /// An argument of the callable.
    Argument,
    /// The process object itself.
    Worker,
    /// An initializer or its arguments.
    Initializer,
    /// A global variable that the callable uses.
    Global,
    /// The result.
    Result,
}

/// An exception that cannot come back to the parent.
#[derive(Clone, Debug)]
pub struct LostException {
    /// Its class.
    pub class: ScopeRef,
    /// The `raise`, or what makes the exception that is returned.
    pub raised: Place,
    /// The worker gives it back as a result instead.
    pub returned: bool,
    /// Why it does not arrive.
    pub fault: ExceptionFault,
    /// The submission through which it comes back.
    pub call: ExprRef,
    /// The API of the submission.
    pub api: String,
    /// The submission waits in a pool of multiprocessing rather than an executor.
    pub hangs: bool,
    /// How sure it is.
    pub confidence: Confidence,
    /// The calls that lead from the submitted function to the `raise`.
    pub notes: Vec<Note>,
}

/// Why an exception does not arrive in the parent.
#[derive(Clone, Debug)]
pub enum ExceptionFault {
    /// Its class cannot make it anew.
    Constructor {
        /// Why not.
        reason: String,
        /// The `__init__` that makes it.
        place: Place,
    },
    /// It keeps something that does not pickle.
    Carries(Obstacle),
}

/// What travels to another process, and whether it pickles.
#[derive(Debug, Default)]
pub struct Pickling {
    crossings: Vec<Crossing>,
    exceptions: Vec<LostException>,
}

impl Pickling {
    /// Reads the program.
    #[must_use]
    pub fn compute(program: &Program<'_>, _summaries: &Summaries<'_>) -> Self {
        if !crossings::any(program) {
            return Self::default();
        }
        let (crossings, exceptions) = crossings::find(program);
        Self { crossings, exceptions }
    }

    /// What cannot cross, by place.
    pub fn crossings(&self, kind: Kind) -> impl Iterator<Item = &Crossing> {
        self.crossings.iter().filter(move |crossing| crossing.kind == kind)
    }

    /// The exceptions that cannot come back, by place.
    #[must_use]
    pub fn exceptions(&self) -> &[LostException] {
        &self.exceptions
    }
}
