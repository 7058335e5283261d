//! `concheck config`.

use std::io::{self, Write};
use std::path::Path;

use super::arguments::{ConfigArguments, RunArguments};
use super::error::CliError;
use super::{check, run, terminal};
use crate::config::{self, Described, Request, Resolved};
use crate::report::Style;

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
    show(&run::settings(&request, &known)?, &arguments.run, &request)
}

/// Writes each setting as TOML, with where it was said; behind them, as comments, what folders further in say.
pub(super) fn show(resolved: &Resolved, run: &RunArguments, request: &Request) -> Result<u8, CliError> {
    let mut settings = resolved.settings.clone();
    let sources = run::read(run, request, &mut settings)?;
    let nested = run::nested(request, &sources)?;
    let (mut out, style) = terminal::stdout(run.color, false);
    write_lines(&mut out, style, "", &config::describe(resolved))?;
    for (folder, options) in &nested {
        writeln!(out, "\n# for the files below {}:", shown(folder))?;
        write_lines(&mut out, style, "# ", &config::describe_nested(options))?;
    }
    out.flush()?;
    Ok(0)
}

/// A folder as seen from the current one.
fn shown(folder: &Path) -> String {
    let current = std::env::current_dir().unwrap_or_default();
    folder.strip_prefix(current).unwrap_or(folder).display().to_string()
}

fn write_lines(out: &mut impl Write, style: Style, start: &str, described: &[Described]) -> io::Result<()> {
    let (faint, plain) = if style.color { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
    let lines = described.iter().map(|one| {
        let origin = one.origin.as_ref();
        let origin = origin.map_or_else(|| "default".to_owned(), ToString::to_string);
        let line = match &one.value {
            Some(value) => format!("{start}{} = {value}", one.key),
            None => format!("{start}# {} is not set", one.key),
        };
        (line, origin)
    });
    let lines: Vec<(String, String)> = lines.collect();
    let fitting = lines.iter().map(|(line, _)| line.chars().count());
    let width = fitting.filter(|&width| width <= 50).max().unwrap_or(0);
    for (line, origin) in &lines {
        writeln!(out, "{line:<width$}  {faint}# {origin}{plain}")?;
    }
    Ok(())
}
