//! The start methods that code fixes for its processes: by contexts, and by classes that are made from them.

use crate::config::StartMethod;
use crate::facts::ExprKind;
use crate::knowledge::{Role, Semantic};

use super::program::{Callee, Program};
use super::solver::Base;
use super::values::{ExprRef, ScopeRef, Site, Value, ValueId};

/// How the start method of a process worker is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartSetting {
    /// Not set here: the platform's and version's default, or what the program sets for all.
    Default,
    /// Set by a context.
    Explicit(StartMethod),
    /// Set to something that could not be read.
    Unknown,
}

/// The start method that an executor's constructor fixes: by a context argument, or as a method of a context.
#[must_use]
pub fn start_of_executor(program: &Program<'_>, executor: ValueId) -> StartSetting {
    if let Value::Instance { class, .. } = *program.value(executor) {
        return start_of_class(program, class);
    }
    let Some(Site::Expr(site)) = program.site(executor) else {
        return StartSetting::Default;
    };
    if let ExprKind::Call { callee, .. } = program.kind(site) {
        for value in program.values(program.sibling(site, *callee)).iter() {
            if let Value::ExternalMethod { receiver, .. } = *program.value(value)
                && program.role(receiver) == Some(Role::Context)
            {
                return start_of_context(program, receiver);
            }
        }
    }
    let context = program
        .type_fact(executor)
        .and_then(|fact| fact.context_argument.as_ref());
    match context.and_then(|position| program.argument_at(site, position)) {
        Some(argument) => start_of_context_expression(program, argument),
        None => StartSetting::Default,
    }
}

fn start_of_context_expression(program: &Program<'_>, expr: ExprRef) -> StartSetting {
    let mut setting = None;
    for value in program.values(expr).iter() {
        let this = match program.value(value) {
            Value::None => StartSetting::Default,
            _ => start_of_context(program, value),
        };
        match setting {
            None => setting = Some(this),
            Some(other) if other == this => {}
            Some(_) => return StartSetting::Unknown,
        }
    }
    setting.unwrap_or(StartSetting::Unknown)
}

/// The start method of a multiprocessing context.
pub(super) fn start_of_context(program: &Program<'_>, context: ValueId) -> StartSetting {
    if program.role(context) != Some(Role::Context) {
        return StartSetting::Default;
    }
    let Some(Site::Expr(site)) = program.site(context) else {
        return StartSetting::Unknown;
    };
    let makes_context = program.callees(site).iter().any(
        |callee| matches!(callee, Callee::External { name, .. } if program.knowledge.semantic(name) == Some(Semantic::GetContext)),
    );
    if !makes_context {
        return StartSetting::Unknown;
    }
    match program.argument(site, Some(0), Some("method")) {
        None => StartSetting::Default,
        Some(argument) => match program.start_method_named(argument) {
            Some(method) => StartSetting::Explicit(method),
            None => StartSetting::Unknown,
        },
    }
}

/// The start method that a class inherits, as in `class Worker(context.Process)`.
pub(super) fn start_of_class(program: &Program<'_>, class: ScopeRef) -> StartSetting {
    let ancestry = program.solution.classes.ancestry(class);
    let above = ancestry.iter().filter_map(|base| match *base {
        Base::Project(class) => Some(class),
        _ => None,
    });
    let contexts = std::iter::once(class)
        .chain(above)
        .flat_map(|class| contexts_of_bases(program, class));
    contexts
        .map(|context| start_of_context(program, context))
        .find(|start| *start != StartSetting::Default)
        .unwrap_or(StartSetting::Default)
}

/// The contexts that the bases of a class are taken from.
fn contexts_of_bases(program: &Program<'_>, class: ScopeRef) -> Vec<ValueId> {
    let bases = program
        .scope(class)
        .bases
        .iter()
        .map(|&expr| ExprRef { file: class.file, expr });
    bases
        .flat_map(|base| program.values(base).iter())
        .filter_map(|value| match *program.value(value) {
            Value::ExternalMethod { receiver, .. } => Some(receiver),
            _ => None,
        })
        .filter(|&receiver| program.role(receiver) == Some(Role::Context))
        .collect()
}
