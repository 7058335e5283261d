//! What running a function would do to the world, and why it is not run unasked.
//!
//! In: the program. Out: the first [`Objection`] on the way through everything that a function may call. Calls that are
//! not resolved are objections, too: what is not known may do anything.

use std::collections::BTreeSet;

use crate::facts::{ExprKind, MODULE, StmtKind};
use crate::finding::{FileId, Place};
use crate::knowledge::{CallFact, SideEffect};
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program};
use crate::summary::order::callees as functions_called;

/// A reason not to run something unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Objection {
    /// `writes files`, `starts processes`, `rests on a call that is not known`.
    pub(super) what: &'static str,
    /// The call, as written.
    pub(super) call: String,
    /// Where it stands.
    pub(super) place: Place,
}

/// How much of what is not known counts as an objection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// Unresolved calls are objections.
    Unknown,
    /// Only effects that are known.
    Known,
}

/// What a function, and everything that it may call, does.
pub(super) fn of_function(program: &Program<'_>, function: ScopeRef) -> Option<Objection> {
    reachable(program, [function], Strictness::Unknown)
}

/// What a call, and everything that it may call, does.
pub(super) fn of_call(program: &Program<'_>, call: ExprRef) -> Option<Objection> {
    call_itself(program, call, Strictness::Unknown).or_else(|| {
        let functions = program
            .callees(call)
            .into_iter()
            .flat_map(|callee| functions_of(program, &callee));
        reachable(program, functions, Strictness::Unknown)
    })
}

/// What something outside the project does when it is called.
pub(super) fn of_external(program: &Program<'_>, name: &str, callable: ExprRef) -> Option<Objection> {
    let fact = program.knowledge.call(name);
    let what = match fact.and_then(|fact| fact.effects.first()) {
        Some(effect) => wording(*effect),
        None if fact.is_some() || program.knowledge.knows(name) => return None,
        None => UNKNOWN,
    };
    Some(Objection {
        what,
        call: program.text(callable),
        place: program.place(callable),
    })
}

/// What importing a file does beyond defining things.
pub(super) fn of_import(program: &Program<'_>, file: FileId) -> Option<Objection> {
    let calls: Vec<ExprRef> = calls_in(program, program.module_scope(file))
        .filter(|&call| !is_under_main_guard(program, call))
        .collect();
    calls.iter().find_map(|&call| {
        call_itself(program, call, Strictness::Known).or_else(|| {
            let functions = program
                .callees(call)
                .into_iter()
                .flat_map(|callee| functions_of(program, &callee));
            reachable(program, functions, Strictness::Known)
        })
    })
}

const UNKNOWN: &str = "rests on a call that is not known";

fn reachable(
    program: &Program<'_>,
    roots: impl IntoIterator<Item = ScopeRef>,
    strictness: Strictness,
) -> Option<Objection> {
    let mut seen: BTreeSet<ScopeRef> = roots.into_iter().collect();
    let mut open: Vec<ScopeRef> = seen.iter().rev().copied().collect();
    while let Some(function) = open.pop() {
        if let Some(objection) = calls_in(program, function).find_map(|call| call_itself(program, call, strictness)) {
            return Some(objection);
        }
        let called = functions_called(program, function);
        open.extend(called.into_iter().filter(|&callee| seen.insert(callee)));
    }
    None
}

fn calls_in<'p>(program: &'p Program<'_>, scope: ScopeRef) -> impl Iterator<Item = ExprRef> + 'p {
    let index = program.index(scope.file);
    let own = index
        .calls()
        .iter()
        .filter(move |&&call| index.scope_of(call) == scope.scope);
    own.map(move |&expr| ExprRef { file: scope.file, expr })
}

fn functions_of(program: &Program<'_>, callee: &Callee) -> Vec<ScopeRef> {
    match callee {
        Callee::Function { function, .. } => vec![*function],
        Callee::Class(class) => program.methods(*class, "__init__", false),
        _ => Vec::new(),
    }
}

/// What the call does apart from the bodies of functions of the project.
fn call_itself(program: &Program<'_>, call: ExprRef, strictness: Strictness) -> Option<Objection> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    let written = program.sibling(call, *callee);
    let what = program.callees(call).iter().find_map(|callee| {
        let effect = match callee {
            Callee::External { name, .. } => match program.knowledge.call(name) {
                Some(fact) => effect_of(program, call, fact),
                None if program.knowledge.knows(name) => None,
                None => by_method_name(program, written),
            },
            Callee::Unknown(_) => by_method_name(program, written),
            _ => None,
        };
        effect.filter(|what| strictness == Strictness::Unknown || *what != UNKNOWN)
    })?;
    Some(Objection {
        what,
        call: program.text(written),
        place: program.place(call),
    })
}

/// Methods that mean much the same on every type that is described are judged by their names.
fn by_method_name(program: &Program<'_>, callee: ExprRef) -> Option<&'static str> {
    let ExprKind::Attribute { name, .. } = program.kind(callee) else {
        return Some(UNKNOWN);
    };
    match program.knowledge.common_method(name) {
        Some(fact) => fact.effects.first().map(|effect| wording(*effect)),
        None => Some(UNKNOWN),
    }
}

fn effect_of(program: &Program<'_>, call: ExprRef, fact: &CallFact) -> Option<&'static str> {
    if let Some(effect) = fact.effects.first() {
        return Some(wording(*effect));
    }
    let mode = program.argument_at(call, fact.mode_argument.as_ref()?)?;
    let only_reads = program
        .literal_string(mode)
        .is_some_and(|mode| !mode.contains(['w', 'a', 'x', '+']));
    (!only_reads).then_some(wording(SideEffect::WritesFiles))
}

fn wording(effect: SideEffect) -> &'static str {
    match effect {
        SideEffect::WritesFiles => "writes files",
        SideEffect::DeletesFiles => "deletes files",
        SideEffect::UsesNetwork => "uses the network",
        SideEffect::StartsProcesses => "starts processes",
        SideEffect::UsesDatabase => "uses a database",
    }
}

fn is_under_main_guard(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    let Some(statement) = index.statement_of(call.expr) else {
        return false;
    };
    debug_assert!(index.scope_of(call.expr) == MODULE, "calls of a module's own code");
    index
        .ancestors(statement)
        .any(|(above, _)| match &index.statement(above).stmt.kind {
            StmtKind::If { test, .. } => crate::summary::child_memory::is_guard(program, call.file, *test),
            _ => false,
        })
}
