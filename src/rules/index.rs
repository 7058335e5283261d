//! The list of rules. Written by `tests/rules_index.rs`.

use super::Rule;

/// All rules, sorted by code.
pub(super) static RULES: &[&Rule] = &[
    &super::syntax_error::RULE,
    &super::cpu_work_in_thread::RULE,
    &super::io_work_in_process::RULE,
    &super::tiny_task_in_process::RULE,
    &super::worker_count::RULE,
    &super::called_not_passed::RULE,
    &super::args_not_tuple::RULE,
    &super::wrong_arity::RULE,
    &super::coroutine_function_submitted::RULE,
    &super::function_as_thread_group::RULE,
    &super::run_instead_of_start::RULE,
    &super::never_started::RULE,
    &super::worker_init_not_called::RULE,
    &super::result_in_submit_loop::RULE,
    &super::join_in_start_loop::RULE,
    &super::blocking_apply_in_loop::RULE,
    &super::pool_per_iteration::RULE,
    &super::worker_per_item::RULE,
    &super::busy_wait::RULE,
    &super::dropped_future::RULE,
    &super::unread_map::RULE,
    &super::dropped_async_result::RULE,
    &super::pool_never_closed::RULE,
    &super::daemon_thread_writes::RULE,
];
