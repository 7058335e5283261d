//! Large objects that are pickled for each task, and large results.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{DefKind, ExprId, ExprKind, ParameterKind, StmtKind};
use crate::knowledge::{PicklingMoment, SubmissionResult, WorkerKind};
use crate::link::language;
use crate::link::solver::{Key, Variable};
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId};
use crate::link::{Callee, Intent, Program, Submission, Target};
use crate::summary::Sizes;

use super::origin::{Origins, Parameters};

/// A large object that travels again and again.
#[derive(Clone, Debug)]
pub struct LargePayload {
    /// The hand-over.
    pub submission: usize,
    /// What travels.
    pub payload: Payload,
    /// Bytes, as far as literals say.
    pub bytes: f64,
    /// It is made of Python objects, which are pickled one by one, rather than of buffers.
    pub of_objects: bool,
    /// Where the object is made.
    pub made: Option<ExprRef>,
}

/// What travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// An argument that is the same for all tasks.
    Argument(ExprRef),
    /// The object whose method runs.
    Receiver,
    /// What a task returns.
    Result(ScopeRef),
}

/// Buffers below this many bytes travel unnoticed.
const LARGE: f64 = 1e6;
/// Collections of small objects, which are pickled one by one, do so below this many.
const LARGE_OBJECTS: f64 = 3e5;
/// Bytes of an element of an array.
const ELEMENT: f64 = 8.0;
/// Bytes of a pickled number of a list.
const PICKLED: f64 = 4.0;
/// Bytes of a pickled floating-point number, and of a very short text.
const PICKLED_FLOAT: f64 = 9.0;
/// Containers in containers are counted this far.
const COUNTED: u32 = 6;

/// Finds the large payloads, at most one a hand-over.
pub(super) fn large(program: &Program<'_>) -> Vec<LargePayload> {
    let mut sizes = None;
    let mut found = Vec::new();
    for (number, submission) in program.submissions.iter().enumerate() {
        let pickled = matches!(
            submission.shape.pickles,
            PicklingMoment::Always | PicklingMoment::Cloudpickle
        );
        if !pickled
            || submission.forwarded
            || !submission.is_always(WorkerKind::Process)
            || !submission.intent.is_fan_out()
        {
            continue;
        }
        let sizes = sizes.get_or_insert_with(|| Weights::new(program));
        found.extend(sizes.largest(number, submission));
    }
    found
}

/// What a value weighs.
#[derive(Clone, Copy, Debug)]
struct Weight {
    bytes: f64,
    of_objects: bool,
    made: Option<ExprRef>,
}

struct Weights<'p, 'a> {
    program: &'p Program<'a>,
    /// What is assigned to attributes of instances, by class.
    attributes: BTreeMap<ScopeRef, Vec<ExprRef>>,
}

impl<'p, 'a> Weights<'p, 'a> {
    fn new(program: &'p Program<'a>) -> Self {
        let mut attributes: BTreeMap<ScopeRef, Vec<ExprRef>> = BTreeMap::new();
        for file in program.file_ids() {
            for statement in &program.index(file).statements {
                let StmtKind::Assign { targets, value } = &statement.stmt.kind else {
                    continue;
                };
                for &target in targets {
                    let ExprKind::Attribute { base, .. } = program.file(file).kind(target) else {
                        continue;
                    };
                    for owner in program.values(ExprRef { file, expr: *base }).iter() {
                        if let Value::Instance { class, .. } = *program.value(owner) {
                            attributes
                                .entry(class)
                                .or_default()
                                .push(ExprRef { file, expr: *value });
                        }
                    }
                }
            }
        }
        Self { program, attributes }
    }

    fn largest(&self, number: usize, submission: &Submission<'_>) -> Option<LargePayload> {
        let mut found: Vec<LargePayload> = Vec::new();
        let mut add = |payload, weight: Option<Weight>| {
            let large = |weight: &Weight| weight.bytes >= if weight.of_objects { LARGE_OBJECTS } else { LARGE };
            if let Some(Weight {
                bytes,
                of_objects,
                made,
            }) = weight.filter(large)
            {
                found.push(LargePayload {
                    submission: number,
                    payload,
                    bytes,
                    of_objects,
                    made,
                });
            }
        };
        for argument in repeated_expressions(self.program, submission) {
            add(Payload::Argument(argument), self.of_expression(argument));
        }
        for receiver in submission.targets.iter().filter_map(Target::receiver) {
            if submission.shape.result != SubmissionResult::Worker {
                let weight = self.weight_of(receiver);
                add(Payload::Receiver, weight.map(|weight| Weight { made: None, ..weight }));
            }
        }
        if submission.shape.result != SubmissionResult::Nothing {
            for function in submission.targets.iter().filter_map(Target::function) {
                add(Payload::Result(function), self.of_result(function));
            }
        }
        found.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
        found.into_iter().next()
    }

    fn of_expression(&self, expr: ExprRef) -> Option<Weight> {
        let mut found: Option<Weight> = None;
        for value in self.program.values(expr).iter() {
            if matches!(self.program.value(value), Value::None) {
                continue;
            }
            let weight = self.weight_of(value)?;
            if found.is_none_or(|least| weight.bytes < least.bytes) {
                found = Some(weight);
            }
        }
        found
    }

    fn weight_of(&self, value: ValueId) -> Option<Weight> {
        Some(Weight {
            bytes: self.of_value(value, &mut BTreeSet::new())?,
            of_objects: self.is_of_objects(value),
            made: self.program.site(value).and_then(Site::expression),
        })
    }

    /// Whether a value is a list, dict or the like, or an object that holds such and no arrays.
    fn is_of_objects(&self, value: ValueId) -> bool {
        let program = self.program;
        let made = |value: ValueId| program.site(value).and_then(Site::expression);
        match *program.value(value) {
            Value::Instance { class, .. } => {
                let parts = self.attributes.get(&class).into_iter().flatten();
                let sites: Vec<ExprRef> = parts
                    .flat_map(|&part| program.values(part).iter())
                    .filter_map(made)
                    .collect();
                let arrays = sites.iter().any(|&site| super::lost::allocates(program, site));
                !arrays && sites.iter().any(|&site| is_of_objects(program, site))
            }
            _ => made(value).is_some_and(|made| is_of_objects(program, made)),
        }
    }

    /// The least that a value weighs, where literals say so.
    fn of_value(&self, value: ValueId, seen: &mut BTreeSet<ValueId>) -> Option<f64> {
        if !seen.insert(value) || seen.len() > 64 {
            return None;
        }
        match *self.program.value(value) {
            Value::ExternalInstance {
                site: Some(Site::Expr(site)),
                ..
            } => self.of_site(site, seen),
            Value::ExternalInstance {
                site: Some(site @ Site::Parameter(_)),
                ..
            } => self.of_gathered(site, seen),
            Value::Instance { class, .. } => {
                let parts = self.attributes.get(&class)?;
                let sum: f64 = parts
                    .iter()
                    .filter_map(|&part| {
                        let values = self.program.values(part);
                        let mut sizes: Vec<f64> =
                            values.iter().filter_map(|value| self.of_value(value, seen)).collect();
                        sizes.sort_by(f64::total_cmp);
                        sizes.first().copied()
                    })
                    .sum();
                (sum > 0.0).then_some(sum)
            }
            _ => None,
        }
    }

    fn of_site(&self, site: ExprRef, seen: &mut BTreeSet<ValueId>) -> Option<f64> {
        let program = self.program;
        let sizes = Sizes {
            program,
            file: site.file,
        };
        match program.kind(site) {
            ExprKind::Call { arguments, .. } => {
                for callee in program.callees(site) {
                    let Callee::External { name, .. } = callee else {
                        continue;
                    };
                    if let Some(position) = program.knowledge.call(&name).and_then(|fact| fact.allocates.as_ref()) {
                        let shape = program.argument_at(site, position)?;
                        return self.elements_of_shape(shape).map(|count| count * ELEMENT);
                    }
                }
                let rounds = sizes.rounds(site.expr);
                if rounds.known {
                    return Some(rounds.count.least * PICKLED);
                }
                self.of_parts(site, arguments.iter().map(|argument| argument.value).collect(), seen)
            }
            ExprKind::Comprehension { element, value, .. } => {
                let parts = std::iter::once(*element).chain(*value);
                let each: f64 = parts
                    .map(|part| entry_bytes(program, program.sibling(site, part), 0))
                    .sum();
                least_count(program, site, 0).map(|count| count * each)
            }
            ExprKind::Sequence { elements, .. } => self.of_parts(site, elements.clone(), seen),
            ExprKind::Dict { entries, .. } => {
                self.of_parts(site, entries.iter().map(|(_, value)| *value).collect(), seen)
            }
            _ => None,
        }
    }

    /// What the arguments that a `*name` gathers weigh, where all that may come weighs something.
    fn of_gathered(&self, site: Site, seen: &mut BTreeSet<ValueId>) -> Option<f64> {
        let elements = self.program.solution.variable(Variable::Element(site, Key::All));
        let sizes: Option<Vec<f64>> = elements.iter().map(|value| self.of_value(value, seen)).collect();
        sizes?.into_iter().reduce(f64::min)
    }

    /// What the parts of an object weigh together, as far as they are known.
    fn of_parts(&self, site: ExprRef, parts: Vec<ExprId>, seen: &mut BTreeSet<ValueId>) -> Option<f64> {
        let program = self.program;
        let mut sum = 0.0;
        for part in parts {
            let part = program.sibling(site, part);
            let sizes: Vec<f64> = program
                .values(part)
                .iter()
                .filter_map(|value| self.of_value(value, seen))
                .collect();
            sum += sizes.into_iter().reduce(f64::min).unwrap_or(0.0);
        }
        (sum > 0.0).then_some(sum)
    }

    /// The number of elements of an array of a literal shape.
    fn elements_of_shape(&self, shape: ExprRef) -> Option<f64> {
        let program = self.program;
        let sizes = Sizes {
            program,
            file: shape.file,
        };
        let product = |site: ExprRef, elements: &[ExprId]| {
            let sizes = Sizes {
                program,
                file: site.file,
            };
            elements.iter().try_fold(1.0, |product, &element| {
                let number = sizes.number(element);
                number.known.then_some(product * number.count.least)
            })
        };
        if let ExprKind::Sequence { elements, .. } = program.kind(shape) {
            return product(shape, elements);
        }
        let number = sizes.number(shape.expr);
        if number.known {
            return Some(number.count.least);
        }
        let mut least: Option<f64> = None;
        for value in program.values(shape).iter() {
            let Some(Site::Expr(site)) = program.site(value) else {
                return None;
            };
            let ExprKind::Sequence { elements, .. } = program.kind(site) else {
                return None;
            };
            let count = product(site, elements)?;
            least = Some(least.map_or(count, |other: f64| other.min(count)));
        }
        least
    }

    /// What a function returns at least, where all that it returns is large.
    fn of_result(&self, function: ScopeRef) -> Option<Weight> {
        let program = self.program;
        let index = program.index(function.file);
        let mut found: Option<Weight> = None;
        for &id in index.statements_of(function.scope) {
            let StmtKind::Return(Some(value)) = &index.statement(id).stmt.kind else {
                continue;
            };
            let value = ExprRef {
                file: function.file,
                expr: *value,
            };
            if matches!(program.kind(value), ExprKind::None) {
                continue;
            }
            // A part of what was made says nothing of its size, and what was given is judged as an argument.
            let whole = matches!(
                program.kind(value),
                ExprKind::Name { .. } | ExprKind::Call { .. } | ExprKind::Comprehension { .. }
            );
            if !whole || !self.is_made_here(function, value) {
                return None;
            }
            let weight = self.of_expression(value)?;
            if found.is_none_or(|least| weight.bytes < least.bytes) {
                found = Some(weight);
            }
        }
        found
    }

    fn is_made_here(&self, function: ScopeRef, value: ExprRef) -> bool {
        let parameters = Parameters::new();
        let in_child = |_: ScopeRef| true;
        let origins = Origins {
            program: self.program,
            function,
            parameters: &parameters,
            in_child: &in_child,
        };
        origins.of(value.expr).is_none()
            && self
                .program
                .values(value)
                .iter()
                .all(|value| match self.program.site(value) {
                    Some(Site::Expr(site)) => self.program.scope_of(site) == function,
                    _ => false,
                })
    }
}

/// The least number of rounds of a comprehension, or of elements of what an expression gives.
fn least_count(program: &Program<'_>, expr: ExprRef, depth: u32) -> Option<f64> {
    if depth > COUNTED {
        return None;
    }
    if let ExprKind::Comprehension { clauses, .. } = program.kind(expr) {
        return clauses.iter().try_fold(1.0, |product, clause| {
            let count = least_count(program, program.sibling(expr, clause.iterable), depth + 1)?;
            clause.conditions.is_empty().then_some(product * count)
        });
    }
    let sizes = Sizes {
        program,
        file: expr.file,
    };
    let rounds = sizes.rounds(expr.expr);
    if rounds.known {
        return Some(rounds.count.least);
    }
    let mut least: Option<f64> = None;
    for value in program.values(expr).iter() {
        let Some(Site::Expr(site)) = program.site(value).filter(|&site| site != Site::Expr(expr)) else {
            return None;
        };
        let count = least_count(program, site, depth + 1)?;
        least = Some(least.map_or(count, |other| other.min(count)));
    }
    least
}

/// Bytes of a pickled element, as far as the expression that makes it shows them.
fn entry_bytes(program: &Program<'_>, expr: ExprRef, depth: u32) -> f64 {
    let part = |inner: ExprId| {
        if depth < COUNTED {
            entry_bytes(program, program.sibling(expr, inner), depth + 1)
        } else {
            PICKLED
        }
    };
    match program.kind(expr) {
        ExprKind::Sequence { elements, .. } => PICKLED + elements.iter().map(|&element| part(element)).sum::<f64>(),
        ExprKind::Dict { entries, .. } => {
            let keys = entries.iter().filter_map(|(key, _)| *key);
            PICKLED
                + keys
                    .chain(entries.iter().map(|(_, value)| *value))
                    .map(part)
                    .sum::<f64>()
        }
        ExprKind::Comprehension { element, value, .. } => {
            let each: f64 = std::iter::once(*element).chain(*value).map(part).sum();
            PICKLED + least_count(program, expr, depth).unwrap_or(0.0) * each
        }
        ExprKind::Str { len, .. } => PICKLED + f64::from(*len),
        ExprKind::Binary { left, .. } if matches!(program.kind(program.sibling(expr, *left)), ExprKind::Str { .. }) => {
            part(*left)
        }
        _ => {
            let values = program.values(expr);
            let has = |name: &str| values.iter().any(|value| program.type_names(value).contains(&name));
            if has(language::FLOAT) || has(language::STR) {
                PICKLED_FLOAT
            } else {
                PICKLED
            }
        }
    }
}

/// The expressions whose values are the same for all tasks of a submission.
pub(super) fn repeated_expressions(program: &Program<'_>, submission: &Submission<'_>) -> Vec<ExprRef> {
    let mut found = Vec::new();
    for partial in submission.targets.iter().flat_map(|target| &target.partials) {
        if let ExprKind::Call { arguments, .. } = program.kind(*partial) {
            found.extend(
                arguments
                    .iter()
                    .skip(1)
                    .map(|argument| program.sibling(*partial, argument.value)),
            );
        }
    }
    for argument in &submission.arguments {
        if !argument.elements && submission.intent != Intent::Map {
            found.push(argument.expr);
        } else {
            found.extend(constant_parts(program, argument.expr));
        }
    }
    if let Some(call) = submission.through {
        found.extend(passed_through(program, submission.call, call));
    }
    found.retain(|&expr| is_outside_of_loops(program, expr));
    found
}

/// What a call passes to a wrapper that hands it over with each of its tasks.
fn passed_through(program: &Program<'_>, call: ExprRef, inner: ExprRef) -> Vec<ExprRef> {
    let mut found = Vec::new();
    let Some(inner) = program.submissions.iter().find(|submission| submission.call == inner) else {
        return found;
    };
    if inner.intent == Intent::Map || !inner.intent.is_fan_out() {
        return found;
    }
    let wrapper = program.function_around(inner.scope);
    let bound = program.callees(call).into_iter().find_map(|callee| match callee {
        Callee::Function { function, receiver } if function == wrapper => Some(receiver.is_some()),
        _ => None,
    });
    let Some(bound) = bound else { return found };
    for argument in inner.arguments.iter().filter(|argument| !argument.elements) {
        let ExprKind::Name { reaching, .. } = program.kind(argument.expr) else {
            continue;
        };
        let [def] = reaching.as_slice() else { continue };
        let DefKind::Parameter { index } = program.file(argument.expr.file).definition(*def).kind else {
            continue;
        };
        let parameter = &program.scope(wrapper).parameters[index as usize];
        let position = index.saturating_sub(u32::from(bound));
        if parameter.kind == ParameterKind::Star {
            let rest = (position..).map_while(|position| program.argument(call, Some(position), None));
            found.extend(rest);
        } else {
            found.extend(program.argument(call, Some(position), Some(&parameter.name)));
        }
    }
    found
}

/// The parts of a comprehension's tuples: `table` in `[(table, row) for row in rows]`.
fn constant_parts(program: &Program<'_>, iterable: ExprRef) -> Vec<ExprRef> {
    let written = match program.kind(iterable) {
        ExprKind::Name { reaching, .. } => match reaching.as_slice() {
            [def] => match &program.file(iterable.file).definition(*def).kind {
                DefKind::Assign { value, path } if path.is_empty() => program.sibling(iterable, *value),
                _ => iterable,
            },
            _ => iterable,
        },
        _ => iterable,
    };
    let ExprKind::Comprehension { element, .. } = program.kind(written) else {
        return Vec::new();
    };
    match program.kind(program.sibling(written, *element)) {
        ExprKind::Sequence { elements, .. } => elements.iter().map(|&part| program.sibling(written, part)).collect(),
        // `delayed(f)(table, row) for row in rows`.
        ExprKind::Call { arguments, .. } => arguments
            .iter()
            .map(|argument| program.sibling(written, argument.value))
            .collect(),
        _ => Vec::new(),
    }
}

/// A name or attribute that does not come from the loop around.
fn is_outside_of_loops(program: &Program<'_>, expr: ExprRef) -> bool {
    match program.kind(expr) {
        ExprKind::Name { reaching, .. } => {
            !reaching
                .iter()
                .any(|&def| match &program.file(expr.file).definition(def).kind {
                    DefKind::Element { .. } => true,
                    DefKind::Assign { value, .. } => !program.index(expr.file).loops_around(*value).is_empty(),
                    _ => false,
                })
        }
        ExprKind::Attribute { base, .. } => is_outside_of_loops(program, program.sibling(expr, *base)),
        _ => false,
    }
}

/// Whether a list, dict or the like is made here, and not an array or something that holds arrays.
fn is_of_objects(program: &Program<'_>, made: ExprRef) -> bool {
    match program.kind(made) {
        ExprKind::Comprehension { .. } => true,
        ExprKind::Call { .. } => {
            !super::lost::allocates(program, made)
                && Sizes {
                    program,
                    file: made.file,
                }
                .rounds(made.expr)
                .known
        }
        _ => false,
    }
}
