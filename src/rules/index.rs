//! The list of rules. Written by `tests/rules.rs`.

use super::Rule;

/// All rules, sorted by code.
pub(super) static RULES: &[&Rule] = &[
    &super::syntax_error::RULE,
    &super::cpu_work_in_thread::RULE,
    &super::io_work_in_process::RULE,
    &super::tiny_task_in_process::RULE,
    &super::unguarded_shared_value::RULE,
];
