//! CC706: `run()` of a worker is called, which does the work in the caller.

use crate::facts::{DefKind, ExprKind};
use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::Role;
use crate::link::Program;
use crate::link::values::{ExprRef, Value};

use super::{Check, Context, Rule, fixes};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC706",
    name: "run-instead-of-start",
    severity: Severity::Warning,
    page: include_str!("../../rules/run-instead-of-start.md"),
    check: Check::Call(check),
};

/// The method that a worker runs, as every worker class spells it.
const RUN: &str = "run";

fn check(context: &Context<'_>, call: ExprRef, findings: &mut Vec<Finding>) {
    let program = context.program;
    let ExprKind::Call { callee, arguments, .. } = program.kind(call) else {
        return;
    };
    let ExprKind::Attribute { base, name, .. } = program.kind(program.sibling(call, *callee)) else {
        return;
    };
    let base = program.sibling(call, *base);
    if name != RUN || !arguments.is_empty() || !is_worker(program, base) || is_own(program, base) {
        return;
    }
    if is_started_too(context, call, base) {
        return;
    }
    let text = program.text(base);
    let message = format!("`{text}.run()` does the work here, in the caller: only `start()` makes a worker");
    // Tests call `run` of a worker class to see what it does.
    let confidence = if is_last_act(program, call, base) {
        Confidence::Low
    } else if program.is_test(call.file) && is_of_project(program, base) {
        Confidence::Medium
    } else {
        Confidence::High
    };
    let draft = context
        .finding(&RULE, program.place(call), message)
        .confidence(confidence);
    let fix = fixes::start_instead(program, call, confidence);
    findings.push(draft.help(format!("call `{text}.start()`")).fix(fix).done());
}

fn is_worker(program: &Program<'_>, expr: ExprRef) -> bool {
    let values = program.values(expr);
    !values.is_empty()
        && values
            .iter()
            .all(|value| program.role(value) == Some(Role::Worker) && program.site(value).is_some())
}

fn is_of_project(program: &Program<'_>, expr: ExprRef) -> bool {
    let values = program.values(expr);
    values
        .iter()
        .any(|value| matches!(program.value(value), Value::Instance { .. }))
}

/// `Service(options).run()` as the last thing that a function does: nothing is left to do beside it, so that a worker of
/// its own would only be waited for.
fn is_last_act(program: &Program<'_>, call: ExprRef, base: ExprRef) -> bool {
    let index = program.index(call.file);
    let Some(statement) = index.statement_of(call.expr) else {
        return false;
    };
    let levels = std::iter::once(statement).chain(index.ancestors(statement).map(|(above, _)| above));
    matches!(program.kind(base), ExprKind::Call { .. })
        && is_of_project(program, base)
        && index.loops_around(call.expr).is_empty()
        && levels.into_iter().all(|level| index.behind(level).next().is_none())
}

/// `self.run()`: the class does as it likes with itself.
fn is_own(program: &Program<'_>, base: ExprRef) -> bool {
    let ExprKind::Name {
        symbol: Some(symbol), ..
    } = program.kind(base)
    else {
        return matches!(program.kind(base), ExprKind::Call { .. }) && program.callees(base).iter().all(|callee| {
            matches!(callee, crate::link::Callee::External { name, .. } if program.knowledge.semantic(name) == Some(crate::knowledge::Semantic::Super))
        });
    };
    let file = program.file(base.file);
    file.symbol(*symbol)
        .definitions
        .iter()
        .any(|&def| matches!(file.definition(def).kind, DefKind::Parameter { index: 0 }))
}

/// The same function starts the object on another path: running it in place is a choice.
fn is_started_too(context: &Context<'_>, call: ExprRef, base: ExprRef) -> bool {
    let program = context.program;
    let text = program.text(base);
    let scope = program.scope_of(call);
    context.lifecycles().steps().any(|(other, step)| {
        step == crate::knowledge::LifeStep::Start
            && program.scope_of(other) == scope
            && matches!(program.kind(other), ExprKind::Call { callee, .. }
                if matches!(program.kind(program.sibling(other, *callee)), ExprKind::Attribute { base, .. }
                    if program.text(program.sibling(other, *base)) == text))
    })
}
