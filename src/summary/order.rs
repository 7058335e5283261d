//! The order in which functions are summarised: callees first, functions that call each other together.

use std::collections::{BTreeSet, HashMap};

use crate::facts::{ExprKind, ScopeId};
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program};

/// Functions that call each other, or one function.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) functions: Vec<ScopeRef>,
    /// Some of them calls itself, directly or through the others.
    pub(super) recursive: bool,
}

/// The components in levels: each level calls only earlier ones.
pub(super) fn levels(program: &Program<'_>) -> Vec<Vec<Component>> {
    let nodes: Vec<ScopeRef> = program
        .reached_files()
        .flat_map(|file| {
            let count = u32::try_from(program.file(file).scopes.len()).expect("internal: fewer than 2^32 scopes");
            (0..count).map(move |scope| ScopeRef {
                file,
                scope: ScopeId(scope),
            })
        })
        .collect();
    let numbers: HashMap<ScopeRef, usize> = nodes.iter().enumerate().map(|(number, &node)| (node, number)).collect();
    let edges: Vec<Vec<usize>> = nodes
        .iter()
        .map(|&node| {
            callees(program, node)
                .iter()
                .filter_map(|callee| numbers.get(callee).copied())
                .collect()
        })
        .collect();
    let components = strongly_connected(&edges);
    let mut level_of = vec![0_usize; nodes.len()];
    let mut levels: Vec<Vec<Component>> = Vec::new();
    for members in components {
        let inside: BTreeSet<usize> = members.iter().copied().collect();
        let mut level = 0;
        let mut recursive = members.len() > 1;
        for &member in &members {
            for &callee in &edges[member] {
                if inside.contains(&callee) {
                    recursive = true;
                } else {
                    level = level.max(level_of[callee] + 1);
                }
            }
        }
        for &member in &members {
            level_of[member] = level;
        }
        if levels.len() <= level {
            levels.resize_with(level + 1, Vec::new);
        }
        levels[level].push(Component {
            functions: inside.into_iter().map(|member| nodes[member]).collect(),
            recursive,
        });
    }
    levels
}

/// The functions of the project that the code of a scope may call, sorted.
pub(super) fn callees(program: &Program<'_>, scope: ScopeRef) -> BTreeSet<ScopeRef> {
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
                    found.extend(program.property_function(class, name, false));
                    found.extend(program.property_function(class, name, true));
                }
            }
        }
        _ => {}
    }
    for value in program.values(expr).iter() {
        if let Value::Instance { class, .. } = *program.value(value) {
            for method in [
                "__enter__",
                "__exit__",
                "__aenter__",
                "__aexit__",
                "__next__",
                "__getitem__",
            ] {
                found.extend(program.methods(class, method, false));
            }
        }
    }
    for child in crate::facts::child_expressions(program.file(expr.file), expr.expr) {
        collect(program, program.sibling(expr, child), found);
    }
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
fn strongly_connected(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let count = edges.len();
    let (mut number, mut low) = (vec![NEW; count], vec![0; count]);
    let mut on_stack = vec![false; count];
    let (mut stack, mut components, mut next) = (Vec::new(), Vec::new(), 0);
    for root in 0..count {
        if number[root] != NEW {
            continue;
        }
        let mut work = vec![(root, 0_usize)];
        while let Some(&mut (node, ref mut position)) = work.last_mut() {
            if *position == 0 {
                number[node] = next;
                low[node] = next;
                next += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(&callee) = edges[node].get(*position) {
                *position += 1;
                if number[callee] == NEW {
                    work.push((callee, 0));
                } else if on_stack[callee] {
                    low[node] = low[node].min(number[callee]);
                }
                continue;
            }
            work.pop();
            if let Some(&(above, _)) = work.last() {
                low[above] = low[above].min(low[node]);
            }
            if low[node] == number[node] {
                let mut component = Vec::new();
                while let Some(member) = stack.pop() {
                    on_stack[member] = false;
                    component.push(member);
                    if member == node {
                        break;
                    }
                }
                components.push(component);
            }
        }
    }
    components
}
