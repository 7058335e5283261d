//! Workers are joined after the loop that starts them.

use crate::facts::{
    ComprehensionKind, DefId, DefKind, ExprId, ExprKind, FileFacts, ScopeId, Stmt, StmtKind, SymbolId, child_blocks,
};
use crate::finding::{Applicability, Fix};
use crate::link::Program;
use crate::link::values::ExprRef;

use super::Editor;

/// `worker.join()` at the end of a `for` loop becomes `workers.append(worker)`, and a second loop joins them.
///
/// Nothing where the loop can be left on the way, or where something follows the `join`, which may need it.
pub(in crate::rules) fn join_afterwards(program: &Program<'_>, wait: ExprRef, started: ExprRef) -> Option<Fix> {
    let mut editor = Editor::new(program, wait.file);
    let index = editor.index();
    let layout = editor.layout();
    let statement = index.statement(index.statement_of(wait.expr)?);
    let around = index.statement(statement.parent?.0).stmt;
    let StmtKind::For {
        target,
        iterable,
        body,
        orelse,
        is_async: false,
    } = &around.kind
    else {
        return None;
    };
    let is_last = statement.position + 1 == body.len() && body.len() > 1;
    let starts_here = started.file == wait.file
        && index.statement_of(started.expr).map(|id| index.statement(id).parent) == Some(statement.parent);
    if !is_last || !starts_here || !orelse.is_empty() || leaves(body) {
        return None;
    }
    let worker = editor.text(plain_join(index.facts, statement.stmt, wait.expr)?);
    let is_given = editor.text(*target) == worker && is_list(index.facts, *iterable);
    if !is_given && !is_made_here(index.facts, body, worker) {
        return None;
    }
    let (start, end) = (around.span.start as usize, statement.stmt.span.end as usize);
    let (first, join) = (body[0].span.start as usize, statement.stmt.span.start as usize);
    let stand_alone = [start, first, join].into_iter().all(|at| layout.is_first_on_line(at));
    if !stand_alone || !layout.is_last_on_line(end) {
        return None;
    }
    let symbols = &index.facts.scope(statement.scope).symbols;
    let kept = symbols.iter().find(|&&list| is_kept_in(&editor, body, list, worker));
    let there = if is_given {
        Some(editor.text(*iterable))
    } else {
        kept.map(|&list| index.facts.symbol(list).name.as_str())
    };
    let list = match there {
        Some(list) => list.to_owned(),
        None => list_name(&editor, worker, statement.scope)?,
    };
    let (outer, inner, newline) = (
        layout.indentation(start),
        layout.indentation(first),
        layout.line_break(),
    );
    let join_line = layout.part(join, layout.line_end(end)).to_owned();
    let second_loop = format!("{outer}for {worker} in {list}:{newline}{inner}{join_line}");
    if there.is_some() {
        editor.replace((layout.line_start(join), layout.line_end(end)), second_loop);
    } else {
        editor.insert(start, format!("{list} = []{newline}{outer}"));
        let append = format!("{list}.append({worker}){newline}{second_loop}");
        editor.replace((join, layout.line_end(end)), append);
    }
    editor.done(Applicability::Unsafe, "join the workers when all of them are started")
}

/// The worker that a statement joins, if it is a variable and nothing but a constant is passed.
fn plain_join(facts: &FileFacts, stmt: &Stmt, wait: ExprId) -> Option<ExprId> {
    let ExprKind::Call { callee, arguments, .. } = facts.kind(wait) else {
        return None;
    };
    let ExprKind::Attribute { base, .. } = *facts.kind(*callee) else {
        return None;
    };
    let is_constant = |expr| matches!(facts.kind(expr), ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::None);
    let is_plain = matches!(stmt.kind, StmtKind::Expr(expr) if expr == wait)
        && matches!(facts.kind(base), ExprKind::Name { .. })
        && arguments.iter().all(|argument| is_constant(argument.value));
    is_plain.then_some(base)
}

/// Whether an expression is a variable that holds a list or tuple as written, so that it can be gone through twice.
fn is_list(facts: &FileFacts, expr: ExprId) -> bool {
    let ExprKind::Name { reaching, .. } = facts.kind(expr) else {
        return false;
    };
    let holds_list = |def: DefId| match &facts.definition(def).kind {
        DefKind::Assign { value, path } if path.is_empty() => matches!(
            facts.kind(*value),
            ExprKind::Sequence { .. }
                | ExprKind::Comprehension {
                    kind: ComprehensionKind::List,
                    ..
                }
        ),
        _ => false,
    };
    !reaching.is_empty() && reaching.iter().all(|&def| holds_list(def))
}

/// Whether a loop may be left, or a round cut short, inside of it.
fn leaves(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| {
        matches!(stmt.kind, StmtKind::Break | StmtKind::Continue | StmtKind::Return(_))
            || child_blocks(stmt).into_iter().any(leaves)
    })
}

/// Whether the body assigns the worker in each round.
fn is_made_here(facts: &FileFacts, body: &[Stmt], worker: &str) -> bool {
    body.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().any(|&target| {
            matches!(*facts.kind(target), ExprKind::Store(def)
                if facts.symbol(facts.definition(def).symbol).name == worker)
        }),
        _ => false,
    })
}

/// Whether each round appends the worker to a list that was empty before the loop.
fn is_kept_in(editor: &Editor<'_>, body: &[Stmt], list: SymbolId, worker: &str) -> bool {
    let facts = editor.index().facts;
    let starts_empty = match facts.symbol(list).definitions.as_slice() {
        &[def] => match facts.definition(def).kind {
            DefKind::Assign { value, .. } => matches!(facts.kind(value), ExprKind::Sequence { len: 0, .. }),
            _ => false,
        },
        _ => false,
    };
    let append = format!("{}.append({worker})", facts.symbol(list).name);
    let appends = |stmt: &Stmt| matches!(stmt.kind, StmtKind::Expr(expr) if editor.text(expr) == append);
    let uses = editor.index().reads(list).iter();
    let mentioned = uses.filter(|&&read| facts.span(read).end <= body.last().map_or(0, |last| last.span.end));
    starts_empty && body.iter().any(appends) && mentioned.count() == 1
}

/// A name for the workers that nothing else has.
fn list_name(editor: &Editor<'_>, worker: &str, scope: ScopeId) -> Option<String> {
    let plural = match worker {
        _ if worker.len() < 4 || worker.ends_with(|last: char| last.is_ascii_digit()) => "workers".to_owned(),
        _ if worker.ends_with('s') => format!("{worker}es"),
        _ => format!("{worker}s"),
    };
    let names = [plural.clone(), format!("started_{plural}")];
    names.into_iter().find(|name| editor.is_free(name, scope))
}
