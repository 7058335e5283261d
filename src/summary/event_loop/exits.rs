//! Executors whose end a coroutine waits for.

use crate::facts::{ExprKind, Span, StmtKind};
use crate::finding::{Confidence, Note, Place};
use crate::knowledge::{LoopUse, Role, SubmissionResult};
use crate::link::index::StmtId;
use crate::link::values::{ExprRef, Value, ValueId};
use crate::link::{Callee, Program, Submission};

use super::PoolExit;
use super::blocking::shown;

/// All places where a coroutine waits until an executor has done everything.
pub(super) fn pool_exits(program: &Program<'_>) -> Vec<PoolExit> {
    let mut found = Vec::new();
    for scope in program.scopes().filter(|&scope| program.scope(scope).is_async) {
        let index = program.index(scope.file);
        for &id in index.statements_of(scope.scope) {
            if let StmtKind::With {
                items, is_async: false, ..
            } = &index.statement(id).stmt.kind
            {
                for &(context, _) in items {
                    let context = ExprRef {
                        file: scope.file,
                        expr: context,
                    };
                    found.extend(block_exit(program, context, id));
                }
            }
        }
    }
    for call in program.calls() {
        if program.scope(program.scope_of(call)).is_async {
            found.extend(shutdown(program, call));
        }
    }
    found.sort_by_key(|exit| exit.place);
    found
}

fn executor_of(program: &Program<'_>, expr: ExprRef) -> Option<ValueId> {
    let is_executor = |value: &ValueId| program.role(*value) == Some(Role::Executor);
    program.values(expr).iter().find(is_executor)
}

fn type_name(program: &Program<'_>, executor: ValueId) -> String {
    match *program.value(executor) {
        Value::Instance { class, .. } => program.display_name(class),
        _ => program
            .type_names(executor)
            .first()
            .map_or_else(String::new, |name| shown(name.rsplit('.').next().unwrap_or(name))),
    }
}

/// `with ThreadPoolExecutor() as pool:` around work that nothing awaits before the end of the block.
fn block_exit(program: &Program<'_>, context: ExprRef, id: StmtId) -> Option<PoolExit> {
    let executor = executor_of(program, context)?;
    let block = program.index(context.file).statement(id).stmt.span;
    let pending = pending(
        program,
        executor,
        Place {
            file: context.file,
            span: block,
        },
    )?;
    Some(PoolExit {
        place: program.place(context),
        executor: type_name(program, executor),
        is_block: true,
        chain: vec![pending],
        confidence: Confidence::High,
    })
}

/// `executor.shutdown()` that waits.
fn shutdown(program: &Program<'_>, call: ExprRef) -> Option<PoolExit> {
    let (name, receiver) = program.callees(call).into_iter().find_map(|callee| match callee {
        Callee::External {
            name,
            receiver: Some(receiver),
        } => Some((name, receiver)),
        _ => None,
    })?;
    let waits = program
        .knowledge
        .call(&name)
        .is_some_and(|fact| fact.wait.is_some() && fact.on == Some(crate::knowledge::WaitOn::Lock));
    if program.role(receiver) != Some(Role::Executor) || !waits || gives_false(program, call) {
        return None;
    }
    let made = program.site(receiver).and_then(crate::link::values::Site::expression);
    let scope = program.scope_of(call);
    let mut chain = Vec::new();
    if made.is_some_and(|made| program.scope_of(made) == scope) {
        let span = program.scope(scope).span;
        chain.push(pending(program, receiver, Place { file: call.file, span })?);
    }
    Some(PoolExit {
        place: program.place(call),
        executor: type_name(program, receiver),
        is_block: false,
        chain,
        confidence: Confidence::Medium,
    })
}

fn gives_false(program: &Program<'_>, call: ExprRef) -> bool {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return false;
    };
    arguments.iter().any(|argument| {
        !matches!(
            program.kind(program.sibling(call, argument.value)),
            ExprKind::Bool(true)
        )
    })
}

/// A submission to an executor inside a block that nothing awaits there.
fn pending(program: &Program<'_>, executor: ValueId, block: Place) -> Option<Note> {
    let inside = |submission: &&Submission<'_>| {
        submission.call.file == block.file
            && block.span.contains(program.place(submission.call).span)
            && submission
                .workers
                .iter()
                .any(|worker| worker.executor == Some(executor))
    };
    let submission = program
        .submissions
        .iter()
        .filter(inside)
        .find(|submission| !is_awaited_later(program, submission, block.span))?;
    Some(Note {
        place: program.place(submission.call),
        message: "this work may still run when the executor is left".to_owned(),
    })
}

/// Whether something in the block, from the submission on, awaits: its result, most likely.
fn is_awaited_later(program: &Program<'_>, submission: &Submission<'_>, block: Span) -> bool {
    let call = submission.call;
    let index = program.index(call.file);
    let file = program.file(call.file);
    let own = file.span(call.expr);
    if submission.shape.result == SubmissionResult::Awaitable {
        let around = index
            .expressions_around(call.expr)
            .any(|above| matches!(file.kind(above), ExprKind::Await(_)));
        return around
            || file.expressions.iter().any(|expr| {
                matches!(expr.kind, ExprKind::Await(_)) && block.contains(expr.span) && expr.span.start >= own.start
            });
    }
    index
        .calls()
        .iter()
        .filter(|&&other| block.contains(file.span(other)))
        .any(|&other| {
            program
                .callees(program.sibling(call, other))
                .iter()
                .any(|callee| is_wrapped(program, callee))
        })
}

/// A future of the executor becomes one of the loop.
fn is_wrapped(program: &Program<'_>, callee: &Callee) -> bool {
    matches!(callee, Callee::External { name, receiver: None }
        if program.knowledge.loop_use(name) == Some(LoopUse::Settles)
            && program.knowledge.call(name).is_none_or(|fact| fact.wait.is_none()))
}
