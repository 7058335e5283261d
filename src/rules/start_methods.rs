//! Under which start methods import-time code breaks, for the rules that depend on it.

use crate::config::StartMethod;
use crate::finding::{Confidence, FileId, Note};
use crate::link::{Program, StartSetting};
use crate::summary::startup::{Creation, Runs, Started, Way};

use super::Context;

/// A way of more calls than this is less sure.
const FAR: usize = 4;

/// When and how surely something breaks.
#[derive(Clone, Debug)]
pub(super) struct Breakage {
    /// How sure that is.
    pub(super) confidence: Confidence,
    /// The condition: `under spawn (on macOS and Windows)`.
    pub(super) when: String,
}

/// When a child imports the main module for a creation, so that a way from a module's top level breaks.
pub(super) fn breakage(context: &Context<'_>, file: FileId, way: &Way) -> Option<Breakage> {
    let mut breakage = reimports(context, file, way.creation.start)?;
    match way.runs {
        Runs::Always => {}
        Runs::Perhaps => breakage.confidence = breakage.confidence.min(Confidence::Medium),
        Runs::Rarely | Runs::Never => breakage.confidence = Confidence::Low,
    }
    // Over many calls the question which of them are made in earnest adds up.
    if way.steps.len() > FAR {
        breakage.confidence = breakage.confidence.lowered();
    }
    // A child of `python -m package` does not run the package's `__main__` again.
    if context.program.sources[file.index()].is_main_module {
        breakage.confidence = Confidence::Low;
    }
    Some(breakage)
}

/// When a child imports the main module.
pub(super) fn reimports(context: &Context<'_>, file: FileId, start: StartSetting) -> Option<Breakage> {
    match start {
        StartSetting::Explicit(StartMethod::Fork) => None,
        StartSetting::Explicit(method) => Some(Breakage {
            confidence: Confidence::High,
            when: format!("under {}, the start method chosen for it,", method.as_str()),
        }),
        // What the user says holds where the code cannot be read.
        StartSetting::Unknown if context.settings.start_method == Some(StartMethod::Fork) => None,
        StartSetting::Unknown => Some(Breakage {
            confidence: Confidence::Medium,
            when: "under spawn and forkserver".to_owned(),
        }),
        StartSetting::Default => by_default(context, file),
    }
}

fn by_default(context: &Context<'_>, file: FileId) -> Option<Breakage> {
    let set = chosen(context, file);
    if let Some(method) = set.iter().find(|method| **method != Some(StartMethod::Fork)) {
        return Some(Breakage {
            confidence: if method.is_some() {
                Confidence::High
            } else {
                Confidence::Medium
            },
            when: match method {
                Some(method) => format!("under {}, which the program sets,", method.as_str()),
                None => "under spawn and forkserver".to_owned(),
            },
        });
    }
    if !set.is_empty() {
        return None;
    }
    let methods = context.default_start_methods();
    let breaking: Vec<&(StartMethod, String)> = methods
        .iter()
        .filter(|(method, _)| *method != StartMethod::Fork)
        .collect();
    if breaking.is_empty() {
        return None;
    }
    let everywhere = breaking.len() == methods.len();
    let confidence = if everywhere || context.settings.platforms.len() > 1 {
        Confidence::High
    } else {
        Confidence::Medium
    };
    let parts: Vec<String> = breaking
        .iter()
        .map(|(method, condition)| format!("{} ({condition})", method.as_str()))
        .collect();
    Some(Breakage {
        confidence,
        when: format!("under {}", parts.join(" and ")),
    })
}

/// The start methods that modules around a file set for the whole program.
fn chosen(context: &Context<'_>, file: FileId) -> Vec<Option<StartMethod>> {
    let set = context.program.start_methods_set.iter();
    set.filter(|(call, _)| context.startup().are_related(file, call.file))
        .map(|(_, method)| *method)
        .collect()
}

/// The start methods that may be in force for a creation, each with where it holds.
pub(super) fn possible(context: &Context<'_>, file: FileId, start: StartSetting) -> Vec<(StartMethod, String)> {
    let fixed = |method| vec![(method, "as the code chooses".to_owned())];
    match start {
        StartSetting::Explicit(method) => fixed(method),
        StartSetting::Unknown => context.default_start_methods(),
        StartSetting::Default => match chosen(context, file).as_slice() {
            [] => context.default_start_methods(),
            set => set.iter().flatten().flat_map(|&method| fixed(method)).collect(),
        },
    }
}

/// The calls of a way after its first step, as evidence.
pub(super) fn chain(program: &Program<'_>, way: &Way) -> Vec<Note> {
    let mut notes = Vec::new();
    for (number, &(at, function)) in way.steps.iter().enumerate() {
        let message = match function {
            Some(function) => format!("calls `{}`", program.display_name(function)),
            None if number == 0 => continue,
            None => format!("{} here", what(&way.creation)),
        };
        notes.push(Note {
            place: program.place(at),
            message,
        });
    }
    notes
}

/// What a creation does, as a sentence without its end.
pub(super) fn what(creation: &Creation) -> &'static str {
    match creation.started {
        Started::Process => "a process is started",
        Started::Pool => "a pool starts its processes",
        Started::Manager => "a manager starts its process",
        Started::Executor => "an executor starts its processes",
        Started::Library => "a library starts its worker processes",
        Started::StartMethod => "the start method is set",
    }
}
