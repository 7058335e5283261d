//! Calls of what lies outside the project: what they mean to the flow of values, what they return, and the callables
//! that they run or hand to a worker.

use std::sync::Arc;

use crate::knowledge::{ArgumentsShape, Invocation, Position, Semantic, SubmissionResult, SubmissionShape, TypeExpr};

use super::super::language;
use super::super::values::{ExprRef, Name, Site, Unresolved, Value, ValueId, ValueSet};
use super::{Arguments, Key, Solver};

impl Solver<'_> {
    /// A method of a type outside the project.
    pub(super) fn apply_method(
        &mut self,
        receiver: ValueId,
        of: Name,
        name: Name,
        arguments: &Arguments,
        call: ExprRef,
        depth: u32,
    ) -> ValueSet {
        let owner = self.universe.shared_text(of);
        let method = self.universe.shared_text(name);
        if &*method == "__init__" {
            if self.knowledge.submission(&owner).is_some() {
                self.bind_submission(&owner, Some(receiver), arguments, call, depth);
            }
            self.bind_handlers(&owner, &ValueSet::one(receiver), arguments);
            return self.one(Value::None);
        }
        let full = Arc::clone(&self.member(of, name).full);
        self.apply_external(&full, Some(receiver), arguments, call, depth)
    }

    /// A call of something outside the project by its full name.
    pub(super) fn apply_external(
        &mut self,
        name: &str,
        receiver: Option<ValueId>,
        arguments: &Arguments,
        call: ExprRef,
        depth: u32,
    ) -> ValueSet {
        if let Some(semantic) = self.knowledge.semantic(name)
            && let Some(values) = self.semantic_call(semantic, name, receiver, arguments, call, depth)
        {
            return values;
        }
        if self.knowledge.submission(name).is_some() {
            let results = self.bind_submission(name, receiver, arguments, call, depth);
            self.write_element(Site::Expr(call), Key::Any, &results);
            if self
                .knowledge
                .submission(name)
                .is_some_and(|shape| shape.result == SubmissionResult::Result)
            {
                return results;
            }
        }
        let fact = self.knowledge.call(name);
        if let Some(fact) = fact {
            for invocation in &fact.invokes {
                self.invoke(invocation, receiver, arguments, call, depth);
            }
        }
        let made = fact
            .and_then(|fact| fact.returns.as_ref())
            .map_or(name, |returns| returns.name.as_str());
        self.bind_initializer(made, arguments, call, depth);
        let site = Some(Site::Expr(call));
        let result = match fact.and_then(|fact| fact.returns.as_ref()) {
            Some(returns) => self.returned(returns, receiver, arguments, site),
            None if self.knowledge.type_fact(name).is_some() => self.external_instance(name, site),
            None if self.knowledge.library_of(name).is_none() => self.unknown(Unresolved::UnknownLibrary),
            None => self.unknown(Unresolved::ExternalResult),
        };
        if receiver.is_none() {
            self.bind_handlers(name, &result, arguments);
            self.bind_handlers_of_unbound(name, arguments);
        }
        result
    }

    /// Binds the arguments of the function that the workers of a new pool run first.
    fn bind_initializer(&mut self, pool: &str, arguments: &Arguments, call: ExprRef, depth: u32) {
        let Some(fact) = self.knowledge.type_fact(pool) else {
            return;
        };
        let at = |position: &Option<Position>| {
            let position = position.as_ref()?;
            arguments.get(position.position, position.keyword.as_deref()).cloned()
        };
        if let Some(callees) = at(&fact.initializer_argument) {
            let given = at(&fact.initargs_argument).unwrap_or_default();
            let given = self.spread(&given);
            self.apply_all(&callees, &given, call, depth + 1);
        }
    }

    pub(super) fn returned(
        &mut self,
        returns: &TypeExpr,
        receiver: Option<ValueId>,
        arguments: &Arguments,
        site: Option<Site>,
    ) -> ValueSet {
        if returns.name == language::SELF {
            return receiver.map_or_else(ValueSet::empty, ValueSet::one);
        }
        let source = || {
            let receiver = receiver.map(ValueSet::one);
            receiver.or_else(|| arguments.at(0).cloned()).unwrap_or_default()
        };
        if returns.name == language::ELEMENT {
            return self.elements_of(&source());
        }
        if let (Some(site), Some(last)) = (site, returns.arguments.last())
            && last.name == language::ELEMENT
        {
            let elements = self.elements_of(&source());
            self.write_element(site, Key::Any, &elements);
            return self.external_instance(&returns.name, Some(site));
        }
        if let Some(position) = returns.name.strip_prefix(language::ARGUMENT) {
            let by_position = position.parse().ok();
            return arguments.get(by_position, Some(position)).cloned().unwrap_or_default();
        }
        self.instance_of_type(returns, site)
    }

    /// A callable argument that the call runs itself.
    fn invoke(
        &mut self,
        invocation: &Invocation,
        receiver: Option<ValueId>,
        arguments: &Arguments,
        call: ExprRef,
        depth: u32,
    ) {
        let Some(callees) = arguments
            .get(invocation.position, invocation.keyword.as_deref())
            .cloned()
        else {
            return;
        };
        let mut given = Arguments::default();
        if invocation.per_element {
            let source = match receiver {
                Some(receiver) => ValueSet::one(receiver),
                None => {
                    let other = if invocation.position == Some(0) { 1 } else { 0 };
                    arguments.at(other).cloned().unwrap_or_default()
                }
            };
            given.positional.push(self.elements_of(&source));
        }
        self.apply_all(&callees, &given, call, depth + 1);
    }

    /// Binds the arguments of a submitted callable and gives what it returns.
    pub(super) fn bind_submission(
        &mut self,
        name: &str,
        receiver: Option<ValueId>,
        arguments: &Arguments,
        call: ExprRef,
        depth: u32,
    ) -> ValueSet {
        let Some(shape) = self.knowledge.submission(name) else {
            return ValueSet::empty();
        };
        let _ = receiver;
        let Some(position) = &shape.callable else {
            return ValueSet::empty();
        };
        let Some(callees) = arguments.get(position.position, position.keyword.as_deref()).cloned() else {
            return ValueSet::empty();
        };
        let given = self.submitted_arguments(shape, position, arguments);
        let results = self.apply_all(&callees, &given, call, depth + 1);
        self.awaitable_results(&results)
    }

    /// A coroutine that a worker is given runs there.
    fn awaitable_results(&mut self, results: &ValueSet) -> ValueSet {
        let mut plain = ValueSet::empty();
        for value in results.iter() {
            match *self.universe.get(value) {
                Value::Coroutine(function) => plain.extend(&self.read(super::Variable::Return(function))),
                _ => plain.insert(value),
            };
        }
        plain
    }

    fn submitted_arguments(
        &mut self,
        shape: &SubmissionShape,
        callable: &Position,
        arguments: &Arguments,
    ) -> Arguments {
        let after = callable.position.map_or(0, |position| position as usize + 1);
        let at = |position: &Option<Position>| {
            let position = position.as_ref()?;
            arguments.get(position.position, position.keyword.as_deref()).cloned()
        };
        match shape.arguments {
            ArgumentsShape::Rest => {
                let mut rest = arguments.skip(after);
                rest.keywords.retain(|(name, _)| {
                    !shape.own_keywords.contains(name) && callable.keyword.as_deref() != Some(name.as_str())
                });
                rest
            }
            ArgumentsShape::ArgsKwargs => {
                let tuple = at(&shape.arguments_at).unwrap_or_default();
                let mut given = self.spread(&tuple);
                given.double_star = at(&shape.keywords_at);
                given
            }
            ArgumentsShape::OneIterable => {
                let iterable = at(&shape.arguments_at).unwrap_or_default();
                Arguments {
                    positional: vec![self.elements_of(&iterable)],
                    ..Arguments::default()
                }
            }
            ArgumentsShape::Iterables => {
                let iterables: Vec<ValueSet> = arguments.positional.iter().skip(after).cloned().collect();
                let positional = iterables.iter().map(|iterable| self.elements_of(iterable)).collect();
                let star = arguments.star.clone().map(|star| self.elements_of(&star));
                Arguments {
                    positional,
                    star,
                    ..Arguments::default()
                }
            }
            ArgumentsShape::TupleIterable => {
                let iterable = at(&shape.arguments_at).unwrap_or_default();
                let tuples = self.elements_of(&iterable);
                self.spread(&tuples)
            }
            ArgumentsShape::DelayedCalls | ArgumentsShape::Nothing => Arguments::default(),
        }
    }

    /// The elements of tuples as positional arguments.
    fn spread(&mut self, tuples: &ValueSet) -> Arguments {
        let mut positional = Vec::new();
        for index in 0..super::TUPLE_WIDTH {
            let mut found = ValueSet::empty();
            for value in tuples.iter() {
                if let Value::ExternalInstance { site: Some(site), .. } = *self.universe.get(value) {
                    found.extend(&self.read(super::Variable::Element(site, Key::Index(index))));
                }
            }
            positional.push(found);
        }
        while positional.last().is_some_and(ValueSet::is_empty) {
            positional.pop();
        }
        let mut star = ValueSet::empty();
        for value in tuples.iter() {
            if let Value::ExternalInstance { site: Some(site), .. } = *self.universe.get(value) {
                star.extend(&self.read(super::Variable::Element(site, Key::Any)));
            }
        }
        Arguments {
            positional,
            star: (!star.is_empty()).then_some(star),
            ..Arguments::default()
        }
    }

    /// Calls whose meaning to the flow of values a return type cannot say. `None` where the meaning does not apply.
    fn semantic_call(
        &mut self,
        semantic: Semantic,
        name: &str,
        receiver: Option<ValueId>,
        arguments: &Arguments,
        call: ExprRef,
        depth: u32,
    ) -> Option<ValueSet> {
        let first = || arguments.at(0).cloned().unwrap_or_default();
        let site = Site::Expr(call);
        let values = match semantic {
            Semantic::Partial => self.one(Value::Partial(call)),
            Semantic::Delayed => self.one(Value::Delayed(call)),
            Semantic::Super => self.super_call(),
            Semantic::Getattr => self.getattr(arguments, call),
            Semantic::TypeOf if arguments.positional.len() > 1 => self.one(Value::MadeClass(call)),
            Semantic::TypeOf => self.types_of(&first()),
            // `NamedTuple("Row", fields)`; the decorators and bases of the same kind are given no text.
            Semantic::Dataclass if self.is_text(&first()) => self.one(Value::MadeClass(call)),
            Semantic::MakesClass => self.one(Value::MadeClass(call)),
            Semantic::GivesResult => self.factory_results(name, arguments, call, depth),
            Semantic::MakesElements => self.filled_container(name, arguments, call, depth),
            Semantic::KeepsFunction | Semantic::CachesFunction | Semantic::RetriesFunction => {
                // `@decorator` and `@decorator(options)` both end here: a callable comes back, options give a decorator.
                let callables: ValueSet = first().iter().filter(|&value| self.is_callable(value)).collect();
                if callables.is_empty() {
                    self.external(name)
                } else {
                    callables
                }
            }
            Semantic::CopiesElements | Semantic::Values => {
                let source = if semantic == Semantic::Values {
                    receiver.map(ValueSet::one)?
                } else {
                    first()
                };
                let of = self.result_type(name);
                let elements = self.stored_from(&of, &source);
                self.copy_keys(&source, site);
                self.write_element(site, Key::Any, &elements);
                if of == language::DICT {
                    for (keyword, values) in &arguments.keywords {
                        let key = Key::Text(self.universe.name(keyword));
                        self.write_element(site, key, values);
                    }
                }
                self.external_instance(&of, Some(site))
            }
            Semantic::Map => {
                let given = Arguments {
                    positional: arguments
                        .positional
                        .iter()
                        .skip(1)
                        .map(|iterable| self.elements_of(iterable))
                        .collect(),
                    ..Arguments::default()
                };
                let results = self.apply_all(&first(), &given, call, depth + 1);
                self.write_element(site, Key::Any, &results);
                let of = self.result_type(name);
                self.external_instance(&of, Some(site))
            }
            Semantic::Filter => {
                let source = arguments.at(1).cloned().unwrap_or_default();
                let elements = self.elements_of(&source);
                let given = Arguments {
                    positional: vec![elements.clone()],
                    ..Arguments::default()
                };
                self.apply_all(&first(), &given, call, depth + 1);
                self.write_element(site, Key::Any, &elements);
                let of = self.result_type(name);
                self.external_instance(&of, Some(site))
            }
            Semantic::Zip | Semantic::Enumerate | Semantic::Items => {
                self.tuples(semantic, receiver, arguments, call);
                let of = self.result_type(name);
                self.external_instance(&of, Some(site))
            }
            Semantic::Adds | Semantic::AddsSecond | Semantic::SetDefault | Semantic::AddsAll => {
                return self.adds(semantic, receiver?, arguments, call);
            }
            Semantic::Element => self.element(receiver, arguments, call),
            Semantic::Argument | Semantic::EntersArgument => first(),
            Semantic::SecondArgument => arguments.at(1).cloned().unwrap_or_default(),
            Semantic::Receiver => receiver.map_or_else(ValueSet::empty, ValueSet::one),
            Semantic::EnterContext => self.entered(&first()),
            Semantic::RunsCoroutine => {
                let mut results = self.awaited(&first());
                for argument in arguments.positional.iter().skip(1) {
                    results.extend(&self.awaited(argument));
                }
                self.write_element(site, Key::Any, &results);
                return if self.knowledge.call(name).is_some_and(|fact| fact.returns.is_some()) {
                    None
                } else {
                    Some(results)
                };
            }
            Semantic::Repeats => {
                self.write_element(site, Key::Any, &first());
                return None;
            }
            _ => return None,
        };
        Some(values)
    }

    pub(super) fn result_type(&self, name: &str) -> String {
        match self.knowledge.call(name).and_then(|fact| fact.returns.as_ref()) {
            Some(returns) if !matches!(returns.name.as_str(), language::SELF | language::ELEMENT) => {
                returns.name.clone()
            }
            _ if self.knowledge.type_fact(name).is_some() => name.to_owned(),
            _ => language::LIST.to_owned(),
        }
    }

    fn is_text(&self, values: &ValueSet) -> bool {
        values
            .iter()
            .any(|value| matches!(self.universe.get(value), Value::Str(_)))
    }

    fn is_callable(&self, value: ValueId) -> bool {
        matches!(
            self.universe.get(value),
            Value::Function(_)
                | Value::BoundMethod { .. }
                | Value::Class(_)
                | Value::Partial(_)
                | Value::Instance { .. }
        )
    }

    fn super_call(&mut self) -> ValueSet {
        // `super()` stands in a method, or in a function nested in one.
        let mut scope = Some(self.current());
        while let Some(unit) = scope {
            if let Some(class) = self.class_of_method(unit) {
                let receiver = self.value(Value::Instance { class, site: None });
                return self.one(Value::Super { class, receiver });
            }
            let parent = self.file(unit.file).scope(unit.scope).parent;
            scope = parent.map(|parent| super::ScopeRef {
                file: unit.file,
                scope: parent,
            });
        }
        self.unknown(Unresolved::DynamicAttribute)
    }

    fn getattr(&mut self, arguments: &Arguments, call: ExprRef) -> ValueSet {
        let receivers = arguments.at(0).cloned().unwrap_or_default();
        let mut names = Vec::new();
        for value in arguments.at(1).cloned().unwrap_or_default().iter() {
            match *self.universe.get(value) {
                Value::Str(name) => names.push(self.universe.shared_text(name)),
                _ => return self.unknown(Unresolved::DynamicAttribute),
            }
        }
        let _ = call;
        if names.is_empty() {
            return self.unknown(Unresolved::DynamicAttribute);
        }
        let mut values = arguments.at(2).cloned().unwrap_or_default();
        for name in names {
            values.extend(&self.attribute_of(&receivers, &name));
        }
        values
    }

    fn types_of(&mut self, values: &ValueSet) -> ValueSet {
        let mut types = ValueSet::empty();
        for value in values.iter() {
            let of = match *self.universe.get(value) {
                Value::Instance { class, .. } => Value::Class(class),
                Value::ExternalInstance { of, .. } => Value::External(of),
                _ => continue,
            };
            types.insert(self.value(of));
        }
        types
    }
}
