//! What functions may raise: which exceptions leave a function, how strong the evidence is, and where it stands.
//!
//! Functions are read callees first. What a handler around it catches does not leave; a handler that raises again lets
//! through what it catches. A generator raises where it is consumed and a coroutine where it is awaited.
//! Must not know: workers, rules.

mod catching;
mod lookups;
mod walk;

use crate::finding::{Note, Place};
use crate::link::values::{ExprRef, ScopeRef};

use super::{CallOrder, Known, OnDemand, Summaries, Way};

/// How strong the evidence for an exception is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// It may go wrong, as most things may.
    Possible,
    /// Code runs that somebody else has written and handed in, or that nobody can look into.
    Foreign,
    /// It goes wrong in ordinary operation: a peer that hangs up, a file that is missing, a key that is new.
    Likely,
    /// The code says `raise`.
    Explicit,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RaiseKind {
    /// A `raise` statement.
    Raise,
    /// An `assert`.
    Assertion,
    /// A call of something outside the project, or of something that is not known.
    Call,
    /// A subscript.
    Lookup,
    /// A division by something that may be zero.
    Division,
    /// An unpacking into a number of names.
    Unpacking,
    /// The iteration of something that is handed in.
    Iteration,
}

/// The class of an exception that the code raises.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RaisedClass {
    /// A class of the project.
    Project(ScopeRef),
    /// A class outside the project, by its canonical dotted name.
    External(String),
    /// Not known.
    Unknown,
}

/// A way in which an exception may leave a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RaiseEvidence {
    /// How strong it is.
    pub strength: Strength,
    /// What goes wrong in the end.
    pub kind: RaiseKind,
    /// The class, where the code names it.
    pub class: RaisedClass,
    /// The chain of places, from the function's own code to what goes wrong.
    pub chain: Vec<Note>,
}

impl RaiseEvidence {
    /// Where in the function's own code the exception comes from.
    #[must_use]
    pub fn place(&self) -> Place {
        self.chain[0].place
    }
}

/// An exception that a `raise` statement makes and that may leave a function, the statements of callees included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplicitRaise {
    /// The class.
    pub class: RaisedClass,
    /// The exception expression in the `raise` statement.
    pub exception: ExprRef,
    /// The chain of places, from the function's own code to the `raise`.
    pub chain: Vec<Note>,
}

#[derive(Debug, Default)]
struct FunctionRaises {
    /// In source order, one a place.
    escapes: Vec<RaiseEvidence>,
    explicit: Vec<ExplicitRaise>,
    strongest: Option<usize>,
}

/// What functions may raise.
pub struct Raises<'p> {
    order: &'p CallOrder<'p>,
    functions: OnDemand<'p, FunctionRaises>,
}

/// Ways out of one function that are kept.
const ESCAPES: usize = 200;
/// `raise` statements below one function that are kept.
const EXPLICIT: usize = 24;
/// Links of a chain that are kept.
const CHAIN: usize = 8;

/// Functions that call each other see each other's evidence in the second round.
const ROUNDS: usize = 2;

impl<'p> Raises<'p> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(summaries: &Summaries<'p>) -> Self {
        Self {
            order: summaries.order(),
            functions: OnDemand::new(summaries.order()),
        }
    }

    fn function(&self, function: ScopeRef) -> Option<&FunctionRaises> {
        let program = self.order.program();
        let read = |known: &Known<'_, FunctionRaises>, function| walk::read(program, known, function);
        let way = Way {
            rounds: ROUNDS,
            seen_at_once: true,
            read: &read,
            finish: &|_, raises| raises,
        };
        self.functions.get(function, &way)
    }

    /// The strongest evidence that an exception may leave a function, the first where there are several.
    #[must_use]
    pub fn may_raise(&self, function: ScopeRef) -> Option<&RaiseEvidence> {
        let raises = self.function(function)?;
        raises.strongest.map(|position| &raises.escapes[position])
    }

    /// Everything in a function's own code from which an exception may leave it, in source order.
    #[must_use]
    pub fn escapes(&self, function: ScopeRef) -> &[RaiseEvidence] {
        self.function(function).map_or(&[], |raises| raises.escapes.as_slice())
    }

    /// The `raise` statements of a function and of what it calls whose exceptions may leave it.
    #[must_use]
    pub fn explicit(&self, function: ScopeRef) -> &[ExplicitRaise] {
        self.function(function).map_or(&[], |raises| raises.explicit.as_slice())
    }
}

impl FunctionRaises {
    fn finish(mut self) -> Self {
        self.escapes.sort_by_key(|evidence| {
            (
                evidence.place(),
                std::cmp::Reverse(evidence.strength),
                evidence.chain.len(),
            )
        });
        self.escapes.dedup_by_key(|evidence| evidence.place());
        if self.escapes.len() > ESCAPES {
            // The strongest stay, in source order.
            self.escapes
                .sort_by_key(|evidence| (std::cmp::Reverse(evidence.strength), evidence.place()));
            self.escapes.truncate(ESCAPES);
            self.escapes.sort_by_key(RaiseEvidence::place);
        }
        self.explicit
            .sort_by_key(|raised| (raised.exception, raised.chain.len()));
        self.explicit.dedup_by_key(|raised| raised.exception);
        self.explicit.truncate(EXPLICIT);
        let strongest = self.escapes.iter().map(|evidence| evidence.strength).max();
        self.strongest = self
            .escapes
            .iter()
            .position(|evidence| Some(evidence.strength) == strongest);
        self
    }
}
