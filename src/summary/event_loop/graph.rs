//! Who calls whom in the same thread, and which known calls each function makes itself.

use std::collections::BTreeMap;

use crate::facts::{ExprId, ExprKind, StmtKind};
use crate::knowledge::Semantic;
use crate::link::values::{ExprRef, ScopeRef, Value, ValueId};
use crate::link::{Callee, Program, language};

/// Calls that may go to more functions than this say too little.
const CHOICES: usize = 3;
/// How deep partials are followed.
const DEPTH: u32 = 4;

/// A call of a function of the project.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// The call, or the attribute that is read where the function is a property.
    pub(super) at: ExprRef,
    /// The function that runs.
    pub(super) function: ScopeRef,
    /// Nothing else can be meant.
    pub(super) sure: bool,
}

/// A call of something outside the project.
#[derive(Clone, Debug)]
pub(super) struct Outside {
    /// The call.
    pub(super) call: ExprRef,
    /// Its full dotted name.
    pub(super) name: std::sync::Arc<str>,
    /// What a method is bound to.
    pub(super) receiver: Option<ValueId>,
    /// Nothing else can be meant.
    pub(super) sure: bool,
}

/// The calls of all functions, lambdas and modules.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Calls of functions of the project by the scope whose code makes them, in order.
    pub(super) edges: BTreeMap<ScopeRef, Vec<Edge>>,
    /// Calls of the outside by scope, in order.
    pub(super) outside: BTreeMap<ScopeRef, Vec<Outside>>,
    /// The edges the other way round: function -> scope and edge.
    pub(super) callers: BTreeMap<ScopeRef, Vec<(ScopeRef, Edge)>>,
}

impl Graph {
    pub(super) fn new(program: &Program<'_>) -> Self {
        let mut graph = Self::default();
        for file in program.file_ids() {
            let count = u32::try_from(program.file(file).expressions.len()).unwrap_or(u32::MAX);
            for number in 0..count {
                let expr = ExprRef {
                    file,
                    expr: ExprId(number),
                };
                match program.kind(expr) {
                    ExprKind::Call { .. } => graph.add_call(program, expr),
                    ExprKind::Attribute { base, name, .. } => graph.add_property(program, expr, *base, name),
                    _ => {}
                }
            }
        }
        graph.add_context_managers(program);
        graph.follow_wrappers(program);
        for edges in graph.edges.values_mut() {
            edges.sort_by_key(|edge| (program.place(edge.at), edge.function));
        }
        for calls in graph.outside.values_mut() {
            calls.sort_by_key(|outside| (program.place(outside.call), outside.name.clone()));
        }
        for (&scope, edges) in &graph.edges {
            for &edge in edges {
                graph.callers.entry(edge.function).or_default().push((scope, edge));
            }
        }
        graph
    }

    fn add_call(&mut self, program: &Program<'_>, call: ExprRef) {
        if program.index(call.file).statement_of(call.expr).is_none() {
            return;
        }
        let mut callees = Vec::new();
        flatten(program, program.callees(call), 0, &mut callees);
        let sure = callees.len() == 1;
        if callees.len() > CHOICES {
            return;
        }
        let scope = program.function_around(program.scope_of(call));
        for callee in callees {
            match callee {
                Callee::Function { function, .. } => self.add_edge(scope, call, function, sure),
                Callee::Class(class) => {
                    for function in program.methods(class, "__init__", false) {
                        self.add_edge(scope, call, function, sure);
                    }
                }
                Callee::External { name, receiver } => self.outside.entry(scope).or_default().push(Outside {
                    call,
                    name,
                    receiver,
                    sure,
                }),
                Callee::Partial(_) | Callee::Unknown(_) => {}
            }
        }
    }

    fn add_property(&mut self, program: &Program<'_>, at: ExprRef, base: ExprId, name: &str) {
        if program.index(at.file).statement_of(at.expr).is_none() {
            return;
        }
        let values = program.values(program.sibling(at, base));
        let sure = values.len() == 1;
        for value in values.iter().take(CHOICES) {
            let Value::Instance { class, .. } = *program.value(value) else {
                continue;
            };
            if let Some(&getter) = program.methods(class, name, false).first()
                && program.semantics_of_decorators(getter).contains(&Semantic::Property)
            {
                let scope = program.function_around(program.scope_of(at));
                self.add_edge(scope, at, getter, sure);
            }
        }
    }

    /// A `with` block runs the methods of its object that it starts and ends with.
    fn add_context_managers(&mut self, program: &Program<'_>) {
        for scope in program.scopes() {
            let index = program.index(scope.file);
            for &statement in index.statements_of(scope.scope) {
                let StmtKind::With {
                    items, is_async: false, ..
                } = &index.statement(statement).stmt.kind
                else {
                    continue;
                };
                for &(expr, _) in items {
                    self.add_context_manager(program, ExprRef { file: scope.file, expr });
                }
            }
        }
    }

    fn add_context_manager(&mut self, program: &Program<'_>, context: ExprRef) {
        let values = program.values(context);
        let scope = program.function_around(program.scope_of(context));
        for value in values.iter().take(CHOICES) {
            let Value::Instance { class, .. } = *program.value(value) else {
                continue;
            };
            for name in [language::ENTER, language::EXIT] {
                if let Some(&method) = program.methods(class, name, false).first() {
                    self.add_edge(scope, context, method, values.len() == 1);
                }
            }
        }
    }

    fn add_edge(&mut self, scope: ScopeRef, at: ExprRef, function: ScopeRef, sure: bool) {
        self.edges.entry(scope).or_default().push(Edge { at, function, sure });
    }

    /// A call of a function that a decorator has wrapped is a call of the wrapper. It is taken for a call of the
    /// function only where the wrapper calls that in place; a decorator that is not known may do anything.
    fn follow_wrappers(&mut self, program: &Program<'_>) {
        let mut functions: Vec<ScopeRef> = self.edges.values().flatten().map(|edge| edge.function).collect();
        functions.sort_unstable();
        functions.dedup();
        let kept: BTreeMap<ScopeRef, bool> = functions
            .into_iter()
            .map(|function| (function, self.runs_in_place(program, function)))
            .collect();
        for (scope, edges) in &mut self.edges {
            edges.retain(|edge| kept.get(&edge.function).copied().unwrap_or(false));
            let wrapped = edges.iter().flat_map(|edge| {
                let wrappers = program.solution.wrappers.get(&edge.function).into_iter().flatten();
                wrappers.map(|&function| Edge { function, ..*edge })
            });
            let around: Vec<Edge> = wrapped.filter(|edge| edge.function != *scope).collect();
            edges.extend(around);
        }
    }

    fn runs_in_place(&self, program: &Program<'_>, function: ScopeRef) -> bool {
        if let Some(wrappers) = program.solution.wrappers.get(&function) {
            return wrappers.iter().all(|wrapper| {
                !program.scope(*wrapper).is_async
                    && self
                        .edges
                        .get(wrapper)
                        .is_some_and(|edges| edges.iter().any(|edge| edge.function == function))
            });
        }
        program.scope(function).decorators.iter().all(|&decorator| {
            program
                .semantic_of_decorator(ExprRef {
                    file: function.file,
                    expr: decorator,
                })
                .is_some()
        })
    }

    /// The functions that run in place, without leaving the thread, when a function runs: itself first.
    pub(super) fn reachable(&self, program: &Program<'_>, from: ScopeRef) -> Vec<ScopeRef> {
        let mut found = vec![from];
        let mut seen = std::collections::BTreeSet::from([from]);
        let mut next = 0;
        while let Some(&scope) = found.get(next) {
            next += 1;
            for edge in self.edges.get(&scope).into_iter().flatten() {
                if !program.scope(edge.function).is_async && seen.insert(edge.function) {
                    found.push(edge.function);
                }
            }
        }
        found
    }
}

/// The callees with partials replaced by what they call.
fn flatten(program: &Program<'_>, callees: Vec<Callee>, depth: u32, found: &mut Vec<Callee>) {
    for callee in callees {
        match callee {
            Callee::Partial(site) if depth < DEPTH => match program.argument(site, Some(0), None) {
                Some(inner) => flatten(program, program.callees_of(program.values(inner)), depth + 1, found),
                None => found.push(Callee::Unknown(crate::link::values::Unresolved::Parameter)),
            },
            callee if !found.contains(&callee) => found.push(callee),
            _ => {}
        }
    }
}

/// Whether an expression is awaited where it stands.
pub(crate) fn is_awaited(program: &Program<'_>, expr: ExprRef) -> bool {
    let parent = program.index(expr.file).parent(expr.expr);
    parent.is_some_and(|parent| matches!(program.kind(program.sibling(expr, parent)), ExprKind::Await(_)))
}
