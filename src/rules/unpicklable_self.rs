//! CC203: an instance that holds something that does not pickle is handed to a process.

use crate::finding::{Finding, Severity};
use crate::summary::pickling::{Carrier, Kind};

use super::{Check, Context, Rule, pickled};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC203",
    name: "unpicklable-self",
    severity: Severity::Error,
    page: include_str!("../../rules/unpicklable-self.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for crossing in context.pickling().crossings(Kind::Instance) {
        let Some(condition) = pickled::condition(context, &crossing.when) else {
            continue;
        };
        let why = match crossing.carrier {
            Carrier::Callable => "a bound method takes its object along",
            _ => "an object takes its attributes along",
        };
        let message = format!(
            "{} is {}, which cannot be pickled; {} ({why})",
            pickled::subject(crossing),
            pickled::cause(context, &crossing.obstacle.cause),
            pickled::travels(crossing, &condition)
        );
        let help = match crossing.carrier {
            Carrier::Callable => {
                "hand over a function that takes only the values it needs, or leave the attribute out in `__getstate__`"
            }
            Carrier::Worker => "make it in `run`, which is what the new process executes",
            _ => "pass only the values that the worker needs, or leave the attribute out in `__getstate__`",
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
