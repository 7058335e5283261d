//! Calls of what the project defines: binding arguments to parameters.

use crate::facts::{Argument, ArgumentKind, ExprId, ParameterKind};

use super::super::values::{DefRef, ExprRef, ScopeRef, Site, Unresolved, Value, ValueId, ValueSet};
use super::{Key, Solver, Variable};

/// The values of a call's arguments.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// Positional ones.
    pub positional: Vec<ValueSet>,
    /// What a `*value` may add after them.
    pub star: Option<ValueSet>,
    /// Those given by name.
    pub keywords: Vec<(String, ValueSet)>,
    /// The mappings given as `**value`.
    pub double_star: Option<ValueSet>,
}

impl Arguments {
    /// The argument at a position or under a name.
    #[must_use]
    pub fn get(&self, position: Option<u32>, keyword: Option<&str>) -> Option<&ValueSet> {
        let by_name = keyword.and_then(|wanted| self.keywords.iter().find(|(name, _)| name == wanted));
        by_name
            .map(|(_, values)| values)
            .or_else(|| self.positional.get(position? as usize))
    }

    /// The argument at a position.
    #[must_use]
    pub fn at(&self, position: usize) -> Option<&ValueSet> {
        self.positional.get(position)
    }

    /// The arguments after the first `count` positional ones.
    #[must_use]
    pub fn skip(&self, count: usize) -> Self {
        Self {
            positional: self.positional.iter().skip(count).cloned().collect(),
            ..self.clone()
        }
    }
}

/// How deep callables may call callables (partials of partials, callbacks of callbacks).
const DEPTH: u32 = 6;

impl Solver<'_> {
    pub(super) fn call(&mut self, expr: ExprId, callee: ExprId, arguments: &[Argument]) -> ValueSet {
        let callees = self.evaluate(callee);
        let arguments = self.arguments(arguments);
        let call = self.here(expr);
        // What is called may be solved later; sets only grow, so that nothing is said until then.
        if callees.is_empty() {
            return ValueSet::empty();
        }
        self.apply_all(&callees, &arguments, call, 0)
    }

    fn arguments(&mut self, written: &[Argument]) -> Arguments {
        let mut arguments = Arguments::default();
        for argument in written {
            let values = self.evaluate(argument.value);
            match &argument.kind {
                ArgumentKind::Positional => arguments.positional.push(values),
                ArgumentKind::Keyword(name) => arguments.keywords.push((name.clone(), values)),
                ArgumentKind::Star => {
                    let length = self.known_length(&values);
                    match length {
                        Some(length) if arguments.star.is_none() => {
                            for index in 0..length {
                                arguments.positional.push(self.item_of(&values, Key::Index(index)));
                            }
                        }
                        _ => {
                            let elements = self.elements_of(&values);
                            arguments.star.get_or_insert_with(ValueSet::empty).extend(&elements);
                        }
                    }
                }
                ArgumentKind::DoubleStar => {
                    arguments
                        .double_star
                        .get_or_insert_with(ValueSet::empty)
                        .extend(&values);
                }
            }
        }
        arguments
    }

    /// The number of elements of a tuple or list display that nothing else can be.
    fn known_length(&mut self, values: &ValueSet) -> Option<u32> {
        let mut sites = values.iter().map(|value| match *self.universe.get(value) {
            Value::ExternalInstance {
                site: Some(Site::Expr(site)),
                ..
            } => Some(site),
            _ => None,
        });
        let (Some(Some(site)), None) = (sites.next(), sites.next()) else {
            return None;
        };
        match self.file(site.file).kind(site.expr) {
            crate::facts::ExprKind::Sequence { elements, len, .. } if *len as usize == elements.len() && *len <= 16 => {
                let starred = elements
                    .iter()
                    .any(|&element| matches!(self.file(site.file).kind(element), crate::facts::ExprKind::Starred(_)));
                (!starred).then_some(*len)
            }
            _ => None,
        }
    }

    pub(super) fn apply_all(
        &mut self,
        callees: &ValueSet,
        arguments: &Arguments,
        call: ExprRef,
        depth: u32,
    ) -> ValueSet {
        let mut results = ValueSet::empty();
        for callee in callees.iter() {
            results.extend(&self.apply(callee, arguments, call, depth));
        }
        results
    }

    pub(super) fn apply(&mut self, callee: ValueId, arguments: &Arguments, call: ExprRef, depth: u32) -> ValueSet {
        if depth > DEPTH {
            return self.unknown(Unresolved::TooMany);
        }
        match self.universe.get(callee).clone() {
            Value::Function(function) => self.apply_function(function, arguments, false, call),
            Value::BoundMethod { receiver, function } => {
                if self.class_of_method(function).is_none() {
                    self.bind_first(function, receiver);
                }
                self.apply_function(function, arguments, true, call)
            }
            Value::Class(class) => self.construct(class, arguments, call),
            Value::Instance { .. } => {
                let methods = self.attribute_of(&ValueSet::one(callee), "__call__");
                self.apply_all(&methods, arguments, call, depth + 1)
            }
            Value::Partial(site) => self.apply_partial(site, arguments, call, depth),
            Value::MadeClass(site) => self.one(Value::MadeInstance(site)),
            Value::Delayed(site) => {
                let functions = self.delayed_function(site);
                self.apply_all(&functions, arguments, call, depth + 1);
                self.one(Value::Delayed(call))
            }
            Value::External(name) => {
                let name = self.universe.shared_text(name);
                self.apply_external(&name, None, arguments, call, depth)
            }
            Value::ExternalMethod { receiver, of, name } => {
                self.apply_method(receiver, of, name, arguments, call, depth)
            }
            Value::ExternalInstance { of, .. } => {
                let name = self.universe.name("__call__");
                self.apply_method(callee, of, name, arguments, call, depth)
            }
            _ => self.unknown(Unresolved::ExternalResult),
        }
    }

    fn apply_function(&mut self, function: ScopeRef, arguments: &Arguments, bound: bool, call: ExprRef) -> ValueSet {
        self.bind(function, arguments, bound);
        self.callers.entry(function).or_default().insert(call);
        let mut results = self.result_of(function);
        let wrappers = self.wrappers_of(function);
        for wrapper in wrappers {
            let given = self.with_receiver(function, arguments, bound);
            self.bind(wrapper, &given, false);
            self.callers.entry(wrapper).or_default().insert(call);
            if results.is_empty() {
                results = self.result_of(wrapper);
            }
        }
        results
    }

    /// The arguments that a wrapper of a method gets: the receiver comes first.
    fn with_receiver(&mut self, function: ScopeRef, arguments: &Arguments, bound: bool) -> Arguments {
        let mut given = arguments.clone();
        if let (true, Some(class)) = (bound, self.class_of_method(function)) {
            let receiver = self.method_receiver(function, class);
            given.positional.insert(0, receiver);
        }
        given
    }

    /// What a call of a function gives, going by its kind.
    pub(super) fn result_of(&mut self, function: ScopeRef) -> ValueSet {
        let scope = self.file(function.file).scope(function.scope);
        if scope.is_generator {
            self.one(Value::Generator(function))
        } else if scope.is_async {
            self.one(Value::Coroutine(function))
        } else {
            self.read(Variable::Return(function))
        }
    }

    fn apply_partial(&mut self, site: ExprRef, arguments: &Arguments, call: ExprRef, depth: u32) -> ValueSet {
        let (callees, mut filled) = self.partial_parts(site);
        filled.positional.extend(arguments.positional.iter().cloned());
        filled.keywords.extend(arguments.keywords.iter().cloned());
        filled.star = filled.star.or_else(|| arguments.star.clone());
        filled.double_star = filled.double_star.or_else(|| arguments.double_star.clone());
        self.apply_all(&callees, &filled, call, depth + 1)
    }

    /// The callable of a `partial(...)` call and the arguments that it fills in, as last computed.
    pub(super) fn partial_parts(&mut self, site: ExprRef) -> (ValueSet, Arguments) {
        let file = self.file(site.file);
        let crate::facts::ExprKind::Call { arguments: written, .. } = file.kind(site.expr) else {
            return (ValueSet::empty(), Arguments::default());
        };
        let mut callees = ValueSet::empty();
        let mut filled = Arguments::default();
        let mut first = true;
        for argument in written {
            let values = self.look_at(site.file, argument.value);
            match &argument.kind {
                ArgumentKind::Positional if first => {
                    callees = values;
                    first = false;
                }
                ArgumentKind::Positional => filled.positional.push(values),
                ArgumentKind::Keyword(name) => filled.keywords.push((name.clone(), values)),
                ArgumentKind::Star => filled.star = Some(self.elements_of(&values)),
                ArgumentKind::DoubleStar => filled.double_star = Some(values),
            }
        }
        (callees, filled)
    }

    /// The functions that a call of `delayed`, or a call of what it gives, stands for.
    fn delayed_function(&mut self, site: ExprRef) -> ValueSet {
        let file = self.file(site.file);
        let crate::facts::ExprKind::Call { arguments, .. } = file.kind(site.expr) else {
            return ValueSet::empty();
        };
        match arguments.first() {
            Some(first) => self.look_at(site.file, first.value),
            None => ValueSet::empty(),
        }
    }

    fn construct(&mut self, class: ScopeRef, arguments: &Arguments, call: ExprRef) -> ValueSet {
        let ancestry = self.ancestry(class);
        let instance = self.one(Value::Instance {
            class,
            site: Some(Site::Expr(call)),
        });
        match self.find_member(&ancestry, "__init__") {
            Some(member) => {
                for &def in &self.file(member.class.file).symbol(member.symbol).definitions.clone() {
                    let values = self.read(Variable::Def(DefRef {
                        file: member.class.file,
                        def,
                    }));
                    for value in values.iter() {
                        if let Some(function) = self.method_behind(value) {
                            self.apply_function(function, arguments, true, call);
                        }
                    }
                }
            }
            None => {
                if let Some(fields) = self.constructor_fields(class) {
                    self.write_fields(class, &fields, arguments);
                }
                for base in self.external_ancestors(class) {
                    let name = self.universe.shared_text(base);
                    if self.knowledge.submission(&name).is_some() {
                        self.bind_submission(&name, None, arguments, call, 0);
                    }
                    self.bind_handlers(&name, &instance, arguments);
                }
            }
        }
        instance
    }

    fn write_fields(&mut self, class: ScopeRef, fields: &[String], arguments: &Arguments) {
        for (index, field) in fields.iter().enumerate() {
            let position = u32::try_from(index).ok();
            if let Some(values) = arguments.get(position, Some(field)).cloned() {
                let attribute = self.universe.name(field);
                self.write(Variable::Attribute(class, attribute), &values);
            }
        }
    }

    fn bind_first(&mut self, function: ScopeRef, receiver: ValueId) {
        if let Some(parameter) = self.file(function.file).scope(function.scope).parameters.first() {
            let variable = Variable::Def(DefRef {
                file: function.file,
                def: parameter.def,
            });
            self.write(variable, &ValueSet::one(receiver));
        }
    }

    /// Binds arguments to the parameters of a function; `bound` leaves the first parameter out.
    fn bind(&mut self, function: ScopeRef, arguments: &Arguments, bound: bool) {
        let scope = self.file(function.file).scope(function.scope);
        let mut position = 0;
        for (index, parameter) in scope.parameters.iter().enumerate() {
            let def = DefRef {
                file: function.file,
                def: parameter.def,
            };
            let variable = Variable::Def(def);
            match parameter.kind {
                ParameterKind::PositionalOnly | ParameterKind::Positional => {
                    if index == 0 && bound {
                        continue;
                    }
                    match arguments.positional.get(position) {
                        Some(values) => self.write(variable, values),
                        None => self.bind_named(variable, &parameter.name, arguments, true),
                    }
                    position += 1;
                }
                ParameterKind::KeywordOnly => self.bind_named(variable, &parameter.name, arguments, false),
                ParameterKind::Star => {
                    let site = Site::Parameter(def);
                    for (offset, values) in arguments.positional.iter().skip(position).enumerate() {
                        self.write_element(site, Key::Index(super::unit_number(offset)), values);
                    }
                    if let Some(star) = &arguments.star {
                        self.write_element(site, Key::Any, star);
                    }
                }
                ParameterKind::DoubleStar => {
                    let site = Site::Parameter(def);
                    for (name, values) in &arguments.keywords {
                        if !scope.parameters.iter().any(|other| other.name == *name) {
                            let key = Key::Text(self.universe.name(name));
                            self.write_element(site, key, values);
                        }
                    }
                    if let Some(mappings) = &arguments.double_star {
                        let elements = self.elements_of(mappings);
                        self.write_element(site, Key::Any, &elements);
                    }
                }
            }
        }
    }

    fn bind_named(&mut self, variable: Variable, name: &str, arguments: &Arguments, positional: bool) {
        if let Some((_, values)) = arguments.keywords.iter().find(|(keyword, _)| keyword == name) {
            self.write(variable, values);
            return;
        }
        if let (true, Some(star)) = (positional, &arguments.star) {
            self.write(variable, star);
        }
        if let Some(mappings) = &arguments.double_star {
            let key = Key::Text(self.universe.name(name));
            let values = self.item_of(mappings, key);
            self.write(variable, &values);
        }
    }

    /// Puts a decorator around a function. What the name means afterwards is the function itself where the decorator
    /// keeps it or wraps it; the wrapper is remembered.
    pub(super) fn decorate(
        &mut self,
        decorators: &ValueSet,
        values: &ValueSet,
        function: ScopeRef,
        call: ExprRef,
    ) -> ValueSet {
        let arguments = Arguments {
            positional: vec![values.clone()],
            ..Arguments::default()
        };
        let mut results = ValueSet::empty();
        for decorator in decorators.iter() {
            match self.universe.get(decorator) {
                Value::Function(_) | Value::BoundMethod { .. } | Value::Instance { .. } | Value::Class(_) => {
                    for result in self.apply(decorator, &arguments, call, 0).iter() {
                        match *self.universe.get(result) {
                            Value::Function(wrapper) if wrapper != function => {
                                self.add_wrapper(function, wrapper);
                                results.extend(values);
                            }
                            Value::Instance { .. } | Value::ExternalInstance { .. } => {
                                results.insert(result);
                            }
                            _ => {
                                results.extend(values);
                            }
                        }
                    }
                }
                _ => {
                    results.extend(values);
                }
            }
        }
        if results.is_empty() { values.clone() } else { results }
    }
}
