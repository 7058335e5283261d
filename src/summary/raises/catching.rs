//! What the handlers around a statement catch.

use crate::facts::{DefKind, ExprId, ExprKind, Handler, Stmt, StmtKind};
use crate::finding::FileId;
use crate::knowledge::Operation;
use crate::link::program::Callee;
use crate::link::values::{ExprRef, Value};
use crate::link::{Program, language};

use super::RaisedClass;

/// What one `try` or `with` statement keeps from leaving.
#[derive(Clone, Debug, Default)]
pub(super) struct Catcher {
    everything: bool,
    classes: Vec<RaisedClass>,
}

impl Catcher {
    /// What the `except` clauses of a `try` catch for good.
    pub(super) fn of_handlers(program: &Program<'_>, file: FileId, handlers: &[Handler]) -> Self {
        let mut catcher = Self::default();
        for handler in handlers {
            if raises_again(program, file, &handler.body) {
                continue;
            }
            match handler.types {
                None => catcher.everything = true,
                Some(types) => catcher.add_types(program, ExprRef { file, expr: types }),
            }
        }
        catcher
    }

    /// What a context manager swallows.
    pub(super) fn of_context(program: &Program<'_>, context: ExprRef) -> Self {
        let mut catcher = Self::default();
        let ExprKind::Call { arguments, .. } = program.kind(context) else {
            return catcher;
        };
        let suppresses = program.callees(context).iter().any(|callee| {
            matches!(callee, Callee::External { name, .. } if program.knowledge.operation(name) == Some(Operation::Suppress))
        });
        if suppresses {
            for argument in arguments {
                catcher.add_types(program, program.sibling(context, argument.value));
            }
        }
        catcher
    }

    fn add_types(&mut self, program: &Program<'_>, types: ExprRef) {
        if let ExprKind::Sequence { elements, .. } = program.kind(types) {
            for &element in elements {
                self.add_types(program, program.sibling(types, element));
            }
            return;
        }
        let classes = classes_of(program, types);
        for class in classes {
            if let RaisedClass::External(name) = &class
                && program.knowledge.is_subtype(language::EXCEPTION, name)
            {
                self.everything = true;
            }
            self.classes.push(class);
        }
    }

    /// Whether an exception of this class stays inside. A handler that names classes is taken to know what the calls
    /// inside raise.
    pub(super) fn catches(&self, program: &Program<'_>, class: &RaisedClass) -> bool {
        if self.everything {
            return true;
        }
        self.classes.iter().any(|caught| match (caught, class) {
            (RaisedClass::Unknown, _) | (_, RaisedClass::Unknown) => true,
            (RaisedClass::External(caught), RaisedClass::External(raised)) => {
                program.knowledge.is_subtype(raised, caught) || program.knowledge.type_fact(raised).is_none()
            }
            (RaisedClass::Project(caught), RaisedClass::Project(raised)) => {
                caught == raised
                    || program
                        .solution
                        .classes
                        .ancestry(*raised)
                        .contains(&crate::link::solver::Base::Project(*caught))
            }
            (RaisedClass::External(caught), RaisedClass::Project(raised)) => {
                program.solution.classes.has_unknown_base(*raised)
                    || program
                        .solution
                        .classes
                        .external_ancestors(*raised)
                        .into_iter()
                        .any(|above| program.knowledge.is_subtype(program.name(above), caught))
            }
            (RaisedClass::Project(_), RaisedClass::External(_)) => false,
        })
    }
}

/// The exception classes that an expression stands for: classes, or instances of them.
pub(super) fn classes_of(program: &Program<'_>, expr: ExprRef) -> Vec<RaisedClass> {
    let mut found: Vec<RaisedClass> = program
        .values(expr)
        .iter()
        .map(|value| match program.value(value) {
            Value::Class(class) | Value::Instance { class, .. } => RaisedClass::Project(*class),
            Value::External(name) | Value::ExternalInstance { of: name, .. } => {
                RaisedClass::External(program.name(*name).to_owned())
            }
            _ => RaisedClass::Unknown,
        })
        .collect();
    if found.is_empty() {
        found.push(RaisedClass::Unknown);
    }
    found.sort();
    found.dedup();
    found
}

/// Whether the block of an `except` clause may raise what has been caught.
fn raises_again(program: &Program<'_>, file: FileId, block: &[Stmt]) -> bool {
    block.iter().any(|statement| match &statement.kind {
        StmtKind::Raise { exception: None, .. } => true,
        StmtKind::Raise {
            exception: Some(exception),
            ..
        } => is_caught_exception(program, ExprRef { file, expr: *exception }),
        StmtKind::Try { body, finally, .. } => {
            raises_again(program, file, body) || raises_again(program, file, finally)
        }
        _ => crate::facts::child_blocks(statement)
            .into_iter()
            .any(|inner| raises_again(program, file, inner)),
    })
}

/// Whether an expression is the name that an `except ... as name` clause binds.
pub(super) fn is_caught_exception(program: &Program<'_>, expr: ExprRef) -> bool {
    let file = program.file(expr.file);
    match program.kind(expr) {
        ExprKind::Name { reaching, .. } => {
            !reaching.is_empty()
                && reaching
                    .iter()
                    .all(|&def| matches!(file.definition(def).kind, DefKind::Exception { .. }))
        }
        _ => false,
    }
}

/// The last statement that matters of a block: whether it is nothing but `raise NotImplementedError` or `pass`.
pub(super) fn is_abstract(body: &[Stmt], is_docstring: impl Fn(ExprId) -> bool) -> bool {
    let mut rest = body
        .iter()
        .filter(|statement| !matches!(statement.kind, StmtKind::Expr(value) if is_docstring(value)));
    matches!(
        rest.next().map(|statement| &statement.kind),
        Some(StmtKind::Raise { .. })
    ) && rest.next().is_none()
}
