//! Code that keeps what it has once found out: the wrappers of caching decorators that a project writes itself, and
//! blocks that fill what is still empty.

use crate::facts::{Argument, CompareOp, ExprId, ExprKind, MODULE, Stmt, StmtKind, UnaryOp};
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

/// `if cache is None: cache = load()`, `if not self.table: self.table = load()` of what outlives the function.
pub(super) fn fills_once(program: &Program<'_>, test: ExprRef, body: &[Stmt]) -> bool {
    let part = |expr: ExprId| program.sibling(test, expr);
    match program.kind(test) {
        ExprKind::Boolean { is_and: true, values } => {
            values.iter().any(|&value| fills_once(program, part(value), body))
        }
        ExprKind::Compare { left, comparisons } => match comparisons.as_slice() {
            [(CompareOp::Is | CompareOp::Eq, other)] if matches!(program.kind(part(*other)), ExprKind::None) => {
                fills(program, part(*left), body)
            }
            _ => false,
        },
        ExprKind::Unary {
            op: UnaryOp::Not,
            operand,
        } => fills(program, part(*operand), body),
        _ => false,
    }
}

/// Whether a block assigns to what a test reads, and that outlives the function.
fn fills(program: &Program<'_>, kept: ExprRef, body: &[Stmt]) -> bool {
    let names = match program.kind(kept) {
        ExprKind::Attribute { .. } => vec![program.text(kept)],
        ExprKind::Name {
            symbol: Some(symbol), ..
        } if program.file(kept.file).symbol(*symbol).scope == MODULE => vec![program.text(kept)],
        ExprKind::Call { callee, arguments, .. } => entry_names(program, program.sibling(kept, *callee), arguments),
        _ => Vec::new(),
    };
    !names.is_empty() && assigns(program, kept, body, &names)
}

/// How the entry that `table.get("key")` reads is written to: `table["key"]`, `table.key`.
fn entry_names(program: &Program<'_>, callee: ExprRef, arguments: &[Argument]) -> Vec<String> {
    let key = arguments
        .first()
        .map(|key| program.kind(program.sibling(callee, key.value)));
    match (program.kind(callee), key) {
        (ExprKind::Attribute { base, .. }, Some(ExprKind::Str { value, .. })) => {
            let base = program.text(program.sibling(callee, *base));
            let written = [format!("{base}.{value}"), format!("{base}[\"{value}\"]")];
            written.into_iter().chain([format!("{base}['{value}']")]).collect()
        }
        _ => Vec::new(),
    }
}

fn assigns(program: &Program<'_>, near: ExprRef, block: &[Stmt], names: &[String]) -> bool {
    let is_named = |&target: &ExprId| names.contains(&program.text(program.sibling(near, target)));
    block.iter().any(|statement| {
        let here = matches!(&statement.kind, StmtKind::Assign { targets, .. } if targets.iter().any(is_named));
        let inner = crate::facts::child_blocks(statement);
        here || inner.into_iter().any(|block| assigns(program, near, block, names))
    })
}
