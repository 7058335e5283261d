//! CC907: a pool is made and never ended.

use crate::finding::{Confidence, Finding, Severity};
use crate::link::values::ExprRef;
use crate::summary::lifecycles::{LeftOpen, Way};

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
    let program = context.program;
    let lives = context.lifecycles();
    if let Some(left) = lives.left_open(program, call) {
        findings.push(left_open(context, call, &left));
        return;
    }
    let Some(unclosed) = lives.never_closed(program, call) else {
        return;
    };
    let text = program.text(call);
    let workers = if unclosed.executor {
        "its workers live until the program happens to throw it away"
    } else {
        "its workers live on"
    };
    let message = match unclosed.skipped {
        Some(_) => format!("an early `return` leaves the pool open that `{text}` makes: {workers}"),
        None => format!("nothing ends the pool that `{text}` makes: {workers}"),
    };
    let mut draft = context
        .finding(&RULE, program.place(call), message)
        .confidence(Confidence::Medium);
    if let Some((leaves, close)) = unclosed.skipped {
        draft = draft
            .note(leaves, "the function is left here")
            .note(close, "the pool is only ended here");
    }
    if let Some(kept) = unclosed.kept {
        draft = draft.note(kept, "kept here, and closed nowhere in sight");
    }
    if let Some(method) = unclosed.forgotten {
        let name = program.display_name(method);
        draft = draft.note(
            program.name_place(method),
            format!("`{name}` ends other things, not the pool"),
        );
    }
    let help = if unclosed.executor {
        "use `with`, or call `shutdown()`"
    } else {
        "call `close()` and `join()`, or use `with` where all results are read inside it"
    };
    let fix = fixes::pool_in_with(program, call, unclosed.executor);
    findings.push(draft.help(help).fix(fix).done());
}

fn left_open(context: &Context<'_>, call: ExprRef, left: &LeftOpen) -> Finding {
    let program = context.program;
    let text = program.text(call);
    let (reason, note) = match left.way {
        Way::Yield => (
            "is not reached where the generator is not read to its end",
            "the generator stops here",
        ),
        Way::Return => (
            "is not reached by every way out of the function",
            "the function is left here",
        ),
        Way::Raise => ("is not reached by every way out of the function", "raised here"),
    };
    let message = format!("the call that ends the pool {reason}: its workers live on");
    let draft = context
        .finding(&RULE, left.ending, message)
        .confidence(Confidence::Medium)
        .note(program.place(call), format!("`{text}` makes the pool"))
        .note(left.leaving, note);
    let help = "end the pool in a `finally` block, or use `with` where all results are read inside it";
    draft.help(help).done()
}
