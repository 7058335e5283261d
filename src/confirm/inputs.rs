//! Where the arguments of the measured calls come from.
//!
//! In this order: the configuration, a comment at the function, the hand-over itself, values made up from annotations.
//! What a person has written down comes first, because the person means it. Out: a Python expression that gives calls of
//! `__arguments__`, one a task.

use crate::config::ConfirmSettings;
use crate::facts::{ArgumentKind, ExprId, ExprKind, Parameter, ParameterKind, ScopeKind};
use crate::knowledge::ArgumentsShape;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Program, Slot, Submission};

use super::plan::{Expression, Inputs, Module, Origin, Refusal};
use super::render::{Blocked, Renderer};

/// The words of the comment that gives arguments.
const DIRECTIVE: &str = "concheck: confirm-with";
/// Alternative inputs in the comments of one function.
const COMMENTS: usize = 16;

/// The arguments that a person wrote down for a function: in the configuration or at its definition.
pub(super) fn written(program: &Program<'_>, settings: &ConfirmSettings, function: ScopeRef) -> Option<Inputs> {
    let full_name = program.full_name(function);
    let module = Module::of(program, function.file);
    let inputs = |origin, calls: &[String]| {
        let calls: Vec<String> = calls.iter().map(|call| format!("__arguments__({call})")).collect();
        let text = format!("[{}]", calls.join(", "));
        Inputs {
            expression: Expression::plain(module.clone(), text),
            origin,
        }
    };
    if let Some(calls) = settings.inputs.get(&full_name) {
        return Some(inputs(Origin::Configuration, calls));
    }
    let calls = comments_at(program, function);
    (!calls.is_empty()).then(|| inputs(Origin::Comment, &calls))
}

/// The comments on the line of a `def` and on the lines of comments and decorators right above it.
fn comments_at(program: &Program<'_>, function: ScopeRef) -> Vec<String> {
    let source = &program.sources[function.file.index()];
    let last = source.position(program.name_place(function).span.start).line;
    let is_head = |line: &u32| source.line_text(*line).trim_start().starts_with(['#', '@']);
    let first = (1..last).rev().take_while(is_head).last().unwrap_or(last);
    let comments = program.file(function.file).comments.iter();
    let here = comments.filter(|comment| (first..=last).contains(&source.position(comment.span.start).line));
    here.filter_map(|comment| comment.text.split_once(DIRECTIVE))
        .map(|(_, arguments)| arguments.trim().to_owned())
        .take(COMMENTS)
        .collect()
}

/// The arguments that the hand-over itself passes.
pub(super) fn handed_over(program: &Program<'_>, submission: &Submission<'_>) -> Result<Inputs, Blocked> {
    if !submission.arguments_complete && submission.shape.arguments != ArgumentsShape::TupleIterable {
        return Err(Blocked("the arguments of the hand-over are not all known".to_owned()));
    }
    let file = submission.call.file;
    if submission.arguments.iter().any(|argument| argument.expr.file != file) {
        return Err(Blocked("the arguments stand in another file".to_owned()));
    }
    let mut renderer = Renderer::new(program, file);
    let (call, last_clause) = match submission.shape.arguments {
        ArgumentsShape::OneIterable | ArgumentsShape::TupleIterable | ArgumentsShape::Iterables => {
            let mut iterables = Vec::new();
            for argument in &submission.arguments {
                iterables.push(renderer.text(argument.expr.expr)?);
            }
            let are_tuples = submission.shape.arguments == ArgumentsShape::TupleIterable;
            let (star, over) = match iterables.as_slice() {
                [one] => (if are_tuples { "*" } else { "" }, one.clone()),
                several => ("*", format!("zip({})", several.join(", "))),
            };
            (
                format!("__arguments__({star}__task)"),
                format!(" for __task in ({over})"),
            )
        }
        _ => {
            let mut passed = Vec::new();
            for argument in &submission.arguments {
                let text = renderer.text(argument.expr.expr)?;
                passed.push(match &argument.slot {
                    Some(Slot::Keyword(name)) => format!("{name}=({text})"),
                    Some(Slot::Position(_)) => format!("({text})"),
                    None => return Err(Blocked("the arguments of the hand-over are not all known".to_owned())),
                });
            }
            (format!("__arguments__({})", passed.join(", ")), String::new())
        }
    };
    Ok(from_hand_over(program, &renderer, file, &call, &last_clause))
}

/// The arguments of a plain call.
pub(super) fn of_call(program: &Program<'_>, call: ExprRef) -> Result<Inputs, Blocked> {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return Err(Blocked("the call could not be read".to_owned()));
    };
    let mut renderer = Renderer::new(program, call.file);
    let mut passed = Vec::new();
    for argument in arguments {
        let text = renderer.text(argument.value)?;
        passed.push(match &argument.kind {
            ArgumentKind::Positional => format!("({text})"),
            ArgumentKind::Keyword(name) => format!("{name}=({text})"),
            ArgumentKind::Star => format!("*({text})"),
            ArgumentKind::DoubleStar => format!("**({text})"),
        });
    }
    let call_text = format!("__arguments__({})", passed.join(", "));
    Ok(from_hand_over(program, &renderer, call.file, &call_text, ""))
}

fn from_hand_over(
    program: &Program<'_>,
    renderer: &Renderer<'_, '_>,
    file: crate::finding::FileId,
    call: &str,
    last_clause: &str,
) -> Inputs {
    let clauses = renderer.clauses() + last_clause;
    let text = if clauses.is_empty() {
        format!("[{call}]")
    } else {
        format!("({call}{clauses})")
    };
    Inputs {
        expression: Expression {
            module: Module::of(program, file),
            bindings: renderer.bindings(),
            text,
        },
        origin: Origin::HandOver,
    }
}

/// Values made up from the annotations of the parameters that need one.
pub(super) fn made_up(
    program: &Program<'_>,
    function: ScopeRef,
    bound: bool,
    blocked: Option<&Blocked>,
) -> Result<Inputs, Refusal> {
    let mut passed = Vec::new();
    for parameter in program.parameters(function, bound) {
        if parameter.default.is_some() || matches!(parameter.kind, ParameterKind::Star | ParameterKind::DoubleStar) {
            continue;
        }
        let Some(value) = parameter
            .annotation
            .and_then(|annotation| value_of(program, function, annotation, 0))
        else {
            return Err(no_input(program, function, parameter, blocked));
        };
        passed.push(match parameter.kind {
            ParameterKind::KeywordOnly => format!("{}={value}", parameter.name),
            _ => value,
        });
    }
    Ok(Inputs {
        expression: Expression::plain(
            Module::of(program, function.file),
            format!("[__arguments__({})]", passed.join(", ")),
        ),
        origin: if passed.is_empty() {
            Origin::HandOver
        } else {
            Origin::MadeUp
        },
    })
}

fn no_input(program: &Program<'_>, function: ScopeRef, parameter: &Parameter, blocked: Option<&Blocked>) -> Refusal {
    let source = &program.sources[function.file.index()];
    let needed = program.scope(function).parameters.iter().filter(|other| {
        other.default.is_none() && !matches!(other.kind, ParameterKind::Star | ParameterKind::DoubleStar)
    });
    let bound = program.class_of_method(function).is_some();
    let names: Vec<&str> = needed
        .skip(usize::from(bound))
        .map(|other| other.name.as_str())
        .collect();
    Refusal::NoInput {
        parameter: parameter.name.clone(),
        why: blocked.map_or_else(String::new, |Blocked(why)| format!(" ({why})")),
        line: format!("# {DIRECTIVE} <{}>", names.join(">, <")),
        path: source.path.clone(),
        number: source.position(program.name_place(function).span.start).line,
    }
}

/// A value of ordinary size for an annotation of the language's own types.
fn value_of(program: &Program<'_>, function: ScopeRef, annotation: ExprId, depth: u32) -> Option<String> {
    let file = program.file(function.file);
    let argument = |index: ExprId, position: usize| match file.kind(index) {
        ExprKind::Sequence { elements, .. } => elements.get(position).copied(),
        _ => (position == 0).then_some(index),
    };
    let inner = |index: ExprId, position: usize| {
        argument(index, position).and_then(|one| value_of(program, function, one, depth + 1))
    };
    let size = if depth == 0 { 1000 } else { 10 };
    match file.kind(annotation) {
        ExprKind::Str { value, .. } => plain_value(value, size),
        ExprKind::Name { name, .. } => plain_value(name, size),
        ExprKind::Subscript { base, index } if depth < 3 => {
            let (ExprKind::Name { name, .. } | ExprKind::Attribute { name, .. }) = file.kind(*base) else {
                return None;
            };
            match name.as_str() {
                "list" | "List" | "Sequence" | "Iterable" | "Collection" => {
                    Some(format!("[{}] * {size}", inner(*index, 0)?))
                }
                "set" | "Set" | "frozenset" => Some(format!("set(range({size}))")),
                "tuple" | "Tuple" => {
                    let first = inner(*index, 0)?;
                    Some(
                        inner(*index, 1)
                            .map_or(format!("({first},) * {size}"), |second| format!("({first}, {second})")),
                    )
                }
                "dict" | "Dict" | "Mapping" => {
                    let value = inner(*index, 1)?;
                    let key = argument(*index, 0)
                        .is_some_and(|key| matches!(file.kind(key), ExprKind::Name { name, .. } if name == "str"));
                    let key = if key { "str(__k)" } else { "__k" };
                    Some(format!("{{{key}: {value} for __k in range({size})}}"))
                }
                "Optional" => inner(*index, 0),
                _ => None,
            }
        }
        _ => None,
    }
}

fn plain_value(name: &str, size: u32) -> Option<String> {
    let value = match name {
        "int" => size.to_string(),
        "float" => format!("{size}.5"),
        "bool" => "True".to_owned(),
        "str" => format!("'x' * {size}"),
        "bytes" | "bytearray" => format!("{name}(b'x' * {})", size * 100),
        "list" => format!("list(range({size}))"),
        "dict" => format!("{{__k: __k for __k in range({size})}}"),
        "object" | "None" => "None".to_owned(),
        _ => return None,
    };
    Some(value)
}

/// Whether calling a function object again and again measures its body.
pub(super) fn is_measurable(program: &Program<'_>, function: ScopeRef) -> Result<(), Refusal> {
    let scope = program.scope(function);
    let why = if scope.kind == ScopeKind::Lambda {
        "it is a lambda; a function with a name at the top of a module could be called".to_owned()
    } else if program.is_local(function) {
        "it is defined inside another function and exists only while that runs; at the top of a module it could be called"
            .to_owned()
    } else if scope.is_async {
        "it is a coroutine function, which only an event loop runs".to_owned()
    } else if scope.is_generator {
        "it is a generator function, which runs only as far as its result is consumed".to_owned()
    } else {
        return Ok(());
    };
    Err(Refusal::NotCallable(why))
}
