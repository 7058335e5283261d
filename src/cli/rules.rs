//! `concheck rules`.

use std::io::Write;

use super::arguments::RulesArguments;
use super::error::CliError;
use super::terminal;
use crate::report;

/// Lists all rules.
pub(super) fn run(arguments: &RulesArguments) -> Result<u8, CliError> {
    let (mut out, style) = terminal::stdout(arguments.color, false);
    report::write_rules(&mut out, style, crate::rules::all())?;
    out.flush()?;
    Ok(0)
}
