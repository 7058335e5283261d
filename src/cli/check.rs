//! `concheck check`.

use std::io::Write;

use super::arguments::CheckArguments;
use super::error::CliError;
use super::{run, terminal};
use crate::config::{self, ConfigError, KnownRules, Options};
use crate::finding::Confidence;
use crate::{pipeline, report};

const FINDINGS: u8 = 1;

/// Checks the paths; the exit code says whether something was found.
pub(super) fn run(arguments: CheckArguments) -> Result<u8, CliError> {
    let known = run::known_rules();
    let options = options(&arguments, &known)?;
    let settings = run::settings(&arguments.run, options, &known)?;
    let (sources, outcome) = run::analysed(&arguments.run, &settings, pipeline::check)?;
    run::tell_errors(&arguments.run, &outcome.errors, &sources);
    let (mut out, style) = terminal::stdout(arguments.run.color, arguments.run.quiet);
    report::write_check(&mut out, arguments.run.output_format.into(), style, &outcome, &sources)?;
    out.flush()?;
    Ok(if outcome.findings.is_empty() || arguments.exit_zero {
        0
    } else {
        FINDINGS
    })
}

fn options(arguments: &CheckArguments, known: &KnownRules) -> Result<Options, CliError> {
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
