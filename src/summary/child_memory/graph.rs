//! Who calls whom, with the place of each call, and what the parent runs after a hand-over.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::facts::{ExprId, ExprKind, StmtKind};
use crate::knowledge::{Semantic, WorkerKind};
use crate::link::index::{Branch, Loop, StmtId};
use crate::link::initializers::initializer_of;
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program};

/// A call of a function of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    /// The expression that calls.
    pub(super) at: ExprRef,
    /// What it calls.
    pub(super) to: ScopeRef,
    /// In which way.
    pub(super) nature: Nature,
}

/// How one function comes to run another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nature {
    /// It calls it.
    Calls,
    /// It looks at an object: iterates over it, measures it or takes an item.
    Looks,
    /// It hands it to a function that need not call it.
    Mentions,
}

/// The calls that one process makes in itself: what is handed to another process is left out.
#[derive(Debug, Default)]
pub(super) struct CallGraph {
    edges: BTreeMap<ScopeRef, Vec<Edge>>,
    callers: HashMap<ScopeRef, Vec<ExprRef>>,
    /// Expressions that may call more functions than can be told apart.
    vague: HashSet<ExprRef>,
    /// Calls that hand work to processes.
    pub(super) handed: HashSet<ExprRef>,
    /// Functions that run first in workers, by the call that makes the pool.
    pub(super) initializers: BTreeMap<ExprRef, Vec<ScopeRef>>,
}

/// What entering or calling an object runs.
const ACTS: [&str; 3] = ["__enter__", "__exit__", "__call__"];
/// What iterating over an object, measuring or indexing it runs.
const LOOKS: [&str; 4] = ["__iter__", "__next__", "__len__", "__getitem__"];

/// A call that may run more functions than this is not followed for what it passes on.
const CALLEES: usize = 3;

impl CallGraph {
    pub(super) fn new(program: &Program<'_>) -> Self {
        let mut graph = Self::default();
        for submission in &program.submissions {
            if submission.may_be(WorkerKind::Process) {
                graph.handed.insert(submission.call);
            }
        }
        for file in program.file_ids() {
            let index = program.index(file);
            for number in 0..program.file(file).expressions.len() {
                let expr = ExprId(u32::try_from(number).expect("internal: fewer than 2^32 expressions"));
                if index.statement_of(expr).is_some() {
                    graph.expression(program, ExprRef { file, expr });
                }
            }
        }
        let mut counts: BTreeMap<ExprRef, usize> = BTreeMap::new();
        for edges in graph.edges.values_mut() {
            edges.sort();
            edges.dedup();
            for edge in edges {
                *counts.entry(edge.at).or_default() += 1;
            }
        }
        let called = |at: ExprRef| matches!(program.kind(at), ExprKind::Call { .. } | ExprKind::Name { .. });
        let vague = counts.into_iter().filter(|&(at, count)| count > CALLEES && called(at));
        graph.vague = vague.map(|(at, _)| at).collect();
        graph
    }

    fn add(&mut self, program: &Program<'_>, at: ExprRef, to: ScopeRef) {
        self.add_as(program, at, to, Nature::Calls);
    }

    fn add_as(&mut self, program: &Program<'_>, at: ExprRef, to: ScopeRef, nature: Nature) {
        self.add_edge(program, Edge { at, to, nature });
        for &to in program.solution.wrappers.get(&to).into_iter().flatten() {
            self.add_edge(program, Edge { at, to, nature });
        }
    }

    fn add_edge(&mut self, program: &Program<'_>, edge: Edge) {
        let from = program.function_around(program.scope_of(edge.at));
        self.edges.entry(from).or_default().push(edge);
        self.callers.entry(edge.to).or_default().push(edge.at);
    }

    fn expression(&mut self, program: &Program<'_>, expr: ExprRef) {
        match program.kind(expr) {
            ExprKind::Call { arguments, .. } => {
                for callee in program.callees(expr) {
                    self.callee(program, expr, &callee, 0);
                }
                if self.handed.contains(&expr) {
                    return;
                }
                let initializer = self.initializer(program, expr);
                let nature = if calls_arguments(program, expr) {
                    Nature::Calls
                } else {
                    Nature::Mentions
                };
                for argument in arguments {
                    let argument = program.sibling(expr, argument.value);
                    if Some(argument) != initializer {
                        self.argument(program, argument, nature);
                    }
                }
            }
            ExprKind::Attribute { base, name, .. } => self.property(program, expr, *base, name),
            ExprKind::Subscript { base, .. } => self.protocol(program, program.sibling(expr, *base)),
            ExprKind::Comprehension { clauses, .. } => {
                for clause in clauses {
                    self.protocol(program, program.sibling(expr, clause.iterable));
                }
            }
            _ => {
                let index = program.index(expr.file);
                if index.parent(expr.expr).is_none()
                    && let Some(statement) = index.statement_of(expr.expr)
                    && matches!(
                        index.statement(statement).stmt.kind,
                        StmtKind::For { .. } | StmtKind::With { .. }
                    )
                {
                    self.protocol(program, expr);
                }
            }
        }
    }

    fn argument(&mut self, program: &Program<'_>, argument: ExprRef, nature: Nature) {
        for value in program.values(argument).iter() {
            match *program.value(value) {
                Value::Function(function) | Value::BoundMethod { function, .. } => {
                    self.add_as(program, argument, function, nature)
                }
                Value::Partial(_) => {
                    for callee in program.callees_of(&crate::link::values::ValueSet::one(value)) {
                        self.callee(program, argument, &callee, 0);
                    }
                }
                Value::Instance { .. } => self.protocol(program, argument),
                _ => {}
            }
        }
    }

    fn callee(&mut self, program: &Program<'_>, at: ExprRef, callee: &Callee, depth: u32) {
        match callee {
            Callee::Function { function, .. } => self.add(program, at, *function),
            Callee::Class(class) => {
                for init in program.methods(*class, "__init__", false) {
                    self.add(program, at, init);
                }
            }
            Callee::Partial(site) if depth < 4 => {
                if let Some(inner) = program.argument(*site, Some(0), None) {
                    for callee in program.callees_of(program.values(inner)) {
                        self.callee(program, at, &callee, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    fn property(&mut self, program: &Program<'_>, expr: ExprRef, base: ExprId, name: &str) {
        for value in program.values(program.sibling(expr, base)).iter() {
            if let Value::Instance { class, .. } = *program.value(value) {
                for getter in program.methods(class, name, false) {
                    if program.semantics_of_decorators(getter).contains(&Semantic::Property) {
                        self.add(program, expr, getter);
                    }
                }
            }
        }
    }

    fn protocol(&mut self, program: &Program<'_>, expr: ExprRef) {
        for value in program.values(expr).iter() {
            if let Value::Instance { class, .. } = *program.value(value) {
                let acts = ACTS.iter().map(|name| (name, Nature::Calls));
                for (name, nature) in acts.chain(LOOKS.iter().map(|name| (name, Nature::Looks))) {
                    for method in program.methods(class, name, false) {
                        self.add_as(program, expr, method, nature);
                    }
                }
            }
        }
    }

    /// The argument of a pool's constructor that workers run first; it is written down.
    fn initializer(&mut self, program: &Program<'_>, call: ExprRef) -> Option<ExprRef> {
        let argument = initializer_of(program, call)?.callable?;
        let functions = crate::link::submissions::targets_of(program, argument);
        let functions = functions.iter().filter_map(crate::link::Target::function).collect();
        self.initializers.insert(call, functions);
        Some(argument)
    }

    /// The calls in the code of a function.
    pub(super) fn edges(&self, function: ScopeRef) -> &[Edge] {
        self.edges.get(&function).map_or(&[], Vec::as_slice)
    }

    /// Whether it is not known well what an expression calls.
    pub(super) fn is_vague(&self, at: ExprRef) -> bool {
        self.vague.contains(&at)
    }

    /// The calls of a function.
    pub(super) fn callers(&self, function: ScopeRef) -> &[ExprRef] {
        self.callers.get(&function).map_or(&[], Vec::as_slice)
    }

    /// Adds everything that the functions call, directly or not, up to `barred`.
    pub(super) fn close(&self, functions: &mut BTreeSet<ScopeRef>, barred: &dyn Fn(ScopeRef) -> bool) {
        let mut work: Vec<ScopeRef> = functions.iter().copied().collect();
        while let Some(function) = work.pop() {
            for edge in self.edges(function) {
                if !barred(edge.to) && functions.insert(edge.to) {
                    work.push(edge.to);
                }
            }
        }
    }
}

/// Whether a call may be of something that calls the functions that it is passed. What functions of the project do with
/// them is seen where they call their parameters; some others only describe them or keep them for the moment of a fork.
fn calls_arguments(program: &Program<'_>, call: ExprRef) -> bool {
    let callees = program.callees(call);
    let asks_for_type = |callee: &Callee| {
        matches!(callee, Callee::External { name, .. }
            if program.knowledge.semantic(name) == Some(Semantic::TypeOf))
    };
    if callees.iter().any(asks_for_type) {
        return false;
    }
    let leaves_alone = |callee: &Callee| match callee {
        Callee::Function { .. } | Callee::Class(_) => true,
        Callee::External { name, receiver: None } => {
            let semantic = program.knowledge.semantic(name);
            let is_plain = matches!(semantic, None | Some(Semantic::RunsAfterFork));
            is_plain && program.knowledge.call(name).is_some_and(|fact| fact.invokes.is_empty())
        }
        _ => false,
    };
    callees.is_empty()
        || !callees.iter().all(leaves_alone)
        || program.values(call).iter().any(|value| program.role(value).is_some())
}

/// A place in a function that is on the way to a hand-over.
#[derive(Clone, Debug)]
struct Moment {
    anchor: ExprRef,
    from: u32,
    until: u32,
    loop_start: Option<u32>,
}

/// What the parent runs after a hand-over, as far as it is in sight, and what it has run before.
#[derive(Debug, Default)]
pub(super) struct Afterwards {
    moments: BTreeMap<ScopeRef, Vec<Moment>>,
    later: BTreeSet<ScopeRef>,
    /// What is called from the functions on the way before the hand-over.
    pub(super) earlier: BTreeSet<ScopeRef>,
}

/// Calls on the way that are followed.
const MOMENTS: usize = 300;

impl Afterwards {
    pub(super) fn new(
        program: &Program<'_>,
        graph: &CallGraph,
        call: ExprRef,
        child: &dyn Fn(ScopeRef) -> bool,
    ) -> Self {
        let mut afterwards = Self::default();
        let mut work = vec![call];
        let mut seen = HashSet::new();
        while let Some(call) = work.pop() {
            let scope = program.function_around(program.scope_of(call));
            if child(scope) || !seen.insert(call) || seen.len() > MOMENTS {
                continue;
            }
            afterwards.moments.entry(scope).or_default().push(moment(program, call));
            work.extend(graph.callers(scope));
        }
        let scopes: Vec<ScopeRef> = afterwards.moments.keys().copied().collect();
        let (mut later, mut earlier) = (BTreeSet::new(), BTreeSet::new());
        for scope in scopes {
            for edge in graph.edges(scope) {
                if afterwards.is_later_in(program, scope, edge.at, true) {
                    later.insert(edge.to);
                } else {
                    earlier.insert(edge.to);
                }
            }
        }
        later.retain(|&function| !child(function));
        graph.close(&mut later, child);
        graph.close(&mut earlier, child);
        afterwards.later = later;
        afterwards.earlier = earlier;
        afterwards
    }

    /// Whether a function is on the way to the hand-over.
    pub(super) fn leads_here(&self, scope: ScopeRef) -> bool {
        self.moments.contains_key(&scope)
    }

    /// Whether an expression may run after the hand-over; `again` counts the next round of loops around it.
    pub(super) fn covers(&self, program: &Program<'_>, expr: ExprRef, again: bool) -> bool {
        let scope = program.function_around(program.scope_of(expr));
        self.later.contains(&scope) || self.is_later_in(program, scope, expr, again)
    }

    /// Whether a call is made instead of those that lead to the hand-over, in another branch.
    pub(super) fn excludes(&self, program: &Program<'_>, call: ExprRef) -> bool {
        let scope = program.function_around(program.scope_of(call));
        self.moments
            .get(&scope)
            .is_some_and(|moments| moments.iter().all(|moment| exclude(program, moment.anchor, call)))
    }

    fn is_later_in(&self, program: &Program<'_>, scope: ScopeRef, expr: ExprRef, again: bool) -> bool {
        let start = program.place(expr).span.start;
        self.moments.get(&scope).into_iter().flatten().any(|moment| {
            let after = start >= moment.from && start < moment.until && !exclude(program, moment.anchor, expr);
            let next_round = again
                && moment
                    .loop_start
                    .is_some_and(|loop_start| start >= loop_start && start < moment.until);
            after || next_round
        })
    }
}

fn moment(program: &Program<'_>, anchor: ExprRef) -> Moment {
    let index = program.index(anchor.file);
    let mut until = u32::MAX;
    let mut level = index.statement_of(anchor.expr);
    while let Some(id) = level {
        until = until.min(end_of_block(program, anchor, id));
        level = index.statement(id).parent.map(|(above, _)| above);
    }
    let outermost = index
        .loops_around(anchor.expr)
        .into_iter()
        .filter_map(|around| match around {
            Loop::Statement(id) => Some(index.statement(id).stmt.span.start),
            Loop::Comprehension(_) => None,
        });
    Moment {
        anchor,
        from: program.place(anchor).span.end,
        until,
        loop_start: outermost.min(),
    }
}

/// Where control leaves the function for good after a statement, at the level of its block.
fn end_of_block(program: &Program<'_>, anchor: ExprRef, id: StmtId) -> u32 {
    let index = program.index(anchor.file);
    let this = index.statement(id);
    index
        .statements_of(this.scope)
        .iter()
        .map(|&other| index.statement(other))
        .filter(|other| other.parent == this.parent && other.position >= this.position)
        .find(|other| matches!(other.stmt.kind, StmtKind::Return(_) | StmtKind::Raise { .. }))
        .map_or(u32::MAX, |other| other.stmt.span.end)
}

/// Whether two expressions of a scope stand in branches of which only one runs.
fn exclude(program: &Program<'_>, first: ExprRef, second: ExprRef) -> bool {
    let index = program.index(first.file);
    let around = |expr: ExprRef| -> Vec<(StmtId, Branch)> {
        index
            .statement_of(expr.expr)
            .map_or_else(Vec::new, |id| index.ancestors(id).collect())
    };
    let second = around(second);
    around(first).into_iter().any(|(id, branch)| {
        matches!(
            index.statement(id).stmt.kind,
            StmtKind::If { .. } | StmtKind::Match { .. }
        ) && second.iter().any(|&(other, side)| other == id && side != branch)
    })
}
