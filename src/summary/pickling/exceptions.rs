//! Exceptions that a worker may raise and that do not arrive in the parent.
//!
//! An exception is pickled as its class and its `args`: what the last `__init__` above it is given. Unpickling calls the
//! class with them. Its attributes travel along.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::facts::{ArgumentKind, ExprKind, ParameterKind, StmtKind};
use crate::finding::{Confidence, Note, Place};
use crate::knowledge::{Pickling as Fact, PicklingMoment, SubmissionResult, WorkerKind};
use crate::link::index::Branch;
use crate::link::language;
use crate::link::solver::{Base, Variable};
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId};
use crate::link::{Callee, Program, Submission, Target};

use super::instances::registered_classes;
use super::judge::Judge;
use super::lost_parts::lost_part;
use super::order::{Moment, Started};
use super::{ExceptionFault, LostException};

/// Why an exception does not arrive.
#[derive(Clone, Debug)]
struct Fault {
    what: ExceptionFault,
    /// What the constructor is given the second time is known not to do.
    certain: bool,
}

impl Fault {
    fn of_constructor(reason: String, place: Place, certain: bool) -> Self {
        let what = ExceptionFault::Constructor { reason, place };
        Self { what, certain }
    }
}

/// Judges what travels at a moment.
type Judging<'j, 's, 'p, 'a> = &'j dyn Fn(Moment) -> Judge<'s, 'p, 'a>;

/// A `raise` with the class.
type Raised = (ScopeRef, ExprRef);

/// Finds them, by place of the `raise`.
pub(super) fn find<'p, 'a>(program: &'p Program<'a>, judging: Judging<'_, '_, 'p, 'a>) -> Vec<LostException> {
    let registered = registered_classes(program);
    let raises = faulty_raises(program, &registered, judging);
    let escaping = escaping(program, &raises);
    let mut found: BTreeMap<(ExprRef, ScopeRef), LostException> = BTreeMap::new();
    for submission in &program.submissions {
        if !sends_exceptions_back(submission) {
            continue;
        }
        let targets = submission.targets.iter().filter_map(Target::function);
        let wrappers = &program.solution.wrappers;
        let replaced = targets
            .clone()
            .flat_map(|target| wrappers.get(&target).into_iter().flatten().copied());
        for function in targets.clone() {
            for (class, made, fault) in faulty_results(program, &registered, function) {
                found.entry((made, class)).or_insert_with(|| LostException {
                    returned: true,
                    ..lost(program, submission, class, made, &fault, &[])
                });
            }
        }
        for function in targets.chain(replaced) {
            for ((class, raise), path) in escaping.get(&function).into_iter().flatten() {
                let Some(fault) = raises.get(&(*class, *raise)) else {
                    continue;
                };
                found
                    .entry((*raise, *class))
                    .or_insert_with(|| lost(program, submission, *class, *raise, fault, path));
            }
        }
    }
    let mut all: Vec<LostException> = found.into_values().collect();
    all.sort_by_key(|exception| (exception.raised, exception.class));
    all
}

fn lost(
    program: &Program<'_>,
    submission: &Submission<'_>,
    class: ScopeRef,
    raise: ExprRef,
    fault: &Fault,
    path: &[ExprRef],
) -> LostException {
    let notes = path.iter().map(|&call| Note {
        place: program.place(call),
        message: format!("`{}` is called here", program.text(call)),
    });
    LostException {
        class,
        raised: program.place(raise),
        returned: false,
        fault: fault.what.clone(),
        call: submission.call,
        api: submission.api.clone(),
        hangs: submission
            .workers
            .iter()
            .filter_map(|worker| worker.executor)
            .any(|executor| program.role(executor) == Some(crate::knowledge::Role::Pool)),
        confidence: confidence(submission, path, fault.certain),
        notes: notes.collect(),
    }
}

/// The longer the way, the less sure that the worker's calls take it.
fn confidence(submission: &Submission<'_>, path: &[ExprRef], certain: bool) -> Confidence {
    match path.len() {
        0..=2 if certain && submission.is_always(WorkerKind::Process) => Confidence::High,
        0..=4 => Confidence::Medium,
        _ => Confidence::Low,
    }
}

fn sends_exceptions_back(submission: &Submission<'_>) -> bool {
    let to_process = submission
        .workers
        .iter()
        .any(|worker| worker.kind == Some(WorkerKind::Process) && !worker.cloudpickle);
    to_process
        && submission.shape.pickles != PicklingMoment::Never
        && submission.shape.result != SubmissionResult::Worker
}

/// The `raise` statements of exceptions that do not arrive.
fn faulty_raises<'p, 'a>(
    program: &'p Program<'a>,
    registered: &BTreeSet<ScopeRef>,
    judging: Judging<'_, '_, 'p, 'a>,
) -> BTreeMap<Raised, Fault> {
    let mut found = BTreeMap::new();
    for file in program.file_ids() {
        for indexed in &program.index(file).statements {
            let StmtKind::Raise {
                exception: Some(exception),
                ..
            } = indexed.stmt.kind
            else {
                continue;
            };
            let raise = ExprRef { file, expr: exception };
            for value in program.values(raise).iter() {
                let Value::Instance { class, site } = *program.value(value) else {
                    continue;
                };
                if registered.contains(&class) {
                    continue;
                }
                let made = site.and_then(Site::expression);
                let carried = || carried(program, &judging(moment_of(program, raise)), value, class, site);
                if let Some(fault) = fault(program, class, made).or_else(carried) {
                    found.insert((class, raise), fault);
                }
            }
        }
    }
    found
}

/// Exceptions that a function returns, each with the call that makes it, and that cannot be made anew.
fn faulty_results(
    program: &Program<'_>,
    registered: &BTreeSet<ScopeRef>,
    function: ScopeRef,
) -> Vec<(ScopeRef, ExprRef, Fault)> {
    let mut found = Vec::new();
    for value in program.solution.variable(Variable::Return(function)).iter() {
        let Value::Instance {
            class,
            site: Some(Site::Expr(made)),
        } = *program.value(value)
        else {
            continue;
        };
        let fault = fault(program, class, Some(made)).filter(|_| !registered.contains(&class));
        found.extend(fault.map(|fault| (class, made, fault)));
    }
    found
}

/// An exception is pickled some time after it is raised.
fn moment_of(program: &Program<'_>, raise: ExprRef) -> Moment {
    Moment {
        function: program.function_around(program.scope_of(raise)),
        handed: program.place(raise).span.end.saturating_add(1),
        at: Some(raise),
        started: Started::AtOnce,
    }
}

/// What an exception keeps that does not pickle: an attribute, or an argument where it has no constructor of its own.
fn carried(
    program: &Program<'_>,
    judge: &Judge<'_, '_, '_>,
    value: ValueId,
    class: ScopeRef,
    site: Option<Site>,
) -> Option<Fault> {
    if !is_plain_exception(program, class) {
        return None;
    }
    let argument = || {
        let made = site.and_then(Site::expression)?;
        let own = program.methods(class, language::INIT, false);
        let arguments = plain_arguments(program, made).filter(|_| own.is_empty())?;
        arguments
            .positional
            .into_iter()
            .find_map(|argument| judge.expression(argument))
    };
    let obstacle = judge.instance(value, class, site, 0).or_else(argument)?;
    let certain = obstacle.confidence == Confidence::High;
    (obstacle.confidence > Confidence::Low).then_some(Fault {
        what: ExceptionFault::Carries(obstacle),
        certain,
    })
}

/// What keeps an exception of this class from being made anew.
fn fault(program: &Program<'_>, class: ScopeRef, made: Option<ExprRef>) -> Option<Fault> {
    if !is_plain_exception(program, class) {
        return None;
    }
    let constructor = *program.methods(class, "__init__", false).first()?;
    let place = program.name_place(constructor);
    let parameters = program.parameters(constructor, true);
    let keyword_only: Vec<&str> = parameters
        .iter()
        .filter(|parameter| parameter.kind == ParameterKind::KeywordOnly && parameter.default.is_none())
        .map(|parameter| parameter.name.as_str())
        .collect();
    let name = &program.scope(class).name;
    if let Some(first) = keyword_only.first() {
        let reason = format!("`{name}` needs the keyword argument `{first}`, which is not in the exception's `args`");
        return Some(Fault::of_constructor(reason, place, true));
    }
    let passed = passed(program, constructor, made, 0)?;
    let positional = || {
        parameters.iter().filter(|parameter| {
            matches!(
                parameter.kind,
                ParameterKind::Positional | ParameterKind::PositionalOnly
            )
        })
    };
    let required = positional().filter(|parameter| parameter.default.is_none()).count();
    let most = positional().count();
    let takes_more = parameters.iter().any(|parameter| parameter.kind == ParameterKind::Star);
    if passed.count < required || (passed.count > most && !takes_more) {
        let needed = if required == most && !takes_more {
            format!("{required}")
        } else if passed.count < required {
            format!("at least {required}")
        } else {
            format!("at most {most}")
        };
        let plural = if needed.ends_with(" 1") || needed == "1" {
            ""
        } else {
            "s"
        };
        let reason = format!(
            "`{name}` needs {needed} argument{plural}, but {} in the exception's `args`",
            match passed.count {
                0 => "none is".to_owned(),
                1 => "one is".to_owned(),
                count => format!("{count} are"),
            }
        );
        return Some(Fault::of_constructor(reason, place, true));
    }
    lost_part(program, constructor, &passed.arguments).map(|part| {
        let reason = format!(
            "`{name}` reads `{}`, but only {} is in the exception's `args`",
            part.read, part.kept
        );
        Fault::of_constructor(reason, place, part.certain)
    })
}

/// Whether a class is an exception that is pickled as exceptions are by default.
fn is_plain_exception(program: &Program<'_>, class: ScopeRef) -> bool {
    let mut exception = false;
    for &base in program.solution.classes.ancestry(class).iter() {
        match base {
            Base::Project(base) => {
                let file = program.file(base.file);
                let special = ["__reduce__", "__reduce_ex__", "__new__", "__setstate__"]
                    .iter()
                    .any(|name| file.symbol_in(base.scope, name).is_some());
                if special {
                    return false;
                }
            }
            Base::Unknown => return false,
            Base::External(name) => {
                let name = program.name(name);
                let Some(fact) = program.knowledge.type_fact(name) else {
                    return false;
                };
                if fact.pickle != Some(Fact::Ok) {
                    return false;
                }
                exception |= program.knowledge.is_subtype(name, language::BASE_EXCEPTION);
            }
        }
    }
    exception
}

/// What ends up in an exception's `args`.
struct Passed {
    count: usize,
    /// The arguments, where the constructor itself passes them to a class outside the project.
    arguments: Vec<ExprRef>,
}

/// Constructors that call constructors are followed this far.
const DEPTH: u32 = 5;

fn passed(program: &Program<'_>, constructor: ScopeRef, made: Option<ExprRef>, depth: u32) -> Option<Passed> {
    if depth > DEPTH || sets_args(program, constructor) {
        return None;
    }
    let index = program.index(constructor.file);
    let mut calls = Vec::new();
    for &call in index.calls() {
        if index.scope_of(call) != constructor.scope {
            continue;
        }
        let call = ExprRef {
            file: constructor.file,
            expr: call,
        };
        if let Some(above) = constructor_above(program, call) {
            calls.push((call, above));
        }
    }
    match calls.as_slice() {
        // Without a call, `args` keeps what the class was called with.
        [] => {
            let arguments = plain_arguments(program, made?)?;
            Some(Passed {
                count: arguments.positional.len(),
                arguments: Vec::new(),
            })
        }
        [(_, Above::Project(above))] => {
            let inner = passed(program, *above, None, depth + 1);
            inner.map(|inner| Passed {
                count: inner.count,
                arguments: Vec::new(),
            })
        }
        [(call, Above::External { receiver_first })] => {
            let arguments = plain_arguments(program, *call)?;
            let skip = usize::from(*receiver_first);
            let positional: Vec<ExprRef> = arguments.positional.into_iter().skip(skip).collect();
            Some(Passed {
                count: positional.len(),
                arguments: positional,
            })
        }
        _ => None,
    }
}

/// Whose `__init__` a call runs on the same object.
enum Above {
    Project(ScopeRef),
    External {
        /// The receiver is written as the first argument (`Exception.__init__(self)`).
        receiver_first: bool,
    },
}

fn constructor_above(program: &Program<'_>, call: ExprRef) -> Option<Above> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    let ExprKind::Attribute { base, name, .. } = program.kind(program.sibling(call, *callee)) else {
        return None;
    };
    if name != "__init__" {
        return None;
    }
    for callee in program.callees(call) {
        if let Callee::Function { function, .. } = callee {
            return Some(Above::Project(function));
        }
    }
    let through_class = program
        .values(program.sibling(call, *base))
        .iter()
        .any(|value| matches!(program.value(value), Value::External(_) | Value::Class(_)));
    Some(Above::External {
        receiver_first: through_class,
    })
}

struct Plain {
    positional: Vec<ExprRef>,
}

/// The positional arguments of a call that spreads nothing.
fn plain_arguments(program: &Program<'_>, call: ExprRef) -> Option<Plain> {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return None;
    };
    let mut positional = Vec::new();
    for argument in arguments {
        match argument.kind {
            ArgumentKind::Positional => positional.push(program.sibling(call, argument.value)),
            ArgumentKind::Keyword(_) => {}
            ArgumentKind::Star | ArgumentKind::DoubleStar => return None,
        }
    }
    Some(Plain { positional })
}

/// Whether a constructor sets `self.args` itself.
fn sets_args(program: &Program<'_>, constructor: ScopeRef) -> bool {
    let index = program.index(constructor.file);
    let file = program.file(constructor.file);
    index.statements_of(constructor.scope).iter().any(|&id| {
        let targets = match &index.statement(id).stmt.kind {
            StmtKind::Assign { targets, .. } => targets.as_slice(),
            _ => &[],
        };
        targets
            .iter()
            .any(|&target| matches!(file.kind(target), ExprKind::Attribute { name, .. } if name == "args"))
    })
}

/// The calls that lead from a function to each `raise` that leaves it.
type Escapes = BTreeMap<Raised, Vec<ExprRef>>;

/// Calls that are shown on the way to a `raise`.
const PATH: usize = 6;

/// What leaves each function: from every `raise` up through the callers until something catches it.
fn escaping(program: &Program<'_>, raises: &BTreeMap<Raised, Fault>) -> BTreeMap<ScopeRef, Escapes> {
    let mut escapes: BTreeMap<ScopeRef, Escapes> = BTreeMap::new();
    let mut open: VecDeque<(ScopeRef, Raised)> = VecDeque::new();
    for &(class, raise) in raises.keys() {
        if caught(program, raise, class) {
            continue;
        }
        let function = program.function_around(program.scope_of(raise));
        escapes.entry(function).or_default().insert((class, raise), Vec::new());
        open.push_back((function, (class, raise)));
    }
    while let Some((function, raised)) = open.pop_front() {
        let path = escapes.get(&function).and_then(|known| known.get(&raised)).cloned();
        let Some(path) = path.filter(|path| path.len() < PATH) else {
            continue;
        };
        for &call in program.solution.callers.get(&function).into_iter().flatten() {
            if !calls(program, call, function) || caught(program, call, raised.0) {
                continue;
            }
            let caller = program.function_around(program.scope_of(call));
            if let Entry::Vacant(entry) = escapes.entry(caller).or_default().entry(raised) {
                entry.insert(std::iter::once(call).chain(path.iter().copied()).collect());
                open.push_back((caller, raised));
            }
        }
    }
    escapes
}

fn calls(program: &Program<'_>, call: ExprRef, function: ScopeRef) -> bool {
    program.callees(call).iter().any(|callee| match callee {
        Callee::Function { function: called, .. } => *called == function,
        Callee::Class(class) => program.methods(*class, "__init__", false).contains(&function),
        _ => false,
    })
}

/// Whether an exception of a class that leaves an expression is caught in the same function.
fn caught(program: &Program<'_>, expr: ExprRef, class: ScopeRef) -> bool {
    let index = program.index(expr.file);
    let Some(statement) = index.statement_of(expr.expr) else {
        return false;
    };
    let names = names_of(program, class);
    index
        .ancestors(statement)
        .any(|(above, branch)| match (&index.statement(above).stmt.kind, branch) {
            (StmtKind::Try { handlers, .. }, Branch::Body) => handlers.iter().any(|handler| {
                let matches = handler.types.is_none_or(|types| {
                    let types = ExprRef {
                        file: expr.file,
                        expr: types,
                    };
                    mentions(program, types, &names)
                });
                matches && !raises_again(handler)
            }),
            (StmtKind::With { items, .. }, _) => items.iter().any(|&(context, _)| {
                let ExprKind::Call { arguments, .. } = program.file(expr.file).kind(context) else {
                    return false;
                };
                arguments.iter().any(|argument| {
                    let argument = ExprRef {
                        file: expr.file,
                        expr: argument.value,
                    };
                    mentions(program, argument, &names)
                })
            }),
            _ => false,
        })
}

/// A class and everything above it.
fn names_of(program: &Program<'_>, class: ScopeRef) -> (BTreeSet<ScopeRef>, Vec<String>) {
    let (mut project, mut external) = (BTreeSet::new(), Vec::new());
    for &base in program.solution.classes.ancestry(class).iter() {
        match base {
            Base::Project(base) => {
                project.insert(base);
            }
            Base::External(name) => external.push(program.name(name).to_owned()),
            Base::Unknown => {}
        }
    }
    (project, external)
}

/// Whether an expression names a class, one above it, or a tuple with one of them; what is not known may be one.
fn mentions(program: &Program<'_>, expr: ExprRef, names: &(BTreeSet<ScopeRef>, Vec<String>)) -> bool {
    if let ExprKind::Sequence { elements, .. } = program.kind(expr) {
        return elements
            .iter()
            .any(|&element| mentions(program, program.sibling(expr, element), names));
    }
    program.values(expr).iter().any(|value| match program.value(value) {
        Value::Class(class) => names.0.contains(class),
        Value::External(name) => {
            let name = program.name(*name);
            names.1.iter().any(|above| program.knowledge.is_subtype(above, name))
        }
        Value::ExternalInstance { site: Some(site), .. } => site.expression().is_some_and(|tuple| {
            tuple != expr && matches!(program.kind(tuple), ExprKind::Sequence { .. }) && mentions(program, tuple, names)
        }),
        _ => false,
    })
}

/// Whether a handler may raise what it has caught once more.
fn raises_again(handler: &crate::facts::Handler) -> bool {
    fn search(block: &[crate::facts::Stmt]) -> bool {
        block.iter().any(|statement| {
            matches!(statement.kind, StmtKind::Raise { exception: None, .. })
                || crate::facts::child_blocks(statement).into_iter().any(search)
        })
    }
    search(&handler.body)
}
