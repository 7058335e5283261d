//! CC204: what a worker returns cannot be sent back.

use crate::finding::{Confidence, Finding, Severity};
use crate::summary::pickling::{Cause, Kind};

use super::{Check, Context, Rule, pickled};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC204",
    name: "unpicklable-result",
    severity: Severity::Error,
    page: include_str!("../../rules/unpicklable-result.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for crossing in context.pickling().crossings(Kind::Result) {
        let worker = match crossing.function {
            Some(function) => format!("`{}`", context.program.display_name(function)),
            None => format!("`{}`", crossing.text),
        };
        let cause = pickled::cause(context, &crossing.obstacle.cause);
        let path = &crossing.obstacle.path;
        let returns = if path.is_empty() {
            format!("returns {cause}")
        } else {
            format!("returns something with {cause} in it (`{path}`)")
        };
        let message = format!("{worker} {returns}, which cannot be pickled to send it back to the caller");
        let help = match crossing.obstacle.cause {
            Cause::Generator(_) => "return a list",
            _ => "return the values that the caller needs, and let it build the object from them",
        };
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
