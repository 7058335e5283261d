//! CC501: a lock that no two runs share.

use crate::facts::{DefKind, ExprId, ExprKind, StmtKind};
use crate::finding::{Finding, Severity};
use crate::knowledge::{Operation, Role};
use crate::link::Callee;
use crate::link::values::{ExprRef, ScopeRef};
use crate::summary::locks::lock_facts;

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC501",
    name: "throwaway-lock",
    severity: Severity::Warning,
    page: include_str!("../../rules/throwaway-lock.md"),
    check: Check::Function(check),
};

fn check(context: &Context<'_>, function: ScopeRef, findings: &mut Vec<Finding>) {
    let index = context.program.index(function.file);
    for &statement in index.statements_of(function.scope) {
        let StmtKind::With { items, .. } = &index.statement(statement).stmt.kind else {
            continue;
        };
        for &(item, _) in items {
            let item = ExprRef {
                file: function.file,
                expr: item,
            };
            if let Some(made) = made_for_this_run(context, function, item) {
                let text = context.program.text(item);
                let message = format!("`{text}` is a new lock in each run, so no run ever waits for another");
                let mut draft = context.finding(&RULE, context.program.place(item), message);
                if made != item {
                    draft = draft.note(context.program.place(made), "it is made here");
                }
                let help = "make the lock once, next to the data that it guards: at module level or in `__init__`";
                findings.push(draft.help(help).done());
            }
        }
    }
}

/// The call in the same function that makes the lock, if nothing else can get at it.
fn made_for_this_run(context: &Context<'_>, function: ScopeRef, lock: ExprRef) -> Option<ExprRef> {
    let program = context.program;
    if function == program.module_scope(function.file) {
        return None;
    }
    let facts = lock_facts(program, lock)?;
    let &[made] = facts.sites.as_slice() else {
        return None;
    };
    if !makes_a_lock(context, made) || is_alarm_clock(context, function, made) {
        return None;
    }
    if made == lock {
        return Some(made);
    }
    let ExprKind::Name {
        symbol: Some(symbol),
        reaching,
        ..
    } = program.kind(lock)
    else {
        return None;
    };
    let file = program.file(function.file);
    let is_own = matches!(reaching.as_slice(), &[def]
        if matches!(&file.definition(def).kind, DefKind::Assign { value, path } if *value == made.expr && path.is_empty()));
    let index = program.index(function.file);
    let stays = index
        .reads(*symbol)
        .iter()
        .all(|&read| index.scope_of(read) == function.scope && is_plain_use(context, function, read));
    let is_shared_code = || !context.locks().uses().submissions_of(function).is_empty();
    (is_own && stays && file.symbol(*symbol).definitions.len() == 1 && is_shared_code()).then_some(made)
}

/// A condition that is only there to wait on it for a time.
fn is_alarm_clock(context: &Context<'_>, function: ScopeRef, made: ExprRef) -> bool {
    let mut uses = context.locks().uses().of(function);
    uses.any(|used| used.operation == Operation::AwaitSignal && !used.endless && used.objects.contains(&made))
}

/// Whether a call is that of a constructor; a method that hands out an object's own lock is not.
fn makes_a_lock(context: &Context<'_>, call: ExprRef) -> bool {
    let program = context.program;
    program.callees(call).iter().all(|callee| match callee {
        Callee::External { receiver: None, .. } | Callee::Class(_) => true,
        Callee::External {
            receiver: Some(receiver),
            ..
        } => program.role(*receiver) == Some(Role::Context),
        _ => false,
    })
}

/// A `with` item, or the object of a method call.
fn is_plain_use(context: &Context<'_>, function: ScopeRef, read: ExprId) -> bool {
    let index = context.program.index(function.file);
    match index.parent(read) {
        Some(parent) => matches!(context.program.file(function.file).kind(parent), ExprKind::Attribute { .. }),
        None => index.statement_of(read).is_some_and(|statement| {
            matches!(&index.statement(statement).stmt.kind, StmtKind::With { items, .. } if items.iter().any(|(item, _)| *item == read))
        }),
    }
}
