//! Where the program reads and stores attributes and objects.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::facts::{DefKind, ExprId, ExprKind, MODULE, StmtKind, SymbolId};
use crate::finding::FileId;
use crate::knowledge::{Role, Semantic};
use crate::link::solver::{Key, Variable};
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId};
use crate::link::{Callee, Program};

use super::graph::CallGraph;
use super::origin::Spot;

/// Where attributes are read and stored, by name, and where objects are mentioned, by what makes them.
#[derive(Debug, Default)]
pub(super) struct Uses<'a> {
    attributes: HashMap<&'a str, Vec<ExprRef>>,
    /// Targets of assignments, loops and `del`.
    pub(super) targets: HashSet<ExprRef>,
    mentions: HashMap<Site, Vec<ExprRef>>,
}

impl<'a> Uses<'a> {
    pub(super) fn new(program: &Program<'a>) -> Self {
        let mut uses = Self::default();
        for file in program.file_ids() {
            let index = program.index(file);
            for statement in &index.statements {
                let targets: Vec<ExprId> = match &statement.stmt.kind {
                    StmtKind::Assign { targets, .. } | StmtKind::Delete(targets) => targets.clone(),
                    StmtKind::Annotated {
                        target, value: Some(_), ..
                    }
                    | StmtKind::Augmented { target, .. }
                    | StmtKind::For { target, .. } => vec![*target],
                    StmtKind::With { items, .. } => items.iter().filter_map(|(_, target)| *target).collect(),
                    _ => continue,
                };
                for target in targets {
                    uses.target(program, ExprRef { file, expr: target });
                }
            }
            for (number, expr) in program.file(file).expressions.iter().enumerate() {
                let id = ExprId(u32::try_from(number).expect("internal: fewer than 2^32 expressions"));
                if index.statement_of(id).is_none() {
                    continue;
                }
                let here = ExprRef { file, expr: id };
                match &expr.kind {
                    ExprKind::Attribute { name, .. } => {
                        uses.attributes.entry(name).or_default().push(here);
                        uses.mention(program, here);
                    }
                    ExprKind::Name { .. } => uses.mention(program, here),
                    _ => {}
                }
            }
        }
        uses
    }

    fn target(&mut self, program: &Program<'a>, target: ExprRef) {
        match program.kind(target) {
            ExprKind::Sequence { elements, .. } => {
                for &element in elements {
                    self.target(program, program.sibling(target, element));
                }
            }
            ExprKind::Starred(inner) => self.target(program, program.sibling(target, *inner)),
            _ => drop(self.targets.insert(target)),
        }
    }

    fn mention(&mut self, program: &Program<'a>, expr: ExprRef) {
        for value in program.values(expr).iter() {
            if let Value::ExternalInstance { site: Some(site), .. } = *program.value(value) {
                self.mentions.entry(site).or_default().push(expr);
            }
        }
    }

    /// The expressions that may stand for one of the objects.
    pub(super) fn mentions(&self, site: Site) -> &[ExprRef] {
        self.mentions.get(&site).map_or(&[], Vec::as_slice)
    }

    /// The expressions that mean the same thing with a name: reads and stores of it.
    pub(super) fn same(&self, program: &Program<'a>, spot: Spot) -> Vec<ExprRef> {
        match spot {
            Spot::Whole => Vec::new(),
            Spot::Captured(file, symbol) => reads(program, file, symbol),
            Spot::Global(file, symbol) => {
                let mut found = reads(program, file, symbol);
                let name = program.file(file).symbol(symbol).name.as_str();
                let through_module = self.attributes.get(name).into_iter().flatten().filter(|&&attribute| {
                    base_values(program, attribute).any(|value| *program.value(value) == Value::Module(file))
                });
                found.extend(through_module);
                found
            }
            Spot::Attribute(attribute) => {
                let ExprKind::Attribute { name, .. } = program.kind(attribute) else {
                    return Vec::new();
                };
                let owners: Vec<ValueId> = base_values(program, attribute).collect();
                let same = self.attributes.get(name.as_str()).into_iter().flatten().copied();
                same.filter(|&other| {
                    base_values(program, other)
                        .any(|value| owners.iter().any(|&owner| may_be_same(program, owner, value)))
                })
                .collect()
            }
        }
    }
}

fn reads(program: &Program<'_>, file: FileId, symbol: SymbolId) -> Vec<ExprRef> {
    let reads = program.index(file).reads(symbol);
    reads.iter().map(|&expr| ExprRef { file, expr }).collect()
}

fn base_values<'p>(program: &'p Program<'_>, attribute: ExprRef) -> impl Iterator<Item = ValueId> + 'p {
    let base = match program.kind(attribute) {
        ExprKind::Attribute { base, .. } => Some(*base),
        _ => None,
    };
    base.into_iter()
        .flat_map(move |base| program.values(program.sibling(attribute, base)).iter())
}

/// Whether two values may be one object of the project: of related classes, and not made in different places.
fn may_be_same(program: &Program<'_>, first: ValueId, second: ValueId) -> bool {
    if first == second {
        return matches!(program.value(first), Value::Instance { .. } | Value::Class(_));
    }
    let related = |one: ScopeRef, other: ScopeRef| {
        one == other
            || program.solution.classes.descendants(one).contains(&other)
            || program.solution.classes.descendants(other).contains(&one)
    };
    match (program.value(first), program.value(second)) {
        (
            Value::Instance { class, site },
            Value::Instance {
                class: other,
                site: other_site,
            },
        ) => related(*class, *other) && (site.is_none() || other_site.is_none() || site == other_site),
        // An attribute of the class is read through its instances, too.
        (Value::Class(class), Value::Instance { class: other, .. } | Value::Class(other)) => related(*class, *other),
        _ => false,
    }
}

/// What a mention of an object does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Looks at it.
    Reads,
    /// Assigns or changes it.
    Changes,
    /// Passes it on or gives it another name.
    Passes,
}

/// What the code does with an object that an expression mentions.
pub(super) fn deed(program: &Program<'_>, graph: &CallGraph, uses: &Uses<'_>, expr: ExprRef) -> Deed {
    if uses.targets.contains(&expr) {
        return Deed::Changes;
    }
    let index = program.index(expr.file);
    if is_sent(program, graph, expr) {
        return Deed::Passes;
    }
    let mut current = expr;
    while let Some(parent) = index.parent(current.expr) {
        let around = program.sibling(expr, parent);
        match program.kind(around) {
            ExprKind::Subscript { base, .. } if *base == current.expr => {
                if uses.targets.contains(&around) {
                    return Deed::Changes;
                }
                current = around;
            }
            ExprKind::Attribute { base, .. } if *base == current.expr => {
                return if is_changing_method(program, around) {
                    Deed::Changes
                } else {
                    Deed::Reads
                };
            }
            ExprKind::Call { callee, .. } if *callee != current.expr && current == expr => {
                let project = program
                    .callees(around)
                    .iter()
                    .any(|callee| matches!(callee, Callee::Function { .. } | Callee::Class(_) | Callee::Partial(_)));
                return if project && holds_object(program, expr) {
                    Deed::Passes
                } else {
                    Deed::Reads
                };
            }
            _ => return Deed::Reads,
        }
    }
    let alias = index.statement_of(expr.expr).is_some_and(
        |id| matches!(&index.statement(id).stmt.kind, StmtKind::Assign { value, .. } if *value == expr.expr),
    );
    if alias && current == expr && holds_object(program, expr) {
        Deed::Passes
    } else {
        Deed::Reads
    }
}

/// Whether the value is an object whose further way is known.
fn holds_object(program: &Program<'_>, expr: ExprRef) -> bool {
    program.values(expr).iter().any(|value| {
        matches!(
            program.value(value),
            Value::ExternalInstance { site: Some(_), .. } | Value::Instance { .. }
        )
    })
}

/// Whether an expression stands among the arguments of a hand-over or of what prepares one.
fn is_sent(program: &Program<'_>, graph: &CallGraph, expr: ExprRef) -> bool {
    program.index(expr.file).expressions_around(expr.expr).any(|around| {
        let around = program.sibling(expr, around);
        if !matches!(program.kind(around), ExprKind::Call { .. }) {
            return false;
        }
        graph.handed.contains(&around)
            || program.values(around).iter().any(|value| {
                matches!(program.value(value), Value::Partial(_))
                    || matches!(
                        program.role(value),
                        Some(Role::Executor | Role::Pool | Role::Worker | Role::Future | Role::AsyncResult)
                    )
            })
    })
}

/// Whether `base.name` is the callee of a call that changes `base` and whose result is not looked at.
fn is_changing_method(program: &Program<'_>, attribute: ExprRef) -> bool {
    let index = program.index(attribute.file);
    let Some(call) = index.parent(attribute.expr) else {
        return false;
    };
    let call = program.sibling(attribute, call);
    matches!(program.kind(call), ExprKind::Call { callee, .. } if *callee == attribute.expr)
        && index.parent(call.expr).is_none()
        && changes_receiver(program, call)
}

/// Whether a call changes the object that it is a method of.
pub(super) fn changes_receiver(program: &Program<'_>, call: ExprRef) -> bool {
    program.callees(call).iter().any(|callee| match callee {
        Callee::External { name, receiver } => {
            receiver.is_some()
                && matches!(
                    program.knowledge.semantic(name),
                    Some(
                        Semantic::Adds
                            | Semantic::AddsSecond
                            | Semantic::AddsAll
                            | Semantic::SetDefault
                            | Semantic::Changes
                    )
                )
        }
        _ => false,
    })
}

/// The objects that an expression may be, and the elements that they hold, to some depth.
pub(super) fn objects_behind(program: &Program<'_>, exprs: &[ExprRef]) -> BTreeSet<ValueId> {
    const LIMIT: usize = 400;
    let mut found: BTreeSet<ValueId> = BTreeSet::new();
    let mut work: Vec<(ValueId, u32)> = exprs
        .iter()
        .flat_map(|&expr| program.values(expr).iter())
        .map(|value| (value, 0))
        .collect();
    while let Some((value, depth)) = work.pop() {
        if found.len() >= LIMIT || !found.insert(value) || depth >= 4 {
            continue;
        }
        let elements = match program.value(value) {
            Value::ExternalInstance { site: Some(site), .. } => {
                program.solution.variable(Variable::Element(*site, Key::All))
            }
            Value::Generator(function) => program.solution.variable(Variable::Yield(*function)),
            _ => continue,
        };
        work.extend(elements.iter().map(|element| (element, depth + 1)));
    }
    found
}

/// The definitions of a global, with the function or module whose code makes each.
pub(super) fn definitions_of(
    program: &Program<'_>,
    file: FileId,
    symbol: SymbolId,
) -> BTreeMap<crate::facts::DefId, ScopeRef> {
    let facts = program.file(file);
    let definitions = facts.symbol(symbol).definitions.iter();
    definitions
        .filter(|&&def| !matches!(facts.definition(def).kind, DefKind::Declared { .. }))
        .map(|&def| {
            let scope = facts.definition(def).scope;
            (def, ScopeRef { file, scope })
        })
        .collect()
}

/// Whether a scope is a module's own code.
pub(super) fn is_module(scope: ScopeRef) -> bool {
    scope.scope == MODULE
}
