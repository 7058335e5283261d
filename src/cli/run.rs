//! What `check` and `advise` share: options, sources, and what is said beside the report.

use std::io::{self, Write};

use super::arguments::RunArguments;
use super::error::CliError;
use super::progress::Progress;
use crate::config::{self, ConfigError, KnownRules, Options, Problem, Request, Settings};
use crate::report::Format;
use crate::source::{SourceError, Sources, discover};

/// The codes and names of all rules.
pub(super) fn known_rules() -> KnownRules {
    KnownRules::new(crate::rules::all().iter().map(|rule| (rule.code, rule.name)))
}

/// Resolves the settings of a run; `options` are those flags that only one command has.
pub(super) fn settings(run: &RunArguments, options: Options, known: &KnownRules) -> Result<Settings, CliError> {
    let common = common_options(run).map_err(ConfigError::from)?;
    let request = Request {
        command_line: options.over(common),
        isolated: run.isolated,
        config: run.config.clone(),
        paths: run.paths.clone(),
    };
    Ok(config::resolve(request, known)?)
}

fn common_options(run: &RunArguments) -> Result<Options, Problem> {
    let target_version = run.target_version.as_deref();
    let start_method = run.start_method.as_deref();
    Ok(Options {
        target_version: target_version
            .map(|text| config::target_version("--target-version", text))
            .transpose()?,
        platforms: run
            .platform
            .as_deref()
            .map(|texts| config::platforms("--platform", texts))
            .transpose()?,
        start_method: start_method
            .map(|text| config::start_method("--start-method", text))
            .transpose()?,
        free_threaded: run.free_threaded.then_some(true),
        ..Options::default()
    })
}

/// Reads the files and hands them to `analyse`.
pub(super) fn analysed<Outcome>(
    run: &RunArguments,
    settings: &Settings,
    analyse: impl FnOnce(&Sources, &Settings) -> Outcome,
) -> Result<(Sources, Outcome), CliError> {
    let reading = Progress::start("reading files".to_owned(), run.quiet);
    let sources = discover(&run.paths, settings, &mut io::stdin())?;
    drop(reading);
    let _analysing = Progress::start(format!("analysing {} files", sources.files.len()), run.quiet);
    let outcome = analyse(&sources, settings);
    Ok((sources, outcome))
}

/// Tells on standard error what could not be read; JSON has it in the document.
pub(super) fn tell_errors(run: &RunArguments, errors: &[SourceError], sources: &Sources) {
    if matches!(run.output_format.into(), Format::Json) {
        return;
    }
    let mut stderr = io::stderr().lock();
    for error in errors {
        let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(stderr, "concheck: {}{line}: {}", error.path, error.message);
    }
    if sources.files.is_empty() && errors.is_empty() && !run.quiet {
        let paths: Vec<_> = run.paths.iter().map(|path| format!("`{}`", path.display())).collect();
        let _ = writeln!(stderr, "concheck: no Python files in {}", paths.join(", "));
    }
}
