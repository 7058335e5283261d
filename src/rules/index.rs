//! The list of rules. Written by `tests/rules_index.rs`.

use super::Rule;

/// All rules, sorted by code.
pub(super) static RULES: &[&Rule] = &[
    &super::syntax_error::RULE,
    &super::cpu_work_in_thread::RULE,
    &super::io_work_in_process::RULE,
    &super::tiny_task_in_process::RULE,
    &super::unpicklable_callable::RULE,
    &super::unpicklable_argument::RULE,
    &super::unpicklable_self::RULE,
    &super::unpicklable_result::RULE,
    &super::unpicklable_exception::RULE,
    &super::primitive_passed_to_pool::RULE,
    &super::thread_primitive_in_process::RULE,
    &super::missing_main_guard::RULE,
    &super::unguarded_start_method::RULE,
    &super::fork_after_threads::RULE,
    &super::preexec_fn::RULE,
    &super::target_missing_in_child::RULE,
    &super::join_before_drain::RULE,
    &super::cpu_work_on_event_loop::RULE,
    &super::blocking_call_on_event_loop::RULE,
    &super::waiting_on_event_loop::RULE,
    &super::loop_touched_from_thread::RULE,
    &super::offload_not_awaited::RULE,
    &super::loop_run_inside_loop::RULE,
    &super::pool_exit_on_event_loop::RULE,
    &super::pool_exits_with_work_pending::RULE,
    &super::result_after_pool_exit::RULE,
    &super::pool_inside_daemon_worker::RULE,
];
