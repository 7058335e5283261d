//! Functions and classes: whether the pickler finds them under their name.

use crate::facts::{ArgumentKind, DefKind, ExprKind, MODULE, ScopeKind, StmtKind};
use crate::finding::Note;
use crate::knowledge::Semantic;
use crate::link::Program;
use crate::link::language;
use crate::link::solver::Variable;
use crate::link::submissions::parameters_meant;
use crate::link::values::{ExprRef, ScopeRef, Value, ValueId};

use super::judge::{Cause, Judge, Obstacle};

impl Judge<'_, '_, '_> {
    pub(super) fn function(&self, function: ScopeRef) -> Option<Obstacle> {
        let scope = self.program.scope(function);
        let value = None;
        if scope.kind == ScopeKind::Lambda {
            return Some(Obstacle::new(
                Cause::Lambda(function),
                value,
                vec![self.defined(function)],
            ));
        }
        if self.is_nested(function) && !self.is_bound_to_its_name(function) {
            return Some(Obstacle::new(
                Cause::Nested(function),
                value,
                vec![self.defined(function)],
            ));
        }
        self.unwrapped_decoration(function)
    }

    /// Whether a nested function goes by the name of the global function that it wraps, and that name is bound to it: by
    /// a decorator, or by `work = logged(work)`.
    fn is_bound_to_its_name(&self, wrapper: ScopeRef) -> bool {
        let program = self.program;
        self.wrapped_by(wrapper).into_iter().any(|wrapped| {
            let wrappers = program.solution.wrappers.get(&wrapped);
            if wrappers.is_some_and(|wrappers| wrappers.contains(&wrapper)) {
                return true;
            }
            let file = program.file(wrapped.file);
            let symbol = file.symbol_in(MODULE, &program.scope(wrapped).name);
            let definitions = symbol.into_iter().flat_map(|symbol| &file.symbol(symbol).definitions);
            definitions.into_iter().any(|&def| {
                let DefKind::Assign { value, .. } = file.definition(def).kind else {
                    return false;
                };
                let bound = ExprRef {
                    file: wrapped.file,
                    expr: value,
                };
                let mut values = program.values(bound).iter();
                values.any(|value| *program.value(value) == Value::Function(wrapper))
            })
        })
    }

    /// The functions whose names a decorator such as `functools.wraps(function)` gives to a nested one.
    fn wrapped_by(&self, wrapper: ScopeRef) -> Vec<ScopeRef> {
        let program = self.program;
        let mut found = Vec::new();
        for &decorator in &program.scope(wrapper).decorators {
            let decorator = ExprRef {
                file: wrapper.file,
                expr: decorator,
            };
            let keeps = program.semantic_of_decorator(decorator) == Some(Semantic::KeepsFunction);
            let wrapped = program.argument(decorator, Some(0), None).filter(|_| keeps);
            let values = wrapped.into_iter().flat_map(|wrapped| program.values(wrapped).iter());
            found.extend(values.filter_map(|value| match *program.value(value) {
                Value::Function(function) => Some(function),
                _ => None,
            }));
        }
        found
    }

    /// A function that a decorator of the project was given and hands over: by then its name means what the decorator
    /// has made of it, and the pickler finds that.
    pub(super) fn undecorated(&self, handed: ExprRef) -> Option<Obstacle> {
        let given = parameters_meant(self.program, handed);
        let function = self.program.values(handed).iter().find_map(|value| {
            let Value::Function(function) = *self.program.value(value) else {
                return None;
            };
            let replaced = |&(scope, number): &(ScopeRef, u32)| self.is_replaced_by(function, scope, number);
            given.iter().any(replaced).then_some(function)
        })?;
        let note = Note {
            place: self.program.name_place(function),
            message: format!(
                "the name `{}` means what the decorator gives back",
                self.program.scope(function).name
            ),
        };
        Some(Obstacle::new(Cause::Undecorated(function), None, vec![note]))
    }

    /// Whether a decorator gets a function as this parameter and gives something else back.
    fn is_replaced_by(&self, function: ScopeRef, decorate: ScopeRef, parameter: u32) -> bool {
        let program = self.program;
        if self.is_nested(function) || renames(program, decorate) {
            return false;
        }
        let results = program.solution.variable(Variable::Return(decorate));
        let replaces = !results.is_empty()
            && results
                .iter()
                .all(|result| *program.value(result) != Value::Function(function));
        program.scope(function).decorators.iter().any(|&decorator| {
            let decorator = ExprRef {
                file: function.file,
                expr: decorator,
            };
            program
                .values(decorator)
                .iter()
                .any(|value| match *program.value(value) {
                    Value::Function(called) => called == decorate && parameter == 0 && replaces,
                    Value::BoundMethod { function: called, .. } => called == decorate && parameter == 1 && replaces,
                    Value::Class(class) => {
                        parameter == 1 && program.methods(class, language::INIT, false).contains(&decorate)
                    }
                    Value::Instance { class, .. } => {
                        parameter == 1 && replaces && program.methods(class, language::CALL, false).contains(&decorate)
                    }
                    _ => false,
                })
        })
    }

    /// Whether a function or class lies in a function and is not bound to a global name.
    pub(super) fn is_nested(&self, scope: ScopeRef) -> bool {
        if !self.program.is_local(scope) {
            return false;
        }
        let file = self.program.file(scope.file);
        let outermost_name = file.definitions.iter().find(|definition| {
            matches!(definition.kind, DefKind::Function(inner) | DefKind::Class(inner) if inner == scope.scope)
        });
        outermost_name.is_none_or(|definition| file.symbol(definition.symbol).scope != crate::facts::MODULE)
    }

    pub(super) fn local_class(&self, class: ScopeRef) -> Option<Obstacle> {
        self.is_nested(class)
            .then(|| Obstacle::new(Cause::LocalClass(class), None, vec![self.defined(class)]))
    }

    /// A class that a call makes: the pickler looks for it in that call's module, under the name that the call is given.
    pub(super) fn made_class(&self, call: ExprRef) -> Option<Obstacle> {
        let name = self.program.argument(call, Some(0), None)?;
        let names: Vec<&str> = self
            .program
            .values(name)
            .iter()
            .map(|value| self.text_of(value))
            .collect::<Option<_>>()?;
        let [name] = names.as_slice() else { return None };
        let file = self.program.file(call.file);
        if file.symbol_in(MODULE, name).is_some() || self.says_where_it_lives(call) {
            return None;
        }
        let note = Note {
            place: self.program.place(call),
            message: format!(
                "the class is made here, and the module has no global `{name}` by which it could be found"
            ),
        };
        Some(Obstacle::new(Cause::MadeClass((*name).to_owned()), None, vec![note]))
    }

    fn text_of(&self, value: ValueId) -> Option<&str> {
        match *self.program.value(value) {
            Value::Str(name) => Some(self.program.name(name)),
            _ => None,
        }
    }

    /// Whether a call that makes a class is given a text by name: the module or the place in it.
    fn says_where_it_lives(&self, call: ExprRef) -> bool {
        let ExprKind::Call { arguments, .. } = self.program.kind(call) else {
            return false;
        };
        arguments.iter().any(|argument| {
            let values = self.program.values(self.program.sibling(call, argument.value));
            let is_text = values
                .iter()
                .any(|value| self.program.type_names(value).contains(&language::STR));
            match argument.kind {
                ArgumentKind::Keyword(_) => is_text || values.is_empty(),
                ArgumentKind::DoubleStar => true,
                _ => false,
            }
        })
    }

    /// A decorator of the project that puts a function of its own in the place of the decorated one, under a name that
    /// the pickler cannot find.
    pub(super) fn unwrapped_decoration(&self, function: ScopeRef) -> Option<Obstacle> {
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
    pub(super) fn keeps_its_own_name(&self, wrapper: ScopeRef) -> bool {
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
}

/// Whether a decorator gives what it is given another name to be found under.
fn renames(program: &Program<'_>, decorate: ScopeRef) -> bool {
    let around = program.scope(decorate).span;
    let file = program.file(decorate.file);
    file.expressions.iter().any(|expr| {
        around.contains(expr.span)
            && matches!(&expr.kind, ExprKind::Attribute { name, .. } if name == language::QUALIFIED_NAME)
    })
}
