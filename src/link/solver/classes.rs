//! Classes: bases, the order in which they are searched, members, and traits of methods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::facts::{ExprKind, ScopeId, ScopeKind, SymbolId};
use crate::knowledge::Semantic;

use super::super::values::{Name, ScopeRef, Value, ValueSet};
use super::Solver;

/// A base of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Base {
    /// A class of the project.
    Project(ScopeRef),
    /// A class outside the project, by its canonical dotted name.
    External(Name),
    /// Something that could not be resolved.
    Unknown,
}

/// The classes of the project.
#[derive(Clone, Debug, Default)]
pub struct Classes {
    bases: BTreeMap<ScopeRef, Vec<Base>>,
    children: BTreeMap<ScopeRef, BTreeSet<ScopeRef>>,
    /// As of the last refresh.
    ancestries: FxHashMap<ScopeRef, Arc<[Base]>>,
    descendants: FxHashMap<ScopeRef, Arc<[ScopeRef]>>,
}

impl Classes {
    /// All of them, in order.
    pub fn all(&self) -> impl Iterator<Item = ScopeRef> {
        self.bases.keys().copied()
    }

    /// The direct bases of a class.
    #[must_use]
    pub fn bases(&self, class: ScopeRef) -> &[Base] {
        self.bases.get(&class).map_or(&[], Vec::as_slice)
    }

    /// The class and everything above it in the order in which attributes are searched (depth first, left to right,
    /// each once at its last place, which is right for all but contrived hierarchies).
    #[must_use]
    pub fn ancestry(&self, class: ScopeRef) -> Arc<[Base]> {
        self.ancestries
            .get(&class)
            .map_or_else(|| self.find_ancestry(class), Arc::clone)
    }

    fn find_ancestry(&self, class: ScopeRef) -> Arc<[Base]> {
        let mut order = Vec::new();
        self.collect(Base::Project(class), &mut order, 0);
        let mut seen = BTreeSet::new();
        let mut kept: Vec<Base> = order.into_iter().rev().filter(|&base| seen.insert(base)).collect();
        kept.reverse();
        kept.into()
    }

    /// Brings what is kept of all classes up to date with their bases; gives the classes for which that changes
    /// anything, sorted.
    pub(super) fn refresh(&mut self) -> Vec<ScopeRef> {
        let mut changed = Vec::new();
        for &class in self.bases.keys() {
            let ancestry = self.find_ancestry(class);
            let descendants = self.find_descendants(class);
            let same_above = self.ancestries.get(&class) == Some(&ancestry);
            let same_below = self.descendants.get(&class) == Some(&descendants);
            if !same_above || !same_below {
                self.ancestries.insert(class, ancestry);
                self.descendants.insert(class, descendants);
                changed.push(class);
            }
        }
        changed
    }

    fn collect(&self, base: Base, order: &mut Vec<Base>, depth: u32) {
        order.push(base);
        if let (Base::Project(class), true) = (base, depth < 30 && order.len() < 200) {
            for &above in self.bases(class) {
                self.collect(above, order, depth + 1);
            }
        }
    }

    /// All classes below a class, sorted, without the class itself.
    #[must_use]
    pub fn descendants(&self, class: ScopeRef) -> Arc<[ScopeRef]> {
        self.descendants
            .get(&class)
            .map_or_else(|| self.find_descendants(class), Arc::clone)
    }

    fn find_descendants(&self, class: ScopeRef) -> Arc<[ScopeRef]> {
        let mut found = BTreeSet::new();
        let mut open = vec![class];
        while let Some(next) = open.pop() {
            for &child in self.children.get(&next).into_iter().flatten() {
                if child != class && found.insert(child) {
                    open.push(child);
                }
            }
        }
        found.into_iter().collect()
    }

    /// The names of the external classes above a class.
    pub fn external_ancestors(&self, class: ScopeRef) -> Vec<Name> {
        let ancestry = self.ancestry(class);
        let names = ancestry.iter().filter_map(|base| match *base {
            Base::External(name) => Some(name),
            _ => None,
        });
        names.collect()
    }

    /// Whether something above the class could not be resolved.
    #[must_use]
    pub fn has_unknown_base(&self, class: ScopeRef) -> bool {
        self.ancestry(class).contains(&Base::Unknown)
    }
}

/// What the body of a class binds under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The class whose body it is.
    pub class: ScopeRef,
    /// The symbol in that body.
    pub symbol: SymbolId,
}

impl Solver<'_> {
    /// As [`Classes::ancestry`], for the current unit, which is done again when that changes.
    pub(super) fn ancestry(&mut self, class: ScopeRef) -> Arc<[Base]> {
        self.read_shape(class);
        self.classes.ancestry(class)
    }

    /// As [`Classes::descendants`], for the current unit, which is done again when that changes.
    pub(super) fn descendants(&mut self, class: ScopeRef) -> Arc<[ScopeRef]> {
        self.read_shape(class);
        self.classes.descendants(class)
    }

    pub(super) fn external_ancestors(&mut self, class: ScopeRef) -> Vec<Name> {
        self.read_shape(class);
        self.classes.external_ancestors(class)
    }

    pub(super) fn define_class(&mut self, scope: ScopeId) {
        let file = self.file(self.current().file);
        let class = ScopeRef {
            file: self.current().file,
            scope,
        };
        let written = file.scope(scope);
        let mut bases = Vec::new();
        for &base in &written.bases {
            let mut values = self.evaluate(base);
            if let ExprKind::Subscript { base: generic, .. } = file.kind(base) {
                values = self.expressions[class.file.index()][generic.index()].clone();
            }
            bases.push(self.base_of(&values));
        }
        for &(_, value) in &written.keywords {
            self.evaluate(value);
        }
        for &decorator in &written.decorators {
            self.evaluate(decorator);
        }
        if self.classes.bases.get(&class) != Some(&bases) {
            for base in &bases {
                if let Base::Project(above) = base {
                    self.classes.children.entry(*above).or_default().insert(class);
                }
            }
            self.classes.bases.insert(class, bases);
            self.shape_changed = true;
        }
        let values = self.one(Value::Class(class));
        self.bind_definition(scope, &values);
    }

    fn base_of(&mut self, values: &ValueSet) -> Base {
        for value in values.iter() {
            match *self.universe.get(value) {
                Value::Class(class) => return Base::Project(class),
                Value::External(name) => return Base::External(name),
                // `class Worker(context.Process)`: what the method makes is what is subclassed.
                Value::ExternalMethod { of, name, .. } => {
                    let owner = self.universe.shared_text(of);
                    let method = self.universe.shared_text(name);
                    let returns = self
                        .knowledge
                        .method(&owner, &method)
                        .and_then(|(_, fact)| fact.returns.as_ref());
                    if let Some(returns) = returns {
                        return Base::External(self.universe.name(&returns.name));
                    }
                }
                _ => {}
            }
        }
        Base::Unknown
    }

    /// What the body of the first class in the ancestry that binds `name` binds, and the external base that comes
    /// first otherwise.
    pub(super) fn find_member(&self, ancestry: &[Base], name: &str) -> Option<Member> {
        ancestry.iter().find_map(|base| match *base {
            Base::Project(class) => {
                let symbol = self.symbol_in(class.file, class.scope, name)?;
                Some(Member { class, symbol })
            }
            _ => None,
        })
    }

    /// The class whose method a function is.
    pub(super) fn class_of_method(&self, function: ScopeRef) -> Option<ScopeRef> {
        let file = self.file(function.file);
        let parent = file.scope(function.scope).parent?;
        (file.scope(parent).kind == ScopeKind::Class).then_some(ScopeRef {
            file: function.file,
            scope: parent,
        })
    }

    /// What the first parameter of a method holds.
    pub(super) fn method_receiver(&mut self, method: ScopeRef, class: ScopeRef) -> ValueSet {
        match self.semantic_of_method(method) {
            Some(Semantic::StaticMethod) => ValueSet::empty(),
            Some(Semantic::ClassMethod) => self.one(Value::Class(class)),
            _ if matches!(
                self.file(method.file).scope(method.scope).name.as_str(),
                "__new__" | "__init_subclass__" | "__class_getitem__"
            ) =>
            {
                self.one(Value::Class(class))
            }
            _ => self.one(Value::Instance { class, site: None }),
        }
    }

    /// How a decorator changes what a method is: property, static method, class method, context manager.
    pub(super) fn semantic_of_method(&mut self, method: ScopeRef) -> Option<Semantic> {
        let file = self.file(method.file);
        for &decorator in &file.scope(method.scope).decorators {
            let decorator = match file.kind(decorator) {
                ExprKind::Call { callee, .. } => *callee,
                _ => decorator,
            };
            for value in self.look_at(method.file, decorator).iter() {
                if let Value::External(name) = *self.universe.get(value) {
                    let semantic = self.knowledge.semantic(self.universe.text(name));
                    if matches!(
                        semantic,
                        Some(
                            Semantic::Property
                                | Semantic::StaticMethod
                                | Semantic::ClassMethod
                                | Semantic::ContextManager
                        )
                    ) {
                        return semantic;
                    }
                }
            }
        }
        None
    }

    /// Whether a function is the setter or deleter of a property.
    pub(super) fn is_property_accessor(&self, method: ScopeRef) -> bool {
        let file = self.file(method.file);
        file.scope(method.scope).decorators.iter().any(|&decorator| {
            matches!(file.kind(decorator), ExprKind::Attribute { name, .. } if matches!(name.as_str(), "setter" | "deleter"))
        })
    }

    /// Whether a class is a dataclass or named tuple: annotated names of its body are constructor parameters.
    pub(super) fn constructor_fields(&mut self, class: ScopeRef) -> Option<Vec<String>> {
        let file = self.file(class.file);
        let scope = file.scope(class.scope);
        let is_dataclass = scope.decorators.iter().any(|&decorator| {
            let decorator = match file.kind(decorator) {
                ExprKind::Call { callee, .. } => *callee,
                _ => decorator,
            };
            self.look_at(class.file, decorator).iter().any(|value| {
                matches!(*self.universe.get(value), Value::External(name)
                    if self.knowledge.semantic(self.universe.text(name)) == Some(Semantic::Dataclass))
            })
        });
        let has_dataclass_base = self
            .external_ancestors(class)
            .iter()
            .any(|&name| self.knowledge.semantic(self.universe.text(name)) == Some(Semantic::Dataclass));
        if !is_dataclass && !has_dataclass_base {
            return None;
        }
        let mut fields = Vec::new();
        for base in self.ancestry(class).iter().rev() {
            if let Base::Project(above) = *base {
                for name in annotated_names(self.file(above.file), above.scope) {
                    if !fields.contains(&name) {
                        fields.push(name);
                    }
                }
            }
        }
        Some(fields)
    }
}

impl Solver<'_> {
    /// Whether a member of a class body is a constructor parameter, so that each instance has its own.
    pub(super) fn is_constructor_field(&mut self, member: Member) -> bool {
        let name = self.file(member.class.file).symbol(member.symbol).name.clone();
        self.constructor_fields(member.class)
            .is_some_and(|fields| fields.contains(&name))
    }
}

/// Names that a class body annotates, in order.
pub(super) fn annotated_names(file: &crate::facts::FileFacts, scope: ScopeId) -> Vec<String> {
    let mut names = Vec::new();
    for statement in &file.scope(scope).body {
        if let crate::facts::StmtKind::Annotated { target, .. } = &statement.kind
            && let ExprKind::Store(def) = file.kind(*target)
        {
            names.push(file.symbol(file.definition(*def).symbol).name.clone());
        }
    }
    names
}
