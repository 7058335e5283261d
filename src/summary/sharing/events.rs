//! What a function does to state that it may share: updates, checks followed by acts, first uses, iterations, resizes.
//! Nothing in here knows whether the state is shared.

use crate::facts::{ArgumentKind, ExprId, ExprKind, FileFacts, Span, StmtKind, visit_expressions};
use crate::finding::Place;
use crate::knowledge::{Semantic, TypeFact};
use crate::link::index::{FileIndex, StmtId};
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program};

use super::guards::{Guards, Held, lock_entered};
use super::places::same_text;
use super::updates::has_call;

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
    /// Looks whether something is at a path and then makes or removes it.
    PathAct,
    /// Changes what the process has only one of.
    ProcessWide,
    /// Does what only the first thread may do.
    MainThreadOnly,
    /// Takes the next item of a generator.
    Advance,
    /// Goes over a live dict, set or deque.
    Iterate,
    /// Adds to or removes from a dict, set or deque.
    Resize,
    /// Writes the whole value.
    Write,
    /// Sets it to nothing.
    Reset,
    /// Uses what was seen to be there before.
    UseAfterCheck,
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

/// Something that may be known of a type.
type Trait = fn(&TypeFact) -> bool;

/// What a type is known for, and what a call of a method of it is then.
const USES: [(Trait, EventKind); 3] = [
    (|fact| fact.thread_bound, EventKind::BoundUse),
    (|fact| fact.needs_lock, EventKind::FragileUse),
    (|fact| fact.exclusive, EventKind::ExclusiveUse),
];

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
            if takes_lock && self.is_known_as(storage, |fact| fact.needs_lock) {
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
            if plain && !locked && self.is_known_as(self.at(context), |fact| fact.thread_bound) {
                self.used(id, EventKind::BoundUse, self.at(context), self.facts().span(context));
            }
        }
    }

    /// Whether an expression may be of a type of which something is known.
    fn is_known_as(&self, expr: ExprRef, known: Trait) -> bool {
        let mut values = self.program.values(expr).iter();
        values.any(|value| self.program.type_fact(value).is_some_and(known))
    }

    pub(super) fn used(&mut self, id: StmtId, kind: EventKind, storage: ExprRef, span: Span) {
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
            for (known, kind) in USES {
                if self.is_known_as(base, known) {
                    self.used(id, kind, base, span);
                }
            }
        }
        if makes_bound && let ExprKind::Call { arguments, .. } = self.facts().kind(call) {
            let parent = arguments.iter().map(|argument| self.at(argument.value));
            let parent = parent
                .into_iter()
                .find(|&argument| self.is_known_as(argument, |fact| fact.thread_bound));
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

    pub(super) fn held(&self, statement: StmtId) -> Vec<Held> {
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
                    self.process_store(id, target, *value);
                }
            }
            StmtKind::Annotated {
                target,
                value: Some(value),
                ..
            } => self.assigned(id, *target, *value, stmt.span),
            StmtKind::For { iterable, .. } => self.iterated(id, *iterable),
            StmtKind::With { items, .. } => self.entered(id, items),
            StmtKind::Return(Some(value)) => self.returned_view(*value),
            StmtKind::Delete(targets) => {
                for &target in targets {
                    if let ExprKind::Subscript { base, index } = self.facts().kind(target) {
                        self.resize(id, *base, target);
                        if !self.is_prepared(id) {
                            self.act(id, *base, Some(*index), target, None);
                        }
                        self.stale_position(id, *base, *index, target);
                        if self.is_sized(*base) {
                            self.removed_by_gathered_key(id, *base, *index, target);
                        }
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
        self.used_after_check(id, expr);
        match self.facts().kind(expr) {
            ExprKind::Comprehension { clauses, .. } => {
                for clause in clauses {
                    self.iterated(id, clause.iterable);
                }
            }
            ExprKind::Call { callee, .. } => {
                self.bound_call(id, expr, *callee);
                self.path_act(id, expr);
                self.process_call(id, expr);
                self.advanced_by(id, expr);
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
            if let Some(key) = self.only_argument(call) {
                self.removed_by_gathered_key(id, base, key, call);
            }
        }
        if resizes || adds {
            self.act(id, base, None, call, None);
        }
        self.takes_out(id, call, base);
    }

    /// The one argument of a call: with a second one `pop` does not mind a missing key.
    fn only_argument(&self, call: ExprId) -> Option<ExprId> {
        match self.facts().kind(call) {
            ExprKind::Call { arguments, .. } => match arguments.as_slice() {
                [only] if only.kind == ArgumentKind::Positional => Some(only.value),
                _ => None,
            },
            _ => None,
        }
    }

    /// `target = value`: an update when the value depends on what the target held, a first use, an act after a check.
    fn assigned(&mut self, id: StmtId, target: ExprId, value: ExprId, span: Span) {
        if !self.is_state(target) {
            return;
        }
        let (storage, key) = self.parts(target);
        if key.is_some() && self.is_known_as(self.at(storage), |fact| fact.thread_bound) {
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
        if key.is_none() && matches!(self.facts().kind(value), ExprKind::None) {
            self.used(id, EventKind::Reset, self.at(storage), span);
        }
        if self.updated_in_one(id, target, value, span) || self.updated_in_two(id, target, value, span) {
            self.resized_by_update(id, target, value);
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

    /// `d[key] = d.get(key, 0) + 1`: the key may be new.
    fn resized_by_update(&mut self, id: StmtId, target: ExprId, value: ExprId) {
        let ExprKind::Subscript { base, index } = self.facts().kind(target) else {
            return;
        };
        let mut subscripted = false;
        visit_expressions(self.facts(), value, &mut |inner| {
            subscripted |= same_text(self.facts(), inner, target);
        });
        if !subscripted && self.is_sized(*base) && !self.replaces(*base, *index) {
            self.resize(id, *base, target);
        }
    }

    /// The storage of a target: the container and the key for items, the target itself otherwise.
    pub(super) fn parts(&self, target: ExprId) -> (ExprId, Option<ExprId>) {
        match self.facts().kind(target) {
            ExprKind::Subscript { base, index } => (*base, Some(*index)),
            _ => (target, None),
        }
    }

    /// Whether a target is something that others may see: no local variable.
    pub(super) fn is_state(&self, target: ExprId) -> bool {
        match self.facts().kind(target) {
            ExprKind::Store(def) => {
                let symbol = self.facts().definition(*def).symbol;
                self.facts().symbol(symbol).scope != self.function.scope
            }
            ExprKind::Attribute { .. } | ExprKind::Subscript { .. } => true,
            _ => false,
        }
    }
}
