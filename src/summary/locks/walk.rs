//! The walk over one function with the locks that it must hold.

use crate::facts::{DefKind, ExprId, ExprKind, Stmt, StmtKind, UnaryOp};
use crate::finding::Place;
use crate::knowledge::Operation;
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program};

use super::calling::lock_of_method;
use super::identity::{LockName, name_of};
use super::inherited::held_by_base;
use super::summary::{FunctionLocks, Held};
use super::{Locks, operation, receiver_expression};

/// Locks that one function is followed for.
pub(super) const LIMIT: usize = 24;
/// Links of a chain that are kept.
pub(super) const CHAIN: usize = 8;

/// What is true of the locks of a function.
pub(super) fn read(program: &Program<'_>, known: &Locks, function: ScopeRef) -> FunctionLocks {
    let mut walk = Walk {
        program,
        known,
        function,
        held: held_by_base(program, function),
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

pub(super) struct Walk<'w, 'p> {
    pub(super) program: &'w Program<'p>,
    pub(super) known: &'w Locks,
    pub(super) function: ScopeRef,
    pub(super) held: Vec<Held>,
    /// Conditions on a parameter around the current statement: the caller chooses whether it runs.
    pub(super) switches: u32,
    /// Parameters that have made the function return early by now.
    pub(super) skips: Vec<u32>,
    pub(super) released: Vec<LockName>,
    /// For each `try` around: what is held wherever its body may stop.
    pub(super) exceptional: Vec<Vec<Held>>,
    /// Names that are given back on the way out of the function, by the statements around.
    pub(super) cleanup: Vec<Vec<Option<LockName>>>,
    /// For each loop around: how `break` leaves it.
    breaks: Vec<LoopExit>,
    pub(super) exits: Option<Vec<Held>>,
    pub(super) yielded: Option<Vec<Held>>,
    pub(super) found: FunctionLocks,
}

/// What both branches hold.
pub(super) fn meet(first: &[Held], second: &[Held]) -> Vec<Held> {
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

pub(super) fn meet_into(target: &mut Option<Vec<Held>>, held: &[Held]) {
    *target = Some(match target.take() {
        Some(before) => meet(&before, held),
        None => held.to_vec(),
    });
}

impl Walk<'_, '_> {
    pub(super) fn at(&self, expr: ExprId) -> ExprRef {
        ExprRef {
            file: self.function.file,
            expr,
        }
    }

    pub(super) fn place(&self, expr: ExprId) -> Place {
        self.program.place(self.at(expr))
    }

    /// Walks a block; `false` where its end is not reached.
    pub(super) fn block(&mut self, block: &[Stmt]) -> bool {
        block.iter().all(|statement| self.statement(statement))
    }

    pub(super) fn statement(&mut self, statement: &Stmt) -> bool {
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

    pub(super) fn parts(&mut self, statement: &Stmt) {
        for root in crate::facts::statement_expressions(statement) {
            self.expression(root);
        }
    }

    /// The function is left here.
    pub(super) fn exit(&mut self) {
        let mut held = self.held.clone();
        for given_back in self.cleanup.iter().flatten() {
            held.retain(|held| held.name != *given_back);
        }
        meet_into(&mut self.exits, &held);
    }

    pub(super) fn branches(&mut self, test: ExprId, body: &[Stmt], orelse: &[Stmt]) -> bool {
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
    pub(super) fn tested_parameter(&self, test: ExprId) -> Option<u32> {
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
    pub(super) fn is_switch(&self, test: ExprId) -> bool {
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
    pub(super) fn is_owner_test(&self, expr: ExprId) -> bool {
        self.program.callees(self.at(expr)).iter().any(|callee| match callee {
            Callee::External { name, .. } => self.program.knowledge.operation(name) == Some(Operation::NamesThread),
            _ => false,
        })
    }

    pub(super) fn looped(&mut self, body: &[Stmt], orelse: &[Stmt], endless: bool) -> bool {
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

    pub(super) fn attempt(&mut self, body: &[Stmt], handlers: &[&[Stmt]], orelse: &[Stmt], finally: &[Stmt]) -> bool {
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
    pub(super) fn given_back(&self, block: &[Stmt]) -> Vec<Option<LockName>> {
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

    pub(super) fn with(&mut self, items: &[(ExprId, Option<ExprId>)], body: &[Stmt], is_async: bool) -> bool {
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
}
