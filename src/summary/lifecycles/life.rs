//! Following one object from where it is made: through names, containers, attributes and calls of the project.

use std::collections::BTreeSet;

use crate::facts::{ArgumentKind, DefId, DefKind, ExprId, ExprKind, MODULE, ScopeKind, StmtKind, SymbolId};
use crate::finding::FileId;
use crate::knowledge::{LifeStep, Semantic, WorkerChoice};
use crate::link::values::{DefRef, ExprRef, ScopeRef};
use crate::link::{Callee, Program};

use super::Lifecycles;

/// Something that happens to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A call that is a known step in its life.
    Step(LifeStep, ExprRef),
    /// Some other method of it is called, or it is called itself.
    Method(ExprRef),
    /// An attribute of it is read.
    Read(ExprRef),
    /// An attribute of it is assigned.
    Written(ExprRef),
    /// It is entered by `with`.
    With(ExprRef),
    /// It, or a container with it, is iterated.
    Iterated(ExprRef),
    /// It goes where it is not followed: returned, yielded, passed to something that is not known.
    Escapes(ExprRef),
    /// It is kept in an attribute.
    Kept(ExprRef),
    /// It is kept in a global name.
    Global(DefRef),
}

/// Everything that happens to an object.
#[derive(Clone, Debug, Default)]
pub struct Life {
    /// The events, in the order in which they were found.
    pub events: Vec<Event>,
}

impl Life {
    /// Whether the outcome of a task is asked for or may be, somewhere out of sight. Callbacks are judged apart.
    pub(super) fn may_be_asked(&self) -> bool {
        self.events.iter().any(|event| {
            matches!(
                event,
                Event::Step(LifeStep::Outcome, _)
                    | Event::Method(_)
                    | Event::Read(_)
                    | Event::With(_)
                    | Event::Escapes(_)
            )
        })
    }

    /// Whether an iterator is read or may be, somewhere out of sight.
    #[must_use]
    pub fn may_be_iterated(&self) -> bool {
        self.may_be_asked() || self.events.iter().any(|event| matches!(event, Event::Iterated(_)))
    }

    /// Whether a pool is ended or may be, somewhere out of sight.
    #[must_use]
    pub fn may_be_ended(&self) -> bool {
        self.events.iter().any(|event| {
            matches!(
                event,
                Event::Step(LifeStep::Close | LifeStep::Join, _) | Event::With(_) | Event::Escapes(_)
            )
        })
    }

    /// The call that is this step.
    #[must_use]
    pub fn step(&self, wanted: LifeStep) -> Option<ExprRef> {
        self.events.iter().find_map(|event| match event {
            Event::Step(step, call) if *step == wanted => Some(*call),
            _ => None,
        })
    }

    /// Whether an event of a kind happened.
    #[must_use]
    pub fn any(&self, wanted: fn(&Event) -> bool) -> bool {
        self.events.iter().any(wanted)
    }
}

/// An object that goes through more expressions than this is taken to escape.
const LIMIT: usize = 300;

/// Follows the object that an expression makes, with `returns` through functions whose calls are all in sight.
pub(super) fn trace(program: &Program<'_>, lives: &Lifecycles, made: ExprRef, returns: bool) -> Life {
    let mut tracer = Tracer::new(program, lives, returns);
    tracer.follow(made);
    tracer.life
}

/// Follows the object that a definition is bound to, such as a parameter.
pub(super) fn trace_definition(program: &Program<'_>, lives: &Lifecycles, bound: DefRef) -> Life {
    let mut tracer = Tracer::new(program, lives, false);
    tracer.definition(bound.file, bound.def);
    tracer.life
}

struct Tracer<'a, 'p> {
    program: &'a Program<'p>,
    lives: &'a Lifecycles,
    /// What a function returns is followed to its calls.
    returns: bool,
    seen: BTreeSet<ExprRef>,
    definitions: BTreeSet<DefRef>,
    attributes: BTreeSet<String>,
    /// The object is the key of a dict that it is followed through.
    keyed: bool,
    life: Life,
}

impl<'a, 'p> Tracer<'a, 'p> {
    fn new(program: &'a Program<'p>, lives: &'a Lifecycles, returns: bool) -> Self {
        Self {
            program,
            lives,
            returns,
            seen: BTreeSet::new(),
            definitions: BTreeSet::new(),
            attributes: BTreeSet::new(),
            keyed: false,
            life: Life::default(),
        }
    }

    fn event(&mut self, event: Event) {
        self.life.events.push(event);
    }

    /// An expression whose value is the object, or holds it.
    fn follow(&mut self, expr: ExprRef) {
        if !self.seen.insert(expr) {
            return;
        }
        if self.seen.len() > LIMIT {
            return self.event(Event::Escapes(expr));
        }
        match self.program.index(expr.file).parent(expr.expr) {
            Some(parent) => self.inside(
                expr,
                ExprRef {
                    file: expr.file,
                    expr: parent,
                },
            ),
            None => self.statement(expr),
        }
    }

    fn inside(&mut self, expr: ExprRef, parent: ExprRef) {
        match self.program.kind(parent) {
            ExprKind::Attribute { .. } => self.attribute_of(expr, parent),
            ExprKind::Call { callee, arguments, .. } => {
                if *callee == expr.expr {
                    return self.event(Event::Method(parent));
                }
                if let Some(position) = arguments.iter().position(|argument| argument.value == expr.expr) {
                    self.argument(expr, parent, position);
                }
            }
            ExprKind::Sequence { .. } | ExprKind::Starred(_) | ExprKind::Boolean { .. } | ExprKind::Binary { .. } => {
                self.follow(parent)
            }
            ExprKind::Dict { entries, .. } => {
                self.keyed |= entries.iter().any(|(key, _)| *key == Some(expr.expr));
                self.follow(parent);
            }
            ExprKind::Conditional { test, .. } => {
                if *test != expr.expr {
                    self.follow(parent);
                }
            }
            ExprKind::Comprehension {
                element,
                value,
                clauses,
                ..
            } => {
                if *element == expr.expr || *value == Some(expr.expr) {
                    self.keyed |= *element == expr.expr && value.is_some();
                    return self.follow(parent);
                }
                if let Some(clause) = clauses.iter().find(|clause| clause.iterable == expr.expr) {
                    self.event(Event::Iterated(parent));
                    self.target(self.program.sibling(expr, clause.target));
                }
            }
            ExprKind::Subscript { base, index } => {
                if *base == expr.expr {
                    if !self.is_looked_up(self.program.sibling(expr, *index)) {
                        self.follow(parent);
                    }
                } else if *index == expr.expr && self.is_target(parent) {
                    self.keyed = true;
                    self.container(self.program.sibling(expr, *base));
                }
            }
            ExprKind::Named { def, .. } => {
                self.definition(expr.file, *def);
                self.follow(parent);
            }
            ExprKind::Compare { .. } | ExprKind::Unary { .. } | ExprKind::Slice { .. } => {}
            _ => self.event(Event::Escapes(parent)),
        }
    }

    /// Reading a container of which the object is only a key gives what is known about the object.
    fn is_looked_up(&self, index: ExprRef) -> bool {
        self.keyed && !matches!(self.program.kind(index), ExprKind::Slice { .. } | ExprKind::Int(_))
    }

    fn is_target(&self, expr: ExprRef) -> bool {
        let index = self.program.index(expr.file);
        let Some(statement) = index.statement_of(expr.expr) else {
            return false;
        };
        match &index.statement(statement).stmt.kind {
            StmtKind::Assign { targets, .. } => targets.contains(&expr.expr),
            StmtKind::Annotated { target, .. } | StmtKind::Augmented { target, .. } => *target == expr.expr,
            _ => false,
        }
    }

    fn attribute_of(&mut self, expr: ExprRef, attribute: ExprRef) {
        let index = self.program.index(attribute.file);
        if let Some(around) = index.parent(attribute.expr)
            && matches!(self.program.kind(self.program.sibling(expr, around)), ExprKind::Call { callee, .. } if *callee == attribute.expr)
        {
            return self.method_call(self.program.sibling(expr, around));
        }
        if self.is_target(attribute) {
            return self.event(Event::Written(attribute));
        }
        if self.lives.step(expr) == Some(LifeStep::Waits) {
            return self.follow(attribute);
        }
        if self.is_whole_statement(attribute) {
            return;
        }
        // Reading a method without calling it hands the object on.
        let knowledge = self.program.knowledge;
        let mut callees = self.program.callees_of(self.program.values(attribute)).into_iter();
        let is_method = callees.any(|callee| match callee {
            Callee::Unknown(_) => false,
            // Whatever is not described may be a plain attribute, such as a worker's name.
            Callee::External { name, .. } => {
                knowledge.call(&name).is_some()
                    || knowledge.submission(&name).is_some()
                    || knowledge.semantic(&name).is_some()
            }
            _ => true,
        });
        if is_method {
            self.bound_method(attribute);
        } else {
            self.event(Event::Read(attribute));
        }
    }

    /// `pool.close` as a statement of its own does nothing.
    fn is_whole_statement(&self, expr: ExprRef) -> bool {
        let index = self.program.index(expr.file);
        let statement = index.statement_of(expr.expr);
        statement.is_some_and(
            |statement| matches!(index.statement(statement).stmt.kind, StmtKind::Expr(whole) if whole == expr.expr),
        )
    }

    /// The object is what a function returns.
    fn returned(&mut self, expr: ExprRef) {
        let calls = if self.returns {
            self.lives.calls_in_sight(self.program, self.program.scope_of(expr))
        } else {
            None
        };
        match calls {
            Some(calls) => calls.into_iter().for_each(|call| self.follow(call)),
            None => self.event(Event::Escapes(expr)),
        }
    }

    /// `pool.close` handed to something else to be called later. Who only holds `pool.map` cannot end the pool.
    fn bound_method(&mut self, attribute: ExprRef) {
        let mut harmless = false;
        for callee in self.program.callees_of(self.program.values(attribute)) {
            let Callee::External { name, .. } = callee else {
                continue;
            };
            if let Some(step) = self.program.knowledge.call(&name).and_then(|fact| fact.step) {
                return self.event(Event::Step(step, attribute));
            }
            let knowledge = self.program.knowledge;
            // `pending.discard` gives nothing of what the container holds.
            harmless |= knowledge.submission(&name).is_some() || knowledge.semantic(&name) == Some(Semantic::Changes);
        }
        if !harmless {
            self.event(Event::Method(attribute));
        }
    }

    fn method_call(&mut self, call: ExprRef) {
        for callee in self.program.callees(call) {
            let Callee::External { name, .. } = callee else {
                self.event(Event::Method(call));
                continue;
            };
            if let Some(step) = self.program.knowledge.call(&name).and_then(|fact| fact.step) {
                self.event(Event::Step(step, call));
                continue;
            }
            if self.program.knowledge.submission(&name).is_some() {
                continue;
            }
            match self.program.knowledge.semantic(&name) {
                Some(
                    Semantic::Element
                    | Semantic::Items
                    | Semantic::Values
                    | Semantic::CopiesElements
                    | Semantic::Receiver
                    | Semantic::SetDefault,
                ) => self.follow(call),
                Some(Semantic::Adds | Semantic::AddsSecond | Semantic::AddsAll | Semantic::Length) => {}
                _ => self.event(Event::Method(call)),
            }
        }
    }

    fn argument(&mut self, expr: ExprRef, call: ExprRef, position: usize) {
        for callee in self.program.callees(call) {
            match callee {
                Callee::External { name, .. } => self.external_argument(expr, call, &name),
                Callee::Function { function, receiver } => {
                    self.parameter(call, position, function, usize::from(receiver.is_some()));
                }
                Callee::Class(class) => match self.program.methods(class, "__init__", false).first() {
                    Some(&init) => self.parameter(call, position, init, 1),
                    None => self.event(Event::Escapes(call)),
                },
                Callee::Partial(_) | Callee::Unknown(_) => self.event(Event::Escapes(call)),
            }
        }
    }

    fn external_argument(&mut self, expr: ExprRef, call: ExprRef, name: &str) {
        if let Some(step) = self.program.knowledge.call(name).and_then(|fact| fact.step) {
            self.event(Event::Step(step, call));
            return self.follow(call);
        }
        if let Some(shape) = self.program.knowledge.submission(name)
            && shape.worker == WorkerChoice::ExecutorArgument
            && self.program.argument(call, Some(0), Some("executor")) == Some(expr)
        {
            return;
        }
        let receiver = self.receiver(call);
        match self.program.knowledge.semantic(name) {
            Some(Semantic::Length) => {}
            Some(
                Semantic::CopiesElements | Semantic::Enumerate | Semantic::Zip | Semantic::Argument | Semantic::Filter,
            ) => {
                self.event(Event::Iterated(call));
                self.follow(call);
            }
            Some(Semantic::EntersArgument | Semantic::EnterContext) => self.event(Event::With(call)),
            Some(Semantic::Adds | Semantic::AddsAll | Semantic::AddsSecond | Semantic::SetDefault) => match receiver {
                Some(base) => self.container(base),
                None => self.event(Event::Escapes(call)),
            },
            _ => self.event(Event::Escapes(call)),
        }
    }

    fn receiver(&self, call: ExprRef) -> Option<ExprRef> {
        let ExprKind::Call { callee, .. } = self.program.kind(call) else {
            return None;
        };
        match self.program.kind(self.program.sibling(call, *callee)) {
            ExprKind::Attribute { base, .. } => Some(self.program.sibling(call, *base)),
            _ => None,
        }
    }

    /// The object becomes an argument of a function of the project.
    fn parameter(&mut self, call: ExprRef, position: usize, function: ScopeRef, skipped: usize) {
        let ExprKind::Call { arguments, .. } = self.program.kind(call) else {
            return;
        };
        let scope = self.program.scope(function);
        let starred = arguments[..=position]
            .iter()
            .any(|argument| argument.kind == ArgumentKind::Star);
        let parameter = match &arguments[position].kind {
            ArgumentKind::Positional if !starred => scope.parameters.get(position + skipped),
            ArgumentKind::Keyword(name) => scope.parameters.iter().find(|parameter| parameter.name == *name),
            _ => None,
        };
        match parameter.filter(|_| scope.kind == ScopeKind::Function && scope.decorators.is_empty()) {
            Some(parameter) => self.definition(function.file, parameter.def),
            None => self.event(Event::Escapes(call)),
        }
    }

    fn statement(&mut self, expr: ExprRef) {
        let index = self.program.index(expr.file);
        let Some(statement) = index.statement_of(expr.expr) else {
            return self.event(Event::Escapes(expr));
        };
        let sibling = |other: ExprId| self.program.sibling(expr, other);
        match &index.statement(statement).stmt.kind {
            StmtKind::Assign { targets, value } if *value == expr.expr => {
                for &target in targets {
                    self.target(sibling(target));
                }
            }
            StmtKind::Annotated { target, value, .. } if *value == Some(expr.expr) => self.target(sibling(*target)),
            StmtKind::Augmented { target, value, .. } if *value == expr.expr => self.container(sibling(*target)),
            StmtKind::For { target, iterable, .. } if *iterable == expr.expr => {
                self.event(Event::Iterated(expr));
                self.target(sibling(*target));
            }
            StmtKind::With { items, .. } => {
                if let Some((_, target)) = items.iter().find(|(context, _)| *context == expr.expr) {
                    self.event(Event::With(expr));
                    if let Some(target) = target {
                        self.target(sibling(*target));
                    }
                }
            }
            StmtKind::Expr(_)
            | StmtKind::Assign { .. }
            | StmtKind::Annotated { .. }
            | StmtKind::Augmented { .. }
            | StmtKind::For { .. }
            | StmtKind::If { .. }
            | StmtKind::While { .. }
            | StmtKind::Assert { .. }
            | StmtKind::Delete(_) => {}
            StmtKind::Return(_) => self.returned(expr),
            _ => self.event(Event::Escapes(expr)),
        }
    }

    fn target(&mut self, target: ExprRef) {
        match self.program.kind(target) {
            ExprKind::Store(def) => self.definition(target.file, *def),
            ExprKind::Attribute { name, .. } => {
                self.event(Event::Kept(target));
                self.attribute(name);
            }
            ExprKind::Subscript { base, .. } => self.container(self.program.sibling(target, *base)),
            ExprKind::Sequence { elements, .. } => {
                for &element in elements {
                    self.target(self.program.sibling(target, element));
                }
            }
            ExprKind::Starred(inner) => self.target(self.program.sibling(target, *inner)),
            _ => self.event(Event::Escapes(target)),
        }
    }

    /// The object is put into the container that an expression gives.
    fn container(&mut self, base: ExprRef) {
        match self.program.kind(base) {
            ExprKind::Name {
                symbol: Some(symbol), ..
            } => {
                self.seen.insert(base);
                self.symbol(base.file, *symbol);
            }
            ExprKind::Store(def) => {
                let symbol = self.program.file(base.file).definition(*def).symbol;
                self.symbol(base.file, symbol);
            }
            ExprKind::Attribute { name, .. } => {
                self.event(Event::Kept(base));
                self.attribute(name);
            }
            ExprKind::Subscript { base: outer, .. } => self.container(self.program.sibling(base, *outer)),
            ExprKind::Call { .. } => match self.receiver(base) {
                Some(outer) => self.container(outer),
                None => self.event(Event::Escapes(base)),
            },
            _ => self.event(Event::Escapes(base)),
        }
    }

    /// All that a name is used for, whichever binding it has.
    fn symbol(&mut self, file: FileId, symbol: SymbolId) {
        let definitions = self.program.file(file).symbol(symbol).definitions.clone();
        for def in definitions {
            if matches!(self.program.file(file).definition(def).kind, DefKind::Parameter { .. }) {
                let read = self.program.index(file).reads(symbol).first().copied();
                if let Some(expr) = read {
                    self.event(Event::Escapes(ExprRef { file, expr }));
                }
            }
            self.definition(file, def);
        }
    }

    fn definition(&mut self, file: FileId, def: DefId) {
        if !self.definitions.insert(DefRef { file, def }) {
            return;
        }
        let facts = self.program.file(file);
        let symbol = facts.definition(def).symbol;
        let written = facts.symbol(symbol);
        if written.scope == MODULE {
            self.event(Event::Global(DefRef { file, def }));
            if self.lives.imported_names.contains(&written.name) {
                self.imported(&written.name);
            }
            let name = written.name.clone();
            self.module_attribute(&name);
        }
        for &read in self.program.index(file).reads(symbol) {
            if let ExprKind::Name { reaching, .. } = facts.kind(read)
                && (reaching.is_empty() || reaching.contains(&def))
            {
                self.follow(ExprRef { file, expr: read });
            }
        }
        for &other in &written.definitions {
            if matches!(&facts.definition(other).kind, DefKind::Augmented { previous, .. } if previous.contains(&def)) {
                self.definition(file, other);
            }
        }
    }

    /// A global that other files import under its name.
    fn imported(&mut self, name: &str) {
        for file in self.program.file_ids() {
            let facts = self.program.file(file);
            for (number, definition) in facts.definitions.iter().enumerate() {
                if matches!(&definition.kind, DefKind::ImportFrom { name: other, .. } if other == name) {
                    let def = DefId(u32::try_from(number).expect("internal: fewer than 2^32 definitions"));
                    self.definition(file, def);
                }
            }
        }
    }

    /// A global that other files read as an attribute of the module.
    fn module_attribute(&mut self, name: &str) {
        self.attribute(name);
    }

    fn attribute(&mut self, name: &str) {
        if !self.attributes.insert(name.to_owned()) {
            return;
        }
        let reads = self.lives.attribute_reads.get(name).cloned().unwrap_or_default();
        for read in reads {
            if !self.is_target(read) && !self.is_bound_by_statement(read) {
                self.follow(read);
            }
        }
    }

    /// `for self.x in ...`, `with ... as self.x`, elements of tuple targets: bindings, not reads.
    fn is_bound_by_statement(&self, read: ExprRef) -> bool {
        let index = self.program.index(read.file);
        let mut top = read.expr;
        while let Some(parent) = index.parent(top) {
            if !matches!(
                self.program.kind(self.program.sibling(read, parent)),
                ExprKind::Sequence { .. } | ExprKind::Starred(_)
            ) {
                return false;
            }
            top = parent;
        }
        self.is_target(self.program.sibling(read, top))
    }
}
