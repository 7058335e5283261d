//! Functions that keep what they have once found out: the wrappers of caching decorators that a project writes itself.

use crate::facts::{CompareOp, ExprId, ExprKind, StmtKind};
use crate::link::Program;
use crate::link::values::{ExprRef, ScopeRef};

/// Whether a function gives back what stands under a key of a container, and puts it there where it is missing.
pub(super) fn keeps_results(program: &Program<'_>, function: ScopeRef) -> bool {
    let index = program.index(function.file);
    let at = |expr: ExprId| ExprRef {
        file: function.file,
        expr,
    };
    let written = |(container, key): (ExprId, ExprId)| (program.text(at(container)), program.text(at(key)));
    let (mut kept, mut given) = (Vec::new(), Vec::new());
    for &id in index.statements_of(function.scope) {
        match &index.statement(id).stmt.kind {
            StmtKind::Assign { targets, .. } => {
                let items = targets.iter().filter_map(|&target| item(program.kind(at(target))));
                kept.extend(items.map(written));
            }
            StmtKind::Return(Some(value)) => given.extend(item(program.kind(at(*value))).map(written)),
            StmtKind::If { test, .. } => given.extend(sought(program.kind(at(*test))).map(written)),
            _ => {}
        }
    }
    given.iter().any(|pair| kept.contains(pair))
}

/// The container and the key of `container[key]`.
const fn item(expr: &ExprKind) -> Option<(ExprId, ExprId)> {
    match expr {
        ExprKind::Subscript { base, index } => Some((*base, *index)),
        _ => None,
    }
}

/// The container and the key of `key in container` and `key not in container`.
fn sought(test: &ExprKind) -> Option<(ExprId, ExprId)> {
    let ExprKind::Compare { left, comparisons } = test else {
        return None;
    };
    match comparisons.as_slice() {
        [(CompareOp::In | CompareOp::NotIn, container)] => Some((*container, *left)),
        _ => None,
    }
}
