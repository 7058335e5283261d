//! Whether the arguments of a submission fit the signature of what runs.
//!
//! In: the linked program. Out: what does not fit, in words. Must not know: rules, findings.

use std::collections::BTreeSet;

use crate::facts::{ArgumentKind, ExprId, ExprKind, Parameter, ParameterKind, ScopeKind};
use crate::knowledge::{ArgumentsShape, Semantic};
use crate::link::initializers::Initializer;
use crate::link::submissions::targets_of;
use crate::link::values::{ExprRef, ScopeRef, Site, Value};
use crate::link::{Callee, Program, Submission, Target, language};

/// Arguments that do not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The function that is called with them.
    pub function: ScopeRef,
    /// What does not fit, as the end of a sentence that starts with the function.
    pub message: String,
}

/// The arguments that a call of the target gets.
#[derive(Clone, Debug, Default)]
struct Supply {
    positional: usize,
    keywords: BTreeSet<String>,
}

/// How the arguments of a submission fail to fit each of its targets.
#[must_use]
pub fn misfit(program: &Program<'_>, submission: &Submission<'_>) -> Option<Misfit> {
    if submission.through.is_some() || submission.targets.is_empty() || is_own_constructor(program, submission) {
        return None;
    }
    misfit_of_all(program, &submission.targets, &supplies(program, submission)?)
}

/// How the arguments of a pool's initializer fail to fit it.
#[must_use]
pub fn initializer_misfit(program: &Program<'_>, initializer: &Initializer<'_>) -> Option<Misfit> {
    if has_stars(program, initializer.call) {
        return None;
    }
    let positional = match initializer.arguments {
        Some(tuple) => width(program, tuple)?,
        None => 0,
    };
    let supply = Supply {
        positional,
        keywords: BTreeSet::new(),
    };
    misfit_of_all(program, &targets_of(program, initializer.callable?), &[supply])
}

/// The first misfit, where no target takes what it is given.
fn misfit_of_all(program: &Program<'_>, targets: &[Target], supplies: &[Supply]) -> Option<Misfit> {
    let mut first = None;
    for target in targets {
        let found = supplies
            .iter()
            .find_map(|supply| target_misfit(program, target, supply))?;
        first = first.or(Some(found));
    }
    first
}

/// A subclass's constructor takes what it likes.
fn is_own_constructor(program: &Program<'_>, submission: &Submission<'_>) -> bool {
    program
        .callees(submission.call)
        .iter()
        .any(|callee| matches!(callee, Callee::Class(_)))
}

fn supplies(program: &Program<'_>, submission: &Submission<'_>) -> Option<Vec<Supply>> {
    let shape = submission.shape;
    let call = submission.call;
    match shape.arguments {
        ArgumentsShape::Rest | ArgumentsShape::Iterables => {
            if !submission.arguments_complete {
                return None;
            }
            let mut supply = Supply::default();
            for argument in &submission.arguments {
                match argument.slot.as_ref()? {
                    crate::link::Slot::Position(_) => supply.positional += 1,
                    crate::link::Slot::Keyword(name) => {
                        supply.keywords.insert(name.clone());
                    }
                }
            }
            Some(vec![supply])
        }
        ArgumentsShape::ArgsKwargs => {
            if has_stars(program, call) {
                return None;
            }
            let at = |position: &Option<_>| {
                position
                    .as_ref()
                    .and_then(|position| program.argument_at(call, position))
            };
            let positional = match at(&shape.arguments_at) {
                Some(tuple) => width(program, tuple)?,
                None => 0,
            };
            let keywords = match at(&shape.keywords_at) {
                Some(mapping) => keys(program, mapping)?,
                None => BTreeSet::new(),
            };
            Some(vec![Supply { positional, keywords }])
        }
        ArgumentsShape::OneIterable => Some(vec![Supply {
            positional: 1,
            keywords: BTreeSet::new(),
        }]),
        ArgumentsShape::TupleIterable => {
            let iterable = shape
                .arguments_at
                .as_ref()
                .and_then(|at| program.argument_at(call, at))?;
            let widths = widths_of_elements(program, iterable);
            let supply = |positional| Supply {
                positional,
                keywords: BTreeSet::new(),
            };
            Some(widths.into_iter().map(supply).collect())
        }
        ArgumentsShape::DelayedCalls | ArgumentsShape::Nothing => None,
    }
}

fn has_stars(program: &Program<'_>, call: ExprRef) -> bool {
    matches!(program.kind(call), ExprKind::Call { arguments, .. } if arguments
        .iter()
        .any(|argument| matches!(argument.kind, ArgumentKind::Star | ArgumentKind::DoubleStar)))
}

/// How many elements an expression has: a display, or a name that is always the same tuple.
fn width(program: &Program<'_>, expr: ExprRef) -> Option<usize> {
    match program.kind(expr) {
        ExprKind::None => return Some(0),
        ExprKind::Sequence { .. } => return display_width(program, expr),
        _ => {}
    }
    let mut values = program.values(expr).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let Some(Site::Expr(site)) = program.site(value) else {
        return None;
    };
    let is_tuple = matches!(
        program.kind(site),
        ExprKind::Sequence {
            kind: crate::facts::SequenceKind::Tuple,
            ..
        }
    );
    if is_tuple { display_width(program, site) } else { None }
}

fn display_width(program: &Program<'_>, display: ExprRef) -> Option<usize> {
    let ExprKind::Sequence { elements, len, .. } = program.kind(display) else {
        return None;
    };
    let starred = |&element: &ExprId| matches!(program.kind(program.sibling(display, element)), ExprKind::Starred(_));
    (!elements.iter().any(starred)).then_some(*len as usize)
}

/// The widths of the tuples that an iterable gives.
fn widths_of_elements(program: &Program<'_>, iterable: ExprRef) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut displays = vec![iterable];
    for value in program.values(iterable).iter() {
        if let Some(Site::Expr(site)) = program.site(value) {
            displays.push(site);
        }
    }
    for display in displays {
        match program.kind(display) {
            ExprKind::Sequence { elements, .. } => {
                let widths = elements
                    .iter()
                    .filter_map(|&element| tuple_width(program, program.sibling(display, element)));
                found.extend(widths);
            }
            ExprKind::Comprehension {
                element, value: None, ..
            } => found.extend(tuple_width(program, program.sibling(display, *element))),
            _ => {}
        }
    }
    found
}

fn tuple_width(program: &Program<'_>, expr: ExprRef) -> Option<usize> {
    match program.kind(expr) {
        ExprKind::Sequence { .. } => display_width(program, expr),
        _ => None,
    }
}

fn keys(program: &Program<'_>, mapping: ExprRef) -> Option<BTreeSet<String>> {
    let (entries, len) = match program.kind(mapping) {
        ExprKind::Dict { entries, len } => (entries, len),
        ExprKind::None => return Some(BTreeSet::new()),
        _ => return keywords_of_dict(program, mapping),
    };
    if entries.len() != *len as usize {
        return None;
    }
    let key = |entry: &(Option<ExprId>, ExprId)| match program.kind(program.sibling(mapping, entry.0?)) {
        ExprKind::Str { value, .. } => Some(value.clone()),
        _ => None,
    };
    entries.iter().map(key).collect()
}

/// The names in `dict(name=value)`.
fn keywords_of_dict(program: &Program<'_>, call: ExprRef) -> Option<BTreeSet<String>> {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return None;
    };
    let is_dict = |callee: &Callee| matches!(callee, Callee::External { name, .. } if &**name == language::DICT);
    let named = arguments.iter().map(|argument| match &argument.kind {
        ArgumentKind::Keyword(name) => Some(name.clone()),
        _ => None,
    });
    named
        .collect::<Option<_>>()
        .filter(|_| program.callees(call).iter().all(is_dict))
}

fn target_misfit(program: &Program<'_>, target: &Target, supply: &Supply) -> Option<Misfit> {
    let mut supply = supply.clone();
    for &partial in &target.partials {
        let ExprKind::Call { arguments, .. } = program.kind(partial) else {
            return None;
        };
        for argument in &arguments[1..] {
            match &argument.kind {
                ArgumentKind::Positional => supply.positional += 1,
                ArgumentKind::Keyword(name) => {
                    supply.keywords.insert(name.clone());
                }
                ArgumentKind::Star | ArgumentKind::DoubleStar => return None,
            }
        }
    }
    let (function, bound) = match &target.callee {
        Callee::Function { function, receiver } => (*function, receiver.is_some()),
        Callee::Class(class) => (constructor(program, *class)?, true),
        _ => return None,
    };
    if !keeps_signature(program, function) {
        return None;
    }
    let bound = bound && !is_static(program, function);
    let prefilled = !target.partials.is_empty();
    let message = compare(program.parameters(function, bound), &supply, prefilled)?;
    Some(Misfit { function, message })
}

/// The `__init__` of a class that Python calls as it is.
fn constructor(program: &Program<'_>, class: ScopeRef) -> Option<ScopeRef> {
    let classes = &program.solution.classes;
    let plain = !classes.has_unknown_base(class)
        && classes.external_ancestors(class).is_empty()
        && program.scope(class).decorators.is_empty()
        && program.scope(class).keywords.is_empty()
        && program.methods(class, "__new__", false).is_empty();
    if !plain {
        return None;
    }
    program.methods(class, "__init__", false).first().copied()
}

/// Whether no decorator of a function may change what it takes.
fn keeps_signature(program: &Program<'_>, function: ScopeRef) -> bool {
    let kept = program
        .semantics_of_decorators(function)
        .into_iter()
        .filter(|semantic| {
            matches!(
                semantic,
                Semantic::KeepsFunction
                    | Semantic::CachesFunction
                    | Semantic::RetriesFunction
                    | Semantic::StaticMethod
                    | Semantic::ClassMethod
            )
        });
    kept.count() == program.scope(function).decorators.len()
}

fn is_static(program: &Program<'_>, function: ScopeRef) -> bool {
    program
        .semantics_of_decorators(function)
        .contains(&Semantic::StaticMethod)
}

/// What does not fit, as the end of a sentence that starts with the function.
fn compare(parameters: &[Parameter], supply: &Supply, prefilled: bool) -> Option<String> {
    let positional: Vec<&Parameter> = parameters
        .iter()
        .filter(|parameter| {
            matches!(
                parameter.kind,
                ParameterKind::PositionalOnly | ParameterKind::Positional
            )
        })
        .collect();
    let takes = |kind| parameters.iter().any(|parameter| parameter.kind == kind);
    if supply.positional > positional.len() && !takes(ParameterKind::Star) {
        return Some(format!(
            "takes {} and is given {}",
            count(positional.len(), "positional argument"),
            supply.positional
        ));
    }
    let missing: Vec<&str> = positional
        .iter()
        .skip(supply.positional)
        .copied()
        .chain(
            parameters
                .iter()
                .filter(|parameter| parameter.kind == ParameterKind::KeywordOnly),
        )
        .filter(|parameter| parameter.default.is_none() && !supply.keywords.contains(&parameter.name))
        .map(|parameter| parameter.name.as_str())
        .collect();
    if !missing.is_empty() {
        let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
        return Some(format!("needs {}, which nothing passes", names.join(" and ")));
    }
    let unknown = supply.keywords.iter().find(|name| {
        !parameters.iter().any(|parameter| {
            parameter.name == **name && matches!(parameter.kind, ParameterKind::Positional | ParameterKind::KeywordOnly)
        })
    });
    if let Some(name) = unknown.filter(|_| !takes(ParameterKind::DoubleStar)) {
        return Some(format!("has no parameter `{name}`"));
    }
    // A later keyword may replace what `partial` has filled in, so that only plain calls are judged.
    let twice = positional
        .iter()
        .take(supply.positional)
        .find(|parameter| parameter.kind == ParameterKind::Positional && supply.keywords.contains(&parameter.name));
    let twice = twice.filter(|_| !prefilled)?;
    Some(format!("is given `{}` twice", twice.name))
}

/// `no arguments`, `1 argument`, `2 arguments`.
fn count(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// The positional parameters that a target takes, and whether it takes any number of them.
#[must_use]
pub fn positional_parameters(program: &Program<'_>, target: &Target) -> Option<(usize, bool)> {
    let Callee::Function { function, receiver } = &target.callee else {
        return None;
    };
    if !keeps_signature(program, *function) || !target.partials.is_empty() {
        return None;
    }
    let parameters = program.parameters(*function, receiver.is_some() && !is_static(program, *function));
    let plain = parameters.iter().filter(|parameter| {
        matches!(
            parameter.kind,
            ParameterKind::PositionalOnly | ParameterKind::Positional
        )
    });
    let any = parameters.iter().any(|parameter| parameter.kind == ParameterKind::Star);
    Some((plain.count(), any))
}

/// Whether a value can be called: `None` where that is not known.
#[must_use]
pub fn is_callable(program: &Program<'_>, value: &Value) -> Option<bool> {
    match value {
        Value::None | Value::Int(_) | Value::Str(_) | Value::Bool(_) | Value::Generator(_) | Value::Coroutine(_) => {
            Some(false)
        }
        Value::Module(_) => Some(false),
        Value::Function(_)
        | Value::Class(_)
        | Value::BoundMethod { .. }
        | Value::MadeClass(_)
        | Value::Partial(_)
        | Value::Delayed(_)
        | Value::ExternalMethod { .. } => Some(true),
        Value::Instance { class, .. } => {
            let classes = &program.solution.classes;
            let known = !classes.has_unknown_base(*class)
                && classes.external_ancestors(*class).is_empty()
                && program.scope(*class).keywords.is_empty();
            if program.methods(*class, "__call__", true).is_empty() {
                known.then_some(false)
            } else {
                Some(true)
            }
        }
        Value::ExternalInstance { of, .. } => {
            let name = program.name(*of);
            let plain = crate::link::language::PLAIN_TYPES.contains(&name);
            plain.then_some(false)
        }
        Value::External(_) | Value::MadeInstance(_) | Value::Super { .. } | Value::Unknown(_) => None,
    }
}

/// Whether a function of the project returns without a value however it ends, and is more than a stub.
#[must_use]
pub fn returns_nothing(program: &Program<'_>, function: ScopeRef) -> bool {
    use crate::facts::StmtKind;
    let scope = program.scope(function);
    if scope.kind == ScopeKind::Lambda {
        return false;
    }
    let index = program.index(function.file);
    let statements = index.statements_of(function.scope);
    let valued = statements.iter().any(|&id| match index.statement(id).stmt.kind {
        StmtKind::Return(Some(value)) => !matches!(program.file(function.file).kind(value), ExprKind::None),
        _ => false,
    });
    !valued && !is_stub(program, function)
}

/// A body that only says that subclasses are to have one.
#[must_use]
pub fn is_stub(program: &Program<'_>, function: ScopeRef) -> bool {
    use crate::facts::StmtKind;
    let facts = program.file(function.file);
    program.scope(function).body.iter().all(|stmt| match &stmt.kind {
        StmtKind::Pass | StmtKind::Raise { .. } | StmtKind::Return(None) => true,
        StmtKind::Expr(value) => matches!(facts.kind(*value), ExprKind::Str { .. } | ExprKind::Ellipsis),
        _ => false,
    })
}
