//! Instances of the project's classes: what they hold when they are pickled.

use std::collections::BTreeSet;

use crate::facts::{ExprKind, StmtKind};
use crate::finding::{Confidence, Note};
use crate::knowledge::{Pickling as Fact, Role, Semantic, WorkerKind};
use crate::link::solver::{Base, Variable};
use crate::link::values::{ExprRef, ScopeRef, Site, Value, ValueId};
use crate::link::{Callee, Program};

use super::attributes::{Field, Write, Written, fields, values_for};
use super::judge::{Cause, Judge, Obstacle};
use super::order::{CONSTRUCTORS, Timing};

/// More subclasses than this are not looked at one by one.
const SUBCLASSES: usize = 16;

impl Judge<'_, '_, '_> {
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
        for &base in self.program.solution.classes.ancestry(class).iter() {
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
    fn in_subclasses(&self, class: ScopeRef, subclasses: &[ScopeRef], depth: u32) -> Option<Obstacle> {
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
        for &base in self.program.solution.classes.ancestry(class).iter() {
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
        self.program.solution.classes.ancestry(class).iter().any(|base| {
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
            let written = self.writes.of(base).any(|(name, _)| name == field.name);
            let passed = || self.passed_for(&field, base, site.filter(|_| base == class), depth);
            let obstacle = if written { None } else { passed() };
            let obstacle = obstacle.or_else(|| self.default_of(&field.factories, depth));
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

    /// What the constructor that a decorator writes is passed for a field.
    fn passed_for(&self, field: &Field, class: ScopeRef, site: Option<Site>, depth: u32) -> Option<Obstacle> {
        if let Some(Site::Expr(call)) = site
            && self.program.callees(call).contains(&Callee::Class(class))
        {
            let argument = self.program.argument(call, field.position, Some(&field.name))?;
            let found = self.set(self.program.values(argument), depth + 1)?;
            return Some(self.as_sure_as(argument, found));
        }
        let name = self.program.solution.universe.find_name(&field.name)?;
        let values = self.program.solution.variable(Variable::Attribute(class, name));
        Some(self.set(values, depth + 1)?.at_most(Confidence::Medium))
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
            if overwritten || self.order.is_elsewhere(write, self.moment) {
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
        if let Written::Expression(value) = write.written
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
                CONSTRUCTORS.contains(&caller.name.as_str())
            }) || CONSTRUCTORS.contains(&self.program.scope(other.function).name.as_str());
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
