//! CC807: a loop does nothing but look until something has changed.

use crate::facts::{ExprId, ExprKind, StmtKind, visit_expressions};
use crate::finding::{Confidence, FileId, Finding, Place, Severity};
use crate::knowledge::LifeStep;
use crate::link::values::ExprRef;
use crate::link::{Callee, Program};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC807",
    name: "busy-wait",
    severity: Severity::Warning,
    page: include_str!("../../rules/busy-wait.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    if program.submissions.is_empty() {
        return;
    }
    for file in program.file_ids() {
        for indexed in &program.index(file).statements {
            let StmtKind::While { test, body, .. } = &indexed.stmt.kind else {
                continue;
            };
            let idle = body
                .iter()
                .all(|stmt| matches!(stmt.kind, StmtKind::Pass | StmtKind::Continue));
            if !idle || !only_looks(context, file, *test) {
                continue;
            }
            let place = Place {
                file,
                span: program.file(file).span(*test),
            };
            let text = program.text(ExprRef { file, expr: *test });
            let message =
                format!("`while {text}: pass` keeps a core busy until another thread or process has changed it");
            let draft = context.finding(&RULE, place, message).confidence(Confidence::Medium);
            let help = "wait with `join()`, `Event.wait()`, `Condition.wait_for()` or a queue's `get()`";
            findings.push(draft.help(help).done());
        }
    }
}

/// Whether a condition only looks at what others change.
fn only_looks(context: &Context<'_>, file: FileId, test: ExprId) -> bool {
    let program = context.program;
    let (mut shared, mut acts) = (false, false);
    visit_expressions(program.file(file), test, &mut |expr| {
        let expr = ExprRef { file, expr };
        match program.kind(expr) {
            ExprKind::Call { .. } => {
                if context.lifecycles().step(expr) == Some(LifeStep::Peek) {
                    shared = true;
                } else {
                    acts |= !is_harmless(program, expr);
                }
            }
            ExprKind::Attribute { .. } => shared |= is_plain_read(program, expr),
            ExprKind::Name { .. } => shared |= is_global(program, expr),
            ExprKind::Named { .. } | ExprKind::Await(_) | ExprKind::Yield(_) => acts = true,
            _ => {}
        }
    });
    shared && !acts
}

/// A call that always gives the same while nothing else happens (`len`, `any`).
fn is_harmless(program: &Program<'_>, call: ExprRef) -> bool {
    program.callees(call).iter().all(|callee| match callee {
        Callee::External { name, receiver: None } => {
            program
                .knowledge
                .call(name)
                .is_some_and(|fact| fact.wait.is_none() && fact.until.is_none())
                && matches!(
                    program.knowledge.semantic(name),
                    Some(crate::knowledge::Semantic::Length)
                )
        }
        _ => false,
    })
}

/// An attribute of an object of the project whose class is known, or of an instance.
fn is_plain_read(program: &Program<'_>, attribute: ExprRef) -> bool {
    let index = program.index(attribute.file);
    let called = index.parent(attribute.expr).is_some_and(|parent| {
        matches!(program.kind(program.sibling(attribute, parent)), ExprKind::Call { callee, .. } if *callee == attribute.expr)
    });
    let ExprKind::Attribute { base, name, .. } = program.kind(attribute) else {
        return false;
    };
    let base = program.values(program.sibling(attribute, *base));
    let known = !base.is_empty()
        && base.iter().all(|value| match program.value(value) {
            crate::link::values::Value::Instance { class, .. } => program.methods(*class, name, true).is_empty(),
            _ => false,
        });
    !called && known
}

fn is_global(program: &Program<'_>, name: ExprRef) -> bool {
    let ExprKind::Name {
        symbol: Some(symbol),
        reaching,
        ..
    } = program.kind(name)
    else {
        return false;
    };
    let file = program.file(name.file);
    // A name of this scope is only changed by others where they declare it `nonlocal` or `global`.
    let symbol = file.symbol(*symbol);
    let own = program.index(name.file).scope_of(name.expr);
    let changed_elsewhere = symbol
        .definitions
        .iter()
        .any(|&def| file.definition(def).scope != own && file.definition(def).scope != symbol.scope);
    changed_elsewhere && (reaching.is_empty() || symbol.scope == own)
}
