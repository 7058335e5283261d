//! The flow of control through the statements of one scope, as far as it decides which definitions reach a read.
//!
//! Each statement turns the state before it into the state after it. A loop is gone through twice: once to learn what
//! its end gives to its head, once to note what its reads see. Reaching definitions need no third round.

use super::reaching::{DefinitionSets, Findings, NOTHING, State, Tracked};
use super::slots::Slots;
use crate::facts::walk::for_each_child;
use crate::facts::{
    DefId, DefKind, ExprId, ExprKind, FileFacts, Handler, MatchCase, ScopeId, Stmt, StmtKind, statement_expressions,
};

/// `finally` blocks inside `finally` blocks are gone through once for all ways into them from this depth on.
const MAX_FINALLY_DEPTH: usize = 3;

/// The states with which a loop is left or begun again from inside.
#[derive(Default)]
struct LoopExits {
    breaks: State,
    continues: State,
}

/// The walk through one scope.
pub(super) struct Flow<'walk> {
    facts: &'walk FileFacts,
    scope_definitions: &'walk [Option<DefId>],
    silent_definitions: &'walk [(u32, DefId)],
    tracked: &'walk Tracked,
    sets: &'walk mut DefinitionSets,
    state: State,
    loops: Vec<LoopExits>,
    /// For each `try` around: all states in which an exception may leave it.
    exceptions: Vec<State>,
    /// Reads are noted only when this is zero.
    rehearsals: usize,
    /// Definitions may be skipped (a walrus in the second operand of `and`).
    maybes: usize,
    finally_depth: usize,
    findings: Findings,
}

impl<'walk> Flow<'walk> {
    pub(super) fn new(
        facts: &'walk FileFacts,
        scope_definitions: &'walk [Option<DefId>],
        silent_definitions: &'walk [(u32, DefId)],
        tracked: &'walk Tracked,
        sets: &'walk mut DefinitionSets,
        start: Slots,
    ) -> Self {
        Self {
            facts,
            scope_definitions,
            silent_definitions,
            tracked,
            sets,
            state: Some(start),
            loops: Vec::new(),
            exceptions: Vec::new(),
            rehearsals: 0,
            maybes: 0,
            finally_depth: 0,
            findings: Findings::default(),
        }
    }

    /// Goes through the body of the scope.
    pub(super) fn run(mut self, body: &[Stmt]) -> Findings {
        self.block(body);
        self.findings
    }

    /// A binding takes effect.
    pub(super) fn define(&mut self, definition: DefId) {
        let Some(slot) = self.tracked.slot(self.facts.definition(definition).symbol) else {
            return;
        };
        let single = self.sets.single(definition);
        let is_declaration = matches!(self.facts.definition(definition).kind, DefKind::Declared { .. });
        let Some(state) = &mut self.state else { return };
        let after = match state.get(slot) {
            // `name: T` leaves the value alone.
            NOTHING => single,
            before if is_declaration => before,
            before if self.maybes > 0 => self.sets.union(before, single),
            _ => single,
        };
        state.set(slot, after);
        for exceptions in self.exceptions.iter_mut().flatten() {
            let either = self.sets.union(exceptions.get(slot), single);
            exceptions.set(slot, either);
        }
    }

    /// The name is unbound.
    fn kill(&mut self, definition: DefId) {
        let slot = self.tracked.slot(self.facts.definition(definition).symbol);
        if let (Some(slot), Some(state)) = (slot, &mut self.state) {
            state.set(slot, NOTHING);
        }
    }

    fn merge(&mut self, left: State, right: State) -> State {
        match (left, right) {
            (Some(mut left), Some(right)) => {
                left.merge(&right, &mut |mine, theirs| self.sets.union(mine, theirs));
                Some(left)
            }
            (left, right) => left.or(right),
        }
    }

    fn block(&mut self, statements: &[Stmt]) {
        for statement in statements {
            if self.state.is_none() {
                return;
            }
            self.statement(statement);
        }
    }

    /// The state after a block that is entered with `start`.
    fn block_from(&mut self, start: State, statements: &[Stmt]) -> State {
        self.state = start;
        self.block(statements);
        self.state.take()
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::If { test, body, orelse } => self.branch(*test, body, orelse),
            StmtKind::For {
                target,
                iterable,
                body,
                orelse,
                ..
            } => {
                self.expression(*iterable);
                self.loops_over(None, Some(*target), body, orelse);
            }
            StmtKind::While { test, body, orelse } => self.loops_over(Some(*test), None, body, orelse),
            StmtKind::With { body, .. } => {
                self.own_expressions(statement);
                self.block(body);
            }
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => self.guarded(body, handlers, orelse, finally),
            StmtKind::Match { subject, cases } => self.matched(*subject, cases),
            StmtKind::Function(scope) | StmtKind::Class(scope) => self.scope(*scope),
            StmtKind::Augmented { target, value, .. } => self.augmented(*target, *value),
            StmtKind::Delete(targets) => targets.iter().for_each(|&target| self.delete(target)),
            StmtKind::Import(definitions) => definitions.iter().for_each(|&definition| self.define(definition)),
            StmtKind::Break => self.leave(|exits| &mut exits.breaks),
            StmtKind::Continue => self.leave(|exits| &mut exits.continues),
            StmtKind::Pass => self.silent(statement.span.start),
            StmtKind::Return(_) | StmtKind::Raise { .. } => {
                self.own_expressions(statement);
                self.state = None;
            }
            StmtKind::Assert { test, .. } => {
                self.own_expressions(statement);
                if is_constant(self.facts, *test, false) {
                    self.state = None;
                }
            }
            StmtKind::Expr(_) | StmtKind::Assign { .. } | StmtKind::Annotated { .. } | StmtKind::ImportStar { .. } => {
                self.own_expressions(statement)
            }
        }
    }

    fn own_expressions(&mut self, statement: &Stmt) {
        for expression in statement_expressions(statement) {
            self.expression(expression);
        }
    }

    fn expression(&mut self, id: ExprId) {
        match self.facts.kind(id) {
            ExprKind::Name {
                symbol: Some(symbol), ..
            } => {
                let slot = self.tracked.slot(*symbol);
                if let (Some(slot), Some(state), 0) = (slot, &self.state, self.rehearsals) {
                    self.findings.reads.push((id, state.get(slot)));
                }
            }
            ExprKind::Store(definition) => self.define(*definition),
            ExprKind::Named { def, value } => {
                self.expression(*value);
                self.define(*def);
            }
            ExprKind::Boolean { values, .. } => {
                self.maybe_after(values.iter().copied());
            }
            ExprKind::Conditional { test, body, orelse } => self.maybe_after([*test, *body, *orelse].into_iter()),
            ExprKind::Comprehension { .. } => {
                let facts = self.facts;
                let mut parts = Vec::new();
                for_each_child(facts, id, &mut |child| parts.push(child));
                self.maybe_after(parts.into_iter());
            }
            _ => {
                let facts = self.facts;
                for_each_child(facts, id, &mut |child| self.expression(child));
            }
        }
    }

    /// Expressions of which only the first is evaluated in any case.
    fn maybe_after(&mut self, mut parts: impl Iterator<Item = ExprId>) {
        if let Some(first) = parts.next() {
            self.expression(first);
        }
        self.maybes += 1;
        parts.for_each(|part| self.expression(part));
        self.maybes -= 1;
    }

    fn branch(&mut self, test: ExprId, body: &[Stmt], orelse: &[Stmt]) {
        self.expression(test);
        let before = self.state.take();
        let taken = if is_constant(self.facts, test, false) {
            None
        } else {
            before.clone()
        };
        let skipped = if is_constant(self.facts, test, true) {
            None
        } else {
            before
        };
        let after_body = self.block_from(taken, body);
        let after_orelse = self.block_from(skipped, orelse);
        self.state = self.merge(after_body, after_orelse);
    }

    /// `for` when there is a target, `while` when there is a test.
    fn loops_over(&mut self, test: Option<ExprId>, target: Option<ExprId>, body: &[Stmt], orelse: &[Stmt]) {
        let mut head = self.state.take();
        if self.rehearsals == 0 {
            self.rehearsals += 1;
            let (back, _, _) = self.round(head.clone(), test, target, body);
            self.rehearsals -= 1;
            head = self.merge(head, back);
        }
        let (back, mut done, breaks) = self.round(head, test, target, body);
        let endless = test.is_some_and(|test| is_constant(self.facts, test, true));
        if endless {
            done = None;
        } else if self.rehearsals > 0 {
            // The second round, which would have seen these at the head, is left out.
            done = self.merge(done, back);
        }
        let after = self.block_from(done, orelse);
        self.state = self.merge(after, breaks);
    }

    /// One round of a loop: the states that go back to its head, that leave at its head, and that leave by `break`.
    fn round(
        &mut self,
        head: State,
        test: Option<ExprId>,
        target: Option<ExprId>,
        body: &[Stmt],
    ) -> (State, State, State) {
        self.state = head;
        if let Some(test) = test {
            self.expression(test);
        }
        let done = self.state.clone();
        if let Some(target) = target {
            self.expression(target);
        }
        self.loops.push(LoopExits::default());
        self.block(body);
        let exits = self.loops.pop().unwrap_or_default();
        let end = self.state.take();
        (self.merge(end, exits.continues), done, exits.breaks)
    }

    fn leave(&mut self, way: impl Fn(&mut LoopExits) -> &mut State) {
        let state = self.state.take();
        let Some(mut exits) = self.loops.pop() else { return };
        let before = way(&mut exits).take();
        *way(&mut exits) = self.merge(before, state);
        self.loops.push(exits);
    }

    fn guarded(&mut self, body: &[Stmt], handlers: &[Handler], orelse: &[Stmt], finally: &[Stmt]) {
        if finally.is_empty() {
            return self.with_handlers(body, handlers, orelse);
        }
        self.exceptions.push(self.state.clone());
        let loops_around = self.loops.iter_mut().map(std::mem::take).collect::<Vec<_>>();
        self.with_handlers(body, handlers, orelse);
        let normal = self.state.take();
        let exceptions = self.exceptions.pop().flatten();
        let any_way = self.merge(exceptions, normal.clone());
        let after_any_way = self.block_from(any_way, finally);
        let exact = self.finally_depth < MAX_FINALLY_DEPTH;
        let exits = std::mem::replace(&mut self.loops, loops_around);
        let instead = if exact { None } else { after_any_way.clone() };
        self.exit_through(finally, exits, &instead);
        self.state = match normal {
            Some(_) if exact => self.rehearse(normal, finally),
            Some(_) => after_any_way,
            None => None,
        };
    }

    /// Adds the `break` and `continue` states from inside a `try` to those of the loops around, after `finally`. Where
    /// that would go too deep, the state after all ways into `finally` is given `instead`.
    fn exit_through(&mut self, finally: &[Stmt], exits: Vec<LoopExits>, instead: &State) {
        for (index, exit) in exits.into_iter().enumerate() {
            let breaks = self.through(finally, exit.breaks, instead);
            let known = self.loops[index].breaks.take();
            self.loops[index].breaks = self.merge(known, breaks);
            let continues = self.through(finally, exit.continues, instead);
            let known = self.loops[index].continues.take();
            self.loops[index].continues = self.merge(known, continues);
        }
    }

    fn through(&mut self, finally: &[Stmt], state: State, instead: &State) -> State {
        match (state, instead) {
            (None, _) => None,
            (Some(_), Some(_)) => instead.clone(),
            (state, None) => self.rehearse(state, finally),
        }
    }

    /// The state after a block, without noting what its reads see.
    fn rehearse(&mut self, start: State, statements: &[Stmt]) -> State {
        self.rehearsals += 1;
        self.finally_depth += 1;
        let after = self.block_from(start, statements);
        self.finally_depth -= 1;
        self.rehearsals -= 1;
        after
    }

    fn with_handlers(&mut self, body: &[Stmt], handlers: &[Handler], orelse: &[Stmt]) {
        self.exceptions.push(self.state.clone());
        self.block(body);
        let caught = self.exceptions.pop().flatten();
        self.block(orelse);
        let mut after = self.state.take();
        for handler in handlers {
            self.state.clone_from(&caught);
            if let Some(types) = handler.types {
                self.expression(types);
            }
            if let Some(definition) = handler.def {
                self.define(definition);
            }
            self.block(&handler.body);
            // Python deletes the name when the clause ends.
            if let Some(definition) = handler.def {
                self.kill(definition);
            }
            let after_handler = self.state.take();
            after = self.merge(after, after_handler);
        }
        self.state = after;
    }

    fn matched(&mut self, subject: ExprId, cases: &[MatchCase]) {
        self.expression(subject);
        let mut unmatched = self.state.take();
        let mut after = None;
        for case in cases {
            self.state.clone_from(&unmatched);
            case.pattern.iter().for_each(|&part| self.expression(part));
            if let Some(guard) = case.guard {
                self.expression(guard);
                let failed = self.state.clone();
                unmatched = self.merge(unmatched, failed);
            } else if case.irrefutable {
                unmatched = None;
            }
            self.block(&case.body);
            let after_case = self.state.take();
            after = self.merge(after, after_case);
        }
        self.state = self.merge(after, unmatched);
    }

    /// A `def` or `class`: its header is evaluated here.
    fn scope(&mut self, id: ScopeId) {
        let facts = self.facts;
        let scope = facts.scope(id);
        scope
            .decorators
            .iter()
            .for_each(|&decorator| self.expression(decorator));
        for parameter in &scope.parameters {
            parameter
                .default
                .iter()
                .chain(&parameter.annotation)
                .for_each(|&part| self.expression(part));
        }
        scope
            .returns
            .iter()
            .chain(&scope.bases)
            .for_each(|&part| self.expression(part));
        scope.keywords.iter().for_each(|&(_, value)| self.expression(value));
        if let Some(definition) = self.scope_definitions[id.index()] {
            self.define(definition);
        }
    }

    fn augmented(&mut self, target: ExprId, value: ExprId) {
        if let ExprKind::Store(definition) = *self.facts.kind(target) {
            let slot = self.tracked.slot(self.facts.definition(definition).symbol);
            if let (Some(slot), Some(state), 0) = (slot, &self.state, self.rehearsals) {
                self.findings.previous.push((definition, state.get(slot)));
            }
        }
        self.expression(value);
        self.expression(target);
    }

    fn delete(&mut self, target: ExprId) {
        let facts = self.facts;
        match facts.kind(target) {
            ExprKind::Store(definition) => self.kill(*definition),
            ExprKind::Sequence { elements, .. } => elements.iter().for_each(|&element| self.delete(element)),
            _ => self.expression(target),
        }
    }

    fn silent(&mut self, start: u32) {
        if let Ok(index) = self
            .silent_definitions
            .binary_search_by_key(&start, |&(start, _)| start)
        {
            self.define(self.silent_definitions[index].1);
        }
    }
}

/// Whether the condition is written as a constant with this truth value.
fn is_constant(facts: &FileFacts, condition: ExprId, truth: bool) -> bool {
    match *facts.kind(condition) {
        ExprKind::Bool(value) => value == truth,
        ExprKind::Int(Some(value)) => (value != 0) == truth,
        _ => false,
    }
}
