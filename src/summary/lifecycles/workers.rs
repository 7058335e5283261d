//! Threads and processes: daemons that are cut off at their work.

use crate::facts::{ExprId, ExprKind, Stmt, StmtKind, child_blocks, statement_expressions, visit_expressions};
use crate::finding::Place;
use crate::knowledge::{LifeStep, Role, SideEffect, WaitOn, WorkerKind};
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId};
use crate::link::{Callee, Program, Submission, Target};

use super::Lifecycles;
use super::life::{Event, Life};

/// The attribute and argument that make a worker end with the program, as every worker class spells it.
const DAEMON: &str = "daemon";
/// Calls are followed this deep to a join.
const DEPTH: u32 = 3;
/// Calls are followed this deep to a write: what lies further off is no longer what the worker is there for.
const WRITE_DEPTH: u32 = 1;

/// A daemon that nothing waits for, at work that matters.
#[derive(Clone, Debug)]
pub struct Unjoined {
    /// Where it is made a daemon.
    pub daemon: Place,
    /// The work that is cut off.
    pub work: Place,
    /// It stands behind the worker's loop and only runs when the worker is told to stop.
    pub at_end: bool,
}

impl Lifecycles {
    /// A daemon thread that writes or cleans up, and that nothing waits for.
    #[must_use]
    pub fn unjoined_daemon(&self, program: &Program<'_>, submission: &Submission<'_>) -> Option<Unjoined> {
        if !submission.is_always(WorkerKind::Thread) || submission.through.is_some() {
            return None;
        }
        let life = self.life(program, submission.call);
        let joins_itself = !self.joins_of_class(program, submission).is_empty();
        let waited = life.events.iter().any(|event| match event {
            Event::Step(LifeStep::Join, _) | Event::Escapes(_) | Event::With(_) => true,
            Event::Method(call) => !joins_itself || may_join(program, self, *call, DEPTH),
            _ => false,
        });
        if waited || self.is_joined_somewhere(program, submission, &life) || self.waits_for_queue(program, submission) {
            return None;
        }
        let daemon = self.made_daemon(program, submission, &life.events)?;
        let function = submission.targets.iter().find_map(Target::function)?;
        let (work, at_end) = match write_in(program, function, WRITE_DEPTH) {
            Some(work) => (work, false),
            None => (work_behind_loop(program, function)?, true),
        };
        Some(Unjoined { daemon, work, at_end })
    }

    /// Whether the worker is joined, by code that something calls.
    fn is_joined_somewhere(&self, program: &Program<'_>, submission: &Submission<'_>, life: &Life) -> bool {
        if !self.is_joined(program, submission.call) || self.joined_sites.contains(&Site::Expr(submission.call)) {
            return self.is_joined(program, submission.call);
        }
        let joins = self.joins_of_class(program, submission);
        let shared = life.any(|event| matches!(event, Event::Global(_)));
        joins.is_empty()
            || shared
            || joins
                .iter()
                .any(|&(join, own)| !own || self.is_method_used(program, program.scope_of(join)))
    }

    /// The calls that join instances of the worker's class or of one related to it, with whether they are its own code.
    fn joins_of_class(&self, program: &Program<'_>, submission: &Submission<'_>) -> Vec<(ExprRef, bool)> {
        let made = program
            .callees(submission.call)
            .into_iter()
            .find_map(|callee| match callee {
                Callee::Class(class) => Some(class),
                _ => None,
            });
        let Some(made) = made else { return Vec::new() };
        let known = &program.solution.classes;
        let related = |class: ScopeRef| {
            class == made || known.descendants(class).contains(&made) || known.descendants(made).contains(&class)
        };
        let joins = self.joins_of_classes.iter().filter(|(class, _)| related(**class));
        joins
            .flat_map(|(_, joins)| joins)
            .map(|&join| {
                (
                    join,
                    program.class_of_method(program.scope_of(join)).is_some_and(related),
                )
            })
            .collect()
    }

    /// Whether a method is called or handed on anywhere, or runs without being named.
    fn is_method_used(&self, program: &Program<'_>, method: ScopeRef) -> bool {
        let name = &program.scope(method).name;
        let reads = self.attribute_reads.get(name);
        name.starts_with("__")
            || self.may_be_called_out_of_sight(program, method)
            || reads.into_iter().flatten().any(|&read| {
                program
                    .values(read)
                    .iter()
                    .any(|value| matches!(*program.value(value), Value::BoundMethod { function, .. } | Value::Function(function) if function == method))
            })
    }

    /// Some code of the worker's file waits until a queue is worked off.
    fn waits_for_queue(&self, program: &Program<'_>, submission: &Submission<'_>) -> bool {
        let file = submission.call.file;
        self.steps().any(|(call, step)| {
            let ExprKind::Call { callee, .. } = program.kind(call) else {
                return false;
            };
            let ExprKind::Attribute { base, .. } = program.kind(program.sibling(call, *callee)) else {
                return false;
            };
            let is_queue = |value| matches!(program.role(value), Some(Role::Queue | Role::ProcessQueue));
            step == LifeStep::Join
                && call.file == file
                && program.values(program.sibling(call, *base)).iter().any(is_queue)
        })
    }

    fn made_daemon(&self, program: &Program<'_>, submission: &Submission<'_>, events: &[Event]) -> Option<Place> {
        if let Some(flag) = program.argument(submission.call, None, Some(DAEMON)) {
            return is_true(program, flag).then(|| program.place(submission.call));
        }
        let written = events.iter().find_map(|event| match event {
            Event::Written(attribute) => daemon_assignment(program, *attribute),
            _ => None,
        });
        written.or_else(|| self.daemon_class(program, submission))
    }

    /// `self.daemon = True` or `super().__init__(daemon=True)` in a worker class.
    fn daemon_class(&self, program: &Program<'_>, submission: &Submission<'_>) -> Option<Place> {
        let class = program
            .callees(submission.call)
            .into_iter()
            .find_map(|callee| match callee {
                Callee::Class(class) => Some(class),
                _ => None,
            })?;
        let init = *program.methods(class, "__init__", false).first()?;
        let assigned = self.attribute_reads.get(DAEMON).into_iter().flatten();
        let assigned = assigned
            .filter(|&&attribute| program.scope_of(attribute) == init)
            .find_map(|&attribute| daemon_assignment(program, attribute));
        assigned.or_else(|| {
            let index = program.index(init.file);
            let calls = index.calls().iter().map(|&expr| ExprRef { file: init.file, expr });
            calls
                .filter(|call| program.scope_of(*call) == init)
                .find(|&call| {
                    program
                        .argument(call, None, Some(DAEMON))
                        .is_some_and(|flag| is_true(program, flag))
                })
                .map(|call| program.place(call))
        })
    }
}

/// Whether a call of a method may wait for the worker.
fn may_join(program: &Program<'_>, lives: &Lifecycles, call: ExprRef, depth: u32) -> bool {
    let callees = program.callees(call);
    callees.is_empty()
        || callees.into_iter().any(|callee| match callee {
            Callee::Function { function, .. } => depth == 0 || joins_in(program, lives, function, depth - 1),
            Callee::Unknown(_) => true,
            _ => lives.step(call) == Some(LifeStep::Join),
        })
}

fn joins_in(program: &Program<'_>, lives: &Lifecycles, function: ScopeRef, depth: u32) -> bool {
    let index = program.index(function.file);
    index.statements_of(function.scope).iter().any(|&statement| {
        let calls = calls_in(program, function, index.statement(statement).stmt);
        calls.into_iter().any(|call| may_join(program, lives, call, depth))
    })
}

fn is_true(program: &Program<'_>, expr: ExprRef) -> bool {
    matches!(program.kind(expr), ExprKind::Bool(true))
}

/// The place of `x.daemon = True`.
fn daemon_assignment(program: &Program<'_>, attribute: ExprRef) -> Option<Place> {
    let ExprKind::Attribute { name, .. } = program.kind(attribute) else {
        return None;
    };
    let index = program.index(attribute.file);
    let statement = index.statement_of(attribute.expr)?;
    match &index.statement(statement).stmt.kind {
        StmtKind::Assign { targets, value } if name == DAEMON && targets.contains(&attribute.expr) => {
            is_true(program, program.sibling(attribute, *value)).then(|| program.place(attribute))
        }
        _ => None,
    }
}

/// A call that writes where it lasts, in a function or what it calls.
fn write_in(program: &Program<'_>, function: ScopeRef, depth: u32) -> Option<Place> {
    let index = program.index(function.file);
    for &statement in index.statements_of(function.scope) {
        for call in calls_in(program, function, index.statement(statement).stmt) {
            for callee in program.callees(call) {
                match callee {
                    Callee::External { name, .. } if writes(program, call, &name) => return Some(program.place(call)),
                    Callee::Function { function: called, .. } if depth > 0 && called != function => {
                        if let Some(place) = write_in(program, called, depth - 1) {
                            return Some(place);
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    None
}

fn calls_in(program: &Program<'_>, function: ScopeRef, stmt: &Stmt) -> Vec<ExprRef> {
    let facts = program.file(function.file);
    let mut calls = Vec::new();
    let mut look = |expr: ExprId| {
        if matches!(facts.kind(expr), ExprKind::Call { .. }) {
            calls.push(ExprRef {
                file: function.file,
                expr,
            });
        }
    };
    for expr in statement_expressions(stmt) {
        visit_expressions(facts, expr, &mut look);
    }
    calls
}

fn writes(program: &Program<'_>, call: ExprRef, name: &str) -> bool {
    let Some(fact) = program.knowledge.call(name) else {
        return false;
    };
    if fact
        .effects
        .iter()
        .any(|effect| matches!(effect, SideEffect::WritesFiles | SideEffect::UsesDatabase))
    {
        // What goes to a descriptor may as well go through a pipe.
        return !fact.cannot_raise && fact.on != Some(WaitOn::Device) && !is_standing_stream(program, call);
    }
    // What opens a file says by its mode whether it writes.
    let opens = fact
        .returns
        .as_ref()
        .is_some_and(|returns| program.knowledge.is_stream(&returns.name));
    let mode = program.argument(call, Some(1), Some("mode"));
    opens
        && mode
            .and_then(|mode| program.literal_string(mode))
            .is_some_and(|mode| mode.contains(['w', 'a', 'x', '+']))
}

/// A stream that the program has not opened: standard output, or a pipe to a child.
fn is_standing_stream(program: &Program<'_>, call: ExprRef) -> bool {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return false;
    };
    let ExprKind::Attribute { base, .. } = program.kind(program.sibling(call, *callee)) else {
        return false;
    };
    let given = program.values(program.sibling(call, *base)).iter();
    let mut streams = given.filter(|&value| is_stream(program, value)).peekable();
    streams.peek().is_some() && streams.all(|value| !is_opened(program, value))
}

/// Whether a value is what a call gives, rather than a part of that.
fn is_opened(program: &Program<'_>, value: ValueId) -> bool {
    let site = program.site(value).and_then(Site::expression);
    site.is_some_and(|site| program.values(site).iter().any(|made| made == value))
}

fn is_stream(program: &Program<'_>, value: ValueId) -> bool {
    let mut names = program.type_names(value).into_iter();
    names.any(|name| program.knowledge.is_stream(name))
}

/// The first call behind the loop of a function that ends when it is told to.
fn work_behind_loop(program: &Program<'_>, function: ScopeRef) -> Option<Place> {
    let body = &program.scope(function).body;
    let position = body
        .iter()
        .position(|stmt| is_stoppable_loop(program, function, stmt))?;
    let after = &body[position + 1..];
    after.iter().find_map(|stmt| {
        let mut all = calls_in(program, function, stmt);
        for block in child_blocks(stmt) {
            for inner in block {
                all.extend(calls_in(program, function, inner));
            }
        }
        all.into_iter()
            .find(|&call| {
                program.callees(call).iter().any(|callee| {
                    matches!(callee, Callee::External { name, .. }
                        if program.knowledge.call(name).is_some_and(|fact| fact.on != Some(WaitOn::Sleep)))
                })
            })
            .map(|call| program.place(call))
    })
}

/// `while self.running:`, with a condition that other code changes.
fn is_stoppable_loop(program: &Program<'_>, function: ScopeRef, stmt: &Stmt) -> bool {
    let StmtKind::While { test, .. } = stmt.kind else {
        return false;
    };
    let facts = program.file(function.file);
    let mut reads_attribute = false;
    visit_expressions(facts, test, &mut |expr| {
        reads_attribute |= matches!(facts.kind(expr), ExprKind::Attribute { .. });
    });
    reads_attribute
}
