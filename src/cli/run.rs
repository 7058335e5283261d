//! What `check` and `advise` share: options, sources, and what is said beside the report.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use super::arguments::RunArguments;
use super::error::CliError;
use super::progress::Progress;
use crate::config::{self, ConfigError, KnownRules, Options, Problem, Request, Resolved, Settings};
use crate::source::{SourceError, Sources, Wanted, discover};

/// The codes and names of all rules.
pub(super) fn known_rules() -> KnownRules {
    KnownRules::new(crate::rules::all().iter().map(|rule| (rule.code, rule.name)))
}

/// What a run asks for; `options` are those flags that only one command has.
pub(super) fn request(run: &RunArguments, options: Options) -> Result<Request, CliError> {
    let common = common_options(run).map_err(ConfigError::from)?;
    Ok(Request {
        command_line: options.over(common).from_command_line(),
        isolated: run.isolated,
        config: run.config.clone(),
        paths: around(run),
    })
}

/// Resolves the settings of a run.
pub(super) fn settings(request: &Request, known: &KnownRules) -> Result<Resolved, CliError> {
    Ok(config::resolve(request, known)?)
}

/// The paths whose configuration counts.
fn around(run: &RunArguments) -> Vec<PathBuf> {
    let stdin_name = run.stdin_filename.as_ref();
    let name = |path: PathBuf| match stdin_name {
        Some(name) if path.as_os_str() == "-" => name.clone(),
        _ => path,
    };
    paths(run).into_iter().map(name).collect()
}

/// What is read: a name for standard input asks for it when nothing else is given.
pub(super) fn paths(run: &RunArguments) -> Vec<PathBuf> {
    if run.stdin_filename.is_some() && run.paths == [PathBuf::from(".")] {
        return vec![PathBuf::from("-")];
    }
    run.paths.clone()
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
        force_exclude: run.force_exclude.then_some(true),
        ..Options::default()
    })
}

/// Reads the files, and the configuration that is found between them.
pub(super) fn read(run: &RunArguments, request: &Request, settings: &mut Settings) -> Result<Sources, CliError> {
    read_from(run, request, settings, &mut io::stdin())
}

/// Reads the files as [`read`] does, with something else in the place of standard input.
pub(super) fn read_from(
    run: &RunArguments,
    request: &Request,
    settings: &mut Settings,
    input: &mut dyn Read,
) -> Result<Sources, CliError> {
    let _reading = Progress::start("reading files".to_owned(), run.quiet);
    let paths = paths(run);
    let wanted = Wanted {
        paths: &paths,
        stdin_name: run.stdin_filename.as_deref(),
        alone: run.no_project,
    };
    let mut sources = discover(wanted, settings, input)?;
    config::add_nested(settings, request, nested(request, &sources)?);
    sources.leave_out(&settings.nested, &paths);
    Ok(sources)
}

/// What the configuration files say that lie between the sources.
pub(super) fn nested(request: &Request, sources: &Sources) -> Result<Vec<(PathBuf, Options)>, CliError> {
    let given = sources.given().map(|file| file.path.as_str());
    Ok(config::nested(request, given, &known_rules())?)
}

/// Reads the files and hands them to `analyse`.
pub(super) fn analysed<Outcome>(
    run: &RunArguments,
    request: &Request,
    mut settings: Settings,
    analyse: impl FnOnce(&Sources, &Settings) -> Outcome,
) -> Result<(Sources, Outcome), CliError> {
    let sources = read(run, request, &mut settings)?;
    let _analysing = Progress::start(format!("analysing {} files", sources.files.len()), run.quiet);
    let outcome = analyse(&sources, &settings);
    Ok((sources, outcome))
}

/// Tells on standard error what could not be read.
pub(super) fn tell_errors(run: &RunArguments, errors: &[SourceError], sources: &Sources) {
    let mut stderr = io::stderr().lock();
    for error in errors {
        let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(stderr, "concheck: {}{line}: {}", error.path, error.message);
    }
    if sources.given().next().is_none() && errors.is_empty() && !run.quiet {
        let paths: Vec<_> = run.paths.iter().map(|path| format!("`{}`", path.display())).collect();
        let _ = writeln!(stderr, "concheck: no Python files in {}", paths.join(", "));
    }
}
