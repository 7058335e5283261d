//! Failures of tasks that a handler swallows: in the task itself, or where its outcome is asked for.

use crate::facts::{
    ExprId, ExprKind, Handler, Span, Stmt, StmtKind, child_blocks, statement_expressions, visit_expressions,
};
use crate::finding::{FileId, Place};
use crate::knowledge::{LifeStep, Operation, WaitOn, WorkerKind};
use crate::link::index::Branch;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program, Submission, Target};

use super::Lifecycles;
use super::failure::catches_all;
use super::life::Event;
use crate::summary::platform::only_on_windows;

/// A handler that swallows what goes wrong in a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Silence {
    /// The `except` clause, without its body.
    pub handler: Place,
    /// What fails inside: work of the task, or the call that asks for its outcome.
    pub work: Place,
}

/// Helpers of a handler are followed this deep.
const DEPTH: u32 = 2;

impl Lifecycles {
    /// The handler that keeps every failure of a task's main work to itself.
    #[must_use]
    pub fn silenced_task(&self, program: &Program<'_>, submission: &Submission<'_>) -> Option<Silence> {
        // What only runs unless it is called off in time is a last resort: nothing waits for how it ends.
        let called_off = |event: &Event| matches!(event, Event::Step(LifeStep::Close, _));
        if submission.is_always(WorkerKind::Thread) && self.life(program, submission.call).any(called_off) {
            return None;
        }
        let mut found = None;
        for function in submission.targets.iter().filter_map(Target::function) {
            found = Some(silenced_end(program, function)?);
        }
        found
    }

    /// The handlers that throw the failure of a task away where its outcome is asked for.
    #[must_use]
    pub fn silenced_outcomes(&self, program: &Program<'_>) -> Vec<Silence> {
        let asked = self
            .steps()
            .filter(|(_, step)| *step == LifeStep::Outcome)
            .map(|(call, _)| call);
        let relayed = program.calls().filter(|&call| relays_failure(program, call));
        let mut found: Vec<Silence> = asked
            .chain(relayed)
            .filter_map(|call| swallowed(program, call))
            .collect();
        found.sort();
        found.dedup_by_key(|silence| silence.handler);
        found
    }
}

/// The silent handler around the last statement of a function or of its loop, where that does all that waits for the
/// outside.
fn silenced_end(program: &Program<'_>, function: ScopeRef) -> Option<Silence> {
    let body = &program.scope(function).body;
    let mut last = body.last()?;
    let mut before: Vec<&Stmt> = body[..body.len() - 1].iter().collect();
    while let StmtKind::For { body, .. } | StmtKind::While { body, .. } | StmtKind::With { body, .. } = &last.kind {
        let (inner, others) = body.split_last()?;
        before.extend(others);
        last = inner;
    }
    let StmtKind::Try {
        body,
        handlers,
        finally,
        ..
    } = &last.kind
    else {
        return None;
    };
    let [handler] = handlers.as_slice() else { return None };
    let silent =
        finally.is_empty() && catches_all(program, function.file, handler) && is_empty(program, function.file, handler);
    if !silent
        || before
            .iter()
            .any(|stmt| work_in(program, function.file, std::slice::from_ref(*stmt), false).is_some())
    {
        return None;
    }
    Some(Silence {
        handler: head(function.file, handler),
        work: work_in(program, function.file, body, true)?,
    })
}

/// The clause up to its first statement.
fn head(file: FileId, handler: &Handler) -> Place {
    let start = handler.span.start;
    let end = handler.body.first().map_or(handler.span.end, |first| first.span.start);
    Place {
        file,
        span: Span { start, end },
    }
}

/// Nothing but `pass`, `continue` or a bare `return`, and no comment that says why.
fn is_empty(program: &Program<'_>, file: FileId, handler: &Handler) -> bool {
    let commented = program.file(file).comments.iter().any(|comment| {
        handler.span.start <= comment.span.start && comment.span.start <= end_of_line(program, file, handler)
    });
    let silent = |stmt: &Stmt| matches!(stmt.kind, StmtKind::Pass | StmtKind::Continue | StmtKind::Return(None));
    !commented && handler.body.iter().all(silent)
}

fn end_of_line(program: &Program<'_>, file: FileId, handler: &Handler) -> u32 {
    let text = &program.sources[file.index()].text;
    let rest = text.get(handler.span.end as usize..).unwrap_or_default();
    let line = rest.find('\n').unwrap_or(rest.len());
    handler.span.end + u32::try_from(line).unwrap_or(0)
}

/// A call that waits for a peer, a process or a file, or a call of the project. Conditions are only looked into where
/// `deep` says so.
fn work_in(program: &Program<'_>, file: FileId, block: &[Stmt], deep: bool) -> Option<Place> {
    block.iter().find_map(|stmt| {
        let here = statement_expressions(stmt)
            .into_iter()
            .find_map(|root| work_of(program, ExprRef { file, expr: root }));
        here.or_else(|| {
            let conditional = matches!(stmt.kind, StmtKind::If { .. } | StmtKind::Match { .. });
            let inner = child_blocks(stmt).into_iter().filter(|_| deep || !conditional);
            inner.into_iter().find_map(|inner| work_in(program, file, inner, deep))
        })
    })
}

fn work_of(program: &Program<'_>, root: ExprRef) -> Option<Place> {
    let facts = program.file(root.file);
    let mut found = None;
    visit_expressions(facts, root.expr, &mut |expr| {
        let call = program.sibling(root, expr);
        if found.is_none() && matches!(facts.kind(expr), ExprKind::Call { .. }) && is_work(program, call) {
            found = Some(program.place(call));
        }
    });
    found
}

fn is_work(program: &Program<'_>, call: ExprRef) -> bool {
    program.callees(call).iter().any(|callee| match callee {
        Callee::External { name, .. } => program.knowledge.call(name).is_some_and(|fact| {
            matches!(fact.on, Some(WaitOn::Network | WaitOn::Disk | WaitOn::Process))
                && fact.step.is_none()
                && !only_on_windows(program, call)
        }),
        _ => false,
    })
}

/// The handler around a call that catches its failure and tells nobody.
fn swallowed(program: &Program<'_>, call: ExprRef) -> Option<Silence> {
    let index = program.index(call.file);
    let statement = index.statement_of(call.expr)?;
    for (above, branch) in index.ancestors(statement) {
        let StmtKind::Try { handlers, .. } = &index.statement(above).stmt.kind else {
            continue;
        };
        if branch != Branch::Body || handlers.is_empty() {
            continue;
        }
        let handler = handlers
            .iter()
            .find(|handler| catches_all(program, call.file, handler))?;
        let only = handlers.len() == 1;
        let mute = is_empty(program, call.file, handler) || ends_workers_only(program, call.file, handler);
        return (only && mute).then(|| Silence {
            handler: head(call.file, handler),
            work: program.place(call),
        });
    }
    None
}

/// A handler that only stops what is left, by calls that are given nothing to tell.
fn ends_workers_only(program: &Program<'_>, file: FileId, handler: &Handler) -> bool {
    handler.def.is_none()
        && handler.body.iter().all(|stmt| match stmt.kind {
            StmtKind::Expr(value) => ends_workers(program, ExprRef { file, expr: value }, DEPTH),
            _ => false,
        })
}

fn ends_workers(program: &Program<'_>, call: ExprRef, depth: u32) -> bool {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return false;
    };
    let callees = program.callees(call);
    arguments.is_empty()
        && !callees.is_empty()
        && callees.iter().all(|callee| match callee {
            Callee::External { name, .. } => {
                let step = program.knowledge.call(name).and_then(|fact| fact.step);
                step == Some(LifeStep::Close) || program.knowledge.operation(name) == Some(Operation::StopsWorker)
            }
            Callee::Function { function, .. } if depth > 0 => says_nothing(program, *function),
            _ => false,
        })
}

/// A function that raises nothing and hands no text to anybody.
fn says_nothing(program: &Program<'_>, function: ScopeRef) -> bool {
    let index = program.index(function.file);
    let facts = program.file(function.file);
    index.statements_of(function.scope).iter().all(|&statement| {
        let stmt = index.statement(statement).stmt;
        let raises = matches!(stmt.kind, StmtKind::Raise { .. });
        let docstring = matches!(stmt.kind, StmtKind::Expr(value) if is_text(facts.kind(value)));
        let mut tells = false;
        for root in statement_expressions(stmt) {
            visit_expressions(facts, root, &mut |expr: ExprId| tells |= is_text(facts.kind(expr)));
        }
        !raises && (docstring || !tells)
    })
}

fn is_text(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::Str { .. } | ExprKind::FString(_))
}

/// A call of a function that raises what a worker has sent.
fn relays_failure(program: &Program<'_>, call: ExprRef) -> bool {
    program.callees(call).iter().any(|callee| match callee {
        Callee::Function { function, .. } => raises_what_is_received(program, *function),
        _ => false,
    })
}

fn raises_what_is_received(program: &Program<'_>, function: ScopeRef) -> bool {
    let index = program.index(function.file);
    index.statements_of(function.scope).iter().any(|&statement| {
        let StmtKind::Raise {
            exception: Some(exception),
            ..
        } = index.statement(statement).stmt.kind
        else {
            return false;
        };
        let raised = ExprRef {
            file: function.file,
            expr: exception,
        };
        is_received(program, raised)
    })
}

/// Whether an expression reads a name that a call which takes from a pipe or queue has bound.
fn is_received(program: &Program<'_>, root: ExprRef) -> bool {
    let facts = program.file(root.file);
    let mut found = false;
    visit_expressions(facts, root.expr, &mut |expr| {
        let ExprKind::Name { reaching, .. } = facts.kind(expr) else {
            return;
        };
        found |= reaching.iter().any(|&def| match &facts.definition(def).kind {
            crate::facts::DefKind::Assign { value, .. } => takes(program, program.sibling(root, *value)),
            _ => false,
        });
    });
    found
}

fn takes(program: &Program<'_>, call: ExprRef) -> bool {
    matches!(program.kind(call), ExprKind::Call { .. })
        && program.callees(call).iter().any(|callee| {
            matches!(callee, Callee::External { name, .. } if matches!(
                program.knowledge.operation(name),
                Some(Operation::Take | Operation::TakeNow)
            ))
        })
}
