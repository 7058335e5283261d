//! Worker processes that libraries start for their own use: those of a local cluster, those that load data.

use crate::config::StartMethod;
use crate::facts::{ExprKind, StmtKind};
use crate::knowledge::{LibraryWorkers, Position, Semantic};
use crate::link::values::{ExprRef, Site, ValueId};
use crate::link::{Callee, Program, StartSetting};

use super::conditions::{Literal, literal};
use super::creation::{Creation, Started};

/// Where such workers start: at the call that makes their owner, or where it is iterated.
pub(super) fn workers(program: &Program<'_>) -> Vec<Creation> {
    let mut found = Vec::new();
    for call in program.calls() {
        if let Some(workers) = workers_of(program, call).filter(|workers| !workers.when_iterated) {
            found.push(creation(call, workers, None));
        }
        if iterates_arguments(program, call)
            && let ExprKind::Call { arguments, .. } = program.kind(call)
        {
            let arguments = arguments.iter().map(|argument| program.sibling(call, argument.value));
            found.extend(arguments.filter_map(|argument| iteration(program, call, argument)));
        }
    }
    found.extend(iterated(program).filter_map(|iterable| iteration(program, iterable, iterable)));
    found
}

fn creation(at: ExprRef, workers: &LibraryWorkers, object: Option<ValueId>) -> Creation {
    let start = if workers.spawned {
        StartSetting::Explicit(StartMethod::Spawn)
    } else {
        StartSetting::Default
    };
    Creation {
        at,
        started: Started::Library,
        start,
        object,
    }
}

/// The workers that a call brings about, where its arguments do not rule them out.
fn workers_of<'a>(program: &Program<'a>, call: ExprRef) -> Option<&'a LibraryWorkers> {
    let callees = program.callees(call);
    let [Callee::External { name, .. }] = callees.as_slice() else {
        return None;
    };
    let workers = program.knowledge.call(name)?.workers.as_ref()?;
    if workers
        .unless
        .iter()
        .any(|position| argument(program, call, position).is_some())
    {
        return None;
    }
    let are_there = match argument(program, call, &workers.switch) {
        None => workers.by_default,
        Some(switch) => match literal(program, switch)? {
            Literal::Bool(value) => value,
            Literal::Int(value) => value > 0,
            Literal::None => workers.by_default,
            Literal::Str(_) => false,
        },
    };
    are_there.then_some(workers)
}

fn argument(program: &Program<'_>, call: ExprRef, position: &Position) -> Option<ExprRef> {
    program.argument(call, position.position, position.keyword.as_deref())
}

/// `enumerate(loader)`, `list(loader)`, `zip(loader, other)`.
fn iterates_arguments(program: &Program<'_>, call: ExprRef) -> bool {
    [Semantic::CopiesElements, Semantic::Enumerate, Semantic::Zip]
        .into_iter()
        .any(|semantic| program.has_semantic(call, semantic))
}

/// What `for` statements and comprehensions go over.
fn iterated<'p>(program: &'p Program<'_>) -> impl Iterator<Item = ExprRef> + 'p {
    program.file_ids().flat_map(move |file| {
        let statements = program.index(file).statements.iter();
        let loops = statements.filter_map(|indexed| match &indexed.stmt.kind {
            StmtKind::For { iterable, .. } => Some(*iterable),
            _ => None,
        });
        let clauses = program.file(file).expressions.iter().flat_map(|expr| match &expr.kind {
            ExprKind::Comprehension { clauses, .. } => clauses.as_slice(),
            _ => &[],
        });
        let iterables = loops.chain(clauses.map(|clause| clause.iterable));
        iterables.map(move |expr| ExprRef { file, expr })
    })
}

/// The start of the workers of what is iterated.
fn iteration(program: &Program<'_>, at: ExprRef, iterable: ExprRef) -> Option<Creation> {
    program.values(iterable).iter().find_map(|value| {
        let made = program.site(value).and_then(Site::expression)?;
        let workers = workers_of(program, made).filter(|workers| workers.when_iterated)?;
        Some(creation(at, workers, Some(value)))
    })
}
