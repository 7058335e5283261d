//! Variables that a loop goes on changing while submitted closures still read them.

use crate::facts::{DefKind, ExprKind, ScopeKind, Span, StmtKind, SymbolId, statement_expressions, visit_expressions};
use crate::finding::Place;
use crate::knowledge::{SubmissionResult, WorkerKind};
use crate::link::index::{Branch, Loop};
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Intent, Program, Submission};

/// A closure that reads a variable which the loop around its submission changes.
#[derive(Clone, Debug)]
pub struct LateBound {
    /// The variable.
    pub name: String,
    /// Where the closure reads it.
    pub read: Place,
    /// Where the loop binds it.
    pub bound: Place,
    /// The closure.
    pub function: ScopeRef,
    /// The loop.
    pub around: Place,
}

/// The first such variable of a submission.
#[must_use]
pub fn late_bound(program: &Program<'_>, submission: &Submission<'_>) -> Option<LateBound> {
    let Intent::Loop(around) = submission.intent else {
        return None;
    };
    let waits_here = matches!(
        submission.shape.result,
        SubmissionResult::Results | SubmissionResult::Result | SubmissionResult::Iterator
    );
    if waits_here || submission.forwarded || !submission.is_always(WorkerKind::Thread) {
        return None;
    }
    if is_awaited(program, submission.call) || is_consumed(program, submission.call) {
        return None;
    }
    closures(program, submission)
        .into_iter()
        .find_map(|closure| captured(program, closure, submission.scope, around))
}

/// The functions that a submission hands over: what runs, and callables among its arguments.
fn closures(program: &Program<'_>, submission: &Submission<'_>) -> Vec<ScopeRef> {
    let mut found = Vec::new();
    for target in submission.targets.iter().filter(|target| target.partials.is_empty()) {
        if let Callee::Function {
            function,
            receiver: None,
        } = target.callee
        {
            found.push(function);
        }
    }
    for argument in submission.arguments.iter().filter(|argument| !argument.elements) {
        for value in program.values(argument.expr).iter() {
            if let Value::Function(function) = *program.value(value) {
                found.push(function);
            }
        }
    }
    found
}

fn captured(program: &Program<'_>, function: ScopeRef, submitter: ScopeRef, around: Place) -> Option<LateBound> {
    let facts = program.file(function.file);
    let scope = facts.scope(function.scope);
    if !matches!(scope.kind, ScopeKind::Function | ScopeKind::Lambda) || scope.parent != Some(submitter.scope) {
        return None;
    }
    if function.file != around.file || function.file != submitter.file {
        return None;
    }
    let index = program.index(function.file);
    for &statement in index.statements_of(function.scope) {
        let mut reads: Vec<(SymbolId, Span)> = Vec::new();
        for root in statement_expressions(index.statement(statement).stmt) {
            visit_expressions(facts, root, &mut |expr| {
                if let ExprKind::Name {
                    symbol: Some(symbol), ..
                } = facts.kind(expr)
                {
                    reads.push((*symbol, facts.span(expr)));
                }
            });
        }
        for (symbol, read) in reads {
            if facts.symbol(symbol).scope != submitter.scope {
                continue;
            }
            if let Some(bound) = bound_in_loop(program, function, symbol, around.span) {
                return Some(LateBound {
                    name: facts.symbol(symbol).name.clone(),
                    read: Place {
                        file: function.file,
                        span: read,
                    },
                    bound: Place {
                        file: function.file,
                        span: bound,
                    },
                    function,
                    around,
                });
            }
        }
    }
    None
}

/// Where a loop binds a variable anew each time round.
fn bound_in_loop(program: &Program<'_>, function: ScopeRef, symbol: SymbolId, around: Span) -> Option<Span> {
    let facts = program.file(function.file);
    let definitions = &facts.symbol(symbol).definitions;
    definitions.iter().find_map(|&def| {
        let definition = facts.definition(def);
        let changes = match &definition.kind {
            DefKind::Element { .. } | DefKind::Augmented { .. } | DefKind::Context { .. } => true,
            DefKind::Assign { value, .. } => !matches!(
                facts.kind(*value),
                ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Str { .. }
            ),
            _ => false,
        };
        (changes && around.contains(definition.span)).then_some(definition.span)
    })
}

fn is_awaited(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    index
        .expressions_around(call.expr)
        .any(|around| matches!(index.facts.kind(around), ExprKind::Await(_)))
}

/// Whether the same round of the loop waits for the work, or the round is the last one.
fn is_consumed(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    let Some(&Loop::Statement(id)) = index.loops_around(call.expr).first() else {
        return false;
    };
    let span = index.statement(id).stmt.span;
    let start = index.facts.span(call.expr).start;
    let waits = index.calls().iter().any(|&other| {
        let at = index.facts.span(other);
        span.contains(at)
            && at.end > start
            && at != index.facts.span(call.expr)
            && index.scope_of(other) == index.scope_of(call.expr)
            && is_wait(program, program.sibling(call, other))
    });
    let Some(statement) = index.statement_of(call.expr) else {
        return waits;
    };
    waits
        || index.ancestors(statement).any(|(above, branch)| {
            let inside = above != id && span.contains(index.statement(above).stmt.span);
            let is_with = matches!(index.statement(above).stmt.kind, StmtKind::With { .. });
            inside && branch == Branch::Body && is_with
        })
        || leaves_after(program, call)
}

fn is_wait(program: &Program<'_>, call: ExprRef) -> bool {
    program.callees(call).iter().any(|callee| match callee {
        Callee::External { name, .. } => {
            let fact = program.knowledge.call(name);
            fact.is_some_and(|fact| fact.until.is_some())
        }
        _ => false,
    })
}

/// `break` or `return` in the block of the submission.
fn leaves_after(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    let Some(statement) = index.statement_of(call.expr) else {
        return false;
    };
    let here = index.statement(statement);
    index.statements_of(here.scope).iter().any(|&other| {
        let other = index.statement(other);
        other.parent == here.parent
            && other.position >= here.position
            && matches!(
                other.stmt.kind,
                StmtKind::Break | StmtKind::Return(_) | StmtKind::Raise { .. }
            )
    })
}
