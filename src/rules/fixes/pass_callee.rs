//! `target=f(a, b)` becomes `target=f, args=(a, b)`.

use crate::facts::{Argument, ArgumentKind, ExprKind};
use crate::finding::{Applicability, Fix};
use crate::knowledge::ArgumentsShape;
use crate::link::values::ExprRef;
use crate::link::{Callee, Program, Submission};

use super::Editor;

/// Hands over what is called, with its arguments apart.
///
/// Nothing where the work has arguments already, or where the call makes an object or a coroutine: then it is not the
/// function that was meant.
pub(in crate::rules) fn pass_callee(
    program: &Program<'_>,
    submission: &Submission<'_>,
    called: ExprRef,
) -> Option<Fix> {
    if !is_plain_argument(program, submission, called) || !is_plain_function(program, called) {
        return None;
    }
    let ExprKind::Call {
        callee,
        arguments,
        arguments_span,
    } = program.kind(called)
    else {
        return None;
    };
    let mut editor = Editor::new(program, called.file);
    let (_, callee_end) = editor.span(*callee);
    let (open, close) = (arguments_span.start as usize, arguments_span.end as usize - 1);
    if callee_end != open
        || arguments
            .iter()
            .any(|argument| argument.span.start <= arguments_span.start)
    {
        return None;
    }
    if arguments.is_empty() {
        if !editor.layout().part(open + 1, close).trim().is_empty() {
            return None;
        }
        editor.replace((open, close + 1), "");
        return editor.done(Applicability::Unsafe, "pass the function itself");
    }
    match submission.shape.arguments {
        ArgumentsShape::ArgsKwargs => {
            let start = argument_start(program, submission, called)?;
            as_tuple_and_dict(&mut editor, submission, arguments, start, (open, close))?;
        }
        ArgumentsShape::Rest => as_rest(&mut editor, submission, arguments, (open, close))?,
        _ => return None,
    }
    editor.done(
        Applicability::Unsafe,
        "pass the function itself and its arguments apart",
    )
}

/// The call stands in the submission as the last argument that counts by position, and nothing is passed to it.
fn is_plain_argument(program: &Program<'_>, submission: &Submission<'_>, called: ExprRef) -> bool {
    let ExprKind::Call { arguments, .. } = program.kind(submission.call) else {
        return false;
    };
    if submission.through.is_some() || submission.call.file != called.file {
        return false;
    }
    let Some(position) = arguments.iter().position(|argument| argument.value == called.expr) else {
        return false;
    };
    let shape = submission.shape;
    let spots = [shape.arguments_at.as_ref(), shape.keywords_at.as_ref()];
    // `target=f(), args=()` passes nothing, too.
    let passes_nothing = |passed: ExprRef| {
        let is_bare = matches!(program.kind(called), ExprKind::Call { arguments, .. } if arguments.is_empty());
        is_bare && matches!(program.kind(passed), ExprKind::Sequence { len: 0, .. })
    };
    let mut passed = spots
        .into_iter()
        .flatten()
        .filter_map(|spot| program.argument_at(submission.call, spot));
    let takes_more = !passed.all(passes_nothing);
    let is_own = |name: &String| shape.own_keywords.contains(name);
    let is_harmless = |argument: &Argument| match &argument.kind {
        ArgumentKind::Keyword(name) => shape.arguments != ArgumentsShape::Rest || is_own(name),
        _ => false,
    };
    !takes_more && arguments[position + 1..].iter().all(is_harmless)
}

/// Where the argument of the submission starts that the call is.
fn argument_start(program: &Program<'_>, submission: &Submission<'_>, called: ExprRef) -> Option<usize> {
    let ExprKind::Call { arguments, .. } = program.kind(submission.call) else {
        return None;
    };
    let argument = arguments.iter().find(|argument| argument.value == called.expr)?;
    Some(argument.span.start as usize)
}

/// The call calls functions whose result is what it gives.
fn is_plain_function(program: &Program<'_>, called: ExprRef) -> bool {
    program.callees(called).into_iter().all(|callee| match callee {
        Callee::Function { function, .. } => {
            let scope = program.scope(function);
            !scope.is_async && !scope.is_generator && scope.name != "__call__"
        }
        Callee::External { .. } => true,
        _ => false,
    })
}

/// Arguments that stand on lines of their own go on doing so.
fn separator(editor: &Editor<'_>, start: usize) -> String {
    let layout = editor.layout();
    if layout.is_first_on_line(start) {
        format!(",{}{}", layout.line_break(), layout.indentation(start))
    } else {
        ", ".to_owned()
    }
}

/// `f(a, b)` becomes `f, a, b`.
fn as_rest(
    editor: &mut Editor<'_>,
    submission: &Submission<'_>,
    arguments: &[Argument],
    (open, close): (usize, usize),
) -> Option<()> {
    let is_taken = |argument: &Argument| match &argument.kind {
        ArgumentKind::Keyword(name) => submission.shape.own_keywords.contains(name),
        _ => false,
    };
    let last = arguments.last()?;
    let (behind, _) = editor.layout().behind_argument(last.span.end as usize, close);
    let rest = editor.layout().part(behind, close).trim();
    if arguments.iter().any(is_taken) || !(rest.is_empty() || rest == ",") {
        return None;
    }
    let breaks = editor.layout().part(open + 1, close).starts_with(['\n', '\r']);
    editor.replace((open, open + 1), if breaks { "," } else { ", " });
    editor.replace((behind, close + 1), "");
    Some(())
}

/// `f(a, b, c=d)` becomes `f, args=(a, b), kwargs={"c": d}`.
fn as_tuple_and_dict(
    editor: &mut Editor<'_>,
    submission: &Submission<'_>,
    arguments: &[Argument],
    start: usize,
    (open, close): (usize, usize),
) -> Option<()> {
    let is_named = |argument: &&Argument| matches!(argument.kind, ArgumentKind::Keyword(_) | ArgumentKind::DoubleStar);
    let named = arguments.iter().filter(is_named).count();
    let by_position = arguments.len() - named;
    if arguments[..by_position].iter().any(|argument| is_named(&argument)) {
        return None;
    }
    let tuple = submission.shape.arguments_at.as_ref()?.keyword.as_deref()?;
    let separator = separator(editor, start);
    let (last, comma) = editor
        .layout()
        .behind_argument(arguments.last()?.span.end as usize, close);
    if by_position > 0 {
        editor.replace((open, open + 1), format!("{separator}{tuple}=("));
    }
    if named == 0 {
        if by_position == 1 && !comma {
            editor.insert(last, ",");
        }
        return Some(());
    }
    let dict = submission.shape.keywords_at.as_ref()?.keyword.as_deref()?;
    let first = arguments[by_position].span.start as usize;
    if by_position > 0 {
        let end = arguments[by_position - 1].span.end as usize;
        let (behind, _) = editor.layout().behind_argument(end, first);
        let between = editor.layout().part(behind, first).replace(',', "");
        if !between.trim().is_empty() {
            return None;
        }
        let comma = if by_position == 1 { "," } else { "" };
        editor.replace((behind, first), format!("{comma}){separator}{dict}={{"));
    } else {
        editor.replace((open, open + 1), format!("{separator}{dict}={{"));
    }
    for argument in &arguments[by_position..] {
        if let ArgumentKind::Keyword(name) = &argument.kind {
            let start = argument.span.start as usize;
            let sign = editor.layout().part(start, argument.span.end as usize).find('=')?;
            editor.replace((start, start + sign + 1), format!("\"{name}\": "));
        }
    }
    editor.replace((close, close + 1), "}");
    Some(())
}
