//! `concheck config`.

use std::io::Write;

use super::arguments::ConfigArguments;
use super::error::CliError;
use super::terminal::ColorWhen;
use super::{check, run, terminal};
use crate::config::{self, Resolved};

/// Shows the settings in force.
pub(super) fn run(arguments: ConfigArguments) -> Result<u8, CliError> {
    if arguments.schema {
        let (mut out, _) = terminal::stdout(arguments.run.color, false);
        out.write_all(config::OPTIONS_SCHEMA.as_bytes())?;
        out.flush()?;
        return Ok(0);
    }
    let known = run::known_rules();
    let request = run::request(&arguments.run, check::choice(&arguments.choice, &known)?)?;
    show(&run::settings(&request, &known)?, arguments.run.color)
}

/// Writes each setting as TOML, with where it was said.
pub(super) fn show(resolved: &Resolved, color: ColorWhen) -> Result<u8, CliError> {
    let (mut out, style) = terminal::stdout(color, false);
    let (faint, plain) = if style.color { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
    let described = config::describe(resolved);
    let lines: Vec<(String, String)> = described
        .into_iter()
        .map(|one| {
            let origin = one
                .origin
                .map_or_else(|| "default".to_owned(), |origin| origin.to_string());
            let line = match one.value {
                Some(value) => format!("{} = {value}", one.key),
                None => format!("# {} is not set", one.key),
            };
            (line, origin)
        })
        .collect();
    let fitting = lines.iter().map(|(line, _)| line.chars().count());
    let width = fitting.filter(|&width| width <= 50).max().unwrap_or(0);
    for (line, origin) in &lines {
        writeln!(out, "{line:<width$}  {faint}# {origin}{plain}")?;
    }
    out.flush()?;
    Ok(0)
}
