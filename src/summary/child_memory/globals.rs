//! Globals that workers read and that only the parent sets: they are there in forked workers and in no others.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{CompareOp, DefId, DefKind, ExprId, ExprKind, MODULE, StmtKind, SymbolId};
use crate::finding::{FileId, Note, Place};
use crate::knowledge::Pickling;
use crate::link::values::{ExprRef, ScopeRef, Site};
use crate::link::{Program, Submission};

use super::changed::{changed, run_on_import};
use super::graph::{Afterwards, CallGraph};
use super::origin::{Spot, home};
use super::random::each_expression;
use super::uses::{Uses, definitions_of};
use super::walk::ChildRun;

/// What a worker sees of a global that only the parent sets or changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// No such name.
    Nothing,
    /// `None` or an empty container, which the module binds it to when it is imported.
    Empty,
    /// The value that the module starts with, without the parent's changes.
    Start,
    /// Another one of the objects that are meant to be shared: importing the module makes it anew.
    Own,
}

/// A global that workers have only where they are forked.
#[derive(Clone, Debug)]
pub struct ForkOnlyGlobal {
    /// Its name.
    pub name: String,
    /// Where the parent sets it.
    pub assignment: Place,
    /// What workers see that do not come from a fork.
    pub instead: Instead,
    /// Where a worker reads it.
    pub read: ExprRef,
    /// The hand-over.
    pub submission: usize,
    /// The calls that lead to the read.
    pub path: Vec<Note>,
}

/// Finds the globals, one finding for each global and assignment.
pub(super) fn globals(
    program: &Program<'_>,
    graph: &CallGraph,
    uses: &Uses<'_>,
    runs: &[ChildRun],
) -> Vec<ForkOnlyGlobal> {
    let mut found: BTreeMap<(FileId, SymbolId), ForkOnlyGlobal> = BTreeMap::new();
    let imported = OnceCell::new();
    for run in runs {
        let submission = &program.submissions[run.submission];
        if submission.workers.iter().any(|worker| worker.cloudpickle) {
            continue;
        }
        let functions = run.all();
        let in_child = |scope: ScopeRef| functions.contains(&scope);
        let mut afterwards = None;
        let mut judged: BTreeSet<(FileId, SymbolId)> = BTreeSet::new();
        for (&function, _) in run.functions.iter().filter(|(_, entered)| entered.certain) {
            for (read, file, symbol) in globals_read(program, function) {
                if found.contains_key(&(file, symbol)) || !judged.insert((file, symbol)) {
                    continue;
                }
                let afterwards =
                    afterwards.get_or_insert_with(|| Afterwards::new(program, graph, submission.call, &in_child));
                let own = || made_anew(program, uses, (file, symbol), submission, &in_child);
                if let Some((assignment, instead)) =
                    fork_only(program, file, symbol, afterwards, &in_child).or_else(own)
                    && (instead != Instead::Start || !is_set_on_import(program, graph, &imported, file, symbol))
                {
                    found.insert(
                        (file, symbol),
                        ForkOnlyGlobal {
                            name: program.file(file).symbol(symbol).name.clone(),
                            assignment,
                            instead,
                            read,
                            submission: run.submission,
                            path: run.path(program, function),
                        },
                    );
                }
            }
        }
    }
    let mut found: Vec<ForkOnlyGlobal> = found.into_values().collect();
    found.extend(changed(program, graph, uses, runs, &imported));
    found.sort_by_key(|global| global.assignment);
    found
}

/// The globals that the code of a function reads.
pub(super) fn globals_read(program: &Program<'_>, function: ScopeRef) -> Vec<(ExprRef, FileId, SymbolId)> {
    let mut found = Vec::new();
    each_expression(program, function, &mut |expr| {
        if let ExprKind::Name {
            symbol: Some(symbol), ..
        } = program.kind(expr)
            && function.scope != MODULE
            && program.file(expr.file).symbol(*symbol).scope == MODULE
            && !program.file(expr.file).symbol(*symbol).in_comprehension
            && let Some((file, symbol)) = home(program, expr.file, *symbol, 0)
        {
            found.push((expr, file, symbol));
        }
    });
    found
}

/// Where the parent sets a global that importing the module leaves empty.
fn fork_only(
    program: &Program<'_>,
    file: FileId,
    symbol: SymbolId,
    afterwards: &Afterwards,
    in_child: &dyn Fn(ScopeRef) -> bool,
) -> Option<(Place, Instead)> {
    let facts = program.file(file);
    let mut assignment: Option<Place> = None;
    let mut instead = Instead::Nothing;
    for (def, scope) in definitions_of(program, file, symbol) {
        let definition = facts.definition(def);
        let place = Place {
            file,
            span: definition.span,
        };
        if in_child(scope) && scope.scope != MODULE {
            return None;
        }
        if scope.scope != MODULE {
            let value = match &definition.kind {
                DefKind::Assign { value, .. } | DefKind::Augmented { value, .. } => Some(*value),
                DefKind::Context { context, .. } => Some(*context),
                _ => None,
            };
            let before = value.is_some_and(|value| !afterwards.covers(program, ExprRef { file, expr: value }, false));
            let function = program.function_around(scope);
            if before && (afterwards.leads_here(function) || afterwards.earlier.contains(&function)) {
                assignment = assignment.or(Some(place));
            }
            continue;
        }
        if is_under_guard(program, file, def) {
            assignment = assignment.or(Some(place));
        } else if is_empty(program, file, def) {
            instead = Instead::Empty;
        } else if is_constant(program, file, def) {
            instead = Instead::Start;
        } else {
            return None;
        }
    }
    let place = assignment?;
    // Who tests a switch uses it; who tests what may be missing copes without it.
    let copes = instead != Instead::Start && is_checked(program, file, symbol, in_child);
    (!copes).then_some((place, instead))
}

/// Where a module makes a lock, queue or value for several processes of which each worker that imports the module anew
/// has one of its own, although others are to use the same.
fn made_anew(
    program: &Program<'_>,
    uses: &Uses<'_>,
    (file, symbol): (FileId, SymbolId),
    submission: &Submission<'_>,
    in_child: &dyn Fn(ScopeRef) -> bool,
) -> Option<(Place, Instead)> {
    let definitions: Vec<DefId> = definitions_of(program, file, symbol).into_keys().collect();
    let [def] = definitions.as_slice() else { return None };
    let definition = program.file(file).definition(*def);
    if program.file(file).symbol(symbol).scope != definition.scope || is_under_guard(program, file, *def) {
        return None;
    }
    let made = ExprRef {
        file,
        expr: value_of(program, file, *def)?,
    };
    let values = program.values(made);
    let connects = |value| {
        let fact = program.type_fact(value);
        program.site(value) == Some(Site::Expr(made))
            && fact.is_some_and(|fact| fact.pickle == Some(Pickling::Inherits))
    };
    let excludes = |value| program.type_fact(value).is_some_and(|fact| fact.lock.is_some());
    let elsewhere = uses
        .same(program, Spot::Global(file, symbol))
        .into_iter()
        .any(|mention| {
            let scope = program.function_around(program.scope_of(mention));
            !in_child(scope) || scope.scope == MODULE
        });
    let meets = elsewhere || (submission.intent.is_fan_out() && values.iter().all(excludes));
    let place = Place {
        file,
        span: definition.span,
    };
    (meets && !values.is_empty() && values.iter().all(connects)).then_some((place, Instead::Own))
}

fn value_of(program: &Program<'_>, file: FileId, def: DefId) -> Option<ExprId> {
    match &program.file(file).definition(def).kind {
        DefKind::Assign { value, .. } | DefKind::Augmented { value, .. } => Some(*value),
        DefKind::Element { iterable, .. } => Some(*iterable),
        DefKind::Context { context, .. } => Some(*context),
        _ => None,
    }
}

/// Whether a binding in a module's own code stands under `if __name__ == "__main__":`.
pub(crate) fn is_under_guard(program: &Program<'_>, file: FileId, def: DefId) -> bool {
    value_of(program, file, def).is_some_and(|expr| has_guard_around(program, ExprRef { file, expr }))
}

/// Whether an expression stands under `if __name__ == "__main__":`.
pub(super) fn has_guard_around(program: &Program<'_>, expr: ExprRef) -> bool {
    let index = program.index(expr.file);
    let Some(statement) = index.statement_of(expr.expr) else {
        return false;
    };
    index.ancestors(statement).any(|(above, _)| {
        matches!(&index.statement(above).stmt.kind, StmtKind::If { test, .. } if is_guard(program, expr.file, *test))
    })
}

pub(crate) fn is_guard(program: &Program<'_>, file: FileId, test: ExprId) -> bool {
    let mut found = false;
    crate::facts::visit_expressions(program.file(file), test, &mut |expr| {
        found |= matches!(program.file(file).kind(expr), ExprKind::Name { name, .. } if name == "__name__");
    });
    found
}

/// Whether a function that importing runs sets a global: a child has that, too.
fn is_set_on_import(
    program: &Program<'_>,
    graph: &CallGraph,
    imported: &OnceCell<BTreeSet<ScopeRef>>,
    file: FileId,
    symbol: SymbolId,
) -> bool {
    let imported = imported.get_or_init(|| run_on_import(program, graph));
    let scopes = definitions_of(program, file, symbol).into_values();
    scopes.into_iter().any(|scope| imported.contains(&scope))
}

/// Whether a binding gives a truth value, number or text: a setting that is changed by binding it anew.
fn is_constant(program: &Program<'_>, file: FileId, def: DefId) -> bool {
    let facts = program.file(file);
    let DefKind::Assign { value, path } = &facts.definition(def).kind else {
        return false;
    };
    path.is_empty()
        && matches!(
            facts.kind(*value),
            ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str { .. }
        )
}

/// Whether a binding gives `None` or an empty container.
fn is_empty(program: &Program<'_>, file: FileId, def: DefId) -> bool {
    let facts = program.file(file);
    let DefKind::Assign { value, path } = &facts.definition(def).kind else {
        return false;
    };
    path.is_empty()
        && match facts.kind(*value) {
            ExprKind::None => true,
            ExprKind::Sequence { len, .. } | ExprKind::Dict { len, .. } => *len == 0,
            _ => false,
        }
}

/// Whether workers look first whether the global is there.
pub(super) fn is_checked(
    program: &Program<'_>,
    file: FileId,
    symbol: SymbolId,
    in_child: &dyn Fn(ScopeRef) -> bool,
) -> bool {
    let index = program.index(file);
    index.reads(symbol).iter().any(|&read| {
        let expr = ExprRef { file, expr: read };
        if !in_child(program.function_around(program.scope_of(expr))) {
            return false;
        }
        let Some(parent) = index.parent(read) else {
            return index.statement_of(read).is_some_and(
                |id| matches!(&index.statement(id).stmt.kind, StmtKind::If { test, .. } if *test == read),
            );
        };
        match program.file(file).kind(parent) {
            ExprKind::Compare { comparisons, .. } => comparisons
                .iter()
                .any(|(op, _)| matches!(op, CompareOp::Is | CompareOp::IsNot)),
            ExprKind::Boolean { .. } | ExprKind::Unary { .. } => true,
            ExprKind::Conditional { test, .. } => *test == read,
            _ => false,
        }
    })
}
