//! Words that several rules use.

use crate::advice::Prediction;
use crate::facts::StmtKind;
use crate::finding::{Confidence, Note, Place};
use crate::link::index::Loop;
use crate::link::{Callee, Intent, Program, Submission, Target};
use crate::summary::{Rounds, Sizes};

/// The work of a submission as the subject of a sentence.
pub(super) fn target(program: &Program<'_>, submission: &Submission<'_>) -> String {
    let mut names: Vec<String> = Vec::new();
    for target in &submission.targets {
        let name = match &target.callee {
            Callee::Function { function, .. } => program.display_name(*function),
            Callee::Class(class) => program.display_name(*class),
            Callee::External { name, .. } => name.to_string(),
            Callee::Partial(_) | Callee::Unknown(_) => continue,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [] => "the task".to_owned(),
        [name] if name == "lambda" => "the lambda".to_owned(),
        [name] => format!("`{name}`"),
        [first, _] => format!("`{first}` (or one other)"),
        [first, others @ ..] => format!("`{first}` (or one of {} others)", others.len()),
    }
}

/// "handed to" or "fanned out to".
pub(super) fn handed(submission: &Submission<'_>) -> &'static str {
    match submission.intent {
        Intent::Single => "handed to",
        Intent::Map | Intent::Loop(_) | Intent::Several => "fanned out to",
    }
}

/// Where the first target is defined.
pub(super) fn target_note(program: &Program<'_>, submission: &Submission<'_>) -> Option<Note> {
    targets_note(program, &submission.targets)
}

/// Where the first of several targets is defined.
pub(super) fn targets_note(program: &Program<'_>, targets: &[Target]) -> Option<Note> {
    let function = targets.iter().find_map(Target::function)?;
    let name = program.display_name(function);
    let message = if name == "lambda" {
        "this lambda is what runs".to_owned()
    } else {
        format!("`{name}` is what runs")
    };
    Some(Note {
        place: program.name_place(function),
        message,
    })
}

/// How many tasks a submission makes; `None` where nothing says so.
pub(super) fn task_count(program: &Program<'_>, submission: &Submission<'_>) -> Option<Rounds> {
    let sizes = Sizes {
        program,
        file: submission.call.file,
    };
    match submission.intent {
        Intent::Map => Some(sizes.rounds(submission.arguments.first()?.expr.expr)),
        Intent::Loop(place) => loop_rounds(program, submission, place, sizes),
        Intent::Several | Intent::Single => None,
    }
}

fn loop_rounds(
    program: &Program<'_>,
    submission: &Submission<'_>,
    place: Place,
    sizes: Sizes<'_, '_>,
) -> Option<Rounds> {
    let index = program.index(submission.call.file);
    let innermost = index.loops_around(submission.call.expr).into_iter().next()?;
    match innermost {
        Loop::Statement(id) => match &index.statement(id).stmt.kind {
            StmtKind::For { iterable, .. } if index.statement(id).stmt.span == place.span => {
                Some(sizes.rounds(*iterable))
            }
            _ => None,
        },
        Loop::Comprehension(expr) => Some(sizes.rounds(expr)),
    }
}

/// A predicted speed-up: `1.8x to 3.6x`.
pub(super) fn times(prediction: Prediction) -> String {
    let (least, most) = (format!("{:.1}x", prediction.least), format!("{:.1}x", prediction.most));
    if least == most {
        least
    } else {
        format!("{least} to {most}")
    }
}

/// A predicted duration with a unit that suits it: `about 3 ms`.
pub(super) fn about(seconds: f64) -> String {
    if seconds < 1e-6 {
        "less than 1 µs".to_owned()
    } else if seconds < 1e-3 {
        format!("about {:.0} µs", seconds * 1e6)
    } else if seconds < 1.0 {
        format!("about {:.0} ms", seconds * 1e3)
    } else {
        format!("about {seconds:.0} s")
    }
}

/// Links of evidence beyond which a class is less sure: each of the calls may be the one that is not made.
const FAR: usize = 6;

/// A confidence in the light of how far the evidence lies away.
pub(super) fn after(confidence: Confidence, evidence: &[Note]) -> Confidence {
    if evidence.len() > FAR {
        confidence.min(Confidence::Medium).lowered()
    } else {
        confidence
    }
}
