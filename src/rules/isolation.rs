//! Whether a process is wanted for its own sake: to be killed, to be limited, to keep a crash away.

use crate::knowledge::Operation;
use crate::link::submissions::calls_through;
use crate::link::values::{ExprRef, Site};
use crate::link::{Callee, Program, Submission};

/// Whether the program stops the workers of a submission by force or replaces them.
pub(super) fn is_wanted(program: &Program<'_>, submission: &Submission<'_>) -> bool {
    let renewed = submission
        .workers
        .iter()
        .filter_map(|worker| worker.executor)
        .any(|executor| {
            let argument = program
                .type_fact(executor)
                .and_then(|fact| fact.renewal_argument.as_ref());
            match (argument, program.site(executor)) {
                (Some(argument), Some(Site::Expr(site))) => program.argument_at(site, argument).is_some(),
                _ => false,
            }
        });
    let makers = calls_through(program, submission);
    renewed || program.calls().any(|call| stops(program, call, &makers))
}

/// Whether a call stops a worker that one of the makers makes. A pool that is terminated at its end is merely cleaned up.
fn stops(program: &Program<'_>, call: ExprRef, makers: &[ExprRef]) -> bool {
    program.callees(call).iter().any(|callee| match callee {
        Callee::External {
            name,
            receiver: Some(receiver),
        } => {
            program.knowledge.operation(name) == Some(Operation::StopsWorker)
                && program
                    .site(*receiver)
                    .and_then(Site::expression)
                    .is_some_and(|made| makers.contains(&made))
        }
        _ => false,
    })
}
