//! Submissions that no knowledge base can name: calls of decorated functions, calls of the project's own executors, and
//! pools whose initializer is the work.

use crate::facts::{ExprKind, Stmt, StmtKind};
use crate::knowledge::{SubmissionResult, SubmissionShape, WorkerKind};

use crate::link::language;
use crate::link::program::{Callee, Program};
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId};

use super::derived::is_called;
use super::targets::{parameters_behind, targets_of};
use super::workers::{worker_behind, workers_of};
use super::{Submission, Target, plain_submission};

/// A call of a function of the project whose decorator hands each call of it to a worker.
pub(super) fn decorated_submission<'a>(
    program: &Program<'a>,
    call: ExprRef,
    function: ScopeRef,
    receiver: Option<ValueId>,
) -> Option<Submission<'a>> {
    let shape = program.scope(function).decorators.iter().find_map(|&decorator| {
        let file = function.file;
        let named = match program.kind(ExprRef { file, expr: decorator }) {
            ExprKind::Call { callee, .. } => *callee,
            _ => decorator,
        };
        let values = program.values(ExprRef { file, expr: named });
        values.iter().find_map(|value| match *program.value(value) {
            Value::External(name) => program.knowledge.submission(program.name(name)),
            _ => None,
        })
    })?;
    if shape.result != SubmissionResult::Wrapper {
        return None;
    }
    let target = Target {
        callee: Callee::Function { function, receiver },
        partials: Vec::new(),
        value: None,
    };
    let workers = workers_of(program, shape, call, None);
    Some(plain_submission(program, shape, call, workers, None, vec![target]))
}

/// `executor.submit(f)` where a class of the project overrides how executors take work, and does not run it at once.
pub(super) fn overridden_submissions<'a>(program: &Program<'a>, call: ExprRef) -> Vec<Submission<'a>> {
    let mut found: Vec<Submission<'a>> = Vec::new();
    for callee in program.callees(call) {
        let Callee::Function {
            function,
            receiver: Some(receiver),
        } = callee
        else {
            continue;
        };
        let Some(submission) = overridden_submission(program, call, function, receiver) else {
            continue;
        };
        match found.iter_mut().find(|other| other.api == submission.api) {
            Some(same) => same.workers.extend(submission.workers),
            None => found.push(submission),
        }
    }
    found
}

fn overridden_submission<'a>(
    program: &Program<'a>,
    call: ExprRef,
    function: ScopeRef,
    receiver: ValueId,
) -> Option<Submission<'a>> {
    let class = program.class_of_method(function)?;
    let method = &program.scope(function).name;
    let above = program.solution.classes.external_ancestors(class);
    let shape = above
        .iter()
        .find_map(|&name| program.knowledge.submission_method(program.name(name), method))?;
    let position = shape.callable.as_ref()?;
    let parameter = program
        .parameters(function, true)
        .get(position.position? as usize)
        .filter(|parameter| !is_called(program, function, parameter.def))?;
    let callable = program.argument(call, position.position, Some(&parameter.name))?;
    let targets = targets_of(program, callable);
    let worker = worker_behind(program, receiver);
    Some(plain_submission(
        program,
        shape,
        call,
        vec![worker],
        Some(callable),
        targets,
    ))
}

/// A pool whose initializer never returns: it is the work, and the pool only starts the processes for it.
pub(super) fn initializer_submission<'a>(program: &Program<'a>, call: ExprRef, made: &str) -> Option<Submission<'a>> {
    let shape: &'a SubmissionShape = program.knowledge.submission_method(made, language::INITIALIZER)?;
    let callable = program.argument_at(call, shape.callable.as_ref()?)?;
    let targets = targets_of(program, callable);
    let endless = targets.iter().filter_map(Target::function);
    if !endless.into_iter().any(|function| never_returns(program, function)) {
        return None;
    }
    let pool = program
        .values(call)
        .iter()
        .find(|&value| matches!(program.value(value), Value::ExternalInstance { .. }))?;
    let worker = worker_behind(program, pool);
    if worker.kind == Some(WorkerKind::Inline) {
        return None;
    }
    Some(plain_submission(
        program,
        shape,
        call,
        vec![worker],
        Some(callable),
        targets,
    ))
}

/// The parameters of the enclosing function that an expression wraps into something to call: a `partial` of one, or an
/// object whose `__call__` calls what its constructor was given.
pub(super) fn wrapped_parameters(program: &Program<'_>, expr: ExprRef) -> Vec<(ScopeRef, u32)> {
    let mut found = Vec::new();
    for value in program.values(expr).iter() {
        match *program.value(value) {
            Value::Partial(site) if site.file == expr.file => {
                let inner = program.argument(site, Some(0), None);
                found.extend(inner.into_iter().flat_map(|inner| parameters_behind(program, inner)));
            }
            Value::Instance {
                class,
                site: Some(Site::Expr(site)),
            } if site.file == expr.file => {
                for given in called_later(program, class, site) {
                    found.extend(parameters_behind(program, given));
                }
            }
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The arguments of a constructor call that the `__call__` of the new object calls, kept in an attribute meanwhile.
fn called_later(program: &Program<'_>, class: ScopeRef, site: ExprRef) -> Vec<ExprRef> {
    let init = program.methods(class, language::INIT, false);
    let run = program.methods(class, language::CALL, false);
    let (Some(&init), Some(&run)) = (init.first(), run.first()) else {
        return Vec::new();
    };
    let called = attributes_called(program, run);
    let mut found = Vec::new();
    for (position, parameter) in (0u32..).zip(program.parameters(init, true)) {
        let is_kept = program.scope(init).body.iter().any(|statement| {
            kept_attribute(program, init, statement, &parameter.name).is_some_and(|name| called.contains(&name))
        });
        if is_kept {
            found.extend(program.argument(site, Some(position), Some(&parameter.name)));
        }
    }
    found
}

/// The attribute that `self.name = parameter` stores a parameter in.
fn kept_attribute<'a>(program: &Program<'a>, init: ScopeRef, statement: &'a Stmt, parameter: &str) -> Option<&'a str> {
    let StmtKind::Assign { targets, value } = &statement.kind else {
        return None;
    };
    let file = program.file(init.file);
    if !matches!(file.kind(*value), ExprKind::Name { name, .. } if name == parameter) {
        return None;
    }
    targets.iter().find_map(|&target| match file.kind(target) {
        ExprKind::Attribute { name, .. } => Some(name.as_str()),
        _ => None,
    })
}

/// The attributes that the code of a method calls.
fn attributes_called<'a>(program: &Program<'a>, method: ScopeRef) -> Vec<&'a str> {
    let index = program.index(method.file);
    let file = program.file(method.file);
    let own = index
        .calls()
        .iter()
        .filter(|&&call| index.scope_of(call) == method.scope);
    own.filter_map(|&call| match file.kind(call) {
        ExprKind::Call { callee, .. } => match file.kind(*callee) {
            ExprKind::Attribute { name, .. } => Some(name.as_str()),
            _ => None,
        },
        _ => None,
    })
    .collect()
}

/// Whether a function is a service loop: `while True:` stands among its statements.
fn never_returns(program: &Program<'_>, function: ScopeRef) -> bool {
    let is_endless = |statement: &Stmt| match &statement.kind {
        StmtKind::While { test, body, .. } => {
            let test = program.file(function.file).kind(*test);
            let endless = matches!(test, ExprKind::Bool(true) | ExprKind::Int(Some(1)));
            endless && !body.iter().any(leaves)
        }
        _ => false,
    };
    program.scope(function).body.iter().any(is_endless)
}

fn leaves(statement: &Stmt) -> bool {
    matches!(statement.kind, StmtKind::Break)
}
