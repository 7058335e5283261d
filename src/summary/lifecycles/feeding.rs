//! Loops whose next round depends on what the wait of this round gives: they cannot but run one task at a time.

use std::collections::BTreeSet;

use crate::facts::{ExprId, ExprKind, Stmt, StmtKind, SymbolId, visit_expressions};
use crate::finding::FileId;
use crate::knowledge::LifeStep;
use crate::link::index::Loop;
use crate::link::values::ExprRef;

use super::serial::Finder;

impl Finder<'_, '_> {
    /// Whether what the wait gives decides what the next round hands over, or whether there is one.
    pub(super) fn feeds_next(&self, handed: ExprRef, wait: ExprRef, around: Loop) -> bool {
        let Loop::Statement(around) = around else { return false };
        let index = self.index(wait.file);
        let body = index.statement(around).stmt;
        let mut taint = Taint {
            finder: self,
            file: wait.file,
            wait,
            symbols: BTreeSet::new(),
            attributes: BTreeSet::new(),
            decides: false,
        };
        if let Some(worker) = self
            .receiver(wait)
            .filter(|_| self.lives.step(wait) == Some(LifeStep::Join))
        {
            taint.worker(worker);
        }
        for _ in 0..2 {
            taint.statement(body);
        }
        let made = self.made(handed).unwrap_or(handed);
        let ExprKind::Call { callee, arguments, .. } = self.program.kind(made) else {
            return taint.decides;
        };
        taint.decides || taint.is_tainted(*callee) || arguments.iter().any(|argument| taint.is_tainted(argument.value))
    }
}

/// What depends on the outcome of a wait.
struct Taint<'f, 'a, 'p> {
    finder: &'f Finder<'a, 'p>,
    file: FileId,
    wait: ExprRef,
    symbols: BTreeSet<SymbolId>,
    attributes: BTreeSet<String>,
    decides: bool,
}

impl Taint<'_, '_, '_> {
    /// What a finished worker holds depends on its work.
    fn worker(&mut self, worker: ExprRef) {
        self.target(worker.expr);
    }

    fn is_tainted(&self, root: ExprId) -> bool {
        let facts = self.finder.program.file(self.file);
        let mut found = false;
        visit_expressions(facts, root, &mut |expr| {
            found |= expr == self.wait.expr && root != expr;
            found |= match facts.kind(expr) {
                ExprKind::Name {
                    symbol: Some(symbol), ..
                } => self.symbols.contains(symbol),
                ExprKind::Attribute { name, .. } => self.attributes.contains(name),
                _ => false,
            };
        });
        found || root == self.wait.expr
    }

    fn target(&mut self, target: ExprId) {
        let facts = self.finder.program.file(self.file);
        match facts.kind(target) {
            ExprKind::Store(def) => {
                self.symbols.insert(facts.definition(*def).symbol);
            }
            ExprKind::Name {
                symbol: Some(symbol), ..
            } => {
                self.symbols.insert(*symbol);
            }
            ExprKind::Attribute { name, .. } => {
                self.attributes.insert(name.clone());
            }
            ExprKind::Subscript { base, .. } => self.target(*base),
            ExprKind::Sequence { elements, .. } => elements.iter().for_each(|&element| self.target(element)),
            ExprKind::Starred(inner) => self.target(*inner),
            _ => {}
        }
    }

    fn statement(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } if self.is_tainted(*value) => {
                targets.iter().for_each(|&target| self.target(target));
            }
            StmtKind::Annotated {
                target,
                value: Some(value),
                ..
            }
            | StmtKind::Augmented { target, value, .. }
                if self.is_tainted(*value) =>
            {
                self.target(*target);
            }
            StmtKind::For { target, iterable, .. } if self.is_tainted(*iterable) => self.target(*target),
            StmtKind::Expr(value) => self.call_statement(*value),
            StmtKind::If { test, body, orelse } if self.is_tainted(*test) => {
                self.decides |= leaves(body) || leaves(orelse);
            }
            StmtKind::While { test, .. } => self.decides |= self.is_tainted(*test) && !self.is_patient_join(stmt),
            _ => {}
        }
        for block in crate::facts::child_blocks(stmt) {
            for inner in block {
                self.statement(inner);
            }
        }
    }

    /// The loop only waits for the worker.
    fn is_patient_join(&self, stmt: &Stmt) -> bool {
        let index = self.finder.index(self.file);
        let statement = index.statement_of(self.wait.expr);
        let around = statement.and_then(|statement| index.statement(statement).parent);
        around.is_some_and(|(around, _)| {
            index.statement(around).stmt.span == stmt.span && self.finder.is_patient_join(around, self.wait)
        })
    }

    /// `found.append(outcome)`: the receiver holds it from now on.
    fn call_statement(&mut self, value: ExprId) {
        let facts = self.finder.program.file(self.file);
        let ExprKind::Call { callee, arguments, .. } = facts.kind(value) else {
            return;
        };
        if let ExprKind::Attribute { base, .. } = facts.kind(*callee)
            && arguments.iter().any(|argument| self.is_tainted(argument.value))
        {
            self.target(*base);
        }
    }
}

/// Whether a block leaves the loop.
pub(super) fn leaves(block: &[Stmt]) -> bool {
    block.iter().any(|stmt| {
        matches!(
            stmt.kind,
            StmtKind::Break | StmtKind::Return(_) | StmtKind::Raise { .. }
        ) || crate::facts::child_blocks(stmt).into_iter().any(leaves)
    })
}
