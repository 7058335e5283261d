//! Where each statement and expression of a file stands: scope, statement, enclosing expressions and blocks.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::facts::{ExprId, ExprKind, FileFacts, ScopeId, Span, Stmt, StmtKind, SymbolId, for_each_child};

/// Position of a statement in [`FileIndex::statements`], in source order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StmtId(pub u32);

/// Which part of its parent a statement stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    /// The main block.
    Body,
    /// The `else` block.
    Orelse,
    /// An `except` clause, by position.
    Handler(usize),
    /// The `finally` block.
    Finally,
    /// A `case`, by position.
    Case(usize),
}

/// A statement with its surroundings.
#[derive(Clone, Copy, Debug)]
pub struct IndexedStmt<'a> {
    /// The statement.
    pub stmt: &'a Stmt,
    /// The scope whose code it is.
    pub scope: ScopeId,
    /// The statement around it in the same scope, and the part of it.
    pub parent: Option<(StmtId, Branch)>,
    /// The number of statements that stand before it in the same block.
    pub position: usize,
}

/// The surroundings of everything in a file.
#[derive(Debug)]
pub struct FileIndex<'a> {
    /// The facts of the file.
    pub facts: &'a FileFacts,
    /// All statements in source order.
    pub statements: Vec<IndexedStmt<'a>>,
    expression_parent: Vec<Option<ExprId>>,
    expression_statement: Vec<Option<StmtId>>,
    expression_scope: Vec<ScopeId>,
    statements_of_scope: Vec<Vec<StmtId>>,
    calls: Vec<ExprId>,
    reads: Vec<Vec<ExprId>>,
    symbols: FxHashMap<(ScopeId, &'a str), SymbolId>,
}

impl<'a> FileIndex<'a> {
    /// Walks the file once.
    #[must_use]
    pub fn new(facts: &'a FileFacts) -> Self {
        let count = facts.expressions.len();
        let mut index = Self {
            facts,
            statements: Vec::new(),
            expression_parent: vec![None; count],
            expression_statement: vec![None; count],
            expression_scope: vec![crate::facts::MODULE; count],
            statements_of_scope: vec![Vec::new(); facts.scopes.len()],
            calls: Vec::new(),
            reads: vec![Vec::new(); facts.symbols.len()],
            symbols: FxHashMap::default(),
        };
        for (number, scope) in facts.scopes.iter().enumerate() {
            let id = ScopeId(u32::try_from(number).expect("internal: fewer than 2^32 scopes"));
            index.block(&scope.body, id, None);
            for &symbol in &scope.symbols {
                let known = facts.symbol(symbol);
                if !known.in_comprehension {
                    index.symbols.entry((id, known.name.as_str())).or_insert(symbol);
                }
            }
        }
        index
            .calls
            .sort_by_key(|&call| (facts.span(call).start, facts.span(call).end));
        index
    }

    fn block(&mut self, block: &'a [Stmt], scope: ScopeId, parent: Option<(StmtId, Branch)>) {
        for (position, stmt) in block.iter().enumerate() {
            let id = StmtId(u32::try_from(self.statements.len()).expect("internal: fewer than 2^32 statements"));
            self.statements.push(IndexedStmt {
                stmt,
                scope,
                parent,
                position,
            });
            self.statements_of_scope[scope.index()].push(id);
            for expr in crate::facts::statement_expressions(stmt) {
                self.expression(expr, None, id, scope);
            }
            self.headers(stmt, id, scope);
            self.inner_blocks(stmt, id, scope);
        }
    }

    /// Decorators, defaults, annotations and bases are evaluated by the scope around a definition.
    fn headers(&mut self, stmt: &'a Stmt, id: StmtId, scope: ScopeId) {
        let (StmtKind::Function(inner) | StmtKind::Class(inner)) = stmt.kind else {
            return;
        };
        let written = self.facts.scope(inner);
        let mut parts: Vec<ExprId> = written.decorators.clone();
        parts.extend(&written.bases);
        parts.extend(written.keywords.iter().map(|(_, value)| *value));
        parts.extend(written.returns);
        for parameter in &written.parameters {
            parts.extend(parameter.default.into_iter().chain(parameter.annotation));
        }
        for part in parts {
            if self.expression_statement[part.index()].is_none() {
                self.expression(part, None, id, scope);
            }
        }
    }

    fn inner_blocks(&mut self, stmt: &'a Stmt, id: StmtId, scope: ScopeId) {
        match &stmt.kind {
            StmtKind::If { body, orelse, .. }
            | StmtKind::For { body, orelse, .. }
            | StmtKind::While { body, orelse, .. } => {
                self.block(body, scope, Some((id, Branch::Body)));
                self.block(orelse, scope, Some((id, Branch::Orelse)));
            }
            StmtKind::With { body, .. } => self.block(body, scope, Some((id, Branch::Body))),
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => {
                self.block(body, scope, Some((id, Branch::Body)));
                for (number, handler) in handlers.iter().enumerate() {
                    if let Some(types) = handler.types
                        && self.expression_statement[types.index()].is_none()
                    {
                        self.expression(types, None, id, scope);
                    }
                    self.block(&handler.body, scope, Some((id, Branch::Handler(number))));
                }
                self.block(orelse, scope, Some((id, Branch::Orelse)));
                self.block(finally, scope, Some((id, Branch::Finally)));
            }
            StmtKind::Match { cases, .. } => {
                for (number, case) in cases.iter().enumerate() {
                    self.block(&case.body, scope, Some((id, Branch::Case(number))));
                }
            }
            _ => {}
        }
    }

    fn expression(&mut self, expr: ExprId, parent: Option<ExprId>, statement: StmtId, scope: ScopeId) {
        self.expression_parent[expr.index()] = parent;
        self.expression_statement[expr.index()] = Some(statement);
        self.expression_scope[expr.index()] = scope;
        match self.facts.kind(expr) {
            ExprKind::Call { .. } => self.calls.push(expr),
            ExprKind::Name {
                symbol: Some(symbol), ..
            } => self.reads[symbol.index()].push(expr),
            ExprKind::Lambda(inner) => {
                for parameter in &self.facts.scope(*inner).parameters {
                    if let Some(default) = parameter.default {
                        self.expression(default, Some(expr), statement, scope);
                    }
                }
            }
            _ => {}
        }
        for_each_child(self.facts, expr, &mut |child| {
            if self.expression_statement[child.index()].is_none() {
                self.expression(child, Some(expr), statement, scope);
            }
        });
    }

    /// The symbol that a scope binds under a name: as [`FileFacts::symbol_in`] finds it.
    #[must_use]
    pub fn symbol_in(&self, scope: ScopeId, name: &str) -> Option<SymbolId> {
        self.symbols.get(&(scope, name)).copied()
    }

    /// All calls of the file in source order.
    #[must_use]
    pub fn calls(&self) -> &[ExprId] {
        &self.calls
    }

    /// The reads of a symbol anywhere in the file.
    #[must_use]
    pub fn reads(&self, symbol: crate::facts::SymbolId) -> &[ExprId] {
        &self.reads[symbol.index()]
    }

    /// The statements of a scope in source order, nested blocks included, nested scopes not.
    #[must_use]
    pub fn statements_of(&self, scope: ScopeId) -> &[StmtId] {
        &self.statements_of_scope[scope.index()]
    }

    /// A statement with its surroundings.
    #[must_use]
    pub fn statement(&self, id: StmtId) -> &IndexedStmt<'a> {
        &self.statements[id.0 as usize]
    }

    /// The expression around an expression in the same statement.
    #[must_use]
    pub fn parent(&self, expr: ExprId) -> Option<ExprId> {
        self.expression_parent[expr.index()]
    }

    /// The statement that an expression belongs to. A lambda's body belongs to the lambda's own `return`.
    #[must_use]
    pub fn statement_of(&self, expr: ExprId) -> Option<StmtId> {
        self.expression_statement[expr.index()]
    }

    /// The scope whose code an expression is.
    #[must_use]
    pub fn scope_of(&self, expr: ExprId) -> ScopeId {
        self.expression_scope[expr.index()]
    }

    /// The statements around a statement in the same scope, innermost first, with the part that it stands in.
    pub fn ancestors(&self, id: StmtId) -> impl Iterator<Item = (StmtId, Branch)> + '_ {
        std::iter::successors(self.statement(id).parent, |(above, _)| self.statement(*above).parent)
    }

    /// Whether of two expressions of one scope, the first earlier in the code, only one can run in one call: they stand
    /// in different branches of a statement, or the first in a block that leaves the function.
    #[must_use]
    pub fn are_exclusive(&self, one: ExprId, other: ExprId) -> bool {
        let (Some(one), Some(other)) = (self.statement_of(one), self.statement_of(other)) else {
            return false;
        };
        let around: BTreeMap<StmtId, Branch> = self.ancestors(other).collect();
        for (above, branch) in self.ancestors(one) {
            let statement = &self.statement(above).stmt.kind;
            match around.get(&above) {
                Some(&same) if same != branch => return is_choice(statement, branch, same),
                Some(_) => return false,
                None if leaves(statement, branch) => return true,
                None => {}
            }
        }
        false
    }

    /// The statements that stand behind a statement in its block, in order.
    pub fn behind(&self, id: StmtId) -> impl Iterator<Item = &'a Stmt> + '_ {
        let here = self.statement(id).position;
        let block = self.block_of(id).filter(move |other| other.position > here);
        block.map(|other| other.stmt)
    }

    /// The statements that stand before a statement in its block, in order.
    pub fn before(&self, id: StmtId) -> impl Iterator<Item = &'a Stmt> + '_ {
        let here = self.statement(id).position;
        let block = self.block_of(id).filter(move |other| other.position < here);
        block.map(|other| other.stmt)
    }

    fn block_of(&self, id: StmtId) -> impl Iterator<Item = &IndexedStmt<'a>> + '_ {
        let here = self.statement(id);
        let all = self
            .statements_of(here.scope)
            .iter()
            .map(|&other| self.statement(other));
        all.filter(|other| other.parent == here.parent)
    }

    /// The expressions around an expression in the same statement, innermost first.
    pub fn expressions_around(&self, expr: ExprId) -> impl Iterator<Item = ExprId> + '_ {
        std::iter::successors(self.parent(expr), |&above| self.parent(above))
    }

    /// The loops around an expression in its own scope, innermost first; a loop's header is outside of it.
    #[must_use]
    pub fn loops_around(&self, expr: ExprId) -> Vec<Loop> {
        let mut loops = Vec::new();
        let mut inner = expr;
        for around in self.expressions_around(expr) {
            if let ExprKind::Comprehension { clauses, .. } = self.facts.kind(around) {
                // The first iterable is evaluated once, outside.
                if clauses
                    .first()
                    .is_none_or(|first| !self.facts.span(first.iterable).contains(self.facts.span(inner)))
                {
                    loops.push(Loop::Comprehension(around));
                }
            }
            inner = around;
        }
        if let Some(statement) = self.statement_of(expr) {
            loops.extend(self.statement_loops(statement, expr));
        }
        loops
    }

    fn statement_loops(&self, statement: StmtId, expr: ExprId) -> Vec<Loop> {
        let mut loops = Vec::new();
        // The test of a `while` runs each time round.
        if let StmtKind::While { test, .. } = self.statement(statement).stmt.kind
            && self.facts.span(test).contains(self.facts.span(expr))
        {
            loops.push(Loop::Statement(statement));
        }
        for (above, branch) in self.ancestors(statement) {
            let is_loop = matches!(
                self.statement(above).stmt.kind,
                StmtKind::For { .. } | StmtKind::While { .. }
            );
            if is_loop && branch == Branch::Body {
                loops.push(Loop::Statement(above));
            }
        }
        loops
    }

    /// The first line's worth of a statement: for compound statements the part before the body.
    #[must_use]
    pub fn statement_start(&self, expr: ExprId) -> Option<Span> {
        self.statement_of(expr).map(|id| self.statement(id).stmt.span)
    }
}

/// A loop in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    /// A `for` or `while` statement.
    Statement(StmtId),
    /// A comprehension or generator expression.
    Comprehension(ExprId),
}

fn is_choice(statement: &StmtKind, one: Branch, other: Branch) -> bool {
    match statement {
        StmtKind::If { .. } | StmtKind::Match { .. } => true,
        StmtKind::Try { .. } => matches!((one, other), (Branch::Handler(_), Branch::Handler(_))),
        _ => false,
    }
}

fn leaves(statement: &StmtKind, branch: Branch) -> bool {
    let ends = |block: &[Stmt]| {
        matches!(
            block.last().map(|statement| &statement.kind),
            Some(StmtKind::Return(_) | StmtKind::Raise { .. })
        )
    };
    match (statement, branch) {
        (StmtKind::If { body, .. }, Branch::Body) => ends(body),
        (StmtKind::If { orelse, .. }, Branch::Orelse) => ends(orelse),
        _ => false,
    }
}
