//! Ways out of a function on which a lock stays taken that the function takes and gives back by hand.
//!
//! One acquire is followed at a time, along the statements behind it: branches, loops, handlers and `finally` blocks.
//! An `if` on the very words under which the lock was taken is taken to go the same way.

use std::collections::BTreeSet;

use crate::facts::{DefKind, ExprId, ExprKind, Handler, Stmt, StmtKind, UnaryOp, child_blocks, statement_expressions};
use crate::finding::{Note, Place};
use crate::knowledge::Operation;
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program, language};

use super::super::raises::{RaiseEvidence, RaisedClass, Raises, Strength};
use super::{LockName, Locks, lock_facts, name_of, operation, receiver_expression};

/// The words with which every lock is taken and given back by hand.
const TAKE: &str = "acquire";
const GIVE: &str = "release";
/// Failures further away than this are checks of what the caller has seen to.
const DEPTH: usize = 2;
/// A `raise` statement is believed from further away.
const EXPLICIT_DEPTH: usize = 3;

/// A lock that stays taken.
#[derive(Clone, Debug)]
pub struct Leak {
    /// The lock as written.
    pub lock: String,
    /// Where it is taken.
    pub taken: Place,
    /// Where it is given back otherwise.
    pub given: Place,
    /// The function is left by a `return`, rather than by an exception.
    pub by_return: bool,
    /// What leaves the function.
    pub chain: Vec<Note>,
}

/// Which lock is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Meant {
    Named(LockName),
    /// Nothing is known of it but how it is written.
    Written(String),
}

/// Whether the lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Free,
    Held,
    /// On some of the ways that lead here.
    Maybe,
}

fn merged(one: Option<State>, other: Option<State>) -> Option<State> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Some(State::Maybe),
        (one, other) => one.or(other),
    }
}

/// The locks that a function takes and may leave taken, in order.
#[must_use]
pub fn leaks(program: &Program<'_>, locks: &Locks, raises: &Raises<'_>, function: ScopeRef) -> Vec<Leak> {
    let index = program.index(function.file);
    let calls = index.calls().iter().map(|&expr| ExprRef {
        file: function.file,
        expr,
    });
    let own: Vec<ExprRef> = calls.filter(|&call| program.scope_of(call) == function).collect();
    let taking: Vec<(ExprRef, Meant)> = own
        .iter()
        .filter_map(|&call| Some((call, meant(program, call, Operation::Acquire)?)))
        .collect();
    let mut found = Vec::new();
    for (acquire, lock) in taking {
        let giving = own
            .iter()
            .copied()
            .filter(|&call| meant(program, call, Operation::Release).as_ref() == Some(&lock));
        let giving: BTreeSet<ExprRef> = giving.collect();
        let after = program.place(acquire).span.start;
        let Some(given) = giving
            .iter()
            .map(|&call| program.place(call))
            .filter(|place| place.span.start > after)
            .min()
        else {
            continue;
        };
        let mut way = Way {
            program,
            function,
            acquire,
            giving,
            given_elsewhere: given_elsewhere(program, locks, acquire),
            escapes: escapes(program, locks, raises, function)
                .into_iter()
                .filter(|evidence| !by_the_lock(program, &own, acquire, evidence))
                .collect(),
            lock,
            tests: tests_around(program, acquire),
            protected: 0,
            left: None,
        };
        way.block(&program.scope(function).body, State::Free);
        if let Some((by_return, chain)) = way.left {
            let text = receiver_expression(program, acquire).map_or_else(String::new, |lock| program.text(lock));
            found.push(Leak {
                lock: text,
                taken: program.place(acquire),
                given,
                by_return,
                chain,
            });
        }
    }
    found
}

/// The lock that a call takes or gives back, if it does; an acquire that need not wait is none.
fn meant(program: &Program<'_>, call: ExprRef, wanted: Operation) -> Option<Meant> {
    let ExprKind::Call { callee, arguments, .. } = program.kind(call) else {
        return None;
    };
    let lock = receiver_expression(program, call)?;
    let known = operation(program, call);
    if known.is_some() {
        let endless = arguments.iter().all(|argument| {
            matches!(
                program.kind(program.sibling(call, argument.value)),
                ExprKind::Bool(true)
            )
        });
        let fits = known == Some(wanted) && (wanted == Operation::Release || endless);
        let named = || name_of(program, lock).map_or_else(|| Meant::Written(program.text(lock)), Meant::Named);
        return fits.then(named);
    }
    // What is used like a lock, and nothing says that it is something else.
    let word = if wanted == Operation::Acquire { TAKE } else { GIVE };
    let ExprKind::Attribute { name, .. } = program.kind(program.sibling(call, *callee)) else {
        return None;
    };
    let unknown = program
        .callees(call)
        .iter()
        .all(|callee| matches!(callee, Callee::Unknown(_)));
    let values = program.values(lock).iter();
    let nothing = values
        .into_iter()
        .all(|value| matches!(program.value(value), Value::Unknown(_) | Value::None));
    (name == word && arguments.is_empty() && unknown && nothing).then(|| Meant::Written(program.text(lock)))
}

/// The functions that give the lock back which a call takes, and do not take it themselves; `None` where it is not
/// known which lock it is.
fn given_elsewhere(program: &Program<'_>, locks: &Locks, acquire: ExprRef) -> Option<BTreeSet<ScopeRef>> {
    let lock = receiver_expression(program, acquire)?;
    let facts = lock_facts(program, lock)?;
    let functions = facts.sites.iter().filter_map(|site| locks.releases.get(site));
    Some(functions.flatten().copied().collect())
}

/// Whether an exception comes from a method of the lock itself, which complains where it is not held.
fn by_the_lock(program: &Program<'_>, calls: &[ExprRef], acquire: ExprRef, evidence: &RaiseEvidence) -> bool {
    let text = |call: ExprRef| receiver_expression(program, call).map(|lock| program.text(lock));
    calls
        .iter()
        .any(|&call| program.place(call) == evidence.place() && text(call) == text(acquire))
}

/// What may stop the function. That a program or a thread ends is a failure only for those that go on beside it.
fn escapes<'r>(
    program: &Program<'_>,
    locks: &Locks,
    raises: &'r Raises<'_>,
    function: ScopeRef,
) -> Vec<&'r RaiseEvidence> {
    let believed = |evidence: &&RaiseEvidence| match evidence.strength {
        Strength::Explicit => evidence.chain.len() <= EXPLICIT_DEPTH,
        Strength::Likely => evidence.chain.len() <= DEPTH,
        Strength::Possible | Strength::Foreign => false,
    };
    let mut found: Vec<&RaiseEvidence> = raises.escapes(function).iter().filter(believed).collect();
    let ends = |evidence: &RaiseEvidence| match &evidence.class {
        RaisedClass::External(name) => !program.knowledge.is_subtype(name, language::EXCEPTION),
        _ => false,
    };
    if found.iter().any(|evidence| ends(evidence)) && locks.uses.submissions_of(function).is_empty() {
        found.retain(|evidence| !ends(evidence));
    }
    found
}

/// A block without its last statement, if that is a simple one: what fails in an `acquire()` there has not taken.
fn without_plain_end(block: &[Stmt]) -> &[Stmt] {
    match block.split_last() {
        Some((last, before)) if matches!(last.kind, StmtKind::Expr(_) | StmtKind::Assign { .. }) => before,
        _ => block,
    }
}

/// The conditions under which a call stands, as written.
fn tests_around(program: &Program<'_>, call: ExprRef) -> Vec<String> {
    // What holds of a lock that was acquired: `if lock is not None: lock.release()`.
    let lock_is_there = receiver_expression(program, call)
        .map(|lock| program.text(lock))
        .into_iter()
        .flat_map(|lock| [format!("{lock} is not None"), lock]);
    let index = program.index(call.file);
    let above = index.statement_of(call.expr).into_iter();
    above
        .flat_map(|statement| index.ancestors(statement))
        .filter_map(|(statement, branch)| match &index.statement(statement).stmt.kind {
            StmtKind::If { test, .. } if branch == crate::link::index::Branch::Body => {
                Some(program.text(program.sibling(call, *test)))
            }
            _ => None,
        })
        .chain(lock_is_there)
        .collect()
}

/// Follows one acquire.
struct Way<'w, 'a, 'r> {
    program: &'w Program<'a>,
    function: ScopeRef,
    acquire: ExprRef,
    giving: BTreeSet<ExprRef>,
    given_elsewhere: Option<BTreeSet<ScopeRef>>,
    escapes: Vec<&'r RaiseEvidence>,
    lock: Meant,
    tests: Vec<String>,
    /// The `try` statements around that give the lock back when an exception passes.
    protected: u32,
    left: Option<(bool, Vec<Note>)>,
}

/// What goes on behind a block.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    next: Option<State>,
    /// Left by `break` or `continue`.
    jumps: Option<State>,
}

impl Way<'_, '_, '_> {
    fn block(&mut self, block: &[Stmt], state: State) -> Flow {
        let mut flow = Flow {
            next: Some(state),
            jumps: None,
        };
        for statement in block {
            let Some(state) = flow.next else { break };
            let inner = self.statement(statement, state);
            flow.next = inner.next;
            flow.jumps = merged(flow.jumps, inner.jumps);
        }
        flow
    }

    fn statement(&mut self, statement: &Stmt, state: State) -> Flow {
        let next = |next| Flow {
            next: Some(next),
            jumps: None,
        };
        match &statement.kind {
            StmtKind::If { test, body, orelse } => self.branch(*test, body, orelse, state),
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => self.attempt(body, handlers, orelse, finally, state),
            StmtKind::While { body, orelse, .. } | StmtKind::For { body, orelse, .. } => {
                let state = self.expressions(statement, state);
                let around = self.block(body, state);
                let endless = matches!(&statement.kind, StmtKind::While { test, .. }
                    if matches!(self.program.file(self.function.file).kind(*test), ExprKind::Bool(true) | ExprKind::Int(Some(1))));
                let done = if endless {
                    None
                } else {
                    merged(Some(state), around.next)
                };
                let mut flow = done.map_or_else(Flow::default, |done| self.block(orelse, done));
                flow.next = merged(flow.next, around.jumps);
                flow
            }
            StmtKind::Return(_) => {
                let state = self.expressions(statement, state);
                self.returns(statement, state);
                Flow::default()
            }
            StmtKind::Raise { .. } => {
                self.expressions(statement, state);
                self.fails(statement.span.start, statement.span.end, state);
                Flow::default()
            }
            StmtKind::Break | StmtKind::Continue => Flow {
                next: None,
                jumps: Some(state),
            },
            _ => {
                let state = self.expressions(statement, state);
                let mut flow = next(state);
                let blocks = child_blocks(statement);
                if let StmtKind::With { .. } = statement.kind {
                    flow.next = None;
                }
                for inner in blocks.into_iter().filter(|block| !block.is_empty()) {
                    let inner = self.block(inner, state);
                    flow.next = merged(flow.next, inner.next);
                    flow.jumps = merged(flow.jumps, inner.jumps);
                }
                flow
            }
        }
    }

    fn branch(&mut self, test: ExprId, body: &[Stmt], orelse: &[Stmt], state: State) -> Flow {
        let taken = self.test_takes(test);
        let text = self.program.text(self.at(test));
        let state = self.expression(test, state);
        let (mut yes, mut no) = match taken {
            Some(true) => (Some(State::Held), None),
            Some(false) => (None, Some(State::Held)),
            None => (Some(state), Some(state)),
        };
        if self.tests.contains(&text) && taken.is_none() {
            match state {
                State::Held => no = None,
                State::Maybe => (yes, no) = (Some(State::Held), Some(State::Free)),
                State::Free => {}
            }
        }
        if let Some(said) = self.tells_whether_taken(test) {
            let denied = if said { &mut no } else { &mut yes };
            *denied = (state != State::Held).then_some(State::Free);
        }
        let body = yes.map_or_else(Flow::default, |state| self.block(body, state));
        let orelse = no.map_or_else(Flow::default, |state| self.block(orelse, state));
        Flow {
            next: merged(body.next, orelse.next),
            jumps: merged(body.jumps, orelse.jumps),
        }
    }

    /// `if lock.acquire():` and `if not lock.acquire():`.
    fn test_takes(&self, test: ExprId) -> Option<bool> {
        if test == self.acquire.expr {
            return Some(true);
        }
        match self.program.kind(self.at(test)) {
            ExprKind::Unary {
                op: UnaryOp::Not,
                operand,
            } if *operand == self.acquire.expr => Some(false),
            _ => None,
        }
    }

    /// `if taken:` and `if not taken:`, where the name holds what the acquire gave.
    fn tells_whether_taken(&self, test: ExprId) -> Option<bool> {
        match self.program.kind(self.at(test)) {
            ExprKind::Unary {
                op: UnaryOp::Not,
                operand,
            } => self.tells_whether_taken(*operand).map(|said| !said),
            ExprKind::Name { reaching, .. } => {
                let file = self.program.file(self.function.file);
                let holds_result = |kind: &DefKind| matches!(kind, DefKind::Assign { value, path } if path.is_empty() && *value == self.acquire.expr);
                let mut kinds = reaching.iter().map(|&def| &file.definition(def).kind);
                kinds.any(holds_result).then_some(true)
            }
            _ => None,
        }
    }

    fn attempt(
        &mut self,
        body: &[Stmt],
        handlers: &[Handler],
        orelse: &[Stmt],
        finally: &[Stmt],
        state: State,
    ) -> Flow {
        let cleans_up = self.gives(finally);
        let handled = cleans_up || handlers.iter().any(|handler| self.gives(&handler.body));
        let kept = self.left.clone();
        self.protected += u32::from(handled);
        let inner = self.block(body, state);
        self.protected -= u32::from(handled);
        let inside = self.block_takes(without_plain_end(body));
        let entry = if inside { State::Maybe } else { state };
        let mut flow = Flow {
            next: inner.next.and_then(|next| self.block(orelse, next).next),
            jumps: inner.jumps,
        };
        for handler in handlers {
            // A handler that gives the lock back is entered with the lock in the cases that matter.
            let entry = if self.gives(&handler.body) { State::Held } else { entry };
            let caught = self.block(&handler.body, entry);
            flow.next = merged(flow.next, caught.next);
            flow.jumps = merged(flow.jumps, caught.jumps);
        }
        if cleans_up {
            self.left = kept;
            return Flow {
                next: flow.next.map(|_| State::Free),
                jumps: flow.jumps.map(|_| State::Free),
            };
        }
        if let Some(next) = flow.next.or(Some(state)) {
            let last = self.block(finally, next);
            flow.next = flow.next.and(last.next);
        }
        flow
    }

    fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef {
            file: self.function.file,
            expr,
        }
    }

    /// The parts of a statement outside of its blocks.
    fn expressions(&mut self, statement: &Stmt, state: State) -> State {
        let mut state = state;
        for root in statement_expressions(statement) {
            state = self.expression(root, state);
        }
        state
    }

    fn expression(&mut self, root: ExprId, state: State) -> State {
        let file = self.program.file(self.function.file);
        let span = file.span(root);
        let mut calls = Vec::new();
        crate::facts::visit_expressions(file, root, &mut |part| {
            if matches!(file.kind(part), ExprKind::Call { .. }) {
                calls.push(self.at(part));
            }
        });
        let takes = calls.contains(&self.acquire);
        let gives = calls.iter().any(|&call| self.gives_back(call));
        if !takes && !gives {
            self.fails(span.start, span.end, state);
        }
        match (takes, gives) {
            (true, _) => State::Held,
            (false, true) => State::Free,
            _ => state,
        }
    }

    /// A release, a call of a function that gives the lock back, or one that is handed the lock.
    fn gives_back(&self, call: ExprRef) -> bool {
        if self.giving.contains(&call) {
            return true;
        }
        let ExprKind::Call { arguments, .. } = self.program.kind(call) else {
            return false;
        };
        let is_lock = |expr: ExprRef| match &self.lock {
            Meant::Named(name) => name_of(self.program, expr).as_ref() == Some(name),
            Meant::Written(text) => self.program.text(expr) == *text,
        };
        let handed = arguments.iter().any(|argument| is_lock(self.at(argument.value)));
        let helpers = self.given_elsewhere.iter().flatten();
        let called: Vec<ScopeRef> = helpers.copied().collect();
        handed
            || self.program.callees(call).iter().any(|callee| match callee {
                Callee::Function { function, .. } => called.contains(function),
                _ => false,
            })
    }

    fn gives(&self, block: &[Stmt]) -> bool {
        self.any_call(block, &|call| self.gives_back(call))
    }

    fn block_takes(&self, block: &[Stmt]) -> bool {
        self.any_call(block, &|call| call == self.acquire)
    }

    fn any_call(&self, block: &[Stmt], wanted: &dyn Fn(ExprRef) -> bool) -> bool {
        let file = self.program.file(self.function.file);
        block.iter().any(|statement| {
            let mut found = false;
            for root in statement_expressions(statement) {
                crate::facts::visit_expressions(file, root, &mut |part| found |= wanted(self.at(part)));
            }
            found
                || child_blocks(statement)
                    .into_iter()
                    .any(|inner| self.any_call(inner, wanted))
        })
    }

    fn returns(&mut self, statement: &Stmt, state: State) {
        let handed_on = self
            .given_elsewhere
            .as_ref()
            .is_none_or(|functions| !functions.is_empty());
        if state != State::Held || self.left.is_some() || handed_on {
            return;
        }
        let place = Place {
            file: self.function.file,
            span: statement.span,
        };
        let message = "leaves the function, here".to_owned();
        self.left = Some((true, vec![Note { place, message }]));
    }

    fn fails(&mut self, start: u32, end: u32, state: State) {
        if state == State::Free || self.protected > 0 || self.left.is_some() {
            return;
        }
        // What is only written like a lock is known too little to doubt what is done with it and around it.
        let vague = matches!(self.lock, Meant::Written(_));
        let inside = |evidence: &&&RaiseEvidence| {
            let span = evidence.place().span;
            start <= span.start && span.end <= end && (!vague || evidence.strength == Strength::Explicit)
        };
        if let Some(evidence) = self.escapes.iter().find(inside) {
            self.left = Some((false, evidence.chain.clone()));
        }
    }
}
