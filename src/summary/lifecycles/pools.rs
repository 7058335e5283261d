//! Pools and executors: whether they are ended, and whether a new one is made for each round or call.

use std::collections::BTreeSet;

use crate::facts::{DefKind, ExprId, ExprKind, MODULE, ScopeKind, Stmt, StmtKind, visit_expressions};
use crate::finding::Place;
use crate::knowledge::{LifeStep, Role, Semantic};
use crate::link::index::Loop;
use crate::link::values::{ExprRef, ScopeRef, Site};
use crate::link::{Intent, Program, language};
use crate::summary::{Sizes, Summaries};

use super::life::Event;
use super::{Life, Lifecycles, ends, rounds};

/// A pool that nothing ends.
#[derive(Clone, Debug)]
pub struct Unclosed {
    /// Where it is kept, if it is.
    pub kept: Option<Place>,
    /// It is an executor, whose workers end when it is thrown away.
    pub executor: bool,
    /// The method of its owner that ends other things and not the pool.
    pub forgotten: Option<ScopeRef>,
}

/// What makes a pool over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// A loop around it.
    Loop,
    /// A loop around a call of the function that makes it.
    Calls,
    /// The method that makes it and ends it stands for one element of its object: `x[key]`, `key in x`.
    Elements,
}

/// A pool that is made over and over.
#[derive(Clone, Debug)]
pub struct PerRound {
    /// The loop, the call in a loop that makes it, or the method.
    pub place: Place,
    /// What makes it again.
    pub again: Again,
    /// How many tasks each pool is given, where that is a small number.
    pub tasks: Option<usize>,
    /// Whether the tasks are known to be short beside the start of the workers.
    pub sure: bool,
}

/// Callers are followed this far.
const CALLERS: u32 = 3;
/// Callers of a function that gives its pool many tasks are followed this far.
const MANY_TASKS_CALLERS: u32 = 2;
/// Loops of at most this many rounds are not worth a word.
pub(super) const FEW_ROUNDS: f64 = 3.0;
/// A pool for at most this many tasks does not pay for itself when it is made for each call.
const FEW_TASKS: usize = 3;

impl Lifecycles {
    /// Whether a call makes a pool or executor, and which.
    #[must_use]
    pub fn makes_pool(&self, program: &Program<'_>, call: ExprRef) -> Option<Role> {
        program.values(call).iter().find_map(|value| {
            let fact = program.type_fact(value)?;
            let role = fact.role.filter(|role| matches!(role, Role::Pool | Role::Executor))?;
            (program.site(value) == Some(Site::Expr(call)) && fact.on_exit.is_some()).then_some(role)
        })
    }

    /// A pool that is made here and that nothing ends.
    #[must_use]
    pub fn never_closed(&self, program: &Program<'_>, call: ExprRef) -> Option<Unclosed> {
        let role = self.makes_pool(program, call)?;
        let life = self.life_through_calls(program, call);
        let unclosed = Unclosed {
            kept: None,
            executor: role == Role::Executor,
            forgotten: None,
        };
        if program.scope_of(call).scope == MODULE {
            return None;
        }
        let unknown = |event: &Event| matches!(event, Event::Method(_) | Event::Read(_) | Event::Global(_));
        let is_single = program.scope(program.scope_of(call)).kind == ScopeKind::Class;
        if life.may_be_ended() || life.any(unknown) || is_single {
            return None;
        }
        let kept = life.events.iter().find_map(|event| match event {
            Event::Kept(place) => Some(*place),
            _ => None,
        });
        let Some(kept) = kept else { return Some(unclosed) };
        let forgotten = ends::forgetting_method(program, kept);
        let places = [call, kept];
        let of_object = places.iter().any(|&expr| is_initialiser(program, expr));
        let in_passing = role == Role::Pool && ends::is_made_in_passing(program, self, kept);
        let lasting = of_object && !in_passing || places.iter().any(|&expr| is_under_condition(program, expr));
        (forgotten.is_some() || !lasting).then(|| Unclosed {
            kept: Some(program.place(kept)),
            forgotten,
            ..unclosed
        })
    }

    /// A pool that is made anew each time round, or for each call of a function that is called in a loop.
    #[must_use]
    pub fn per_round(&self, program: &Program<'_>, summaries: &Summaries<'_>, call: ExprRef) -> Option<PerRound> {
        self.makes_pool(program, call)?;
        let life = self.life(program, call);
        if let Some(method) = self.element_method(program, call, &life) {
            return Some(PerRound {
                place: program.name_place(method),
                again: Again::Elements,
                tasks: None,
                sure: true,
            });
        }
        let function = program.scope_of(call);
        let managed = is_managed(program, function, &life);
        if !managed && !stays_where_made(program, call, &life) {
            return None;
        }
        let index = program.index(call.file);
        if let Some(&around) = index.loops_around(call.expr).first() {
            return in_loop(program, call, around);
        }
        if function.scope == MODULE || (!managed && !life.may_be_ended()) {
            return None;
        }
        let (place, tasks, sure) = match tasks_of(program, call).filter(|_| !managed) {
            Some(tasks) => (call_in_loop(program, function, CALLERS)?, Some(tasks), true),
            None => {
                let sure = rounds::starting_matters(program, summaries, call)?;
                let calls = if managed {
                    MANY_TASKS_CALLERS + 1
                } else {
                    MANY_TASKS_CALLERS
                };
                (rounds::looped_call(program, call, function, calls)?, None, sure)
            }
        };
        Some(PerRound {
            place: program.place(place),
            again: Again::Calls,
            tasks,
            sure,
        })
    }
}

impl Lifecycles {
    /// The method for one element of an object that ends a pool which it has made, by itself or by a function.
    fn element_method(&self, program: &Program<'_>, pool: ExprRef, life: &Life) -> Option<ScopeRef> {
        if life.any(|event| matches!(event, Event::Kept(_) | Event::Global(_))) {
            return None;
        }
        let made = Some(Site::Expr(pool));
        let ends = self
            .steps()
            .filter(|(_, step)| matches!(step, LifeStep::Close | LifeStep::Join));
        let ended = ends.filter_map(|(call, _)| {
            let values = program.values(receiver(program, call)?);
            values
                .iter()
                .any(|value| program.site(value) == made)
                .then(|| program.scope_of(call))
        });
        let entered = life.events.iter().filter_map(|event| match event {
            Event::With(at) => Some(program.scope_of(*at)),
            _ => None,
        });
        ended.chain(entered).find(|&scope| {
            let stands_for_element = language::ELEMENT_METHODS.contains(&program.scope(scope).name.as_str());
            stands_for_element && program.class_of_method(scope).is_some()
        })
    }
}

fn receiver(program: &Program<'_>, call: ExprRef) -> Option<ExprRef> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    match program.kind(program.sibling(call, *callee)) {
        ExprKind::Attribute { base, .. } => Some(program.sibling(call, *base)),
        _ => None,
    }
}

/// The function is a context manager that ends the pool behind its `yield`.
fn is_managed(program: &Program<'_>, function: ScopeRef, life: &Life) -> bool {
    let decorated = program
        .semantics_of_decorators(function)
        .contains(&Semantic::ContextManager);
    let mut ended = false;
    let here = life.events.iter().all(|event| match event {
        Event::Step(LifeStep::Close, at) | Event::With(at) => {
            ended |= program.scope_of(*at) == function;
            program.scope_of(*at) == function
        }
        Event::Escapes(at) => program.scope_of(*at) == function && matches!(program.kind(*at), ExprKind::Yield(_)),
        Event::Kept(_) | Event::Global(_) | Event::Method(_) => false,
        _ => true,
    });
    decorated && here && ended
}

/// Nothing but the function that makes the pool has it or ends it.
fn stays_where_made(program: &Program<'_>, call: ExprRef, life: &Life) -> bool {
    let scope = program.scope_of(call);
    let elsewhere = life.events.iter().any(|event| match event {
        Event::Kept(_) | Event::Global(_) => scope.scope != MODULE,
        Event::Escapes(_) => true,
        Event::Step(LifeStep::Close, at) | Event::With(at) => program.scope_of(*at) != scope,
        _ => false,
    });
    !elsewhere
}

fn in_loop(program: &Program<'_>, call: ExprRef, around: Loop) -> Option<PerRound> {
    let index = program.index(call.file);
    let facts = program.file(call.file);
    let place = match around {
        Loop::Statement(id) => {
            let stmt = index.statement(id).stmt;
            let (body, few) = match &stmt.kind {
                StmtKind::For { iterable, body, .. } => {
                    let sizes = Sizes {
                        program,
                        file: call.file,
                    };
                    let rounds = sizes.rounds(*iterable);
                    (body, rounds.known && rounds.count.most <= FEW_ROUNDS)
                }
                StmtKind::While { body, .. } => (body, false),
                _ => return None,
            };
            if few || leaves(body) || varies(program, call, stmt.span) {
                return None;
            }
            stmt.span
        }
        Loop::Comprehension(expr) => facts.span(expr),
    };
    Some(PerRound {
        place: Place {
            file: call.file,
            span: place,
        },
        again: Again::Loop,
        tasks: None,
        sure: true,
    })
}

/// Whether a block leaves the loop: then it is there to try again.
pub(super) fn leaves(block: &[Stmt]) -> bool {
    block.iter().any(|stmt| {
        matches!(stmt.kind, StmtKind::Break | StmtKind::Return(_))
            || crate::facts::child_blocks(stmt).into_iter().any(leaves)
    })
}

/// Whether the constructor's arguments differ from round to round: a comparison of sizes, say.
pub(super) fn varies(program: &Program<'_>, call: ExprRef, around: crate::facts::Span) -> bool {
    let facts = program.file(call.file);
    let ExprKind::Call { callee, arguments, .. } = facts.kind(call.expr) else {
        return false;
    };
    let mut found = false;
    let mut look = |expr: ExprId| {
        if let ExprKind::Name { reaching, .. } = facts.kind(expr) {
            found |= reaching.iter().any(|&def| {
                let definition = facts.definition(def);
                around.contains(definition.span) && !matches!(definition.kind, DefKind::Import { .. })
            });
        }
    };
    visit_expressions(facts, *callee, &mut look);
    for argument in arguments {
        visit_expressions(facts, argument.value, &mut look);
    }
    found
}

/// How many tasks the pool is given, where each is handed over by a call of its own and there are few.
fn tasks_of(program: &Program<'_>, pool: ExprRef) -> Option<usize> {
    let mut count = 0;
    for submission in &program.submissions {
        let through = submission.workers.iter().any(|worker| {
            worker
                .executor
                .is_some_and(|executor| program.site(executor) == Some(Site::Expr(pool)))
        });
        if !through {
            continue;
        }
        if matches!(submission.intent, Intent::Map | Intent::Loop(_)) {
            return None;
        }
        count += 1;
    }
    (1..=FEW_TASKS).contains(&count).then_some(count)
}

/// A call in a loop that leads to a function.
pub(super) fn call_in_loop(program: &Program<'_>, function: ScopeRef, depth: u32) -> Option<ExprRef> {
    let mut open = BTreeSet::from([function]);
    let mut frontier = vec![function];
    for _ in 0..depth {
        let mut next = Vec::new();
        for current in frontier {
            for &call in program.solution.callers.get(&current).into_iter().flatten() {
                // How often tests call something says little about the program.
                if program.is_test(call.file) && !program.is_test(function.file) {
                    continue;
                }
                if !program.index(call.file).loops_around(call.expr).is_empty() && is_plain_call(program, call, current)
                {
                    return Some(call);
                }
                let around = program.function_around(program.scope_of(call));
                if around.scope != MODULE && is_plain_call(program, call, current) && open.insert(around) {
                    next.push(around);
                }
            }
        }
        frontier = next;
    }
    None
}

/// The call calls the function itself, rather than handing it over.
pub(super) fn is_plain_call(program: &Program<'_>, call: ExprRef, function: ScopeRef) -> bool {
    program
        .callees(call)
        .iter()
        .any(|callee| matches!(callee, crate::link::Callee::Function { function: called, .. } if *called == function))
}

fn is_initialiser(program: &Program<'_>, call: ExprRef) -> bool {
    let function = program.scope(program.scope_of(call));
    function.name == "__init__" || function.name == "__enter__" || function.name == "__new__"
}

fn is_under_condition(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    index.statement_of(call.expr).is_some_and(|statement| {
        index
            .ancestors(statement)
            .any(|(id, _)| matches!(index.statement(id).stmt.kind, StmtKind::If { .. }))
    })
}
