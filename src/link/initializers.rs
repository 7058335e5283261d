//! What the constructor of a pool or executor gives each of its workers to run first.

use crate::facts::{ArgumentKind, ExprKind};
use crate::knowledge::WorkerKind;

use super::program::Program;
use super::values::{ExprRef, Site, Value};

/// The initializer of a pool or executor, with its arguments.
#[derive(Clone, Debug)]
pub struct Initializer {
    /// The type that is made.
    pub made: String,
    /// What its workers are.
    pub kind: Option<WorkerKind>,
    /// It pickles with cloudpickle or the like.
    pub cloudpickle: bool,
    /// What the workers run first.
    pub callable: Option<ExprRef>,
    /// The sequence of what that is called with.
    pub arguments: Option<ExprRef>,
}

/// The initializer that a call gives the pool or executor that it makes, or the arguments for one.
#[must_use]
pub fn initializer_of(program: &Program<'_>, call: ExprRef) -> Option<Initializer> {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return None;
    };
    if arguments.iter().any(|argument| argument.kind == ArgumentKind::Star) {
        return None;
    }
    program.values(call).iter().find_map(|value| {
        let Value::ExternalInstance {
            of,
            site: Some(Site::Expr(site)),
        } = *program.value(value)
        else {
            return None;
        };
        let fact = program.knowledge.type_fact(program.name(of))?;
        let at = |position: &Option<crate::knowledge::Position>| program.argument_at(call, position.as_ref()?);
        let (callable, arguments) = (at(&fact.initializer_argument), at(&fact.initargs_argument));
        (site == call && (callable.is_some() || arguments.is_some())).then(|| Initializer {
            made: program.name(of).to_owned(),
            kind: fact.worker,
            cloudpickle: fact.cloudpickle,
            callable,
            arguments,
        })
    })
}
