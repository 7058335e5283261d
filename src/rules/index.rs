//! The list of rules. Written by `tests/rules.rs`.

use super::Rule;

/// All rules, sorted by code.
pub(super) static RULES: &[&Rule] = &[
    &super::syntax_error::RULE,
    &super::cpu_work_in_thread::RULE,
    &super::io_work_in_process::RULE,
    &super::tiny_task_in_process::RULE,
    &super::large_payload_per_task::RULE,
    &super::proxy_in_hot_loop::RULE,
    &super::lost_global_write::RULE,
    &super::lost_argument_write::RULE,
    &super::lost_self_write::RULE,
    &super::fork_dependent_global::RULE,
    &super::connection_shared_across_fork::RULE,
    &super::duplicated_random_state::RULE,
    &super::unguarded_shared_value::RULE,
];
