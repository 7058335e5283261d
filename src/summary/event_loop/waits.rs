//! Whether a call that may wait does so: by what it is given, and by what the code around it has asked before.

use crate::facts::{DefKind, ExprId, ExprKind, StmtKind, statement_expressions, visit_expressions};
use crate::knowledge::{CallFact, LoopUse, Operation, Role, Selector, SideEffect, SubmissionResult, WaitOn};
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program, Target};
use crate::summary::Estimate;
use crate::summary::sizes::Sizes;

use super::Cause;
use super::blocking::Judge;
use super::graph::Outside;

/// Waits below this many typical seconds do not matter to a loop.
const SHORT: f64 = 2e-3;
/// Time-outs below this many seconds make a wait a poll.
const POLL: f64 = 0.05;

impl Judge<'_, '_> {
    /// What a call waits for, if it does.
    pub(super) fn wait(&self, scope: ScopeRef, outside: &Outside) -> Option<Cause> {
        let program = self.program;
        let fact = program.knowledge.call(&outside.name)?;
        let typical = self.seconds(outside, fact)?;
        let is_limited = fact.on != Some(WaitOn::Sleep) && self.is_limited(outside, fact);
        if typical < SHORT || is_limited || self.says_instant(outside.call, fact) {
            return None;
        }
        let role = outside.receiver.and_then(|receiver| program.role(receiver));
        let blocks_for_results = program
            .knowledge
            .submission(&outside.name)
            .is_some_and(|shape| matches!(shape.result, SubmissionResult::Results | SubmissionResult::Result));
        if let Some(shape) = program.knowledge.submission(&outside.name)
            && !blocks_for_results
            && shape.result != SubmissionResult::Worker
        {
            return None;
        }
        let inside = matches!(
            role,
            Some(Role::Worker | Role::Future | Role::AsyncResult | Role::Queue | Role::ProcessQueue | Role::Pool)
        );
        match fact.on? {
            // Leaving an executor is judged as such.
            WaitOn::Lock if role == Some(Role::Executor) => None,
            WaitOn::Lock | WaitOn::Queue => self.handover(scope, outside, fact),
            WaitOn::Process if inside || blocks_for_results => self.handover(scope, outside, fact),
            // A pipe is read and written at once most of the time, and a process that was asked is over.
            WaitOn::Process if fact.wait.is_some_and(|wait| wait[0] <= 0.0) || self.is_settled(scope, outside) => None,
            WaitOn::Process if outside.receiver.is_some() && self.has_awaited_on(scope, outside.call) => None,
            WaitOn::Disk if !fact.effects.contains(&SideEffect::UsesDatabase) && !waits_long(fact) => None,
            WaitOn::Network if outside.receiver.is_some() && self.has_polled(scope, outside.call) => None,
            on => Some(Cause::Waiting(on)),
        }
    }

    /// Typical seconds of a wait; `None` where the code says that it does not wait.
    fn seconds(&self, outside: &Outside, fact: &CallFact) -> Option<f64> {
        let typical = Estimate::between(fact.wait?).typical;
        if fact.on != Some(WaitOn::Sleep) {
            return Some(typical);
        }
        let Some(argument) = self.selected(outside.call, fact.size.as_ref()) else {
            // An interval that is left out where none is needed: the call looks at the clock and returns.
            return fact.wait.is_some_and(|wait| wait[0] > 0.0).then_some(typical);
        };
        let number = Sizes {
            program: self.program,
            file: outside.call.file,
        }
        .number(argument.expr);
        Some(if number.known { number.count.typical } else { typical })
    }

    fn selected(&self, call: ExprRef, selector: Option<&Selector>) -> Option<ExprRef> {
        match selector? {
            Selector::Position(position) => self.program.argument(call, Some(*position), None),
            Selector::Keyword(keyword) => self.program.argument(call, None, Some(keyword)),
        }
    }

    /// A wait for another thread or future, unless the code polls or knows that it is over.
    fn handover(&self, scope: ScopeRef, outside: &Outside, fact: &CallFact) -> Option<Cause> {
        let has_limit = !self.limits(outside.call, fact)?.is_empty();
        let is_queue = fact.on == Some(WaitOn::Queue);
        if is_queue && (has_limit || self.has_put_before(outside.call)) || self.does_not_wait(outside) {
            return None;
        }
        let over = self.is_settled(scope, outside) || self.has_told_the_loop(scope, outside);
        (!over && !self.is_made_off_loop(outside.call)).then_some(Cause::Handover)
    }

    /// The time-outs that a call is given; `None` where it takes none.
    fn limits(&self, call: ExprRef, fact: &CallFact) -> Option<Vec<ExprRef>> {
        let until = fact.until.as_ref()?;
        let given = until.iter().filter_map(|selector| self.selected(call, Some(selector)));
        Some(given.collect())
    }

    /// Whether a time-out makes the wait a poll, or may do so.
    fn is_limited(&self, outside: &Outside, fact: &CallFact) -> bool {
        let given = self.limits(outside.call, fact).into_iter().flatten();
        let mut limits = given.chain(self.limits_of_object(outside, fact));
        limits.any(|limit| {
            let number = Sizes {
                program: self.program,
                file: limit.file,
            }
            .number(limit.expr);
            !number.known || number.count.typical < POLL
        })
    }

    /// Whether a flag among the arguments keeps the call from waiting.
    fn says_instant(&self, call: ExprRef, fact: &CallFact) -> bool {
        let ExprKind::Call { arguments, .. } = self.program.kind(call) else {
            return false;
        };
        !fact.instant_with.is_empty()
            && arguments
                .iter()
                .any(|argument| self.names_flag(call, argument.value, fact))
    }

    fn names_flag(&self, near: ExprRef, root: ExprId, fact: &CallFact) -> bool {
        let program = self.program;
        let file = program.file(near.file);
        let mut found = false;
        visit_expressions(file, root, &mut |expr| {
            let values = program.values(program.sibling(near, expr));
            found |= values.iter().any(|value| match program.value(value) {
                Value::External(name) => fact.instant_with.iter().any(|flag| flag == program.name(*name)),
                _ => false,
            });
            // `FLAGS = ONE | OTHER` at the top of the file.
            if let ExprKind::Name {
                symbol: Some(symbol),
                reaching,
                ..
            } = file.kind(expr)
                && reaching.is_empty()
                && let [def] = file.symbol(*symbol).definitions.as_slice()
                && let DefKind::Assign { value, .. } = file.definition(*def).kind
                && value != root
            {
                found |= self.names_flag(near, value, fact);
            }
        });
        found
    }

    /// `queue.put(item)` right before `queue.get()`: the item is there.
    fn has_put_before(&self, call: ExprRef) -> bool {
        let program = self.program;
        let index = program.index(call.file);
        let Some(here) = index.statement_of(call.expr).map(|id| index.statement(id)) else {
            return false;
        };
        let waited = receiver_text(program, call);
        let before = index.statements_of(here.scope).iter().map(|&id| index.statement(id));
        before
            .filter(|other| other.parent == here.parent && other.position + 1 == here.position)
            .any(|other| match other.stmt.kind {
                StmtKind::Expr(value) => {
                    let put = program.sibling(call, value);
                    receiver_text(program, put) == waited
                        && matches!(program.kind(put), ExprKind::Call { .. })
                        && program.callees(put).iter().any(|callee| {
                            matches!(callee, Callee::External { name, .. }
                                if program.knowledge.operation(name) == Some(Operation::Put))
                        })
                }
                _ => false,
            })
    }

    /// `get(False)`, `acquire(blocking=False)`: a false literal anywhere.
    fn does_not_wait(&self, outside: &Outside) -> bool {
        let ExprKind::Call { arguments, .. } = self.program.kind(outside.call) else {
            return false;
        };
        arguments.iter().any(|argument| {
            let values = self.program.values(self.program.sibling(outside.call, argument.value));
            values
                .iter()
                .any(|value| *self.program.value(value) == Value::Bool(false))
        })
    }

    /// Whether the same function asks if the wait is over, on the same object or on something that may hold it.
    fn is_settled(&self, scope: ScopeRef, outside: &Outside) -> bool {
        let program = self.program;
        let waited = receiver_text(program, outside.call);
        let called = self
            .graph
            .edges
            .get(&scope)
            .into_iter()
            .flatten()
            .map(|edge| edge.function);
        std::iter::once(scope)
            .chain(called)
            .filter_map(|scope| self.graph.outside.get(&scope))
            .flatten()
            .filter(|other| other.call != outside.call)
            .filter(|other| program.knowledge.loop_use(&other.name) == Some(LoopUse::Settles))
            .any(|other| match (receiver_text(program, other.call), &waited) {
                (Some(asked), Some(waited)) if other.receiver.is_some() => asked == *waited,
                _ => outside.receiver.is_none() == other.receiver.is_none() || other.receiver.is_none(),
            })
    }

    /// Whether the function has waited until one of several things is ready, before it asks one of them.
    fn has_polled(&self, scope: ScopeRef, call: ExprRef) -> bool {
        let program = self.program;
        let start = program.place(call).span.start;
        let calls = self.graph.outside.get(&scope).into_iter().flatten();
        calls
            .filter(|other| program.knowledge.loop_use(&other.name) == Some(LoopUse::Polls))
            .any(|other| program.place(other.call).span.start < start)
    }

    /// Whether the worker that is joined tells the loop of its progress, and the coroutine has awaited something since
    /// it was made: then it is most likely over.
    fn has_told_the_loop(&self, scope: ScopeRef, outside: &Outside) -> bool {
        let program = self.program;
        let receiver = outside
            .receiver
            .filter(|&receiver| program.role(receiver) == Some(Role::Worker));
        let Some(made) = receiver.and_then(|receiver| program.site(receiver)?.expression()) else {
            return false;
        };
        let wakes = |function: ScopeRef| {
            let calls = self.graph.outside.get(&function).into_iter().flatten();
            calls
                .into_iter()
                .any(|call| program.knowledge.loop_use(&call.name) == Some(LoopUse::WakesLoop))
        };
        let mut submissions = program.submissions.iter().filter(|submission| submission.call == made);
        let tells = submissions.any(|submission| submission.targets.iter().filter_map(Target::function).any(wakes));
        tells && made.file == scope.file && self.awaits_between(scope, made, outside.call)
    }

    fn awaits_between(&self, scope: ScopeRef, from: ExprRef, to: ExprRef) -> bool {
        let program = self.program;
        let facts = program.file(scope.file);
        let (from, to) = (program.place(from).span.end, program.place(to).span.start);
        let index = program.index(scope.file);
        index.statements_of(scope.scope).iter().any(|&statement| {
            let mut found = false;
            for root in statement_expressions(index.statement(statement).stmt) {
                visit_expressions(facts, root, &mut |expr| {
                    let start = facts.span(expr).start;
                    found |= matches!(facts.kind(expr), ExprKind::Await(_)) && start > from && start < to;
                });
            }
            found
        })
    }
}

/// A wait for a disk that surely takes milliseconds.
fn waits_long(fact: &CallFact) -> bool {
    fact.wait.is_some_and(|wait| wait[0] >= 1e-3)
}

/// The text of what a method is called on.
pub(super) fn receiver_text(program: &Program<'_>, call: ExprRef) -> Option<String> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    match program.kind(program.sibling(call, *callee)) {
        ExprKind::Attribute { base, .. } => Some(program.text(program.sibling(call, *base))),
        _ => None,
    }
}
