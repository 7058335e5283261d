//! The list of rules. Written by `tests/rules_index.rs`.

use super::Rule;

/// All rules, sorted by code.
pub(super) static RULES: &[&Rule] = &[
    &super::syntax_error::RULE,
    &super::cpu_work_in_thread::RULE,
    &super::io_work_in_process::RULE,
    &super::tiny_task_in_process::RULE,
    &super::throwaway_lock::RULE,
    &super::release_not_guaranteed::RULE,
    &super::self_deadlock::RULE,
    &super::lock_order_inversion::RULE,
    &super::await_under_thread_lock::RULE,
    &super::wait_inside_own_pool::RULE,
    &super::join_without_task_done::RULE,
    &super::unsignalled_failure::RULE,
    &super::empty_as_stop_test::RULE,
    &super::raising_callback::RULE,
];
