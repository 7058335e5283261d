//! Fixes of a word or a sign.

use crate::facts::{ExprKind, StmtKind};
use crate::finding::{Applicability, Confidence, Fix};
use crate::link::Program;
use crate::link::values::ExprRef;
use crate::summary::handed_over::NoTuple;

use super::Editor;

/// `args=(x)` becomes `args=(x,)`, and `args=x` as well.
///
/// A text of the right number of letters works by chance, and what it does then may be what somebody wants.
pub(in crate::rules) fn add_comma(program: &Program<'_>, wrong: &NoTuple) -> Option<Fix> {
    let mut editor = Editor::new(program, wrong.expr.file);
    let (start, end) = editor.span(wrong.expr.expr);
    if wrong.parenthesised {
        editor.insert(end, ",");
    } else {
        editor.insert(start, "(");
        editor.insert(end, ",)");
    }
    let is_sure = wrong.confidence == Confidence::High && (!wrong.letters || wrong.takes_one);
    let applicability = if is_sure {
        Applicability::Safe
    } else {
        Applicability::Unsafe
    };
    editor.done(applicability, "make it a tuple")
}

/// `worker.run()` becomes `worker.start()`. Where it may be meant, as in tests, that is for a person to say.
pub(in crate::rules) fn start_instead(program: &Program<'_>, call: ExprRef, confidence: Confidence) -> Option<Fix> {
    let mut editor = Editor::new(program, call.file);
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return None;
    };
    let ExprKind::Attribute { name_span, .. } = program.kind(program.sibling(call, *callee)) else {
        return None;
    };
    editor.replace((name_span.start as usize, name_span.end as usize), "start");
    let applicability = if confidence == Confidence::High {
        Applicability::Unsafe
    } else {
        Applicability::Suggestion
    };
    editor.done(applicability, "start the worker")
}

/// The statement `executor.map(...)` becomes `list(executor.map(...))`.
pub(in crate::rules) fn make_list(program: &Program<'_>, call: ExprRef) -> Option<Fix> {
    let mut editor = Editor::new(program, call.file);
    let index = editor.index();
    let statement = index.statement(index.statement_of(call.expr)?);
    if !matches!(statement.stmt.kind, StmtKind::Expr(expr) if expr == call.expr) || !editor.is_builtin("list") {
        return None;
    }
    let (start, end) = editor.span(call.expr);
    let layout = editor.layout();
    if layout.line_start(start) == layout.line_start(end) || !layout.is_first_on_line(start) {
        editor.insert(start, "list(");
        editor.insert(end, ")");
    } else {
        let (indentation, newline, unit) = (
            layout.indentation(start),
            layout.line_break(),
            editor.indentation_unit(start),
        );
        editor.insert(start, format!("list({newline}{indentation}{unit}"));
        editor.indent(layout.next_line(start), end, &unit);
        editor.insert(end, format!("{newline}{indentation})"));
    }
    editor.done(
        Applicability::Unsafe,
        "make a list of the results, which raises what a task has raised",
    )
}
