//! Pool initializers that give every worker's random state the same seed.

use crate::facts::{DefKind, ExprId, ExprKind, MODULE, SymbolId};
use crate::knowledge::Semantic;
use crate::link::initializers::{Initializer, initializer_of};
use crate::link::solver::{Key, Variable};
use crate::link::values::{ExprRef, ScopeRef, Site, Value};
use crate::link::{Callee, Program};

use super::random::{SeededBy, SharedDraw, each_expression, state_drawn_from};
use super::walk::ChildRun;

/// A random state that a worker has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// The one of a module, by its name.
    Module(String),
    /// One that a call makes.
    Made(ExprRef),
}

/// What gives the state of a module a seed.
const SEEDING: [Semantic; 2] = [Semantic::SeedsRandom, Semantic::SeedsFreshRandom];

/// Definitions and callers that are followed from one seed.
const DEPTH: u32 = 6;

/// The draws of the tasks from a state that the pool's initializer gives the same seed in each worker, one for each
/// place of seeding.
pub(super) fn seeded_alike(program: &Program<'_>, run: &ChildRun) -> Vec<SharedDraw> {
    let mut found = Vec::new();
    let pool = |worker: &crate::link::Worker| worker.executor.and_then(|executor| program.site(executor));
    if program.submissions[run.submission]
        .workers
        .iter()
        .any(|worker| pool(worker).is_none())
    {
        return found;
    }
    found.extend(seeded_by_the_pool(program, run));
    for &function in run.initializers() {
        each_expression(program, function, &mut |call| {
            let Some(state) = seeded(program, call) else { return };
            let same = first_argument(program, call).is_some_and(|seed| {
                let seeds = Seeds {
                    program,
                    run,
                    function,
                    by_task: false,
                };
                seeds.are_alike(seed, 0) && !may_be_none(program, program.sibling(call, seed))
            });
            if same && !is_seeded_again(program, run, &state) {
                found.extend(first_draw(program, run, call, &state));
            }
        });
    }
    found
}

/// The draws of the tasks from the state of a module that each of them gives the same seed before.
pub(super) fn seeded_by_tasks(program: &Program<'_>, run: &ChildRun) -> Vec<SharedDraw> {
    let mut seedings = Vec::new();
    for (&function, entered) in run
        .functions
        .iter()
        .filter(|(function, _)| !run.initializers().contains(*function))
    {
        each_expression(program, function, &mut |call| {
            if let Some(state @ State::Module(_)) = seeded(program, call) {
                let seeds = Seeds {
                    program,
                    run,
                    function,
                    by_task: true,
                };
                let same = first_argument(program, call).is_some_and(|seed| seeds.are_alike(seed, 0));
                seedings.push((call, state, same && entered.certain));
            }
        });
    }
    // Where a task seeds several times, the last seed counts, and which that is is not known.
    let [(call, state, true)] = seedings.as_slice() else {
        return Vec::new();
    };
    let draw = first_draw(program, run, *call, state);
    let seeded = Some(SeededBy::Task);
    draw.map(|draw| SharedDraw { seeded, ..draw }).into_iter().collect()
}

/// The draws of the tasks from a state that the pool's initializer is the seeding of, with a seed for all workers.
fn seeded_by_the_pool(program: &Program<'_>, run: &ChildRun) -> Vec<SharedDraw> {
    let mut found = Vec::new();
    for initializer in initializers_given(program, run) {
        let (Some(callable), Some(arguments)) = (initializer.callable, initializer.arguments) else {
            continue;
        };
        let Some(module) = module_named(program, program.callees_of(program.values(callable)), &SEEDING) else {
            continue;
        };
        let state = State::Module(module);
        if has_a_seed(program, arguments) && !is_seeded_again(program, run, &state) {
            // Pickled, a method of the library's generator works on a copy that nobody draws from.
            let draw = first_draw(program, run, callable, &state);
            found.extend(draw.map(|draw| SharedDraw {
                needs_fork: true,
                ..draw
            }));
        }
    }
    found
}

/// Whether a sequence of arguments starts with something that may be a seed: `None` asks for a fresh one.
fn has_a_seed(program: &Program<'_>, arguments: ExprRef) -> bool {
    let made = program.values(arguments).iter().filter_map(|value| program.site(value));
    made.into_iter().any(|site| {
        let first = program.solution.variable(Variable::Element(site, Key::Index(0)));
        let is_empty = site
            .expression()
            .is_some_and(|made| matches!(program.kind(made), ExprKind::Sequence { len: 0, .. }));
        !is_empty && !first.iter().any(|value| matches!(program.value(value), Value::None))
    })
}

/// What the pools of a hand-over let their workers call first, functions of the project or not.
fn initializers_given<'a>(program: &Program<'a>, run: &ChildRun) -> Vec<Initializer<'a>> {
    let workers = &program.submissions[run.submission].workers;
    let pools = workers
        .iter()
        .filter_map(|worker| program.site(worker.executor?)?.expression());
    pools.filter_map(|pool| initializer_of(program, pool)).collect()
}

/// Whether the pool lets its workers run something first that is not in sight.
pub(super) fn is_prepared_outside(program: &Program<'_>, run: &ChildRun) -> bool {
    run.initializers().is_empty()
        && initializers_given(program, run)
            .iter()
            .any(|initializer| initializer.callable.is_some())
}

/// Whether the pool lets its workers seed the library's state first.
pub(super) fn is_seeded_by_the_pool(program: &Program<'_>, run: &ChildRun) -> bool {
    let callables = initializers_given(program, run)
        .into_iter()
        .filter_map(|initializer| initializer.callable);
    callables
        .into_iter()
        .any(|callable| module_named(program, program.callees_of(program.values(callable)), &SEEDING).is_some())
}

/// The state that a call seeds.
fn seeded(program: &Program<'_>, call: ExprRef) -> Option<State> {
    let made = program.values(call).iter().any(|value| {
        program.site(value) == Some(Site::Expr(call)) && program.type_fact(value).is_some_and(|fact| fact.random_state)
    });
    if made {
        return Some(State::Made(call));
    }
    module_of(program, call, &SEEDING).map(State::Module)
}

/// The module whose state a call with one of the meanings works on.
fn module_of(program: &Program<'_>, call: ExprRef, meanings: &[Semantic]) -> Option<String> {
    if !matches!(program.kind(call), ExprKind::Call { .. }) {
        return None;
    }
    module_named(program, program.callees(call), meanings)
}

/// The module whose state something of these meanings works on.
fn module_named(program: &Program<'_>, callees: Vec<Callee>, meanings: &[Semantic]) -> Option<String> {
    callees.into_iter().find_map(|callee| {
        let Callee::External { name, receiver: None } = callee else {
            return None;
        };
        let meaning = program.knowledge.semantic(&name)?;
        let (module, _) = name.rsplit_once('.')?;
        meanings.contains(&meaning).then(|| module.to_owned())
    })
}

fn first_argument(program: &Program<'_>, call: ExprRef) -> Option<ExprId> {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return None;
    };
    arguments.first().map(|argument| argument.value)
}

/// Without a seed the state starts from what the operating system gives, which differs.
fn may_be_none(program: &Program<'_>, seed: ExprRef) -> bool {
    let values = program.values(seed);
    values.iter().any(|value| matches!(program.value(value), Value::None))
}

/// Whether a task seeds the state once more.
fn is_seeded_again(program: &Program<'_>, run: &ChildRun, state: &State) -> bool {
    let mut again = false;
    for &function in run
        .functions
        .keys()
        .filter(|function| !run.initializers().contains(*function))
    {
        each_expression(program, function, &mut |expr| {
            again |= seeded(program, expr).as_ref() == Some(state);
        });
    }
    again
}

fn first_draw(program: &Program<'_>, run: &ChildRun, seeding: ExprRef, state: &State) -> Option<SharedDraw> {
    run.functions
        .iter()
        .filter(|(_, entered)| entered.certain)
        .find_map(|(&function, _)| {
            let mut draw = None;
            each_expression(program, function, &mut |expr| {
                if draw.is_none() && draws_from(program, expr, state) {
                    draw = Some(expr);
                }
            });
            Some(SharedDraw {
                place: seeding,
                draw: draw?,
                root: None,
                submission: run.submission,
                needs_fork: false,
                seeded: Some(SeededBy::Initializer),
                path: run.path(program, function),
            })
        })
}

fn draws_from(program: &Program<'_>, call: ExprRef, state: &State) -> bool {
    match state {
        State::Module(module) => {
            let drawn = module_of(program, call, &[Semantic::DrawsRandom, Semantic::DrawsFreshRandom]);
            drawn.as_ref() == Some(module)
        }
        State::Made(site) => state_drawn_from(program, call).is_some_and(|(_, states)| {
            states
                .iter()
                .any(|&value| program.site(value) == Some(Site::Expr(*site)))
        }),
    }
}

/// Judges whether a seed in the code of an initializer or task is the same in each of them.
struct Seeds<'s, 'p, 'a> {
    program: &'p Program<'a>,
    run: &'s ChildRun,
    function: ScopeRef,
    /// The code is a task's: what it is passed may be another seed each time.
    by_task: bool,
}

impl Seeds<'_, '_, '_> {
    fn here(&self, expr: ExprId) -> ExprRef {
        ExprRef {
            file: self.function.file,
            expr,
        }
    }

    /// Whether an expression is built from literals, globals that hold such, and what the pool passes to each worker.
    fn are_alike(&self, expr: ExprId, depth: u32) -> bool {
        if depth > DEPTH {
            return false;
        }
        match self.program.kind(self.here(expr)) {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str { .. } | ExprKind::Bytes { .. } => true,
            ExprKind::Binary { left, right, .. } => {
                self.are_alike(*left, depth + 1) && self.are_alike(*right, depth + 1)
            }
            // What is shared may be counted up by each worker; so may an object, by a property.
            ExprKind::Attribute { base, .. } | ExprKind::Subscript { base, .. } => {
                let shared = |value| self.program.role(value).is_some();
                let values = self.program.values(self.here(*base));
                !values.iter().any(shared) && self.are_alike(*base, depth + 1)
            }
            ExprKind::Name {
                symbol: Some(symbol),
                reaching,
                ..
            } => {
                let file = self.program.file(self.function.file);
                let all = &file.symbol(*symbol).definitions;
                let definitions = if reaching.is_empty() { all } else { reaching };
                let alike = |def| self.is_definition_alike(*symbol, &file.definition(def).kind, depth);
                !definitions.is_empty() && definitions.iter().all(|&def| alike(def))
            }
            _ => false,
        }
    }

    fn is_definition_alike(&self, symbol: SymbolId, kind: &DefKind, depth: u32) -> bool {
        let scope = self.program.file(self.function.file).symbol(symbol).scope;
        match kind {
            DefKind::Parameter { index } if scope == self.function.scope => self.is_parameter_alike(*index, depth),
            DefKind::Assign { value, path } if path.is_empty() && (scope == MODULE || scope == self.function.scope) => {
                self.are_alike(*value, depth + 1)
            }
            _ => false,
        }
    }

    /// What the pool passes is the same for each worker; what the initializer passes on may not be.
    fn is_parameter_alike(&self, index: u32, depth: u32) -> bool {
        if self.by_task {
            return false;
        }
        let callers = self.program.solution.callers.get(&self.function);
        callers.into_iter().flatten().all(|&call| {
            let caller = self.program.function_around(self.program.scope_of(call));
            if !self.run.initializers().contains(&caller) {
                return true;
            }
            let name = self.program.scope(self.function).parameters.get(index as usize);
            let passed = name.and_then(|parameter| self.program.argument(call, Some(index), Some(&parameter.name)));
            let there = Seeds {
                program: self.program,
                run: self.run,
                function: caller,
                by_task: false,
            };
            passed.is_some_and(|passed| there.are_alike(passed.expr, depth + 1))
        })
    }
}
