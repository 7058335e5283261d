//! Random numbers that several workers draw from copies of one state.

use std::collections::BTreeMap;

use crate::facts::{ExprId, ExprKind, ScopeKind};
use crate::finding::Note;
use crate::knowledge::{PicklingMoment, Semantic, SubmissionResult};
use crate::link::index::Loop;
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId};
use crate::link::{Program, Submission};

use super::origin::{Origin, Origins, Root};
use super::payload::repeated_expressions;
use super::seeding::{is_seeded_by_the_pool, seeded_alike, seeded_by_tasks};
use super::shared::has_one_worker;
use super::uses::objects_behind;
use super::walk::ChildRun;

/// A draw from a state that the workers of a submission have copies of.
#[derive(Clone, Debug)]
pub struct SharedDraw {
    /// Where the worker reaches for the state, or the hand-over that copies it.
    pub place: ExprRef,
    /// The draw.
    pub draw: ExprRef,
    /// How the state comes into the worker; `None` for the library's own.
    pub root: Option<Root>,
    /// The hand-over.
    pub submission: usize,
    /// The copies are alike only where workers are forked.
    pub needs_fork: bool,
    /// What gives each copy the same seed.
    pub seeded: Option<SeededBy>,
    /// The calls that lead to the draw.
    pub path: Vec<Note>,
}

/// What gives the copies of a random state the same seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeededBy {
    /// The initializer of the pool.
    Initializer,
    /// Each task.
    Task,
}

/// Finds the draws, one for each place.
pub(super) fn draws(program: &Program<'_>, runs: &[ChildRun]) -> Vec<SharedDraw> {
    let mut found: BTreeMap<ExprRef, SharedDraw> = BTreeMap::new();
    for run in runs {
        let submission = &program.submissions[run.submission];
        if !submission.intent.is_fan_out() || has_one_worker(program, submission) {
            continue;
        }
        for draw in seeded_alike(program, run)
            .into_iter()
            .chain(seeded_by_tasks(program, run))
        {
            found.entry(draw.place).or_insert(draw);
        }
        if is_seeded(program, run) {
            continue;
        }
        let mut first: BTreeMap<Option<Root>, SharedDraw> = BTreeMap::new();
        for &function in run.functions.keys() {
            for draw in draws_of(program, run, submission, function) {
                let key = match draw.root {
                    Some(Root::Argument) => Some(Root::Argument),
                    _ => {
                        found.entry(draw.place).or_insert(draw);
                        continue;
                    }
                };
                first.entry(key).or_insert(draw);
            }
        }
        for draw in first.into_values() {
            found.entry(draw.place).or_insert(draw);
        }
    }
    let mut found: Vec<SharedDraw> = found.into_values().collect();
    found.sort_by_key(|draw| program.place(draw.place));
    found
}

/// Calls `visit` with each expression in the code of a function.
pub(super) fn each_expression(program: &Program<'_>, function: ScopeRef, visit: &mut dyn FnMut(ExprRef)) {
    let index = program.index(function.file);
    for &id in index.statements_of(function.scope) {
        for root in crate::facts::statement_expressions(index.statement(id).stmt) {
            crate::facts::visit_expressions(program.file(function.file), root, &mut |expr| {
                visit(ExprRef {
                    file: function.file,
                    expr,
                });
            });
        }
    }
}

fn is_seeded(program: &Program<'_>, run: &ChildRun) -> bool {
    let mut seeded = is_seeded_by_the_pool(program, run);
    for function in run.all() {
        each_expression(program, function, &mut |expr| {
            seeded |= program.has_semantic(expr, Semantic::SeedsRandom);
        });
    }
    seeded
}

fn draws_of(program: &Program<'_>, run: &ChildRun, submission: &Submission<'_>, function: ScopeRef) -> Vec<SharedDraw> {
    let Some(entered) = run.functions.get(&function).filter(|entered| entered.certain) else {
        return Vec::new();
    };
    let in_child = |scope| run.owns(scope);
    let origins = Origins {
        program,
        function,
        parameters: &entered.parameters,
        in_child: &in_child,
    };
    let mut found = Vec::new();
    each_expression(program, function, &mut |expr| {
        let draw = |place, root, needs_fork| SharedDraw {
            place,
            draw: expr,
            root,
            submission: run.submission,
            needs_fork,
            seeded: None,
            path: run.path(program, function),
        };
        if program.has_semantic(expr, Semantic::DrawsRandom) {
            found.push(draw(expr, None, true));
            return;
        }
        let Some((base, states)) = state_drawn_from(program, expr) else {
            return;
        };
        if let Some(made) = default_generator(program, run, function, base, &states) {
            found.push(draw(made, Some(Root::Global), true));
            return;
        }
        let Some(origin) = origins.of(base) else { return };
        if let Some((place, needs_fork)) = shared_state(
            program,
            run,
            submission,
            origin,
            &states,
            &owners_of(program, program.sibling(expr, base)),
        ) {
            found.push(draw(place.unwrap_or(expr), Some(origin.root), needs_fork));
        }
    });
    found
}

/// Where the state is made that a parameter has by default: once, with the function.
fn default_generator(
    program: &Program<'_>,
    run: &ChildRun,
    function: ScopeRef,
    base: ExprId,
    states: &[ValueId],
) -> Option<ExprRef> {
    let file = program.file(function.file);
    let ExprKind::Name { reaching, .. } = file.kind(base) else {
        return None;
    };
    let [def] = reaching.as_slice() else { return None };
    let parameters = &program.scope(function).parameters;
    let default = parameters.iter().find(|parameter| parameter.def == *def)?.default?;
    let made = ExprRef {
        file: function.file,
        expr: default,
    };
    let nothing_else = states
        .iter()
        .all(|&state| program.site(state) == Some(Site::Expr(made)));
    (nothing_else && !is_made_in_child(program, run, made)).then_some(made)
}

/// The state in `state.method()`.
pub(super) fn state_drawn_from(program: &Program<'_>, call: ExprRef) -> Option<(ExprId, Vec<ValueId>)> {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    let ExprKind::Attribute { base, .. } = program.kind(program.sibling(call, *callee)) else {
        return None;
    };
    let values: Vec<ValueId> = program.values(program.sibling(call, *base)).iter().collect();
    let states = !values.is_empty()
        && values.iter().all(|&value| {
            matches!(program.value(value), Value::None)
                || program.type_fact(value).is_some_and(|fact| fact.random_state)
        });
    states.then_some((*base, values))
}

/// The objects of the project that a state hangs from: `player` in `player.dice`.
fn owners_of(program: &Program<'_>, state: ExprRef) -> Vec<ValueId> {
    let mut owners = Vec::new();
    let mut current = state;
    while let ExprKind::Attribute { base, .. } = program.kind(current) {
        current = program.sibling(current, *base);
        let instances = program.values(current).iter();
        owners.extend(instances.filter(|&value| matches!(program.value(value), Value::Instance { site: Some(_), .. })));
    }
    owners
}

/// Where a state is reached for that several workers have copies of, and whether it takes a fork to make them alike.
fn shared_state(
    program: &Program<'_>,
    run: &ChildRun,
    submission: &Submission<'_>,
    origin: Origin,
    states: &[ValueId],
    owners: &[ValueId],
) -> Option<(Option<ExprRef>, bool)> {
    let sites: Vec<ExprRef> = states
        .iter()
        .filter_map(|&value| match program.site(value) {
            Some(Site::Expr(site)) => Some(site),
            _ => None,
        })
        .filter(|site| !is_made_in_child(program, run, *site))
        .collect();
    if sites.is_empty() {
        return None;
    }
    match origin.root {
        Root::Global => Some((Some(origin.at), true)),
        Root::Captured => Some((None, true)),
        Root::Receiver => {
            let own = submission.shape.result == SubmissionResult::Worker && submission.callable.is_none();
            let one = sites.iter().all(|&site| is_one_object(program, site, own));
            (one && has_one_receiver(program, submission)).then_some((None, false))
        }
        Root::Argument => {
            let repeated = objects_behind(program, &repeated_expressions(program, submission));
            let shared = states.iter().chain(owners).any(|value| repeated.contains(value));
            (shared && submission.through.is_none()).then_some((Some(submission.call), false))
        }
    }
    .filter(|_| submission.shape.pickles != PicklingMoment::Never)
}

fn is_made_in_child(program: &Program<'_>, run: &ChildRun, site: ExprRef) -> bool {
    let scope = program.function_around(program.scope_of(site));
    // A constructor that the worker calls makes objects of the parent, too: those that hang from a global.
    run.runs(scope) && program.scope(scope).name != "__init__"
}

/// Whether a call makes one object only: it stands in no loop, and not in a function that is called for each task.
fn is_one_object(program: &Program<'_>, site: ExprRef, plainly: bool) -> bool {
    let scope = program.function_around(program.scope_of(site));
    if !program.index(site.file).loops_around(site.expr).is_empty() {
        return false;
    }
    if program.scope(scope).kind == ScopeKind::Module {
        return true;
    }
    let calls: Vec<ExprRef> = program
        .solution
        .callers
        .get(&scope)
        .into_iter()
        .flatten()
        .copied()
        .collect();
    let constructor = program.class_of_method(scope).is_some() && program.scope(scope).name == "__init__";
    if constructor && plainly {
        return false;
    }
    calls.iter().all(|&call| {
        let loops = program.index(call.file).loops_around(call.expr);
        !loops
            .iter()
            .any(|around| matches!(around, Loop::Comprehension(_) | Loop::Statement(_)))
    })
}

/// Whether all tasks run on one object: it is made in no loop and is no worker itself.
fn has_one_receiver(program: &Program<'_>, submission: &Submission<'_>) -> bool {
    let mut receivers = submission
        .targets
        .iter()
        .filter_map(crate::link::Target::receiver)
        .peekable();
    receivers.peek().is_some()
        && receivers.all(|receiver| match program.site(receiver) {
            Some(Site::Expr(site)) => {
                site != submission.call && program.index(site.file).loops_around(site.expr).is_empty()
            }
            _ => submission.callable.is_some(),
        })
}
