//! What calls cost.

mod operators;

use crate::facts::{DefId, ExprId, ExprKind};
use crate::knowledge::{CallFact, Growth, Invocation, Selector, Semantic, WaitOn};
use crate::link::values::{ExprRef, ScopeRef, Unresolved, ValueId, ValueSet};
use crate::link::{Callee, Program};

use super::classify::hull;
use super::cost::{CALL, MISSED, STEP, Walk};
use super::estimate::Estimate;
use super::memo;
use super::profile::{Inside, Part, Profile, UnknownCall};

/// Making an instance of a class of the project, without its `__init__`.
const INSTANCE: f64 = 3e-7;
/// A call of something outside that is known to exist and whose cost is not: the type's constructor.
const CONSTRUCTOR: f64 = 1e-6;
/// The share of the work of compiled code that is taken to hold the GIL where that is not known.
const HELD: f64 = 0.2;
/// Typical seconds that C code takes for a short array.
const ROW: f64 = 3e-7;
/// C code that takes longer than this for an element is not made for rows of a few.
const CHEAP_ELEMENT: f64 = 4e-9;
/// The share of what compiled code is taken to cost that is left where it works on a row.
const ROW_SHARE: f64 = 1e-3;
/// How often a method that has the name of one of the language's own types is the project's.
const OWN_METHOD: f64 = 0.2;
/// How deep partials are followed.
const DEPTH: u32 = 4;

/// The cost of one call.
pub(super) struct CallCosts<'w, 'a, 'p> {
    pub(super) walk: &'w Walk<'a, 'p>,
    pub(super) call: ExprId,
}

impl CallCosts<'_, '_, '_> {
    fn call_ref(&self) -> ExprRef {
        self.walk.at(self.call)
    }

    /// What the call costs, its arguments not counted.
    pub(super) fn cost(&self) -> Profile {
        let program = self.walk.program;
        let mut profile = self.receiver_cost();
        let callees = program.callees(self.call_ref());
        let known = callees.iter().any(|callee| !matches!(callee, Callee::Unknown(_)));
        let costs = callees.iter().map(|callee| match callee {
            Callee::Unknown(reason) if known => self.unresolved(*reason).perhaps(0.5),
            Callee::Unknown(reason) => self.unresolved(*reason),
            _ => self.callee(callee, 0),
        });
        profile.add(&hull(&costs.collect::<Vec<Profile>>()).unwrap_or_default());
        profile
    }

    /// The part of `a.b(...)` before the call.
    fn receiver_cost(&self) -> Profile {
        match self.walk.program.kind(self.call_ref()) {
            ExprKind::Call { callee, .. } => match self.walk.program.kind(self.walk.at(*callee)) {
                ExprKind::Attribute { base, .. } => {
                    let mut profile = Profile::steps(STEP);
                    profile.add(&self.walk.expression(*base));
                    profile
                }
                ExprKind::Name { .. } => Profile::steps(STEP),
                _ => self.walk.expression(*callee),
            },
            _ => Profile::default(),
        }
    }

    fn callee(&self, callee: &Callee, depth: u32) -> Profile {
        match callee {
            Callee::Function { function, .. } => self.function(*function),
            Callee::Class(class) => self.construct(*class),
            Callee::Partial(site) if depth < DEPTH => self.partial(*site, depth),
            Callee::Partial(_) => self.unknown(Unresolved::TooMany),
            Callee::External { name, receiver } => self.external(name, *receiver, depth),
            Callee::Unknown(reason) => self.unknown(*reason),
        }
    }

    fn partial(&self, site: ExprRef, depth: u32) -> Profile {
        let program = self.walk.program;
        let Some(inner) = program.argument(site, Some(0), None) else {
            return self.unknown(Unresolved::Parameter);
        };
        let mut hull: Option<Profile> = None;
        for callee in program.callees_of(program.values(inner)) {
            let cost = self.callee(&callee, depth + 1);
            hull = Some(hull.map_or_else(|| cost.clone(), |other| other.or(&cost)));
        }
        hull.unwrap_or_default()
    }

    /// A function of the project, with the wrappers that decorators put around it.
    fn function(&self, function: ScopeRef) -> Profile {
        let program = self.walk.program;
        let mut profile = Profile::steps(CALL);
        if let Some(fact) = program.knowledge.user_call(&program.full_name(function)) {
            profile.add(&self.fact(fact, None));
            profile.explain(self.walk.place(self.call), "its cost is configured");
            return profile;
        }
        let scope = program.scope(function);
        if scope.is_async && !self.is_awaited() {
            return profile;
        }
        let wrappers: Vec<ScopeRef> = program
            .solution
            .wrappers
            .get(&function)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        for inner in std::iter::once(&function).chain(&wrappers) {
            if let Some(cost) = self.walk.profiles.get(inner) {
                profile.add(cost);
            }
        }
        profile.round = None;
        if self.is_in_nested_loop() {
            profile.shorten_rows();
        }
        profile.seen_from_caller();
        if program
            .semantics_of_decorators(function)
            .contains(&Semantic::CachesFunction)
            || wrappers.iter().any(|&wrapper| memo::keeps_results(program, wrapper))
        {
            profile = profile.perhaps(if self.is_settled() { 0.0 } else { MISSED });
        }
        let message = format!("calls `{}`", program.display_name(function));
        profile.called_from(self.walk.place(self.call), &message);
        profile
    }

    /// Whether the call is made with the same arguments nearly always: literals, and parameters that have a default.
    fn is_settled(&self) -> bool {
        let program = self.walk.program;
        let ExprKind::Call { arguments, .. } = program.kind(self.walk.at(self.call)) else {
            return false;
        };
        let facts = program.file(self.walk.function.file);
        let parameters = &program.scope(self.walk.function).parameters;
        let has_default = |def: &DefId| {
            let parameter = parameters.iter().find(|parameter| parameter.def == *def);
            parameter.is_some_and(|parameter| parameter.default.is_some())
        };
        arguments.iter().all(|argument| match facts.kind(argument.value) {
            ExprKind::Str { .. } | ExprKind::Int(_) | ExprKind::Bool(_) | ExprKind::None => true,
            ExprKind::Name { reaching, .. } => !reaching.is_empty() && reaching.iter().all(has_default),
            _ => false,
        })
    }

    /// Whether a coroutine that the call makes is run by the expression around it.
    fn is_awaited(&self) -> bool {
        let program = self.walk.program;
        let index = program.index(self.walk.function.file);
        index
            .expressions_around(self.call)
            .any(|around| match program.kind(self.walk.at(around)) {
                ExprKind::Await(_) => true,
                ExprKind::Call { .. } => program.callees(self.walk.at(around)).iter().any(|callee| {
                    matches!(callee, Callee::External { name, .. }
                    if program.knowledge.semantic(name) == Some(Semantic::RunsCoroutine))
                }),
                _ => false,
            })
    }

    fn construct(&self, class: ScopeRef) -> Profile {
        let program = self.walk.program;
        let mut profile = Profile::steps(INSTANCE);
        match program.methods(class, "__init__", false).first() {
            Some(&init) => profile.add(&self.function(init)),
            None => {
                for base in program.solution.classes.external_ancestors(class) {
                    let name = program.name(base);
                    if let Some(fact) = program.knowledge.call(name) {
                        profile.add(&self.fact(fact, None));
                    }
                }
            }
        }
        profile
    }

    /// A call of something outside the project.
    fn external(&self, name: &str, receiver: Option<ValueId>, depth: u32) -> Profile {
        let program = self.walk.program;
        let Some(fact) = program.knowledge.call(name) else {
            if program.knowledge.type_fact(name).is_some() || program.knowledge.semantic(name).is_some() {
                return Profile::steps(CONSTRUCTOR);
            }
            if name.ends_with(".__init__") {
                return Profile::steps(CONSTRUCTOR);
            }
            if let Some(mut profile) = own_extension(program, name) {
                if self.is_in_nested_loop() {
                    profile = profile.perhaps(ROW_SHARE);
                }
                profile.explain(self.walk.place(self.call), &format!("`{name}` is compiled, here"));
                return profile;
            }
            let reason = if program.knowledge.library_of(name).is_some() {
                Unresolved::ExternalResult
            } else {
                Unresolved::UnknownLibrary
            };
            return self.unresolved(reason);
        };
        let mut profile = self.fact(fact, receiver);
        profile.interpreter += self.overhead(name);
        // The arguments of this call are those of what it calls itself, not of what that calls (`map(map, rows)`).
        if depth == 0 {
            for invocation in &fact.invokes {
                profile.add(&self.invoked(invocation, receiver));
            }
        }
        profile.explain(self.walk.place(self.call), &describe(fact, name));
        profile
    }

    /// What each call of a library takes before it gets to work.
    fn overhead(&self, name: &str) -> Estimate {
        let seconds = self.walk.program.knowledge.call_overhead(name);
        seconds.map_or(Estimate::ZERO, Estimate::between)
    }

    /// What the knowledge base says, scaled by the size of what is worked on.
    fn fact(&self, fact: &CallFact, receiver: Option<ValueId>) -> Profile {
        let units = match fact.grows {
            Some(growth) => self.size(fact, growth, receiver),
            None => Estimate::exactly(1.0),
        };
        self.sized(fact, units)
    }

    /// What the knowledge base says of so many units.
    fn sized(&self, fact: &CallFact, units: Estimate) -> Profile {
        let part =
            |range: Option<[f64; 2]>| range.map_or(Estimate::ZERO, |range| Estimate::between(range).times(units));
        let mut profile = Profile {
            interpreter: part(fact.interpreter),
            native: self.native(fact, part(fact.native)),
            ..Profile::default()
        };
        profile.rows = row_seconds(fact, profile.native);
        if fact.grows.is_some() {
            profile.interpreter += Estimate::exactly(CALL);
        }
        if fact.releases_above.is_some_and(|bytes| {
            #[expect(clippy::cast_precision_loss, reason = "a threshold of some kilobytes")]
            let bytes = bytes as f64;
            units.typical < bytes
        }) {
            profile.interpreter += profile.native;
            profile.native = Estimate::ZERO;
            profile.rows = 0.0;
        }
        let waiting = part(fact.wait);
        match fact.on {
            Some(on @ (WaitOn::Lock | WaitOn::Queue)) => {
                profile.handover = self.bounded(fact, waiting);
                // Who takes waits for an item; who puts waits for a place, which is mostly there.
                if on == WaitOn::Queue && waiting.least > 0.0 {
                    profile.inbox = profile.handover.typical;
                }
            }
            Some(WaitOn::Sleep) => profile.wait = self.slept(fact).unwrap_or(waiting),
            _ => profile.wait = waiting,
        }
        profile
    }

    fn native(&self, fact: &CallFact, mut seconds: Estimate) -> Estimate {
        if fact.grows.is_none() && seconds.least == 0.0 {
            // What may be no work at all is mostly little.
            seconds.typical = seconds.typical.min((ROW * seconds.most).sqrt());
        }
        if self.is_in_nested_loop() {
            seconds.typical = row_seconds(fact, seconds);
        }
        seconds
    }

    /// Whether the call is made in a loop inside a loop, where arrays of unknown size are mostly rows, and what is
    /// compiled works on one of them.
    fn is_in_nested_loop(&self) -> bool {
        let index = self.walk.program.index(self.walk.function.file);
        index.loops_around(self.call).len() > 1
    }

    /// A literal time-out bounds a wait.
    fn bounded(&self, fact: &CallFact, waiting: Estimate) -> Estimate {
        for selector in fact.until.iter().flatten() {
            if let Some(argument) = self.selected(selector) {
                let limit = self.walk.sizes().number(argument);
                if limit.known && limit.count.most >= 0.0 && limit.count.most < waiting.most {
                    let most = limit.count.most;
                    return Estimate::new(waiting.least.min(most), waiting.typical.max(most / 3.0).min(most), most);
                }
            }
        }
        waiting
    }

    /// The duration of a sleep that a literal gives. A variable that is only known to hold zero at times is set later.
    fn slept(&self, fact: &CallFact) -> Option<Estimate> {
        let argument = self.selected(fact.size.as_ref()?)?;
        let seconds = self.walk.sizes().number(argument);
        let count = seconds.count;
        let is_literal = matches!(
            self.walk.program.kind(self.walk.at(argument)),
            ExprKind::Int(_) | ExprKind::Float(_)
        );
        let is_set = is_literal || count.most > 0.0;
        (seconds.known && is_set && count.least >= 0.0).then_some(Estimate::new(
            count.least,
            count.typical,
            count.most * 1.2 + 1e-4,
        ))
    }

    fn selected(&self, selector: &Selector) -> Option<ExprId> {
        let program = self.walk.program;
        let argument = match selector {
            Selector::Position(position) => program.argument(self.call_ref(), Some(*position), None),
            Selector::Keyword(keyword) => program.argument(self.call_ref(), None, Some(keyword)),
        };
        argument.map(|argument| argument.expr)
    }

    fn size(&self, fact: &CallFact, growth: Growth, receiver: Option<ValueId>) -> Estimate {
        let sizes = self.walk.sizes();
        let by_receiver = || {
            if let ExprKind::Call { callee, .. } = self.walk.program.kind(self.call_ref())
                && let ExprKind::Attribute { base, .. } = self.walk.program.kind(self.walk.at(*callee))
            {
                return Some(sizes.size(*base, growth));
            }
            receiver.and_then(|receiver| sizes.size_of_value(receiver, growth))
        };
        let found = match &fact.size {
            Some(Selector::Keyword(keyword)) if keyword == crate::link::language::SELF => by_receiver(),
            Some(selector) => self.selected(selector).map(|argument| sizes.size(argument, growth)),
            None if receiver.is_some() => by_receiver(),
            None => self
                .selected(&Selector::Position(0))
                .map(|argument| sizes.size(argument, growth)),
        };
        found.unwrap_or(Estimate::new(1.0, 60.0, 1e6))
    }

    /// A callable that the call runs itself.
    fn invoked(&self, invocation: &Invocation, receiver: Option<ValueId>) -> Profile {
        let program = self.walk.program;
        let argument = program.argument(self.call_ref(), invocation.position, invocation.keyword.as_deref());
        let Some(argument) = argument else {
            return Profile::default();
        };
        // Where a callable may stand, something else may stand as well: the replacement of `re.sub` can be a string.
        let callables: ValueSet = program
            .values(argument)
            .iter()
            .filter(|&value| program.is_callable(value))
            .collect();
        if callables.is_empty() {
            return Profile::default();
        }
        let mut hull: Option<Profile> = None;
        for callee in program.callees_of(&callables) {
            let cost = self.callee(&callee, 1);
            hull = Some(hull.map_or_else(|| cost.clone(), |other| other.or(&cost)));
        }
        let profile = hull.unwrap_or_default();
        if !invocation.per_element {
            return profile;
        }
        let other = if invocation.position == Some(0) { 1 } else { 0 };
        match (receiver, program.argument(self.call_ref(), Some(other), None)) {
            (None, Some(iterable)) => self.walk.sizes().rounds(iterable.expr).of(profile),
            _ => profile.guessed(super::sizes::UNKNOWN_ROUNDS),
        }
    }

    /// What `iter(get, sentinel)` costs for each element: a call of `get`. `None` for any other call.
    pub(super) fn element_by_call(&self) -> Option<Profile> {
        let program = self.walk.program;
        let gives_elements = program.callees(self.call_ref()).iter().all(|callee| match callee {
            Callee::External { name, .. } => program.knowledge.semantic(name) == Some(Semantic::CopiesElements),
            _ => false,
        });
        let source = program.argument(self.call_ref(), Some(0), None)?;
        program.argument(self.call_ref(), Some(1), None)?;
        let callees = program.callees_of(program.values(source));
        let costs: Vec<Profile> = callees.iter().map(|callee| self.callee(callee, 1)).collect();
        hull(&costs).filter(|_| gives_elements)
    }

    /// Nothing is known of what is called; the name of a method may say enough.
    fn unresolved(&self, reason: Unresolved) -> Profile {
        self.by_method_name(reason).unwrap_or_else(|| self.unknown(reason))
    }

    /// A method name that means much the same on every type that the knowledge base describes (`append`, `recv`).
    fn by_method_name(&self, reason: Unresolved) -> Option<Profile> {
        let ExprKind::Call { callee, .. } = self.walk.program.kind(self.call_ref()) else {
            return None;
        };
        let ExprKind::Attribute { name, .. } = self.walk.program.kind(self.walk.at(*callee)) else {
            return None;
        };
        let knowledge = self.walk.program.knowledge;
        let is_own = self.walk.program.defines_method(name);
        // What the project itself calls so is the better guess, and not known; but there is more text than anything else.
        if is_own && !knowledge.is_builtin_method(name) {
            return None;
        }
        let fact = knowledge.usual_method(name)?;
        let mut profile = self.fact(&fact, None);
        if is_own {
            profile.add(&self.unknown(reason).perhaps(OWN_METHOD));
        }
        profile.explain(
            self.walk.place(self.call),
            &format!("`{name}`, going by its name, here"),
        );
        Some(profile)
    }

    fn unknown(&self, reason: Unresolved) -> Profile {
        let mut profile = Profile::steps(CALL);
        let text = match self.walk.program.kind(self.call_ref()) {
            ExprKind::Call { callee, .. } => self.walk.program.text(self.walk.at(*callee)),
            _ => self.walk.program.text(self.call_ref()),
        };
        profile.unknown.push(UnknownCall {
            place: self.walk.place(self.call),
            text,
            reason,
            times: 1.0,
            inside: Inside::Nothing,
        });
        profile
    }
}

/// What a known call does, as evidence.
fn describe(fact: &CallFact, name: &str) -> String {
    let name = name.strip_prefix("builtins.").unwrap_or(name);
    let typical = |range: Option<[f64; 2]>| range.map_or(0.0, |range| Estimate::between(range).typical);
    let (interpreter, native, wait) = (typical(fact.interpreter), typical(fact.native), typical(fact.wait));
    if wait > 0.0 && wait >= interpreter && wait >= native {
        let on = fact.on.map_or("something", WaitOn::as_str);
        format!("`{name}` waits for {on}, here")
    } else if native > interpreter {
        format!("`{name}` releases the GIL while it works, here")
    } else {
        format!("`{name}` works with the GIL held, here")
    }
}

/// Typical seconds of C code if what it works on is short, where that can be.
fn row_seconds(fact: &CallFact, seconds: Estimate) -> f64 {
    let limit = if fact.grows.is_some() { CHEAP_ELEMENT } else { ROW };
    match fact.native {
        Some([least, _]) if least < limit => seconds.typical.min(seconds.least.max(ROW)),
        _ => seconds.typical,
    }
}

/// What a function of a compiled module of the project costs: nobody compiles what takes no time. Of a module that is not
/// there, not even its source, that it is compiled is a guess, and so is what it does with the GIL.
pub(super) fn own_extension(program: &Program<'_>, name: &str) -> Option<Profile> {
    let seconds = Estimate::new(1e-6, 3e-3, 100.0);
    if let Some(releases) = program.modules.compiled(name) {
        let part = if releases { Part::Native } else { Part::Interpreter };
        return Some(Profile::of(part, seconds));
    }
    program.modules.is_missing(name).then(|| {
        let mut profile = Profile::of(Part::Native, Estimate { least: 0.0, ..seconds });
        profile.interpreter = seconds.perhaps(HELD);
        profile.either = profile.total();
        profile
    })
}

/// The profile of one call of something outside the project whose arguments are not in sight.
pub(super) fn fact_profile(fact: &CallFact) -> Profile {
    let units = match fact.grows {
        Some(_) => Estimate::new(1.0, 1e3, 1e8),
        None => Estimate::exactly(1.0),
    };
    let part = |range: Option<[f64; 2]>| range.map_or(Estimate::ZERO, |range| Estimate::between(range).times(units));
    let mut profile = Profile {
        interpreter: part(fact.interpreter),
        native: part(fact.native),
        ..Profile::default()
    };
    profile.rows = profile.native.typical;
    match fact.on {
        Some(WaitOn::Lock | WaitOn::Queue) => profile.handover = part(fact.wait),
        _ => profile.wait = part(fact.wait),
    }
    profile
}
