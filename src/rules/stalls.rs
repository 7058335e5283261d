//! What the rules about the event loop say alike.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::finding::Finding;
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

/// Of the stalls of one coroutine that come down to the same call, the first, and where the others are.
pub(super) fn grouped<'a>(stalls: impl Iterator<Item = &'a Stall>) -> Vec<(&'a Stall, Vec<&'a Stall>)> {
    let mut groups: BTreeMap<_, (&Stall, Vec<&Stall>)> = BTreeMap::new();
    for stall in stalls {
        let deepest = stall.chain.last().filter(|_| stall.helper.is_some());
        let cause = deepest.map_or(stall.place, |note| note.place);
        match groups.entry((stall.function, cause)) {
            Entry::Vacant(entry) => {
                entry.insert((stall, Vec::new()));
            }
            Entry::Occupied(mut entry) => entry.get_mut().1.push(stall),
        }
    }
    groups.into_values().collect()
}

/// A finding about a stall, with the way to it.
pub(super) fn draft(context: &Context<'_>, rule: &Rule, stall: &Stall, message: String) -> Draft {
    context
        .finding(rule, stall.place, message)
        .confidence(stall.confidence)
        .notes(stall.chain.iter().cloned())
}
