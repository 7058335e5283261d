//! `concheck advise`.

use std::io::Write;

use super::arguments::AdviseArguments;
use super::error::CliError;
use super::{run, terminal};
use crate::config::Options;
use crate::{pipeline, report};

/// Lists the submissions of the paths. That there are some is no defect: the exit code is 0.
pub(super) fn run(arguments: AdviseArguments) -> Result<u8, CliError> {
    let settings = run::settings(&arguments.run, Options::default(), &run::known_rules())?;
    let (sources, outcome) = run::analysed(&arguments.run, &settings, pipeline::advise)?;
    run::tell_errors(&arguments.run, &outcome.errors, &sources);
    let (mut out, style) = terminal::stdout(arguments.run.color, arguments.run.quiet);
    let format = arguments.run.output_format.into();
    report::write_advise(&mut out, format, style, arguments.evidence, &outcome, &sources)?;
    out.flush()?;
    Ok(0)
}
