//! CC904: a pool's `with` block ends while work is pending.

use std::collections::BTreeSet;

use crate::finding::{Finding, Severity};

use super::{Check, Context, Rule, fixes};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC904",
    name: "pool-exits-with-work-pending",
    severity: Severity::Error,
    page: include_str!("../../rules/pool-exits-with-work-pending.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    let mut pools = BTreeSet::new();
    for lost in &context.pools().lost {
        // One end serves all the work of a block.
        let fix = if pools.insert(lost.pool) {
            fixes::wait_at_end(program, lost.pool)
        } else {
            None
        };
        let message = "the `with` block of the pool ends without waiting for this work: what is pending is thrown away";
        let draft = context
            .finding(&RULE, program.place(lost.submission), message.to_owned())
            .note(program.place(lost.pool), "leaving this block terminates the pool")
            .help("get the results inside the block, or call `close()` and `join()` at its end");
        findings.push(draft.fix(fix).done());
    }
}
