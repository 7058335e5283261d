//! CC202: an argument that does not pickle is handed to a process.

use crate::finding::{Finding, Severity};
use crate::summary::pickling::{Cause, Kind};

use super::{Check, Context, Rule, pickled};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC202",
    name: "unpicklable-argument",
    severity: Severity::Error,
    page: include_str!("../../rules/unpicklable-argument.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for crossing in context.pickling().crossings(Kind::Argument) {
        let Some(condition) = pickled::condition(context, &crossing.when) else {
            continue;
        };
        let message = format!(
            "{} is {}, which cannot be pickled; {}",
            pickled::subject(crossing),
            pickled::cause(context, &crossing.obstacle.cause),
            pickled::travels(crossing, &condition)
        );
        let help = match crossing.obstacle.cause {
            Cause::Generator(_) => "pass a list, or let the worker make the generator itself",
            Cause::Module(_) => "import the module in the worker, or pass its name",
            _ => "let the worker make its own (from a path or address), in the task or in the pool's `initializer`",
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
