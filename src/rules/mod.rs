//! The rules, as plain data: each a `static` with its page and its check.
//!
//! In: the program, its summaries and assessments. Out: findings, unfiltered. Rules hold no analysis: they read what the
//! earlier stages say and decide whether to speak. A rule is one file here, one page in `rules/` and one folder in
//! `fixtures/`; `index.rs` lists them and is rewritten by `tests/rules.rs`.

mod args_not_tuple;
mod await_under_thread_lock;
mod awaited_offload_in_loop;
mod blocking_apply_in_loop;
mod blocking_call_on_event_loop;
mod busy_wait;
mod called_not_passed;
mod check_then_act;
mod child_start;
mod connection_shared_across_fork;
mod context;
mod coroutine_function_submitted;
mod cpu_work_in_thread;
mod cpu_work_on_event_loop;
mod daemon_thread_writes;
mod dangling_task;
mod dropped_async_result;
mod dropped_future;
mod duplicated_random_state;
mod empty_as_stop_test;
mod fixes;
mod fork_after_threads;
mod fork_dependent_global;
mod function_as_thread_group;
mod inconsistent_lock;
mod index;
mod io_work_in_process;
mod isolation;
mod join_before_drain;
mod join_in_start_loop;
mod join_without_task_done;
mod large_payload_per_task;
mod late_bound_loop_variable;
mod lazy_init_race;
mod lock_order_inversion;
mod loop_run_inside_loop;
mod loop_touched_from_thread;
mod lost;
mod lost_argument_write;
mod lost_failure;
mod lost_global_write;
mod lost_proxy_write;
mod lost_self_write;
mod missing_main_guard;
mod mutated_while_iterated;
mod never_started;
mod offload_not_awaited;
mod pickled;
mod pool_exit_on_event_loop;
mod pool_exits_with_work_pending;
mod pool_inside_daemon_worker;
mod pool_never_closed;
mod pool_per_iteration;
mod preexec_fn;
mod primitive_passed_to_pool;
mod process_wide_state_in_thread;
mod proxy_in_hot_loop;
mod races;
mod raising_callback;
mod release_not_guaranteed;
mod result_after_pool_exit;
mod result_in_submit_loop;
mod run_instead_of_start;
mod self_deadlock;
mod shared_iterator;
mod stalls;
mod start_methods;
mod started_in_init;
mod started_twice;
mod syntax_error;
mod target_missing_in_child;
mod thread_bound_object_shared;
mod thread_primitive_in_process;
mod throwaway_lock;
mod tiny_task_in_process;
mod unguarded_shared_value;
mod unguarded_start_method;
mod unguarded_update;
mod unpicklable_argument;
mod unpicklable_callable;
mod unpicklable_exception;
mod unpicklable_result;
mod unpicklable_self;
mod unread_map;
mod unsignalled_failure;
mod unused_suppression;
mod wait_inside_own_pool;
mod wait_outside_loop;
mod wait_without_lock;
mod waiting_on_event_loop;
mod wording;
mod worker_count;
mod worker_init_not_called;
mod worker_per_item;
mod wrong_arity;

use crate::finding::{FileId, Finding, Severity};
use crate::link::Submission;
use crate::link::values::{ExprRef, ScopeRef};
use crate::source::{SourceFile, Unused};

pub use context::{Context, Draft};
pub use syntax_error::CODE as SYNTAX_ERROR;

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
    /// Each comment that switches off what no other rule has found; asked when all have spoken.
    Suppression(fn(FileId, &SourceFile, &Unused<'_>, &mut Vec<Finding>)),
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
            Check::Suppression(_) => {}
        }
    }
    findings
}

/// Asks the rules about comments.
pub fn run_on_suppression(id: FileId, file: &SourceFile, unused: &Unused<'_>, findings: &mut Vec<Finding>) {
    for rule in all() {
        if let Check::Suppression(check) = rule.check {
            check(id, file, unused, findings);
        }
    }
}
