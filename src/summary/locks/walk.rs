//! The walk over one function with the locks that it must hold.

use std::collections::BTreeSet;

use crate::facts::{DefKind, ExprId, ExprKind, Stmt, StmtKind, SymbolId, UnaryOp, child_expressions};
use crate::finding::{Note, Place};
use crate::knowledge::{Operation, Semantic};
use crate::link::values::{ExprRef, ScopeRef, Value};
use crate::link::{Callee, Program, language};

use super::identity::{Binding, Hold, LockName, Root, lock_facts, name_of, overlap};
use super::summary::{Acquisition, Edge, FunctionLocks, Held};
use super::{AwaitUnderLock, Locks, Reacquisition, operation, receiver_expression};

/// Locks that one function is followed for.
const LIMIT: usize = 24;
/// Links of a chain that are kept.
const CHAIN: usize = 8;

/// What is true of the locks of a function.
pub(super) fn read(program: &Program<'_>, known: &Locks, function: ScopeRef) -> FunctionLocks {
    let mut walk = Walk {
        program,
        known,
        function,
        held: Vec::new(),
        switches: 0,
        skips: Vec::new(),
        released: Vec::new(),
        exceptional: Vec::new(),
        cleanup: Vec::new(),
        breaks: Vec::new(),
        exits: None,
        yielded: None,
        found: FunctionLocks::default(),
    };
    if walk.block(&program.scope(function).body) {
        walk.exit();
    }
    walk.found.leaves = walk.exits.unwrap_or_default();
    walk.found.at_yield = walk.yielded.unwrap_or_default();
    walk.found
}

/// How `break` leaves a loop.
struct LoopExit {
    /// What is held wherever that happens.
    held: Option<Vec<Held>>,
    /// The blocks around the loop that give back locks: those inside it are left with it.
    around: usize,
}

struct Walk<'w, 'p> {
    program: &'w Program<'p>,
    known: &'w Locks,
    function: ScopeRef,
    held: Vec<Held>,
    /// Conditions on a parameter around the current statement: the caller chooses whether it runs.
    switches: u32,
    /// Parameters that have made the function return early by now.
    skips: Vec<u32>,
    released: Vec<LockName>,
    /// For each `try` around: what is held wherever its body may stop.
    exceptional: Vec<Vec<Held>>,
    /// Names that are given back on the way out of the function, by the statements around.
    cleanup: Vec<Vec<Option<LockName>>>,
    /// For each loop around: how `break` leaves it.
    breaks: Vec<LoopExit>,
    exits: Option<Vec<Held>>,
    yielded: Option<Vec<Held>>,
    found: FunctionLocks,
}

/// What both branches hold.
fn meet(first: &[Held], second: &[Held]) -> Vec<Held> {
    first
        .iter()
        .filter(|held| {
            second
                .iter()
                .any(|other| other.place == held.place || held.name.is_some() && other.name == held.name)
        })
        .cloned()
        .collect()
}

fn meet_into(target: &mut Option<Vec<Held>>, held: &[Held]) {
    *target = Some(match target.take() {
        Some(before) => meet(&before, held),
        None => held.to_vec(),
    });
}

impl Walk<'_, '_> {
    fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef {
            file: self.function.file,
            expr,
        }
    }

    fn place(&self, expr: ExprId) -> Place {
        self.program.place(self.at(expr))
    }

    /// Walks a block; `false` where its end is not reached.
    fn block(&mut self, block: &[Stmt]) -> bool {
        block.iter().all(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &Stmt) -> bool {
        match &statement.kind {
            StmtKind::If { test, body, orelse } => self.branches(*test, body, orelse),
            StmtKind::For {
                iterable,
                body,
                orelse,
                is_async,
                ..
            } => {
                self.expression(*iterable);
                if *is_async {
                    self.awaits(*iterable);
                }
                self.looped(body, orelse, false)
            }
            StmtKind::While { test, body, orelse } => {
                self.expression(*test);
                let endless = matches!(
                    self.program.kind(self.at(*test)),
                    ExprKind::Bool(true) | ExprKind::Int(Some(1))
                );
                self.looped(body, orelse, endless)
            }
            StmtKind::With { items, body, is_async } => self.with(items, body, *is_async),
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => {
                let inner: Vec<&[Stmt]> = handlers.iter().map(|handler| handler.body.as_slice()).collect();
                self.attempt(body, &inner, orelse, finally)
            }
            StmtKind::Match { subject, cases } => {
                self.expression(*subject);
                let before = self.held.clone();
                let mut after: Option<Vec<Held>> = None;
                for case in cases {
                    self.held.clone_from(&before);
                    if self.block(&case.body) {
                        meet_into(&mut after, &self.held);
                    }
                }
                if !cases.iter().any(|case| case.irrefutable && case.guard.is_none()) {
                    meet_into(&mut after, &before);
                }
                let goes_on = after.is_some();
                self.held = after.unwrap_or_default();
                goes_on
            }
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    self.expression(*value);
                }
                self.exit();
                false
            }
            StmtKind::Raise { .. } => {
                self.parts(statement);
                false
            }
            StmtKind::Break => {
                if let Some(left) = self.breaks.last_mut() {
                    let mut held = self.held.clone();
                    for given_back in self.cleanup[left.around..].iter().flatten() {
                        held.retain(|held| held.name != *given_back);
                    }
                    meet_into(&mut left.held, &held);
                }
                false
            }
            StmtKind::Continue => false,
            StmtKind::Assign { targets, value } => {
                self.expression(*value);
                for &target in targets {
                    self.store(target);
                }
                true
            }
            StmtKind::Class(scope) => {
                let body = &self.program.file(self.function.file).scope(*scope).body;
                self.block(body)
            }
            _ => {
                self.parts(statement);
                true
            }
        }
    }

    fn parts(&mut self, statement: &Stmt) {
        for root in crate::facts::statement_expressions(statement) {
            self.expression(root);
        }
    }

    /// The function is left here.
    fn exit(&mut self) {
        let mut held = self.held.clone();
        for given_back in self.cleanup.iter().flatten() {
            held.retain(|held| held.name != *given_back);
        }
        meet_into(&mut self.exits, &held);
    }

    fn branches(&mut self, test: ExprId, body: &[Stmt], orelse: &[Stmt]) -> bool {
        self.expression(test);
        let switch = u32::from(self.is_switch(test));
        self.switches += switch;
        let before = self.held.clone();
        let mut after = None;
        if self.block(body) {
            meet_into(&mut after, &self.held);
        } else {
            self.skips.extend(self.tested_parameter(test));
        }
        self.held = before;
        if self.block(orelse) {
            meet_into(&mut after, &self.held);
        }
        self.switches -= switch;
        let goes_on = after.is_some();
        self.held = after.unwrap_or_default();
        goes_on
    }

    /// The position of the parameter whose truth a condition is.
    fn tested_parameter(&self, test: ExprId) -> Option<u32> {
        let file = self.program.file(self.function.file);
        match file.kind(test) {
            ExprKind::Unary {
                op: UnaryOp::Not,
                operand,
            } => self.tested_parameter(*operand),
            ExprKind::Name { reaching, .. } => match reaching.as_slice() {
                &[def] => match file.definition(def).kind {
                    DefKind::Parameter { index } => Some(index),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a condition is a parameter or an attribute of the object: something that says which way to go.
    fn is_switch(&self, test: ExprId) -> bool {
        let file = self.program.file(self.function.file);
        match file.kind(test) {
            ExprKind::Unary {
                op: UnaryOp::Not,
                operand,
            } => self.is_switch(*operand),
            ExprKind::Name { reaching, .. } => reaching
                .iter()
                .any(|&def| matches!(file.definition(def).kind, DefKind::Parameter { .. })),
            ExprKind::Attribute { .. } => true,
            ExprKind::Compare { left, comparisons } => {
                self.is_switch(*left) || comparisons.iter().any(|&(_, right)| self.is_owner_test(right))
            }
            ExprKind::Boolean { values, .. } => values.iter().any(|&value| self.is_switch(value)),
            // `lock.locked()`, `self._is_owned()`.
            ExprKind::Call { .. } => lock_of_method(self.program, self.at(test)).is_some() || self.is_owner_test(test),
            _ => false,
        }
    }

    /// `get_ident()` and its like: whose thread this is.
    fn is_owner_test(&self, expr: ExprId) -> bool {
        self.program.callees(self.at(expr)).iter().any(|callee| match callee {
            Callee::External { name, .. } => self.program.knowledge.operation(name) == Some(Operation::NamesThread),
            _ => false,
        })
    }

    fn looped(&mut self, body: &[Stmt], orelse: &[Stmt], endless: bool) -> bool {
        let before = self.held.clone();
        self.breaks.push(LoopExit {
            held: None,
            around: self.cleanup.len(),
        });
        let goes_round = self.block(body);
        let broken = self.breaks.pop().and_then(|left| left.held);
        let mut after = None;
        if !endless {
            self.held = if goes_round { meet(&before, &self.held) } else { before };
            if self.block(orelse) {
                meet_into(&mut after, &self.held);
            }
        }
        if let Some(broken) = broken {
            meet_into(&mut after, &broken);
        }
        let goes_on = after.is_some();
        self.held = after.unwrap_or_default();
        goes_on
    }

    fn attempt(&mut self, body: &[Stmt], handlers: &[&[Stmt]], orelse: &[Stmt], finally: &[Stmt]) -> bool {
        self.cleanup.push(self.given_back(finally));
        self.exceptional.push(self.held.clone());
        let mut goes_on = self.block(body);
        let stopped = self.exceptional.pop().unwrap_or_default();
        let mut after = None;
        if goes_on {
            goes_on = self.block(orelse);
        }
        if goes_on {
            meet_into(&mut after, &self.held);
        }
        for handler in handlers {
            self.held.clone_from(&stopped);
            if self.block(handler) {
                meet_into(&mut after, &self.held);
            }
        }
        self.cleanup.pop();
        let goes_on = after.is_some();
        self.held = after.unwrap_or(stopped);
        self.block(finally) && goes_on
    }

    /// What a block gives back.
    fn given_back(&self, block: &[Stmt]) -> Vec<Option<LockName>> {
        let mut names = Vec::new();
        for statement in block {
            for root in crate::facts::statement_expressions(statement) {
                let file = self.program.file(self.function.file);
                crate::facts::visit_expressions(file, root, &mut |part| {
                    let call = self.at(part);
                    if operation(self.program, call) == Some(Operation::Release)
                        && let Some(receiver) = receiver_expression(self.program, call)
                    {
                        names.push(name_of(self.program, receiver));
                    }
                });
            }
            for inner in crate::facts::child_blocks(statement) {
                names.extend(self.given_back(inner));
            }
        }
        names
    }

    fn with(&mut self, items: &[(ExprId, Option<ExprId>)], body: &[Stmt], is_async: bool) -> bool {
        let mut entered: Vec<Held> = Vec::new();
        for &(context, _) in items {
            self.expression(context);
            if is_async {
                self.awaits(context);
            }
            let taken = self.enter(context);
            entered.extend(taken);
        }
        self.cleanup
            .push(entered.iter().map(|held| held.name.clone()).collect());
        let goes_on = self.block(body);
        self.cleanup.pop();
        for held in &entered {
            self.let_go(held.name.as_ref(), &held.facts.sites, false);
        }
        goes_on
    }

    /// What entering a context manager takes, which is held then.
    fn enter(&mut self, context: ExprId) -> Vec<Held> {
        let expr = self.at(context);
        if let Some(facts) = lock_facts(self.program, expr) {
            let acquisition = Acquisition {
                name: name_of(self.program, expr),
                facts,
                text: self.program.text(expr),
                by_call: false,
                skipped_by: self.skips.clone(),
                chain: vec![self.taken_note(expr, expr)],
            };
            return vec![self.take(acquisition)];
        }
        let mut entered = Vec::new();
        for callee in self.program.callees(expr) {
            if let Callee::Function { function, receiver } = callee
                && self
                    .program
                    .semantics_of_decorators(function)
                    .contains(&Semantic::ContextManager)
            {
                let binding = Binding {
                    call: expr,
                    function,
                    bound: receiver.is_some(),
                    receiver: None,
                };
                entered = self.apply(&binding, context, true, true);
            }
        }
        if !matches!(self.program.kind(expr), ExprKind::Call { .. }) {
            for value in self.program.values(expr).iter() {
                if let Value::Instance { class, .. } = *self.program.value(value) {
                    for function in self.program.methods(class, language::ENTER, false) {
                        let binding = Binding {
                            call: expr,
                            function,
                            bound: true,
                            receiver: Some(expr),
                        };
                        entered = self.apply(&binding, context, true, false);
                    }
                }
            }
        }
        entered
    }

    fn taken_note(&self, lock: ExprRef, place: ExprRef) -> Note {
        Note {
            place: self.program.place(place),
            message: format!("takes `{}`, here", self.program.text(lock)),
        }
    }

    /// A lock is taken by the function's own code: it is held then.
    fn take(&mut self, acquisition: Acquisition) -> Held {
        self.note_taken(&acquisition, None, true);
        let held = Held {
            name: acquisition.name.clone(),
            facts: acquisition.facts.clone(),
            text: acquisition.text.clone(),
            place: acquisition.chain[0].place,
            by_call: acquisition.by_call,
        };
        self.held.push(held.clone());
        held
    }

    /// A lock is taken here or below a call that stands here.
    fn note_taken(&mut self, acquisition: &Acquisition, through: Option<String>, certain: bool) {
        let again = self
            .held
            .iter()
            .find(|held| held.name.is_some() && held.name == acquisition.name)
            .cloned();
        if let Some(first) = again {
            if first.facts.hold == Hold::Plain
                && acquisition.facts.hold == Hold::Plain
                && !self.is_handed_over(&first, acquisition)
            {
                self.found.reacquired.push(Reacquisition {
                    place: acquisition.chain[0].place,
                    text: first.text,
                    first: first.place,
                    through,
                    chain: acquisition.chain.clone(),
                    certain,
                });
            }
            return;
        }
        if self.found.edges.len() < 4 * LIMIT {
            for from in &self.held {
                let gates = self
                    .held
                    .iter()
                    .filter(|gate| gate.place != from.place)
                    .flat_map(|gate| gate.facts.sites.iter().copied())
                    .collect();
                self.found.edges.push(Edge {
                    from: from.clone(),
                    to: acquisition.clone(),
                    gates,
                });
            }
        }
        let was_released = self.released.iter().any(|name| Some(name) == acquisition.name.as_ref());
        let known = self
            .found
            .acquires
            .iter()
            .any(|other| other.name == acquisition.name && other.facts.sites == acquisition.facts.sites);
        if self.switches == 0 && !was_released && !known && self.found.acquires.len() < LIMIT {
            self.found.acquires.push(acquisition.clone());
        }
    }

    /// Whether taking a lock again is a way of waiting for somebody else to give it back.
    fn is_handed_over(&self, first: &Held, second: &Acquisition) -> bool {
        if !first.by_call {
            return false;
        }
        // A task that waits for a condition of the loop gives its lock back.
        if first.facts.asynchronous && second.by_call {
            return true;
        }
        let elsewhere = first.facts.sites.iter().any(|site| {
            let functions = self.known.releases.get(site);
            functions.is_some_and(|functions| functions.iter().any(|&function| function != self.function))
        });
        let escapes = match first.name.as_ref().map(|name| (name.root, name.path.is_empty())) {
            Some((Root::Variable(file, symbol), true)) => self.escapes(file, symbol),
            Some((Root::Binding(def), true)) => {
                let symbol = self.program.file(def.file).definition(def.def).symbol;
                self.escapes(def.file, symbol)
            }
            _ => false,
        };
        elsewhere || escapes && second.by_call
    }

    fn escapes(&self, file: crate::finding::FileId, symbol: SymbolId) -> bool {
        let index = self.program.index(file);
        index.reads(symbol).iter().any(|&read| match index.parent(read) {
            Some(parent) => !matches!(self.program.file(file).kind(parent), ExprKind::Attribute { .. }),
            None => false,
        })
    }

    fn let_go(&mut self, name: Option<&LockName>, sites: &[ExprRef], by_call: bool) {
        let is_it = |held: &Held| match name {
            Some(name) => held.name.as_ref() == Some(name),
            None => overlap(&held.facts.sites, sites),
        };
        let before = self.held.len();
        match self.held.iter().rposition(is_it) {
            Some(position) => drop(self.held.remove(position)),
            None => self.held.retain(|held| !overlap(&held.facts.sites, sites)),
        }
        for stopped in &mut self.exceptional {
            stopped.retain(|held| !is_it(held));
        }
        if by_call {
            self.released.extend(name.cloned());
            if before == self.held.len() && self.found.releases.len() < LIMIT {
                self.found.releases.push((name.cloned(), sites.to_vec()));
            }
        }
    }

    fn store(&mut self, target: ExprId) {
        match self.program.kind(self.at(target)) {
            ExprKind::Attribute { base, name, .. } => {
                self.expression(*base);
                self.accessor(target, *base, name, true);
            }
            ExprKind::Sequence { elements, .. } => elements.iter().for_each(|&element| self.store(element)),
            _ => self.expression(target),
        }
    }

    fn expression(&mut self, expr: ExprId) {
        for child in child_expressions(self.program.file(self.function.file), expr) {
            self.expression(child);
        }
        match self.program.kind(self.at(expr)) {
            ExprKind::Call { .. } => self.call(expr),
            ExprKind::Attribute { base, name, .. } => self.accessor(expr, *base, name, false),
            ExprKind::Await(_) => self.awaits(expr),
            ExprKind::Yield(_) => {
                let held = self.held.clone();
                meet_into(&mut self.yielded, &held);
            }
            _ => {}
        }
    }

    fn awaits(&mut self, expr: ExprId) {
        let held = self.held.iter().find(|held| !held.facts.asynchronous);
        if let Some(held) = held
            && !self.found.awaits.iter().any(|other| other.taken == held.place)
        {
            self.found.awaits.push(AwaitUnderLock {
                place: self.place(expr),
                text: held.text.clone(),
                taken: held.place,
            });
        }
    }

    /// A property that is read or set runs a function.
    fn accessor(&mut self, expr: ExprId, base: ExprId, name: &str, stores: bool) {
        let base = self.at(base);
        let mut functions = BTreeSet::new();
        for value in self.program.values(base).iter() {
            if let Value::Instance { class, .. } = *self.program.value(value) {
                functions.extend(self.program.property_function(class, name, stores));
            }
        }
        let certain = functions.len() == 1;
        for property in functions {
            let wrappers = self.program.solution.wrappers.get(&property);
            for function in std::iter::once(property).chain(wrappers.into_iter().flatten().copied()) {
                let binding = Binding {
                    call: base,
                    function,
                    bound: true,
                    receiver: Some(base),
                };
                self.apply(&binding, expr, certain, false);
            }
        }
    }

    fn call(&mut self, expr: ExprId) {
        let call = self.at(expr);
        match operation(self.program, call) {
            Some(Operation::Acquire) => self.acquire(call),
            Some(Operation::Release) => {
                if let Some(receiver) = receiver_expression(self.program, call)
                    && let Some(facts) = lock_facts(self.program, receiver)
                {
                    let name = name_of(self.program, receiver);
                    self.let_go(name.as_ref(), &facts.sites, true);
                }
            }
            _ => self.calls_functions(expr),
        }
    }

    fn acquire(&mut self, call: ExprRef) {
        let Some(receiver) = receiver_expression(self.program, call) else {
            return;
        };
        if !waits_for_ever(self.program, call) {
            return;
        }
        if let Some(facts) = lock_facts(self.program, receiver) {
            if facts.asynchronous && !self.is_awaited(call.expr) {
                return;
            }
            let acquisition = Acquisition {
                name: name_of(self.program, receiver),
                facts,
                text: self.program.text(receiver),
                by_call: true,
                skipped_by: self.skips.clone(),
                chain: vec![self.taken_note(receiver, call)],
            };
            self.take(acquisition);
        }
    }

    fn is_awaited(&self, call: ExprId) -> bool {
        let index = self.program.index(self.function.file);
        index
            .parent(call)
            .is_some_and(|parent| matches!(self.program.kind(self.at(parent)), ExprKind::Await(_)))
    }

    fn calls_functions(&mut self, expr: ExprId) {
        let call = self.at(expr);
        let callees = self.program.callees(call);
        let certain = callees.len() == 1;
        for callee in callees {
            match callee {
                Callee::Function { function, receiver } => {
                    let bound = receiver.is_some();
                    if self.runs(function, expr) && !self.is_overridden(function) {
                        self.call_function(call, function, bound, certain);
                    }
                }
                Callee::Class(class) => {
                    for function in self.program.methods(class, language::INIT, false) {
                        // The new object's own locks have no name here.
                        self.call_function(call, function, true, certain);
                    }
                }
                _ => {}
            }
        }
    }

    fn call_function(&mut self, call: ExprRef, function: ScopeRef, bound: bool, certain: bool) {
        let wrappers = self.program.solution.wrappers.get(&function);
        let inside = wrappers.is_some_and(|wrappers| wrappers.contains(&self.function));
        let wrappers = wrappers.into_iter().flatten().copied().filter(|_| !inside);
        for function in std::iter::once(function).chain(wrappers) {
            let binding = Binding {
                call,
                function,
                bound,
                receiver: None,
            };
            self.apply(&binding, call.expr, certain, false);
        }
    }

    /// Whether a call runs the function's body at once.
    fn runs(&self, function: ScopeRef, call: ExprId) -> bool {
        let scope = self.program.scope(function);
        !scope.is_generator && (!scope.is_async || self.is_awaited(call))
    }

    /// Whether a method that a subclass adds is called by one that the subclass replaces.
    fn is_overridden(&self, callee: ScopeRef) -> bool {
        let program = self.program;
        let (Some(own), Some(other)) = (program.class_of_method(self.function), program.class_of_method(callee)) else {
            return false;
        };
        own != other
            && program.solution.classes.descendants(own).contains(&other)
            && program
                .method_in_body(other, &program.scope(self.function).name)
                .is_some()
    }

    /// Takes over what a called function does; gives what it leaves held, or holds at its `yield`.
    fn apply(&mut self, binding: &Binding, expr: ExprId, certain: bool, yields: bool) -> Vec<Held> {
        let known = self.known;
        let Some(callee) = known.functions.get(&binding.function) else {
            return Vec::new();
        };
        let through = self.program.display_name(binding.function);
        let place = self.place(expr);
        let held: BTreeSet<ExprRef> = self
            .held
            .iter()
            .flat_map(|held| held.facts.sites.iter().copied())
            .collect();
        self.found.held_at_calls.push((self.at(expr), held));
        for inner in &callee.acquires {
            if binding.is_told(self.program, &inner.skipped_by) {
                continue;
            }
            let mut chain = vec![Note {
                place,
                message: format!("calls `{through}`"),
            }];
            let kept = inner.chain.len().min(CHAIN - 1);
            chain.extend_from_slice(&inner.chain[inner.chain.len() - kept..]);
            let acquisition = Acquisition {
                name: self.translated(binding, inner.name.as_ref()),
                skipped_by: self.skips.clone(),
                chain,
                ..inner.clone()
            };
            self.note_taken(&acquisition, Some(through.clone()), certain);
        }
        for (name, sites) in &callee.releases {
            let name = self.translated(binding, name.as_ref());
            self.let_go(name.as_ref(), sites, true);
        }
        // Where something else may be called, what one of them leaves held need not be held.
        let left = match (yields, certain) {
            (true, _) => callee.at_yield.as_slice(),
            (false, true) => callee.leaves.as_slice(),
            (false, false) => &[],
        };
        let mut taken = Vec::new();
        for inner in left {
            let held = Held {
                name: self.translated(binding, inner.name.as_ref()),
                place,
                ..inner.clone()
            };
            self.held.push(held.clone());
            taken.push(held);
        }
        taken
    }

    fn translated(&self, binding: &Binding, name: Option<&LockName>) -> Option<LockName> {
        name.and_then(|name| binding.translate(self.program, name))
    }
}

/// The lock whose method a call calls.
fn lock_of_method(program: &Program<'_>, call: ExprRef) -> Option<ExprRef> {
    let receiver = receiver_expression(program, call)?;
    lock_facts(program, receiver).map(|_| receiver)
}

/// Whether an acquire waits until it has the lock: neither non-blocking nor with a time-out.
pub(super) fn waits_for_ever(program: &Program<'_>, call: ExprRef) -> bool {
    let ExprKind::Call { arguments, .. } = program.kind(call) else {
        return false;
    };
    arguments.is_empty()
        || arguments.len() == 1
            && matches!(
                program.kind(program.sibling(call, arguments[0].value)),
                ExprKind::Bool(true) | ExprKind::Int(Some(1))
            )
}
