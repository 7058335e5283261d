//! The list of rules. Written by `tests/rules.rs`.

use super::Rule;

/// All rules, sorted by code.
pub(super) static RULES: &[&Rule] = &[
    &super::syntax_error::RULE,
    &super::cpu_work_in_thread::RULE,
    &super::io_work_in_process::RULE,
    &super::tiny_task_in_process::RULE,
    &super::unguarded_update::RULE,
    &super::check_then_act::RULE,
    &super::mutated_while_iterated::RULE,
    &super::inconsistent_lock::RULE,
    &super::lazy_init_race::RULE,
    &super::thread_bound_object_shared::RULE,
    &super::late_bound_loop_variable::RULE,
];
