//! Units that run side by side with each other: one is started while the other runs.

use std::collections::{BTreeMap, BTreeSet};

use crate::link::values::ExprRef;

use super::beside::{Uses, starts_of};
use super::is_disturbed;
use super::places::Location;
use super::units::Unit;
use super::walk::{Access, Walked};

/// The units that each call starts.
pub(super) fn started_at(units: &[Unit<'_, '_>], uses: &Uses) -> BTreeMap<ExprRef, Vec<usize>> {
    let mut found: BTreeMap<ExprRef, Vec<usize>> = BTreeMap::new();
    for (number, unit) in units.iter().enumerate() {
        let Some(submission) = unit.submission().filter(|_| !unit.is_callback && !unit.by_name_only) else {
            continue;
        };
        for start in starts_of(uses, submission) {
            found.entry(start).or_default().push(number);
        }
    }
    found
}

/// The units after this one that the same call starts: `for thread in threads: thread.start()`.
pub(super) fn started_together(started_at: &BTreeMap<ExprRef, Vec<usize>>, number: usize) -> Vec<usize> {
    let groups = started_at.values().filter(|group| group.contains(&number));
    groups.flatten().copied().filter(|&other| other > number).collect()
}

/// What runs beside a unit: the units that are started meanwhile, and those that these start.
pub(super) fn running_beside(
    units: &[Unit<'_, '_>],
    own: &[Walked],
    number: usize,
    started: impl IntoIterator<Item = usize>,
) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open: Vec<usize> = started.into_iter().collect();
    while let Some(other) = open.pop() {
        if !may_be_one_run(&units[number], &units[other]) && found.insert(other) {
            open.extend(&own[other].started);
        }
    }
    found
}

/// Whether two units may stand for one thread: what one submission may hand over are alternatives, and a function that
/// is started at several places is mostly started once in each run of the program.
fn may_be_one_run(one: &Unit<'_, '_>, other: &Unit<'_, '_>) -> bool {
    let scope = |unit: &Unit<'_, '_>| unit.submission().map(|submission| submission.scope);
    one.origin == other.origin || one.roots == other.roots && scope(one) != scope(other)
}

/// What other units do, while a unit runs, to the state that it uses.
pub(super) fn of_other_units(own: &[Walked], number: usize, others: &BTreeSet<usize>) -> Vec<Access> {
    let used: BTreeSet<&Location> = own[number].accesses.iter().map(|access| &access.location).collect();
    let accesses = others
        .iter()
        .flat_map(|&other| own[other].accesses.iter().map(move |access| (other, access)));
    accesses
        .filter(|(_, access)| is_disturbed(access.event.kind) && used.contains(&access.location))
        .map(|(other, access)| Access {
            unit: number,
            by_starter: true,
            beside: Some(other),
            ..access.clone()
        })
        .collect()
}
