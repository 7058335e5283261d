//! Words that the rules about shared state use.

use crate::finding::{Confidence, Note};
use crate::link::{Intent, Program};
use crate::summary::sharing::{Origin, Race};

use super::{Context, Draft, Rule, wording};

/// The confidence of a race, low where only a test starts the threads.
fn confidence(context: &Context<'_>, race: &Race, confidence: Confidence) -> Confidence {
    let file = match race.origin {
        Origin::Submission(number) => context.program.submissions[number].call.file,
        Origin::Server(place) => place.file,
    };
    if context.program.is_test(file) && race.place.file != file {
        Confidence::Low
    } else {
        confidence
    }
}

/// "`work` runs in several threads".
pub(super) fn side_by_side(context: &Context<'_>, race: &Race) -> String {
    if race.by_callback {
        let name = context.program.display_name(race.root);
        return format!("the callback `{name}` runs in another thread");
    }
    // At the unit's own place the other one is what runs beside it.
    let other = race.other_origin.filter(|_| !race.by_starter);
    let name = match other.unwrap_or(race.origin) {
        Origin::Submission(number) => wording::target(context.program, &context.program.submissions[number]),
        Origin::Server(_) => format!("`{}`", context.program.display_name(race.root)),
    };
    if race.many {
        format!("{name} runs in several threads")
    } else {
        format!("{name} runs in another thread")
    }
}

/// The way from the submission to the place.
fn way(context: &Context<'_>, race: &Race) -> Vec<Note> {
    let program = context.program;
    let mut notes = vec![started(program, race.origin, "the thread is started here")];
    for &call in &race.chain {
        notes.push(Note {
            place: program.place(call),
            message: format!("`{}` is called on the way", program.text(call)),
        });
    }
    let other = race.other_origin.filter(|&other| other != race.origin);
    notes.extend(other.map(|other| started(program, other, "the other thread is started here")));
    notes
}

/// Where what makes code run stands; `one` says so of a single thread.
fn started(program: &Program<'_>, origin: Origin, one: &str) -> Note {
    let (place, message) = match origin {
        Origin::Server(place) => (place, "the server answers each request in a thread of its own"),
        Origin::Submission(number) => {
            let submission = &program.submissions[number];
            let message = if submission.intent == Intent::Single {
                one
            } else {
                "the threads are started here"
            };
            (program.place(submission.call), message)
        }
    };
    Note {
        place,
        message: message.to_owned(),
    }
}

/// A finding about a race; `other` says what happens at the other place of the race.
pub(super) fn draft(
    context: &Context<'_>,
    rule: &Rule,
    race: &Race,
    at_most: Confidence,
    message: String,
    other: Option<&str>,
) -> Draft {
    let draft = context
        .finding(rule, race.place, message)
        .confidence(confidence(context, race, at_most));
    let draft = match race.other.zip(other) {
        Some((place, other)) => draft.note(place, other),
        None => draft,
    };
    draft.notes(way(context, race))
}
