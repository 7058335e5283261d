//! What makes a stall of the loop less sure, or harmless: nothing else is there to run, or the code is hardly ever run.

use crate::facts::{ExprKind, Span, StmtKind, statement_expressions, visit_expressions};
use crate::finding::{Confidence, Place};
use crate::knowledge::{LoopUse, Operation};
use crate::link::index::Branch;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Target};

use super::blocking::Judge;
use super::graph::Edge;
use super::waits::receiver_text;
use crate::summary::platform::only_on_windows;
use crate::summary::startup::{holds, literal, tested_parameter};

impl Judge<'_, '_> {
    /// Whether a function looks whether there are items on the queue that a call takes one from.
    pub(super) fn counts_items(&self, scope: ScopeRef, call: ExprRef) -> bool {
        let waited = receiver_text(self.program, call);
        let calls = self.graph.outside.get(&scope).into_iter().flatten();
        calls
            .filter(|other| self.program.knowledge.operation(&other.name) == Some(Operation::CountsItems))
            .any(|other| waited.is_some() && receiver_text(self.program, other.call) == waited)
    }

    /// Whether a call is made only under a condition, or when something has gone wrong.
    pub(super) fn is_conditional(&self, call: ExprRef) -> bool {
        let index = self.program.index(call.file);
        index.statement_of(call.expr).is_some_and(|statement| {
            index.ancestors(statement).any(|(above, branch)| {
                matches!(branch, Branch::Handler(_))
                    || matches!(
                        index.statement(above).stmt.kind,
                        StmtKind::If { .. } | StmtKind::Match { .. }
                    )
            })
        })
    }

    /// Whether a call belongs to the end of what the coroutine does: something has gone wrong already.
    pub(super) fn is_on_way_out(&self, call: ExprRef) -> bool {
        let index = self.program.index(call.file);
        index.statement_of(call.expr).is_some_and(|statement| {
            matches!(index.statement(statement).stmt.kind, StmtKind::Raise { .. })
                || index.ancestors(statement).any(|(above, branch)| {
                    let (StmtKind::Try { handlers, .. }, Branch::Handler(position)) =
                        (&index.statement(above).stmt.kind, branch)
                    else {
                        return false;
                    };
                    let last = handlers[position].body.last();
                    last.is_some_and(|last| matches!(last.kind, StmtKind::Raise { .. } | StmtKind::Return(_)))
                })
        })
    }

    /// Whether the coroutine is part of a command-line tool, whose loop has nobody else to serve.
    pub(super) fn is_for_one_user(&self, scope: ScopeRef) -> bool {
        self.program.sources[scope.file.index()].is_command_line()
    }

    /// A script with one coroutine has nothing else that could wait for it.
    pub(super) fn confidence(&self, scope: ScopeRef, sure: bool) -> Confidence {
        let coroutines = self
            .program
            .file(scope.file)
            .scopes
            .iter()
            .filter(|other| other.is_async)
            .count();
        let is_script = self.graph.outside.iter().any(|(other, calls)| {
            other.file == scope.file
                && calls
                    .iter()
                    .any(|call| self.program.knowledge.loop_use(&call.name) == Some(LoopUse::RunsLoop))
        });
        if sure && !(is_script && coroutines <= 1) {
            Confidence::High
        } else {
            Confidence::Medium
        }
    }

    /// Whether a call is one that is hardly made: where something has gone wrong, at the end, or on another system.
    pub(super) fn is_rare(&self, call: ExprRef) -> bool {
        self.is_on_way_out(call) || self.ends_program(call) || only_on_windows(self.program, call)
    }

    /// Whether a call stands in for a hand-over of the same function that has failed.
    pub(super) fn is_fallback(&self, edge: &Edge) -> bool {
        let index = self.program.index(edge.at.file);
        let Some(statement) = index.statement_of(edge.at.expr) else {
            return false;
        };
        index.ancestors(statement).any(|(above, branch)| {
            let (StmtKind::Try { body, .. }, Branch::Handler(_)) = (&index.statement(above).stmt.kind, branch) else {
                return false;
            };
            let tried = body.iter().map(|stmt| stmt.span).reduce(Span::around);
            tried.is_some_and(|span| {
                self.is_handed_over_in(
                    edge.function,
                    Place {
                        file: edge.at.file,
                        span,
                    },
                )
            })
        })
    }

    /// Whether the arguments of a call keep what it calls from making another: `stop(wait=False)` and `if wait:`.
    pub(super) fn is_ruled_out(&self, edge: &Edge, inner: ExprRef) -> bool {
        let index = self.program.index(inner.file);
        index.statement_of(inner.expr).is_some_and(|statement| {
            index.ancestors(statement).any(|(above, branch)| {
                let StmtKind::If { test, .. } = index.statement(above).stmt.kind else {
                    return false;
                };
                let came_to = self.comes_to(edge, self.program.sibling(inner, test));
                came_to.is_some_and(|value| branch == if value { Branch::Orelse } else { Branch::Body })
            })
        })
    }

    /// What a test of one parameter comes to in a call that says what the parameter is.
    fn comes_to(&self, edge: &Edge, test: ExprRef) -> Option<bool> {
        let program = self.program;
        let parameters = &program.scope(edge.function).parameters;
        let position = tested_parameter(program, test)?;
        let parameter = parameters.get(position as usize)?;
        let is_call = matches!(program.kind(edge.at), ExprKind::Call { .. });
        let bound = u32::from(program.class_of_method(edge.function).is_some());
        let given = program.argument(edge.at, position.checked_sub(bound), Some(&parameter.name));
        let given = given.filter(|_| is_call)?;
        holds(program, test, &literal(program, given)?)
    }

    fn is_handed_over_in(&self, function: ScopeRef, block: Place) -> bool {
        self.program.submissions.iter().any(|submission| {
            let call = self.program.place(submission.call);
            let mut targets = submission.targets.iter().filter_map(Target::function);
            call.file == block.file && block.span.contains(call.span) && targets.any(|target| target == function)
        })
    }

    /// Whether nothing but the coroutine is on its loop: it is what the loop is run for, and has not awaited anything
    /// yet, or cleans up after it has awaited everything. A coroutine that never awaits says nothing of that.
    pub(super) fn is_alone_on_loop(&self, scope: ScopeRef, call: ExprRef) -> bool {
        if !self.is_first_on_loop(scope) {
            return false;
        }
        let program = self.program;
        let here = program.place(call).span;
        let index = program.index(call.file);
        let turns = self.turns(scope);
        if turns.is_empty() {
            return false;
        }
        let in_turning_loop = index.statement_of(call.expr).is_some_and(|statement| {
            index.ancestors(statement).any(|(above, _)| {
                let stmt = index.statement(above).stmt;
                let is_loop = matches!(stmt.kind, StmtKind::For { .. } | StmtKind::While { .. });
                is_loop && turns.iter().any(|&turn| stmt.span.contains(turn))
            })
        });
        let cleans_up = index
            .statement_of(call.expr)
            .is_some_and(|statement| index.ancestors(statement).any(|(_, branch)| branch == Branch::Finally));
        let none_before = turns
            .iter()
            .all(|turn| turn.end > here.end && turn.start >= here.start || turn.contains(here));
        let none_after = turns.iter().all(|turn| turn.end <= here.start);
        !in_turning_loop && (none_before && !self.makes_task_before(scope, call) || none_after && cleans_up)
    }

    /// Whether the only use of a coroutine function is to run a loop with it.
    fn is_first_on_loop(&self, scope: ScopeRef) -> bool {
        let program = self.program;
        let mut calls = program.solution.callers.get(&scope).into_iter().flatten().peekable();
        calls.peek().is_some()
            && calls.all(|&call| {
                let around = program.index(call.file).parent(call.expr);
                around.is_some_and(|around| {
                    program.callees(program.sibling(call, around)).iter().any(|callee| {
                        matches!(callee, Callee::External { name, .. }
                            if program.knowledge.loop_use(name) == Some(LoopUse::RunsLoop))
                    })
                })
            })
    }

    /// Whether a coroutine puts something on the loop before it makes a call.
    fn makes_task_before(&self, scope: ScopeRef, call: ExprRef) -> bool {
        let program = self.program;
        let made = self.graph.outside.get(&scope).into_iter().flatten().filter(|outside| {
            matches!(
                program.knowledge.loop_use(&outside.name),
                Some(LoopUse::TouchesLoop | LoopUse::MakesTask | LoopUse::WakesLoop)
            )
        });
        let start = program.place(call).span.start;
        made.into_iter().any(|made| program.place(made.call).span.start < start)
    }

    /// The places where a coroutine lets the loop do something else.
    fn turns(&self, scope: ScopeRef) -> Vec<Span> {
        let program = self.program;
        let facts = program.file(scope.file);
        let index = program.index(scope.file);
        let mut turns = Vec::new();
        for &statement in index.statements_of(scope.scope) {
            let stmt = index.statement(statement).stmt;
            if matches!(
                stmt.kind,
                StmtKind::With { is_async: true, .. } | StmtKind::For { is_async: true, .. }
            ) {
                turns.push(stmt.span);
            }
            for root in statement_expressions(stmt) {
                visit_expressions(facts, root, &mut |expr| {
                    if matches!(facts.kind(expr), ExprKind::Await(_)) {
                        turns.push(facts.span(expr));
                    }
                });
            }
        }
        turns
    }
}
