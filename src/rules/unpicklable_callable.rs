//! CC201: a callable that has no name to be found under is handed to a process.

use crate::finding::{Finding, Severity};
use crate::summary::pickling::{Carrier, Cause, Kind};

use super::{Check, Context, Rule, pickled};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC201",
    name: "unpicklable-callable",
    severity: Severity::Error,
    page: include_str!("../../rules/unpicklable-callable.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for crossing in context.pickling().crossings(Kind::Callable) {
        let Some(condition) = pickled::condition(context, &crossing.when) else {
            continue;
        };
        let cause = pickled::cause(context, &crossing.obstacle.cause);
        let travels = pickled::travels(crossing, &condition);
        let by_itself = crossing.obstacle.path.is_empty() && crossing.carrier != Carrier::Worker;
        let message = if by_itself {
            format!("{cause} cannot be pickled: the worker has no name to find it under; {travels}")
        } else {
            let subject = pickled::subject(crossing);
            format!("{subject} is {cause}, which cannot be pickled: the worker has no name to find it under; {travels}")
        };
        let help = match crossing.obstacle.cause {
            Cause::Lambda(_) | Cause::Nested(_) => {
                "move it to the top level of a module, and pass what it closes over as arguments or with `functools.partial`"
            }
            Cause::Undecorated(_) => {
                "hand over a function that no decorator replaces, or start the worker where the function is called"
            }
            Cause::Decorated(_) => "decorate the inner function with `functools.wraps(function)`",
            _ => "move the class to the top level of a module",
        };
        findings.push(pickled::finding(
            context,
            &RULE,
            crossing,
            condition.confidence,
            message,
            help,
        ));
    }
}
