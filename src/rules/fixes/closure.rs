//! A closure keeps the value that a loop variable has now: `lambda x=x: ...`.

use crate::facts::{Parameter, ParameterKind, ScopeKind};
use crate::finding::{Applicability, Fix};
use crate::link::Program;
use crate::summary::sharing::LateBound;

use super::Editor;

/// Gives the function a parameter whose default is the variable, where the function is made anew in each round.
///
/// Nothing where a parameter takes what is left over: an argument could end up in the new one.
pub(in crate::rules) fn bind_default(program: &Program<'_>, late: &LateBound) -> Option<Fix> {
    let function = late.function;
    let mut editor = Editor::new(program, function.file);
    let scope = program.scope(function);
    let (start, end) = (scope.span.start, scope.span.end);
    let made_in_loop = late.around.span.start <= start && end <= late.around.span.end && late.bound.span.end <= start;
    let is_plain =
        |parameter: &Parameter| matches!(parameter.kind, ParameterKind::Positional) && parameter.name != late.name;
    if !made_in_loop || !scope.parameters.iter().all(is_plain) {
        return None;
    }
    let capture = format!("{0}={0}", late.name);
    let layout = editor.layout();
    let name_end = scope.name_span.end as usize;
    match scope.parameters.last() {
        Some(parameter) => {
            let at = parameter_end(&editor, parameter);
            let body = layout.part(at, end as usize).trim_start();
            if !body.starts_with([')', ':', ',']) || (scope.kind == ScopeKind::Function && body.starts_with(':')) {
                return None;
            }
            editor.insert(at, format!(", {capture}"));
        }
        None if scope.kind == ScopeKind::Lambda => {
            if !layout.part(name_end, end as usize).trim_start().starts_with(':') {
                return None;
            }
            editor.insert(name_end, format!(" {capture}"));
        }
        None => {
            let rest = layout.part(name_end, end as usize);
            let inside = rest.trim_start().strip_prefix('(')?;
            if !inside.trim_start().starts_with(')') {
                return None;
            }
            editor.insert(name_end + (rest.len() - inside.len()), capture);
        }
    }
    editor.done(
        Applicability::Unsafe,
        format!("keep the `{}` of this round as a default", late.name),
    )
}

/// Behind a parameter with its annotation and default.
fn parameter_end(editor: &Editor<'_>, parameter: &Parameter) -> usize {
    let facts = editor.index().facts;
    let last = parameter.default.or(parameter.annotation);
    let span = last.map_or(facts.definition(parameter.def).span, |expr| facts.span(expr));
    span.end as usize
}
