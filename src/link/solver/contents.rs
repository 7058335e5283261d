//! What containers hold after a call: elements added, copied, paired and read.

use crate::facts::ExprKind;
use crate::knowledge::Semantic;

use super::super::language;
use super::super::values::{ExprRef, Site, Unresolved, Value, ValueId, ValueSet};
use super::{Arguments, Key, Solver};

impl Solver<'_> {
    /// Positions and string keys survive a copy of a container.
    pub(super) fn copy_keys(&mut self, source: &ValueSet, site: Site) {
        for value in source.iter() {
            if let Value::ExternalInstance { site: Some(from), .. } = *self.universe.get(value) {
                for index in 0..super::TUPLE_WIDTH {
                    let values = self.read(super::Variable::Element(from, Key::Index(index)));
                    self.write_element(site, Key::Index(index), &values);
                }
            }
        }
    }

    pub(super) fn tuples(
        &mut self,
        semantic: Semantic,
        receiver: Option<ValueId>,
        arguments: &Arguments,
        call: ExprRef,
    ) {
        let inner = Site::Inner(call);
        match semantic {
            Semantic::Enumerate => {
                let numbers = self.external_instance(language::INT, None);
                self.write_element(inner, Key::Index(0), &numbers);
                let elements = self.elements_of(&arguments.at(0).cloned().unwrap_or_default());
                self.write_element(inner, Key::Index(1), &elements);
            }
            Semantic::Items => {
                let elements = receiver
                    .map(|receiver| self.elements_of(&ValueSet::one(receiver)))
                    .unwrap_or_default();
                let keys = self.external_instance(language::STR, None);
                self.write_element(inner, Key::Index(0), &keys);
                self.write_element(inner, Key::Index(1), &elements);
            }
            _ => {
                for (index, iterable) in arguments.positional.iter().enumerate() {
                    let elements = self.elements_of(iterable);
                    self.write_element(inner, Key::Index(super::unit_number(index)), &elements);
                }
                if let Some(star) = &arguments.star {
                    let elements = self.elements_of(star);
                    self.write_element(inner, Key::Any, &elements);
                }
            }
        }
        let tuple = self.external_instance(language::TUPLE, Some(inner));
        self.write_element(Site::Expr(call), Key::Any, &tuple);
    }

    pub(super) fn adds(
        &mut self,
        semantic: Semantic,
        receiver: ValueId,
        arguments: &Arguments,
        call: ExprRef,
    ) -> Option<ValueSet> {
        let Value::ExternalInstance { site: Some(site), .. } = *self.universe.get(receiver) else {
            return None;
        };
        let empty = ValueSet::empty();
        let first = arguments.at(0).unwrap_or(&empty);
        let second = arguments.at(1).unwrap_or(&empty);
        match semantic {
            Semantic::Adds => self.write_element(site, Key::Any, first),
            Semantic::AddsSecond => self.write_element(site, Key::Any, second),
            Semantic::SetDefault => {
                let key = self.argument_key(call, 0);
                self.write_element(site, key.unwrap_or(Key::Any), second);
                return Some(self.read_element(site, key.unwrap_or(Key::All)));
            }
            _ => {
                let receivers = ValueSet::one(receiver);
                self.add_all(&receivers, first);
                for (name, values) in &arguments.keywords {
                    let key = Key::Text(self.universe.name(name));
                    self.write_element(site, key, values);
                }
            }
        }
        None
    }

    /// Puts the elements of `source` into the receivers.
    pub(super) fn add_all(&mut self, receivers: &ValueSet, source: &ValueSet) {
        for receiver in receivers.iter() {
            if let Value::ExternalInstance { of, site: Some(site) } = *self.universe.get(receiver) {
                let container = self.universe.shared_text(of);
                let elements = self.stored_from(&container, source);
                self.write_element(site, Key::Any, &elements);
            }
        }
    }

    /// What a container stores of a source: its elements, and for a dict of pairs the second of each.
    pub(super) fn stored_from(&mut self, container: &str, source: &ValueSet) -> ValueSet {
        if !self.knowledge.is_subtype(container, language::DICT) {
            return self.elements_of(source);
        }
        let mut stored = ValueSet::empty();
        for value in source.iter() {
            let elements = self.elements_of(&ValueSet::one(value));
            if self.is_dict(value) {
                stored.extend(&elements);
            } else {
                stored.extend(&self.seconds_of(&elements));
            }
        }
        stored
    }

    fn is_dict(&self, value: ValueId) -> bool {
        match *self.universe.get(value) {
            Value::ExternalInstance { of, .. } => self.knowledge.is_subtype(self.universe.text(of), language::DICT),
            _ => false,
        }
    }

    /// The second parts of pairs.
    fn seconds_of(&mut self, pairs: &ValueSet) -> ValueSet {
        let mut seconds = ValueSet::empty();
        for pair in pairs.iter() {
            if let Value::ExternalInstance { site: Some(site), .. } = *self.universe.get(pair) {
                seconds.extend(&self.read_element(site, Key::Index(1)));
            }
        }
        seconds
    }

    /// The key that the argument of a call names by a literal.
    fn argument_key(&mut self, call: ExprRef, position: usize) -> Option<Key> {
        let file = self.file(call.file);
        let ExprKind::Call { arguments, .. } = file.kind(call.expr) else {
            return None;
        };
        let argument = arguments.get(position)?.value;
        match file.kind(argument) {
            ExprKind::Int(Some(number)) => u32::try_from(*number).ok().map(Key::Index),
            ExprKind::Str { value, .. } => Some(Key::Text(self.universe.name(value))),
            _ => None,
        }
    }

    pub(super) fn element(&mut self, receiver: Option<ValueId>, arguments: &Arguments, call: ExprRef) -> ValueSet {
        let (source, position) = match receiver {
            Some(receiver) => (ValueSet::one(receiver), 0),
            None => (arguments.at(0).cloned().unwrap_or_default(), 1),
        };
        let key = if receiver.is_some() {
            self.argument_key(call, position)
        } else {
            None
        };
        let mut values = match key {
            Some(key) => self.item_of(&source, key),
            None => self.elements_of(&source),
        };
        if let Some(default) = arguments.at(1) {
            values.extend(default);
        }
        if values.is_empty() {
            self.unknown(Unresolved::Element)
        } else {
            values
        }
    }
}
