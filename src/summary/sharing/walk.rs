//! What the runs of a unit do to state that they share, and under which locks.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::facts::{DefId, DefKind, ExprKind, MODULE, Span};
use crate::knowledge::Role;
use crate::link::values::{ExprRef, ScopeRef, Site, Value};
use crate::link::{Callee, Program};

use super::events::{Collector, Event, EventKind};
use super::guards::{Guards, guards};
use super::places::{Location, location, single_site};
use super::units::{Share, Unit, called, metaclass_calls};

/// A unit is walked through at most this many calls.
const STEPS: usize = 6000;
/// A function is looked at in at most this many circumstances.
const CIRCUMSTANCES: usize = 12;
/// Calls between those who start the threads and the maker of an object that they use.
const MAKERS: u32 = 3;
/// Calls on the way to an event that are kept.
const CHAIN: usize = 8;

/// What a function does, whoever calls it.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) guards: Guards,
    pub(super) events: Vec<Event>,
}

/// The bodies that were looked at, and the calls of every function.
pub(super) struct Bodies<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    /// The calls that a function makes itself, in source order.
    pub(super) calls: BTreeMap<ScopeRef, Vec<ExprRef>>,
    /// The calls that hand work over.
    pub(super) submitting: BTreeSet<ExprRef>,
    cache: RefCell<BTreeMap<ScopeRef, Rc<Body>>>,
}

impl<'p, 'a> Bodies<'p, 'a> {
    pub(super) fn new(program: &'p Program<'a>) -> Self {
        let mut calls: BTreeMap<ScopeRef, Vec<ExprRef>> = BTreeMap::new();
        for call in program.calls() {
            calls.entry(program.scope_of(call)).or_default().push(call);
        }
        Self {
            program,
            calls,
            submitting: super::units::submitting_calls(program),
            cache: RefCell::default(),
        }
    }

    pub(super) fn body(&self, function: ScopeRef) -> Rc<Body> {
        if let Some(body) = self.cache.borrow().get(&function) {
            return body.clone();
        }
        let guards = guards(self.program, function);
        let events = Collector {
            program: self.program,
            function,
            guards: &guards,
            events: Vec::new(),
        }
        .run();
        let body = Rc::new(Body { guards, events });
        self.cache.borrow_mut().insert(function, body.clone());
        body
    }
}

/// An event that a unit reaches, on state that others see.
#[derive(Clone, Debug)]
pub(super) struct Access {
    /// The unit's number.
    pub(super) unit: usize,
    /// The code of the submitting side rather than the unit's own.
    pub(super) by_starter: bool,
    pub(super) function: ScopeRef,
    pub(super) event: Event,
    pub(super) location: Location,
    /// The locks that are held, those of the callers included.
    pub(super) locks: Vec<Location>,
    /// The calls from the unit's function down.
    pub(super) chain: Vec<ExprRef>,
}

/// The circumstances in which a function is looked at.
#[derive(Clone, Debug)]
struct Visit {
    function: ScopeRef,
    parameters: Vec<Share>,
    locks: Vec<Location>,
    chain: Vec<ExprRef>,
    /// Only this part of the function is looked at, and what stands before it was there before.
    region: Option<Span>,
}

/// Walks one unit.
pub(super) struct Walker<'w, 'p, 'a> {
    pub(super) bodies: &'w Bodies<'p, 'a>,
    pub(super) unit: &'w Unit<'p, 'a>,
    pub(super) unit_number: usize,
}

impl<'a> Walker<'_, '_, 'a> {
    fn program(&self) -> &Program<'a> {
        self.unit.program
    }

    /// What the unit's own code does.
    pub(super) fn run(&self) -> Vec<Access> {
        self.walk(
            vec![Visit {
                function: self.unit.root,
                parameters: self.unit.parameters(),
                locks: Vec::new(),
                chain: Vec::new(),
                region: None,
            }],
            false,
        )
    }

    /// What the code does that runs on the other side while the unit's thread lives.
    pub(super) fn run_beside(&self, regions: &[(ScopeRef, Span)]) -> Vec<Access> {
        let starts = regions.iter().map(|&(function, span)| Visit {
            function,
            parameters: vec![Share::Shared; self.program().scope(function).parameters.len()],
            locks: Vec::new(),
            chain: Vec::new(),
            region: Some(span),
        });
        self.walk(starts.collect(), true)
    }

    fn walk(&self, starts: Vec<Visit>, by_starter: bool) -> Vec<Access> {
        let mut found = Vec::new();
        let mut seen: BTreeSet<(ScopeRef, Vec<Share>, Vec<Location>)> = BTreeSet::new();
        let mut counts: BTreeMap<ScopeRef, usize> = BTreeMap::new();
        let mut open = std::collections::VecDeque::from(starts);
        let mut steps = 0;
        while let Some(visit) = open.pop_front() {
            steps += 1;
            let count = counts.entry(visit.function).or_default();
            *count += 1;
            if steps > STEPS || *count > CIRCUMSTANCES {
                continue;
            }
            self.events(&visit, by_starter, &mut found);
            for next in self.next(&visit) {
                let key = (next.function, next.parameters.clone(), next.locks.clone());
                if seen.insert(key) {
                    open.push_back(next);
                }
            }
        }
        found
    }

    fn events(&self, visit: &Visit, by_starter: bool, found: &mut Vec<Access>) {
        let body = self.bodies.body(visit.function);
        let wrapped = self.is_wrapped_in_lock(visit.function);
        for event in &body.events {
            if visit.region.is_some_and(|region| !region.contains(event.place.span)) || !self.is_shared(visit, event) {
                continue;
            }
            let mut locks = visit.locks.clone();
            locks.extend(event.held.iter().map(|held| held.lock.clone()));
            if wrapped {
                locks.push(Location::Unclear);
            }
            found.push(Access {
                unit: self.unit_number,
                by_starter,
                function: visit.function,
                event: event.clone(),
                location: location(self.program(), event.storage),
                locks,
                chain: visit.chain.clone(),
            });
        }
    }

    /// A decorator of the project that holds a lock while it calls.
    fn is_wrapped_in_lock(&self, function: ScopeRef) -> bool {
        let wrappers = self.program().solution.wrappers.get(&function);
        wrappers.into_iter().flatten().any(|&wrapper| {
            let body = self.bodies.body(wrapper);
            !body.guards.is_empty()
        })
    }

    fn is_shared(&self, visit: &Visit, event: &Event) -> bool {
        if event.kind == EventKind::BoundUse {
            return self.is_made_elsewhere(visit, event);
        }
        let keyed = event
            .key
            .is_some_and(|key| self.share(visit, key, 0) == Share::PerTask || self.is_own_key(visit, key));
        if keyed && !matches!(event.kind, EventKind::Resize | EventKind::Iterate) {
            return false;
        }
        let program = self.program();
        match program.kind(event.storage) {
            ExprKind::Store(def) => {
                self.name_share(
                    visit,
                    event.storage,
                    program.file(event.storage.file).definition(*def).symbol,
                    &[],
                    0,
                ) == Share::Shared
            }
            ExprKind::Attribute { base, .. } if event.key.is_none() && !is_about_the_object(event.kind) => {
                self.share(visit, program.sibling(event.storage, *base), 0) == Share::Shared
            }
            _ => self.share(visit, event.storage, 0) == Share::Shared,
        }
    }

    /// Whether the object that belongs to one thread is made by another.
    fn is_made_elsewhere(&self, visit: &Visit, event: &Event) -> bool {
        let program = self.program();
        let Some(site) = single_site(program, event.storage).and_then(Site::expression) else {
            // An object that is known by its class only: the run's own receiver or argument.
            let is_name = matches!(program.kind(event.storage), ExprKind::Name { .. });
            return is_name && self.share(visit, event.storage, 0) == Share::Shared;
        };
        if self.is_unchecked(event.storage, site) {
            return self.unit.anchor.is_some() && self.share(visit, event.storage, 0) == Share::Shared;
        }
        let maker = program.function_around(program.scope_of(site));
        let is_constructor = || program.scope(maker).name == "__init__" && program.class_of_method(maker).is_some();
        let known = program.scope(maker).parent.is_none() || self.is_run_outside(maker, 0) || is_constructor();
        known && !self.is_in_thread_local(event.storage) && !self.unit.reached.contains(&maker)
    }

    /// What lies in `threading.local`, however deep.
    fn is_in_thread_local(&self, expr: ExprRef) -> bool {
        let program = self.program();
        let mut values = program.values(expr).iter();
        if values.any(|value| program.role(value) == Some(Role::ThreadLocal)) {
            return true;
        }
        match program.kind(expr) {
            ExprKind::Attribute { base, .. } => self.is_in_thread_local(program.sibling(expr, *base)),
            _ => false,
        }
    }

    /// Whether a function is active when the threads are started, or was called by one that is.
    fn is_run_outside(&self, function: ScopeRef, depth: u32) -> bool {
        let program = self.program();
        if self.unit.outside.contains(&function) {
            return true;
        }
        let callers = program.solution.callers.get(&function).into_iter().flatten();
        let mut callers = callers.map(|&call| program.function_around(program.scope_of(call)));
        depth < MAKERS && callers.any(|caller| self.is_run_outside(caller, depth + 1))
    }

    /// Made with the argument that lifts the binding to a thread, or by something that was.
    fn is_unchecked(&self, storage: ExprRef, site: ExprRef) -> bool {
        let program = self.program();
        let lifted = program.values(storage).iter().any(|value| {
            let fact = program.type_fact(value);
            fact.and_then(|fact| fact.thread_check.as_ref())
                .and_then(|position| program.argument_at(site, position))
                .is_some_and(|argument| matches!(program.kind(argument), ExprKind::Bool(false)))
        });
        if lifted {
            return true;
        }
        let ExprKind::Call { callee, .. } = program.kind(site) else {
            return false;
        };
        let ExprKind::Attribute { base, .. } = program.kind(program.sibling(site, *callee)) else {
            return false;
        };
        let base = program.sibling(site, *base);
        let origin = single_site(program, base).and_then(Site::expression);
        origin.is_some_and(|origin| origin != site && self.is_unchecked(base, origin))
    }

    /// A key that is read from the run's own object, or computed by a call.
    fn is_own_key(&self, visit: &Visit, key: ExprRef) -> bool {
        let facts = self.program().file(key.file);
        let mut own = false;
        crate::facts::visit_expressions(facts, key.expr, &mut |inner| match facts.kind(inner) {
            ExprKind::Call { .. } => own = true,
            ExprKind::Attribute { base, .. } => {
                let base = self.program().sibling(key, *base);
                own |= matches!(self.share(visit, base, 0), Share::Own | Share::PerTask);
            }
            ExprKind::Name { .. } => {
                own |= self.share(visit, self.program().sibling(key, inner), 0) == Share::PerTask;
            }
            _ => {}
        });
        own
    }

    /// Who can see the object that an expression gives.
    fn share(&self, visit: &Visit, expr: ExprRef, depth: u32) -> Share {
        if depth > 12 {
            return Share::Unknown;
        }
        let program = self.program();
        if program
            .values(expr)
            .iter()
            .any(|value| program.role(value) == Some(Role::ThreadLocal))
        {
            return Share::Own;
        }
        match program.kind(expr) {
            ExprKind::Name {
                symbol: Some(symbol),
                reaching,
                ..
            } => self.name_share(visit, expr, *symbol, reaching, depth),
            ExprKind::Attribute { base, .. } => self.attribute_share(visit, expr, program.sibling(expr, *base), depth),
            ExprKind::Subscript { base, index } => {
                let fixed = matches!(
                    program.kind(program.sibling(expr, *index)),
                    ExprKind::Str { .. } | ExprKind::Int(_)
                );
                match self.share(visit, program.sibling(expr, *base), depth + 1) {
                    Share::Shared if fixed => Share::Shared,
                    Share::Own => Share::Own,
                    _ => Share::Unknown,
                }
            }
            ExprKind::Call { .. }
            | ExprKind::Sequence { .. }
            | ExprKind::Dict { .. }
            | ExprKind::Comprehension { .. } => self.made_share(expr),
            ExprKind::Conditional { body, orelse, .. } => self
                .share(visit, program.sibling(expr, *body), depth + 1)
                .or(self.share(visit, program.sibling(expr, *orelse), depth + 1)),
            ExprKind::Named { value, .. } => self.share(visit, program.sibling(expr, *value), depth + 1),
            _ => Share::Unknown,
        }
    }

    fn made_share(&self, expr: ExprRef) -> Share {
        match single_site(self.program(), expr) {
            Some(Site::Expr(site)) if site == expr => Share::Own,
            Some(site) => self.unit.site_share(site),
            None => Share::Unknown,
        }
    }

    fn name_share(
        &self,
        visit: &Visit,
        expr: ExprRef,
        symbol: crate::facts::SymbolId,
        reaching: &[DefId],
        depth: u32,
    ) -> Share {
        let facts = self.program().file(expr.file);
        let owner = facts.symbol(symbol).scope;
        if owner == MODULE {
            return Share::Shared;
        }
        if owner != visit.function.scope || expr.file != visit.function.file {
            let is_read = matches!(self.program().kind(expr), ExprKind::Name { .. });
            return match self.unit.cell_share(expr.file, symbol) {
                Share::Unknown if is_read => self.site_only(expr),
                known => known,
            };
        }
        let all = &facts.symbol(symbol).definitions;
        let definitions = if reaching.is_empty() { all.as_slice() } else { reaching };
        let before = |def: DefId| {
            let start = facts.definition(def).span.start;
            visit.region.is_some_and(|region| start < region.start)
        };
        let shares = definitions.iter().map(|&def| match &facts.definition(def).kind {
            _ if before(def) => Share::Shared,
            DefKind::Parameter { index } => visit.parameters.get(*index as usize).copied().unwrap_or(Share::Unknown),
            DefKind::Assign { value, path } if path.is_empty() => {
                self.share(visit, self.program().sibling(expr, *value), depth + 1)
            }
            DefKind::Class(_) => Share::Own,
            DefKind::Import { .. } | DefKind::ImportFrom { .. } => Share::Shared,
            _ => Share::Unknown,
        });
        match shares.reduce(Share::or).unwrap_or(Share::Unknown) {
            Share::Unknown => self.site_only(expr),
            known => known,
        }
    }

    /// What the one place says where the object is made.
    fn site_only(&self, expr: ExprRef) -> Share {
        single_site(self.program(), expr).map_or(Share::Unknown, |site| self.unit.site_share(site))
    }

    fn attribute_share(&self, visit: &Visit, expr: ExprRef, base: ExprRef, depth: u32) -> Share {
        let program = self.program();
        for value in program.values(base).iter() {
            match program.value(value) {
                Value::Module(_) | Value::Class(_) => return Share::Shared,
                Value::External(_) => return Share::Unknown,
                _ => {}
            }
        }
        if self.is_computed(expr, base) {
            return Share::Unknown;
        }
        match self.share(visit, base, depth + 1) {
            Share::Shared => Share::Shared,
            own @ (Share::Own | Share::PerTask) => match self.site_only(expr) {
                Share::Shared => Share::Shared,
                _ if self.is_class_attribute(expr, base) => Share::Shared,
                _ => match own {
                    Share::Own => Share::Own,
                    _ => Share::Unknown,
                },
            },
            Share::Unknown => self.site_only(expr),
        }
    }

    /// `self.x` where a property gives `x`, which may be another object each time.
    fn is_computed(&self, expr: ExprRef, base: ExprRef) -> bool {
        let program = self.program();
        let ExprKind::Attribute { name, .. } = program.kind(expr) else {
            return false;
        };
        program.values(base).iter().any(|value| match *program.value(value) {
            Value::Instance { class, .. } => program.property_function(class, name, false).is_some(),
            _ => false,
        })
    }

    /// `self.x` where only the class body binds `x`.
    fn is_class_attribute(&self, expr: ExprRef, base: ExprRef) -> bool {
        let program = self.program();
        let ExprKind::Attribute { name, .. } = program.kind(expr) else {
            return false;
        };
        program.values(base).iter().any(|value| match *program.value(value) {
            Value::Instance { class, .. } => {
                let owner = super::places::owner(program, class, name);
                let in_body = program.file(owner.file).symbol_in(owner.scope, name).is_some();
                let assigned = program.solution.universe.find_name(name).is_some_and(|name| {
                    let variable = crate::link::solver::Variable::Attribute(owner, name);
                    !program.solution.variable(variable).is_empty()
                });
                in_body && !assigned
            }
            _ => false,
        })
    }

    /// The functions that a visit calls, with what it gives them.
    fn next(&self, visit: &Visit) -> Vec<Visit> {
        let mut found = Vec::new();
        let body = self.bodies.body(visit.function);
        for &call in self.bodies.calls.get(&visit.function).into_iter().flatten() {
            let span = self.program().file(call.file).span(call.expr);
            if visit.region.is_some_and(|region| !region.contains(span)) {
                continue;
            }
            let statement = self.program().index(call.file).statement_of(call.expr);
            let mut locks = visit.locks.clone();
            if let Some(held) = statement.and_then(|statement| body.guards.get(&statement)) {
                locks.extend(held.iter().map(|held| held.lock.clone()));
            }
            if self.is_wrapped_in_lock(visit.function) {
                locks.push(Location::Unclear);
            }
            locks.sort();
            locks.dedup();
            let mut chain = visit.chain.clone();
            if chain.len() < CHAIN {
                chain.push(call);
            }
            for callee in called(self.program(), &self.bodies.submitting, call) {
                for (function, parameters) in self.arguments(visit, call, &callee) {
                    found.push(Visit {
                        function,
                        parameters,
                        locks: locks.clone(),
                        chain: chain.clone(),
                        region: None,
                    });
                }
            }
        }
        found
    }

    fn arguments(&self, visit: &Visit, call: ExprRef, callee: &Callee) -> Vec<(ScopeRef, Vec<Share>)> {
        match callee {
            Callee::Function { function, receiver } => {
                let first = receiver.map(|_| self.receiver_share(visit, call));
                vec![(*function, self.parameters(visit, call, *function, first))]
            }
            Callee::Class(class) => {
                let program = self.program();
                let mut found = Vec::new();
                for function in program.methods(*class, "__init__", false) {
                    found.push((function, self.parameters(visit, call, function, Some(Share::Own))));
                }
                for function in program.methods(*class, "__new__", false) {
                    found.push((function, self.parameters(visit, call, function, Some(Share::Shared))));
                }
                for function in metaclass_calls(program, *class) {
                    found.push((function, self.parameters(visit, call, function, Some(Share::Shared))));
                }
                found
            }
            _ => Vec::new(),
        }
    }

    fn receiver_share(&self, visit: &Visit, call: ExprRef) -> Share {
        let program = self.program();
        let ExprKind::Call { callee, .. } = program.kind(call) else {
            return Share::Unknown;
        };
        let callee = program.sibling(call, *callee);
        let ExprKind::Attribute { base, .. } = program.kind(callee) else {
            return match program.kind(callee) {
                // An instance that is called.
                ExprKind::Name { .. } => self.share(visit, callee, 0),
                _ => Share::Unknown,
            };
        };
        let base = program.sibling(callee, *base);
        let is_super = program
            .values(base)
            .iter()
            .any(|value| matches!(program.value(value), Value::Super { .. }));
        if is_super {
            return visit.parameters.first().copied().unwrap_or(Share::Unknown);
        }
        self.share(visit, base, 0)
    }

    fn parameters(&self, visit: &Visit, call: ExprRef, function: ScopeRef, first: Option<Share>) -> Vec<Share> {
        let program = self.program();
        let bound = usize::from(first.is_some());
        let parameters = &program.scope(function).parameters;
        parameters
            .iter()
            .enumerate()
            .map(|(number, parameter)| {
                if number < bound {
                    return first.unwrap_or(Share::Unknown);
                }
                let position = u32::try_from(number - bound).ok();
                let given = program.argument(call, position, Some(&parameter.name));
                given.map_or(Share::Unknown, |given| self.share(visit, given, 0))
            })
            .collect()
    }
}

fn is_about_the_object(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Iterate
            | EventKind::Resize
            | EventKind::CheckThenAct { .. }
            | EventKind::FragileUse
            | EventKind::ExclusiveUse
    )
}
