//! CC515: a queue that looked filled may be empty when several workers take from it.

use crate::facts::{StmtKind, visit_expressions};
use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::Operation;
use crate::link::values::ExprRef;
use crate::summary::locks::{SharedUse, share_a_lock};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC515",
    name: "empty-as-stop-test",
    severity: Severity::Warning,
    page: include_str!("../../rules/empty-as-stop-test.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let uses = context.locks().uses();
    for count in uses
        .all()
        .iter()
        .filter(|found| found.operation == Operation::CountsItems)
    {
        if !is_test(context, count.call) {
            continue;
        }
        let submissions = uses.submissions_of(count.function);
        if is_own(context, count) || submissions.len() < 2 && !submissions.iter().any(|&(_, fan_out)| fan_out) {
            continue;
        }
        let mut takes = uses.of(count.function).filter(|take| {
            take.operation == Operation::Take
                && take.endless
                && take.meets(count)
                && take.call > count.call
                && !share_a_lock(context.program, count.call, take.call)
        });
        let Some(take) = takes.next() else { continue };
        let text = context.program.text(count.call);
        let message = format!(
            "`{text}` says what was true a moment ago: another worker may take the last item first, and the `get` waits for ever"
        );
        let first = submissions
            .iter()
            .next()
            .map(|&(number, _)| &context.program.submissions[number]);
        let mut draft = context
            .finding(&RULE, context.program.place(count.call), message)
            .confidence(Confidence::Medium)
            .note(context.program.place(take.call), "waits for an item, here");
        if let Some(first) = first {
            draft = draft.note(
                context.program.place(first.call),
                "several workers run this, started here",
            );
        }
        let help = "use `get_nowait` and handle `Empty`, or put one sentinel a worker on the queue";
        findings.push(draft.help(help).done());
    }
}

/// Whether each run of the work makes its own queue.
fn is_own(context: &Context<'_>, count: &SharedUse) -> bool {
    let program = context.program;
    let makers = count
        .objects
        .iter()
        .map(|&object| program.function_around(program.scope_of(object)));
    let mut makers = makers.peekable();
    makers.peek().is_some() && makers.all(|maker| !context.locks().uses().submissions_of(maker).is_empty())
}

/// Whether a call decides about a branch or a loop.
fn is_test(context: &Context<'_>, call: ExprRef) -> bool {
    let index = context.program.index(call.file);
    let Some(statement) = index.statement_of(call.expr) else {
        return false;
    };
    let test = match index.statement(statement).stmt.kind {
        StmtKind::If { test, .. } | StmtKind::While { test, .. } => test,
        StmtKind::For { iterable, .. } => iterable,
        _ => return false,
    };
    let mut found = false;
    visit_expressions(context.program.file(call.file), test, &mut |part| {
        found |= part == call.expr
    });
    found
}
