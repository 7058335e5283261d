//! `concheck advise`.

use std::io::Write;

use super::arguments::AdviseArguments;
use super::error::CliError;
use super::{run, terminal};
use crate::config::Options;
use crate::report::InventoryFormat;
use crate::{pipeline, report};

/// Lists the submissions of the paths. That there are some is no defect: the exit code is 0.
pub(super) fn run(arguments: AdviseArguments) -> Result<u8, CliError> {
    let request = run::request(&arguments.run, Options::default())?;
    let settings = run::settings(&request, &run::known_rules())?.settings;
    let (sources, outcome) = run::analysed(&arguments.run, &request, settings, |sources, settings| {
        pipeline::advise(sources, settings)
    })?;
    let format: InventoryFormat = arguments.output_format.into();
    if format != InventoryFormat::Json {
        run::tell_errors(&arguments.run, &outcome.errors, &sources);
    }
    let (mut out, style) = terminal::stdout(arguments.run.color, arguments.run.quiet);
    report::write_advise(&mut out, format, style, arguments.evidence, &outcome, &sources)?;
    out.flush()?;
    Ok(0)
}
