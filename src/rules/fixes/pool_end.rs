//! The work of a pool is waited for at the end of its `with` block.

use crate::facts::{ExprKind, StmtKind};
use crate::finding::{Applicability, Fix};
use crate::link::Program;
use crate::link::values::ExprRef;

use super::Editor;

/// `pool.close()` and `pool.join()` behind the last statement of the block. Nothing where the block stands in the line
/// of its `with`, has no name for the pool, or ends by leaving.
pub(in crate::rules) fn wait_at_end(program: &Program<'_>, pool: ExprRef) -> Option<Fix> {
    let mut editor = Editor::new(program, pool.file);
    let (index, layout) = (editor.index(), editor.layout());
    let statement = index.statement(index.statement_of(pool.expr)?);
    let StmtKind::With {
        items,
        body,
        is_async: false,
    } = &statement.stmt.kind
    else {
        return None;
    };
    let (_, target) = items.iter().find(|(context, _)| *context == pool.expr)?;
    let target = (*target)?;
    if !matches!(index.facts.kind(target), ExprKind::Store(_)) {
        return None;
    }
    let last = body.last()?;
    let leaves = matches!(
        last.kind,
        StmtKind::Return(_) | StmtKind::Raise { .. } | StmtKind::Break | StmtKind::Continue
    );
    let (start, end) = (body[0].span.start as usize, last.span.end as usize);
    if leaves || !layout.is_first_on_line(start) || !layout.is_last_on_line(end) {
        return None;
    }
    let (name, newline, indentation) = (editor.text(target), layout.line_break(), layout.indentation(start));
    let mut end = layout.line_end(end);
    // Comments that still belong to the block stay in front.
    loop {
        let next = layout.next_line(end);
        let line = layout.part(next, layout.line_end(next));
        let belongs = line.trim_start().starts_with('#') && layout.indentation(next).len() >= indentation.len();
        if next <= end || !belongs {
            break;
        }
        end = layout.line_end(next);
    }
    let lines = format!("{newline}{indentation}{name}.close(){newline}{indentation}{name}.join()");
    editor.insert(end, lines);
    editor.done(Applicability::Unsafe, "wait for the work at the end of the block")
}
