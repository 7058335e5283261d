//! Wrappers of the project: a function that hands one of its parameters over makes each of its calls a submission.

use crate::facts::{DefId, ExprKind};
use crate::knowledge::{FanOut, SubmissionResult};
use crate::link::program::{Callee, Program};
use crate::link::values::{ExprRef, ScopeRef, Value};

use super::indirect::wrapped_parameters;
use super::targets::{parameters_behind, targets_in_shape};
use super::{Intent, Slot, Submission, Target, intent, plain_submission};

/// The submissions that callers make through a function that hands one of its parameters over, as the work or as an
/// argument that the work calls.
pub(super) fn derived_submissions<'a>(program: &Program<'a>, inner: &Submission<'a>) -> Vec<Submission<'a>> {
    let mut derived = Vec::new();
    for handed in inner.callable.into_iter().chain(called_arguments(program, inner)) {
        let mut parameters = parameters_behind(program, handed);
        parameters.extend(wrapped_parameters(program, handed));
        for value in program.values(handed).iter() {
            if let Value::Function(closure) = *program.value(value) {
                parameters.extend(captured_callables(program, closure));
            }
        }
        for (function, parameter) in parameters {
            for &call in program.solution.callers.get(&function).into_iter().flatten() {
                if let Some(mut submission) = derived_at(program, inner, function, parameter, call) {
                    submission.wrapped = inner.wrapped || !is_handed_on(program, inner, handed, (function, parameter));
                    derived.push(submission);
                }
            }
        }
    }
    derived.extend(derived_through_workers(program, inner));
    derived
}

/// As above, where the `run` method of a local worker class calls a parameter of the function around the class.
fn derived_through_workers<'a>(program: &Program<'a>, inner: &Submission<'a>) -> Vec<Submission<'a>> {
    let mut derived = Vec::new();
    let own = inner.callable.is_none() && inner.shape.result == SubmissionResult::Worker;
    for target in inner.targets.iter().filter_map(Target::function).filter(|_| own) {
        for (function, parameter) in captured_callables(program, target) {
            for &call in program.solution.callers.get(&function).into_iter().flatten() {
                if let Some(mut submission) = derived_at(program, inner, function, parameter, call) {
                    submission.wrapped = true;
                    derived.push(submission);
                }
            }
        }
    }
    derived
}

fn derived_at<'a>(
    program: &Program<'a>,
    inner: &Submission<'a>,
    function: ScopeRef,
    parameter: u32,
    call: ExprRef,
) -> Option<Submission<'a>> {
    let bound = program.callees(call).iter().any(|callee| match callee {
        Callee::Function {
            function: called,
            receiver,
        } => *called == function && receiver.is_some(),
        Callee::Class(_) => true,
        _ => false,
    });
    // Submissions that reach the wrapper as their target are not calls of it.
    let direct = program.callees(call).iter().any(|callee| match callee {
        Callee::Function { function: called, .. } => *called == function,
        Callee::Class(class) => program.methods(*class, "__init__", false).contains(&function),
        _ => false,
    });
    if !direct {
        return None;
    }
    let name = &program.scope(function).parameters[parameter as usize].name;
    let position = parameter.checked_sub(u32::from(bound));
    let callable = program.argument(call, position, Some(name))?;
    let targets = targets_in_shape(program, inner.shape, callable);
    let wrapper = program.display_name(function);
    let intent = match inner.intent {
        Intent::Single => intent(program, FanOut::One, call),
        other => other,
    };
    let workers = inner.workers.clone();
    Some(Submission {
        api: format!("{wrapper} ({})", inner.shape.api),
        intent,
        through: Some(inner.call),
        wrapped: inner.wrapped,
        ..plain_submission(program, inner.shape, call, workers, Some(callable), targets)
    })
}

/// Whether a parameter is itself what is submitted, rather than something that the work calls.
fn is_handed_on(program: &Program<'_>, inner: &Submission<'_>, handed: ExprRef, parameter: (ScopeRef, u32)) -> bool {
    inner.callable == Some(handed) && parameters_behind(program, handed).contains(&parameter)
}

/// The parameters of the functions around a closure that the closure calls.
fn captured_callables(program: &Program<'_>, closure: ScopeRef) -> Vec<(ScopeRef, u32)> {
    if !program.is_local(closure) {
        return Vec::new();
    }
    let index = program.index(closure.file);
    let calls = index
        .calls()
        .iter()
        .filter(|&&call| index.scope_of(call) == closure.scope);
    let mut found = Vec::new();
    for &call in calls {
        let ExprKind::Call { callee, .. } = program.file(closure.file).kind(call) else {
            continue;
        };
        for parameter in parameters_behind(
            program,
            ExprRef {
                file: closure.file,
                expr: *callee,
            },
        ) {
            if parameter.0 != closure && !found.contains(&parameter) {
                found.push(parameter);
            }
        }
    }
    found
}

/// The arguments of a submission that its target calls.
fn called_arguments(program: &Program<'_>, submission: &Submission<'_>) -> Vec<ExprRef> {
    let mut found = Vec::new();
    for target in &submission.targets {
        let Some(function) = target.function() else { continue };
        let parameters = program.parameters(function, target.receiver().is_some());
        for argument in &submission.arguments {
            let Some(Slot::Position(position)) = argument.slot else {
                continue;
            };
            let Some(parameter) = parameters.get(position) else {
                continue;
            };
            if !argument.elements && is_called(program, function, parameter.def) && !found.contains(&argument.expr) {
                found.push(argument.expr);
            }
        }
    }
    found
}

/// Whether a function calls what a parameter of it holds.
pub(super) fn is_called(program: &Program<'_>, function: ScopeRef, parameter: DefId) -> bool {
    let index = program.index(function.file);
    let file = program.file(function.file);
    index.reads(file.definition(parameter).symbol).iter().any(|&read| {
        index
            .parent(read)
            .is_some_and(|parent| matches!(file.kind(parent), ExprKind::Call { callee, .. } if *callee == read))
    })
}

/// The call of a submission and those of the wrappers that it goes through; what hands the work over comes last.
#[must_use]
pub fn calls_through(program: &Program<'_>, submission: &Submission<'_>) -> Vec<ExprRef> {
    let mut calls = vec![submission.call];
    let mut through = submission.through;
    while let Some(call) = through.filter(|call| !calls.contains(call)) {
        calls.push(call);
        let inner = program.submissions.iter().find(|inner| inner.call == call);
        through = inner.and_then(|inner| inner.through);
    }
    calls
}
