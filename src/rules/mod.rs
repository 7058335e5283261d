//! The rules, as plain data: each a `static` with its page and its check.
//!
//! In: the program, its summaries and assessments. Out: findings, unfiltered. Rules hold no analysis: they read what the
//! earlier stages say and decide whether to speak. A rule is one file here, one page in `rules/` and one folder in
//! `fixtures/`; `index.rs` lists them and is rewritten by `tests/rules.rs`.

mod child_start;
mod connection_shared_across_fork;
mod context;
mod cpu_work_in_thread;
mod duplicated_random_state;
mod fork_dependent_global;
mod index;
mod io_work_in_process;
mod isolation;
mod large_payload_per_task;
mod lost;
mod lost_argument_write;
mod lost_global_write;
mod lost_self_write;
mod proxy_in_hot_loop;
mod syntax_error;
mod tiny_task_in_process;
mod unguarded_shared_value;
mod wording;

use crate::finding::{FileId, Finding, Severity};
use crate::link::Submission;
use crate::link::values::{ExprRef, ScopeRef};

pub use context::{Context, Draft};

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its code, such as `CC101`.
    pub code: &'static str,
    /// Its name, such as `cpu-work-in-thread`.
    pub name: &'static str,
    /// How bad its findings are.
    pub severity: Severity,
    /// Its page: Markdown below TOML front matter between `+++` lines.
    pub page: &'static str,
    /// What it looks at.
    pub check: Check,
}

/// What a rule looks at, at the narrowest level that it needs.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Each submission with its assessment.
    Submission(fn(&Context<'_>, usize, &Submission<'_>, &mut Vec<Finding>)),
    /// Each function, lambda and module.
    Function(fn(&Context<'_>, ScopeRef, &mut Vec<Finding>)),
    /// Each call.
    Call(fn(&Context<'_>, ExprRef, &mut Vec<Finding>)),
    /// Each file.
    File(fn(&Context<'_>, FileId, &mut Vec<Finding>)),
    /// The whole program, once.
    Program(fn(&Context<'_>, &mut Vec<Finding>)),
}

/// All rules, sorted by code.
#[must_use]
pub fn all() -> &'static [&'static Rule] {
    index::RULES
}

/// Runs the rules that are wanted; findings come in no particular order.
#[must_use]
pub fn run(context: &Context<'_>, wanted: &dyn Fn(&Rule) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in all().iter().copied().filter(|rule| wanted(rule)) {
        match rule.check {
            Check::Submission(check) => {
                for (number, submission) in context.program.submissions.iter().enumerate() {
                    check(context, number, submission, &mut findings);
                }
            }
            Check::Function(check) => context
                .program
                .scopes()
                .for_each(|scope| check(context, scope, &mut findings)),
            Check::Call(check) => context
                .program
                .calls()
                .for_each(|call| check(context, call, &mut findings)),
            Check::File(check) => context
                .program
                .file_ids()
                .for_each(|file| check(context, file, &mut findings)),
            Check::Program(check) => check(context, &mut findings),
        }
    }
    findings
}
