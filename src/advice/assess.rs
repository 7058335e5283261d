//! One submission, assessed: what it runs, what that costs, which worker suits it.

use crate::finding::{Confidence, Note};
use crate::knowledge::{FanOut, Role, SubmissionResult, WorkerKind};
use crate::link::submissions::calls_through;
use crate::link::values::{ScopeRef, Unresolved};
use crate::link::{Callee, Program, Submission, Target};
use crate::summary::{Class, Profile, Reading, Summaries, hull, part_of, read};

use super::worker_model::{HandOff, Workers, hand_off_seconds, predict};

/// What is known of a submission.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// What one task costs.
    pub profile: Profile,
    /// The class of the work.
    pub reading: Reading,
    /// Predicted speed-ups.
    pub workers: Workers,
    /// The worker that suits the work best: `thread`, `process`, `interpreter`, `event-loop` or `serial`.
    pub recommended: &'static str,
    /// The chain of places that led to the class.
    pub evidence: Vec<Note>,
    /// Seconds that the hand-off of one task costs as written.
    pub hand_off: f64,
    /// Why the work is not known, where it is not.
    pub unknown: Option<String>,
}

/// Assesses a submission.
#[must_use]
pub fn assess(program: &Program<'_>, summaries: &Summaries<'_>, submission: &Submission<'_>) -> Assessment {
    let (profile, unknown_target) = task_profile(program, summaries, submission);
    let mut reading = read(&profile);
    let unknown = match unknown_target {
        Some(reason) => {
            reading = Reading {
                class: Class::Unknown,
                confidence: Confidence::High,
            };
            Some(format!("what runs is not known: {}", reason.as_str()))
        }
        None => unknown_calls(&profile, reading),
    };
    let workers = predict(&profile, 0.0);
    let hand_off = hand_off_of(program, submission);
    Assessment {
        recommended: recommended(reading.class, &workers, submission),
        evidence: evidence(&profile, reading.class),
        profile,
        reading,
        workers,
        hand_off,
        unknown,
    }
}

/// The hull of what the targets cost; a reason where nothing is known of any of them.
fn task_profile(
    program: &Program<'_>,
    summaries: &Summaries<'_>,
    submission: &Submission<'_>,
) -> (Profile, Option<Unresolved>) {
    let mut profiles = Vec::new();
    let mut reason = submission.targets.is_empty().then_some(Unresolved::Parameter);
    for target in &submission.targets {
        match target_profile(program, summaries, target) {
            Ok(profile) => profiles.push(profile),
            Err(why) => reason = Some(why),
        }
    }
    match hull(&profiles) {
        Some(profile) => (profile, None),
        None => (Profile::default(), Some(reason.unwrap_or(Unresolved::DynamicAttribute))),
    }
}

fn target_profile(program: &Program<'_>, summaries: &Summaries<'_>, target: &Target) -> Result<Profile, Unresolved> {
    match &target.callee {
        Callee::Function { function, .. } => Ok(function_profile(program, summaries, *function)),
        Callee::Class(class) => {
            let init = program.methods(*class, "__init__", false);
            Ok(init.first().map_or_else(
                || Profile::steps(1e-6),
                |&init| function_profile(program, summaries, init),
            ))
        }
        Callee::External { name, .. } => match summaries.external_call(program, name) {
            Some(profile) => Ok(profile),
            None if program.knowledge.library_of(name).is_some() => Err(Unresolved::ExternalResult),
            None => Err(Unresolved::UnknownLibrary),
        },
        Callee::Partial(_) => Err(Unresolved::TooMany),
        Callee::Unknown(reason) => Err(*reason),
    }
}

/// The profile of a function with the wrappers that decorators put around it.
fn function_profile(program: &Program<'_>, summaries: &Summaries<'_>, function: ScopeRef) -> Profile {
    let mut profile = summaries.profile(function).cloned().unwrap_or_default();
    if let Some(fact) = program.knowledge.user_call(&program.full_name(function)) {
        profile = summaries.configured(fact);
    }
    for wrapper in program.solution.wrappers.get(&function).into_iter().flatten() {
        if let Some(around) = summaries.profile(*wrapper) {
            profile.add(around);
        }
    }
    profile
}

fn unknown_calls(profile: &Profile, reading: Reading) -> Option<String> {
    if reading.class != Class::Unknown {
        return None;
    }
    let calls: Vec<String> = profile
        .unknown
        .iter()
        .take(2)
        .map(|call| format!("`{}` ({})", call.text, call.reason.as_str()))
        .collect();
    Some(format!("it rests on calls that are not known: {}", calls.join(", ")))
}

fn evidence(profile: &Profile, class: Class) -> Vec<Note> {
    let part = part_of(class, profile);
    let strongest = profile.evidence.iter().find(|evidence| evidence.part == part);
    strongest
        .or(profile.evidence.first())
        .map(|evidence| evidence.chain.clone())
        .unwrap_or_default()
}

/// The costs of the hand-off as it is written.
fn hand_off_of(program: &Program<'_>, submission: &Submission<'_>) -> f64 {
    let starts_worker = submission.shape.result == SubmissionResult::Worker;
    let costs = submission.workers.iter().map(|worker| {
        let is_pool = worker.executor.and_then(|executor| program.role(executor)) == Some(Role::Pool);
        hand_off_seconds(HandOff {
            worker: worker.kind.unwrap_or(WorkerKind::Thread),
            starts_worker,
            is_pool,
            chunk: chunk_size(program, submission),
        })
    });
    costs.fold(0.0, f64::max)
}

/// Tasks that travel together where their number is computed.
const COMPUTED_CHUNK: f64 = 50.0;

/// How many tasks travel together.
fn chunk_size(program: &Program<'_>, submission: &Submission<'_>) -> f64 {
    let calls = calls_through(program, submission);
    let position = submission.shape.chunksize.as_ref();
    let given = position.and_then(|position| program.argument_at(*calls.last()?, position));
    if let Some(given) = given {
        let (numbers, other) = program.literal_integers(given);
        #[expect(clippy::cast_precision_loss, reason = "chunk sizes are small")]
        let number = numbers.first().map(|&number| (number as f64).max(1.0));
        return number.filter(|_| !other).unwrap_or(COMPUTED_CHUNK);
    }
    match submission.shape.default_chunksize {
        Some(0) => COMPUTED_CHUNK,
        _ => 1.0,
    }
}

fn recommended(class: Class, workers: &Workers, submission: &Submission<'_>) -> &'static str {
    let single = submission.shape.fan_out == FanOut::One && !submission.intent.is_fan_out();
    match class {
        Class::Trivial => "serial",
        Class::IoBound | Class::Native => "thread",
        Class::CpuBound if single && submission.is_always(WorkerKind::Thread) => "thread",
        Class::CpuBound => "process",
        Class::Mixed if workers.threads.typical * 1.2 >= workers.processes.typical => "thread",
        Class::Mixed => "process",
        Class::Unknown => "unknown",
    }
}

/// The dotted names of the targets that are known.
#[must_use]
pub fn target_names(program: &Program<'_>, submission: &Submission<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for target in &submission.targets {
        let name = match &target.callee {
            Callee::Function { function, .. } => program.full_name(*function),
            Callee::Class(class) => program.full_name(*class),
            Callee::External { name, .. } => name.to_string(),
            Callee::Partial(_) | Callee::Unknown(_) => continue,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
