//! Who can see what an expression gives, in the circumstances in which a function is looked at.

use crate::facts::{DefId, DefKind, ExprKind, MODULE};
use crate::knowledge::{Role, Semantic};
use crate::link::values::{ExprRef, ScopeRef, Site, Value};
use crate::link::{Callee, language};

use super::events::Event;
use super::places::single_site;
use super::units::Share;
use super::walk::{Visit, Walker};

/// Calls between those who start the threads and the maker of an object that they use.
const MAKERS: u32 = 3;

impl Walker<'_, '_, '_> {
    /// Whether the object that belongs to one thread is made by another.
    pub(super) fn is_made_elsewhere(&self, visit: &Visit, event: &Event) -> bool {
        let program = self.program();
        let Some(site) = single_site(program, event.storage).and_then(Site::expression) else {
            // An object that is known by its class only: the run's own receiver or argument.
            let is_name = matches!(program.kind(event.storage), ExprKind::Name { .. });
            return is_name && self.share(visit, event.storage, 0) == Share::Shared;
        };
        if self.is_unchecked(event.storage, site) {
            return self.unit.is_many() && self.share(visit, event.storage, 0) == Share::Shared;
        }
        let maker = program.function_around(program.scope_of(site));
        self.is_run_outside(maker, 0) && !self.is_in_thread_local(event.storage) && !self.unit.reached.contains(&maker)
    }

    /// What lies in `threading.local`, however deep.
    fn is_in_thread_local(&self, expr: ExprRef) -> bool {
        let program = self.program();
        let mut values = program.values(expr).iter();
        if values.any(|value| program.role(value) == Some(Role::ThreadLocal)) {
            return true;
        }
        match program.kind(expr) {
            ExprKind::Attribute { base, .. } => self.is_in_thread_local(program.sibling(expr, *base)),
            _ => false,
        }
    }

    /// Whether a function is active when the threads are started, makes an object or runs when its module is imported,
    /// or was called by one that does.
    fn is_run_outside(&self, function: ScopeRef, depth: u32) -> bool {
        let program = self.program();
        let is_constructor = program.scope(function).name == "__init__" && program.class_of_method(function).is_some();
        if program.scope(function).parent.is_none() || is_constructor || self.unit.outside.contains(&function) {
            return true;
        }
        let callers = program.solution.callers.get(&function).into_iter().flatten();
        let mut callers = callers.map(|&call| program.function_around(program.scope_of(call)));
        depth < MAKERS && callers.any(|caller| self.is_run_outside(caller, depth + 1))
    }

    /// Made with the argument that lifts the binding to a thread, or by something that was.
    fn is_unchecked(&self, storage: ExprRef, site: ExprRef) -> bool {
        let program = self.program();
        let lifted = program.values(storage).iter().any(|value| {
            let fact = program.type_fact(value);
            fact.and_then(|fact| fact.thread_check.as_ref())
                .and_then(|position| program.argument_at(site, position))
                .is_some_and(|argument| matches!(program.kind(argument), ExprKind::Bool(false)))
        });
        if lifted {
            return true;
        }
        let ExprKind::Call { callee, .. } = program.kind(site) else {
            return false;
        };
        let ExprKind::Attribute { base, .. } = program.kind(program.sibling(site, *callee)) else {
            return false;
        };
        let base = program.sibling(site, *base);
        let origin = single_site(program, base).and_then(Site::expression);
        origin.is_some_and(|origin| origin != site && self.is_unchecked(base, origin))
    }

    /// A key that is read from the run's own object, or computed by a call.
    pub(super) fn is_own_key(&self, visit: &Visit, key: ExprRef) -> bool {
        if self.share(visit, key, 0) == Share::Requested {
            return false;
        }
        let facts = self.program().file(key.file);
        let mut own = false;
        crate::facts::visit_expressions(facts, key.expr, &mut |inner| match facts.kind(inner) {
            ExprKind::Call { .. } => own = true,
            ExprKind::Attribute { base, .. } => {
                let base = self.program().sibling(key, *base);
                own |= matches!(self.share(visit, base, 0), Share::Own | Share::PerTask);
            }
            ExprKind::Name { .. } => {
                own |= self.share(visit, self.program().sibling(key, inner), 0) == Share::PerTask;
            }
            _ => {}
        });
        own
    }

    /// Who can see the object that an expression gives.
    pub(super) fn share(&self, visit: &Visit, expr: ExprRef, depth: u32) -> Share {
        if depth > 12 {
            return Share::Unknown;
        }
        let program = self.program();
        if program
            .values(expr)
            .iter()
            .any(|value| program.role(value) == Some(Role::ThreadLocal))
        {
            return Share::Own;
        }
        if let Some(share) = self.request_share(visit, expr, depth) {
            return share;
        }
        match program.kind(expr) {
            ExprKind::Name {
                symbol: Some(symbol),
                reaching,
                ..
            } => self.name_share(visit, expr, *symbol, reaching, depth),
            ExprKind::Attribute { base, .. } => self.attribute_share(visit, expr, program.sibling(expr, *base), depth),
            ExprKind::Subscript { base, index } => {
                let fixed = matches!(
                    program.kind(program.sibling(expr, *index)),
                    ExprKind::Str { .. } | ExprKind::Int(_)
                );
                let base = program.sibling(expr, *base);
                match self.share(visit, base, depth + 1) {
                    // The thread may go over all of them, and this is one.
                    Share::Shared if fixed || visit.by_starter && self.is_container(base) => Share::Shared,
                    Share::Own => Share::Own,
                    _ => Share::Unknown,
                }
            }
            ExprKind::Call { .. }
            | ExprKind::Sequence { .. }
            | ExprKind::Dict { .. }
            | ExprKind::Comprehension { .. } => self.made_share(expr),
            ExprKind::Conditional { body, orelse, .. } => self
                .share(visit, program.sibling(expr, *body), depth + 1)
                .or(self.share(visit, program.sibling(expr, *orelse), depth + 1)),
            ExprKind::Named { value, .. } => self.share(visit, program.sibling(expr, *value), depth + 1),
            _ => Share::Unknown,
        }
    }

    /// What the elements of an iterable are: each run that goes over all of a shared container meets the same ones.
    fn element_share(&self, visit: &Visit, iterable: ExprRef, depth: u32) -> Share {
        let storage = self.viewed(iterable);
        match self.share(visit, storage, depth + 1) {
            Share::Shared if self.is_container(storage) => Share::Shared,
            Share::Requested => Share::Requested,
            _ => Share::Unknown,
        }
    }

    /// The `d` of `d.values()`, `list(d)` and `d.copy()`.
    fn viewed(&self, iterable: ExprRef) -> ExprRef {
        let program = self.program();
        let ExprKind::Call { callee, .. } = program.kind(iterable) else {
            return iterable;
        };
        let copies = program.callees(iterable).iter().any(|callee| match callee {
            Callee::External { name, .. } => {
                let semantic = program.knowledge.semantic(name);
                program.knowledge.call(name).is_some_and(|fact| fact.is_view)
                    || semantic == Some(Semantic::CopiesElements)
            }
            _ => false,
        });
        if !copies {
            return iterable;
        }
        match program.argument(iterable, Some(0), None) {
            Some(copied) => self.viewed(copied),
            None => match program.kind(program.sibling(iterable, *callee)) {
                ExprKind::Attribute { base, .. } => program.sibling(iterable, *base),
                _ => iterable,
            },
        }
    }

    /// A container that keeps its elements, rather than one that hands each out once.
    fn is_container(&self, expr: ExprRef) -> bool {
        let program = self.program();
        let mut values = program.values(expr).iter().peekable();
        let kept = |value| {
            matches!(*program.value(value), Value::ExternalInstance { of, .. }
                if matches!(program.name(of), language::LIST | language::SET | language::DICT | language::TUPLE))
        };
        values.peek().is_some() && values.all(kept)
    }

    fn made_share(&self, expr: ExprRef) -> Share {
        match single_site(self.program(), expr) {
            Some(Site::Expr(site)) if site == expr => Share::Own,
            Some(site) => self.unit.site_share(site),
            None => Share::Unknown,
        }
    }

    pub(super) fn name_share(
        &self,
        visit: &Visit,
        expr: ExprRef,
        symbol: crate::facts::SymbolId,
        reaching: &[DefId],
        depth: u32,
    ) -> Share {
        let facts = self.program().file(expr.file);
        let owner = facts.symbol(symbol).scope;
        if owner == MODULE {
            return Share::Shared;
        }
        if owner != visit.function.scope || expr.file != visit.function.file {
            let is_read = matches!(self.program().kind(expr), ExprKind::Name { .. });
            return match self.unit.cell_share(expr.file, symbol) {
                Share::Unknown if is_read => self.site_only(expr),
                known => known,
            };
        }
        let all = &facts.symbol(symbol).definitions;
        let definitions = if reaching.is_empty() { all.as_slice() } else { reaching };
        let before = |def: DefId| {
            let start = facts.definition(def).span.start;
            visit.region.is_some_and(|region| start < region.span.start)
        };
        let shares = definitions.iter().map(|&def| match &facts.definition(def).kind {
            _ if before(def) => Share::Shared,
            DefKind::Parameter { index } => visit.parameter(*index),
            DefKind::Assign { value, path } if path.is_empty() => {
                self.share(visit, self.program().sibling(expr, *value), depth + 1)
            }
            DefKind::Element { iterable, .. } => {
                self.element_share(visit, self.program().sibling(expr, *iterable), depth + 1)
            }
            DefKind::Assign { value, .. } => match self.share(visit, self.program().sibling(expr, *value), depth + 1) {
                Share::Requested => Share::Requested,
                _ => Share::Unknown,
            },
            DefKind::Class(_) => Share::Own,
            DefKind::Import { .. } | DefKind::ImportFrom { .. } => Share::Shared,
            _ => Share::Unknown,
        });
        match shares.reduce(Share::or).unwrap_or(Share::Unknown) {
            Share::Unknown => self.site_only(expr),
            known => known,
        }
    }

    /// What the one place says where the object is made.
    fn site_only(&self, expr: ExprRef) -> Share {
        single_site(self.program(), expr).map_or(Share::Unknown, |site| self.unit.site_share(site))
    }

    fn attribute_share(&self, visit: &Visit, expr: ExprRef, base: ExprRef, depth: u32) -> Share {
        let program = self.program();
        for value in program.values(base).iter() {
            match program.value(value) {
                Value::Module(_) | Value::Class(_) => return Share::Shared,
                Value::External(_) => return Share::Unknown,
                _ => {}
            }
        }
        if self.is_computed(expr, base) {
            return Share::Unknown;
        }
        match self.share(visit, base, depth + 1) {
            Share::Shared => Share::Shared,
            own @ (Share::Own | Share::PerTask) => match self.site_only(expr) {
                Share::Shared => Share::Shared,
                _ if self.is_class_attribute(expr, base) => Share::Shared,
                _ => match own {
                    Share::Own => Share::Own,
                    _ => Share::Unknown,
                },
            },
            Share::Requested => Share::Requested,
            Share::Unknown => self.site_only(expr),
        }
    }

    /// `self.x` where a property gives `x`, which may be another object each time.
    fn is_computed(&self, expr: ExprRef, base: ExprRef) -> bool {
        let program = self.program();
        let ExprKind::Attribute { name, .. } = program.kind(expr) else {
            return false;
        };
        program.values(base).iter().any(|value| match *program.value(value) {
            Value::Instance { class, .. } => program.property_function(class, name, false).is_some(),
            _ => false,
        })
    }

    /// `self.x` where only the class body binds `x`.
    fn is_class_attribute(&self, expr: ExprRef, base: ExprRef) -> bool {
        let program = self.program();
        let ExprKind::Attribute { name, .. } = program.kind(expr) else {
            return false;
        };
        program.values(base).iter().any(|value| match *program.value(value) {
            Value::Instance { class, .. } => {
                let owner = super::places::owner(program, class, name);
                let in_body = program.file(owner.file).symbol_in(owner.scope, name).is_some();
                let assigned = program.solution.universe.find_name(name).is_some_and(|name| {
                    let variable = crate::link::solver::Variable::Attribute(owner, name);
                    !program.solution.variable(variable).is_empty()
                });
                in_body && !assigned
            }
            _ => false,
        })
    }
}
