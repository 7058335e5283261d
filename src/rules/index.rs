//! The list of rules. Written by `tests/rules.rs`.

use super::Rule;

/// All rules, sorted by code.
pub(super) static RULES: &[&Rule] = &[
    &super::syntax_error::RULE,
    &super::cpu_work_in_thread::RULE,
    &super::io_work_in_process::RULE,
    &super::tiny_task_in_process::RULE,
    &super::missing_main_guard::RULE,
    &super::unguarded_start_method::RULE,
    &super::fork_after_threads::RULE,
    &super::preexec_fn::RULE,
    &super::target_missing_in_child::RULE,
    &super::join_before_drain::RULE,
    &super::pool_exits_with_work_pending::RULE,
    &super::result_after_pool_exit::RULE,
    &super::pool_inside_daemon_worker::RULE,
];
