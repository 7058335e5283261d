//! Where objects that connect threads are used.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{ExprKind, StmtKind};
use crate::finding::{Confidence, Note};
use crate::knowledge::Role;
use crate::link::Program;
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId};

use super::crossings::connects_threads;
use super::judge::{Cause, Obstacle};

/// The uses of each object: the function and the method that is called.
#[derive(Debug, Default)]
pub(super) struct Uses {
    by_value: BTreeMap<ValueId, BTreeSet<(ScopeRef, String)>>,
    globals: BTreeMap<ValueId, ExprRef>,
}

impl Uses {
    /// Reads the program once.
    pub(super) fn new(program: &Program<'_>) -> Self {
        let mut uses = Self::default();
        for call in program.calls() {
            let ExprKind::Call { callee, .. } = program.kind(call) else {
                continue;
            };
            if let ExprKind::Attribute { base, name, .. } = program.kind(program.sibling(call, *callee)) {
                uses.add(program, program.sibling(call, *base), name);
            }
        }
        for file in program.file_ids() {
            for indexed in &program.index(file).statements {
                if let StmtKind::With { items, .. } = &indexed.stmt.kind {
                    for &(context, _) in items {
                        uses.add(program, ExprRef { file, expr: context }, "__enter__");
                    }
                }
            }
        }
        uses
    }

    fn add(&mut self, program: &Program<'_>, receiver: ExprRef, method: &str) {
        for value in program.values(receiver).iter() {
            if !program.role(value).is_some_and(connects_threads) {
                continue;
            }
            let Value::ExternalInstance {
                site: Some(Site::Expr(site)),
                ..
            } = *program.value(value)
            else {
                continue;
            };
            let function = program.function_around(program.scope_of(receiver));
            self.by_value
                .entry(value)
                .or_default()
                .insert((function, method.to_owned()));
            if program.scope_of(site).scope == crate::facts::MODULE {
                self.globals.insert(value, site);
            }
        }
    }

    /// Whether an object is used by some of the functions and by others, too.
    pub(super) fn on_both_sides(&self, value: ValueId, functions: &BTreeSet<ScopeRef>) -> bool {
        let uses = self.by_value.get(&value);
        let inside = uses.is_some_and(|uses| uses.iter().any(|(function, _)| functions.contains(function)));
        inside && uses.is_some_and(|uses| uses.iter().any(|(function, _)| !functions.contains(function)))
    }

    /// Global queues and events that some of the functions use in one way and others in another: one side gives and
    /// the other takes. What only functions use that are not near is less sure.
    pub(super) fn globals_on_both_sides(
        &self,
        program: &Program<'_>,
        functions: &BTreeSet<ScopeRef>,
        near: &BTreeSet<ScopeRef>,
    ) -> Vec<(Obstacle, String)> {
        let mut found = Vec::new();
        for (&value, &site) in &self.globals {
            if !matches!(program.role(value), Some(Role::Queue | Role::Event)) {
                continue;
            }
            let (inside, outside): (Vec<_>, Vec<_>) = self.by_value[&value]
                .iter()
                .partition(|(function, _)| functions.contains(function));
            let differ = inside
                .iter()
                .any(|(_, method)| !outside.iter().any(|(_, other)| other == method));
            if inside.is_empty() || outside.is_empty() || !differ {
                continue;
            }
            let Some(of) = program.type_names(value).first().map(|name| (*name).to_owned()) else {
                continue;
            };
            let note = Note {
                place: program.place(site),
                message: format!("the `{of}` is made here, once in each process"),
            };
            let cause = Cause::Type {
                name: of,
                error: None,
                role: program.role(value),
            };
            let obstacle = Obstacle {
                cause,
                value: Some(value),
                path: String::new(),
                in_instance: false,
                confidence: if inside.iter().any(|(function, _)| near.contains(function)) {
                    Confidence::Medium
                } else {
                    Confidence::Low
                },
                notes: vec![note],
            };
            found.push((obstacle, global_name(program, site)));
        }
        found
    }
}

/// The name that a module binds to what an expression makes.
fn global_name(program: &Program<'_>, site: ExprRef) -> String {
    use crate::facts::DefKind;
    let file = program.file(site.file);
    let bound = file.definitions.iter().find_map(|definition| match &definition.kind {
        DefKind::Assign { value, path } if *value == site.expr && path.is_empty() => Some(definition.symbol),
        _ => None,
    });
    bound.map_or_else(|| program.text(site), |symbol| file.symbol(symbol).name.clone())
}
