//! What a function does to state that it may share: updates, checks followed by acts, first uses, iterations, resizes.
//! Nothing in here knows whether the state is shared.

use crate::facts::{ArgumentKind, DefKind, ExprId, ExprKind, FileFacts, Span, StmtKind, visit_expressions};
use crate::finding::Place;
use crate::knowledge::Semantic;
use crate::link::index::{FileIndex, StmtId};
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program, language};

use super::guards::{Guards, Held, lock_entered};
use super::places::same_text;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// Reads, changes and writes back.
    Update {
        /// Other code can run between the read and the write under the GIL of 3.10 and later.
        interruptible: bool,
    },
    /// Looks whether something is there and then puts it in or takes it out.
    CheckThenAct {
        /// Doing it twice makes a difference.
        matters: bool,
    },
    /// Makes something when it is first used.
    LazyInit {
        /// Doing it twice makes a difference.
        matters: bool,
    },
    /// Goes over a live dict, set or deque.
    Iterate,
    /// Adds to or removes from a dict, set or deque.
    Resize,
    /// Writes the whole value.
    Write,
    /// Uses an object that belongs to the thread that made it.
    BoundUse,
    /// Uses an object whose methods must not interleave.
    FragileUse,
    /// Uses an object that holds one exchange at a time.
    ExclusiveUse,
}

/// Something that a function does to state.
#[derive(Clone, Debug)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// The expression that names the state: for items of a container the container.
    pub storage: ExprRef,
    /// The key, for items.
    pub key: Option<ExprRef>,
    /// Where the act is.
    pub place: Place,
    /// Where the read or check is.
    pub before: Option<Place>,
    /// The locks that are held over the whole of it.
    pub(super) held: Vec<Held>,
}

/// Collects what a function does.
pub(super) struct Collector<'p, 'a> {
    pub(super) program: &'p Program<'a>,
    pub(super) function: ScopeRef,
    pub(super) guards: &'p Guards,
    pub(super) events: Vec<Event>,
}

impl<'p, 'a> Collector<'p, 'a> {
    pub(super) fn run(mut self) -> Vec<Event> {
        let index = self.index();
        self.decorators();
        for &statement in index.statements_of(self.function.scope) {
            self.statement(statement);
        }
        self.events
    }

    /// `@cached(CACHE)` without a lock: each call of the function uses the cache.
    fn decorators(&mut self) {
        for &decorator in &self.program.scope(self.function).decorators {
            let decorator = self.at(decorator);
            let takes_lock = self.program.callees(decorator).iter().any(|callee| match callee {
                Callee::External { name, .. } => {
                    let fact = self.program.knowledge.call(name);
                    fact.and_then(|fact| fact.lock_argument.as_ref())
                        .is_some_and(|position| self.program.argument_at(decorator, position).is_none())
                }
                _ => false,
            });
            let Some(storage) = self.program.argument(decorator, Some(0), None) else {
                continue;
            };
            if takes_lock && self.is_fragile(storage) {
                self.events.push(Event {
                    kind: EventKind::FragileUse,
                    storage,
                    key: None,
                    place: self.program.place(decorator),
                    before: None,
                    held: Vec::new(),
                });
            }
        }
    }

    /// `with connection:` uses the connection, under the locks that stand before it.
    fn entered(&mut self, id: StmtId, items: &[(ExprId, Option<ExprId>)]) {
        for (number, &(context, _)) in items.iter().enumerate() {
            let plain = matches!(
                self.facts().kind(context),
                ExprKind::Name { .. } | ExprKind::Attribute { .. }
            );
            let locked = items[..number]
                .iter()
                .any(|&(before, _)| lock_entered(self.program, self.at(before), 0).is_some());
            if plain && !locked && self.is_bound(self.at(context)) {
                self.used(id, EventKind::BoundUse, self.at(context), self.facts().span(context));
            }
        }
    }

    fn is_fragile(&self, expr: ExprRef) -> bool {
        let mut values = self.program.values(expr).iter();
        values.any(|value| self.program.type_fact(value).is_some_and(|fact| fact.needs_lock))
    }

    fn is_bound(&self, expr: ExprRef) -> bool {
        let mut values = self.program.values(expr).iter();
        values.any(|value| self.program.type_fact(value).is_some_and(|fact| fact.thread_bound))
    }

    fn is_exclusive(&self, expr: ExprRef) -> bool {
        let mut values = self.program.values(expr).iter();
        values.any(|value| self.program.type_fact(value).is_some_and(|fact| fact.exclusive))
    }

    fn used(&mut self, id: StmtId, kind: EventKind, storage: ExprRef, span: Span) {
        self.events.push(Event {
            kind,
            storage,
            key: None,
            place: self.place(span),
            before: None,
            held: self.held(id),
        });
    }

    /// A call of a method of something that belongs to a thread, or one that gives it away as a parent.
    fn bound_call(&mut self, id: StmtId, call: ExprId, callee: ExprId) {
        let mut by_method = false;
        let mut makes_bound = false;
        for callee in self.program.callees(self.at(call)) {
            if let Callee::External { name, receiver } = callee {
                let any_thread = self.program.knowledge.call(&name).is_some_and(|fact| fact.any_thread);
                by_method |= receiver.is_some() && !any_thread;
                makes_bound |= receiver.is_none()
                    && self
                        .program
                        .knowledge
                        .type_fact(&name)
                        .is_some_and(|fact| fact.thread_bound);
            }
        }
        let span = self.facts().span(call);
        if let (ExprKind::Attribute { base, .. }, true) = (self.facts().kind(callee), by_method) {
            let base = self.at(*base);
            if self.is_bound(base) {
                self.used(id, EventKind::BoundUse, base, span);
            }
            if self.is_fragile(base) {
                self.used(id, EventKind::FragileUse, base, span);
            }
            if self.is_exclusive(base) {
                self.used(id, EventKind::ExclusiveUse, base, span);
            }
        }
        if makes_bound && let ExprKind::Call { arguments, .. } = self.facts().kind(call) {
            let parent = arguments.iter().map(|argument| self.at(argument.value));
            let parent = parent.into_iter().find(|&argument| self.is_bound(argument));
            if let Some(parent) = parent {
                self.used(id, EventKind::BoundUse, parent, span);
            }
        }
    }

    pub(super) fn index(&self) -> &'p FileIndex<'a> {
        self.program.index(self.function.file)
    }

    pub(super) fn facts(&self) -> &'a FileFacts {
        self.program.file(self.function.file)
    }

    pub(super) fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef {
            file: self.function.file,
            expr,
        }
    }

    pub(super) fn place(&self, span: Span) -> Place {
        Place {
            file: self.function.file,
            span,
        }
    }

    fn held(&self, statement: StmtId) -> Vec<Held> {
        self.guards.get(&statement).cloned().unwrap_or_default()
    }

    /// The locks that are held at both statements without being given back between.
    pub(super) fn held_over(&self, first: StmtId, second: StmtId) -> Vec<Held> {
        let second = self.held(second);
        self.held(first)
            .into_iter()
            .filter(|held| second.contains(held))
            .collect()
    }

    fn statement(&mut self, id: StmtId) {
        let stmt = self.index().statement(id).stmt;
        match &stmt.kind {
            StmtKind::Augmented { target, value, .. } => {
                let interruptible = has_call(self.facts(), *value, None);
                self.update(id, *target, stmt.span, None, interruptible);
            }
            StmtKind::Assign { targets, value } => {
                for &target in targets {
                    self.assigned(id, target, *value, stmt.span);
                }
            }
            StmtKind::Annotated {
                target,
                value: Some(value),
                ..
            } => self.assigned(id, *target, *value, stmt.span),
            StmtKind::For { iterable, .. } => self.iterated(id, *iterable),
            StmtKind::With { items, .. } => self.entered(id, items),
            StmtKind::Delete(targets) => {
                for &target in targets {
                    if let ExprKind::Subscript { base, .. } = self.facts().kind(target) {
                        self.resize(id, *base, target);
                    }
                }
            }
            _ => {}
        }
        for root in crate::facts::statement_expressions(stmt) {
            let mut found = Vec::new();
            visit_expressions(self.facts(), root, &mut |expr| found.push(expr));
            for expr in found {
                self.expression(id, expr);
            }
        }
    }

    fn expression(&mut self, id: StmtId, expr: ExprId) {
        match self.facts().kind(expr) {
            ExprKind::Comprehension { clauses, .. } => {
                for clause in clauses {
                    self.iterated(id, clause.iterable);
                }
            }
            ExprKind::Call { callee, .. } => {
                self.bound_call(id, expr, *callee);
                if let ExprKind::Attribute { base, .. } = self.facts().kind(*callee) {
                    self.method_call(id, expr, *base);
                }
            }
            _ => {}
        }
    }

    /// `base.method(...)` on a container.
    fn method_call(&mut self, id: StmtId, call: ExprId, base: ExprId) {
        let (mut resizes, mut adds) = (false, false);
        for callee in self.program.callees(self.at(call)) {
            if let Callee::External {
                name,
                receiver: Some(_),
            } = callee
            {
                resizes |= self.program.knowledge.call(&name).is_some_and(|fact| fact.resizes);
                adds |= matches!(
                    self.program.knowledge.semantic(&name),
                    Some(Semantic::Adds | Semantic::AddsAll | Semantic::AddsSecond)
                );
            }
        }
        if resizes && self.is_sized(base) {
            self.resize(id, base, call);
        }
        if resizes || adds {
            self.act(id, base, None, call, None);
        }
    }

    /// `target = value`: an update when the value depends on what the target held, a first use, an act after a check.
    fn assigned(&mut self, id: StmtId, target: ExprId, value: ExprId, span: Span) {
        if !self.is_state(target) {
            return;
        }
        let (storage, key) = self.parts(target);
        if key.is_some() && self.is_bound(self.at(storage)) {
            self.used(id, EventKind::BoundUse, self.at(storage), span);
        }
        self.events.push(Event {
            kind: EventKind::Write,
            storage: self.at(storage),
            key: key.map(|key| self.at(key)),
            place: self.place(span),
            before: None,
            held: self.held(id),
        });
        if self.updated_in_one(id, target, value, span) || self.updated_in_two(id, target, value, span) {
            return;
        }
        if let ExprKind::Subscript { base, index } = self.facts().kind(target) {
            let acted = self.act(id, *base, Some(*index), target, Some(value));
            if self.is_sized(*base) && (acted || !self.replaces(*base, *index)) {
                self.resize(id, *base, target);
            }
        } else {
            self.first_use(id, target, value, span);
        }
    }

    /// The storage of a target: the container and the key for items, the target itself otherwise.
    fn parts(&self, target: ExprId) -> (ExprId, Option<ExprId>) {
        match self.facts().kind(target) {
            ExprKind::Subscript { base, index } => (*base, Some(*index)),
            _ => (target, None),
        }
    }

    /// Whether a target is something that others may see: no local variable.
    fn is_state(&self, target: ExprId) -> bool {
        match self.facts().kind(target) {
            ExprKind::Store(def) => {
                let symbol = self.facts().definition(*def).symbol;
                self.facts().symbol(symbol).scope != self.function.scope
            }
            ExprKind::Attribute { .. } | ExprKind::Subscript { .. } => true,
            _ => false,
        }
    }

    fn update(&mut self, id: StmtId, target: ExprId, span: Span, first: Option<StmtId>, interruptible: bool) {
        if !self.is_state(target) || self.is_container(target) {
            return;
        }
        let (storage, key) = self.parts(target);
        let held = first.map_or_else(|| self.held(id), |first| self.held_over(first, id));
        let before = first.map(|first| self.place(self.index().statement(first).stmt.span));
        self.events.push(Event {
            kind: EventKind::Update { interruptible },
            storage: self.at(storage),
            key: key.map(|key| self.at(key)),
            place: self.place(span),
            before,
            held,
        });
    }

    /// `a += [x]` extends a container in place, which is one step.
    fn is_container(&self, target: ExprId) -> bool {
        self.program.values(self.at(target)).iter().any(|value| {
            matches!(*self.program.value(value), Value::ExternalInstance { of, .. }
                if matches!(self.program.name(of), language::LIST | language::SET | language::DICT | language::TUPLE))
        })
    }

    /// `x = x + f()`, `d[k] = d.get(k, 0) + 1`.
    fn updated_in_one(&mut self, id: StmtId, target: ExprId, value: ExprId, span: Span) -> bool {
        if !matches!(self.facts().kind(value), ExprKind::Binary { .. }) {
            return false;
        }
        let Some(read) = self.read_in(target, value) else {
            return false;
        };
        let interruptible = has_call(self.facts(), value, Some(self.facts().span(read)));
        self.update(id, target, span, None, interruptible);
        true
    }

    /// The read of a target inside an arithmetic expression, calls of other functions not entered.
    fn read_in(&self, target: ExprId, value: ExprId) -> Option<ExprId> {
        match self.facts().kind(value) {
            ExprKind::Binary { left, right, .. } => {
                self.read_in(target, *left).or_else(|| self.read_in(target, *right))
            }
            _ => self.reads(target, value).then_some(value),
        }
    }

    /// Whether an expression gives what the target holds: the same text, or a lookup of the same key.
    fn reads(&self, target: ExprId, value: ExprId) -> bool {
        if same_text(self.facts(), target, value) {
            return true;
        }
        let ExprKind::Subscript { base, index } = self.facts().kind(target) else {
            return false;
        };
        self.looks_up(value, *base, Some(*index))
    }

    /// `base.get(key, ...)` or `base[key]`.
    pub(super) fn looks_up(&self, value: ExprId, base: ExprId, key: Option<ExprId>) -> bool {
        let facts = self.facts();
        match facts.kind(value) {
            ExprKind::Call { callee, arguments, .. } => {
                let ExprKind::Attribute { base: of, .. } = facts.kind(*callee) else {
                    return false;
                };
                let first = arguments
                    .first()
                    .filter(|argument| argument.kind == ArgumentKind::Positional);
                let gives_element = self.program.callees(self.at(value)).iter().any(|callee| match callee {
                    Callee::External { name, .. } => {
                        self.program.knowledge.semantic(name) == Some(Semantic::Element)
                            && !self.program.knowledge.call(name).is_some_and(|fact| fact.resizes)
                    }
                    _ => false,
                });
                gives_element
                    && same_text(facts, *of, base)
                    && match (first, key) {
                        (Some(first), Some(key)) => same_text(facts, first.value, key),
                        (Some(_), None) => true,
                        _ => false,
                    }
            }
            ExprKind::Subscript { base: of, index } => {
                same_text(facts, *of, base) && key.is_none_or(|key| same_text(facts, *index, key))
            }
            _ => false,
        }
    }

    /// `t = self.x` ... `self.x = t + 1`.
    fn updated_in_two(&mut self, id: StmtId, target: ExprId, value: ExprId, span: Span) -> bool {
        let facts = self.facts();
        if !matches!(facts.kind(value), ExprKind::Binary { .. } | ExprKind::Name { .. }) {
            return false;
        }
        let mut names = Vec::new();
        visit_expressions(facts, value, &mut |expr| {
            if let ExprKind::Name { reaching, .. } = facts.kind(expr) {
                names.extend(reaching.iter().copied());
            }
        });
        for def in names {
            let (start, changed) = match &facts.definition(def).kind {
                DefKind::Assign { value, path } if path.is_empty() => (*value, false),
                DefKind::Augmented { previous, .. } => match previous.as_slice() {
                    [only] => match &facts.definition(*only).kind {
                        DefKind::Assign { value, path } if path.is_empty() => (*value, true),
                        _ => continue,
                    },
                    _ => continue,
                },
                _ => continue,
            };
            let changes = changed || matches!(facts.kind(value), ExprKind::Binary { .. }) || {
                matches!(facts.kind(start), ExprKind::Binary { .. })
            };
            if !changes || self.read_in(target, start).is_none() {
                continue;
            }
            let Some(first) = self.index().statement_of(start) else {
                continue;
            };
            let read_end = facts.span(start).end;
            let interruptible = self.calls_between(read_end, facts.span(value).end) || has_call(facts, start, None);
            self.update(id, target, span, Some(first), interruptible);
            return true;
        }
        false
    }

    fn calls_between(&self, start: u32, end: u32) -> bool {
        let index = self.index();
        index.calls().iter().any(|&call| {
            let span = index.facts.span(call);
            index.scope_of(call) == self.function.scope && span.end > start && span.start < end
        })
    }

    fn iterated(&mut self, id: StmtId, iterable: ExprId) {
        let facts = self.facts();
        let storage = match facts.kind(iterable) {
            ExprKind::Call { callee, arguments, .. } if arguments.is_empty() => match facts.kind(*callee) {
                ExprKind::Attribute { base, .. } if self.is_view(iterable) => *base,
                _ => return,
            },
            ExprKind::Name { .. } | ExprKind::Attribute { .. } => iterable,
            _ => return,
        };
        if !self.is_sized(storage) || self.is_detached(storage) {
            return;
        }
        self.events.push(Event {
            kind: EventKind::Iterate,
            storage: self.at(storage),
            key: None,
            place: self.place(facts.span(iterable)),
            before: None,
            held: self.held(id),
        });
    }

    /// `batch = self.batch` where the function then gives `self.batch` a new container: nobody else has the old one.
    fn is_detached(&self, storage: ExprId) -> bool {
        let facts = self.facts();
        let ExprKind::Name { reaching, .. } = facts.kind(storage) else {
            return false;
        };
        let sources = reaching.iter().filter_map(|&def| match &facts.definition(def).kind {
            DefKind::Assign { value, .. } => Some(*value),
            _ => None,
        });
        let index = self.index();
        let replaced = |source: ExprId| {
            index.statements_of(self.function.scope).iter().any(|&id| {
                let stmt = index.statement(id).stmt;
                let StmtKind::Assign { targets, .. } = &stmt.kind else {
                    return false;
                };
                targets.iter().any(|&target| match facts.kind(target) {
                    ExprKind::Sequence { elements, .. } => elements.iter().any(|&part| same_text(facts, part, source)),
                    _ => same_text(facts, target, source),
                })
            })
        };
        sources.into_iter().any(replaced)
    }

    /// `d.items()`, `d.keys()`, `d.values()`.
    fn is_view(&self, call: ExprId) -> bool {
        self.program.callees(self.at(call)).iter().any(|callee| match callee {
            Callee::External { name, .. } => self.program.knowledge.call(name).is_some_and(|fact| fact.is_view),
            _ => false,
        })
    }

    fn resize(&mut self, id: StmtId, base: ExprId, place: ExprId) {
        self.events.push(Event {
            kind: EventKind::Resize,
            storage: self.at(base),
            key: None,
            place: self.place(self.facts().span(place)),
            before: None,
            held: self.held(id),
        });
    }

    /// Whether a container complains when its size changes while it is iterated, and nothing else may be meant.
    fn is_sized(&self, expr: ExprId) -> bool {
        let mut found = false;
        for value in self.program.values(self.at(expr)).iter() {
            match self.program.value(value) {
                Value::None => {}
                Value::ExternalInstance { of, .. } => {
                    let name = self.program.name(*of);
                    let fixed = self
                        .program
                        .type_fact(value)
                        .is_some_and(|fact| fact.fixed_while_iterated);
                    if !fixed && !self.program.knowledge.is_subtype(name, language::DICT) {
                        return false;
                    }
                    found = true;
                }
                _ => return false,
            }
        }
        found
    }

    /// `d["known"] = value` where the display that makes `d` has the key.
    fn replaces(&self, base: ExprId, key: ExprId) -> bool {
        let facts = self.facts();
        let ExprKind::Str { value: wanted, .. } = facts.kind(key) else {
            return false;
        };
        self.program.values(self.at(base)).iter().any(|value| {
            let Some(site) = self.program.site(value).and_then(crate::link::values::Site::expression) else {
                return false;
            };
            let ExprKind::Dict { entries, .. } = self.program.kind(site) else {
                return false;
            };
            entries.iter().filter_map(|(key, _)| *key).any(|key| {
                matches!(self.program.kind(self.program.sibling(site, key)), ExprKind::Str { value, .. } if value == wanted)
            })
        })
    }
}

/// Whether a call is evaluated after the read ends or around it; anywhere where no read is given.
fn has_call(facts: &FileFacts, value: ExprId, read: Option<Span>) -> bool {
    let mut found = false;
    visit_expressions(facts, value, &mut |expr| {
        if matches!(facts.kind(expr), ExprKind::Call { .. } | ExprKind::Await(_)) {
            let span = facts.span(expr);
            found |= read.is_none_or(|read| span.end > read.start);
        }
    });
    found
}
