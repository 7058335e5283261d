//! CC709: the constructor of a worker class does not call its base.

use crate::facts::{ExprKind, StmtKind};
use crate::finding::{Finding, Severity};
use crate::knowledge::{LifeStep, Role};
use crate::link::values::{ExprRef, ScopeRef};
use crate::link::{Callee, Program};

use super::{Check, Context, Rule, fixes};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC709",
    name: "worker-init-not-called",
    severity: Severity::Error,
    page: include_str!("../../rules/worker-init-not-called.md"),
    check: Check::Program(check),
};

/// The constructor's name in every class.
const INIT: &str = "__init__";

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for (class, _) in &classes(program) {
        let class = *class;
        let Some(init) = program.method_in_body(class, INIT) else {
            continue;
        };
        let never_returns = matches!(
            program.scope(init).body.last().map(|stmt| &stmt.kind),
            Some(StmtKind::Raise { .. })
        );
        if never_returns
            || !is_worker_class(program, class)
            || calls_base(program, init, 2)
            || a_subclass_does(program, class)
        {
            continue;
        }
        let name = program.display_name(class);
        let message = format!("`{name}.__init__` does not call `super().__init__()`: starting a `{name}` fails");
        let draft = context
            .finding(&RULE, program.name_place(init), message)
            .note(program.name_place(class), format!("`{name}` is a thread or process"));
        let help = "call `super().__init__()` first in the constructor";
        let fix = fixes::call_base(program, class, init);
        findings.push(draft.help(help).fix(fix).done());
    }
}

/// All classes of the project that have a constructor of their own.
fn classes(program: &Program<'_>) -> Vec<(ScopeRef, ())> {
    let mut found = Vec::new();
    for file in program.file_ids() {
        for (number, scope) in program.file(file).scopes.iter().enumerate() {
            if scope.kind == crate::facts::ScopeKind::Class {
                let scope = crate::facts::ScopeId(u32::try_from(number).expect("internal: fewer than 2^32 scopes"));
                found.push((ScopeRef { file, scope }, ()));
            }
        }
    }
    found
}

fn is_worker_class(program: &Program<'_>, class: ScopeRef) -> bool {
    let classes = &program.solution.classes;
    !classes.has_unknown_base(class)
        && classes.external_ancestors(class).iter().any(|&name| {
            let name = program.name(name);
            let role = program.knowledge.type_fact(name).and_then(|fact| fact.role);
            let starts = program
                .knowledge
                .call(&format!("{name}.start"))
                .is_some_and(|fact| fact.step == Some(LifeStep::Start));
            role == Some(Role::Worker) && starts
        })
}

/// Whether a constructor, or a method that it calls, calls any `__init__`.
fn calls_base(program: &Program<'_>, function: ScopeRef, depth: u32) -> bool {
    let index = program.index(function.file);
    let calls = index.calls().iter().map(|&expr| ExprRef {
        file: function.file,
        expr,
    });
    calls.filter(|call| program.scope_of(*call) == function).any(|call| {
        let ExprKind::Call { callee, .. } = program.kind(call) else {
            return false;
        };
        if matches!(program.kind(program.sibling(call, *callee)), ExprKind::Attribute { name, .. } if name == INIT) {
            return true;
        }
        depth > 0
            && program.callees(call).into_iter().any(|callee| {
                matches!(callee, Callee::Function { function: called, receiver: Some(_) }
                    if called != function && calls_base(program, called, depth - 1))
            })
    })
}

/// A subclass that calls the worker's constructor past this class.
fn a_subclass_does(program: &Program<'_>, class: ScopeRef) -> bool {
    let below = program.solution.classes.descendants(class);
    below.iter().any(|below| {
        program
            .method_in_body(*below, INIT)
            .is_some_and(|init| calls_base(program, init, 0))
    })
}
