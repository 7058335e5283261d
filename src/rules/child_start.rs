//! How the workers of a submission may come to life.

use crate::config::StartMethod;
use crate::knowledge::WorkerKind;
use crate::link::{StartSetting, Submission};

use super::Context;

/// The ways in which process workers of a submission may be started: each with the condition under which it holds,
/// which is empty where the code fixes the way. Libraries with a pickler of their own start workers their own way, too
/// (loky, dask and ray never fork).
pub(super) fn ways(context: &Context<'_>, submission: &Submission<'_>) -> Vec<(StartMethod, String)> {
    let mut found: Vec<(StartMethod, String)> = Vec::new();
    for worker in submission
        .workers
        .iter()
        .filter(|worker| worker.kind == Some(WorkerKind::Process) && !worker.cloudpickle)
    {
        match worker.start {
            StartSetting::Explicit(method) => found.push((method, String::new())),
            StartSetting::Unknown => {}
            StartSetting::Default => {
                let set: Vec<Option<StartMethod>> = context.program.start_methods_set.values().copied().collect();
                if set.is_empty() {
                    found.extend(context.default_start_methods());
                } else if let [Some(method)] = set.as_slice() {
                    found.push((*method, String::new()));
                }
            }
        }
    }
    let mut once: Vec<(StartMethod, String)> = Vec::new();
    for way in found {
        if !once.contains(&way) {
            once.push(way);
        }
    }
    once
}

/// The conditions under which workers are forked; `None` where they never are, empty where they always are.
pub(super) fn forked(context: &Context<'_>, submission: &Submission<'_>) -> Option<String> {
    conditions(ways(context, submission), true)
}

/// The conditions under which workers start afresh; `None` where they never do, empty where they always do.
pub(super) fn fresh(context: &Context<'_>, submission: &Submission<'_>) -> Option<String> {
    conditions(ways(context, submission), false)
}

fn conditions(ways: Vec<(StartMethod, String)>, fork: bool) -> Option<String> {
    let holding: Vec<String> = ways
        .into_iter()
        .filter(|(method, _)| (*method == StartMethod::Fork) == fork)
        .map(|(_, condition)| condition)
        .collect();
    if holding.is_empty() {
        return None;
    }
    let named: Vec<String> = holding.into_iter().filter(|condition| !condition.is_empty()).collect();
    Some(named.join(" and "))
}
