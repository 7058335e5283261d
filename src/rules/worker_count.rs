//! CC108: far more workers than help.

use crate::config::Platform;
use crate::finding::{Confidence, Finding, Severity};
use crate::knowledge::{Role, WorkerKind};
use crate::link::values::{ExprRef, Site};

use super::{Check, Context, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC108",
    name: "worker-count",
    severity: Severity::Warning,
    page: include_str!("../../rules/worker-count.md"),
    check: Check::Call(check),
};

/// More threads than this cost more than they bring, whatever they do.
const THREADS: i64 = 1000;
/// More processes than this do.
const PROCESSES: i64 = 256;
/// Windows waits for at most this many processes at once.
const WINDOWS: i64 = 61;

fn check(context: &Context<'_>, call: ExprRef, findings: &mut Vec<Finding>) {
    let program = context.program;
    for value in program.values(call).iter() {
        let Some(fact) = program.type_fact(value) else { continue };
        let is_pool = matches!(fact.role, Some(Role::Pool | Role::Executor)) && fact.on_exit.is_some();
        if !is_pool || program.site(value) != Some(Site::Expr(call)) {
            continue;
        }
        let Some(argument) = fact
            .workers_argument
            .as_ref()
            .and_then(|at| program.argument_at(call, at))
        else {
            continue;
        };
        let (numbers, false) = program.literal_integers(argument) else {
            continue;
        };
        let Some(&number) = numbers.iter().min() else { continue };
        let Some((message, help)) = judge(context, fact.worker, number) else {
            continue;
        };
        let draft = context
            .finding(&RULE, program.place(call), message)
            .confidence(Confidence::Medium)
            .note(program.place(argument), "the number of workers");
        findings.push(draft.help(help).done());
        return;
    }
}

fn judge(context: &Context<'_>, worker: Option<WorkerKind>, number: i64) -> Option<(String, &'static str)> {
    match worker? {
        WorkerKind::Thread if number >= THREADS => Some((
            format!("{number} threads are far more than help"),
            "for waiting work a few dozen threads do; for more, use asyncio",
        )),
        WorkerKind::Process if number >= PROCESSES => Some((
            format!("{number} processes are far more than there are cores"),
            "leave the number out: the default is the number of cores",
        )),
        WorkerKind::Process if number > WINDOWS && context.settings.platforms == [Platform::Windows] => Some((
            format!("{number} processes are more than Windows can wait for at once: the limit is {WINDOWS}"),
            "leave the number out, or use `min(61, os.cpu_count())`",
        )),
        _ => None,
    }
}
