//! CC511: a task waits for work that it hands to the pool that it runs in.

use std::collections::BTreeSet;

use crate::facts::ExprKind;
use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::{Operation, SubmissionResult, WorkerKind};
use crate::link::solver::Base;
use crate::link::values::{ExprRef, ScopeRef, Site};
use crate::link::{Callee, Program, Submission, Target};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC511",
    name: "wait-inside-own-pool",
    severity: Severity::Error,
    page: include_str!("../../rules/wait-inside-own-pool.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen: BTreeSet<ExprRef> = BTreeSet::new();
    for outer in &context.program.submissions {
        for pool in pools(context, outer) {
            for function in outer.targets.iter().filter_map(Target::function) {
                in_task(context, outer, pool, function, &mut seen, findings);
            }
        }
    }
}

/// The calls that make the thread pools that run a submission.
fn pools(context: &Context<'_>, submission: &Submission<'_>) -> Vec<ExprRef> {
    let threads = submission
        .workers
        .iter()
        .filter(|worker| worker.kind == Some(WorkerKind::Thread));
    threads
        .filter_map(|worker| context.program.site(worker.executor?).and_then(Site::expression))
        .collect()
}

fn in_task(
    context: &Context<'_>,
    outer: &Submission<'_>,
    pool: ExprRef,
    function: ScopeRef,
    seen: &mut BTreeSet<ExprRef>,
    findings: &mut Vec<Finding>,
) {
    let program = context.program;
    let mut reached = context.locks().uses().reached(function);
    // A pool that the task makes for itself is another one.
    if reached.contains(&program.function_around(program.scope_of(pool))) {
        return;
    }
    if let Some(owner) = program.class_of_method(program.function_around(program.scope_of(pool))) {
        if !is_run_by(program, owner, function) {
            return;
        }
        let own = reached_on_itself(program, function);
        reached.retain(|function| own.contains(function));
    }
    for inner in &program.submissions {
        if !reached.contains(&inner.scope) || !pools(context, inner).contains(&pool) {
            continue;
        }
        let Some(wait) = wait_for(context, inner, &reached) else {
            continue;
        };
        if !seen.insert(wait) {
            continue;
        }
        let name = program.display_name(function);
        let recursive = inner.targets.iter().any(|target| target.function() == Some(function));
        let alone = outer.workers.iter().any(|worker| worker.runs_one_at_a_time(program));
        let confidence = if recursive || outer.intent.is_fan_out() || alone {
            Confidence::High
        } else {
            Confidence::Medium
        };
        let message = format!(
            "`{name}` waits here for work that it hands to the pool that it runs in: once all workers wait, nothing moves"
        );
        let mut draft = context
            .finding(&RULE, program.place(wait), message)
            .confidence(confidence)
            .note(program.place(pool), "the pool is made here")
            .note(program.place(outer.call), format!("`{name}` is handed to it here"));
        if inner.call != wait {
            draft = draft.note(program.place(inner.call), "it hands more work to the same pool here");
        }
        let help =
            "hand the inner work to a pool of its own, do it in place, or return it and let the caller hand it over";
        findings.push(draft.help(help).done());
    }
}

/// Each object has its own pool in an attribute: only the object's own methods are known to run in that one.
fn is_run_by(program: &Program<'_>, owner: ScopeRef, task: ScopeRef) -> bool {
    let around = std::iter::successors(Some(task), |&scope| program.parent_scope(scope));
    let mut classes = around.filter_map(|scope| program.class_of_method(scope));
    classes.any(|class| {
        let ancestry = program.solution.classes.ancestry(class);
        class == owner
            || ancestry
                .iter()
                .any(|base| matches!(*base, Base::Project(above) if above == owner))
    })
}

/// What a method runs of its own object, through names that stay in the object's class and closures: what is called
/// through other objects may come to a method of the same class, but to another pool.
fn reached_on_itself(program: &Program<'_>, task: ScopeRef) -> BTreeSet<ScopeRef> {
    let mut found = BTreeSet::from([task]);
    let mut open = vec![task];
    while let Some(function) = open.pop() {
        let index = program.index(function.file);
        for &expr in index.calls() {
            let call = ExprRef {
                file: function.file,
                expr,
            };
            if program.scope_of(call) != function || is_of_another_object(program, call) {
                continue;
            }
            for callee in program.callees(call) {
                if let Callee::Function { function: called, .. } = callee
                    && found.insert(called)
                {
                    open.push(called);
                }
            }
        }
    }
    found
}

/// Whether a method is called that is not the method of a name: `self.source.read()`, or `self.fetch()` where `fetch`
/// was kept in an attribute.
fn is_of_another_object(program: &Program<'_>, call: ExprRef) -> bool {
    let ExprKind::Call { callee, .. } = program.kind(call) else {
        return true;
    };
    match program.kind(program.sibling(call, *callee)) {
        ExprKind::Attribute { base, name, .. } => {
            let methods = program.callees(call);
            let mut functions = methods.iter().filter_map(|callee| match callee {
                Callee::Function { function, .. } => Some(program.scope(*function).name.as_str()),
                _ => None,
            });
            let is_plain = matches!(
                program.kind(program.sibling(call, *base)),
                ExprKind::Name { .. } | ExprKind::Call { .. }
            );
            !is_plain || functions.any(|function| function != name)
        }
        _ => false,
    }
}

/// Where the task waits for what it has handed over.
fn wait_for(context: &Context<'_>, inner: &Submission<'_>, reached: &BTreeSet<ScopeRef>) -> Option<ExprRef> {
    match inner.shape.result {
        SubmissionResult::Result | SubmissionResult::Results => Some(inner.call),
        SubmissionResult::Iterator => {
            let index = context.program.index(inner.call.file);
            index.parent(inner.call.expr).map(|_| inner.call)
        }
        _ => {
            let made = makers(context, inner);
            let uses = context.locks().uses().all().iter();
            let mut waits = uses.filter(|found| {
                matches!(found.operation, Operation::AwaitResult | Operation::AwaitResults)
                    && found.endless
                    && reached.contains(&found.function)
                    && found.objects.iter().any(|object| made.contains(object))
            });
            waits.next().map(|found| found.call)
        }
    }
}

/// The call itself and those that functions of the project make for it: what they give back is waited for.
fn makers(context: &Context<'_>, inner: &Submission<'_>) -> BTreeSet<ExprRef> {
    let mut made = BTreeSet::from([inner.call]);
    let mut open = inner.through;
    while let Some(call) = open {
        open = None;
        if made.insert(call) {
            let mut all = context.program.submissions.iter();
            open = all.find(|other| other.call == call).and_then(|other| other.through);
        }
    }
    made
}
