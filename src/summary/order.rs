//! The order in which functions are summarised: callees first, functions that call each other together.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, OnceLock};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::facts::{DefId, DefKind, ExprKind, ScopeId};
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program};

/// Functions that call each other, or one function.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) functions: Vec<ScopeRef>,
    /// Some of them calls itself, directly or through the others.
    pub(super) recursive: bool,
}

/// Who calls whom, found out as far as it is asked for.
pub(crate) struct CallOrder<'p> {
    program: &'p Program<'p>,
    nodes: Vec<ScopeRef>,
    /// The number of a file's module, by file.
    first: Vec<u32>,
    edges: Vec<OnceLock<Vec<u32>>>,
}

impl<'p> CallOrder<'p> {
    /// Numbers the scopes of the files that matter.
    pub(super) fn new(program: &'p Program<'p>) -> Self {
        let mut nodes = Vec::new();
        let mut first = Vec::new();
        for file in program.file_ids() {
            first.push(number(nodes.len()));
            if program.reached[file.index()] {
                let count = number(program.file(file).scopes.len());
                nodes.extend((0..count).map(|scope| ScopeRef {
                    file,
                    scope: ScopeId(scope),
                }));
            }
        }
        first.push(number(nodes.len()));
        let edges = nodes.iter().map(|_| OnceLock::new()).collect();
        Self {
            program,
            nodes,
            first,
            edges,
        }
    }

    /// The program.
    pub(super) fn program(&self) -> &'p Program<'p> {
        self.program
    }

    /// How many scopes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The number of a scope, unless its file does not matter.
    pub(super) fn number(&self, scope: ScopeRef) -> Option<usize> {
        let number = self.first[scope.file.index()] as usize + scope.scope.index();
        (number < self.first[scope.file.index() + 1] as usize).then_some(number)
    }

    /// The scope with a number.
    pub(super) fn scope(&self, number: usize) -> ScopeRef {
        self.nodes[number]
    }

    /// What the code of a scope may call.
    pub(super) fn callees(&self, node: usize) -> &[u32] {
        self.edges[node].get_or_init(|| {
            let found = callees(self.program, self.nodes[node]);
            let numbers = found.into_iter().filter_map(|callee| self.number(callee));
            numbers.map(number).collect()
        })
    }

    /// Whether a function is called again within so many calls from it.
    pub(super) fn comes_back(&self, function: ScopeRef, calls: usize) -> bool {
        let Some(start) = self.number(function) else {
            return false;
        };
        let (mut seen, mut frontier) = (BTreeSet::new(), vec![start]);
        for _ in 0..calls {
            let callees = frontier.iter().flat_map(|&node| self.callees(node));
            frontier = callees
                .map(|&callee| callee as usize)
                .filter(|&callee| seen.insert(callee))
                .collect();
            if seen.contains(&start) {
                return true;
            }
        }
        false
    }

    /// Finds out at once what all scopes call.
    pub(super) fn fill(&self) {
        (0..self.len()).into_par_iter().for_each(|node| {
            self.callees(node);
        });
    }

    /// The functions that the roots call, directly or not, and the roots themselves, in the order in which they are to
    /// be done: callees first. Nothing behind a function that is left out is looked at.
    pub(super) fn components(
        &self,
        roots: impl IntoIterator<Item = usize>,
        left_out: &dyn Fn(usize) -> bool,
    ) -> Vec<Component> {
        let edges = |node: usize| self.callees(node).iter().map(|&callee| callee as usize);
        strongly_connected(roots, &edges, left_out)
            .into_iter()
            .map(|mut members| {
                members.sort_unstable();
                let recursive = members.len() > 1 || edges(members[0]).any(|callee| callee == members[0]);
                let functions = members.into_iter().map(|member| self.nodes[member]).collect();
                Component { functions, recursive }
            })
            .collect()
    }
}

/// Summaries of functions, each made when it is first asked for, after those of the functions that it calls.
pub(crate) struct OnDemand<'p, T> {
    order: &'p CallOrder<'p>,
    settled: Vec<OnceLock<T>>,
    /// One thread at a time makes summaries.
    turn: Mutex<()>,
}

/// The summaries that one about to be made may read.
pub(crate) struct Known<'k, T> {
    order: &'k CallOrder<'k>,
    settled: &'k [OnceLock<T>],
    /// Those of the functions that are done together, as of the last round.
    inside: HashMap<ScopeRef, T>,
}

/// How summaries are made.
pub(crate) struct Way<'w, T> {
    /// Functions that call each other are done together, this many times over.
    pub(super) rounds: usize,
    /// They see what others of them have made in the same round.
    pub(super) seen_at_once: bool,
    /// Makes the summary of a function from those of what it calls.
    pub(super) read: &'w dyn Fn(&Known<'_, T>, ScopeRef) -> T,
    /// The last word on functions that call each other.
    pub(super) finish: &'w dyn Fn(ScopeRef, T) -> T,
}

impl<T> Known<'_, T> {
    /// The summary of a function, if it is made already.
    pub(crate) fn get(&self, function: &ScopeRef) -> Option<&T> {
        if let Some(found) = self.inside.get(function) {
            return Some(found);
        }
        self.order
            .number(*function)
            .and_then(|number| self.settled[number].get())
    }
}

impl<'p, T> OnDemand<'p, T> {
    /// No summary is made yet.
    pub(super) fn new(order: &'p CallOrder<'p>) -> Self {
        Self {
            order,
            settled: std::iter::repeat_with(OnceLock::new).take(order.len()).collect(),
            turn: Mutex::new(()),
        }
    }

    /// What is made by now.
    pub(super) fn known(&self) -> Known<'_, T> {
        Known {
            order: self.order,
            settled: &self.settled,
            inside: HashMap::new(),
        }
    }

    /// The summary of a function, made as `way` says.
    pub(super) fn get(&self, function: ScopeRef, way: &Way<'_, T>) -> Option<&T> {
        let node = self.order.number(function)?;
        if let Some(found) = self.settled[node].get() {
            return Some(found);
        }
        let turn = self.turn.lock();
        let is_settled = |node: usize| self.settled[node].get().is_some();
        for component in self.order.components([node], &is_settled) {
            let mut known = self.known();
            for _ in 0..if component.recursive { way.rounds } else { 1 } {
                let mut round = Vec::new();
                for &inner in &component.functions {
                    let made = (way.read)(&known, inner);
                    if way.seen_at_once {
                        known.inside.insert(inner, made);
                    } else {
                        round.push((inner, made));
                    }
                }
                known.inside.extend(round);
            }
            for inner in &component.functions {
                if let (Some(number), Some(made)) = (self.order.number(*inner), known.inside.remove(inner)) {
                    let made = if component.recursive {
                        (way.finish)(*inner, made)
                    } else {
                        made
                    };
                    let _ = self.settled[number].set(made);
                }
            }
        }
        drop(turn);
        self.settled[node].get()
    }
}

fn number(number: usize) -> u32 {
    u32::try_from(number).expect("internal: fewer than 2^32 scopes")
}

/// The functions of the project that the code of a scope may call, sorted.
pub(crate) fn callees(program: &Program<'_>, scope: ScopeRef) -> BTreeSet<ScopeRef> {
    let mut found = BTreeSet::new();
    let index = program.index(scope.file);
    for &statement in index.statements_of(scope.scope) {
        for root in crate::facts::statement_expressions(index.statement(statement).stmt) {
            collect(
                program,
                ExprRef {
                    file: scope.file,
                    expr: root,
                },
                &mut found,
            );
        }
    }
    found
}

fn collect(program: &Program<'_>, expr: ExprRef, found: &mut BTreeSet<ScopeRef>) {
    match program.kind(expr) {
        ExprKind::Call { arguments, .. } => {
            for callee in program.callees(expr) {
                collect_callee(program, &callee, found, 0);
            }
            // Callables that a known call runs itself count as called.
            for argument in arguments {
                for callee in program.callees_of(program.values(program.sibling(expr, argument.value))) {
                    collect_callee(program, &callee, found, 0);
                }
            }
        }
        ExprKind::Attribute { base, name, .. } => {
            for value in program.values(program.sibling(expr, *base)).iter() {
                if let Value::Instance { class, .. } = *program.value(value) {
                    for stores in [false, true] {
                        if let Some(function) = program.property_function(class, name, stores) {
                            found.insert(function);
                            found.extend(program.solution.wrappers.get(&function).into_iter().flatten());
                        }
                    }
                }
            }
        }
        _ => {}
    }
    found.extend(handed_generators(program, expr));
    for value in program.values(expr).iter() {
        if let Value::Instance { class, site } = *program.value(value) {
            for method in ["__enter__", "__exit__", "__aenter__", "__aexit__"] {
                found.extend(program.methods(class, method, site.is_none()).first());
            }
            for method in ["__next__", "__getitem__"] {
                found.extend(program.methods(class, method, false));
            }
        }
    }
    crate::facts::for_each_child(program.file(expr.file), expr.expr, &mut |child| {
        collect(program, program.sibling(expr, child), found);
    });
}

/// The generator functions whose generators a parameter holds: who goes through one runs it.
pub(super) fn handed_generators(program: &Program<'_>, expr: ExprRef) -> Vec<ScopeRef> {
    if !is_parameter(program, expr) {
        return Vec::new();
    }
    let values = program.values(expr).iter();
    let generators = values.filter_map(|value| match *program.value(value) {
        Value::Generator(function) => Some(function),
        _ => None,
    });
    generators.collect()
}

/// Whether an expression is the name of a parameter that keeps what it is given.
pub(super) fn is_parameter(program: &Program<'_>, expr: ExprRef) -> bool {
    let file = program.file(expr.file);
    let given = |def: &DefId| matches!(file.definition(*def).kind, DefKind::Parameter { .. });
    matches!(program.kind(expr), ExprKind::Name { reaching, .. } if !reaching.is_empty() && reaching.iter().all(given))
}

fn collect_callee(program: &Program<'_>, callee: &Callee, found: &mut BTreeSet<ScopeRef>, depth: u32) {
    match callee {
        Callee::Function { function, .. } => {
            found.insert(*function);
            found.extend(program.solution.wrappers.get(function).into_iter().flatten());
        }
        Callee::Class(class) => found.extend(program.methods(*class, "__init__", false)),
        Callee::Partial(site) if depth < 4 => {
            if let Some(inner) = program.argument(*site, Some(0), None) {
                for callee in program.callees_of(program.values(inner)) {
                    collect_callee(program, &callee, found, depth + 1);
                }
            }
        }
        _ => {}
    }
}

/// Tarjan's algorithm without recursion: components in reverse topological order, callees first.
fn strongly_connected<I: Iterator<Item = usize>>(
    roots: impl IntoIterator<Item = usize>,
    edges: &dyn Fn(usize) -> I,
    left_out: &dyn Fn(usize) -> bool,
) -> Vec<Vec<usize>> {
    // The number, the lowest number in reach, and whether the node is on the stack.
    let mut marks: FxHashMap<usize, (usize, usize, bool)> = FxHashMap::default();
    let (mut stack, mut components) = (Vec::new(), Vec::new());
    for root in roots {
        if marks.contains_key(&root) || left_out(root) {
            continue;
        }
        marks.insert(root, (marks.len(), marks.len(), true));
        stack.push(root);
        let mut work = vec![(root, edges(root))];
        while let Some((node, callees)) = work.last_mut() {
            let node = *node;
            if let Some(callee) = callees.next() {
                match marks.get(&callee) {
                    Some(&(number, _, true)) => lower(&mut marks, node, number),
                    Some(_) => {}
                    None if left_out(callee) => {}
                    None => {
                        marks.insert(callee, (marks.len(), marks.len(), true));
                        stack.push(callee);
                        work.push((callee, edges(callee)));
                    }
                }
                continue;
            }
            work.pop();
            let (number, low, _) = marks[&node];
            if let Some(&(above, _)) = work.last() {
                lower(&mut marks, above, low);
            }
            if low == number {
                let start = stack.iter().rposition(|&member| member == node).unwrap_or_default();
                let component = stack.split_off(start);
                for member in &component {
                    marks.entry(*member).and_modify(|mark| mark.2 = false);
                }
                components.push(component);
            }
        }
    }
    components
}

fn lower(marks: &mut FxHashMap<usize, (usize, usize, bool)>, node: usize, number: usize) {
    marks.entry(node).and_modify(|mark| mark.1 = mark.1.min(number));
}
