//! What classes define: methods, properties, and what decorators make of functions.

use crate::facts::{DefKind, ExprKind};
use crate::knowledge::Semantic;
use crate::link::language::SETTER;
use crate::link::solver::Base;
use crate::link::values::{ExprRef, ScopeRef, Value};

use super::Program;

impl Program<'_> {
    /// The methods of a class under a name: the one that its instances use, and with `overrides` those of subclasses.
    #[must_use]
    pub fn methods(&self, class: ScopeRef, name: &str, overrides: bool) -> Vec<ScopeRef> {
        let mut found: Vec<ScopeRef> = self.own_or_inherited_method(class, name).into_iter().collect();
        if overrides {
            for &below in self.solution.classes.descendants(class).iter() {
                found.extend(self.method_in_body(below, name));
            }
        }
        found
    }

    fn own_or_inherited_method(&self, class: ScopeRef, name: &str) -> Option<ScopeRef> {
        self.solution
            .classes
            .ancestry(class)
            .iter()
            .find_map(|base| match base {
                Base::Project(class) => self.method_in_body(*class, name),
                _ => None,
            })
    }

    /// Whether some class of the project defines a method of this name.
    #[must_use]
    pub fn defines_method(&self, name: &str) -> bool {
        let find = || {
            let functions = self.scopes().filter(|&scope| self.class_of_method(scope).is_some());
            functions.map(|function| self.scope(function).name.clone()).collect()
        };
        self.method_names.get_or_init(find).contains(name)
    }

    /// The method that a class body defines under a name; the last one where there are several.
    #[must_use]
    pub fn method_in_body(&self, class: ScopeRef, name: &str) -> Option<ScopeRef> {
        let file = self.file(class.file);
        let symbol = self.index(class.file).symbol_in(class.scope, name)?;
        file.symbol(symbol)
            .definitions
            .iter()
            .rev()
            .find_map(|&def| match file.definition(def).kind {
                DefKind::Function(scope) => Some(ScopeRef {
                    file: class.file,
                    scope,
                }),
                _ => None,
            })
    }

    /// The function that reading or setting an attribute of an instance runs, where a class makes it a property.
    #[must_use]
    pub fn property_function(&self, class: ScopeRef, name: &str, stores: bool) -> Option<ScopeRef> {
        for &base in self.solution.classes.ancestry(class).iter() {
            let Base::Project(base) = base else {
                continue;
            };
            let file = self.file(base.file);
            let Some(symbol) = self.index(base.file).symbol_in(base.scope, name) else {
                continue;
            };
            return file.symbol(symbol).definitions.iter().rev().find_map(|&def| {
                let DefKind::Function(scope) = file.definition(def).kind else {
                    return None;
                };
                let function = self.scope_ref(base.file, scope);
                let fits = if stores {
                    self.sets_property(function)
                } else {
                    self.semantics_of_decorators(function).contains(&Semantic::Property)
                };
                fits.then_some(function)
            });
        }
        None
    }

    /// Whether a function is decorated as `@name.setter`.
    fn sets_property(&self, function: ScopeRef) -> bool {
        let file = self.file(function.file);
        let decorators = &self.scope(function).decorators;
        decorators
            .iter()
            .any(|&decorator| matches!(file.kind(decorator), ExprKind::Attribute { name, .. } if name == SETTER))
    }

    /// How a decorator changes what a function is.
    #[must_use]
    pub fn semantics_of_decorators(&self, function: ScopeRef) -> Vec<Semantic> {
        let decorators = &self.scope(function).decorators;
        decorators
            .iter()
            .filter_map(|&decorator| {
                self.semantic_of_decorator(ExprRef {
                    file: function.file,
                    expr: decorator,
                })
            })
            .collect()
    }

    /// What a decorator means, called or not.
    #[must_use]
    pub fn semantic_of_decorator(&self, decorator: ExprRef) -> Option<Semantic> {
        let callee = match self.kind(decorator) {
            ExprKind::Call { callee, .. } => ExprRef {
                file: decorator.file,
                expr: *callee,
            },
            _ => decorator,
        };
        self.values(callee).iter().find_map(|value| match *self.value(value) {
            Value::External(name) => self.knowledge.semantic(self.name(name)),
            _ => None,
        })
    }
}
