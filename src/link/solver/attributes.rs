//! Attributes, items and elements: reading and writing parts of objects.

use crate::facts::ExprId;
use crate::finding::FileId;
use crate::knowledge::{Semantic, TypeExpr};

use super::super::language;
use super::super::values::{DefRef, ScopeRef, Site, Unresolved, Value, ValueId, ValueSet};
use super::classes::Base;
use super::{Key, Member, Solver, Variable};

/// Overrides in more subclasses than this are not told apart.
const DESCENDANTS: usize = 16;

impl Solver<'_> {
    /// What `receivers.name` may be.
    pub(super) fn attribute_of(&mut self, receivers: &ValueSet, name: &str) -> ValueSet {
        let mut found = ValueSet::empty();
        for receiver in receivers.iter() {
            found.extend(&self.attribute_of_value(receiver, name));
        }
        found
    }

    fn attribute_of_value(&mut self, receiver: ValueId, name: &str) -> ValueSet {
        match self.universe.get(receiver).clone() {
            Value::Module(file) => {
                if let Some(public) = self.public_name(file, name) {
                    return self.external(&public);
                }
                let values = self.module_attribute(file, name);
                // What the module binds but has not been solved yet comes later.
                let comes_later = self.symbol_in(file, crate::facts::MODULE, name).is_some();
                if values.is_empty() && !comes_later {
                    self.submodule(file, name)
                } else {
                    values
                }
            }
            Value::External(of) => self.external_attribute(of, name),
            Value::Class(class) => self.class_attribute(receiver, class, name),
            Value::Instance { class, site } => self.instance_attribute(receiver, class, site, name),
            Value::Super { class, receiver } => {
                let ancestry = self.ancestry(class);
                self.inherited(receiver, &ancestry[1..], name)
            }
            Value::ExternalInstance { of, site } => {
                let mut values = match site {
                    Some(site) => {
                        let key = Key::Text(self.universe.name(name));
                        self.read(Variable::Element(site, key))
                    }
                    None => ValueSet::empty(),
                };
                if values.is_empty() {
                    values = self.member_of_type(receiver, of, name);
                }
                values
            }
            Value::Str(_) => self.literal_member(receiver, language::STR, name),
            Value::Int(_) => self.literal_member(receiver, language::INT, name),
            Value::Bool(_) => self.literal_member(receiver, language::BOOL, name),
            Value::Generator(_) => self.literal_member(receiver, language::GENERATOR, name),
            Value::None | Value::Coroutine(_) => ValueSet::empty(),
            Value::Function(_)
            | Value::BoundMethod { .. }
            | Value::ExternalMethod { .. }
            | Value::Partial(_)
            | Value::Delayed(_)
            | Value::MadeClass(_)
            | Value::MadeInstance(_)
            | Value::Unknown(_) => self.unknown(Unresolved::DynamicAttribute),
        }
    }

    fn literal_member(&mut self, receiver: ValueId, of: &str, name: &str) -> ValueSet {
        let of = self.universe.name(of);
        self.member_of_type(receiver, of, name)
    }

    fn external_attribute(&mut self, of: super::Name, name: &str) -> ValueSet {
        let member = self.universe.name(name);
        if let Some(returns) = self.member(of, member).attribute {
            return self.instance_of_type(returns, None);
        }
        let owner = self.universe.shared_text(of);
        let dotted = format!("{owner}.{name}");
        // A namespace package of the project's own.
        if let Some(file) = self.modules.find(self.current().file, &dotted) {
            return self.one(Value::Module(file));
        }
        self.external(&dotted)
    }

    /// What a module binds under a name.
    pub(super) fn module_attribute(&mut self, file: FileId, name: &str) -> ValueSet {
        let facts = self.file(file);
        let mut values = ValueSet::empty();
        if let Some(symbol) = self.symbol_in(file, crate::facts::MODULE, name) {
            for &def in &facts.symbol(symbol).definitions {
                values.extend(&self.read(Variable::Def(DefRef { file, def })));
            }
        } else {
            for index in 0..self.star_imports[file.index()].len() {
                let (module, level) = self.star_imports[file.index()][index].clone();
                for absolute in self.modules.absolute(file, level, &module) {
                    match self.modules.find(file, &absolute) {
                        Some(inner) if inner != file => values.extend(&self.star_attribute(inner, name)),
                        _ => false,
                    };
                }
            }
        }
        let attribute = self.universe.name(name);
        values.extend(&self.read(Variable::ModuleAttribute(file, attribute)));
        values
    }

    /// In a library's own repository its public names mean what they mean to everybody.
    fn public_name(&self, file: FileId, name: &str) -> Option<String> {
        let publics = self.modules.names(file).iter().map(|module| format!("{module}.{name}"));
        publics
            .into_iter()
            .find(|public| self.knowledge.submission(public).is_some() || self.knowledge.is_worker_part(public))
    }

    /// As [`Self::module_attribute`], for one more step through star imports only.
    fn star_attribute(&mut self, file: FileId, name: &str) -> ValueSet {
        let facts = self.file(file);
        let mut values = ValueSet::empty();
        if let Some(symbol) = self.symbol_in(file, crate::facts::MODULE, name) {
            for &def in &facts.symbol(symbol).definitions {
                values.extend(&self.read(Variable::Def(DefRef { file, def })));
            }
        }
        values
    }

    fn submodule(&mut self, package: FileId, name: &str) -> ValueSet {
        for absolute in self.modules.absolute(package, 1, name) {
            if let Some(file) = self.modules.find(package, &absolute).filter(|&file| file != package) {
                return self.one(Value::Module(file));
            }
        }
        self.unknown(Unresolved::DynamicAttribute)
    }

    fn class_attribute(&mut self, receiver: ValueId, class: ScopeRef, name: &str) -> ValueSet {
        let ancestry = self.ancestry(class);
        let attribute = self.universe.name(name);
        let mut values = ValueSet::empty();
        for base in &*ancestry {
            if let Base::Project(above) = *base {
                values.extend(&self.read(Variable::Attribute(above, attribute)));
            }
        }
        if let Some(member) = self.find_member(&ancestry, name) {
            values.extend(&self.member_of_class(receiver, member));
            return values;
        }
        for base in &*ancestry {
            if let Base::External(of) = *base {
                let owner = self.universe.shared_text(of);
                if self.knowledge.method(&owner, name).is_some()
                    || self.knowledge.submission_method(&owner, name).is_some()
                {
                    values.extend(&self.external(&format!("{owner}.{name}")));
                    return values;
                }
            }
        }
        values
    }

    /// A member taken from the class itself: methods stay unbound but for class methods.
    fn member_of_class(&mut self, receiver: ValueId, member: Member) -> ValueSet {
        let mut values = ValueSet::empty();
        for value in self.member_values(member).iter() {
            match self.method_behind(value) {
                Some(function) if self.semantic_of_method(function) == Some(Semantic::ClassMethod) => {
                    values.insert(self.value(Value::BoundMethod { receiver, function }));
                }
                _ => {
                    values.insert(value);
                }
            }
        }
        values
    }

    fn member_values(&mut self, member: Member) -> ValueSet {
        let facts = self.file(member.class.file);
        let mut values = ValueSet::empty();
        for &def in &facts.symbol(member.symbol).definitions {
            values.extend(&self.read(Variable::Def(DefRef {
                file: member.class.file,
                def,
            })));
        }
        values
    }

    /// The function of the project that a value stands for, if it is one.
    pub(super) fn method_behind(&self, value: ValueId) -> Option<ScopeRef> {
        match *self.universe.get(value) {
            Value::Function(function) => Some(function),
            _ => None,
        }
    }

    fn instance_attribute(&mut self, receiver: ValueId, class: ScopeRef, site: Option<Site>, name: &str) -> ValueSet {
        let attribute = self.universe.name(name);
        let ancestry = self.ancestry(class);
        let mut values = ValueSet::empty();
        for base in &*ancestry {
            if let Base::Project(above) = *base {
                values.extend(&self.read(Variable::Attribute(above, attribute)));
            }
        }
        values.extend(&self.inherited(receiver, &ancestry, name));
        if site.is_none() {
            for &below in self.descendants(class).iter().take(DESCENDANTS) {
                values.extend(&self.read(Variable::Attribute(below, attribute)));
                if let Some(symbol) = self.symbol_in(below.file, below.scope, name) {
                    values.extend(&self.bound_members(receiver, Member { class: below, symbol }));
                }
            }
        }
        if values.is_empty() && self.find_member(&ancestry, "__getattr__").is_some() {
            return self.unknown(Unresolved::DynamicAttribute);
        }
        values
    }

    /// What the bodies of the classes in an ancestry give an instance, or the first external base that knows the name.
    fn inherited(&mut self, receiver: ValueId, ancestry: &[Base], name: &str) -> ValueSet {
        if let Some(member) = self.find_member(ancestry, name) {
            return self.bound_members(receiver, member);
        }
        for base in ancestry {
            match *base {
                Base::External(of) => {
                    let owner = self.universe.shared_text(of);
                    let known = self.knowledge.method(&owner, name).is_some()
                        || self.knowledge.submission_method(&owner, name).is_some()
                        || self.knowledge.attribute(&owner, name).is_some();
                    if known {
                        return self.member_of_type(receiver, of, name);
                    }
                }
                Base::Unknown => return self.unknown(Unresolved::DynamicAttribute),
                Base::Project(_) => {}
            }
        }
        ValueSet::empty()
    }

    /// A member of a class body as an instance sees it: methods are bound, properties are called.
    fn bound_members(&mut self, receiver: ValueId, member: Member) -> ValueSet {
        let mut values = ValueSet::empty();
        for value in self.member_values(member).iter() {
            let Some(function) = self.method_behind(value) else {
                values.insert(value);
                continue;
            };
            let in_body = self.class_of_method(function) == Some(member.class);
            if !in_body && self.is_constructor_field(member) {
                values.insert(value);
                continue;
            }
            if !in_body {
                // A function of another scope that is bound in the body: a method all the same.
                values.insert(self.value(Value::BoundMethod { receiver, function }));
                continue;
            }
            match self.semantic_of_method(function) {
                Some(Semantic::Property) => values.extend(&self.read(Variable::Return(function))),
                Some(Semantic::StaticMethod) => values.insert(value),
                Some(Semantic::ClassMethod) => {
                    let receiver = self.class_of(receiver);
                    let bound = self.value(Value::BoundMethod { receiver, function });
                    values.insert(bound)
                }
                _ if self.is_property_accessor(function) => false,
                _ => {
                    let bound = self.value(Value::BoundMethod { receiver, function });
                    values.insert(bound)
                }
            };
        }
        values
    }

    /// The class of an instance: what a class method is bound to, through an instance, too.
    fn class_of(&mut self, receiver: ValueId) -> ValueId {
        match *self.universe.get(receiver) {
            Value::Instance { class, .. } => self.value(Value::Class(class)),
            _ => receiver,
        }
    }

    /// An attribute or method of a type outside the project.
    pub(super) fn member_of_type(&mut self, receiver: ValueId, of: super::Name, name: &str) -> ValueSet {
        let name = self.universe.name(name);
        if let Some(returns) = self.member(of, name).attribute {
            return self.instance_of_type(returns, None);
        }
        self.one(Value::ExternalMethod { receiver, of, name })
    }

    /// An instance of a type that the knowledge base names.
    pub(super) fn instance_of_type(&mut self, of: &TypeExpr, site: Option<Site>) -> ValueSet {
        if of.name == language::NONE_TYPE {
            return self.one(Value::None);
        }
        if let (Some(site), Some(element)) = (site, of.arguments.last()) {
            // Two ends of one connection, say: what they are made by tells them from others.
            let is_one_of_its_kind = self
                .knowledge
                .type_fact(&element.name)
                .is_some_and(|fact| fact.pickle == Some(crate::knowledge::Pickling::Sent));
            let elements = self.instance_of_type(element, Some(site).filter(|_| is_one_of_its_kind));
            self.write_element(site, Key::Any, &elements);
        }
        self.external_instance(&of.name, site)
    }

    /// `receivers.name = values`.
    pub(super) fn write_attribute(&mut self, receivers: &ValueSet, name: &str, values: &ValueSet) {
        let attribute = self.universe.name(name);
        for receiver in receivers.iter() {
            match *self.universe.get(receiver) {
                Value::Instance { class, .. } | Value::Class(class) => {
                    self.write(Variable::Attribute(class, attribute), values);
                }
                Value::Module(file) => self.write(Variable::ModuleAttribute(file, attribute), values),
                Value::ExternalInstance { site: Some(site), .. } => {
                    self.write(Variable::Element(site, Key::Text(attribute)), values);
                }
                _ => {}
            }
        }
    }

    /// `receivers[index] = values`.
    pub(super) fn write_item(&mut self, receivers: &ValueSet, index: ExprId, values: &ValueSet) {
        let key = self.literal_key(index).unwrap_or(Key::Any);
        for receiver in receivers.iter() {
            if let Value::ExternalInstance { site: Some(site), .. } = *self.universe.get(receiver) {
                self.write_element(site, key, values);
                if let (Key::Text(name), Some(file)) = (key, self.namespace_of(site)) {
                    self.write(Variable::ModuleAttribute(file, name), values);
                }
            }
        }
    }

    /// The module whose names a call of `globals` gives.
    fn namespace_of(&self, site: Site) -> Option<FileId> {
        use crate::facts::ExprKind;
        let site = site.expression()?;
        let ExprKind::Call { callee, arguments, .. } = self.file(site.file).kind(site.expr) else {
            return None;
        };
        let callees = &self.expressions[site.file.index()][callee.index()];
        let gives_names = callees.iter().any(|callee| match *self.universe.get(callee) {
            Value::External(name) => {
                self.knowledge.semantic(self.universe.text(name)) == Some(Semantic::ModuleNamespace)
            }
            _ => false,
        });
        (gives_names && arguments.is_empty()).then_some(site.file)
    }

    /// `receivers[index]`.
    pub(super) fn subscript_of(&mut self, receivers: &ValueSet, index: ExprId) -> ValueSet {
        use crate::facts::ExprKind;
        if matches!(self.file(self.current().file).kind(index), ExprKind::Slice { .. }) {
            return self.without_literals(receivers);
        }
        let key = self.literal_key(index).unwrap_or(Key::All);
        self.item_of(receivers, key)
    }

    /// The part of containers under a key; everything for keys that are not known.
    pub(super) fn item_of(&mut self, receivers: &ValueSet, key: Key) -> ValueSet {
        let mut values = ValueSet::empty();
        for receiver in receivers.iter() {
            match self.universe.get(receiver).clone() {
                Value::ExternalInstance { of, site } => {
                    let mut found = match site {
                        Some(site) => self.read_element(site, key),
                        None => ValueSet::empty(),
                    };
                    if found.is_empty() {
                        found = self.element_by_type(of, receiver);
                    }
                    values.extend(&found);
                }
                Value::Instance { .. } => {
                    let methods = self.attribute_of_value(receiver, "__getitem__");
                    values.extend(&self.results_of(&methods));
                }
                Value::Str(_) => {
                    values.extend(&self.external_instance(language::STR, None));
                }
                Value::Unknown(reason) => {
                    values.insert(self.value(Value::Unknown(reason)));
                }
                Value::MadeInstance(_) => {
                    values.extend(&self.unknown(Unresolved::Element));
                }
                _ => {}
            }
        }
        values
    }

    fn element_by_type(&mut self, of: super::Name, receiver: ValueId) -> ValueSet {
        match self.method_returns(of, "__getitem__") {
            Some(returns) if returns.name == language::SELF => ValueSet::one(receiver),
            Some(returns) => self.instance_of_type(returns, None),
            None => self.unknown(Unresolved::Element),
        }
    }

    /// What iterating the values gives.
    pub(super) fn elements_of(&mut self, values: &ValueSet) -> ValueSet {
        let mut elements = ValueSet::empty();
        for value in values.iter() {
            match self.universe.get(value).clone() {
                Value::ExternalInstance { of, site } => {
                    if let Some(returns) = self.method_returns(of, "__iter__") {
                        elements.extend(&self.instance_of_type(returns, None));
                    }
                    if let Some(site) = site {
                        elements.extend(&self.read_element(site, Key::All));
                    }
                }
                Value::Generator(function) => {
                    elements.extend(&self.read(Variable::Yield(function)));
                }
                Value::Instance { .. } => {
                    let iterators = self.attribute_of_value(value, "__iter__");
                    let results = self.results_of(&iterators);
                    let inner: ValueSet = results
                        .iter()
                        .filter(|&result| !matches!(self.universe.get(result), Value::Instance { .. }))
                        .collect();
                    elements.extend(&self.elements_of(&inner));
                    let next = self.attribute_of_value(value, "__next__");
                    elements.extend(&self.results_of(&next));
                }
                Value::Str(_) => {
                    elements.extend(&self.external_instance(language::STR, None));
                }
                _ => {}
            }
        }
        elements
    }

    /// What entering the values as context managers gives.
    pub(super) fn entered(&mut self, values: &ValueSet) -> ValueSet {
        let mut entered = ValueSet::empty();
        for value in values.iter() {
            match self.universe.get(value).clone() {
                Value::Instance { .. } => {
                    let mut methods = self.attribute_of_value(value, "__enter__");
                    methods.extend(&self.attribute_of_value(value, "__aenter__"));
                    let project: ValueSet = methods
                        .iter()
                        .filter(|&method| matches!(self.universe.get(method), Value::BoundMethod { .. }))
                        .collect();
                    if project.is_empty() {
                        entered.insert(value);
                    } else {
                        entered.extend(&self.results_of(&project));
                    }
                }
                Value::ExternalInstance { of, site } => entered_external(self, &mut entered, value, of, site),
                Value::Generator(function) => {
                    entered.extend(&self.read(Variable::Yield(function)));
                }
                _ => {
                    entered.insert(value);
                }
            }
        }
        entered
    }

    /// What calls of project methods return; nothing is bound.
    fn results_of(&mut self, methods: &ValueSet) -> ValueSet {
        let mut results = ValueSet::empty();
        for method in methods.iter() {
            if let Value::BoundMethod { function, .. } | Value::Function(function) = *self.universe.get(method) {
                results.extend(&self.result_of(function));
            }
        }
        results
    }
}

fn entered_external(
    solver: &mut Solver<'_>,
    entered: &mut ValueSet,
    value: ValueId,
    of: super::Name,
    site: Option<Site>,
) {
    match solver.method_returns(of, "__enter__") {
        Some(returns) if returns.name == language::ELEMENT => {
            if let Some(site) = site {
                entered.extend(&solver.read_element(site, Key::All));
            }
        }
        Some(returns) if returns.name != language::SELF => {
            entered.extend(&solver.instance_of_type(returns, site));
        }
        _ => {
            entered.insert(value);
        }
    }
}
