//! A constructor gets `super().__init__()`.

use crate::facts::{ExprKind, ParameterKind, StmtKind};
use crate::finding::{Applicability, Fix};
use crate::link::Program;
use crate::link::values::ScopeRef;

use super::Editor;

/// The constructor's name in every class.
const INIT: &str = "__init__";

/// Calls the worker's constructor first, behind the docstring.
///
/// Nothing where a class of the project in between has a constructor, which may want arguments. With several bases the
/// call may reach more than the worker's.
pub(in crate::rules) fn call_base(program: &Program<'_>, class: ScopeRef, init: ScopeRef) -> Option<Fix> {
    let bases = &program.solution.classes;
    let in_between = bases.ancestry(class).iter().any(|base| match base {
        crate::link::solver::Base::Project(base) => *base != class && program.method_in_body(*base, INIT).is_some(),
        _ => false,
    });
    let scope = program.scope(init);
    let receiver = scope.parameters.first()?;
    let takes_receiver = matches!(receiver.kind, ParameterKind::Positional | ParameterKind::PositionalOnly);
    if in_between || !takes_receiver || !scope.decorators.is_empty() {
        return None;
    }
    let mut editor = Editor::new(program, init.file);
    let layout = editor.layout();
    let (first, rest) = scope.body.split_first()?;
    let start = first.span.start as usize;
    if !layout.is_first_on_line(start) {
        return None;
    }
    let (indentation, newline) = (layout.indentation(start), layout.line_break());
    let is_docstring = matches!(first.kind, StmtKind::Expr(expr) if matches!(program.file(init.file).kind(expr), ExprKind::Str { .. }));
    let call = format!("super().{INIT}()");
    if is_docstring {
        let end = first.span.end as usize;
        if !layout.is_last_on_line(end) {
            return None;
        }
        editor.insert(layout.line_end(end), format!("{newline}{indentation}{call}"));
    } else if matches!(first.kind, StmtKind::Pass) && rest.is_empty() {
        editor.replace((start, first.span.end as usize), call);
    } else {
        let at = layout.start_with_comments(start);
        editor.insert(at, format!("{indentation}{call}{newline}"));
    }
    let applicability = if program.scope(class).bases.len() == 1 {
        Applicability::Safe
    } else {
        Applicability::Unsafe
    };
    editor.done(applicability, format!("call `super().{INIT}()` first"))
}
