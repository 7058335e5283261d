//! Calls that are given what makes the values: default factories of fields and of containers.

use super::super::values::{ExprRef, Site, Value, ValueSet};
use super::{Arguments, Key, Solver};

impl Solver<'_> {
    /// What the factories of a call give, or what else it says that it returns.
    pub(super) fn factory_results(&mut self, name: &str, arguments: &Arguments, call: ExprRef, depth: u32) -> ValueSet {
        let Some(fact) = self.knowledge.call(name) else {
            return ValueSet::empty();
        };
        let mut results = ValueSet::empty();
        for factory in &fact.factories {
            let callees = arguments.get(factory.position, factory.keyword.as_deref());
            let callees = callees.cloned().unwrap_or_default();
            results.extend(&self.apply_all(&callees, &Arguments::default(), call, depth + 1));
        }
        if let Some(returns) = &fact.returns {
            results.extend(&self.returned(returns, None, arguments, None));
        }
        results
    }

    /// A container whose elements a factory makes; what else it is given is a mapping to start from.
    pub(super) fn filled_container(
        &mut self,
        name: &str,
        arguments: &Arguments,
        call: ExprRef,
        depth: u32,
    ) -> ValueSet {
        let site = Site::Expr(call);
        let factories = self
            .knowledge
            .call(name)
            .map_or(&[][..], |fact| fact.factories.as_slice());
        for factory in factories {
            let callees = arguments.get(factory.position, factory.keyword.as_deref());
            let elements = self.elements_by(&callees.cloned().unwrap_or_default(), call, depth);
            self.write_element(site, Key::Any, &elements);
        }
        for start in arguments.positional.iter().skip(factories.len()) {
            let elements = self.elements_of(start);
            self.write_element(site, Key::Any, &elements);
        }
        let of = self.result_type(name);
        self.external_instance(&of, Some(site))
    }

    /// What factories give for a container that `call` makes. The elements are not the container itself.
    fn elements_by(&mut self, factories: &ValueSet, call: ExprRef, depth: u32) -> ValueSet {
        let mut elements = ValueSet::empty();
        for factory in factories.iter() {
            let made = match *self.universe.get(factory) {
                Value::External(name) => Some(self.universe.shared_text(name)),
                _ => None,
            };
            let made = made.filter(|name| self.knowledge.type_fact(name).is_some());
            elements.extend(&match made {
                Some(name) => self.external_instance(&name, Some(Site::Inner(call))),
                None => self.apply(factory, &Arguments::default(), call, depth + 1),
            });
        }
        elements
    }
}
