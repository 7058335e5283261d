//! From which functions a kind of call is reached, and by which chain of calls.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::facts::{DefKind, ExprKind, ScopeKind, StmtKind};
use crate::knowledge::{Semantic, WorkerKind};
use crate::link::language;
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program};

use super::conditions::{Condition, holds, literal, parameter_read};
use super::liveness::{Liveness, Runs, where_parameters_are_unknown};

/// A call of a function of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: ScopeRef,
    at: ExprRef,
    /// The receiver is passed, so that positions start at the second parameter.
    bound: bool,
    /// No other function can be meant.
    certain: bool,
}

/// A way from a function to what is looked for.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    /// The step in the function itself.
    pub(super) at: ExprRef,
    /// The function that the step calls, with the number of its way; `None` at the end.
    pub(super) next: Option<(ScopeRef, usize)>,
    /// The call that is looked for.
    pub(super) end: ExprRef,
    /// Whether the way is taken whenever the function runs.
    pub(super) runs: Runs,
    /// Tests of the function's own parameters around the step.
    conditions: Vec<Condition>,
    length: u32,
}

/// The ways of every function.
#[derive(Debug, Default)]
pub(super) struct Ways(BTreeMap<ScopeRef, Vec<Reach>>);

/// Ways that are kept for each function.
const WAYS: usize = 4;
/// Ways that are kept for each module.
const MODULE_WAYS: usize = 64;
/// Longer chains are not followed.
const LENGTH: u32 = 12;

/// Who calls each function.
#[derive(Debug, Default)]
pub(super) struct CallGraph {
    callers: BTreeMap<ScopeRef, BTreeSet<Edge>>,
}

impl CallGraph {
    pub(super) fn compute(program: &Program<'_>) -> Self {
        let mut graph = Self::default();
        for call in program.calls() {
            graph.call(program, call);
        }
        for file in program.file_ids() {
            graph.decorators(program, file);
            graph.implicit(program, file);
        }
        graph.handed_to_threads(program);
        graph
    }

    fn add(&mut self, program: &Program<'_>, at: ExprRef, to: ScopeRef, bound: bool, certain: bool) {
        let from = program.function_around(program.scope_of(at));
        let edge = Edge {
            from,
            at,
            bound,
            certain,
        };
        self.callers.entry(to).or_default().insert(edge);
    }

    fn call(&mut self, program: &Program<'_>, call: ExprRef) {
        let ExprKind::Call { callee, .. } = program.kind(call) else {
            return;
        };
        let callees = program.callees(call);
        let called = functions_of(program, &callees);
        if called.len() > 1 && is_parameter(program, program.sibling(call, *callee)) {
            // Which of the callers' functions is meant depends on the caller.
            self.through_parameter(program, program.sibling(call, *callee));
        } else {
            let certain = called.len() == 1 && callees.len() == 1;
            for &(function, bound) in &called {
                self.add(program, call, function, bound, certain);
                for &wrapper in program.solution.wrappers.get(&function).into_iter().flatten() {
                    self.add(program, call, wrapper, bound, certain);
                }
            }
        }
        for callee in &callees {
            if let Callee::External { name, .. } = callee {
                self.run_by_library(program, call, name);
            }
        }
    }

    /// Callables that a known call runs itself.
    fn run_by_library(&mut self, program: &Program<'_>, call: ExprRef, name: &str) {
        let Some(fact) = program.knowledge.call(name) else {
            return;
        };
        for invocation in &fact.invokes {
            let Some(argument) = program.argument(call, invocation.position, invocation.keyword.as_deref()) else {
                continue;
            };
            let callees = program.callees_of(program.values(argument));
            for (function, bound) in functions_of(program, &callees) {
                self.add(program, call, function, bound, callees.len() == 1);
            }
        }
    }

    /// `def run(f): f()`: each caller of `run` calls what it passes.
    fn through_parameter(&mut self, program: &Program<'_>, name: ExprRef) {
        let Some((function, index)) = parameter_read(program, name) else {
            return;
        };
        let Some(parameter) = program.scope(function).parameters.get(index as usize) else {
            return;
        };
        let calls: Vec<ExprRef> = program
            .solution
            .callers
            .get(&function)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        for call in calls {
            let Some(bound) = is_bound(program, call, function) else {
                continue;
            };
            let position = index.checked_sub(u32::from(bound));
            let Some(argument) = program.argument(call, position, Some(&parameter.name)) else {
                continue;
            };
            let callees = program.callees_of(program.values(argument));
            for (passed, bound) in functions_of(program, &callees) {
                self.add(program, call, passed, bound, callees.len() == 1);
            }
        }
    }

    /// A decorator runs where the definition stands.
    fn decorators(&mut self, program: &Program<'_>, file: crate::finding::FileId) {
        for scope in &program.file(file).scopes {
            for &decorator in &scope.decorators {
                let at = ExprRef { file, expr: decorator };
                // `@wraps(f)` names `f` and does not run it; caches and retries run it when it is called.
                if program.semantic_of_decorator(at).is_some() {
                    continue;
                }
                let callees = program.callees_of(program.values(at));
                for (function, bound) in functions_of(program, &callees) {
                    self.add(program, at, function, bound, callees.len() == 1);
                }
            }
        }
    }

    /// Properties that are read, and contexts that are entered.
    fn implicit(&mut self, program: &Program<'_>, file: crate::finding::FileId) {
        for (number, expression) in program.file(file).expressions.iter().enumerate() {
            let ExprKind::Attribute { base, name, .. } = &expression.kind else {
                continue;
            };
            let expr = crate::facts::ExprId(u32::try_from(number).expect("internal: fewer than 2^32 expressions"));
            let at = ExprRef { file, expr };
            for class in classes_of(program, program.sibling(at, *base)) {
                for getter in program.methods(class, name, false) {
                    if program.semantics_of_decorators(getter).contains(&Semantic::Property) {
                        self.add(program, at, getter, true, true);
                    }
                }
            }
        }
        for definition in &program.file(file).definitions {
            if let DefKind::Element { iterable, .. } = definition.kind {
                self.iterated(program, ExprRef { file, expr: iterable });
            }
        }
        for indexed in &program.index(file).statements {
            let StmtKind::With { items, .. } = &indexed.stmt.kind else {
                continue;
            };
            for &(context, _) in items {
                let at = ExprRef { file, expr: context };
                for class in classes_of(program, at) {
                    for method in ["__enter__", "__aenter__", "__exit__"] {
                        for function in program.methods(class, method, false) {
                            self.add(program, at, function, true, true);
                        }
                    }
                }
            }
        }
    }

    /// What a loop goes through, also where something like `enumerate` stands around it.
    fn iterated(&mut self, program: &Program<'_>, at: ExprRef) {
        let mut objects = vec![at];
        if let ExprKind::Call { arguments, .. } = program.kind(at) {
            objects.extend(arguments.iter().map(|argument| program.sibling(at, argument.value)));
        }
        for object in objects {
            // What may be one of several things is hardly ever the one that starts processes.
            let is_instance = |value| matches!(program.value(value), Value::Instance { .. });
            let classes = classes_of(program, object);
            let ([class], true) = (classes.as_slice(), program.values(object).iter().all(is_instance)) else {
                continue;
            };
            for function in program.methods(*class, language::ITER, false) {
                self.add(program, at, function, true, true);
            }
        }
    }

    /// What runs in a thread runs in this process.
    fn handed_to_threads(&mut self, program: &Program<'_>) {
        for submission in &program.submissions {
            if !submission.is_always(WorkerKind::Thread) || submission.forwarded {
                continue;
            }
            let functions: Vec<ScopeRef> = submission
                .targets
                .iter()
                .filter_map(crate::link::Target::function)
                .collect();
            for &function in &functions {
                self.add(program, submission.call, function, true, functions.len() == 1);
            }
        }
    }

    /// The scopes themselves and all functions from which calls lead to one of them.
    pub(super) fn leading_to(&self, scopes: impl IntoIterator<Item = ScopeRef>) -> BTreeSet<ScopeRef> {
        let mut found: BTreeSet<ScopeRef> = scopes.into_iter().collect();
        let mut stack: Vec<ScopeRef> = found.iter().copied().collect();
        while let Some(scope) = stack.pop() {
            for edge in self.callers.get(&scope).into_iter().flatten() {
                if found.insert(edge.from) {
                    stack.push(edge.from);
                }
            }
        }
        found
    }

    /// The ways from all functions to the calls in `ends`.
    pub(super) fn ways(&self, program: &Program<'_>, liveness: &Liveness, ends: impl Iterator<Item = ExprRef>) -> Ways {
        let mut ways = Ways::default();
        let mut queue = VecDeque::new();
        for end in ends {
            let scope = program.function_around(program.scope_of(end));
            let (runs, conditions) = liveness.of(program, end);
            let reach = Reach {
                at: end,
                next: None,
                end,
                runs,
                conditions,
                length: 1,
            };
            ways.keep(program, scope, reach, &mut queue);
        }
        while let Some((function, number)) = queue.pop_front() {
            let reach = ways.0[&function][number].clone();
            if reach.length >= LENGTH {
                continue;
            }
            for edge in self.callers.get(&function).into_iter().flatten() {
                if let Some(longer) = lengthened(program, liveness, edge, function, number, &reach) {
                    ways.keep(program, edge.from, longer, &mut queue);
                }
            }
        }
        ways
    }
}

fn lengthened(
    program: &Program<'_>,
    liveness: &Liveness,
    edge: &Edge,
    function: ScopeRef,
    number: usize,
    reach: &Reach,
) -> Option<Reach> {
    let (mut runs, mut conditions) = liveness.of(program, edge.at);
    for condition in &reach.conditions {
        match condition_at(program, edge, function, condition) {
            Some(true) => {}
            Some(false) => return None,
            None => match handed_on(program, edge, function, condition) {
                Some(condition) => conditions.push(condition),
                None if condition.early => {}
                None => runs = runs.min(Runs::Perhaps),
            },
        }
    }
    if !edge.certain {
        runs = runs.min(Runs::Perhaps);
    }
    Some(Reach {
        at: edge.at,
        next: Some((function, number)),
        end: reach.end,
        runs: runs.min(reach.runs),
        conditions,
        length: reach.length + 1,
    })
}

/// Whether a test of a parameter comes to what is wanted in one call.
fn condition_at(program: &Program<'_>, edge: &Edge, function: ScopeRef, condition: &Condition) -> Option<bool> {
    let passed = match passed_for(program, edge, function, condition) {
        Some(argument) => literal(program, argument)?,
        None if passes_unknown(program, edge.at) => return None,
        None => {
            let parameter = program.scope(function).parameters.get(condition.parameter as usize)?;
            literal(
                program,
                ExprRef {
                    file: function.file,
                    expr: parameter.default?,
                },
            )?
        }
    };
    if condition.adjusted && !passed.is_ordinary() {
        return None;
    }
    holds(program, condition.test, &passed).map(|value| value == condition.wanted)
}

/// What a call passes for the parameter that a test reads.
fn passed_for(program: &Program<'_>, edge: &Edge, function: ScopeRef, condition: &Condition) -> Option<ExprRef> {
    let parameter = program.scope(function).parameters.get(condition.parameter as usize)?;
    let position = condition.parameter.checked_sub(u32::from(edge.bound));
    program.argument(edge.at, position, Some(&parameter.name))
}

/// The same test, where the calling function passes a parameter of its own.
fn handed_on(program: &Program<'_>, edge: &Edge, function: ScopeRef, condition: &Condition) -> Option<Condition> {
    let passed = passed_for(program, edge, function, condition)?;
    let (scope, parameter) = parameter_read(program, passed)?;
    (scope == edge.from).then(|| Condition {
        parameter,
        ..condition.clone()
    })
}

fn passes_unknown(program: &Program<'_>, call: ExprRef) -> bool {
    use crate::facts::ArgumentKind;
    match program.kind(call) {
        ExprKind::Call { arguments, .. } => arguments
            .iter()
            .any(|argument| matches!(argument.kind, ArgumentKind::Star | ArgumentKind::DoubleStar)),
        _ => true,
    }
}

impl Ways {
    fn keep(
        &mut self,
        program: &Program<'_>,
        function: ScopeRef,
        reach: Reach,
        queue: &mut VecDeque<(ScopeRef, usize)>,
    ) {
        if reach.runs == Runs::Never {
            return;
        }
        let is_module = program.scope(function).kind == ScopeKind::Module;
        let known = self.0.entry(function).or_default();
        let same = known.iter().any(|other| {
            other.runs >= reach.runs && (other.conditions.is_empty() || other.conditions == reach.conditions) && {
                !is_module || other.at == reach.at
            }
        });
        let limit = if is_module { MODULE_WAYS } else { WAYS };
        if same || known.len() >= limit {
            return;
        }
        known.push(reach);
        queue.push_back((function, known.len() - 1));
    }

    /// The ways of a function or module, shortest first.
    pub(super) fn of(&self, function: ScopeRef) -> &[Reach] {
        self.0.get(&function).map_or(&[], Vec::as_slice)
    }

    /// The steps of a way: each call with the function that it calls.
    pub(super) fn steps(&self, reach: &Reach) -> Vec<(ExprRef, Option<ScopeRef>)> {
        let mut steps = vec![(reach.at, reach.next.map(|(function, _)| function))];
        let mut next = reach.next;
        while let Some((function, number)) = next {
            let step = &self.0[&function][number];
            steps.push((step.at, step.next.map(|(function, _)| function)));
            next = step.next;
        }
        steps
    }

    /// The outcome for a function whose parameters are not known.
    pub(super) fn whatever_is_passed(reach: &Reach) -> Runs {
        where_parameters_are_unknown(reach.runs, &reach.conditions)
    }
}

/// The functions of the project that callees mean, with whether a receiver is passed.
fn functions_of(program: &Program<'_>, callees: &[Callee]) -> Vec<(ScopeRef, bool)> {
    let mut found = Vec::new();
    for callee in callees {
        collect_functions(program, callee, &mut found, 0);
    }
    found
}

fn collect_functions(program: &Program<'_>, callee: &Callee, found: &mut Vec<(ScopeRef, bool)>, depth: u32) {
    match callee {
        Callee::Function { function, receiver } => found.push((*function, receiver.is_some())),
        Callee::Class(class) => {
            for method in ["__init__", "__new__", "__post_init__"] {
                found.extend(
                    program
                        .methods(*class, method, false)
                        .into_iter()
                        .map(|function| (function, true)),
                );
            }
        }
        Callee::Partial(site) if depth < 4 => {
            if let Some(inner) = program.argument(*site, Some(0), None) {
                for callee in program.callees_of(program.values(inner)) {
                    collect_functions(program, &callee, found, depth + 1);
                }
            }
        }
        _ => {}
    }
}

fn classes_of(program: &Program<'_>, expr: ExprRef) -> Vec<ScopeRef> {
    let instances = program
        .values(expr)
        .iter()
        .filter_map(|value| match *program.value(value) {
            Value::Instance { class, .. } => Some(class),
            _ => None,
        });
    instances.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Whether a callee is a parameter of the function around it, or of one around that.
fn is_parameter(program: &Program<'_>, callee: ExprRef) -> bool {
    parameter_read(program, callee).is_some()
}

/// Whether a call passes a receiver to a function, so that written arguments start at its second parameter; `None`
/// where the call only hands the function over.
fn is_bound(program: &Program<'_>, call: ExprRef, function: ScopeRef) -> Option<bool> {
    program.callees(call).iter().find_map(|callee| match callee {
        Callee::Function {
            function: called,
            receiver,
        } if *called == function => Some(receiver.is_some()),
        Callee::Class(class) if program.methods(*class, "__init__", false).contains(&function) => Some(true),
        _ => None,
    })
}
