//! `concheck explain`.

use std::io::Write;

use super::arguments::ExplainArguments;
use super::error::CliError;
use super::{run, terminal};
use crate::report;

/// Prints the page of a rule.
pub(super) fn run(arguments: &ExplainArguments) -> Result<u8, CliError> {
    let wanted = arguments.rule.trim();
    let is_meant = |rule: &&&crate::rules::Rule| rule.code.eq_ignore_ascii_case(wanted) || rule.name == wanted;
    let Some(rule) = crate::rules::all().iter().find(is_meant) else {
        let nearest = run::known_rules().nearest(wanted);
        return Err(CliError::NoSuchRule {
            rule: wanted.to_owned(),
            nearest,
        });
    };
    let (mut out, style) = terminal::stdout(arguments.color, false);
    report::write_page(&mut out, style, rule)?;
    out.flush()?;
    Ok(0)
}
