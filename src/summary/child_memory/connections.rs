//! Connections of the parent that forked workers go on using.

use std::collections::BTreeMap;

use crate::facts::{DefKind, ExprKind, StmtKind};
use crate::finding::Note;
use crate::knowledge::{Connection, PicklingMoment, Semantic};
use crate::link::values::{ExprRef, ScopeRef, Site, ValueId};
use crate::link::{Program, Submission};

use super::graph::{Afterwards, CallGraph};
use super::origin::{Origins, Root, Spot};
use super::random::each_expression;
use super::uses::Uses;
use super::walk::ChildRun;

/// A connection of the parent that a forked worker uses.
#[derive(Clone, Debug)]
pub struct InheritedConnection {
    /// Where the worker reaches for it, or the hand-over that brings it along.
    pub place: ExprRef,
    /// Where the worker uses it.
    pub usage: ExprRef,
    /// Where it is made.
    pub made: ExprRef,
    /// Its type.
    pub of: String,
    /// How it comes into the worker.
    pub root: Root,
    /// The hand-over.
    pub submission: usize,
    /// The calls that lead to the use.
    pub path: Vec<Note>,
}

/// Finds the connections, one finding for each connection and hand-over.
pub(super) fn inherited(
    program: &Program<'_>,
    graph: &CallGraph,
    uses: &Uses<'_>,
    runs: &[ChildRun],
) -> Vec<InheritedConnection> {
    if program
        .calls()
        .any(|call| program.has_semantic(call, Semantic::RunsAfterFork))
    {
        return Vec::new();
    }
    let mut found: BTreeMap<ExprRef, InheritedConnection> = BTreeMap::new();
    for run in runs {
        let submission = &program.submissions[run.submission];
        let mut known: Vec<(ExprRef, Root)> = Vec::new();
        for &function in run.functions.keys() {
            for connection in connections_of(program, graph, uses, run, submission, function) {
                let key = (connection.made, connection.root);
                if !known.contains(&key) {
                    known.push(key);
                    found.entry(connection.place).or_insert(connection);
                }
            }
        }
    }
    let mut found: Vec<InheritedConnection> = found.into_values().collect();
    found.sort_by_key(|connection| program.place(connection.place));
    found
}

fn connections_of(
    program: &Program<'_>,
    graph: &CallGraph,
    uses: &Uses<'_>,
    run: &ChildRun,
    submission: &Submission<'_>,
    function: ScopeRef,
) -> Vec<InheritedConnection> {
    let Some(entered) = run.functions.get(&function).filter(|entered| entered.certain) else {
        return Vec::new();
    };
    let in_child = |scope| run.owns(scope);
    let origins = Origins {
        program,
        function,
        parameters: &entered.parameters,
        in_child: &in_child,
    };
    let mut found = Vec::new();
    each_expression(program, function, &mut |expr| {
        if !is_used(program, expr) {
            return;
        }
        let Some((made, of, when)) = connection_made(program, run, expr) else {
            return;
        };
        let Some(origin) = origins.of(expr.expr) else { return };
        let by_fork = matches!(origin.root, Root::Global | Root::Captured)
            || submission.shape.pickles == PicklingMoment::NotUnderFork;
        if !by_fork || is_renewed(program, run, origin.spot) {
            return;
        }
        if when == Connection::OnUse && !is_used_by_parent(program, graph, uses, run, submission, made) {
            return;
        }
        found.push(InheritedConnection {
            place: if origin.root == Root::Global {
                origin.at
            } else {
                submission.call
            },
            usage: expr,
            made,
            of,
            root: origin.root,
            submission: run.submission,
            path: run.path(program, function),
        });
    });
    found
}

/// Whether an expression is what a method is called on, what is called or what a `with` enters.
fn is_used(program: &Program<'_>, expr: ExprRef) -> bool {
    if !matches!(program.kind(expr), ExprKind::Name { .. } | ExprKind::Attribute { .. }) {
        return false;
    }
    let index = program.index(expr.file);
    match index.parent(expr.expr) {
        Some(parent) => match program.file(expr.file).kind(parent) {
            ExprKind::Attribute { base, .. } | ExprKind::Subscript { base, .. } => *base == expr.expr,
            ExprKind::Call { callee, .. } => *callee == expr.expr,
            _ => false,
        },
        None => index.statement_of(expr.expr).is_some_and(|id| {
            matches!(&index.statement(id).stmt.kind, StmtKind::With { items, .. }
                if items.iter().any(|(context, _)| *context == expr.expr))
        }),
    }
}

/// The call that makes the connection that an expression is, where all that it may be are connections of the parent.
fn connection_made(program: &Program<'_>, run: &ChildRun, expr: ExprRef) -> Option<(ExprRef, String, Connection)> {
    let mut found = None;
    for value in program.values(expr).iter() {
        let Some(when) = connection_of(program, value) else {
            continue;
        };
        let Some(Site::Expr(site)) = program.site(value) else {
            continue;
        };
        let scope = program.function_around(program.scope_of(site));
        let constructor = program.scope(scope).name == "__init__";
        if run.runs(scope) && !constructor {
            return None;
        }
        let of = program.type_names(value).first().map_or("", |name| name).to_owned();
        found = found.or(Some((site, of, when)));
    }
    found
}

fn connection_of(program: &Program<'_>, value: ValueId) -> Option<Connection> {
    program.type_fact(value)?.connection
}

/// Whether the worker makes the thing anew, or lets go of what it has inherited.
fn is_renewed(program: &Program<'_>, run: &ChildRun, spot: Spot) -> bool {
    let functions = run.all();
    let resets = functions.iter().any(|&function| {
        let mut found = false;
        each_expression(program, function, &mut |expr| {
            found |= program.has_semantic(expr, Semantic::ResetsConnection)
        });
        found
    });
    if resets {
        return true;
    }
    let (Spot::Global(file, symbol) | Spot::Captured(file, symbol)) = spot else {
        return false;
    };
    let facts = program.file(file);
    facts.symbol(symbol).definitions.iter().any(|&def| {
        let definition = facts.definition(def);
        matches!(definition.kind, DefKind::Assign { .. } | DefKind::Context { .. })
            && functions.contains(&program.scope_ref(file, definition.scope))
    })
}

/// Whether the parent uses a connection that opens when it is first used.
fn is_used_by_parent(
    program: &Program<'_>,
    graph: &CallGraph,
    uses: &Uses<'_>,
    run: &ChildRun,
    submission: &Submission<'_>,
    made: ExprRef,
) -> bool {
    let in_child = |scope| run.runs(scope);
    let afterwards = Afterwards::new(program, graph, submission.call, &in_child);
    uses.mentions(Site::Expr(made)).iter().any(|&mention| {
        let scope = program.function_around(program.scope_of(mention));
        let runs_before =
            super::uses::is_module(scope) || afterwards.leads_here(scope) || afterwards.earlier.contains(&scope);
        !run.runs(scope) && runs_before && is_used(program, mention)
    })
}
