//! Requests that a server answers side by side: the methods of its handler class, and what they see of each other.
//!
//! Each request has a handler object of its own. The server, globals and attributes of classes are there for all.

use std::collections::BTreeSet;

use crate::facts::ExprKind;
use crate::finding::Place;
use crate::knowledge::{RequestThreads, Semantic};
use crate::link::solver::{Base, Variable};
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId, ValueSet};
use crate::link::{Callee, Program};

use super::Origin;
use super::calls::Calls;
use super::units::{Share, Unit, WHOLE_PROGRAM, outside};
use super::walk::{Visit, Walker};

/// The units of all handler classes whose server answers requests side by side.
pub(super) fn units<'p, 'a>(program: &'p Program<'a>, calls: &Calls<'_, 'a>) -> Vec<Unit<'p, 'a>> {
    let mut found = Vec::new();
    for class in program.solution.classes.all() {
        let Some(served) = family(program, class) else { continue };
        let threaded = |server: &ValueId| is_threaded(program, served, *server);
        let Some(server) = servers(program, served, class).iter().find(threaded) else {
            continue;
        };
        let roots = request_methods(program, served, class);
        if roots.is_empty() {
            continue;
        }
        let (place, maker) = made_at(program, class, server);
        let reached = calls.reached(&roots);
        found.push(Unit {
            program,
            origin: Origin::Server(place),
            by_name_only: reached.len() > WHOLE_PROGRAM,
            outside: maker.map_or_else(BTreeSet::new, |maker| outside(program, maker)),
            roots,
            receiver: None,
            anchor: None,
            reached,
            is_callback: false,
            served: Some(served),
        });
    }
    found
}

/// The family of servers that objects of a class answer requests for.
fn family<'p>(program: &'p Program<'_>, class: ScopeRef) -> Option<&'p RequestThreads> {
    let above = program.solution.classes.external_ancestors(class);
    program.knowledge.request_threads().iter().find(|served| {
        let is_handler = |name: &&str| program.knowledge.is_subtype(name, &served.handler_base);
        above
            .iter()
            .map(|&name| program.name(name))
            .any(|name| is_handler(&name))
    })
}

/// The servers that objects of a handler class see.
fn servers<'p>(program: &'p Program<'_>, served: &RequestThreads, class: ScopeRef) -> &'p ValueSet {
    const NONE: &ValueSet = &ValueSet::empty();
    let name = program.solution.universe.find_name(&served.server_attribute);
    name.map_or(NONE, |name| program.solution.variable(Variable::Attribute(class, name)))
}

/// Whether a server, or one of a class below its own, answers requests side by side.
fn is_threaded(program: &Program<'_>, served: &RequestThreads, server: ValueId) -> bool {
    let is_side_by_side = |names: Vec<&str>| {
        let mut names = names.into_iter();
        names.any(|name| program.knowledge.is_subtype(name, &served.server))
    };
    let below = match *program.value(server) {
        Value::Instance { class, site: None } => program.solution.classes.descendants(class),
        _ => [].into(),
    };
    let mut below = below.iter().map(|&class| {
        let above = program.solution.classes.external_ancestors(class);
        above.into_iter().map(|name| program.name(name)).collect()
    });
    is_side_by_side(program.type_names(server)) || below.any(is_side_by_side)
}

/// The methods of the project that run for a request.
fn request_methods(program: &Program<'_>, served: &RequestThreads, class: ScopeRef) -> Vec<ScopeRef> {
    let mut names = BTreeSet::new();
    for &base in &*program.solution.classes.ancestry(class) {
        if let Base::Project(above) = base {
            let facts = program.file(above.file);
            let symbols = &facts.scope(above.scope).symbols;
            names.extend(symbols.iter().map(|&symbol| facts.symbol(symbol).name.as_str()));
        }
    }
    names.retain(|name| served.runs(name));
    names
        .into_iter()
        .flat_map(|name| program.methods(class, name, false))
        .collect()
}

/// Where a server is made, and the function that does it.
fn made_at(program: &Program<'_>, handler: ScopeRef, server: ValueId) -> (Place, Option<ScopeRef>) {
    if let Some(site) = program.site(server).and_then(Site::expression) {
        return (
            program.place(site),
            Some(program.function_around(program.scope_of(site))),
        );
    }
    let class = match *program.value(server) {
        Value::Instance { class, .. } => class,
        _ => handler,
    };
    let constructor = program.methods(class, "__init__", false).first().copied();
    (program.name_place(class), constructor)
}

/// The servers whose requests a unit answers.
pub(super) fn servers_of(unit: &Unit<'_, '_>) -> Vec<ValueId> {
    let (Some(served), Some(&root)) = (unit.served, unit.roots.first()) else {
        return Vec::new();
    };
    let class = unit.program.class_of_method(root);
    let all = class.map(|class| servers(unit.program, served, class));
    all.into_iter().flat_map(ValueSet::iter).collect()
}

impl Walker<'_, '_, '_> {
    /// What an expression is to a request: the server that all see, what the client sent, or what is looked up by it.
    pub(super) fn request_share(&self, visit: &Visit, expr: ExprRef, depth: u32) -> Option<Share> {
        let served = self.unit.served?;
        let program = self.unit.program;
        let share = |inner| self.share(visit, program.sibling(expr, inner), depth + 1);
        match program.kind(expr) {
            ExprKind::Attribute { base, name, .. } => {
                let is_server = *name == served.server_attribute;
                if !is_server && !served.sent_by_client.contains(name) {
                    return None;
                }
                let is_handler = self.is_handler(program.sibling(expr, *base)) && share(*base) == Share::Own;
                is_handler.then_some(if is_server { Share::Shared } else { Share::Requested })
            }
            ExprKind::Subscript { base, index } => match (share(*base), share(*index)) {
                (Share::Shared, Share::Requested) => Some(Share::Shared),
                (Share::Requested, _) => Some(Share::Requested),
                _ => None,
            },
            ExprKind::Call { callee, arguments, .. } => {
                let receiver = match program.kind(program.sibling(expr, *callee)) {
                    ExprKind::Attribute { base, .. } => share(*base),
                    _ => Share::Unknown,
                };
                let requested = arguments
                    .iter()
                    .any(|argument| share(argument.value) == Share::Requested);
                match receiver {
                    Share::Requested => Some(Share::Requested),
                    Share::Shared if requested && self.is_lookup(expr) => Some(Share::Shared),
                    _ if requested && !self.makes_instance(expr) => Some(Share::Requested),
                    _ => None,
                }
            }
            ExprKind::Binary { left, right, .. } => [*left, *right]
                .into_iter()
                .any(|part| share(part) == Share::Requested)
                .then_some(Share::Requested),
            ExprKind::FString(parts) => parts
                .iter()
                .any(|&part| share(part) == Share::Requested)
                .then_some(Share::Requested),
            _ => None,
        }
    }

    fn is_handler(&self, expr: ExprRef) -> bool {
        let program = self.unit.program;
        program.values(expr).iter().any(|value| match *program.value(value) {
            Value::Instance { class, .. } => family(program, class).is_some(),
            _ => false,
        })
    }

    /// `d.get(key)`.
    fn is_lookup(&self, call: ExprRef) -> bool {
        let program = self.unit.program;
        program.callees(call).iter().any(|callee| match callee {
            Callee::External { name, .. } => program.knowledge.semantic(name) == Some(Semantic::Element),
            _ => false,
        })
    }

    /// Whether a call gives an object of the project rather than data that came with the request.
    fn makes_instance(&self, call: ExprRef) -> bool {
        let program = self.unit.program;
        let is_instance = |value| matches!(program.value(value), Value::Instance { .. });
        program.values(call).iter().any(is_instance)
    }
}
