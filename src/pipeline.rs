//! The stages in order, from sources to what is reported.

mod shown;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::advice::{Assessment, target_names};
use crate::config::{Selections, Settings};
use crate::facts::{FileFacts, lower};
use crate::finding::{FileId, Finding, Profile, SpeedUp, SubmissionReport};
use crate::knowledge::Knowledge;
use crate::link::{Program, Submission, Target};
use crate::rules::{self, Context};
use crate::source::{SourceError, Sources};
use crate::summary::{Order, Summaries};

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct CheckOutcome {
    /// The findings to show, in any order.
    pub findings: Vec<Finding>,
    /// How many files were looked at.
    pub files: usize,
    /// How many were parsed, with those around them.
    pub parsed: usize,
    /// How many findings are left out because the baseline has them.
    pub known: usize,
    /// What could not be read.
    pub errors: Vec<SourceError>,
}

/// What an inventory found.
#[derive(Clone, Debug, Default)]
pub struct AdviseOutcome {
    /// The submissions, in any order.
    pub submissions: Vec<SubmissionReport>,
    /// How many files were looked at.
    pub files: usize,
    /// What could not be read.
    pub errors: Vec<SourceError>,
}

/// Checks the sources against all rules that the settings leave on.
#[must_use]
pub fn check(sources: &Sources, settings: &Settings) -> CheckOutcome {
    check_and(sources, settings, |_, _| ()).0
}

/// Checks the sources, and reads the findings together with the analysed program.
#[must_use]
pub fn check_and<T>(
    sources: &Sources,
    settings: &Settings,
    read: impl FnOnce(&Context<'_>, &[Finding]) -> T,
) -> (CheckOutcome, T) {
    let facts = facts_of(sources);
    let (findings, result) = with_context(sources, &facts, settings, |context| {
        let findings = found(context, sources, &facts, settings);
        let result = read(context, &findings);
        (findings, result)
    });
    let outcome = CheckOutcome {
        findings,
        files: sources.given().count(),
        parsed: facts.len(),
        known: 0,
        errors: sources.errors.clone(),
    };
    (outcome, result)
}

fn found(context: &Context<'_>, sources: &Sources, facts: &[FileFacts], settings: &Settings) -> Vec<Finding> {
    let selections = Selections::new(settings);
    let findings = rules::run(context, &|rule| selections.is_on_anywhere(rule.code, rule.name));
    shown::shown(findings, sources, facts, settings)
}

/// Lists all submissions of the sources.
#[must_use]
pub fn advise(sources: &Sources, settings: &Settings) -> AdviseOutcome {
    let facts = facts_of(sources);
    let submissions = with_context(sources, &facts, settings, |context| {
        let all = context.program.submissions.iter().enumerate();
        let given = all.filter(|(_, submission)| {
            let place = context.program.place(submission.call);
            sources.file(place.file).is_given
        });
        given
            .map(|(number, submission)| report(context.program, submission, context.assessment(number)))
            .collect()
    });
    AdviseOutcome {
        submissions,
        files: sources.given().count(),
        errors: sources.errors.clone(),
    }
}

/// The line on which the statement of each finding starts, in the order of the list.
#[must_use]
pub fn statement_lines(findings: &[Finding], sources: &Sources) -> Vec<u32> {
    let mut lowered: BTreeMap<FileId, FileFacts> = BTreeMap::new();
    let line = |finding: &Finding| {
        let file = sources.file(finding.place.file);
        let facts = lowered.entry(finding.place.file).or_insert_with(|| lower(&file.text));
        let own = file.position(finding.place.span.start).line;
        shown::first_line_of_statement(facts, file, finding.place.span).unwrap_or(own)
    };
    findings.iter().map(line).collect()
}

fn facts_of(sources: &Sources) -> Vec<FileFacts> {
    sources.files.par_iter().map(|file| lower(&file.text)).collect()
}

/// Runs the analysis and hands its result to `read`.
fn with_context<T>(
    sources: &Sources,
    facts: &[FileFacts],
    settings: &Settings,
    read: impl FnOnce(&Context<'_>) -> T,
) -> T {
    let user;
    let knowledge = if settings.knowledge.is_empty() {
        Knowledge::builtin()
    } else {
        // The entries were checked when the settings were read.
        user = Knowledge::with_user(&settings.knowledge).unwrap_or_else(|_| Knowledge::builtin().clone());
        &user
    };
    let program = Program::link(&sources.files, facts, knowledge, settings);
    let order = Order::new(&program);
    let summaries = Summaries::new(&order);
    read(&Context::new(&program, &summaries, settings))
}

fn report(program: &Program<'_>, submission: &Submission<'_>, assessment: &Assessment) -> SubmissionReport {
    let profile = &assessment.profile;
    let function = submission.targets.iter().find_map(Target::function);
    let worker = submission.workers.iter().find_map(|worker| worker.kind);
    let known = assessment.unknown.is_none();
    let bounds = |prediction: crate::advice::Prediction| known.then_some([prediction.least, prediction.most]);
    SubmissionReport {
        place: program.place(submission.call),
        api: submission.api.clone(),
        worker: worker.map_or("thread", crate::knowledge::WorkerKind::as_str),
        target: target_names(program, submission).first().cloned(),
        target_place: function.map(|function| program.name_place(function)),
        class: assessment.reading.class.as_str(),
        confidence: assessment.reading.confidence,
        profile: Profile {
            interpreter_seconds: profile.interpreter.bounds(),
            native_seconds: profile.native.bounds(),
            wait_seconds: profile.waiting().bounds(),
            ..Profile::default()
        },
        evidence: assessment.evidence.clone(),
        recommended: assessment.recommended.to_owned(),
        predicted_speedup: SpeedUp {
            threads: bounds(assessment.workers.threads),
            processes: bounds(assessment.workers.processes),
        },
        detail: assessment.unknown.clone().unwrap_or_default(),
    }
}
