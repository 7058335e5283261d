//! Puts the origins of options together.

use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::file;
use super::options::Options;
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

/// Resolves the settings of a run.
///
/// # Errors
/// When a file cannot be read or says something that means nothing.
pub fn resolve(request: Request, known: &KnownRules) -> Result<Settings, ConfigError> {
    if request.isolated {
        return Ok(request.command_line.into_settings());
    }
    let current = std::env::current_dir().unwrap_or_default();
    let config = request.config.map(|path| plain(&current.join(path)));
    let from_files = file::load(&start_folder(&request.paths, &current), config.as_deref(), known)?;
    let mut options = request.command_line.over(from_files.options);
    options.target_version = options.target_version.or(from_files.requires_python);
    Ok(options.into_settings())
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
