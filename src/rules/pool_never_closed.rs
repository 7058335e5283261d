//! CC907: a pool is made and never ended.

use crate::finding::{Confidence, Finding, Severity};
use crate::link::values::ExprRef;
use crate::summary::lifecycles::{LeftOpen, Unclosed, Way};

use super::{Check, Context, Rule, fixes};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC907",
    name: "pool-never-closed",
    severity: Severity::Advice,
    page: include_str!("../../rules/pool-never-closed.md"),
    check: Check::Call(check),
};

fn check(context: &Context<'_>, call: ExprRef, findings: &mut Vec<Finding>) {
    let (program, lives) = (context.program, context.lifecycles());
    let found = match lives.left_open(program, call) {
        Some(left) => Some(left_open(context, call, &left)),
        None => lives
            .never_closed(program, call)
            .map(|unclosed| never_closed(context, call, &unclosed)),
    };
    findings.extend(found);
}

fn never_closed(context: &Context<'_>, call: ExprRef, unclosed: &Unclosed) -> Finding {
    let program = context.program;
    let text = program.text(call);
    let (workers, help) = if unclosed.executor {
        (
            "its workers live until the program happens to throw it away",
            "use `with`, or call `shutdown()`",
        )
    } else {
        (
            "its workers live on",
            "call `close()` and `join()`, or use `with` where all results are read inside it",
        )
    };
    let message = format!("nothing ends the pool that `{text}` makes: {workers}");
    let mut draft = context
        .finding(&RULE, program.place(call), message)
        .confidence(Confidence::Medium);
    if let Some(kept) = unclosed.kept {
        draft = draft.note(kept, "kept here, and closed nowhere in sight");
    }
    if let Some(method) = unclosed.forgotten {
        let name = program.display_name(method);
        let place = program.name_place(method);
        draft = draft.note(place, format!("`{name}` ends other things, not the pool"));
    }
    let fix = fixes::pool_in_with(program, call, unclosed.executor);
    draft.help(help).fix(fix).done()
}

fn left_open(context: &Context<'_>, call: ExprRef, left: &LeftOpen) -> Finding {
    let program = context.program;
    let (place, message, note) = match left.way {
        Way::Yield => (
            left.ending,
            "the call that ends the pool is not reached where the generator is not read to its end: its workers live on",
            (left.leaving, "the generator stops here"),
        ),
        Way::Return => (
            left.leaving,
            "the `return` here leaves the pool open: its workers live on",
            (left.ending, "the pool is only ended here"),
        ),
        Way::Raise => (
            left.leaving,
            "what is raised here leaves the pool open: its workers live on",
            (left.ending, "the pool is only ended here"),
        ),
    };
    let draft = context
        .finding(&RULE, place, message.to_owned())
        .confidence(Confidence::Medium)
        .note(program.place(call), format!("`{}` makes the pool", program.text(call)))
        .note(note.0, note.1);
    let help = "end the pool in a `finally` block, or use `with` where all results are read inside it";
    draft.help(help).done()
}
