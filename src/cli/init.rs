//! `concheck init`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::arguments::InitArguments;
use super::error::CliError;
use super::terminal::{self, ColorWhen};
use crate::config::{InitError, initial_file, initial_section, keep_our_codes};

/// Writes a configuration to start from, and tells what it did.
pub(super) fn run(arguments: &InitArguments) -> Result<u8, CliError> {
    let folder = &arguments.folder;
    let (mut out, _) = terminal::stdout(ColorWhen::Auto, false);
    let own = folder.join("concheck.toml");
    let project = folder.join("pyproject.toml");
    if own.exists() {
        return Err(refused(&own, InitError::AlreadyThere));
    }
    match read_if_there(&project)? {
        Some(text) => {
            let text = initial_section(&text).map_err(|reason| refused(&project, reason))?;
            write(&project, &text)?;
            writeln!(out, "{}: [tool.concheck] was added", project.display())?;
        }
        None => {
            write(&own, &initial_file())?;
            writeln!(out, "{} was written", own.display())?;
        }
    }
    tell_ruff(arguments, &mut out)?;
    out.flush()?;
    Ok(0)
}

/// Ruff takes codes out of `# noqa` that it does not know, unless it is told whose they are.
fn tell_ruff(arguments: &InitArguments, out: &mut dyn Write) -> Result<(), CliError> {
    let places: [(&str, &[&str]); 3] = [
        ("ruff.toml", &[]),
        (".ruff.toml", &[]),
        ("pyproject.toml", &["tool", "ruff"]),
    ];
    for (name, inner) in places {
        let path = arguments.folder.join(name);
        let Some(text) = read_if_there(&path)? else { continue };
        let changed = match keep_our_codes(&text, inner) {
            Ok(Some(changed)) => changed,
            Ok(None) => continue,
            Err(reason) => return Err(refused(&path, reason)),
        };
        let path_shown = path.display();
        if arguments.ruff {
            write(&path, &changed)?;
            writeln!(out, "{path_shown}: \"CC\" was added to `external` of Ruff")?;
        } else {
            writeln!(
                out,
                "{path_shown}: Ruff will take `# noqa: CC101` out as unknown; `external = [\"CC\"]` in its `lint` table \
                 prevents that (`concheck init --ruff` writes it)"
            )?;
        }
        return Ok(());
    }
    Ok(())
}

fn read_if_there(path: &Path) -> Result<Option<String>, CliError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(CliError::File {
            path: path.display().to_string(),
            source,
        }),
    }
}

fn write(path: &Path, text: &str) -> Result<(), CliError> {
    fs::write(path, text).map_err(|source| CliError::File {
        path: path.display().to_string(),
        source,
    })
}

fn refused(path: &Path, reason: InitError) -> CliError {
    CliError::Init {
        path: path.display().to_string(),
        reason,
    }
}
