//! `concheck check`.

use std::io::{self, Write};
use std::path::Path;

use super::arguments::{CheckArguments, ChoiceArguments};
use super::error::CliError;
use super::{config as config_command, confirm as confirm_command, fix, known, output, run, terminal};
use crate::changes::{self, Changes};
use crate::config::{self, ConfigError, KnownRules, Options, Settings};
use crate::confirm;
use crate::finding::{Baseline, Confidence, Finding, Place};
use crate::pipeline::{self, CheckOutcome};
use crate::report::Format;
use crate::source::{Sources, plain};

const FINDINGS: u8 = 1;

/// Checks the paths; the exit code says whether something was found.
pub(super) fn run(arguments: CheckArguments) -> Result<u8, CliError> {
    let stdout_format = output::on_stdout(&arguments.output_format)?;
    let known_rules = run::known_rules();
    let request = run::request(&arguments.run, options(&arguments, &known_rules)?)?;
    let resolved = run::settings(&request, &known_rules)?;
    if arguments.show_settings {
        return config_command::show(&resolved, &arguments.run, &request);
    }
    let mut settings = resolved.settings;
    if arguments.show_files {
        let sources = run::read(&arguments.run, &request, &mut settings)?;
        return show_files(&arguments, &sources);
    }
    let filter = Filter {
        baseline: known::baseline(&arguments.known, &settings)?,
        revision: arguments.choice.diff_base.clone(),
        changes: arguments.choice.diff_base.as_deref().map(changes::since).transpose()?,
    };
    if arguments.fixes.fix || arguments.fixes.diff {
        return fix::run(&arguments, &request, settings, filter);
    }
    if arguments.fixes.unsafe_fixes {
        return Err(CliError::Usage("`--unsafe-fixes` goes with `--fix` or `--diff`"));
    }
    let kept = arguments.confirmed.as_deref().map(confirm::read_saved).transpose()?;
    let measures = arguments.confirm || kept.is_some();
    let (sources, (mut outcome, named, settings)) =
        run::analysed(&arguments.run, &request, settings, |sources, settings| {
            let (outcome, named) = if measures {
                confirm_command::analysed(sources, settings, &arguments.measure)
            } else {
                (pipeline::check(sources, settings), Vec::new())
            };
            (outcome, named, settings.clone())
        })?;
    if measures {
        let kept = match kept {
            Some(kept) => kept,
            None => confirm_command::results(&arguments.run, &arguments.measure, &named, &sources)?,
        };
        confirm::apply_saved(&mut outcome.findings, &named, &kept);
    }
    if !stdout_format.is_some_and(Format::tells_errors) {
        run::tell_errors(&arguments.run, &outcome.errors, &sources);
    }
    if let Some(path) = &arguments.known.write_baseline {
        return known::write_baseline(path, &outcome, &sources, &settings, arguments.run.quiet);
    }
    filter.apply(&mut outcome, &sources, &settings, arguments.run.quiet);
    if let Some(reason) = &arguments.known.add_ignore {
        return known::add_ignores(reason, &outcome, &sources, arguments.run.quiet);
    }
    output::write_all(&arguments, &outcome, &sources)?;
    Ok(exit_code(&arguments, &outcome, &settings))
}

/// Whether something was found that the user wants to hear of.
pub(super) fn exit_code(arguments: &CheckArguments, outcome: &CheckOutcome, settings: &Settings) -> u8 {
    let fails = outcome
        .findings
        .iter()
        .any(|finding| finding.severity >= settings.fail_on);
    if fails && !arguments.exit_zero { FINDINGS } else { 0 }
}

/// What is left out although it is found: what the baseline has, and what stands on lines that did not change.
pub(super) struct Filter {
    baseline: Option<Baseline>,
    revision: Option<String>,
    changes: Option<Changes>,
}

impl Filter {
    /// Leaves it out.
    pub(super) fn apply(&self, outcome: &mut CheckOutcome, sources: &Sources, settings: &Settings, quiet: bool) {
        if let Some(baseline) = &self.baseline {
            known::hide(baseline, outcome, sources, settings, quiet);
        }
        if let Some(changes) = &self.changes {
            outcome.findings.retain(|finding| is_new(finding, changes, sources));
        }
    }

    /// Whether only changed lines count.
    pub(super) fn has_changes(&self) -> bool {
        self.changes.is_some()
    }

    /// Asks git again, after files were written.
    pub(super) fn read_changes_again(&mut self) -> Result<(), CliError> {
        self.changes = self.revision.as_deref().map(changes::since).transpose()?;
        Ok(())
    }
}

/// Whether the finding, or something that it rests on, stands on a line that has changed.
fn is_new(finding: &Finding, changes: &Changes, sources: &Sources) -> bool {
    let current = std::env::current_dir().unwrap_or_default();
    let has_changed = |place: Place| {
        let file = sources.file(place.file);
        let (first, last) = (file.position(place.span.start), file.position(place.span.end));
        // Git names folders by where they really are.
        let path = plain(&current.join(Path::new(&file.path)));
        let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
        let path = folder
            .zip(path.file_name())
            .map_or(path.clone(), |(folder, name)| folder.join(name));
        changes.touch(&path, first.line, last.line)
    };
    has_changed(finding.place) || finding.related.iter().any(|note| has_changed(note.place))
}

fn show_files(arguments: &CheckArguments, sources: &Sources) -> Result<u8, CliError> {
    run::tell_errors(&arguments.run, &sources.errors, sources);
    let (mut out, _) = terminal::stdout(arguments.run.color, arguments.run.quiet);
    for file in sources.given() {
        writeln!(out, "{}", file.path)?;
    }
    out.flush()?;
    Ok(0)
}

fn options(arguments: &CheckArguments, known: &KnownRules) -> Result<Options, CliError> {
    let fail_on = arguments.fail_on.as_deref();
    let fail_on = fail_on.map(|text| config::severity("--fail-on", text)).transpose();
    Ok(Options {
        fail_on: fail_on.map_err(ConfigError::from)?,
        baseline: arguments.known.baseline.clone(),
        ..choice(&arguments.choice, known)?
    })
}

/// The options that say which findings are shown.
pub(super) fn choice(arguments: &ChoiceArguments, known: &KnownRules) -> Result<Options, CliError> {
    let level = arguments.min_confidence.as_deref();
    let level = level
        .map(|text| config::confidence("--min-confidence", text))
        .transpose();
    let level = level.map_err(ConfigError::from)?;
    Ok(Options {
        min_confidence: if arguments.pedantic {
            Some(Confidence::Low)
        } else {
            level
        },
        select: selectors("--select", arguments.select.as_deref(), known)?,
        ignore: selectors("--ignore", arguments.ignore.as_deref(), known)?,
        ..Options::default()
    })
}

fn selectors(flag: &str, texts: Option<&[String]>, known: &KnownRules) -> Result<Option<Vec<String>>, ConfigError> {
    let Some(texts) = texts else { return Ok(None) };
    let texts = texts.iter().map(|text| text.trim().to_owned());
    let checked = texts.map(|text| known.check(flag, &text).map(|()| text));
    Ok(Some(checked.collect::<Result<Vec<_>, _>>()?))
}

/// A line on standard error beside the report.
pub(super) fn tell(quiet: bool, line: &str) {
    if !quiet {
        let _ = writeln!(io::stderr(), "concheck: {line}");
    }
}
