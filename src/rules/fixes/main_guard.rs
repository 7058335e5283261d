//! What a script does goes under `if __name__ == "__main__":`.

use crate::facts::{DefKind, ExprId, ExprKind, MODULE, Stmt, StmtKind, SymbolId, child_blocks};
use crate::finding::{Applicability, FileId, Fix};
use crate::link::Program;
use crate::link::index::FileIndex;
use crate::link::values::ExprRef;

use super::Editor;

/// Guards everything from the statement that starts processes to the end of the module, with what prepares it.
///
/// Nothing where definitions or a guard follow, and where functions or other modules read what the statements bind.
pub(in crate::rules) fn add_guard(program: &Program<'_>, start: ExprRef) -> Option<Fix> {
    let mut editor = Editor::new(program, start.file);
    let index = editor.index();
    let layout = editor.layout();
    let body = &index.facts.scope(MODULE).body;
    let at = index.facts.span(start.expr);
    let starting = body.iter().position(|stmt| stmt.span.contains(at))?;
    if index.scope_of(start.expr) != MODULE || !body[starting..].iter().all(|stmt| can_move(index, stmt)) {
        return None;
    }
    let last = body.last()?.span.end;
    if !are_private(program, start.file, body[starting].span.start, last) {
        return None;
    }
    let mut first = starting;
    while first > 0 && is_preparation(program, start.file, &body[first - 1], last) {
        first -= 1;
    }
    let first_start = body[first].span.start as usize;
    if !layout.is_first_on_line(first_start) {
        return None;
    }
    let line = layout.start_with_comments(first_start);
    let (unit, newline) = (editor.indentation_unit(first_start), layout.line_break());
    editor.insert(line, format!("if __name__ == \"__main__\":{newline}"));
    editor.indent(line, last as usize, &unit);
    editor.done(
        Applicability::Unsafe,
        "put what the script does under `if __name__ == \"__main__\":`",
    )
}

/// A statement that defines nothing and is no guard itself.
fn can_move(index: &FileIndex<'_>, stmt: &Stmt) -> bool {
    let reads_own_name = |test: ExprId| {
        let mut found = false;
        crate::facts::visit_expressions(index.facts, test, &mut |expr| {
            found |= matches!(index.facts.kind(expr), ExprKind::Name { name, .. } if name == "__name__");
        });
        found
    };
    let is_plain = match &stmt.kind {
        StmtKind::Function(_) | StmtKind::Class(_) | StmtKind::Import(_) | StmtKind::ImportStar { .. } => false,
        StmtKind::If { test, .. } => !reads_own_name(*test),
        _ => true,
    };
    is_plain
        && child_blocks(stmt)
            .into_iter()
            .flatten()
            .all(|inner| can_move(index, inner))
}

/// Whether what is bound between two offsets is read by the module's own statements only.
fn are_private(program: &Program<'_>, file: FileId, start: u32, end: u32) -> bool {
    let index = program.index(file);
    let symbols = index.facts.scope(MODULE).symbols.iter().copied();
    let mut bound_here = symbols.filter(|&symbol| {
        let definitions = &index.facts.symbol(symbol).definitions;
        definitions.iter().any(|&def| {
            let span = index.facts.definition(def).span;
            start <= span.start && span.end <= end
        })
    });
    bound_here.all(|symbol| is_private(program, file, symbol, start, end))
}

fn is_private(program: &Program<'_>, file: FileId, symbol: SymbolId, start: u32, end: u32) -> bool {
    let index = program.index(file);
    let name = index.facts.symbol(symbol).name.as_str();
    if name.starts_with("__") {
        return false;
    }
    let stays = |&read: &ExprId| {
        let span = index.facts.span(read);
        index.scope_of(read) == MODULE || (start <= span.start && span.end <= end)
    };
    index.reads(symbol).iter().all(stays) && !is_imported(program, file, name)
}

/// Whether another file imports a name from this one.
fn is_imported(program: &Program<'_>, file: FileId, wanted: &str) -> bool {
    let own = &program.sources[file.index()].modules;
    let ends = |module: &str| {
        own.iter()
            .any(|own| own == module || own.rsplit('.').next() == module.rsplit('.').next())
    };
    program.facts.iter().any(|facts| {
        facts.definitions.iter().any(|definition| {
            matches!(&definition.kind, DefKind::ImportFrom { module, name, .. } if name == wanted && ends(module))
        })
    })
}

/// A plain assignment that only the module's statements read, a call of something so assigned, or a loop.
fn is_preparation(program: &Program<'_>, file: FileId, stmt: &Stmt, end: u32) -> bool {
    let index = program.index(file);
    match &stmt.kind {
        StmtKind::Assign { targets, .. } => targets.iter().all(|&target| match *index.facts.kind(target) {
            ExprKind::Store(def) => {
                let symbol = index.facts.definition(def).symbol;
                let name = &index.facts.symbol(symbol).name;
                let is_constant = !name.chars().any(char::is_lowercase);
                !is_constant && is_private(program, file, symbol, stmt.span.start, end)
            }
            _ => false,
        }),
        StmtKind::Expr(expr) => match *index.facts.kind(*expr) {
            ExprKind::Call { callee, .. } => is_of_variable(index, callee),
            _ => false,
        },
        StmtKind::For { .. } => can_move(index, stmt) && are_private(program, file, stmt.span.start, end),
        _ => false,
    }
}

/// `print`, or a method of something that the module has assigned.
fn is_of_variable(index: &FileIndex<'_>, callee: ExprId) -> bool {
    match index.facts.kind(callee) {
        ExprKind::Name { name, symbol: None, .. } => name == "print",
        ExprKind::Attribute { base, .. } => match *index.facts.kind(*base) {
            ExprKind::Name {
                symbol: Some(symbol), ..
            } => {
                let definitions = &index.facts.symbol(symbol).definitions;
                definitions
                    .iter()
                    .all(|&def| matches!(index.facts.definition(def).kind, DefKind::Assign { .. }))
            }
            _ => false,
        },
        _ => false,
    }
}
