//! What calls cost.

use crate::facts::{BinaryOp, DefId, ExprId, ExprKind};
use crate::knowledge::{CallFact, Growth, Invocation, Selector, Semantic, WaitOn};
use crate::link::Callee;
use crate::link::values::{ExprRef, ScopeRef, Unresolved, Value, ValueId, ValueSet};

use super::classify::hull;
use super::cost::{CALL, MISSED, STEP, Walk};
use super::estimate::Estimate;
use super::profile::{Part, Profile, UnknownCall};

/// Making an instance of a class of the project, without its `__init__`.
const INSTANCE: f64 = 3e-7;
/// A call of something outside that is known to exist and whose cost is not: the type's constructor.
const CONSTRUCTOR: f64 = 1e-6;
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
            Callee::Unknown(reason) if known => self.unknown(*reason).perhaps(0.5),
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
        let wrappers = program.solution.wrappers.get(&function);
        for inner in std::iter::once(&function).chain(wrappers.into_iter().flatten()) {
            if let Some(cost) = self.walk.profiles.get(inner) {
                profile.add(cost);
            }
        }
        profile.round = None;
        profile.seen_from_caller();
        if program
            .semantics_of_decorators(function)
            .contains(&Semantic::CachesFunction)
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
            if let Some(releases) = program.modules.compiled(name) {
                let mut profile = compiled_profile(releases);
                profile.explain(self.walk.place(self.call), &format!("`{name}` is compiled, here"));
                return profile;
            }
            if let Some(profile) = self.by_method_name() {
                return profile;
            }
            let reason = if program.knowledge.library_of(name).is_some() {
                Unresolved::ExternalResult
            } else {
                Unresolved::UnknownLibrary
            };
            return self.unknown(reason);
        };
        let mut profile = self.fact(fact, receiver);
        // The arguments of this call are those of what it calls itself, not of what that calls (`map(map, rows)`).
        if depth == 0 {
            for invocation in &fact.invokes {
                profile.add(&self.invoked(invocation, receiver));
            }
        }
        profile.explain(self.walk.place(self.call), &describe(fact, name));
        profile
    }

    /// What the knowledge base says, scaled by the size of what is worked on.
    fn fact(&self, fact: &CallFact, receiver: Option<ValueId>) -> Profile {
        let units = match fact.grows {
            Some(growth) => self.size(fact, growth, receiver),
            None => Estimate::exactly(1.0),
        };
        let part =
            |range: Option<[f64; 2]>| range.map_or(Estimate::ZERO, |range| Estimate::between(range).times(units));
        let mut profile = Profile {
            interpreter: part(fact.interpreter),
            native: part(fact.native),
            ..Profile::default()
        };
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

    /// The duration of a sleep that a literal gives.
    fn slept(&self, fact: &CallFact) -> Option<Estimate> {
        let argument = self.selected(fact.size.as_ref()?)?;
        let seconds = self.walk.sizes().number(argument);
        let count = seconds.count;
        (seconds.known && count.least >= 0.0).then_some(Estimate::new(
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
        self.by_method_name().unwrap_or_else(|| self.unknown(reason))
    }

    /// A method name that means much the same on every type that the knowledge base describes (`append`, `recv`).
    fn by_method_name(&self) -> Option<Profile> {
        let ExprKind::Call { callee, .. } = self.walk.program.kind(self.call_ref()) else {
            return None;
        };
        let ExprKind::Attribute { name, .. } = self.walk.program.kind(self.walk.at(*callee)) else {
            return None;
        };
        // What the project itself calls so is the better guess, and not known.
        if self.walk.program.defines_method(name) {
            return None;
        }
        let fact = self.walk.program.knowledge.common_method(name)?;
        let mut profile = self.fact(&fact, None);
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
        });
        profile
    }

    /// Operators and properties: what they cost beyond a step, where types of the knowledge base or of the project
    /// define them.
    pub(super) fn operator(&self, kind: &ExprKind) -> Profile {
        match kind {
            ExprKind::Binary { op, left, right } => self.dunder(binary_method(*op), &[*left, *right]),
            ExprKind::Unary { operand, .. } => self.dunder("__neg__", &[*operand]),
            ExprKind::Compare { left, comparisons } => {
                let mut operands = vec![*left];
                operands.extend(comparisons.iter().map(|(_, right)| *right));
                self.dunder("__eq__", &operands)
            }
            ExprKind::Subscript { base, .. } => self.dunder("__getitem__", &[*base]),
            ExprKind::Attribute { base, name, .. } => self.property(*base, name),
            _ => Profile::default(),
        }
    }

    fn dunder(&self, method: &str, operands: &[ExprId]) -> Profile {
        let program = self.walk.program;
        for &operand in operands {
            for value in program.values(self.walk.at(operand)).iter() {
                if let Value::ExternalInstance { of, .. } = *program.value(value)
                    && let Some((_, fact)) = program.knowledge.method(program.name(of), method)
                {
                    let units = match fact.grows {
                        Some(growth) => self.walk.sizes().size(operand, growth),
                        None => Estimate::exactly(1.0),
                    };
                    let part = |range: Option<[f64; 2]>| {
                        range.map_or(Estimate::ZERO, |range| Estimate::between(range).times(units))
                    };
                    let mut profile = Profile {
                        interpreter: part(fact.interpreter),
                        native: part(fact.native),
                        wait: part(fact.wait),
                        ..Profile::default()
                    };
                    profile.explain(self.walk.place(self.call), &describe(fact, program.name(of)));
                    return profile;
                }
            }
        }
        Profile::default()
    }

    fn property(&self, base: ExprId, name: &str) -> Profile {
        let program = self.walk.program;
        for value in program.values(self.walk.at(base)).iter() {
            match *program.value(value) {
                Value::Instance { class, .. } => {
                    if let Some(getter) = program.property_function(class, name, false) {
                        return self.function(getter);
                    }
                }
                Value::ExternalInstance { of, .. } => {
                    let fact = program.knowledge.attribute(program.name(of), name);
                    if let Some(range) = fact.and_then(|fact| fact.interpreter) {
                        return Profile::of(Part::Interpreter, Estimate::between(range));
                    }
                }
                _ => {}
            }
        }
        Profile::default()
    }
}

const fn binary_method(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "__add__",
        BinaryOp::Sub => "__sub__",
        BinaryOp::Mult => "__mul__",
        BinaryOp::MatMult => "__matmul__",
        BinaryOp::Div => "__truediv__",
        BinaryOp::Mod => "__mod__",
        BinaryOp::Pow => "__pow__",
        BinaryOp::LShift => "__lshift__",
        BinaryOp::RShift => "__rshift__",
        BinaryOp::BitOr => "__or__",
        BinaryOp::BitXor => "__xor__",
        BinaryOp::BitAnd => "__and__",
        BinaryOp::FloorDiv => "__floordiv__",
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

/// What a function of a compiled module of the project costs: nobody compiles what takes no time.
pub(super) fn compiled_profile(releases: bool) -> Profile {
    let part = if releases { Part::Native } else { Part::Interpreter };
    Profile::of(part, Estimate::new(1e-6, 3e-3, 100.0))
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
    match fact.on {
        Some(WaitOn::Lock | WaitOn::Queue) => profile.handover = part(fact.wait),
        _ => profile.wait = part(fact.wait),
    }
    profile
}
