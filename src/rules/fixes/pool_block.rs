//! `pool = Pool()` becomes `with Pool() as pool:` around what uses it.

use crate::facts::{ExprId, ExprKind, Stmt, StmtKind, SymbolId, child_blocks};
use crate::finding::{Applicability, Fix};
use crate::knowledge::SubmissionResult;
use crate::link::Program;
use crate::link::index::{IndexedStmt, StmtId};
use crate::link::values::ExprRef;

use super::Editor;

/// A person would rather find another way than move more lines than this.
const MOST_LINES: usize = 12;

/// Puts everything from the pool's making to its last use into a `with` statement.
///
/// Leaving the statement ends the work that a `Pool` still has, so for a pool every use must be one that waits. An
/// executor waits for its tasks there. Long blocks, and generators, which nobody may finish, are for a person to judge.
pub(in crate::rules) fn pool_in_with(program: &Program<'_>, made: ExprRef, waits_at_exit: bool) -> Option<Fix> {
    let mut editor = Editor::new(program, made.file);
    let index = editor.index();
    let layout = editor.layout();
    let id = index.statement_of(made.expr)?;
    let statement = index.statement(id);
    let StmtKind::Assign { targets, value } = &statement.stmt.kind else {
        return None;
    };
    let [target] = targets.as_slice() else { return None };
    let symbol = editor.variable(*target, statement.scope)?;
    if *value != made.expr || index.facts.symbol(symbol).definitions.len() != 1 {
        return None;
    }
    let reads = index.reads(symbol);
    let fits = |&read: &ExprId| {
        index.scope_of(read) == statement.scope && is_used_for_work(program, made, read, waits_at_exit)
    };
    if reads.is_empty() || !reads.iter().all(fits) {
        return None;
    }
    let last = last_use(&editor, id, symbol)?;
    let (start, end) = (statement.stmt.span.start as usize, statement.stmt.span.end as usize);
    let last_end = last.stmt.span.end as usize;
    let stand_alone = layout.is_first_on_line(start) && layout.is_last_on_line(end) && layout.is_last_on_line(last_end);
    if !stand_alone || last.position == statement.position || binds_scope(last.stmt) {
        return None;
    }
    let (call_start, call_end) = editor.span(made.expr);
    if !layout.part(call_end, end).is_empty() {
        return None;
    }
    let name = editor.text(*target).to_owned();
    editor.replace((start, call_start), "with ");
    editor.insert(call_end, format!(" as {name}:"));
    let unit = editor.indentation_unit(start);
    let mut block = layout.next_line(end);
    while layout.part(block, layout.line_end(block)).trim().is_empty() && block < last_end {
        block = layout.next_line(block);
    }
    editor.replace((layout.next_line(end), block), "");
    editor.indent(block, last_end, &unit);
    let is_generator = index.facts.scope(statement.scope).is_generator;
    let lines = layout.movable_lines(block, last_end).len();
    let applicability = if is_generator || lines > MOST_LINES {
        Applicability::Suggestion
    } else {
        Applicability::Unsafe
    };
    editor.done(applicability, "end the pool with a `with` statement")
}

/// Whether the pool is read to hand work over and, for a pool that does not wait at its end, to wait for it.
fn is_used_for_work(program: &Program<'_>, made: ExprRef, read: ExprId, waits_at_exit: bool) -> bool {
    let index = program.index(made.file);
    let Some(attribute) = index.parent(read) else {
        return false;
    };
    let Some(call) = index.parent(attribute) else {
        return false;
    };
    let is_callee = matches!(*index.facts.kind(call), ExprKind::Call { callee, .. } if callee == attribute);
    is_callee
        && program.submissions.iter().any(|submission| {
            let waits = matches!(
                submission.shape.result,
                SubmissionResult::Results | SubmissionResult::Result
            );
            submission.call == program.sibling(made, call) && (waits || waits_at_exit)
        })
}

/// The last statement of the block that uses a variable; `None` where it is used outside of the block.
fn last_use<'a>(editor: &Editor<'a>, made: StmtId, symbol: SymbolId) -> Option<IndexedStmt<'a>> {
    let index = editor.index();
    let block = index.statement(made);
    let mut last = *block;
    for &read in index.reads(symbol) {
        let mut id = index.statement_of(read)?;
        while index.statement(id).parent != block.parent {
            id = index.statement(id).parent?.0;
        }
        let used = index.statement(id);
        if used.scope != block.scope {
            return None;
        }
        if used.position > last.position {
            last = *used;
        }
    }
    Some(last)
}

/// A definition, whose lines would move for nothing.
fn binds_scope(stmt: &Stmt) -> bool {
    matches!(stmt.kind, StmtKind::Function(_) | StmtKind::Class(_))
        || child_blocks(stmt).into_iter().flatten().any(binds_scope)
}
