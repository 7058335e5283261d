//! Functions all of whose calls are in sight, so that what they return can be followed.

use std::collections::BTreeSet;

use crate::facts::{ExprId, ExprKind, ScopeKind, StmtKind};
use crate::knowledge::Semantic;
use crate::link::values::{ExprRef, ScopeRef, Value, ValueId};
use crate::link::{Callee, Program};

use super::Lifecycles;

/// More calls than this are not followed.
const LIMIT: usize = 20;

/// The functions that are handed on as values, rather than called or returned.
pub(super) fn passed_functions(program: &Program<'_>) -> BTreeSet<ScopeRef> {
    let mut passed = BTreeSet::new();
    for file in program.reached_files() {
        let facts = program.file(file);
        for number in 0..facts.expressions.len() {
            let expr = ExprId(u32::try_from(number).expect("internal: fewer than 2^32 expressions"));
            let read = ExprRef { file, expr };
            if matches!(facts.kind(expr), ExprKind::Name { .. } | ExprKind::Attribute { .. })
                && is_passed(program, read)
            {
                passed.extend(
                    program
                        .values(read)
                        .iter()
                        .filter_map(|value| function_of(program, value)),
                );
            }
        }
    }
    passed
}

/// A read that is neither called nor given back as it is.
fn is_passed(program: &Program<'_>, read: ExprRef) -> bool {
    let index = program.index(read.file);
    let Some(statement) = index.statement_of(read.expr) else {
        return false;
    };
    match index.parent(read.expr) {
        Some(parent) => match program.kind(program.sibling(read, parent)) {
            ExprKind::Call { callee, .. } => *callee != read.expr,
            ExprKind::Attribute { .. } => false,
            _ => true,
        },
        None => !matches!(
            index.statement(statement).stmt.kind,
            StmtKind::Return(_) | StmtKind::Expr(_)
        ),
    }
}

fn function_of(program: &Program<'_>, value: ValueId) -> Option<ScopeRef> {
    match *program.value(value) {
        Value::Function(function) | Value::BoundMethod { function, .. } => Some(function),
        _ => None,
    }
}

impl Lifecycles {
    /// The calls of a function, if all of them are in sight.
    pub(super) fn calls_in_sight(&self, program: &Program<'_>, function: ScopeRef) -> Option<Vec<ExprRef>> {
        let scope = program.scope(function);
        let plain = scope.kind == ScopeKind::Function && !scope.is_generator && !scope.is_async;
        let kept = program
            .semantics_of_decorators(function)
            .iter()
            .filter(|semantic| matches!(semantic, Semantic::KeepsFunction | Semantic::StaticMethod))
            .count();
        if !plain || kept != scope.decorators.len() || self.passed.contains(&function) {
            return None;
        }
        if program.class_of_method(function).is_some() && self.may_be_called_out_of_sight(program, function) {
            return None;
        }
        // What a wrapper calls is the function that it wraps, although that goes by the name of both.
        let calls = program.solution.callers.get(&function)?.iter().copied();
        let calls: Vec<ExprRef> = calls.filter(|&call| program.scope_of(call) != function).collect();
        let direct = |&call: &ExprRef| calls_it(program, call, function);
        (!calls.is_empty() && calls.len() <= LIMIT && calls.iter().all(direct)).then_some(calls)
    }

    /// Whether an attribute of this name is read of something that is not known.
    pub(super) fn may_be_called_out_of_sight(&self, program: &Program<'_>, method: ScopeRef) -> bool {
        let reads = self.attribute_reads.get(&program.scope(method).name);
        reads.into_iter().flatten().any(|&read| {
            let values = program.values(read);
            values.is_empty()
                || values
                    .iter()
                    .any(|value| matches!(program.value(value), Value::Unknown(_)))
        })
    }
}

/// The call calls the function, or one that a decorator has put it around.
fn calls_it(program: &Program<'_>, call: ExprRef, function: ScopeRef) -> bool {
    let wrappers = &program.solution.wrappers;
    program.callees(call).iter().any(|callee| match callee {
        Callee::Function { function: called, .. } => {
            *called == function || wrappers.get(called).is_some_and(|around| around.contains(&function))
        }
        _ => false,
    })
}
