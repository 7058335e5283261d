//! Signals that are missed when a worker fails: what waits for them without a time-out then waits for ever.
//!
//! A signal is a call on a queue, event or connection, or a constant that is written where another unit polls for it.
//! It may stand in the worker's own code or in what that calls; what fails before it must leave the code that would
//! have given it. The starting side may be the one that fails, and the worker the one that waits.

use std::collections::BTreeSet;

use crate::facts::{ExprKind, Span, StmtKind};
use crate::finding::{Note, Place};
use crate::knowledge::{Operation, Role, WorkerKind};
use crate::link::index::{Branch, Loop};
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program, Submission, Target};

use super::super::raises::{RaiseEvidence, RaiseKind, Raises, Strength};
use super::flags::Flags;
use super::{Locks, SharedUse};

/// Failures further away than this are checks of what the caller has seen to.
const DEPTH: usize = 3;
/// Between a start and a signal only what the starting code itself does counts.
const STARTER_DEPTH: usize = 2;
/// Calls between a worker's function and the signal.
const CALLS: u32 = 2;

/// Who fails to give a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The worker; others wait.
    Worker,
    /// Those who started the worker, which waits.
    Starter,
}

/// A signal that is not given when something fails.
#[derive(Clone, Debug)]
pub struct MissedSignal {
    /// The submission of the worker, by number.
    pub submission: usize,
    /// Who fails.
    pub side: Side,
    /// The function that fails.
    pub function: ScopeRef,
    /// What fails.
    pub chain: Vec<Note>,
    /// The signal.
    pub signal: Place,
    /// The wait.
    pub wait: Place,
}

/// A signal as one function gives it.
#[derive(Clone, Debug)]
struct Point<'u> {
    /// The signal, or the call that leads to it.
    call: ExprRef,
    signal: &'u SharedUse,
    /// The signal itself stands here, so that computing its arguments comes before it.
    direct: bool,
}

/// All signals that may be missed, in the order of the submissions.
#[must_use]
pub fn missed_signals(program: &Program<'_>, locks: &Locks, raises: &Raises<'_>) -> Vec<MissedSignal> {
    let flags = Flags::of(program);
    let judge = Judge {
        program,
        locks,
        raises,
        flags,
    };
    let mut found = Vec::new();
    for (number, submission) in program.submissions.iter().enumerate() {
        let runs_apart = submission
            .workers
            .iter()
            .all(|worker| matches!(worker.kind, Some(WorkerKind::Thread | WorkerKind::Process)));
        if !runs_apart || submission.forwarded {
            continue;
        }
        let functions: BTreeSet<ScopeRef> = submission.targets.iter().filter_map(Target::function).collect();
        for function in functions {
            let missed = judge
                .worker(number, submission, function)
                .or_else(|| judge.polled(number, function))
                .or_else(|| judge.starter(number, submission, function));
            found.extend(missed);
        }
    }
    found
}

/// The wait that a signal ends.
const fn wait_of(signal: Operation) -> Option<Operation> {
    match signal {
        Operation::Signal => Some(Operation::AwaitSignal),
        Operation::Put => Some(Operation::Take),
        Operation::TaskDone => Some(Operation::JoinQueue),
        _ => None,
    }
}

struct Judge<'j, 'a, 'r> {
    program: &'j Program<'a>,
    locks: &'j Locks,
    raises: &'j Raises<'r>,
    flags: Flags,
}

impl<'a> Judge<'_, 'a, '_> {
    /// A worker that fails before it gives a signal.
    fn worker(&self, number: usize, submission: &Submission<'a>, root: ScopeRef) -> Option<MissedSignal> {
        let uses = self.locks.uses();
        let reached = uses.reached(root);
        // A helper of this worker alone is a part of it.
        let helpers = self.functions_below(root).into_iter();
        let own = helpers.filter(|&function| function == root || uses.callers_of(function).len() == 1);
        for function in own {
            for point in self.points(function, CALLS) {
                let Some(wanted) = wait_of(point.signal.operation) else {
                    continue;
                };
                let signal = point.signal;
                if self.is_condition(signal)
                    || self.is_given_elsewhere(signal, function)
                    || self.is_given_for_others(signal, &reached)
                {
                    continue;
                }
                let Some(evidence) = self.failure_before(function, &point) else {
                    continue;
                };
                if self.is_out_of_sight(submission, signal) || self.is_end_closed(submission, signal) {
                    continue;
                }
                let wait = uses.all().iter().find(|wait| {
                    wait.operation == wanted
                        && wait.endless
                        && wait.meets(signal)
                        && !reached.contains(&wait.function)
                        && !self.is_service(wait, signal)
                        && !self.is_on_request(wait)
                });
                let Some(wait) = wait else { continue };
                return Some(MissedSignal {
                    submission: number,
                    side: Side::Worker,
                    function,
                    chain: evidence.chain.clone(),
                    signal: self.program.place(signal.call),
                    wait: self.program.place(wait.call),
                });
            }
        }
        None
    }

    /// A worker that fails before it writes what another unit polls for.
    fn polled(&self, number: usize, function: ScopeRef) -> Option<MissedSignal> {
        let reached = self.locks.uses().reached(function);
        for write in self.flags.written_by(function) {
            let Some(wait) = self
                .flags
                .wait_for(write)
                .filter(|wait| !reached.contains(&wait.function))
            else {
                continue;
            };
            let guarded = self.tries_with(function, &[write.place.span]);
            let failure = self.failure(function, write.place.span.end, &guarded, |evidence| {
                evidence.strength >= Strength::Likely
            });
            if let Some(evidence) = failure {
                return Some(MissedSignal {
                    submission: number,
                    side: Side::Worker,
                    function,
                    chain: evidence.chain.clone(),
                    signal: write.place,
                    wait: wait.place,
                });
            }
        }
        None
    }

    /// A worker that waits for a signal which its starter fails to give.
    fn starter(&self, number: usize, submission: &Submission<'a>, root: ScopeRef) -> Option<MissedSignal> {
        let uses = self.locks.uses();
        if !submission.is_always(WorkerKind::Thread)
            || submission.intent.is_fan_out()
            || !self.is_made_by_hand(submission)
            || self.mentions_daemon(submission)
        {
            return None;
        }
        let reached = uses.reached(root);
        let waits = self
            .functions_below(root)
            .into_iter()
            .flat_map(|function| uses.of(function));
        for wait in waits.filter(|wait| wait.endless) {
            let signals: Vec<&SharedUse> = uses
                .all()
                .iter()
                .filter(|signal| wait_of(signal.operation) == Some(wait.operation) && wait.meets(signal))
                .collect();
            let givers: BTreeSet<ScopeRef> = signals.iter().map(|signal| signal.function).collect();
            let Some(&giver) = givers
                .first()
                .filter(|giver| givers.len() == 1 && !reached.contains(giver))
            else {
                continue;
            };
            let ending = |signal: &&&SharedUse| wait.operation != Operation::Take || self.is_sentinel(signal);
            let Some(signal) = signals.iter().find(ending) else {
                continue;
            };
            if signals.len() > 1 && wait.operation == Operation::AwaitSignal || self.is_condition(signal) {
                continue;
            }
            if let Some(evidence) = self.failure_after_start(submission, giver, signal) {
                return Some(MissedSignal {
                    submission: number,
                    side: Side::Starter,
                    function: giver,
                    chain: evidence.chain.clone(),
                    signal: self.program.place(signal.call),
                    wait: self.program.place(wait.call),
                });
            }
        }
        None
    }

    fn failure_after_start(
        &self,
        submission: &Submission<'a>,
        giver: ScopeRef,
        signal: &SharedUse,
    ) -> Option<&RaiseEvidence> {
        let program = self.program;
        let submitter = program.function_around(submission.scope);
        let index = program.index(giver.file);
        let calls = index.calls().iter().map(|&expr| ExprRef { file: giver.file, expr });
        let leads = |call: ExprRef| {
            call == submission.call
                || program.callees(call).iter().any(
                    |callee| matches!(callee, Callee::Function { function, .. } if *function == submitter && submitter != giver),
                )
        };
        let start = calls
            .filter(|&call| program.scope_of(call) == giver && leads(call))
            .map(|call| program.place(call).span.end)
            .min()?;
        let end = program.place(signal.call).span.start;
        let same: Vec<Span> = self
            .locks
            .uses()
            .of(giver)
            .filter(|other| other.meets(signal))
            .map(|other| program.place(other.call).span)
            .collect();
        let guarded = self.tries_with(giver, &same);
        let loops = index.loops_around(signal.call.expr);
        self.failure(giver, end, &guarded, |evidence| {
            evidence.strength >= Strength::Likely
                && evidence.chain.len() <= STARTER_DEPTH
                && evidence.place().span.start > start
                && loops.is_empty()
        })
    }

    /// A thread object whose life ends with its function, not with the program.
    fn is_made_by_hand(&self, submission: &Submission<'a>) -> bool {
        submission.shape.starts == crate::knowledge::StartsWhen::AtStart
    }

    /// Whether the file of a submission says anything about daemons.
    fn mentions_daemon(&self, submission: &Submission<'a>) -> bool {
        let facts = self.program.file(submission.call.file);
        facts.expressions.iter().any(|expr| match &expr.kind {
            ExprKind::Attribute { name, .. } => name.to_lowercase().contains("daemon"),
            ExprKind::Call { arguments, .. } => arguments.iter().any(
                |argument| matches!(&argument.kind, crate::facts::ArgumentKind::Keyword(name) if name == "daemon"),
            ),
            _ => false,
        })
    }

    /// A function and what it calls, a few calls deep.
    fn functions_below(&self, root: ScopeRef) -> Vec<ScopeRef> {
        let uses = self.locks.uses();
        let mut found = vec![root];
        let mut first = 0;
        for _ in 0..CALLS {
            let last = found.len();
            for number in first..last {
                for &called in uses.called_by(found[number]) {
                    if !found.contains(&called) {
                        found.push(called);
                    }
                }
            }
            first = last;
        }
        found
    }

    /// The signals that a function gives, itself or through what it calls.
    fn points(&self, function: ScopeRef, depth: u32) -> Vec<Point<'_>> {
        let uses = self.locks.uses();
        let mut found: Vec<Point<'_>> = uses
            .of(function)
            .map(|signal| Point {
                call: signal.call,
                signal,
                direct: true,
            })
            .collect();
        if depth == 0 || uses.called_by(function).is_empty() {
            return found;
        }
        let index = self.program.index(function.file);
        for &expr in index.calls() {
            let call = ExprRef {
                file: function.file,
                expr,
            };
            if self.program.scope_of(call) != function {
                continue;
            }
            for callee in self.program.callees(call) {
                if let Callee::Function { function: called, .. } = callee
                    && called != function
                    && uses.called_by(function).contains(&called)
                {
                    let below = self.points(called, depth - 1);
                    found.extend(below.into_iter().map(|point| Point {
                        call,
                        direct: false,
                        ..point
                    }));
                }
            }
        }
        found
    }

    /// Whether the signal is no event but a condition, or nothing is known of its object.
    fn is_condition(&self, signal: &SharedUse) -> bool {
        let program = self.program;
        signal.objects.is_empty()
            || signal.objects.iter().any(|&object| {
                let mut values = program.values(object).iter();
                values.any(|value| program.type_fact(value).is_some_and(|fact| fact.lock.is_some()))
            })
    }

    /// Whether others signal the same object.
    fn is_given_elsewhere(&self, signal: &SharedUse, function: ScopeRef) -> bool {
        let all = self.locks.uses().all();
        all.iter().any(|other| {
            other.operation == signal.operation
                && other.function != signal.function
                && other.function != function
                && other.meets(signal)
        })
    }

    /// Whether the function in which the signal stands gives it for other code than the worker's, too.
    fn is_given_for_others(&self, signal: &SharedUse, reached: &BTreeSet<ScopeRef>) -> bool {
        let callers = self.locks.uses().callers_of(signal.function);
        callers.iter().any(|caller| !reached.contains(caller))
    }

    /// What may stop the function before the signal.
    fn failure_before(&self, function: ScopeRef, point: &Point<'_>) -> Option<&RaiseEvidence> {
        let same: Vec<Span> = self
            .points(function, CALLS)
            .iter()
            .filter(|other| wait_of(other.signal.operation) == wait_of(point.signal.operation))
            .filter(|other| other.signal.meets(point.signal))
            .map(|other| self.program.place(other.call).span)
            .collect();
        let guarded = self.tries_with(function, &same);
        let span = self.program.place(point.call).span;
        let end = if point.direct { span.end } else { span.start };
        let sentinel = self.is_sentinel(point.signal);
        self.failure(function, end, &guarded, |evidence| match evidence.strength {
            Strength::Explicit | Strength::Likely => true,
            Strength::Foreign => sentinel || evidence.kind != RaiseKind::Iteration,
            Strength::Possible => false,
        })
    }

    fn failure(
        &self,
        function: ScopeRef,
        end: u32,
        guarded: &[Span],
        believed: impl Fn(&RaiseEvidence) -> bool,
    ) -> Option<&RaiseEvidence> {
        let escapes = self.raises.escapes(function).iter();
        escapes
            .filter(|evidence| {
                let span = evidence.place().span;
                evidence.chain.len() <= DEPTH
                    && span.start < end
                    && !guarded.iter().any(|around| around.contains(span))
                    && believed(evidence)
            })
            .max_by_key(|evidence| (evidence.strength, std::cmp::Reverse(evidence.place())))
    }

    /// The `try` statements of a function on whose way out one of the signals stands.
    fn tries_with(&self, function: ScopeRef, signals: &[Span]) -> Vec<Span> {
        let index = self.program.index(function.file);
        let mut found = Vec::new();
        for &statement in index.statements_of(function.scope) {
            let span = index.statement(statement).stmt.span;
            if !signals.iter().any(|signal| span.contains(*signal)) {
                continue;
            }
            for (above, branch) in index.ancestors(statement) {
                if matches!(branch, Branch::Finally | Branch::Handler(_)) {
                    found.push(index.statement(above).stmt.span);
                }
            }
        }
        found
    }

    /// A constant that tells the one who takes it to stop.
    fn is_sentinel(&self, signal: &SharedUse) -> bool {
        let program = self.program;
        signal.operation == Operation::Put
            && program.argument(signal.call, Some(0), None).is_some_and(|given| {
                let facts = program.file(given.file);
                match program.kind(given) {
                    ExprKind::None | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Str { .. } => true,
                    ExprKind::Name {
                        symbol: Some(symbol), ..
                    } => facts.symbol(*symbol).scope == crate::facts::MODULE,
                    _ => false,
                }
            })
    }

    /// A worker that takes whatever comes for ever: nobody misses an item that does not come.
    fn is_service(&self, wait: &SharedUse, signal: &SharedUse) -> bool {
        let index = self.program.index(wait.call.file);
        let endless = index
            .loops_around(wait.call.expr)
            .into_iter()
            .any(|around| match around {
                Loop::Statement(id) => matches!(&index.statement(id).stmt.kind, StmtKind::While { test, .. }
                    if matches!(index.facts.kind(*test), ExprKind::Bool(true) | ExprKind::Int(Some(1)))),
                Loop::Comprehension(_) => false,
            });
        endless && !self.is_sentinel(signal) && !self.locks.uses().submissions_of(wait.function).is_empty()
    }

    /// A wait that a parameter asks for which is off by default: `if wait: stopped.wait()`.
    fn is_on_request(&self, wait: &SharedUse) -> bool {
        let program = self.program;
        let index = program.index(wait.call.file);
        let scope = program.scope(wait.function);
        let asked = |test: ExprRef| match program.kind(test) {
            ExprKind::Name { name, .. } => scope.parameters.iter().any(|parameter| {
                let default = parameter
                    .default
                    .map(|default| program.kind(program.sibling(test, default)));
                parameter.name == *name && matches!(default, Some(ExprKind::Bool(false) | ExprKind::None))
            }),
            _ => false,
        };
        let above = index.statement_of(wait.call.expr).into_iter();
        let by_statement =
            above
                .flat_map(|statement| index.ancestors(statement))
                .any(|(statement, branch)| match &index.statement(statement).stmt.kind {
                    StmtKind::If { test, .. } => branch == Branch::Body && asked(program.sibling(wait.call, *test)),
                    _ => false,
                });
        by_statement
            || index
                .expressions_around(wait.call.expr)
                .any(|around| match index.facts.kind(around) {
                    ExprKind::Boolean { is_and: true, values } => values
                        .first()
                        .is_some_and(|&first| asked(program.sibling(wait.call, first))),
                    _ => false,
                })
    }

    /// Whether a signal of threads is given by a process, where nobody of this process sees it.
    fn is_out_of_sight(&self, submission: &Submission<'a>, signal: &SharedUse) -> bool {
        let program = self.program;
        submission.may_be(WorkerKind::Process)
            && signal.objects.iter().any(|&object| {
                let mut values = program.values(object).iter();
                values.any(|value| matches!(program.role(value), Some(Role::Event | Role::Queue)))
            })
    }

    /// The starter closes its copy of the worker's end, so that the other end notices when the worker is gone.
    fn is_end_closed(&self, submission: &Submission<'a>, signal: &SharedUse) -> bool {
        let program = self.program;
        let submitter = program.function_around(submission.scope);
        let index = program.index(submitter.file);
        let ends: Vec<String> = submission
            .arguments
            .iter()
            .filter(|argument| {
                let values = program.values(argument.expr).iter();
                let mut sites = values.filter_map(|value| program.site(value)?.expression());
                sites.any(|site| signal.objects.contains(&site))
            })
            .map(|argument| program.text(argument.expr))
            .collect();
        index.calls().iter().any(|&expr| {
            let call = program.sibling(submission.call, expr);
            let ExprKind::Call { callee, .. } = program.kind(call) else {
                return false;
            };
            let ExprKind::Attribute { base, name, .. } = program.kind(program.sibling(call, *callee)) else {
                return false;
            };
            name == "close"
                && program.function_around(program.scope_of(call)) == submitter
                && ends.contains(&program.text(program.sibling(call, *base)))
        })
    }
}
