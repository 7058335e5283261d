//! What the rules about the event loop say alike.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::finding::{Finding, Place};
use crate::link::values::ScopeRef;
use crate::summary::event_loop::{Cause, Stall};

use super::{Context, Draft, Rule};

/// The parts of a message: the helper that is called, if there is one, the API underneath, and the coroutine.
pub(super) struct Words<'a> {
    pub(super) helper: Option<String>,
    pub(super) api: &'a str,
    pub(super) coroutine: String,
}

/// The findings of a rule about one cause that needs no further look.
pub(super) fn report(
    context: &Context<'_>,
    rule: &Rule,
    cause: Cause,
    message: impl Fn(&Words<'_>) -> String,
    help: &str,
) -> Vec<Finding> {
    let stalls = context.event_loop().stalls.iter();
    stalls
        .filter(|stall| stall.cause == cause)
        .map(|stall| {
            let text = message(&words(context, stall));
            draft(context, rule, stall, text).help(help).done()
        })
        .collect()
}

/// The parts of a message about a stall.
pub(super) fn words<'a>(context: &Context<'_>, stall: &'a Stall) -> Words<'a> {
    let program = context.program;
    Words {
        helper: stall.helper.map(|helper| program.display_name(helper)),
        api: &stall.api,
        coroutine: program.display_name(stall.function),
    }
}

/// Of the stalls that come down to the same call in one coroutine, or through the same function in several, the first,
/// and where the others are.
pub(super) fn grouped<'a>(stalls: impl Iterator<Item = &'a Stall>) -> Vec<Group<'a>> {
    let alone = stalls.map(|stall| (stall, Vec::new())).collect();
    let of_coroutines = merged(alone, |stall| Some((stall.function, cause(stall))));
    merged(of_coroutines, |stall| Some((stall.helper?, cause(stall))))
}

type Group<'a> = (&'a Stall, Vec<&'a Stall>);

/// Puts groups whose first stalls have the same key together.
fn merged<'a>(groups: Vec<Group<'a>>, key: impl Fn(&Stall) -> Option<(ScopeRef, Place)>) -> Vec<Group<'a>> {
    let mut positions = BTreeMap::new();
    let mut found: Vec<Group<'a>> = Vec::new();
    for (first, others) in groups {
        match key(first).map(|key| positions.entry(key)) {
            Some(Entry::Occupied(entry)) => {
                let group: &mut Group<'a> = &mut found[*entry.get()];
                group.1.push(first);
                group.1.extend(others);
            }
            vacant => {
                if let Some(Entry::Vacant(entry)) = vacant {
                    entry.insert(found.len());
                }
                found.push((first, others));
            }
        }
    }
    found
}

/// The call that a stall comes down to.
fn cause(stall: &Stall) -> Place {
    let deepest = stall.chain.last().filter(|_| stall.helper.is_some());
    deepest.map_or(stall.place, |note| note.place)
}

/// A finding about a stall, with the way to it.
pub(super) fn draft(context: &Context<'_>, rule: &Rule, stall: &Stall, message: String) -> Draft {
    context
        .finding(rule, stall.place, message)
        .confidence(stall.confidence)
        .notes(stall.chain.iter().cloned())
}
