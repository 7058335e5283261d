//! CC105: a proxy of a manager in each round of a worker's loop.

use crate::finding::{Confidence, Finding, Severity};

use super::{Check, Context, Rule, wording};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC105",
    name: "proxy-in-hot-loop",
    severity: Severity::Warning,
    page: include_str!("../../rules/proxy-in-hot-loop.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for proxy in &context.child_memory().proxies {
        let submission = &program.submissions[proxy.submission];
        let name = program.text(proxy.proxy);
        let often = match proxy.rounds {
            Some(rounds) => format!("{rounds:.0} times"),
            None => "in each round of the loop".to_owned(),
        };
        let message = format!("`{name}` is a proxy: each use is a round trip to the manager's process, made {often}");
        findings.push(
            context
                .finding(&RULE, program.place(proxy.operation), message)
                .confidence(Confidence::Medium)
                .note(
                    program.place(submission.call),
                    format!("{} is {} a process here", wording::target(program, submission), wording::handed(submission)),
                )
                .help(format!("collect in a plain object and give it to `{name}` once after the loop, or return it from the worker; read what does not change before the loop"))
                .done(),
        );
    }
}
