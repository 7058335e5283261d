//! CC304: a process is forked while threads run.

use crate::config::StartMethod;
use crate::finding::{Confidence, Finding, Note, Severity};
use crate::link::StartSetting;
use crate::summary::pools::ForkedThread;

use super::{Check, Context, Rule, start_methods};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC304",
    name: "fork-after-threads",
    severity: Severity::Warning,
    page: include_str!("../../rules/fork-after-threads.md"),
    check: Check::Program(check),
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let program = context.program;
    for forked in &context.pools().forked {
        let methods = start_methods::possible(context, forked.fork.file, forked.start);
        let Some((_, when)) = methods.iter().find(|(method, _)| *method == StartMethod::Fork) else {
            continue;
        };
        let condition = match forked.start {
            StartSetting::Explicit(_) => String::new(),
            _ => format!(" under fork ({when})"),
        };
        let message = format!(
            "a process is forked{condition} while a thread may be running: a lock that the thread holds stays locked in the child"
        );
        let help = if forked.bare {
            "fork before threads are started, or start a program with `subprocess`"
        } else {
            "start processes before threads, or use the spawn or forkserver start method"
        };
        let draft = context
            .finding(&RULE, program.place(forked.fork), message)
            .confidence(confidence(context, forked))
            .note(program.place(forked.thread), "the thread is started here")
            .notes(forked.path.iter().map(|&call| Note {
                place: program.place(call),
                message: "this call leads to the fork".to_owned(),
            }))
            .help(help);
        findings.push(draft.done());
    }
}

/// Other programs need not run in the order in which a test does things, nor make all calls that they could.
fn confidence(context: &Context<'_>, forked: &ForkedThread) -> Confidence {
    let is_test = |file| context.program.is_test(file);
    let first = forked.path.first().copied().unwrap_or(forked.fork);
    let only_tested = is_test(first.file) && !is_test(forked.fork.file);
    if only_tested || !forked.certain {
        Confidence::Low
    } else {
        Confidence::Medium
    }
}
