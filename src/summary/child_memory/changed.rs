//! Globals that importing a module sets up and that the parent changes before it hands work over: workers that do not
//! come from a fork read what the module starts with.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{DefKind, ExprKind, MODULE};
use crate::link::Program;
use crate::link::values::{ExprRef, ScopeRef, Value};

use super::globals::{ForkOnlyGlobal, Instead, globals_read, has_guard_around, is_checked};
use super::graph::{Afterwards, CallGraph};
use super::origin::Spot;
use super::seeding::is_prepared_outside;
use super::uses::{Deed, Uses, deed, definitions_of};
use super::walk::ChildRun;

/// Finds the changes, one finding for each global and hand-over.
pub(super) fn changed(
    program: &Program<'_>,
    graph: &CallGraph,
    uses: &Uses<'_>,
    runs: &[ChildRun],
    imported: &OnceCell<BTreeSet<ScopeRef>>,
) -> Vec<ForkOnlyGlobal> {
    let mut found: BTreeMap<ExprRef, ForkOnlyGlobal> = BTreeMap::new();
    for run in runs {
        let submission = &program.submissions[run.submission];
        if submission.workers.iter().any(|worker| worker.cloudpickle) || is_prepared_outside(program, run) {
            continue;
        }
        let functions = run.all();
        let in_child = |scope: ScopeRef| functions.contains(&scope);
        let search = Search {
            program,
            graph,
            uses,
            imported,
            afterwards: Afterwards::new(program, graph, submission.call, &in_child),
            in_child: &in_child,
        };
        let mut judged: BTreeSet<Spot> = BTreeSet::new();
        for (&function, _) in run.functions.iter().filter(|(_, entered)| entered.certain) {
            for (read, spot) in search.read_by(function) {
                if !judged.insert(spot) {
                    continue;
                }
                if let Some(change) = search.change(spot) {
                    found.entry(change).or_insert_with(|| ForkOnlyGlobal {
                        name: program.text(read),
                        assignment: program.place(change),
                        instead: Instead::Start,
                        read,
                        submission: run.submission,
                        path: run.path(program, function),
                    });
                }
            }
        }
    }
    found.into_values().collect()
}

struct Search<'s, 'p, 'a> {
    program: &'p Program<'a>,
    graph: &'s CallGraph,
    uses: &'s Uses<'a>,
    /// Functions that importing modules runs.
    imported: &'s OnceCell<BTreeSet<ScopeRef>>,
    afterwards: Afterwards,
    in_child: &'s dyn Fn(ScopeRef) -> bool,
}

impl Search<'_, '_, '_> {
    /// The globals, and the attributes of global objects, that the code of a function reads.
    fn read_by(&self, function: ScopeRef) -> Vec<(ExprRef, Spot)> {
        let program = self.program;
        let mut found = Vec::new();
        for (read, file, symbol) in globals_read(program, function) {
            found.push((read, Spot::Global(file, symbol)));
        }
        super::random::each_expression(program, function, &mut |expr| {
            if function.scope != MODULE
                && let Some(spot) = self.global_of_module(expr)
            {
                found.push((expr, spot));
            }
            if function.scope != MODULE && self.is_attribute_of_global(expr) && !self.uses.targets.contains(&expr) {
                found.push((expr, Spot::Attribute(expr)));
            }
        });
        found
    }

    /// `settings.verbose`, where `settings` is a module of the project that binds the name.
    fn global_of_module(&self, expr: ExprRef) -> Option<Spot> {
        let program = self.program;
        let ExprKind::Attribute { base, name, .. } = program.kind(expr) else {
            return None;
        };
        let mut values = program.values(program.sibling(expr, *base)).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return None;
        };
        let Value::Module(file) = *program.value(value) else {
            return None;
        };
        let symbol = program.file(file).symbol_in(MODULE, name)?;
        (!self.uses.targets.contains(&expr)).then_some(Spot::Global(file, symbol))
    }

    /// `settings.verbose` of a global object or class of the project.
    fn is_attribute_of_global(&self, expr: ExprRef) -> bool {
        let program = self.program;
        let ExprKind::Attribute { base, .. } = program.kind(expr) else {
            return false;
        };
        let base = program.sibling(expr, *base);
        let ExprKind::Name {
            symbol: Some(symbol), ..
        } = program.kind(base)
        else {
            return false;
        };
        let mut values = program.values(base).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        let is_object = matches!(
            program.value(value),
            Value::Instance { site: Some(_), .. } | Value::Class(_)
        );
        is_object && program.file(base.file).symbol(*symbol).scope == MODULE
    }

    /// Where the parent changes what importing sets up, if workers do not change it themselves.
    fn change(&self, spot: Spot) -> Option<ExprRef> {
        if !self.starts_with_a_value(spot) {
            return None;
        }
        let mut first = None;
        for mention in self.mentions(spot) {
            if deed(self.program, self.graph, self.uses, mention) != Deed::Changes {
                continue;
            }
            let scope = self.program.function_around(self.program.scope_of(mention));
            if (self.in_child)(scope) && scope.scope != MODULE {
                return None;
            }
            if self.happens_before(mention, scope) && self.is_of_global(spot, mention) {
                first = first.or(Some(mention));
            }
        }
        first
    }

    /// Whether the module's own code gives a global its only value, and no worker looks first what it is.
    fn starts_with_a_value(&self, spot: Spot) -> bool {
        let Spot::Global(file, symbol) = spot else { return true };
        let definitions = definitions_of(self.program, file, symbol);
        let facts = self.program.file(file);
        let is_start = |(&def, scope): (_, &ScopeRef)| {
            scope.scope == MODULE
                && matches!(&facts.definition(def).kind, DefKind::Assign { value, .. }
                    if !has_guard_around(self.program, ExprRef { file, expr: *value }))
        };
        !definitions.is_empty()
            && definitions.iter().all(is_start)
            && !is_checked(self.program, file, symbol, self.in_child)
    }

    /// Where the same thing is named, also through other names of the object.
    fn mentions(&self, spot: Spot) -> Vec<ExprRef> {
        let mut found = self.uses.same(self.program, spot);
        if let Spot::Global(file, symbol) = spot {
            for &def in &self.program.file(file).symbol(symbol).definitions {
                let DefKind::Assign { value, .. } = self.program.file(file).definition(def).kind else {
                    continue;
                };
                let made = ExprRef { file, expr: value };
                let values = self.program.values(made).iter();
                // What is shared is no copy.
                let sites = values
                    .filter(|&value| self.program.role(value).is_none())
                    .filter_map(|value| self.program.site(value));
                found.extend(sites.flat_map(|site| self.uses.mentions(site)).copied());
            }
        }
        found.sort_by_key(|&place| self.program.place(place));
        found.dedup();
        found
    }

    /// An attribute is stored on the global object, rather than on `self` in a method.
    fn is_of_global(&self, spot: Spot, mention: ExprRef) -> bool {
        matches!(spot, Spot::Global(..)) || self.is_attribute_of_global(mention)
    }

    /// Whether the parent runs an expression before the hand-over, and importing does not.
    fn happens_before(&self, expr: ExprRef, scope: ScopeRef) -> bool {
        let program = self.program;
        let leads = self.afterwards.leads_here(scope) || self.afterwards.earlier.contains(&scope);
        if !leads || self.afterwards.covers(program, expr, false) {
            return false;
        }
        if scope.scope == MODULE {
            return has_guard_around(program, expr);
        }
        let imported = self.imported.get_or_init(|| run_on_import(program, self.graph));
        !imported.contains(&scope)
    }
}

/// The functions that importing modules runs: those that modules call outside the main guard, decorators, and what
/// making a class calls.
pub(super) fn run_on_import(program: &Program<'_>, graph: &CallGraph) -> BTreeSet<ScopeRef> {
    let mut found = BTreeSet::new();
    for file in program.file_ids() {
        let edges = graph.edges(program.module_scope(file)).iter();
        let unguarded = edges.filter(|edge| !has_guard_around(program, edge.at));
        found.extend(unguarded.map(|edge| edge.to));
    }
    for scope in program.scopes() {
        if program.scope(scope).name == INIT_SUBCLASS {
            found.insert(scope);
        }
        for &decorator in &program.scope(scope).decorators {
            let decorator = ExprRef {
                file: scope.file,
                expr: decorator,
            };
            let values = program.values(decorator).iter();
            found.extend(values.filter_map(|value| match *program.value(value) {
                Value::Function(function) | Value::BoundMethod { function, .. } => Some(function),
                _ => None,
            }));
        }
    }
    graph.close(&mut found, &|_| false);
    found
}

/// The method that making a subclass calls.
const INIT_SUBCLASS: &str = "__init_subclass__";
