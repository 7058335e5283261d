//! The two sides of a bare fork: what runs in the child only, children that start another program, and programs that
//! get ready for forks.

use std::collections::BTreeSet;

use crate::facts::{CompareOp, DefKind, ExprKind, StmtKind, UnaryOp};
use crate::knowledge::Semantic;
use crate::link::index::Branch;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program};
use crate::summary::startup::Startup;

/// Functions that lead to a call that puts another program in the place of the process: `os.execv`.
pub(super) fn leading_to_exec(program: &Program<'_>, startup: &Startup) -> BTreeSet<ScopeRef> {
    let execs = program
        .calls()
        .filter(|&call| program.has_semantic(call, Semantic::Execs));
    startup.leading_to(execs.map(|call| program.function_around(program.scope_of(call))))
}

/// Whether the program has something done before each fork: it stops its threads or takes its locks then.
pub(super) fn prepares_forks(program: &Program<'_>) -> bool {
    program.calls().any(|call| {
        program.callees(call).iter().any(|callee| {
            let Callee::External { name, .. } = callee else {
                return false;
            };
            let fact = program.knowledge.call(name);
            let before = fact.and_then(|fact| fact.runs_before_fork.as_ref());
            before.is_some_and(|position| program.argument_at(call, position).is_some())
        })
    })
}

/// The calls among those that only the child of a bare fork in the same function makes: `if pid == 0: call()`.
pub(super) fn made_in_children<'c>(
    program: &'c Program<'_>,
    calls: &'c [ExprRef],
) -> impl Iterator<Item = ExprRef> + 'c {
    calls.iter().copied().filter(move |&call| {
        let index = program.index(call.file);
        let statement = index.statement_of(call.expr);
        statement.is_some_and(|statement| {
            index.ancestors(statement).any(|(above, branch)| {
                let StmtKind::If { test, .. } = index.statement(above).stmt.kind else {
                    return false;
                };
                let child = child_branch(program, program.sibling(call, test));
                child.is_some_and(|child| child == branch)
            })
        })
    })
}

/// The branch of an `if` that the child of a fork takes, where the test asks which process this is.
fn child_branch(program: &Program<'_>, test: ExprRef) -> Option<Branch> {
    match program.kind(test) {
        ExprKind::Compare { left, comparisons } => {
            let [(op, right)] = comparisons.as_slice() else {
                return None;
            };
            let zero = matches!(program.kind(program.sibling(test, *right)), ExprKind::Int(Some(0)));
            if !zero || !is_process_number(program, program.sibling(test, *left)) {
                return None;
            }
            match op {
                CompareOp::Eq => Some(Branch::Body),
                CompareOp::NotEq | CompareOp::Gt => Some(Branch::Orelse),
                _ => None,
            }
        }
        ExprKind::Unary {
            op: UnaryOp::Not,
            operand,
        } => is_process_number(program, program.sibling(test, *operand)).then_some(Branch::Body),
        _ => is_process_number(program, test).then_some(Branch::Orelse),
    }
}

/// Whether an expression is what a fork returns, or a variable or attribute that holds that.
fn is_process_number(program: &Program<'_>, expr: ExprRef) -> bool {
    match program.kind(expr) {
        ExprKind::Call { .. } => program.has_semantic(expr, Semantic::Forks),
        ExprKind::Name { reaching, .. } => {
            let file = program.file(expr.file);
            let mut sources = reaching.iter().map(|&def| &file.definition(def).kind);
            sources.any(|source| match source {
                DefKind::Assign { value, path } => {
                    path.is_empty() && program.has_semantic(program.sibling(expr, *value), Semantic::Forks)
                }
                _ => false,
            })
        }
        ExprKind::Attribute { .. } => {
            let index = program.index(expr.file);
            let mut own = index.statements_of(index.scope_of(expr.expr)).iter();
            own.any(|&id| match &index.statement(id).stmt.kind {
                StmtKind::Assign { targets, value } => {
                    let same = |&target: &_| program.text(program.sibling(expr, target)) == program.text(expr);
                    targets.iter().any(same) && program.has_semantic(program.sibling(expr, *value), Semantic::Forks)
                }
                _ => false,
            })
        }
        _ => false,
    }
}
