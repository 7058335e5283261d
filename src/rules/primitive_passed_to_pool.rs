//! CC206: one of multiprocessing's own primitives travels with a task.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::pickling::Kind;

use super::{Check, Context, Rule, pickled};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC206",
    name: "primitive-passed-to-pool",
    severity: Severity::Error,
    page: include_str!("../../rules/primitive-passed-to-pool.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for crossing in context.pickling().crossings(Kind::Primitive) {
        let message = format!(
            "{} is {}, which travels only while a process starts, and not with a task of `{}`",
            pickled::subject(crossing),
            pickled::cause(context, &crossing.obstacle.cause),
            crossing.api
        );
        let help = "hand it to the workers through the pool's `initializer` and `initargs`, or use the one of a `multiprocessing.Manager()`";
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
