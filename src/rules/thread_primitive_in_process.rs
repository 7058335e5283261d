//! CC207: an object that connects threads is meant to connect processes.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::pickling::{Carrier, Kind};

use super::{Check, Context, Rule, pickled};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC207",
    name: "thread-primitive-in-process",
    severity: Severity::Error,
    page: include_str!("../../rules/thread-primitive-in-process.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for crossing in context.pickling().crossings(Kind::ThreadPrimitive) {
        let worker = match crossing.function {
            Some(function) => format!("`{}`", context.program.display_name(function)),
            None => "the process".to_owned(),
        };
        let fate = match crossing.carrier {
            Carrier::Global => "each process has its own, and what one does to it the other never sees",
            _ => "under fork the child gets a copy that its parent never sees again, otherwise it cannot be pickled",
        };
        let message = format!(
            "{} is {} and used by {worker} in another process as well as here: {fate}",
            pickled::subject(crossing),
            pickled::cause(context, &crossing.obstacle.cause),
        );
        let help = "use the one of `multiprocessing` with the same name, and hand it to the process when it starts";
        findings.push(pickled::finding(
            context,
            &RULE,
            crossing,
            Confidence::High,
            message,
            help,
        ));
    }
}
