//! CC512: a queue is joined although nobody says that its items are done.

use crate::facts::{ExprKind, Stmt, StmtKind, child_blocks, statement_expressions, visit_expressions};
use crate::finding::{Confidence, FileId, Finding, Severity};
use crate::knowledge::Operation;
use crate::link::Callee;
use crate::link::index::Branch;
use crate::link::values::ExprRef;
use crate::summary::locks::{SharedUse, operation};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC512",
    name: "join-without-task-done",
    severity: Severity::Error,
    page: include_str!("../../rules/join-without-task-done.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let all = context.locks().uses().all();
    for join in all.iter().filter(|found| found.operation == Operation::JoinQueue) {
        let of_queue = |wanted: Operation| {
            all.iter()
                .filter(move |found| found.operation == wanted && found.meets(join))
        };
        let done: Vec<&SharedUse> = of_queue(Operation::TaskDone).collect();
        let taken = of_queue(Operation::Take)
            .chain(of_queue(Operation::TakeNow))
            .min_by_key(|found| found.call);
        let Some(taken) = taken else { continue };
        if of_queue(Operation::Put).next().is_none() || !all_one_queue(join) {
            continue;
        }
        if done.is_empty() {
            if !may_be_done_elsewhere(context) {
                never_done(context, join, taken, findings);
            }
        } else if done.iter().all(|found| is_missed_by_handler(context, found)) {
            missed_by_handler(context, join, done[0], findings);
        }
    }
}

fn all_one_queue(join: &SharedUse) -> bool {
    join.objects.len() == 1
}

fn never_done(context: &Context<'_>, join: &SharedUse, taken: &SharedUse, findings: &mut Vec<Finding>) {
    let message = "the queue is joined, but nobody calls `task_done` for the items that are taken: this waits for ever";
    let draft = context
        .finding(&RULE, context.program.place(join.call), message.to_owned())
        .note(context.program.place(join.objects[0]), "the queue is made here")
        .note(context.program.place(taken.call), "items are taken here");
    findings.push(
        draft
            .help("call `task_done` in a `finally` block for each item that is taken")
            .done(),
    );
}

fn missed_by_handler(context: &Context<'_>, join: &SharedUse, done: &SharedUse, findings: &mut Vec<Finding>) {
    let message = "an exception that is handled here passes `task_done` by, so that `join` on the queue waits for ever";
    let draft = context
        .finding(&RULE, context.program.place(done.call), message.to_owned())
        .confidence(Confidence::Medium)
        .note(context.program.place(join.call), "the queue is joined here");
    findings.push(draft.help("call `task_done` in a `finally` block").done());
}

/// Whether a call that could not be resolved has the name of one that says that an item is done.
fn may_be_done_elsewhere(context: &Context<'_>) -> bool {
    let program = context.program;
    program.calls().any(|call| {
        let ExprKind::Call { callee, .. } = program.kind(call) else {
            return false;
        };
        let ExprKind::Attribute { name, .. } = program.kind(program.sibling(call, *callee)) else {
            return false;
        };
        program.knowledge.is_method_of(name, Operation::TaskDone)
            && program
                .callees(call)
                .iter()
                .any(|callee| matches!(callee, Callee::Unknown(_)))
    })
}

/// Whether the call stands behind something that may raise in a `try` whose handler goes on without it.
fn is_missed_by_handler(context: &Context<'_>, done: &SharedUse) -> bool {
    let index = context.program.index(done.call.file);
    let Some(statement) = index.statement_of(done.call.expr) else {
        return false;
    };
    let mut position = index.statement(statement).position;
    for (above, branch) in index.ancestors(statement) {
        let indexed = index.statement(above);
        if let (
            StmtKind::Try {
                body,
                handlers,
                finally,
                ..
            },
            Branch::Body,
        ) = (&indexed.stmt.kind, branch)
        {
            let works = body
                .iter()
                .take(position)
                .any(|statement| has_work(context, done.call.file, statement));
            let handled = !handlers.is_empty()
                && finally.is_empty()
                && handlers.iter().all(|handler| {
                    !handler
                        .body
                        .iter()
                        .any(|statement| leaves_or_signals(context, done.call.file, statement))
                });
            return works && handled;
        }
        position = indexed.position;
    }
    false
}

/// A call that is no operation on a queue.
fn has_work(context: &Context<'_>, file: FileId, statement: &Stmt) -> bool {
    let mut found = false;
    for root in statement_expressions(statement) {
        visit_expressions(context.program.file(file), root, &mut |part| {
            let call = ExprRef { file, expr: part };
            found |= matches!(context.program.kind(call), ExprKind::Call { .. })
                && operation(context.program, call).is_none();
        });
    }
    found
        || child_blocks(statement)
            .into_iter()
            .flatten()
            .any(|inner| has_work(context, file, inner))
}

fn leaves_or_signals(context: &Context<'_>, file: FileId, statement: &Stmt) -> bool {
    if matches!(
        statement.kind,
        StmtKind::Raise { .. } | StmtKind::Break | StmtKind::Return(_)
    ) {
        return true;
    }
    let mut found = false;
    for root in statement_expressions(statement) {
        visit_expressions(context.program.file(file), root, &mut |part| {
            found |= operation(context.program, ExprRef { file, expr: part }) == Some(Operation::TaskDone);
        });
    }
    found
        || child_blocks(statement)
            .into_iter()
            .flatten()
            .any(|inner| leaves_or_signals(context, file, inner))
}
