//! The calls of a function in the order in which they are made, those of the functions that it calls among them.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::StmtKind;
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program, language};

/// A call that a run of a function makes.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// The call.
    pub(super) call: ExprRef,
    /// The calls that lead to it, outermost first, itself last.
    pub(super) path: Vec<ExprRef>,
    /// It, or a call that leads to it, stands in a loop.
    pub(super) in_loop: bool,
}

impl Event {
    /// The calls that lead to it.
    pub(super) fn leading(&self) -> &[ExprRef] {
        self.path.split_last().map_or(&[], |(_, leading)| leading)
    }
}

/// Longer sequences are cut.
const LONGEST: usize = 1500;
/// Calls are followed this far.
const DEPTH: usize = 5;

/// The calls of every function, in order.
#[derive(Debug, Default)]
pub(super) struct Sequences {
    calls: BTreeMap<ScopeRef, Vec<ExprRef>>,
}

impl Sequences {
    pub(super) fn compute(program: &Program<'_>) -> Self {
        let mut calls: BTreeMap<ScopeRef, Vec<ExprRef>> = BTreeMap::new();
        for call in program.calls() {
            let scope = program.function_around(program.scope_of(call));
            calls.entry(scope).or_default().push(call);
        }
        for calls in calls.values_mut() {
            // Arguments are evaluated before the call is made.
            calls.sort_by_key(|&call| {
                (
                    program.place(call).span.end,
                    std::cmp::Reverse(program.place(call).span.start),
                )
            });
        }
        Self { calls }
    }

    /// The calls of one run of `root`; only the functions in `followed` are entered.
    pub(super) fn of(&self, program: &Program<'_>, root: ScopeRef, followed: &BTreeSet<ScopeRef>) -> Vec<Event> {
        let mut events = Vec::new();
        self.enter(
            program,
            root,
            followed,
            &mut Vec::new(),
            &mut vec![root],
            false,
            &mut events,
        );
        events
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one walk")]
    fn enter(
        &self,
        program: &Program<'_>,
        scope: ScopeRef,
        followed: &BTreeSet<ScopeRef>,
        path: &mut Vec<ExprRef>,
        active: &mut Vec<ScopeRef>,
        in_loop: bool,
        events: &mut Vec<Event>,
    ) {
        for &call in self.calls.get(&scope).into_iter().flatten() {
            if events.len() >= LONGEST {
                return;
            }
            let in_loop = in_loop || !program.index(call.file).loops_around(call.expr).is_empty();
            path.push(call);
            for function in called(program, call).into_iter().chain(entered(program, call)) {
                if followed.contains(&function) && !active.contains(&function) && active.len() < DEPTH {
                    active.push(function);
                    self.enter(program, function, followed, path, active, in_loop, events);
                    active.pop();
                }
            }
            events.push(Event {
                call,
                path: path.clone(),
                in_loop,
            });
            path.pop();
        }
    }
}

/// The functions that a `with` block runs where it enters what a call gives.
fn entered(program: &Program<'_>, call: ExprRef) -> Vec<ScopeRef> {
    let index = program.index(call.file);
    let Some(statement) = index.statement_of(call.expr) else {
        return Vec::new();
    };
    let StmtKind::With { items, .. } = &index.statement(statement).stmt.kind else {
        return Vec::new();
    };
    if !items.iter().any(|(context, _)| *context == call.expr) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for value in program.values(call).iter() {
        if let Value::Instance { class, .. } = *program.value(value) {
            found.extend(program.methods(class, language::ENTER, false));
        }
    }
    found
}

/// The functions of the project that a call runs.
pub(super) fn called(program: &Program<'_>, call: ExprRef) -> Vec<ScopeRef> {
    let mut found = Vec::new();
    for callee in program.callees(call) {
        match callee {
            Callee::Function { function, .. } => found.push(function),
            Callee::Class(class) => found.extend(program.methods(class, "__init__", false)),
            _ => {}
        }
    }
    found
}

/// Whether of two calls, the first earlier in the code, only one can be made in one run: they stand in different
/// branches of a statement, or the first in a block that leaves the function.
pub(super) fn exclusive(program: &Program<'_>, first: &Event, second: &Event) -> bool {
    let pairs = first.path.iter().zip(&second.path);
    let parting = pairs.into_iter().find(|(one, other)| one != other);
    parting.is_some_and(|(&one, &other)| stand_apart(program, one, other))
}

/// Whether of two expressions of one function, the first earlier in the code, only one is evaluated in one run.
pub(super) fn stand_apart(program: &Program<'_>, one: ExprRef, other: ExprRef) -> bool {
    if one.file != other.file {
        return false;
    }
    program.index(one.file).are_exclusive(one.expr, other.expr)
}
