//! Whether a process is wanted for its own sake: to be killed, to be limited, to keep a crash away.

use crate::facts::ExprKind;
use crate::link::values::{Site, Value};
use crate::link::{Program, Submission};

/// Methods of a worker or pool, and arguments of their constructors, that only make sense for isolation. They are part
/// of the language's own vocabulary of process objects, whichever library the object comes from.
const METHODS: [&str; 2] = ["terminate", "kill"];
const ARGUMENTS: [&str; 2] = ["maxtasksperchild", "max_tasks_per_child"];

/// Whether the program stops the workers of a submission by force or replaces them.
pub(super) fn is_wanted(program: &Program<'_>, submission: &Submission<'_>) -> bool {
    let mut sites = vec![submission.call];
    for executor in submission.workers.iter().filter_map(|worker| worker.executor) {
        if let Some(Site::Expr(site)) = program.site(executor) {
            sites.push(site);
        }
    }
    if sites.iter().any(|&site| {
        ARGUMENTS
            .iter()
            .any(|argument| program.argument(site, None, Some(argument)).is_some())
    }) {
        return true;
    }
    program.calls().any(|call| {
        let ExprKind::Call { callee, .. } = program.kind(call) else {
            return false;
        };
        let ExprKind::Attribute { base, name, .. } = program.kind(program.sibling(call, *callee)) else {
            return false;
        };
        METHODS.contains(&name.as_str())
            && program
                .values(program.sibling(call, *base))
                .iter()
                .any(|value| match program.value(value) {
                    Value::ExternalInstance {
                        site: Some(Site::Expr(site)),
                        ..
                    }
                    | Value::Instance {
                        site: Some(Site::Expr(site)),
                        ..
                    } => {
                        // A pool that is terminated at its end is merely cleaned up; a worker that is, is stopped.
                        *site == submission.call
                    }
                    _ => false,
                })
    })
}
