//! Servers and the objects that answer requests for them: which server such an object sees.

use crate::knowledge::RequestThreads;

use super::super::values::{Value, ValueSet};
use super::apply::Arguments;
use super::classes::Base;
use super::{Solver, Variable};

/// What a constructor's own method is called.
const CONSTRUCTOR: &str = ".__init__";

impl Solver<'_> {
    /// A server of the type `name` is made with these arguments: objects of its handler class see it.
    pub(super) fn bind_handlers(&mut self, name: &str, server: &ValueSet, arguments: &Arguments) {
        let knowledge = self.knowledge;
        for family in knowledge.request_threads() {
            let at = &family.handler;
            let Some(handlers) = arguments.get(at.position, at.keyword.as_deref()) else {
                continue;
            };
            let names_class = |value| matches!(self.universe.get(value), Value::Class(_) | Value::Partial(_));
            if handlers.iter().any(names_class) && knowledge.is_subtype(name, &family.constructor) {
                self.tell_handlers(family, &handlers.clone(), server);
            }
        }
    }

    /// `TCPServer.__init__(self, address, Handler)`.
    pub(super) fn bind_handlers_of_unbound(&mut self, name: &str, arguments: &Arguments) {
        if let (Some(owner), Some(server)) = (name.strip_suffix(CONSTRUCTOR), arguments.at(0)) {
            self.bind_handlers(owner, &server.clone(), &arguments.skip(1));
        }
    }

    fn tell_handlers(&mut self, family: &RequestThreads, handlers: &ValueSet, server: &ValueSet) {
        let attribute = self.universe.name(&family.server_attribute);
        for handler in handlers.iter() {
            let class = match *self.universe.get(handler) {
                Value::Class(class) => class,
                Value::Partial(site) => {
                    let inner = self.partial_parts(site).0;
                    self.tell_handlers(family, &inner, server);
                    continue;
                }
                _ => continue,
            };
            // Methods of the classes above see the server, too.
            for &base in &*self.ancestry(class) {
                if let Base::Project(above) = base {
                    self.write(Variable::Attribute(above, attribute), server);
                }
            }
        }
    }
}
