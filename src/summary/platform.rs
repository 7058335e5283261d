//! Code that runs on one system only.

use crate::facts::{CompareOp, DefKind, ExprKind, StmtKind};
use crate::knowledge::Semantic;
use crate::link::index::Branch;
use crate::link::values::{ExprRef, Value};
use crate::link::{Callee, Program, language};

use super::startup::{decide, only_assignment};

/// Whether a call is only made on Windows.
pub(super) fn only_on_windows(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    let Some(statement) = index.statement_of(call.expr) else {
        return false;
    };
    index.ancestors(statement).any(|(above, branch)| {
        let StmtKind::If { test, .. } = index.statement(above).stmt.kind else {
            return false;
        };
        match branch {
            Branch::Body => usual(program, program.sibling(call, test)) == Some(false),
            Branch::Orelse => usual(program, program.sibling(call, test)) == Some(true),
            _ => false,
        }
    })
}

/// What a test comes to on all systems but Windows, where that is known.
pub(super) fn usual(program: &Program<'_>, test: ExprRef) -> Option<bool> {
    decide(program, test, &|part| elsewhere(program, part))
}

/// What a test that asks for the system comes to on all systems but Windows.
fn elsewhere(program: &Program<'_>, test: ExprRef) -> Option<bool> {
    match program.kind(test) {
        ExprKind::Compare { left, comparisons } => {
            let [(op, right)] = comparisons.as_slice() else {
                return None;
            };
            let (left, right) = (program.sibling(test, *left), program.sibling(test, *right));
            let name = if names_system(program, left) {
                program.literal_string(right)?
            } else if names_system(program, right) {
                program.literal_string(left)?
            } else {
                return None;
            };
            let same = holds_elsewhere(name)?;
            match op {
                CompareOp::Eq => Some(same),
                CompareOp::NotEq => Some(!same),
                _ => None,
            }
        }
        ExprKind::Call { callee, arguments, .. } => {
            let ExprKind::Attribute { base, name, .. } = program.kind(program.sibling(test, *callee)) else {
                return None;
            };
            let [start] = arguments.as_slice() else { return None };
            let asks = name == language::STARTS_WITH && names_system(program, program.sibling(test, *base));
            holds_elsewhere(
                program
                    .literal_string(program.sibling(test, start.value))
                    .filter(|_| asks)?,
            )
        }
        _ => None,
    }
}

/// Whether a name is that of all systems but Windows, or of Windows.
fn holds_elsewhere(name: &str) -> Option<bool> {
    if language::WINDOWS.contains(&name.to_ascii_lowercase().as_str()) {
        Some(false)
    } else {
        (name == language::POSIX).then_some(true)
    }
}

/// Whether an expression gives the name of the system that the program runs on.
fn names_system(program: &Program<'_>, expr: ExprRef) -> bool {
    let is_name = |name: &str| program.knowledge.semantic(name) == Some(Semantic::IdentifiesSystem);
    match program.kind(expr) {
        ExprKind::Call { .. } => {
            let callees = program.callees(expr);
            callees
                .iter()
                .any(|callee| matches!(callee, Callee::External { name, .. } if is_name(name)))
        }
        ExprKind::Attribute { base, name, .. } => {
            let mut modules = program.values(program.sibling(expr, *base)).iter();
            modules.any(|module| match program.value(module) {
                Value::External(module) => is_name(&format!("{}.{name}", program.name(*module))),
                _ => false,
            })
        }
        ExprKind::Name {
            symbol: Some(symbol), ..
        } => {
            let file = program.file(expr.file);
            let imported = file
                .symbol(*symbol)
                .definitions
                .iter()
                .any(|&def| match &file.definition(def).kind {
                    DefKind::ImportFrom { module, name, .. } => is_name(&format!("{module}.{name}")),
                    _ => false,
                });
            imported
                || only_assignment(program, expr).is_some_and(|value| {
                    !matches!(program.kind(value), ExprKind::Name { .. }) && names_system(program, value)
                })
        }
        _ => false,
    }
}
