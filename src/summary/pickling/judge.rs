//! Whether a value pickles, and what in it does not.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::facts::{DefKind, ExprKind};
use crate::finding::{Confidence, Note};
use crate::knowledge::{Pickling as Fact, Position, Role, WorkerKind};
use crate::link::Program;
use crate::link::language;
use crate::link::solver::{Key, Variable};
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId, ValueSet};

use super::attributes::{Writes, rests_on_unknown_callers};
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
    /// A class that a call makes under a name that its module does not have.
    MadeClass(String),
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
            Self::Lambda(_) | Self::Nested(_) | Self::Decorated(_) | Self::LocalClass(_) | Self::MadeClass(_)
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
    pub(super) fn new(cause: Cause, value: Option<ValueId>, notes: Vec<Note>) -> Self {
        Self {
            cause,
            value,
            path: String::new(),
            in_instance: false,
            confidence: Confidence::High,
            notes,
        }
    }

    pub(super) fn at_most(mut self, confidence: Confidence) -> Self {
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
    pub(super) fn as_sure_as(&self, expr: ExprRef, found: Obstacle) -> Obstacle {
        if rests_on_unknown_callers(self.program, expr) {
            found.at_most(Confidence::Low)
        } else {
            found
        }
    }

    /// The module that a name is bound to by `import`.
    pub(super) fn imported_module(&self, expr: ExprRef) -> Option<String> {
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
    pub(super) fn is_only_declared(&self, value: ValueId) -> bool {
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
            // What nothing is known of may as well be an attribute that holds a plain value.
            Value::ExternalMethod { receiver, of, name } => {
                let (of, name) = (self.program.name(of), self.program.name(name));
                let is_method = self.program.knowledge.method(of, name).is_some();
                is_method.then(|| self.value(receiver, depth + 1)).flatten()
            }
            Value::Partial(site) => self.partial(site, depth),
            Value::MadeClass(site) | Value::MadeInstance(site) => self.made_class(site),
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

    pub(super) fn defined(&self, scope: ScopeRef) -> Note {
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

    pub(super) fn partial(&self, site: ExprRef, depth: u32) -> Option<Obstacle> {
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

    pub(super) fn external(
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
            Fact::Ok => self
                .kept(&fact.keeps, site?, depth)
                .or_else(|| self.elements(site?, depth)),
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

    /// What of its constructor's arguments an instance keeps, if that does not pickle.
    fn kept(&self, keeps: &[Position], site: Site, depth: u32) -> Option<Obstacle> {
        let call = site.expression()?;
        keeps.iter().find_map(|position| {
            let argument = self.program.argument_at(call, position)?;
            let mut found = self.set(self.program.values(argument), depth + 1)?;
            let note = Note {
                place: self.program.place(argument),
                message: "kept by this object".to_owned(),
            };
            found.notes.insert(0, note);
            Some(self.as_sure_as(argument, found))
        })
    }

    pub(super) fn made(&self, site: Option<Site>, name: &str) -> Option<Note> {
        let expr = site?.expression()?;
        Some(Note {
            place: self.program.place(expr),
            message: format!("the `{name}` is made here"),
        })
    }

    /// What in a container does not pickle.
    pub(super) fn elements(&self, site: Site, depth: u32) -> Option<Obstacle> {
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
                    Timing::Unknown => found.at_most(Confidence::Low),
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

    pub(super) fn made_in_time(&self, made: ExprRef) -> Timing {
        let function = self.program.function_around(self.program.scope_of(made));
        self.order
            .timing(function, self.program.place(made).span.end, self.moment)
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
}
