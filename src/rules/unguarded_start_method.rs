//! CC302: the start method is set where each child sets it again, or twice.

use crate::facts::{ExprKind, StmtKind};
use crate::finding::{Confidence, FileId, Finding, Severity};
use crate::link::index::Branch;
use crate::link::values::ExprRef;
use crate::link::{Program, StartSetting};
use crate::summary::startup::Way;

use super::{Check, Context, Rule, start_methods};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC302",
    name: "unguarded-start-method",
    severity: Severity::Error,
    page: include_str!("../../rules/unguarded-start-method.md"),
    check: Check::File(check),
};

fn check(context: &Context<'_>, file: FileId, findings: &mut Vec<Finding>) {
    for way in context.startup().choices_on_import(context.program, file) {
        unguarded(context, file, &way, findings);
    }
    let own = context
        .program
        .start_methods_set
        .keys()
        .copied()
        .filter(|call| call.file == file);
    for (first, second) in repeated(context.program, own.collect()) {
        let message = "the start method is set a second time: `RuntimeError: context has already been set`";
        let draft = context
            .finding(&RULE, context.program.place(second), message.to_owned())
            .note(context.program.place(first), "it is set here already")
            .help("set the start method once, under the main guard, or make a context with `get_context()`");
        findings.push(draft.done());
    }
}

fn unguarded(context: &Context<'_>, file: FileId, way: &Way, findings: &mut Vec<Finding>) {
    let program = context.program;
    let call = way.creation.at;
    if is_forced(program, call) || is_caught(program, call) || is_caught(program, way.start()) {
        return;
    }
    let Some(breakage) = start_methods::breakage(context, file, way) else {
        return;
    };
    let confidence = match way.creation.start {
        StartSetting::Explicit(_) => breakage.confidence,
        _ => breakage.confidence.min(Confidence::Low),
    };
    let message = "the start method is set outside a main guard: each child runs this again and ends with \
                   `RuntimeError: context has already been set`";
    let draft = context
        .finding(&RULE, program.place(way.start()), message.to_owned())
        .confidence(confidence)
        .notes(start_methods::chain(program, way))
        .help("set it under `if __name__ == \"__main__\":`, or make a context with `get_context()`");
    findings.push(draft.done());
}

/// The argument that lets a start method be set again.
fn is_forced(program: &Program<'_>, call: ExprRef) -> bool {
    program
        .argument(call, Some(1), Some("force"))
        .is_some_and(|given| !matches!(program.kind(given), ExprKind::Bool(false)))
}

fn is_caught(program: &Program<'_>, call: ExprRef) -> bool {
    let index = program.index(call.file);
    let Some(statement) = index.statement_of(call.expr) else {
        return false;
    };
    index.ancestors(statement).any(|(above, branch)| {
        branch == Branch::Body
            && matches!(&index.statement(above).stmt.kind, StmtKind::Try { handlers, .. } if !handlers.is_empty())
    })
}

/// Calls that set the start method after another one in the same block or in a block around it.
fn repeated(program: &Program<'_>, calls: Vec<ExprRef>) -> Vec<(ExprRef, ExprRef)> {
    let mut sorted = calls;
    sorted.sort_by_key(|&call| program.place(call));
    let mut found = Vec::new();
    for (position, &second) in sorted.iter().enumerate() {
        if is_forced(program, second) || is_caught(program, second) {
            continue;
        }
        let first = sorted[..position]
            .iter()
            .copied()
            .find(|&first| precedes(program, first, second));
        found.extend(first.map(|first| (first, second)));
    }
    found
}

/// Whether the block of the first call is the second's, or one around it.
fn precedes(program: &Program<'_>, first: ExprRef, second: ExprRef) -> bool {
    let index = program.index(first.file);
    let (Some(one), Some(other)) = (index.statement_of(first.expr), index.statement_of(second.expr)) else {
        return false;
    };
    let block = index.statement(one).parent;
    let same_scope = index.statement(one).scope == index.statement(other).scope;
    same_scope && (block.is_none() || index.ancestors(other).any(|above| Some(above) == block))
}
