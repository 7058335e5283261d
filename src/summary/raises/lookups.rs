//! Subscripts, divisions and unpackings that may go wrong.

use std::collections::BTreeSet;

use crate::facts::{BinaryOp, CompareOp, DefKind, ExprId, ExprKind, Stmt, StmtKind, child_blocks, visit_expressions};
use crate::link::values::{ExprRef, ScopeRef, Site, Value};
use crate::link::{Program, language};

use super::{RaiseKind, Strength};

/// What a function does about the keys that it looks up: texts of `(container, key)` that it tests or stores, and of
/// what its conditions look at.
#[derive(Debug, Default)]
pub(super) struct Guards {
    keys: BTreeSet<(String, String)>,
    tested: BTreeSet<String>,
}

impl Guards {
    pub(super) fn of(program: &Program<'_>, function: ScopeRef) -> Self {
        let mut guards = Self::default();
        let body = &program.scope(function).body;
        guards.block(program, function, body);
        guards
    }

    fn block(&mut self, program: &Program<'_>, function: ScopeRef, block: &[Stmt]) {
        let file = program.file(function.file);
        for statement in block {
            match &statement.kind {
                StmtKind::If { test, .. } | StmtKind::While { test, .. } | StmtKind::Assert { test, .. } => {
                    visit_expressions(file, *test, &mut |part| {
                        self.tested.insert(text(program, function, part));
                    });
                }
                StmtKind::Assign { targets, .. } => {
                    for &target in targets {
                        self.stored(program, function, target);
                    }
                }
                _ => {}
            }
            for root in crate::facts::statement_expressions(statement) {
                visit_expressions(file, root, &mut |part| self.expression(program, function, part));
            }
            for inner in child_blocks(statement) {
                self.block(program, function, inner);
            }
        }
    }

    fn stored(&mut self, program: &Program<'_>, function: ScopeRef, target: ExprId) {
        if let ExprKind::Subscript { base, index } = program.file(function.file).kind(target) {
            self.keys
                .insert((text(program, function, *base), text(program, function, *index)));
        }
    }

    fn expression(&mut self, program: &Program<'_>, function: ScopeRef, expr: ExprId) {
        match program.file(function.file).kind(expr) {
            ExprKind::Compare { left, comparisons } => {
                for (op, right) in comparisons {
                    if matches!(op, CompareOp::In | CompareOp::NotIn) {
                        self.keys
                            .insert((text(program, function, *right), text(program, function, *left)));
                    }
                }
            }
            ExprKind::Conditional { test, .. } => {
                let file = program.file(function.file);
                visit_expressions(file, *test, &mut |part| {
                    self.tested.insert(text(program, function, part));
                });
            }
            // `container.setdefault(key, ...)` and its like.
            ExprKind::Call { callee, arguments, .. } => {
                if let (ExprKind::Attribute { base, .. }, Some(first)) =
                    (program.file(function.file).kind(*callee), arguments.first())
                {
                    self.keys
                        .insert((text(program, function, *base), text(program, function, first.value)));
                }
            }
            _ => {}
        }
    }
}

fn text(program: &Program<'_>, function: ScopeRef, expr: ExprId) -> String {
    program.text(ExprRef {
        file: function.file,
        expr,
    })
}

/// How a subscript may go wrong.
pub(super) fn subscript(
    program: &Program<'_>,
    guards: &Guards,
    function: ScopeRef,
    base: ExprId,
    index: ExprId,
) -> Option<(Strength, RaiseKind)> {
    let file = program.file(function.file);
    match file.kind(index) {
        ExprKind::Slice { .. } => return None,
        ExprKind::Str { .. } | ExprKind::Int(_) | ExprKind::Unary { .. } | ExprKind::Sequence { .. } => {
            return Some((Strength::Possible, RaiseKind::Lookup));
        }
        _ => {}
    }
    let at = |expr| ExprRef {
        file: function.file,
        expr,
    };
    let key = (text(program, function, base), text(program, function, index));
    if guards.keys.contains(&key) || comes_from(program, function, index, &key.0) {
        return None;
    }
    let values = program.values(at(base));
    let starts_empty = !values.is_empty()
        && values.iter().all(|value| match *program.value(value) {
            Value::ExternalInstance {
                of,
                site: Some(Site::Expr(site)),
            } => program.name(of) == language::DICT && is_empty_container(program, site),
            _ => false,
        });
    let strength = if starts_empty {
        Strength::Likely
    } else {
        Strength::Possible
    };
    Some((strength, RaiseKind::Lookup))
}

/// Whether a name is an element of a container, or of what is made from it.
fn comes_from(program: &Program<'_>, function: ScopeRef, index: ExprId, container: &str) -> bool {
    let file = program.file(function.file);
    let ExprKind::Name { reaching, .. } = file.kind(index) else {
        return false;
    };
    reaching.iter().any(|&def| match &file.definition(def).kind {
        DefKind::Element { iterable, .. } => text(program, function, *iterable).contains(container),
        _ => false,
    })
}

/// `{}` or `dict()`.
fn is_empty_container(program: &Program<'_>, site: ExprRef) -> bool {
    match program.kind(site) {
        ExprKind::Dict { len, .. } => *len == 0,
        ExprKind::Call { arguments, .. } => arguments.is_empty(),
        _ => false,
    }
}

/// How an arithmetic operation may go wrong.
pub(super) fn division(
    program: &Program<'_>,
    guards: &Guards,
    function: ScopeRef,
    op: BinaryOp,
    left: ExprId,
    right: ExprId,
) -> Option<(Strength, RaiseKind)> {
    if !matches!(op, BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Mod) {
        return None;
    }
    let file = program.file(function.file);
    match file.kind(right) {
        ExprKind::Int(Some(0)) => return Some((Strength::Likely, RaiseKind::Division)),
        ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str { .. } | ExprKind::Sequence { .. } => return None,
        _ => {}
    }
    let at = |expr| ExprRef {
        file: function.file,
        expr,
    };
    let formats = matches!(
        file.kind(left),
        ExprKind::Str { .. } | ExprKind::FString(_) | ExprKind::Bytes { .. }
    );
    let (numbers, other) = program.literal_integers(at(right));
    let constant = !other && !numbers.is_empty() && !numbers.contains(&0);
    let unlikely = match file.kind(right) {
        // A path's `/`, an array's division, a count that the function has looked at.
        ExprKind::Call { arguments, .. } => arguments
            .iter()
            .any(|argument| guards.tested.contains(&text(program, function, argument.value))),
        _ => false,
    };
    if formats || constant || unlikely || guards.tested.contains(&text(program, function, right)) {
        return None;
    }
    Some((Strength::Possible, RaiseKind::Division))
}
