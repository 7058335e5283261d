//! What is known already: baselines, and comments that switch findings off.

use std::collections::BTreeMap;
use std::path::Path;

use super::arguments::KnownArguments;
use super::check::tell;
use super::error::CliError;
use crate::config::{Selections, Settings};
use crate::edit::{Ignored, add_ignores as with_comments, write_back};
use crate::finding::{Baseline, FileId, Finding};
use crate::pipeline::{self, CheckOutcome};
use crate::source::Sources;

/// The baseline of a run, if there is one to apply.
pub(super) fn baseline(arguments: &KnownArguments, settings: &Settings) -> Result<Option<Baseline>, CliError> {
    if arguments.no_baseline || arguments.write_baseline.is_some() {
        return Ok(None);
    }
    Ok(settings.baseline.as_deref().map(Baseline::read).transpose()?)
}

/// Takes the known findings out of the outcome, and tells what the baseline has too much.
pub(super) fn hide(
    baseline: &Baseline,
    outcome: &mut CheckOutcome,
    sources: &Sources,
    settings: &Settings,
    quiet: bool,
) {
    let selections = Selections::new(settings);
    let is_on = |code: &str, path: &str| {
        let rule = crate::rules::all().iter().find(|rule| rule.code == code);
        rule.is_none_or(|rule| selections.of(path).is_on_in(rule.code, rule.name, path))
    };
    let before = outcome.findings.len();
    let stale = baseline.apply(&mut outcome.findings, sources, &is_on);
    outcome.known = before - outcome.findings.len();
    for entry in &stale {
        tell(
            quiet,
            &format!("{}: {} is in the baseline and no longer found", entry.path, entry.code),
        );
    }
    if !stale.is_empty() {
        tell(quiet, "`--write-baseline FILE` takes such entries out of the baseline");
    }
}

/// Writes all findings of a run into a baseline.
pub(super) fn write_baseline(
    path: &Path,
    outcome: &CheckOutcome,
    sources: &Sources,
    settings: &Settings,
    quiet: bool,
) -> Result<u8, CliError> {
    let path_existed = path.exists();
    let baseline = if path_existed {
        Baseline::read(path)?
    } else {
        Baseline::at(path)
    };
    let changed = baseline.record(&outcome.findings, sources)?;
    let noun = if changed.total == 1 {
        "finding is"
    } else {
        "findings are"
    };
    let shown = path.display();
    tell(
        quiet,
        &format!(
            "{} {noun} in the baseline `{shown}` now: {} added, {} removed",
            changed.total, changed.added, changed.removed
        ),
    );
    let is_configured = settings
        .baseline
        .as_deref()
        .is_some_and(|configured| is_same(configured, path));
    if !path_existed && !is_configured {
        tell(
            quiet,
            &format!("`--baseline {shown}`, or `baseline = \"{shown}\"` in the configuration, leaves them out"),
        );
    }
    Ok(0)
}

fn is_same(one: &Path, other: &Path) -> bool {
    let absolute = |path: &Path| path.canonicalize().ok();
    absolute(one).is_some_and(|path| Some(path) == absolute(other))
}

/// Writes comments behind the findings; the exit code says whether one could not be switched off.
pub(super) fn add_ignores(
    reason: &str,
    outcome: &CheckOutcome,
    sources: &Sources,
    quiet: bool,
) -> Result<u8, CliError> {
    let mut by_file: BTreeMap<FileId, Vec<Ignored>> = BTreeMap::new();
    let statements = pipeline::statement_lines(&outcome.findings, sources);
    for (finding, statement) in outcome.findings.iter().zip(statements) {
        let ignored = ignored(finding, statement, sources);
        by_file.entry(finding.place.file).or_default().push(ignored);
    }
    let (mut written, mut left) = (0, 0);
    for (file, findings) in by_file {
        let file = sources.file(file);
        let (text, without_place) = with_comments(&file.text, &findings, reason);
        let outcome = write_back(&file.path, &file.text, &text);
        if let Err(error) = outcome {
            left += findings.len();
            tell(false, &error.to_string());
            continue;
        }
        written += findings.len() - without_place.len();
        left += without_place.len();
        for one in without_place {
            let line = one.line;
            tell(
                false,
                &format!(
                    "{}:{line}: no place for a comment that switches off {}",
                    file.path, one.code
                ),
            );
        }
    }
    tell(quiet, &format!("{written} findings switched off by comments"));
    Ok(u8::from(left > 0))
}

fn ignored(finding: &Finding, statement: u32, sources: &Sources) -> Ignored {
    Ignored {
        code: finding.code,
        name: finding.name,
        line: sources.file(finding.place.file).position(finding.place.span.start).line,
        statement,
    }
}
