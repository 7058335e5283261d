//! CC503: a lock stays taken when something goes wrong.

use crate::facts::{Stmt, StmtKind, statement_expressions, visit_expressions};
use crate::finding::{Confidence, Finding, Note, Place, Severity};
use crate::knowledge::Operation;
use crate::link::index::{Branch, StmtId};
use crate::link::values::{ExprRef, ScopeRef};
use crate::summary::locks::{LockName, SharedUse, name_of, operation, receiver_expression};
use crate::summary::raises::Strength;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC503",
    name: "release-not-guaranteed",
    severity: Severity::Warning,
    page: include_str!("../../rules/release-not-guaranteed.md"),
    check: Check::Function(check),
};

fn check(context: &Context<'_>, function: ScopeRef, findings: &mut Vec<Finding>) {
    for acquire in context.locks().uses().of(function) {
        if acquire.operation == Operation::Acquire && acquire.endless {
            judge(context, function, acquire, findings);
        }
    }
}

fn judge(context: &Context<'_>, function: ScopeRef, acquire: &SharedUse, findings: &mut Vec<Finding>) {
    let program = context.program;
    let index = program.index(function.file);
    let Some(lock) = receiver_expression(program, acquire.call) else {
        return;
    };
    let (Some(name), Some(statement)) = (name_of(program, lock), index.statement_of(acquire.call.expr)) else {
        return;
    };
    if !matches!(index.statement(statement).stmt.kind, StmtKind::Expr(_)) {
        return;
    }
    let taken = program.place(acquire.call);
    let releases: Vec<Place> = context
        .locks()
        .uses()
        .of(function)
        .filter(|found| found.operation == Operation::Release && gives_back(context, found.call, &name))
        .map(|found| program.place(found.call))
        .filter(|place| place.span.start > taken.span.start)
        .collect();
    let Some(first) = releases.first() else { return };
    if is_protected(context, function, statement, &name) {
        return;
    }
    let between = |place: Place| place.span.start > taken.span.end && place.span.start < first.span.start;
    let text = program.text(lock);
    let leaving = index.statements_of(function.scope).iter().find_map(|&inner| {
        let stmt = index.statement(inner).stmt;
        let place = Place {
            file: function.file,
            span: stmt.span,
        };
        (matches!(stmt.kind, StmtKind::Return(_)) && between(place)).then_some(place)
    });
    let raising = context
        .raises()
        .escapes(function)
        .iter()
        .find(|evidence| evidence.strength >= Strength::Likely && between(evidence.place()));
    let (notes, what) = match (leaving, raising) {
        (Some(place), _) => (
            vec![Note {
                place,
                message: "leaves the function, here".to_owned(),
            }],
            "a `return`",
        ),
        (None, Some(evidence)) => (evidence.chain.clone(), "an exception"),
        (None, None) => return,
    };
    let message =
        format!("`{text}` stays taken after {what} between `acquire` and `release`, and everybody else waits for ever");
    let draft = context
        .finding(&RULE, taken, message)
        .confidence(Confidence::Medium)
        .notes(notes)
        .note(*first, "it is given back here");
    findings.push(
        draft
            .help(format!("use `with {text}:`, or give it back in a `finally` block"))
            .done(),
    );
}

fn gives_back(context: &Context<'_>, call: ExprRef, name: &LockName) -> bool {
    receiver_expression(context.program, call)
        .and_then(|lock| name_of(context.program, lock))
        .as_ref()
        == Some(name)
}

/// Whether a `try` around or right behind the acquire gives the lock back on the way out.
fn is_protected(context: &Context<'_>, function: ScopeRef, statement: StmtId, name: &LockName) -> bool {
    let index = context.program.index(function.file);
    let around = index
        .ancestors(statement)
        .filter(|(_, branch)| *branch == Branch::Body)
        .map(|(above, _)| above);
    let behind = index.statements_of(function.scope).iter().copied().filter(|&other| {
        index.statement(other).parent == index.statement(statement).parent
            && index.statement(other).position > index.statement(statement).position
    });
    around
        .chain(behind)
        .any(|candidate| match &index.statement(candidate).stmt.kind {
            StmtKind::Try { handlers, finally, .. } => {
                let blocks = handlers
                    .iter()
                    .map(|handler| handler.body.as_slice())
                    .chain([finally.as_slice()]);
                blocks
                    .into_iter()
                    .any(|block| block_gives_back(context, function, block, name))
            }
            _ => false,
        })
}

fn block_gives_back(context: &Context<'_>, function: ScopeRef, block: &[Stmt], name: &LockName) -> bool {
    block.iter().any(|statement| {
        let mut found = false;
        for root in statement_expressions(statement) {
            visit_expressions(context.program.file(function.file), root, &mut |part| {
                let call = ExprRef {
                    file: function.file,
                    expr: part,
                };
                found |=
                    operation(context.program, call) == Some(Operation::Release) && gives_back(context, call, name);
            });
        }
        found
            || crate::facts::child_blocks(statement)
                .into_iter()
                .any(|inner| block_gives_back(context, function, inner, name))
    })
}
