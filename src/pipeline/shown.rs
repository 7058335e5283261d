//! From what the rules say to what is shown: settings, comments, the files that the run is about.

use std::collections::BTreeSet;

use crate::config::{Selection, Selections, Settings};
use crate::facts::{FileFacts, Span, Stmt, child_blocks};
use crate::finding::{Confidence, FileId, Finding, fingerprints};
use crate::rules::{self, Rule};
use crate::source::{Directive, SourceFile, Sources, Suppressions, Use};

/// Families of rules about time that is lost: work on the wrong worker, a loop that stands still, work one at a time.
/// Nobody waits for a test.
const ABOUT_SPEED: [&str; 3] = ["CC1", "CC6", "CC8"];

/// The findings that are neither suppressed nor switched off, each once, sorted and with their names.
pub(super) fn shown(
    findings: Vec<Finding>,
    sources: &Sources,
    facts: &[FileFacts],
    settings: &Settings,
) -> Vec<Finding> {
    let selections = Selections::new(settings);
    let mut by_file: Vec<Vec<Finding>> = sources.files.iter().map(|_| Vec::new()).collect();
    for finding in findings {
        by_file[finding.place.file.index()].push(finding);
    }
    let mut all = Vec::new();
    for (number, found) in by_file.into_iter().enumerate() {
        let file = &sources.files[number];
        if file.is_given {
            let id = FileId(u32::try_from(number).unwrap_or(u32::MAX));
            let selection = selections.of(&file.path);
            all.extend(of_file(found, id, file, &facts[number], selection));
        }
    }
    all.sort_by(|a, b| (a.place, a.code, &a.message).cmp(&(b.place, b.code, &b.message)));
    all.dedup_by(|a, b| a.place == b.place && a.code == b.code);
    let names = fingerprints(&all, sources, &std::env::current_dir().unwrap_or_default());
    for (finding, name) in all.iter_mut().zip(names) {
        finding.fingerprint = name;
    }
    all
}

fn of_file(
    findings: Vec<Finding>,
    id: FileId,
    file: &SourceFile,
    facts: &FileFacts,
    selection: &Selection,
) -> Vec<Finding> {
    let suppressions = Suppressions::from_comments(&facts.comments, &file.text, &file.lines);
    let mut used = BTreeSet::new();
    let mut kept = Vec::new();
    for mut finding in findings {
        let uses = uses(&finding, &suppressions, facts, file);
        used.extend(uses.iter().copied());
        // What tests do to provoke trouble is not trouble.
        if file.is_test && finding.code != rules::SYNTAX_ERROR {
            finding.confidence = finding.confidence.lowered();
            if ABOUT_SPEED.iter().any(|family| finding.code.starts_with(family)) {
                finding.confidence = Confidence::Low;
            }
        }
        if uses.is_empty() {
            kept.push(finding);
        }
    }
    kept.extend(unused(id, file, &suppressions, &used, selection));
    kept.retain_mut(|finding| {
        if let Some(severity) = selection.severity(finding.code, finding.name) {
            finding.severity = severity;
        }
        finding.confidence >= selection.min_confidence() && selection.is_on_in(finding.code, finding.name, &file.path)
    });
    kept
}

fn uses(finding: &Finding, suppressions: &Suppressions, facts: &FileFacts, file: &SourceFile) -> Vec<Use> {
    if suppressions.is_empty() {
        return Vec::new();
    }
    let line = file.position(finding.place.span.start).line;
    let statement = first_line_of_statement(facts, file, finding.place.span).unwrap_or(line);
    suppressions.uses(finding.code, finding.name, line, statement)
}

/// CC001 for the comments that were not needed, as far as the rules that they name were asked.
fn unused(
    id: FileId,
    file: &SourceFile,
    suppressions: &Suppressions,
    used: &BTreeSet<Use>,
    selection: &Selection,
) -> Vec<Finding> {
    let covered = |text: &str| -> Vec<&'static Rule> {
        let all = rules::all().iter().copied();
        all.filter(|rule| crate::config::covers(text, rule.code, rule.name))
            .collect()
    };
    let is_on = |rule: &&Rule| selection.is_on_in(rule.code, rule.name, &file.path);
    let is_judged = |directive: &Directive, selector: Option<&str>| match selector {
        None => rules::all().iter().all(is_on),
        Some(text) => {
            let rules = covered(text);
            let is_own = matches!(rules.as_slice(), [rule] if matches!(rule.check, rules::Check::Suppression(_)));
            let names_this = directive.selectors.iter().any(|one| {
                matches!(covered(&one.text).as_slice(), [rule] if matches!(rule.check, rules::Check::Suppression(_)))
            });
            // A code that is none of ours is a slip in our comment, and another tool's in a `# noqa`.
            !is_own && !names_this && (!rules.is_empty() || !directive.is_noqa) && rules.iter().all(is_on)
        }
    };
    let mut findings = Vec::new();
    for unused in suppressions.unused(used, &is_judged) {
        rules::run_on_suppression(id, file, &unused, &mut findings);
    }
    findings
}

/// The line on which the innermost statement around a place starts.
pub(super) fn first_line_of_statement(facts: &FileFacts, file: &SourceFile, span: Span) -> Option<u32> {
    let mut innermost = None;
    for scope in &facts.scopes {
        innermost_statement(&scope.body, span, &mut innermost);
    }
    innermost.map(|span: Span| file.position(span.start).line)
}

fn innermost_statement(block: &[Stmt], span: Span, found: &mut Option<Span>) {
    for statement in block {
        if statement.span.contains(span) {
            if found.is_none_or(|other| other.contains(statement.span)) {
                *found = Some(statement.span);
            }
            for inner in child_blocks(statement) {
                innermost_statement(inner, span, found);
            }
        }
    }
}
