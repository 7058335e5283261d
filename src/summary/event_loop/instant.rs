//! What says that a call does not wait after all: settings of its object, what is caught around it, what was awaited
//! before, and whether a loop runs at all where it is made.

use std::collections::BTreeSet;

use crate::facts::{ExprId, ExprKind, Stmt, StmtKind, statement_expressions, visit_expressions};
use crate::knowledge::{CallFact, LoopUse, Operation, Role, Selector, Semantic};
use crate::link::index::Branch;
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program};

use super::blocking::Judge;
use super::graph::{Graph, Outside};
use super::waits::receiver_text;

/// The functions that ask whether a loop runs and go on without one, or are told so by a helper that gives the loop.
pub(super) fn probing(program: &Program<'_>, graph: &Graph) -> BTreeSet<ScopeRef> {
    let mut probing = BTreeSet::new();
    for (&scope, calls) in &graph.outside {
        let mut asks = calls.iter().filter(|outside| {
            program.knowledge.loop_use(&outside.name) == Some(LoopUse::AsksForLoop)
                && expects_failure(program, outside.call)
        });
        let Some(ask) = asks.next().filter(|_| !program.scope(scope).is_async) else {
            continue;
        };
        probing.insert(scope);
        if is_returned(program, ask.call) {
            let callers = graph.callers.get(&scope).into_iter().flatten();
            probing.extend(
                callers
                    .map(|&(caller, _)| caller)
                    .filter(|&caller| !program.scope(caller).is_async),
            );
        }
    }
    probing
}

/// Whether what a call raises is caught around it.
fn expects_failure(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    index.statement_of(call.expr).is_some_and(|statement| {
        index
            .ancestors(statement)
            .any(|(above, branch)| match &index.statement(above).stmt.kind {
                StmtKind::Try { handlers, .. } => branch == Branch::Body && !handlers.is_empty(),
                StmtKind::With { items, .. } => items.iter().any(|&(context, _)| {
                    program.callees(program.sibling(call, context)).iter().any(|callee| {
                        matches!(callee, Callee::External { name, .. }
                            if program.knowledge.operation(name) == Some(Operation::Suppress))
                    })
                }),
                _ => false,
            })
    })
}

fn is_returned(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    index
        .statement_of(call.expr)
        .is_some_and(|statement| matches!(index.statement(statement).stmt.kind, StmtKind::Return(_)))
}

impl Judge<'_, '_> {
    /// Whether a handler around a call expects what is raised in the place of waiting (`except BlockingIOError:`).
    pub(super) fn would_raise(&self, call: ExprRef) -> bool {
        let index = self.program.index(call.file);
        index.statement_of(call.expr).is_some_and(|statement| {
            index.ancestors(statement).any(|(above, branch)| {
                let StmtKind::Try { handlers, .. } = &index.statement(above).stmt.kind else {
                    return false;
                };
                let mut types = handlers.iter().filter_map(|handler| handler.types);
                branch == Branch::Body && types.any(|types| self.names_no_wait(self.program.sibling(call, types)))
            })
        })
    }

    fn names_no_wait(&self, types: ExprRef) -> bool {
        let program = self.program;
        let each = match program.kind(types) {
            ExprKind::Sequence { elements, .. } => elements.clone(),
            _ => vec![types.expr],
        };
        each.into_iter().any(|one| {
            program.values(program.sibling(types, one)).iter().any(|value| {
                matches!(program.value(value), Value::External(name)
                    if program.knowledge.loop_use(program.name(*name)) == Some(LoopUse::WouldBlock))
            })
        })
    }

    /// The time-outs that the object of a method was given when it was made or later: `port.timeout = 0`.
    pub(super) fn limits_of_object(&self, outside: &Outside, fact: &CallFact) -> Vec<ExprRef> {
        let (Some(until), Some(receiver)) = (&fact.until, outside.receiver) else {
            return Vec::new();
        };
        let mut limits = Vec::new();
        for keyword in until.iter().filter_map(|selector| match selector {
            Selector::Keyword(keyword) => Some(keyword.as_str()),
            Selector::Position(_) => None,
        }) {
            let made = self.program.site(receiver).and_then(|site| site.expression());
            let made = made.filter(|&made| matches!(self.program.kind(made), ExprKind::Call { .. }));
            limits.extend(made.and_then(|made| self.program.argument(made, None, Some(keyword))));
            limits.extend(self.assigned(outside.call, keyword));
        }
        limits
    }

    /// What the file assigns to an attribute of the object of a call.
    fn assigned(&self, call: ExprRef, attribute: &str) -> Option<ExprRef> {
        let program = self.program;
        let object = receiver_text(program, call)?;
        let index = program.index(call.file);
        index.statements.iter().find_map(|indexed| {
            let StmtKind::Assign { targets, value } = &indexed.stmt.kind else {
                return None;
            };
            let sets = |&target: &ExprId| {
                matches!(index.facts.kind(target), ExprKind::Attribute { base, name, .. }
                    if name == attribute && program.text(program.sibling(call, *base)) == object)
            };
            targets.iter().any(sets).then(|| program.sibling(call, *value))
        })
    }

    /// Whether the coroutine has awaited something about the object of a call before: `await exited(self)`, and then
    /// `self.child.wait()`.
    pub(super) fn has_awaited_on(&self, scope: ScopeRef, call: ExprRef) -> bool {
        let program = self.program;
        let Some(object) = receiver_text(program, call) else {
            return false;
        };
        let start = program.place(call).span.start;
        let is_of_object = |expr: ExprId| {
            let text = program.text(program.sibling(call, expr));
            object == text || object.strip_prefix(&text).is_some_and(|rest| rest.starts_with('.'))
        };
        let index = program.index(scope.file);
        index.statements_of(scope.scope).iter().any(|&statement| {
            let mut found = false;
            for root in statement_expressions(index.statement(statement).stmt) {
                visit_expressions(index.facts, root, &mut |expr| {
                    if let ExprKind::Await(awaited) = index.facts.kind(expr)
                        && let ExprKind::Call { arguments, .. } = index.facts.kind(*awaited)
                    {
                        found |= index.facts.span(expr).end <= start
                            && arguments.iter().any(|argument| is_of_object(argument.value));
                    }
                });
            }
            found
        })
    }

    /// Whether the worker that a call waits for is only made where no loop runs.
    pub(super) fn is_made_off_loop(&self, call: ExprRef) -> bool {
        let program = self.program;
        let ExprKind::Call { callee, .. } = program.kind(call) else {
            return false;
        };
        let ExprKind::Attribute { base, .. } = program.kind(program.sibling(call, *callee)) else {
            return false;
        };
        let values = program.values(program.sibling(call, *base)).iter();
        let workers = values.filter(|&value| program.role(value) == Some(Role::Worker));
        let mut made = workers
            .filter_map(|worker| program.site(worker)?.expression())
            .map(|made| program.function_around(program.scope_of(made)))
            .peekable();
        made.peek().is_some() && made.all(|maker| self.runs_off_loop(maker))
    }

    /// Whether a function, or all that call it, ask for a loop and go on without one.
    fn runs_off_loop(&self, function: ScopeRef) -> bool {
        let mut callers = self.graph.callers.get(&function).into_iter().flatten().peekable();
        self.probing.contains(&function)
            || callers.peek().is_some() && callers.all(|(caller, _)| self.probing.contains(caller))
    }

    /// Whether the program ends behind a call, so that its loop has nothing to do any more.
    pub(super) fn ends_program(&self, call: ExprRef) -> bool {
        let program = self.program;
        let index = program.index(call.file);
        index.statement_of(call.expr).is_some_and(|statement| {
            index.behind(statement).any(|stmt| {
                matches!(stmt.kind, StmtKind::Expr(value)
                    if program.has_semantic(program.sibling(call, value), Semantic::Exits))
            })
        })
    }

    /// Whether the function gives back what it has kept from an earlier call, where there is that: `if known: return known`.
    pub(super) fn is_behind_kept(&self, call: ExprRef) -> bool {
        let program = self.program;
        let index = program.index(call.file);
        let Some(statement) = index.statement_of(call.expr) else {
            return false;
        };
        let levels = std::iter::once(statement).chain(index.ancestors(statement).map(|(above, _)| above));
        levels.into_iter().any(|level| {
            index.before(level).any(|stmt| {
                let StmtKind::If { test, body, .. } = &stmt.kind else {
                    return false;
                };
                let [
                    Stmt {
                        kind: StmtKind::Return(Some(kept)),
                        ..
                    },
                ] = body.as_slice()
                else {
                    return false;
                };
                let text = program.text(program.sibling(call, *kept));
                let mut tested = false;
                visit_expressions(index.facts, *test, &mut |part| {
                    let is_place = matches!(
                        index.facts.kind(part),
                        ExprKind::Name { .. } | ExprKind::Attribute { .. }
                    );
                    tested |= is_place && program.text(program.sibling(call, part)) == text;
                });
                tested
            })
        })
    }
}
