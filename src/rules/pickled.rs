//! Words that the rules about pickling share.

use crate::config::StartMethod;
use crate::finding::{Confidence, Finding, Note};
use crate::link::StartSetting;
use crate::link::values::Site;
use crate::summary::pickling::{Carrier, Cause, Crossing, When};

use super::{Context, Rule};

/// On which condition something is pickled at all.
pub(super) struct Condition {
    /// "where ...", or nothing when it is always.
    pub(super) text: String,
    /// At most this sure.
    pub(super) confidence: Confidence,
}

/// On which condition something is pickled; `None` where it never is.
pub(super) fn condition(context: &Context<'_>, when: &When) -> Option<Condition> {
    let always = Condition {
        text: String::new(),
        confidence: Confidence::High,
    };
    let When::AtStart(settings) = when else {
        return Some(always);
    };
    let mut weaker = None;
    for setting in settings {
        match setting {
            StartSetting::Explicit(StartMethod::Fork) => {}
            StartSetting::Explicit(_) => return Some(always),
            StartSetting::Unknown => {
                weaker = Some(Condition {
                    text: " unless the start method is fork".to_owned(),
                    confidence: Confidence::Medium,
                });
            }
            StartSetting::Default => match default_condition(context) {
                Some(condition) if condition.text.is_empty() => return Some(condition),
                Some(condition) => weaker = Some(condition),
                None => {}
            },
        }
    }
    weaker
}

fn default_condition(context: &Context<'_>) -> Option<Condition> {
    let set = &context.program.start_methods_set;
    if !set.is_empty() && set.values().all(|method| *method == Some(StartMethod::Fork)) {
        return None;
    }
    let never_forks = |method: &Option<StartMethod>| method.is_some_and(|method| method != StartMethod::Fork);
    if !set.is_empty() && set.values().all(never_forks) {
        return Some(Condition {
            text: String::new(),
            confidence: Confidence::High,
        });
    }
    let methods = context.default_start_methods();
    let places: Vec<&str> = methods
        .iter()
        .filter(|(method, _)| *method != StartMethod::Fork)
        .map(|(_, place)| place.as_str())
        .collect();
    if places.is_empty() {
        return None;
    }
    let (everywhere, configured) = (places.len() == methods.len(), context.settings.start_method.is_some());
    Some(Condition {
        text: if configured {
            String::new()
        } else {
            format!(" where processes do not fork ({})", places.join(", "))
        },
        confidence: if everywhere {
            Confidence::High
        } else {
            Confidence::Medium
        },
    })
}

/// What stops something from crossing, with its article or name.
pub(super) fn cause(context: &Context<'_>, cause: &Cause) -> String {
    let program = context.program;
    match cause {
        Cause::Lambda(_) => "a lambda".to_owned(),
        Cause::Nested(function) => format!("the nested function `{}`", program.scope(*function).name),
        Cause::Decorated(function) => format!(
            "`{}`, whose decorator puts a nested function in its place",
            program.display_name(*function)
        ),
        Cause::Undecorated(function) => format!(
            "the function `{}` as its decorator got it",
            program.display_name(*function)
        ),
        Cause::LocalClass(class) => format!("the local class `{}`", program.scope(*class).name),
        Cause::MadeClass(name) => format!("the class `{name}` (made by a call, no global has its name)"),
        Cause::Generator(Some(function)) => format!("a generator (from `{}`)", program.display_name(*function)),
        Cause::Generator(None) => "a generator".to_owned(),
        Cause::Coroutine(function) => format!("a coroutine (from `{}`)", program.display_name(*function)),
        Cause::Module(name) => format!("the module `{name}`"),
        Cause::Type { name, .. } | Cause::Primitive { name, .. } => {
            let article = if name.starts_with(['a', 'e', 'i', 'o']) {
                "an"
            } else {
                "a"
            };
            format!("{article} `{name}`")
        }
    }
}

/// What CPython says about it.
pub(super) fn error(cause: &Cause) -> Option<&str> {
    match cause {
        Cause::Type { error, .. } | Cause::Primitive { error, .. } => error.as_deref(),
        _ => None,
    }
}

/// What travels, with the way to what stops it: `self.client.lock`.
pub(super) fn subject(crossing: &Crossing) -> String {
    format!("`{}{}`", crossing.text, crossing.obstacle.path)
}

/// The end of a message: what pickles it, and when.
pub(super) fn travels(crossing: &Crossing, condition: &Condition) -> String {
    let by = match crossing.carrier {
        Carrier::Worker => "starting the process pickles it".to_owned(),
        Carrier::Initializer => format!("`{}` pickles it for each worker", crossing.api),
        _ => format!("`{}` pickles it", crossing.api),
    };
    format!("{by}{}", condition.text)
}

/// A finding about a crossing, at the call that hands over.
pub(super) fn finding(
    context: &Context<'_>,
    rule: &Rule,
    crossing: &Crossing,
    at_most: Confidence,
    message: String,
    help: impl Into<String>,
) -> Finding {
    let said = error(&crossing.obstacle.cause).map(|error| Note {
        place: context.program.place(crossing.call),
        message: format!("CPython says `{error}`"),
    });
    let at_most = if comes_from_a_test(context, crossing) {
        Confidence::Low
    } else if may_be_doubled(context, crossing) {
        at_most.min(Confidence::Medium)
    } else {
        at_most
    };
    context
        .finding(rule, context.program.place(crossing.call), message)
        .confidence(crossing.obstacle.confidence.min(at_most))
        .notes(crossing.obstacle.notes.iter().cloned())
        .notes(said)
        .help(help)
        .done()
}

/// Only a test hands over what does not pickle: that is a double, and the program itself may pass something else.
fn comes_from_a_test(context: &Context<'_>, crossing: &Crossing) -> bool {
    let program = context.program;
    let culprit = crossing.obstacle.value.and_then(|value| program.site(value));
    let made = culprit.and_then(Site::expression);
    made.is_some_and(|made| program.is_test(made.file)) && !program.is_test(crossing.call.file)
}

/// Tests that go through a wrapper of the project mostly put a double in the place of what it wraps.
fn may_be_doubled(context: &Context<'_>, crossing: &Crossing) -> bool {
    let program = context.program;
    program.is_test(crossing.call.file)
        && program
            .submissions
            .iter()
            .any(|submission| submission.call == crossing.call && submission.through.is_some())
}
