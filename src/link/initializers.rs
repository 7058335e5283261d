//! What the constructor of a pool or executor has each of its workers run first.

use std::sync::Arc;

use crate::facts::{ArgumentKind, ExprKind};
use crate::knowledge::TypeFact;

use super::program::{Callee, Program};
use super::values::{ExprRef, Site, Value, ValueId};

/// The initializer of the pool or server process that a call starts, with its arguments; one of the two is given.
#[derive(Clone, Debug)]
pub struct Initializer<'a> {
    /// The call that makes the pool.
    pub call: ExprRef,
    /// The pool, or what starts the server.
    pub object: ValueId,
    /// Its type, or the API that starts the server.
    pub pool: Arc<str>,
    /// What is known of that type.
    pub fact: &'a TypeFact,
    /// What the workers are to run.
    pub callable: Option<ExprRef>,
    /// The tuple of its arguments.
    pub arguments: Option<ExprRef>,
}

/// The initializer that a call hands to a new pool, where the call spells its arguments.
#[must_use]
pub fn initializer_of<'a>(program: &Program<'a>, call: ExprRef) -> Option<Initializer<'a>> {
    match program.kind(call) {
        ExprKind::Call { arguments, .. } if !arguments.iter().any(|given| given.kind == ArgumentKind::Star) => {}
        _ => return None,
    }
    program.values(call).iter().find_map(|value| {
        let Value::ExternalInstance { of, site } = *program.value(value) else {
            return None;
        };
        let fact = program.knowledge.type_fact(program.name(of))?;
        let at = |position: &Option<_>| program.argument_at(call, position.as_ref()?);
        let (callable, arguments) = (at(&fact.initializer_argument), at(&fact.initargs_argument));
        let is_given = site == Some(Site::Expr(call)) && (callable.is_some() || arguments.is_some());
        is_given.then(|| Initializer {
            call,
            object: value,
            pool: Arc::from(program.name(of)),
            fact,
            callable,
            arguments,
        })
    })
}

/// What a call that starts a server process, as a manager's `start` does, has it run first.
#[must_use]
pub fn initializer_of_server<'a>(program: &Program<'a>, call: ExprRef) -> Option<Initializer<'a>> {
    program.callees(call).into_iter().find_map(|callee| {
        let Callee::External {
            name,
            receiver: Some(object),
        } = callee
        else {
            return None;
        };
        let start = program.knowledge.call(&name)?;
        let types = program.type_names(object);
        let fact = types.iter().find_map(|of| program.knowledge.type_fact(of))?;
        let at = |position: &Option<_>| program.argument_at(call, position.as_ref()?);
        let callable = at(&start.initializer_argument)?;
        Some(Initializer {
            call,
            object,
            fact,
            callable: Some(callable),
            arguments: at(&start.initargs_argument),
            pool: name,
        })
    })
}
