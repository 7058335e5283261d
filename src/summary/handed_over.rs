//! What is handed over in the place of a callable or of its arguments.
//!
//! In: the linked program. Out: mistakes in one submission. Must not know: rules, findings.

use std::collections::BTreeSet;

use crate::edit::Layout;
use crate::facts::ExprKind;
use crate::finding::Confidence;
use crate::knowledge::{ArgumentsShape, SubmissionShape};
use crate::link::initializers::Initializer;
use crate::link::language;
use crate::link::submissions::{in_mapping, mappings_of, targets_of};
use crate::link::values::{ExprRef, Site, Value, ValueId};
use crate::link::{Callee, Program, Submission, Target};

use super::signatures::{is_callable, is_stub, positional_parameters, returns_nothing};

/// A call that stands where its callee should.
#[derive(Clone, Debug)]
pub struct CalledInstead {
    /// The call.
    pub call: ExprRef,
    /// What it gives, as the object of a sentence.
    pub gives: String,
}

/// A call in the place of the callable that gives nothing callable.
#[must_use]
pub fn called_instead(program: &Program<'_>, submission: &Submission<'_>) -> Option<CalledInstead> {
    let call = submission.callable?;
    let is_written_out = submission.shape.arguments == ArgumentsShape::DelayedCalls;
    called_in_place(program, call).filter(|_| !is_written_out)
}

/// A call where a callable is expected, which gives nothing callable.
#[must_use]
pub fn called_in_place(program: &Program<'_>, call: ExprRef) -> Option<CalledInstead> {
    if !matches!(program.kind(call), ExprKind::Call { .. }) {
        return None;
    }
    let mut gives: Option<String> = None;
    for callee in program.callees(call) {
        let this = match callee {
            Callee::Function { function, .. } => {
                let scope = program.scope(function);
                let is_plain = scope.decorators.is_empty()
                    || program.semantics_of_decorators(function).len() == scope.decorators.len();
                if !is_plain || is_stub(program, function) {
                    return None;
                }
                if scope.is_async {
                    "a coroutine".to_owned()
                } else if scope.is_generator {
                    "a generator".to_owned()
                } else if returns_nothing(program, function) {
                    "nothing".to_owned()
                } else {
                    not_callable(program, call)?
                }
            }
            Callee::Class(_) | Callee::External { .. } => not_callable(program, call)?,
            Callee::Partial(_) | Callee::Unknown(_) => return None,
        };
        gives = gives.or(Some(this));
    }
    Some(CalledInstead { call, gives: gives? })
}

/// What an expression gives, where that is known and cannot be called.
fn not_callable(program: &Program<'_>, expr: ExprRef) -> Option<String> {
    let values = program.values(expr);
    if values.is_empty() || values.is_full() {
        return None;
    }
    let mut kind = None;
    for value in values.iter() {
        let value = program.value(value);
        if is_callable(program, value) != Some(false) {
            return None;
        }
        kind = kind.or_else(|| Some(kind_of(program, value)));
    }
    kind
}

/// The kind of a value, as the object of a sentence.
fn kind_of(program: &Program<'_>, value: &Value) -> String {
    match value {
        Value::None => "nothing".to_owned(),
        Value::Int(_) => "a number".to_owned(),
        Value::Str(_) => "a string".to_owned(),
        Value::Bool(_) => "a truth value".to_owned(),
        Value::Generator(_) => "a generator".to_owned(),
        Value::Coroutine(_) => "a coroutine".to_owned(),
        Value::Instance { class, .. } => format!("an object of `{}`", program.display_name(*class)),
        Value::ExternalInstance { of, .. } => match program.name(*of) {
            language::STR => "a string".to_owned(),
            language::INT | language::FLOAT => "a number".to_owned(),
            language::BOOL => "a truth value".to_owned(),
            language::NONE_TYPE => "nothing".to_owned(),
            name => format!("a `{}`", name.trim_start_matches("builtins.")),
        },
        _ => "something that cannot be called".to_owned(),
    }
}

/// Something that is passed as the tuple of arguments and is none.
#[derive(Clone, Debug)]
pub struct NoTuple {
    /// The expression.
    pub expr: ExprRef,
    /// What it is, as the object of a sentence.
    pub is: String,
    /// It is a string, which is taken apart into letters.
    pub letters: bool,
    /// It is a dict, of which only the keys arrive.
    pub keys: bool,
    /// It stands in parentheses of its own.
    pub parenthesised: bool,
    /// What is called takes exactly one argument.
    pub takes_one: bool,
    /// How sure that is.
    pub confidence: Confidence,
}

/// What kind of wrong tuple a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It can be taken apart into arguments.
    Fits,
    /// A string, which is taken apart into letters.
    Letters,
    /// A dict, which gives its keys.
    Keys,
    /// It cannot be iterated.
    Scalar,
    /// Nothing is known.
    Unknown,
}

/// An argument tuple that is none.
#[must_use]
pub fn no_tuple(program: &Program<'_>, submission: &Submission<'_>) -> Option<NoTuple> {
    if submission.through.is_some() {
        return None;
    }
    if submission.shape.arguments == ArgumentsShape::TupleIterable {
        return no_tuples(program, submission);
    }
    if !is_direct(program, submission.call) {
        let (call, expr) = passed_up(program, submission)?;
        return judged(program, call, expr, &submission.targets);
    }
    match tuple_argument(program, submission.shape, submission.call) {
        Some(expr) => judged(program, submission.call, expr, &submission.targets),
        None => in_mappings(program, submission),
    }
}

/// The argument tuple of a pool's initializer, if it is none.
#[must_use]
pub fn no_initializer_tuple(program: &Program<'_>, initializer: &Initializer<'_>) -> Option<NoTuple> {
    let targets = targets_of(program, initializer.callable?);
    judged(program, initializer.call, initializer.arguments?, &targets)
}

/// The argument tuple in a mapping of `Thread(**options)`.
fn in_mappings(program: &Program<'_>, submission: &Submission<'_>) -> Option<NoTuple> {
    let shape = submission.shape;
    let tuple = shape.arguments_at.as_ref()?.keyword.as_deref()?;
    let work = shape.callable.as_ref()?.keyword.as_deref()?;
    let is_tuple = shape.arguments == ArgumentsShape::ArgsKwargs;
    let mappings = mappings_of(program, submission.call).into_iter().filter(|_| is_tuple);
    mappings.into_iter().find_map(|mapping| {
        let expr = in_mapping(program, mapping, tuple)?;
        let callable = in_mapping(program, mapping, work).or(submission.callable)?;
        judged(program, mapping, expr, &targets_of(program, callable))
    })
}

/// The elements of a list written out or comprehended, where each should be a tuple of arguments.
fn no_tuples(program: &Program<'_>, submission: &Submission<'_>) -> Option<NoTuple> {
    let list = program.argument_at(submission.call, submission.shape.arguments_at.as_ref()?)?;
    let mut made = program
        .values(list)
        .iter()
        .map(|value| program.site(value).and_then(Site::expression));
    let (Some(Some(made)), None) = (made.next(), made.next()) else {
        return None;
    };
    let elements = match program.kind(made) {
        ExprKind::Comprehension {
            element, value: None, ..
        } => vec![*element],
        ExprKind::Sequence { elements, len, .. } if elements.len() == *len as usize => elements.clone(),
        _ => return None,
    };
    let found: Vec<NoTuple> = elements
        .iter()
        .filter_map(|&element| judged(program, made, program.sibling(made, element), &submission.targets))
        .collect();
    let all = found.len() == elements.len();
    found
        .into_iter()
        .next()
        .filter(|first| all && (first.takes_one || !first.letters) && !is_one_letter(program, first.expr))
}

fn is_one_letter(program: &Program<'_>, expr: ExprRef) -> bool {
    matches!(program.kind(expr), ExprKind::Str { value, .. } if value.chars().count() == 1)
}

/// Whether an expression of a call, or of another display, is no tuple of arguments.
fn judged(program: &Program<'_>, call: ExprRef, expr: ExprRef, targets: &[Target]) -> Option<NoTuple> {
    let parenthesised = is_parenthesised(program, call, expr);
    let parameters: Vec<_> = targets
        .iter()
        .map(|target| positional_parameters(program, target))
        .collect();
    if parameters.iter().flatten().any(|&(_, any)| any) {
        return None;
    }
    let one = !parameters.is_empty() && parameters.iter().all(|taken| *taken == Some((1, false)));
    let verdicts = verdicts(program, expr);
    let known: Vec<&(Verdict, String)> = verdicts
        .iter()
        .filter(|(verdict, _)| *verdict != Verdict::Unknown)
        .collect();
    if known.iter().any(|(verdict, _)| *verdict == Verdict::Fits) {
        return None;
    }
    let letters = known.iter().any(|(verdict, _)| *verdict == Verdict::Letters);
    let keys = known.iter().any(|(verdict, _)| *verdict == Verdict::Keys);
    // A dict in a variable may be there for its keys.
    if keys && !parenthesised && !matches!(program.kind(expr), ExprKind::Dict { .. }) {
        return None;
    }
    let all_known = !known.is_empty() && known.len() == verdicts.len();
    let confidence = if all_known {
        Confidence::High
    } else if parenthesised && one && (!known.is_empty() || is_lone_name(program, expr)) {
        Confidence::Medium
    } else {
        return None;
    };
    let is = known
        .iter()
        .find(|(verdict, _)| !letters || *verdict == Verdict::Letters)
        .map_or_else(|| "a single value".to_owned(), |(_, is)| is.clone());
    Some(NoTuple {
        expr,
        is,
        letters,
        keys,
        parenthesised,
        takes_one: one,
        confidence,
    })
}

/// The constructor or method itself is called, not a subclass with parameters of its own.
fn is_direct(program: &Program<'_>, call: ExprRef) -> bool {
    program
        .callees(call)
        .iter()
        .all(|callee| matches!(callee, Callee::External { .. } | Callee::Partial(_)))
}

/// The tuple that the constructor of a worker class passes by name to that of its base, with the call.
fn passed_up(program: &Program<'_>, submission: &Submission<'_>) -> Option<(ExprRef, ExprRef)> {
    let target = submission.callable?;
    let index = program.index(target.file);
    let call = program.sibling(target, index.parent(target.expr)?);
    let keyword = submission.shape.arguments_at.as_ref()?.keyword.as_deref()?;
    let is_base = program.callees(call).iter().any(|callee| {
        matches!(callee, Callee::External { name, .. }
            if name.strip_suffix(".__init__") == Some(submission.shape.api.as_str()))
    });
    let tuple = program.argument(call, None, Some(keyword))?;
    is_base.then_some((call, tuple))
}

fn tuple_argument(program: &Program<'_>, shape: &SubmissionShape, call: ExprRef) -> Option<ExprRef> {
    if shape.arguments != ArgumentsShape::ArgsKwargs {
        return None;
    }
    shape.arguments_at.as_ref().and_then(|at| program.argument_at(call, at))
}

fn verdicts(program: &Program<'_>, expr: ExprRef) -> Vec<(Verdict, String)> {
    match program.kind(expr) {
        ExprKind::Str { .. } => return vec![(Verdict::Letters, "a string".to_owned())],
        ExprKind::FString(_) => return vec![(Verdict::Letters, "a string".to_owned())],
        ExprKind::None => return vec![(Verdict::Fits, String::new())],
        _ => {}
    }
    let values = program.values(expr);
    if values.is_full() {
        return vec![(Verdict::Fits, String::new())];
    }
    let mut found: Vec<(Verdict, String)> = values
        .iter()
        .map(|value| {
            let value = program.value(value);
            (verdict(program, value), kind_of(program, value))
        })
        .collect();
    if found.is_empty() {
        found.push((Verdict::Unknown, String::new()));
    }
    found
}

fn verdict(program: &Program<'_>, value: &Value) -> Verdict {
    match value {
        Value::Int(_) | Value::Bool(_) | Value::Function(_) | Value::BoundMethod { .. } | Value::Module(_) => {
            Verdict::Scalar
        }
        Value::Str(_) => Verdict::Letters,
        Value::Instance { class, .. } => {
            let classes = &program.solution.classes;
            let closed = !classes.has_unknown_base(*class)
                && classes.external_ancestors(*class).is_empty()
                && program.scope(*class).keywords.is_empty();
            let iterates = ["__iter__", "__getitem__"]
                .iter()
                .any(|method| !program.methods(*class, method, true).is_empty());
            match (iterates, closed) {
                (true, _) => Verdict::Fits,
                (false, true) => Verdict::Scalar,
                (false, false) => Verdict::Unknown,
            }
        }
        Value::ExternalInstance { of, .. } => match program.name(*of) {
            language::STR => Verdict::Letters,
            language::DICT => Verdict::Keys,
            language::INT | language::FLOAT | language::BOOL => Verdict::Scalar,
            name if program
                .knowledge
                .type_fact(name)
                .is_some_and(|fact| fact.role.is_some()) =>
            {
                Verdict::Scalar
            }
            name if language::PLAIN_TYPES.contains(&name) => Verdict::Fits,
            _ => Verdict::Unknown,
        },
        Value::None => Verdict::Unknown,
        Value::Generator(_) => Verdict::Fits,
        _ => Verdict::Unknown,
    }
}

/// Whether an argument stands in parentheses of its own.
fn is_parenthesised(program: &Program<'_>, call: ExprRef, expr: ExprRef) -> bool {
    let ExprKind::Call { arguments_span, .. } = program.kind(call) else {
        let text = &program.sources[expr.file.index()].text;
        let span = program.place(expr).span;
        let before = text.get(..span.start as usize).unwrap_or_default().trim_end();
        let after = text.get(span.end as usize..).unwrap_or_default().trim_start();
        return before.ends_with('(') && after.starts_with(')');
    };
    let end = program.place(expr).span.end as usize;
    let close = arguments_span.end.saturating_sub(1) as usize;
    let layout = Layout::new(&program.sources[call.file.index()].text);
    layout.behind_argument(end, close).0 > end
}

/// A name or attribute that does not sound like several things.
fn is_lone_name(program: &Program<'_>, expr: ExprRef) -> bool {
    let name = match program.kind(expr) {
        ExprKind::Name { name, .. } | ExprKind::Attribute { name, .. } => name,
        _ => return false,
    };
    let name = name.to_ascii_lowercase();
    let plural = ["arg", "param", "tuple", "opts", "values", "row", "items"];
    !plural.iter().any(|word| name.contains(word)) && !name.ends_with('s')
}

/// The callable that stands where a group would, with its place.
#[must_use]
pub fn callable_as_group(program: &Program<'_>, submission: &Submission<'_>) -> Option<ExprRef> {
    let at = submission.shape.group_at.as_ref()?;
    let own = program.callees(submission.call).iter().any(|callee| match callee {
        Callee::Class(class) => !program.methods(*class, "__init__", false).is_empty(),
        Callee::External { .. } => false,
        _ => true,
    });
    if own || submission.through.is_some() {
        return None;
    }
    let expr = program.argument(submission.call, at.position, at.keyword.as_deref())?;
    let values = program.values(expr);
    let callable = |value| is_callable(program, program.value(value)) == Some(true);
    (!values.is_empty() && values.iter().all(callable)).then_some(expr)
}

/// The worker objects whose `run` the program calls itself and that nothing starts: tests of what the worker does.
pub(super) fn run_in_place(program: &Program<'_>) -> BTreeSet<ValueId> {
    let (mut run, mut started) = (BTreeSet::new(), BTreeSet::new());
    for call in program.calls() {
        let ExprKind::Call { callee, .. } = program.kind(call) else {
            continue;
        };
        let ExprKind::Attribute { base, name, .. } = program.kind(program.sibling(call, *callee)) else {
            continue;
        };
        let receivers = program.values(program.sibling(call, *base)).iter();
        let instances = receivers.filter(|&value| matches!(program.value(value), Value::Instance { .. }));
        match name.as_str() {
            language::RUN => run.extend(instances),
            language::START => started.extend(instances),
            _ => {}
        }
    }
    run.retain(|value| !started.contains(value));
    run
}
