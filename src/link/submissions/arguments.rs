//! The arguments that travel with the work, and where they arrive.

use crate::facts::{Argument, ArgumentKind, ExprKind};
use crate::knowledge::{ArgumentsShape, SubmissionShape};
use crate::link::program::Program;
use crate::link::values::{ExprRef, Site};

use super::targets::delayed_calls;
use super::{Slot, TaskArgument};

pub(super) fn task_arguments(
    program: &Program<'_>,
    shape: &SubmissionShape,
    call: ExprRef,
    callable: Option<ExprRef>,
) -> (Vec<TaskArgument>, bool) {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return (Vec::new(), false);
    };
    match shape.arguments {
        ArgumentsShape::Rest | ArgumentsShape::Iterables => rest_arguments(program, shape, call, callable),
        ArgumentsShape::ArgsKwargs => args_kwargs(program, shape, call),
        ArgumentsShape::OneIterable | ArgumentsShape::TupleIterable => {
            let iterable = shape
                .arguments_at
                .as_ref()
                .and_then(|position| program.argument_at(call, position));
            let slot = (shape.arguments == ArgumentsShape::OneIterable).then_some(Slot::Position(0));
            let found = iterable.map(|expr| TaskArgument {
                expr,
                slot,
                elements: true,
            });
            (
                found.into_iter().collect(),
                shape.arguments == ArgumentsShape::OneIterable,
            )
        }
        ArgumentsShape::DelayedCalls => {
            let calls = callable
                .map(|iterable| delayed_calls(program, iterable))
                .unwrap_or_default();
            let mut found = Vec::new();
            for delayed in &calls {
                found.extend(constructor_arguments(program, *delayed));
            }
            (found, false)
        }
        ArgumentsShape::Nothing => (Vec::new(), arguments.len() == 1),
    }
}

fn rest_arguments(
    program: &Program<'_>,
    shape: &SubmissionShape,
    call: ExprRef,
    callable: Option<ExprRef>,
) -> (Vec<TaskArgument>, bool) {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return (Vec::new(), false);
    };
    let elements = shape.arguments == ArgumentsShape::Iterables;
    let after = shape
        .callable
        .as_ref()
        .and_then(|position| position.position)
        .map_or(0, |position| position as usize + 1);
    let (mut found, mut complete, mut position) = (Vec::new(), true, 0);
    for argument in arguments {
        let expr = program.sibling(call, argument.value);
        let slot = match &argument.kind {
            ArgumentKind::Positional => {
                position += 1;
                if position <= after {
                    continue;
                }
                Some(Slot::Position(position - 1 - after))
            }
            ArgumentKind::Keyword(name) => {
                if shape.own_keywords.contains(name) || Some(expr) == callable {
                    continue;
                }
                Some(Slot::Keyword(name.clone()))
            }
            ArgumentKind::Star | ArgumentKind::DoubleStar => {
                complete = false;
                None
            }
        };
        found.push(TaskArgument { expr, slot, elements });
    }
    (found, complete)
}

/// `args=(a, b), kwargs={"c": d}`.
fn args_kwargs(program: &Program<'_>, shape: &SubmissionShape, call: ExprRef) -> (Vec<TaskArgument>, bool) {
    let at = |position: &Option<_>| {
        position
            .as_ref()
            .and_then(|position| program.argument_at(call, position))
    };
    let mut found = Vec::new();
    let mut complete = at(&shape.arguments_at).is_none_or(|tuple| in_args(program, tuple, &mut found));
    complete &= at(&shape.keywords_at).is_none_or(|mapping| in_kwargs(program, mapping, &mut found));
    if let ExprKind::Call { arguments, .. } = program.kind(call) {
        let unpacks = |argument: &Argument| matches!(argument.kind, ArgumentKind::Star | ArgumentKind::DoubleStar);
        complete &= !arguments.iter().any(unpacks);
    }
    (found, complete)
}

/// Adds what a tuple holds; returns whether all of it is known.
fn in_args(program: &Program<'_>, tuple: ExprRef, found: &mut Vec<TaskArgument>) -> bool {
    let mut complete = true;
    match program.kind(tuple) {
        ExprKind::Sequence { elements, len, .. } if elements.len() == *len as usize => {
            for (position, &element) in elements.iter().enumerate() {
                let expr = program.sibling(tuple, element);
                let starred = matches!(program.kind(expr), ExprKind::Starred(_));
                complete &= !starred;
                let slot = complete.then_some(Slot::Position(position));
                found.push(TaskArgument {
                    expr,
                    slot,
                    elements: starred,
                });
            }
            complete
        }
        _ => {
            found.push(TaskArgument::unknown_elements_of(tuple));
            false
        }
    }
}

/// Adds what a mapping of arguments by name holds; returns whether all of it is known.
fn in_kwargs(program: &Program<'_>, mapping: ExprRef, found: &mut Vec<TaskArgument>) -> bool {
    match program.kind(mapping) {
        ExprKind::Dict { entries, len } if entries.len() == *len as usize => {
            let mut complete = true;
            for &(key, value) in entries {
                let slot = key.and_then(|key| match program.kind(program.sibling(mapping, key)) {
                    ExprKind::Str { value, .. } => Some(Slot::Keyword(value.clone())),
                    _ => None,
                });
                complete &= slot.is_some();
                found.push(TaskArgument {
                    expr: program.sibling(mapping, value),
                    slot,
                    elements: false,
                });
            }
            complete
        }
        _ => {
            found.push(TaskArgument::unknown_elements_of(mapping));
            false
        }
    }
}

pub(super) fn constructor_arguments(program: &Program<'_>, call: ExprRef) -> Vec<TaskArgument> {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return Vec::new();
    };
    arguments
        .iter()
        .map(|argument| TaskArgument {
            expr: program.sibling(call, argument.value),
            slot: None,
            elements: false,
        })
        .collect()
}

/// The displays and calls that make the mappings in `f(**mapping)`.
#[must_use]
pub fn mappings_of(program: &Program<'_>, call: ExprRef) -> Vec<ExprRef> {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return Vec::new();
    };
    let mappings = arguments
        .iter()
        .filter(|argument| argument.kind == ArgumentKind::DoubleStar);
    mappings
        .flat_map(|mapping| program.values(program.sibling(call, mapping.value)).iter())
        .filter_map(|value| program.site(value).and_then(Site::expression))
        .collect()
}

/// What a dict display, or a call with arguments by name, holds under a name.
#[must_use]
pub fn in_mapping(program: &Program<'_>, mapping: ExprRef, wanted: &str) -> Option<ExprRef> {
    match program.kind(mapping) {
        ExprKind::Dict { entries, .. } => entries.iter().find_map(|&(key, value)| {
            let key = program.kind(program.sibling(mapping, key?));
            matches!(key, ExprKind::Str { value, .. } if value == wanted).then(|| program.sibling(mapping, value))
        }),
        ExprKind::Call { .. } => program.argument(mapping, None, Some(wanted)),
        _ => None,
    }
}
