//! Constants that one unit writes and another polls for: `self.done = True` and `while not worker.done: sleep(...)`.

use crate::facts::{ExprId, ExprKind, Stmt, StmtKind, visit_expressions};
use crate::finding::Place;
use crate::knowledge::{Role, WaitOn};
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program};

use super::super::sharing::{Location, location};

/// A constant that is written, or a number that is changed.
#[derive(Clone, Debug)]
pub(super) struct Write {
    location: Location,
    function: ScopeRef,
    /// The statement.
    pub(super) place: Place,
    /// What is written; nothing where it is changed.
    constant: Option<String>,
}

/// A loop that does nothing but wait until a value has changed.
#[derive(Clone, Debug)]
pub(super) struct Poll {
    location: Location,
    /// The function that waits.
    pub(super) function: ScopeRef,
    /// The condition.
    pub(super) place: Place,
}

/// All of them in a program.
#[derive(Debug, Default)]
pub(super) struct Flags {
    writes: Vec<Write>,
    polls: Vec<Poll>,
}

impl Flags {
    /// Reads the program.
    pub(super) fn of(program: &Program<'_>) -> Self {
        let mut found = Self::default();
        for function in program.scopes() {
            let index = program.index(function.file);
            for &statement in index.statements_of(function.scope) {
                let stmt = index.statement(statement).stmt;
                found.polls.extend(poll(program, function, stmt));
            }
        }
        if found.polls.is_empty() {
            return found;
        }
        for function in program.scopes() {
            let index = program.index(function.file);
            for &statement in index.statements_of(function.scope) {
                let stmt = index.statement(statement).stmt;
                found.writes.extend(write(program, function, stmt));
            }
        }
        found
    }

    /// What a function writes.
    pub(super) fn written_by(&self, function: ScopeRef) -> impl Iterator<Item = &Write> {
        self.writes.iter().filter(move |write| write.function == function)
    }

    /// The loop that waits for a write which nobody else makes.
    pub(super) fn wait_for(&self, write: &Write) -> Option<&Poll> {
        let same = |other: &&Write| other.location == write.location && other.constant == write.constant;
        let others = self.writes.iter().filter(same);
        if others.into_iter().any(|other| other.function != write.function) {
            return None;
        }
        self.polls.iter().find(|poll| poll.location == write.location)
    }
}

fn write(program: &Program<'_>, function: ScopeRef, stmt: &Stmt) -> Option<Write> {
    let at = |expr: ExprId| ExprRef {
        file: function.file,
        expr,
    };
    let (target, constant) = match &stmt.kind {
        StmtKind::Assign { targets, value } => {
            let [target] = targets.as_slice() else { return None };
            let constant = match program.kind(at(*value)) {
                ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::None | ExprKind::Str { .. } => {
                    program.text(at(*value))
                }
                _ => return None,
            };
            (*target, Some(constant))
        }
        StmtKind::Augmented { target, .. } => (*target, None),
        _ => return None,
    };
    Some(Write {
        location: state(program, at(target))?,
        function,
        place: Place {
            file: function.file,
            span: stmt.span,
        },
        constant,
    })
}

fn poll(program: &Program<'_>, function: ScopeRef, stmt: &Stmt) -> Option<Poll> {
    let StmtKind::While { test, body, .. } = &stmt.kind else {
        return None;
    };
    if !body.iter().all(|stmt| only_waits(program, function, stmt)) {
        return None;
    }
    let facts = program.file(function.file);
    let (mut calls, mut reads) = (false, Vec::new());
    visit_expressions(facts, *test, &mut |part| match facts.kind(part) {
        ExprKind::Call { .. } => calls = true,
        ExprKind::Name { .. } | ExprKind::Attribute { .. } => reads.push(part),
        _ => {}
    });
    // The outermost expression names the state; what it is taken of comes after it.
    let first = *reads.first().filter(|_| !calls)?;
    let own = facts.span(first);
    if reads.iter().any(|&part| !own.contains(facts.span(part))) {
        return None;
    }
    let expr = ExprRef {
        file: function.file,
        expr: first,
    };
    Some(Poll {
        location: state(program, expr)?,
        function,
        place: Place {
            file: function.file,
            span: facts.span(*test),
        },
    })
}

/// A statement that only passes the time.
fn only_waits(program: &Program<'_>, function: ScopeRef, stmt: &Stmt) -> bool {
    match stmt.kind {
        StmtKind::Pass => true,
        StmtKind::Expr(value) => {
            let call = ExprRef {
                file: function.file,
                expr: value,
            };
            let callees = program.callees(call);
            !callees.is_empty()
                && callees.iter().all(|callee| match callee {
                    Callee::External { name, .. } => program
                        .knowledge
                        .call(name)
                        .is_some_and(|fact| fact.on == Some(WaitOn::Sleep)),
                    _ => false,
                })
        }
        _ => false,
    }
}

/// The state that units share under an expression: an attribute, a name of an outer scope, a value in shared memory.
fn state(program: &Program<'_>, expr: ExprRef) -> Option<Location> {
    let found = match program.kind(expr) {
        ExprKind::Attribute { base, .. } => {
            let base = program.sibling(expr, *base);
            let mut values = program.values(base).iter();
            if values.any(|value| program.role(value) == Some(Role::SharedValue)) {
                location(program, base)
            } else {
                location(program, expr)
            }
        }
        ExprKind::Store(def) => {
            let facts = program.file(expr.file);
            let owner = facts.symbol(facts.definition(*def).symbol).scope;
            if owner == program.scope_of(expr).scope && owner != crate::facts::MODULE {
                return None;
            }
            location(program, expr)
        }
        ExprKind::Name { .. } => location(program, expr),
        _ => return None,
    };
    (found != Location::Unclear).then_some(found)
}
