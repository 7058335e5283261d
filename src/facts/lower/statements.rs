//! Statements.

use ruff_python_ast::{
    Alias, ElifElseClause, ExceptHandler, Expr as SyntaxExpr, Stmt as SyntaxStmt, StmtAnnAssign, StmtAssign,
    StmtAugAssign, StmtFor, StmtIf, StmtImport, StmtImportFrom, StmtTry, StmtTypeAlias, StmtWith,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::expressions::binary_op;
use super::names::Binding;
use super::targets::Source;
use super::{Lowerer, MAX_ELIF_DEPTH, span_of};
use crate::facts::{DefId, DefKind, ExprId, ExprKind, Handler, Stmt, StmtKind};

/// A branch of an `if` statement after its first, with what nests at it.
struct Branch {
    range: TextRange,
    /// `None` for `else`.
    test: Option<ExprId>,
    body: Vec<Stmt>,
}

impl Lowerer<'_> {
    /// A statement with its blocks.
    pub(super) fn lower_statement(&mut self, statement: &SyntaxStmt) -> Stmt {
        let kind = match statement {
            SyntaxStmt::FunctionDef(function) => self.lower_function(function),
            SyntaxStmt::ClassDef(class) => self.lower_class(class),
            SyntaxStmt::If(branches) => self.lower_if(branches),
            SyntaxStmt::For(loops) => self.lower_for(loops),
            SyntaxStmt::While(loops) => StmtKind::While {
                test: self.lower_expression(&loops.test),
                body: self.lower_block(&loops.body),
                orelse: self.lower_block(&loops.orelse),
            },
            SyntaxStmt::With(with) => self.lower_with(with),
            SyntaxStmt::Try(guarded) => self.lower_try(guarded),
            SyntaxStmt::Match(matched) => StmtKind::Match {
                subject: self.lower_expression(&matched.subject),
                cases: matched.cases.iter().map(|case| self.lower_case(case)).collect(),
            },
            _ => self.lower_simple(statement),
        };
        Stmt {
            span: span_of(statement.range()),
            kind,
        }
    }

    fn lower_simple(&mut self, statement: &SyntaxStmt) -> StmtKind {
        match statement {
            SyntaxStmt::Expr(expression) => StmtKind::Expr(self.lower_expression(&expression.value)),
            SyntaxStmt::Assign(assign) => self.lower_assign(assign),
            SyntaxStmt::AnnAssign(assign) => self.lower_annotated(assign),
            SyntaxStmt::AugAssign(assign) => self.lower_augmented(assign),
            SyntaxStmt::Return(returned) => StmtKind::Return(self.lower_optional(returned.value.as_deref())),
            SyntaxStmt::Raise(raised) => StmtKind::Raise {
                exception: self.lower_optional(raised.exc.as_deref()),
                cause: self.lower_optional(raised.cause.as_deref()),
            },
            SyntaxStmt::Assert(assertion) => StmtKind::Assert {
                test: self.lower_expression(&assertion.test),
                message: self.lower_optional(assertion.msg.as_deref()),
            },
            SyntaxStmt::Delete(deleted) => StmtKind::Delete(
                deleted
                    .targets
                    .iter()
                    .map(|target| self.lower_target(target, Source::Nothing))
                    .collect(),
            ),
            SyntaxStmt::Import(import) => self.lower_import(import),
            SyntaxStmt::ImportFrom(import) => self.lower_import_from(import),
            SyntaxStmt::TypeAlias(alias) => self.lower_type_alias(alias),
            SyntaxStmt::Global(names) => {
                names
                    .names
                    .iter()
                    .for_each(|name| self.declare(name.as_str(), Binding::Global));
                StmtKind::Pass
            }
            SyntaxStmt::Nonlocal(names) => {
                names
                    .names
                    .iter()
                    .for_each(|name| self.declare(name.as_str(), Binding::Nonlocal));
                StmtKind::Pass
            }
            SyntaxStmt::Break(_) => StmtKind::Break,
            SyntaxStmt::Continue(_) => StmtKind::Continue,
            _ => StmtKind::Pass,
        }
    }

    fn lower_assign(&mut self, assign: &StmtAssign) -> StmtKind {
        let value = self.lower_expression(&assign.value);
        let targets = assign
            .targets
            .iter()
            .map(|target| self.lower_target(target, Source::Value(value)))
            .collect();
        StmtKind::Assign { targets, value }
    }

    fn lower_annotated(&mut self, assign: &StmtAnnAssign) -> StmtKind {
        let annotation = self.lower_annotation(&assign.annotation);
        let value = self.lower_optional(assign.value.as_deref());
        let target = match (&*assign.target, value) {
            (target, Some(value)) => self.lower_target(target, Source::Value(value)),
            (SyntaxExpr::Name(name), None) => {
                let span = span_of(name.range);
                let definition = self.define(name.id.as_str(), span, DefKind::Declared { annotation });
                self.push_expression(span, ExprKind::Store(definition))
            }
            (target, None) => self.lower_expression(target),
        };
        StmtKind::Annotated {
            target,
            annotation,
            value,
        }
    }

    fn lower_augmented(&mut self, assign: &StmtAugAssign) -> StmtKind {
        let value = self.lower_expression(&assign.value);
        let target = match &*assign.target {
            SyntaxExpr::Name(name) => {
                let span = span_of(name.range);
                let kind = DefKind::Augmented {
                    value,
                    previous: Vec::new(),
                };
                let definition = self.define(name.id.as_str(), span, kind);
                self.push_expression(span, ExprKind::Store(definition))
            }
            target => self.lower_expression(target),
        };
        StmtKind::Augmented {
            target,
            op: binary_op(assign.op),
            value,
        }
    }

    fn lower_for(&mut self, loops: &StmtFor) -> StmtKind {
        let iterable = self.lower_expression(&loops.iter);
        let source = Source::Element {
            iterable,
            is_async: loops.is_async,
            in_comprehension: false,
        };
        let target = self.lower_target(&loops.target, source);
        let body = self.lower_block(&loops.body);
        StmtKind::For {
            target,
            iterable,
            body,
            orelse: self.lower_block(&loops.orelse),
            is_async: loops.is_async,
        }
    }

    fn lower_with(&mut self, with: &StmtWith) -> StmtKind {
        let mut items = Vec::with_capacity(with.items.len());
        for item in &with.items {
            let context = self.lower_expression(&item.context_expr);
            let source = Source::Context {
                context,
                is_async: with.is_async,
            };
            items.push((
                context,
                item.optional_vars
                    .as_deref()
                    .map(|target| self.lower_target(target, source)),
            ));
        }
        StmtKind::With {
            items,
            body: self.lower_block(&with.body),
            is_async: with.is_async,
        }
    }

    fn lower_try(&mut self, guarded: &StmtTry) -> StmtKind {
        let body = self.lower_block(&guarded.body);
        let handlers = guarded
            .handlers
            .iter()
            .map(|handler| self.lower_handler(handler))
            .collect();
        let orelse = self.lower_block(&guarded.orelse);
        StmtKind::Try {
            body,
            handlers,
            orelse,
            finally: self.lower_block(&guarded.finalbody),
        }
    }

    fn lower_handler(&mut self, handler: &ExceptHandler) -> Handler {
        let ExceptHandler::ExceptHandler(handler) = handler;
        let types = self.lower_optional(handler.type_.as_deref());
        let name = handler.name.as_ref();
        let def = name.map(|name| self.define(name.as_str(), span_of(name.range), DefKind::Exception { types }));
        Handler {
            span: span_of(handler.range),
            types,
            def,
            body: self.lower_block(&handler.body),
        }
    }

    fn lower_if(&mut self, statement: &StmtIf) -> StmtKind {
        let test = self.lower_expression(&statement.test);
        let body = self.lower_block(&statement.body);
        let depth_outside = self.block_depth;
        let mut branches = Vec::with_capacity(statement.elif_else_clauses.len());
        for clause in &statement.elif_else_clauses {
            // Each `elif` stands in the `else` of the one before.
            self.block_depth = (self.block_depth + 1).min(MAX_ELIF_DEPTH.max(depth_outside));
            branches.push(self.lower_branch(clause));
        }
        self.block_depth = depth_outside;
        StmtKind::If {
            test,
            body,
            orelse: self.nest_branches(branches),
        }
    }

    fn lower_branch(&mut self, clause: &ElifElseClause) -> Branch {
        let test = self.lower_optional(clause.test.as_ref());
        Branch {
            range: clause.range,
            test,
            body: self.lower_block(&clause.body),
        }
    }

    /// The `else` block that holds the branches, each in the `else` of the one before as far as the depth allows. The
    /// others follow one another, as if any of them could run.
    fn nest_branches(&mut self, mut branches: Vec<Branch>) -> Vec<Stmt> {
        let end = branches.last().map_or(TextSize::default(), |branch| branch.range.end());
        let nested = MAX_ELIF_DEPTH.saturating_sub(self.block_depth).min(branches.len());
        let side_by_side = branches.split_off(nested);
        let mut orelse = Vec::with_capacity(side_by_side.len().max(1));
        for Branch { range, test, body } in side_by_side {
            let span = span_of(range);
            let test = test.unwrap_or_else(|| self.push_expression(span, ExprKind::Opaque));
            orelse.push(Stmt {
                span,
                kind: StmtKind::If {
                    test,
                    body,
                    orelse: Vec::new(),
                },
            });
        }
        for Branch { range, test, body } in branches.into_iter().rev() {
            let span = span_of(TextRange::new(range.start(), end));
            orelse = match test {
                Some(test) => vec![Stmt {
                    span,
                    kind: StmtKind::If { test, body, orelse },
                }],
                None => body,
            };
        }
        orelse
    }

    fn lower_import(&mut self, import: &StmtImport) -> StmtKind {
        StmtKind::Import(
            import
                .names
                .iter()
                .map(|alias| self.lower_module_alias(alias))
                .collect(),
        )
    }

    fn lower_module_alias(&mut self, alias: &Alias) -> DefId {
        let imported = alias.name.as_str().to_owned();
        if let Some(name) = &alias.asname {
            let kind = DefKind::Import {
                module: imported.clone(),
                imported,
            };
            return self.define(name.as_str(), span_of(name.range), kind);
        }
        let top = imported.split('.').next().unwrap_or_default().to_owned();
        let span = span_of(TextRange::at(
            alias.name.range.start(),
            TextSize::of(top.as_str()).min(alias.name.range.len()),
        ));
        let kind = DefKind::Import {
            module: top.clone(),
            imported,
        };
        self.define(&top, span, kind)
    }

    fn lower_import_from(&mut self, import: &StmtImportFrom) -> StmtKind {
        let module = import.module.as_ref().map_or("", |module| module.as_str()).to_owned();
        let level = import.level;
        if import.names.iter().any(|alias| alias.name.as_str() == "*") {
            return StmtKind::ImportStar { module, level };
        }
        let mut definitions = Vec::with_capacity(import.names.len());
        for alias in &import.names {
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            let kind = DefKind::ImportFrom {
                module: module.clone(),
                level,
                name: alias.name.as_str().to_owned(),
            };
            definitions.push(self.define(bound.as_str(), span_of(bound.range), kind));
        }
        StmtKind::Import(definitions)
    }

    /// The value of a type alias is evaluated lazily, by type checkers only.
    fn lower_type_alias(&mut self, alias: &StmtTypeAlias) -> StmtKind {
        self.left_out = true;
        if let SyntaxExpr::Name(name) = &*alias.name {
            let definition = self.define(name.id.as_str(), span_of(name.range), DefKind::Opaque);
            self.silent_definitions.push((alias.range.start().to_u32(), definition));
        }
        StmtKind::Pass
    }
}
