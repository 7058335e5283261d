//! Puts the origins of options together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::file;
use super::options::{Options, Origin};
use super::selection::KnownRules;
use super::settings::Settings;
use crate::source::{common_folder, plain};

/// What a run asks for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The options on the command line.
    pub command_line: Options,
    /// No file is looked at.
    pub isolated: bool,
    /// The configuration file that the user names.
    pub config: Option<PathBuf>,
    /// The paths that are checked; files are looked for from the folder around them all.
    pub paths: Vec<PathBuf>,
}

/// The settings of a run, and where they were said.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The settings.
    pub settings: Settings,
    /// By key; what is not in here is a default.
    pub origins: BTreeMap<String, Origin>,
}

/// Resolves the settings of a run.
///
/// # Errors
/// When a file cannot be read or says something that means nothing.
pub fn resolve(request: &Request, known: &KnownRules) -> Result<Resolved, ConfigError> {
    let command_line = request.command_line.clone();
    if request.isolated {
        return Ok(resolved(command_line));
    }
    let current = std::env::current_dir().unwrap_or_default();
    let config = request.config.as_ref().map(|path| plain(&current.join(path)));
    let from_files = file::load(&start_folder(&request.paths, &current), config.as_deref(), known)?;
    let mut options = command_line.over(from_files.options);
    if let (None, Some((range, origin))) = (options.target_version, from_files.requires_python) {
        options.target_version = Some(range);
        options.origins.insert("target-version".to_owned(), origin);
    }
    Ok(resolved(options))
}

fn resolved(options: Options) -> Resolved {
    Resolved {
        origins: options.origins.clone(),
        settings: options.into_settings(),
    }
}

/// The folders further in that have a configuration file of their own, absolute and sorted, and what it says.
///
/// # Errors
/// When a file cannot be read or says something that means nothing.
pub fn nested<'file>(
    request: &Request,
    files: impl Iterator<Item = &'file str>,
    known: &KnownRules,
) -> Result<Vec<(PathBuf, Options)>, ConfigError> {
    if request.isolated || request.config.is_some() {
        return Ok(Vec::new());
    }
    let current = std::env::current_dir().unwrap_or_default();
    let start = start_folder(&request.paths, &current);
    let mut folders = BTreeSet::new();
    for file in files {
        let absolute = plain(&current.join(file));
        let inner = absolute.ancestors().skip(1);
        let inner = inner.take_while(|folder| *folder != start && folder.starts_with(&start));
        for folder in inner {
            if !folders.insert(folder.to_owned()) {
                break;
            }
        }
    }
    let mut found = Vec::new();
    for folder in folders {
        if let Some(options) = file::in_folder(&folder, known)? {
            found.push((folder, options));
        }
    }
    Ok(found)
}

/// Adds the options of configuration files further in: for the files below them they say which rules speak, and how.
/// What they know about functions counts everywhere, unless it contradicts what is said further out.
pub fn add_nested(settings: &mut Settings, request: &Request, nested: Vec<(PathBuf, Options)>) {
    for (folder, options) in nested {
        for (name, kind) in options.knowledge.iter().flatten() {
            settings.knowledge.entry(name.clone()).or_insert_with(|| kind.clone());
        }
        let nested = request.command_line.clone().over(options).into_settings();
        settings.nested.push((folder, nested));
    }
}

/// The innermost folder around all paths; the current one for standard input.
fn start_folder(paths: &[PathBuf], current: &Path) -> PathBuf {
    let folder_of = |path: &PathBuf| {
        if path.as_os_str() == "-" {
            return current.to_owned();
        }
        let absolute = plain(&current.join(path));
        if absolute.is_dir() {
            absolute
        } else {
            absolute.parent().unwrap_or(&absolute).to_owned()
        }
    };
    let folders: Vec<PathBuf> = paths.iter().map(folder_of).collect();
    common_folder(&folders).unwrap_or_else(|| current.to_owned())
}
