//! Whether a value pickles, and what in it does not.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::facts::{DefKind, ExprKind, ScopeKind, StmtKind};
use crate::finding::{Confidence, Note};
use crate::knowledge::{Pickling as Fact, Role, Semantic, WorkerKind};
use crate::link::language;
use crate::link::solver::{Base, Key, Variable};
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId, ValueSet};
use crate::link::{Callee, Program};

use super::attributes::{Write, Writes, fields, rests_on_unknown_callers, values_for};
use super::order::{Moment, Order, Timing};

/// What does not pickle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A lambda.
    Lambda(ScopeRef),
    /// A function that is defined in another function.
    Nested(ScopeRef),
    /// A function in whose place a decorator puts another one, which lies in a function.
    Decorated(ScopeRef),
    /// A class that is defined in a function.
    LocalClass(ScopeRef),
    /// What a generator function, or a generator expression, gives.
    Generator(Option<ScopeRef>),
    /// What an `async def` gives.
    Coroutine(ScopeRef),
    /// A module.
    Module(String),
    /// An instance of a type, by its name.
    Type {
        /// The name.
        name: String,
        /// What CPython says.
        error: Option<String>,
        /// The part that it plays between threads and processes.
        role: Option<Role>,
    },
    /// An object of multiprocessing's own that travels only while a process starts.
    Primitive {
        /// The name of its type.
        name: String,
        /// What CPython says.
        error: Option<String>,
    },
}

impl Cause {
    /// Whether the cause is a callable or class that has no name to be found under.
    #[must_use]
    pub fn is_nameless(&self) -> bool {
        matches!(
            self,
            Self::Lambda(_) | Self::Nested(_) | Self::Decorated(_) | Self::LocalClass(_)
        )
    }
}

/// Something that does not pickle, with the way that leads to it.
#[derive(Clone, Debug)]
pub struct Obstacle {
    /// What does not pickle.
    pub cause: Cause,
    /// The value.
    pub value: Option<ValueId>,
    /// The attributes that lead to it: `.client`, `.lock`; `[...]` for elements of containers.
    pub path: String,
    /// It is held by an instance of the project.
    pub in_instance: bool,
    /// How sure it is.
    pub confidence: Confidence,
    /// The places on the way.
    pub notes: Vec<Note>,
}

impl Obstacle {
    fn new(cause: Cause, value: Option<ValueId>, notes: Vec<Note>) -> Self {
        Self {
            cause,
            value,
            path: String::new(),
            in_instance: false,
            confidence: Confidence::High,
            notes,
        }
    }

    fn at_most(mut self, confidence: Confidence) -> Self {
        self.confidence = self.confidence.min(confidence);
        self
    }
}

/// Judges values that are pickled at one moment.
pub(super) struct Judge<'s, 'p, 'a> {
    /// The program.
    pub(super) program: &'p Program<'a>,
    /// The writes of attributes.
    pub(super) writes: &'s Writes,
    /// What runs before what.
    pub(super) order: &'s Order<'p, 'a>,
    /// Classes that teach the pickler how to pickle them.
    pub(super) registered: &'s BTreeSet<ScopeRef>,
    /// When it is pickled.
    pub(super) moment: Moment,
    /// A process is started with it, so that multiprocessing's own objects travel along.
    pub(super) starting: bool,
    /// Values that were judged already.
    pub(super) seen: RefCell<BTreeSet<ValueId>>,
}

/// Objects in objects are followed this far.
const DEPTH: u32 = 6;
/// More subclasses than this are not looked at one by one.
const SUBCLASSES: usize = 16;

impl Judge<'_, '_, '_> {
    /// What in an expression does not pickle.
    pub(super) fn expression(&self, expr: ExprRef) -> Option<Obstacle> {
        if let Some(module) = self.imported_module(expr) {
            return Some(Obstacle::new(Cause::Module(module), None, Vec::new()));
        }
        let found = self.set(self.program.values(expr), 0)?;
        Some(self.as_sure_as(expr, found))
    }

    /// What some call passes through a parameter need not be what this one passes.
    fn as_sure_as(&self, expr: ExprRef, found: Obstacle) -> Obstacle {
        if rests_on_unknown_callers(self.program, expr) {
            found.at_most(Confidence::Low)
        } else {
            found
        }
    }

    /// The module that a name is bound to by `import`.
    fn imported_module(&self, expr: ExprRef) -> Option<String> {
        let ExprKind::Name {
            symbol: Some(symbol), ..
        } = self.program.kind(expr)
        else {
            return None;
        };
        let file = self.program.file(expr.file);
        let definitions = &file.symbol(*symbol).definitions;
        let modules = definitions.iter().map(|&def| match &file.definition(def).kind {
            DefKind::Import { module, .. } => Some(module.clone()),
            _ => None,
        });
        let modules: Option<Vec<String>> = modules.collect();
        modules?.into_iter().next()
    }

    /// What in one of several possible values does not pickle. Where others may come that do, that is less sure.
    pub(super) fn set(&self, values: &ValueSet, depth: u32) -> Option<Obstacle> {
        if depth > DEPTH || values.is_full() {
            return None;
        }
        let mut best: Option<Obstacle> = None;
        let mut harmless = 0_usize;
        for value in values.iter() {
            if self.is_only_declared(value) && values.len() > 1 {
                continue;
            }
            let Some(mut found) = self.value(value, depth) else {
                harmless += 1;
                continue;
            };
            if self.is_only_declared(value) {
                if self.program.role(value).is_some() {
                    // What is declared as a queue or lock is as often a look-alike of another module.
                    continue;
                }
                found = found.at_most(Confidence::Medium);
            }
            if best.as_ref().is_none_or(|best| found.confidence > best.confidence) {
                best = Some(found);
            }
        }
        match harmless {
            0 => best,
            1 | 2 => best.map(|found| found.at_most(Confidence::Medium)),
            _ => best.map(|found| found.at_most(Confidence::Low)),
        }
    }

    /// Whether a value is known by an annotation or the like alone.
    fn is_only_declared(&self, value: ValueId) -> bool {
        matches!(self.program.value(value), Value::ExternalInstance { site: None, .. })
    }

    /// What in a value does not pickle.
    pub(super) fn value(&self, value: ValueId, depth: u32) -> Option<Obstacle> {
        if depth > DEPTH || !self.seen.borrow_mut().insert(value) {
            return None;
        }
        match *self.program.value(value) {
            Value::Function(function) => self.function(function),
            Value::Class(class) => self.local_class(class),
            Value::Instance { class, site } => self.instance(value, class, site, depth),
            Value::ExternalInstance { of, site } => self.external(value, of, site, depth),
            Value::BoundMethod { receiver, function } => self
                .unwrapped_decoration(function)
                .or_else(|| self.value(receiver, depth + 1)),
            Value::ExternalMethod { receiver, .. } => self.value(receiver, depth + 1),
            Value::Partial(site) => self.partial(site, depth),
            Value::Generator(function) => Some(Obstacle::new(
                Cause::Generator(Some(function)),
                Some(value),
                vec![self.defined(function)],
            )),
            Value::Coroutine(function) => Some(Obstacle::new(
                Cause::Coroutine(function),
                Some(value),
                vec![self.defined(function)],
            )),
            Value::Module(file) => {
                let module = self.program.sources[file.index()].modules.first();
                Some(Obstacle::new(
                    Cause::Module(module.cloned().unwrap_or_default()),
                    Some(value),
                    Vec::new(),
                ))
            }
            Value::External(name) => {
                // Whatever is not a module has a dotted name.
                let name = self.program.name(name);
                let is_module = !name.contains('.') && self.program.knowledge.library_of(name).is_some();
                is_module.then(|| Obstacle::new(Cause::Module(name.to_owned()), Some(value), Vec::new()))
            }
            _ => None,
        }
    }

    fn defined(&self, scope: ScopeRef) -> Note {
        let name = self.program.display_name(scope);
        Note {
            place: self.program.name_place(scope),
            message: if name == "lambda" {
                "the lambda".to_owned()
            } else {
                format!("`{name}` is defined here")
            },
        }
    }

    fn function(&self, function: ScopeRef) -> Option<Obstacle> {
        let scope = self.program.scope(function);
        let value = None;
        if scope.kind == ScopeKind::Lambda {
            return Some(Obstacle::new(
                Cause::Lambda(function),
                value,
                vec![self.defined(function)],
            ));
        }
        if self.is_nested(function) {
            return Some(Obstacle::new(
                Cause::Nested(function),
                value,
                vec![self.defined(function)],
            ));
        }
        self.unwrapped_decoration(function)
    }

    /// Whether a function or class lies in a function and is not bound to a global name.
    fn is_nested(&self, scope: ScopeRef) -> bool {
        if !self.program.is_local(scope) {
            return false;
        }
        let file = self.program.file(scope.file);
        let outermost_name = file.definitions.iter().find(|definition| {
            matches!(definition.kind, DefKind::Function(inner) | DefKind::Class(inner) if inner == scope.scope)
        });
        outermost_name.is_none_or(|definition| file.symbol(definition.symbol).scope != crate::facts::MODULE)
    }

    fn local_class(&self, class: ScopeRef) -> Option<Obstacle> {
        self.is_nested(class)
            .then(|| Obstacle::new(Cause::LocalClass(class), None, vec![self.defined(class)]))
    }

    /// A decorator of the project that puts a function of its own in the place of the decorated one, under a name that
    /// the pickler cannot find.
    fn unwrapped_decoration(&self, function: ScopeRef) -> Option<Obstacle> {
        let wrappers = self.program.solution.wrappers.get(&function)?;
        let scope = self.program.scope(function);
        let replaced = scope.decorators.iter().all(|&decorator| {
            let decorator = ExprRef {
                file: function.file,
                expr: decorator,
            };
            let values = self.program.values(decorator);
            !values.is_empty()
                && values.iter().all(|value| match *self.program.value(value) {
                    Value::Function(decorate) => {
                        let results = self.program.solution.variable(Variable::Return(decorate));
                        !results.is_empty()
                            && results.iter().all(|result| {
                                matches!(self.program.value(result), Value::Function(wrapper) if wrappers.contains(wrapper))
                            })
                    }
                    _ => false,
                })
        });
        if !replaced || !wrappers.iter().all(|&wrapper| self.keeps_its_own_name(wrapper)) {
            return None;
        }
        let wrapper = *wrappers.iter().next()?;
        let note = Note {
            place: self.program.name_place(wrapper),
            message: format!(
                "`{}` takes its place under its own name: `functools.wraps` is missing",
                self.program.scope(wrapper).name
            ),
        };
        Some(Obstacle::new(
            Cause::Decorated(function),
            None,
            vec![self.defined(function), note],
        ))
    }

    /// Whether a wrapper is only defined and returned, so that nothing gives it another name.
    fn keeps_its_own_name(&self, wrapper: ScopeRef) -> bool {
        let scope = self.program.scope(wrapper);
        if scope.kind == ScopeKind::Lambda {
            return true;
        }
        if !self.is_nested(wrapper) || !scope.decorators.is_empty() {
            return false;
        }
        let file = self.program.file(wrapper.file);
        let Some(parent) = scope.parent else { return false };
        let Some(symbol) = file.symbol_in(parent, &scope.name) else {
            return false;
        };
        let index = self.program.index(wrapper.file);
        index.reads(symbol).iter().all(|&read| {
            let statement = index.statement_of(read).map(|id| &index.statement(id).stmt.kind);
            matches!(statement, Some(StmtKind::Return(Some(value))) if *value == read)
        })
    }

    fn partial(&self, site: ExprRef, depth: u32) -> Option<Obstacle> {
        let ExprKind::Call { arguments, .. } = self.program.kind(site) else {
            return None;
        };
        arguments.iter().find_map(|argument| {
            let argument = self.program.sibling(site, argument.value);
            if let Some(module) = self.imported_module(argument) {
                return Some(Obstacle::new(Cause::Module(module), None, Vec::new()));
            }
            let mut found = self.set(self.program.values(argument), depth + 1)?;
            found.notes.insert(
                0,
                Note {
                    place: self.program.place(argument),
                    message: "bound by this partial call".to_owned(),
                },
            );
            Some(found)
        })
    }

    fn external(
        &self,
        value: ValueId,
        of: crate::link::values::Name,
        site: Option<Site>,
        depth: u32,
    ) -> Option<Obstacle> {
        let name = self.program.name(of).to_owned();
        let fact = self.program.knowledge.type_fact(&name)?;
        let notes = || self.made(site, &name).into_iter().collect::<Vec<_>>();
        match fact.pickle? {
            Fact::Ok => self.elements(site?, depth),
            Fact::Sent => None,
            Fact::Fails if name == language::GENERATOR => {
                Some(Obstacle::new(Cause::Generator(None), Some(value), notes()))
            }
            // A process object that is not running yet can be handed to another one that starts.
            Fact::Fails
                if self.starting && fact.worker == Some(WorkerKind::Process) && fact.role == Some(Role::Worker) =>
            {
                None
            }
            Fact::Fails => {
                let cause = Cause::Type {
                    name: name.clone(),
                    error: fact.pickle_error.clone(),
                    role: fact.role,
                };
                Some(Obstacle::new(cause, Some(value), notes()))
            }
            Fact::Inherits if self.starting => None,
            Fact::Inherits => {
                let cause = Cause::Primitive {
                    name: name.clone(),
                    error: fact.pickle_error.clone(),
                };
                Some(Obstacle::new(cause, Some(value), notes()))
            }
        }
    }

    fn made(&self, site: Option<Site>, name: &str) -> Option<Note> {
        let expr = site?.expression()?;
        Some(Note {
            place: self.program.place(expr),
            message: format!("the `{name}` is made here"),
        })
    }

    /// What in a container does not pickle.
    fn elements(&self, site: Site, depth: u32) -> Option<Obstacle> {
        let elements = self.program.solution.variable(Variable::Element(site, Key::All));
        if elements.is_full() {
            return None;
        }
        let mut best: Option<Obstacle> = None;
        for element in elements.iter() {
            let Some(found) = self.value(element, depth + 1) else {
                continue;
            };
            let made = self.program.site(element).and_then(Site::expression);
            let mut found = match made {
                None if self.is_only_declared(element) && self.program.role(element).is_some() => continue,
                None if self.is_only_declared(element) => found.at_most(Confidence::Medium),
                None => found,
                Some(made) => match self.made_in_time(made) {
                    Timing::After => continue,
                    Timing::Unknown => found.at_most(Confidence::Medium),
                    Timing::Likely | Timing::Before => found,
                },
            };
            found.path.insert_str(0, "[...]");
            if best.as_ref().is_none_or(|best| found.confidence > best.confidence) {
                best = Some(found);
            }
        }
        best
    }

    fn made_in_time(&self, made: ExprRef) -> Timing {
        let function = self.program.function_around(self.program.scope_of(made));
        self.order
            .timing(function, self.program.place(made).span.end, self.moment)
    }

    /// What in an instance of the project does not pickle.
    pub(super) fn instance(&self, value: ValueId, class: ScopeRef, site: Option<Site>, depth: u32) -> Option<Obstacle> {
        if let Some(found) = self.local_class(class) {
            return Some(found);
        }
        if self.pickles_itself(class) {
            return None;
        }
        let subclasses = self.program.solution.classes.descendants(class);
        if site.is_none() && subclasses.iter().any(|&below| self.pickles_itself(below)) {
            return None;
        }
        if let Some(found) = self.bases(value, class)? {
            return Some(found);
        }
        let mut best: Option<Obstacle> = None;
        for base in self.program.solution.classes.ancestry(class) {
            let Base::Project(base) = base else { continue };
            for found in self.attributes_of(base, class, site, depth) {
                if best.as_ref().is_none_or(|best| found.confidence > best.confidence) {
                    best = Some(found);
                }
            }
        }
        if best.is_none() && site.is_none() {
            best = self.in_subclasses(class, &subclasses, depth);
        }
        let mut found = best?;
        found.in_instance = true;
        Some(found)
    }

    /// What the subclasses hold whose instances run an inherited method that hands `self` over.
    fn in_subclasses(&self, class: ScopeRef, subclasses: &BTreeSet<ScopeRef>, depth: u32) -> Option<Obstacle> {
        if self.program.class_of_method(self.moment.function) != Some(class) || subclasses.len() > SUBCLASSES {
            return None;
        }
        let method = &self.program.scope(self.moment.function).name;
        let mut best: Option<Obstacle> = None;
        let (mut all, mut holding) = (0, 0);
        for &below in subclasses {
            if self.program.method_in_body(below, method).is_some() {
                continue;
            }
            all += 1;
            let found = self.attributes_of(below, below, None, depth).into_iter().next();
            if let Some(found) = found {
                holding += 1;
                best.get_or_insert(found);
            }
        }
        let confidence = if holding == all {
            Confidence::Medium
        } else {
            Confidence::Low
        };
        best.map(|found| found.at_most(confidence))
    }

    /// What the types outside the project above a class say: `None` where it is not known how its instances pickle.
    fn bases(&self, value: ValueId, class: ScopeRef) -> Option<Option<Obstacle>> {
        for base in self.program.solution.classes.ancestry(class) {
            let name = match base {
                Base::Project(_) => continue,
                Base::Unknown => return None,
                Base::External(name) => self.program.name(name),
            };
            let fact = self.program.knowledge.type_fact(name)?;
            let is_process = fact.worker == Some(WorkerKind::Process) && fact.role == Some(Role::Worker);
            match fact.pickle? {
                Fact::Ok | Fact::Sent => {}
                Fact::Inherits if self.starting => {}
                Fact::Fails if self.starting && is_process => {}
                Fact::Fails | Fact::Inherits => {
                    let cause = Cause::Type {
                        name: name.to_owned(),
                        error: fact.pickle_error.clone(),
                        role: fact.role,
                    };
                    return Some(Some(Obstacle::new(cause, Some(value), vec![self.defined(class)])));
                }
            }
        }
        Some(None)
    }

    /// Whether a class says itself how its instances pickle.
    fn pickles_itself(&self, class: ScopeRef) -> bool {
        if self.registered.contains(&class) {
            return true;
        }
        STATE_METHODS.iter().any(|name| {
            let methods = self.program.methods(class, name, false);
            let bound_otherwise = self.binds(class, name) && methods.is_empty();
            bound_otherwise || methods.iter().any(|&method| !self.gives_everything(method))
        })
    }

    /// Whether a class body binds a name in any way.
    fn binds(&self, class: ScopeRef, name: &str) -> bool {
        self.program.solution.classes.ancestry(class).into_iter().any(|base| {
            matches!(base, Base::Project(base) if self.program.file(base.file).symbol_in(base.scope, name).is_some())
        })
    }

    /// `return self.__dict__`, or a copy of it, and nothing else.
    fn gives_everything(&self, method: ScopeRef) -> bool {
        let file = self.program.file(method.file);
        let is_dictionary = |expr| matches!(file.kind(expr), ExprKind::Attribute { name, .. } if name == "__dict__");
        let statements: Vec<_> = self
            .program
            .scope(method)
            .body
            .iter()
            .filter(|statement| !matches!(statement.kind, StmtKind::Expr(expr) if matches!(file.kind(expr), ExprKind::Str { .. })))
            .collect();
        let [only] = statements.as_slice() else { return false };
        let StmtKind::Return(Some(value)) = only.kind else {
            return false;
        };
        is_dictionary(value)
            || match file.kind(value) {
                ExprKind::Call { callee, arguments, .. } => match (file.kind(*callee), arguments.as_slice()) {
                    (ExprKind::Attribute { base, .. }, []) => is_dictionary(*base),
                    (ExprKind::Name { .. }, [argument]) => is_dictionary(argument.value),
                    _ => false,
                },
                _ => false,
            }
    }

    fn attributes_of(&self, base: ScopeRef, class: ScopeRef, site: Option<Site>, depth: u32) -> Vec<Obstacle> {
        let mut found = Vec::new();
        for (name, writes) in self.writes.of(base) {
            found.extend(self.attribute(name, writes, class, site, depth));
        }
        for field in fields(self.program, base) {
            let obstacle = self.default_of(&field.factories, depth);
            found.extend(obstacle.map(|mut obstacle| {
                obstacle.path.insert_str(0, &format!(".{}", field.name));
                obstacle.notes.insert(
                    0,
                    Note {
                        place: field.place(self.program),
                        message: format!("each instance gets its own `{}` here", field.name),
                    },
                );
                obstacle
            }));
        }
        found.sort_by_key(|obstacle| obstacle.notes.first().map(|note| note.place));
        found
    }

    /// What the factories of a field make.
    fn default_of(&self, factories: &[ExprRef], depth: u32) -> Option<Obstacle> {
        for &factory in factories {
            for value in self.program.values(factory).iter() {
                let found = match *self.program.value(value) {
                    Value::External(name) => self.made_by_call_of(self.program.name(name)),
                    Value::Class(class) if !self.seen.borrow().contains(&value) => {
                        self.seen.borrow_mut().insert(value);
                        self.instance(value, class, None, depth + 1)
                    }
                    Value::Function(function) => {
                        let results = self.program.solution.variable(Variable::Return(function));
                        self.set(results, depth + 1)
                    }
                    _ => None,
                };
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// A new instance of a type outside the project.
    pub(super) fn made_by_call_of(&self, name: &str) -> Option<Obstacle> {
        let knowledge = self.program.knowledge;
        let returns = knowledge.call(name).and_then(|fact| fact.returns.as_ref());
        let of = returns.map_or(name, |returns| returns.name.as_str());
        let fact = knowledge.type_fact(of)?;
        let cause = match fact.pickle? {
            Fact::Fails => Cause::Type {
                name: of.to_owned(),
                error: fact.pickle_error.clone(),
                role: fact.role,
            },
            Fact::Inherits if !self.starting => Cause::Primitive {
                name: of.to_owned(),
                error: fact.pickle_error.clone(),
            },
            _ => return None,
        };
        Some(Obstacle::new(cause, None, Vec::new()))
    }

    /// What an attribute holds when the instance is pickled, if that does not pickle.
    fn attribute(
        &self,
        name: &str,
        writes: &[Write],
        class: ScopeRef,
        site: Option<Site>,
        depth: u32,
    ) -> Option<Obstacle> {
        let judged: Vec<(&Write, Option<Obstacle>)> = writes
            .iter()
            .map(|write| (write, self.written(class, site, write, depth)))
            .collect();
        let mut best: Option<Obstacle> = None;
        for (write, obstacle) in &judged {
            let Some(obstacle) = obstacle else { continue };
            let overwritten = judged
                .iter()
                .any(|(later, obstacle)| obstacle.is_none() && self.order.follows(write, later));
            if overwritten {
                continue;
            }
            let confidence = match self.order.timing_in(class, write.function, write.position, self.moment) {
                Timing::After | Timing::Unknown => continue,
                Timing::Likely => Confidence::Medium,
                Timing::Before => Confidence::High,
            };
            if self.is_cleared(write, &judged) {
                continue;
            }
            let mut found = obstacle.clone().at_most(confidence);
            found.path.insert_str(0, &format!(".{name}"));
            found.notes.insert(
                0,
                Note {
                    place: self.program.place(write.target),
                    message: format!("`{name}` is set here"),
                },
            );
            if best.as_ref().is_none_or(|best| found.confidence > best.confidence) {
                best = Some(found);
            }
        }
        best
    }

    fn written(&self, class: ScopeRef, site: Option<Site>, write: &Write, depth: u32) -> Option<Obstacle> {
        if let super::attributes::Written::Expression(value) = write.written
            && let Some(module) = self.imported_module(value)
        {
            return Some(Obstacle::new(Cause::Module(module), None, Vec::new()));
        }
        let (values, source) = values_for(self.program, class, site, write);
        let found = self.set(&values, depth + 1)?;
        Some(match source {
            Some(source) => self.as_sure_as(source, found),
            None => found,
        })
    }

    /// Whether something else is put into the attribute between the write and the moment of pickling.
    fn is_cleared(&self, write: &Write, judged: &[(&Write, Option<Obstacle>)]) -> bool {
        judged.iter().any(|(other, obstacle)| {
            if obstacle.is_some() || other.function == write.function {
                return false;
            }
            if other.function == self.moment.function {
                let again = judged.iter().any(|(bad, obstacle)| {
                    obstacle.is_some() && bad.function == other.function && bad.position > other.position
                });
                return !again && self.order.timing(other.function, other.position, self.moment) == Timing::Before;
            }
            let last_word = !judged.iter().any(|(bad, obstacle)| {
                obstacle.is_some() && bad.function == other.function && bad.position > other.position
            });
            let in_constructor = self.order.callers(other.function).iter().any(|&call| {
                let caller = self
                    .program
                    .scope(self.program.function_around(self.program.scope_of(call)));
                super::order::CONSTRUCTORS.contains(&caller.name.as_str())
            }) || super::order::CONSTRUCTORS
                .contains(&self.program.scope(other.function).name.as_str());
            last_word
                && !in_constructor
                && self.order.timing(other.function, other.position, self.moment) >= Timing::Likely
        })
    }
}

/// Methods by which a class says how its instances pickle.
const STATE_METHODS: [&str; 4] = ["__getstate__", "__reduce__", "__reduce_ex__", "__getnewargs_ex__"];

/// The classes for which the program registers a function that pickles them.
pub(super) fn registered_classes(program: &Program<'_>) -> BTreeSet<ScopeRef> {
    let mut found = BTreeSet::new();
    for call in program.calls() {
        let registers = program.callees(call).iter().any(|callee| {
            matches!(callee, Callee::External { name, .. }
                if program.knowledge.semantic(name) == Some(Semantic::RegistersPickling))
        });
        if !registers {
            continue;
        }
        let classes = program.argument(call, Some(0), None);
        for value in classes
            .map(|argument| program.values(argument))
            .iter()
            .flat_map(|set| set.iter())
        {
            if let Value::Class(class) = *program.value(value) {
                found.insert(class);
            }
        }
    }
    found
}
