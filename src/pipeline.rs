//! The stages in order, from sources to what is reported.

use rayon::prelude::*;

use crate::advice::{Assessment, target_names};
use crate::config::{Selection, Settings};
use crate::facts::{FileFacts, lower};
use crate::finding::{Confidence, Finding, Profile, SpeedUp, SubmissionReport};
use crate::knowledge::Knowledge;
use crate::link::{Program, Submission, Target};
use crate::rules::{self, Context};
use crate::source::{SourceError, Sources, Suppressions};
use crate::summary::Summaries;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct CheckOutcome {
    /// The findings to show, in any order.
    pub findings: Vec<Finding>,
    /// How many files were looked at.
    pub files: usize,
    /// How many of them were parsed.
    pub parsed: usize,
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
    let facts = facts_of(sources);
    let findings = with_context(sources, &facts, settings, |context| {
        let selection = Selection::new(settings).unwrap_or_default();
        rules::run(context, &|rule| selection.is_on(rule.code, rule.name))
    });
    CheckOutcome {
        findings: shown(findings, sources, &facts, settings),
        files: sources.files.len(),
        parsed: facts.len(),
        errors: sources.errors.clone(),
    }
}

/// Lists all submissions of the sources.
#[must_use]
pub fn advise(sources: &Sources, settings: &Settings) -> AdviseOutcome {
    let facts = facts_of(sources);
    let submissions = with_context(sources, &facts, settings, |context| {
        let all = context.program.submissions.iter().enumerate();
        all.map(|(number, submission)| report(context.program, submission, context.assessment(number)))
            .collect()
    });
    AdviseOutcome {
        submissions,
        files: sources.files.len(),
        errors: sources.errors.clone(),
    }
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
    let summaries = Summaries::compute(&program);
    read(&Context::new(&program, &summaries, settings))
}

/// Families of rules about time that is lost: work on the wrong worker, a loop that stands still, work one at a time.
/// Nobody waits for a test.
const ABOUT_SPEED: [&str; 3] = ["CC1", "CC6", "CC8"];

/// The findings that are neither suppressed nor switched off, each once.
fn shown(mut findings: Vec<Finding>, sources: &Sources, facts: &[FileFacts], settings: &Settings) -> Vec<Finding> {
    let selection = Selection::new(settings).unwrap_or_default();
    let suppressions: Vec<Suppressions> = sources
        .files
        .iter()
        .zip(facts)
        .map(|(file, facts)| Suppressions::from_comments(&facts.comments, &file.text, &file.lines))
        .collect();
    for finding in &mut findings {
        // What tests do to provoke trouble is not trouble.
        if sources.files[finding.place.file.index()].is_test && finding.code != "CC004" {
            finding.confidence = finding.confidence.lowered();
            if ABOUT_SPEED.iter().any(|family| finding.code.starts_with(family)) {
                finding.confidence = Confidence::Low;
            }
        }
    }
    findings.retain(|finding| {
        let file = &sources.files[finding.place.file.index()];
        let line = file.position(finding.place.span.start).line;
        let statement = first_line_of_statement(&facts[finding.place.file.index()], file, finding).unwrap_or(line);
        finding.confidence >= settings.min_confidence
            && selection.is_on_in(finding.code, finding.name, &file.path)
            && !suppressions[finding.place.file.index()].is_suppressed(finding.code, finding.name, line, statement)
    });
    findings.sort_by(|a, b| (a.place, a.code, &a.message).cmp(&(b.place, b.code, &b.message)));
    findings.dedup_by(|a, b| a.place == b.place && a.code == b.code);
    findings
}

/// The line on which the innermost statement around a finding starts.
fn first_line_of_statement(facts: &FileFacts, file: &crate::source::SourceFile, finding: &Finding) -> Option<u32> {
    let mut innermost = None;
    for scope in &facts.scopes {
        innermost_statement(&scope.body, finding.place.span, &mut innermost);
    }
    innermost.map(|span: crate::facts::Span| file.position(span.start).line)
}

fn innermost_statement(block: &[crate::facts::Stmt], span: crate::facts::Span, found: &mut Option<crate::facts::Span>) {
    for statement in block {
        if statement.span.contains(span) {
            if found.is_none_or(|other| other.contains(statement.span)) {
                *found = Some(statement.span);
            }
            for inner in crate::facts::child_blocks(statement) {
                innermost_statement(inner, span, found);
            }
        }
    }
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
