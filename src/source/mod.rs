//! From paths to text: which files are read, how their bytes are decoded, what modules they are, what their comments
//! switch off.
//!
//! In: paths and settings. Out: [`Sources`]. Must not know: Python's grammar, rules. After the arguments have been
//! checked nothing here fails: what cannot be read becomes a [`SourceError`] and the run goes on.

mod compiled;
mod discover;
mod line_index;
mod modules;
mod patterns;
mod read;
mod suppress;
mod surroundings;
mod text;

use std::path::{Component, Path, PathBuf};

use serde::Serialize;

pub use compiled::CompiledModule;
pub use discover::{DEFAULT_EXCLUDES, DiscoverError, Wanted, discover};
pub use line_index::{LineIndex, Position};
pub use patterns::{PathPatterns, PatternError};
pub use suppress::{Directive, Suppressions, Unused, Use, Written};
pub use text::{Decoded, Problem, decode, encode_like};

use crate::config::Settings;
use crate::finding::FileId;

/// One file that is analysed.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The path as given or found, `/`-separated; `<stdin>` for standard input.
    pub path: String,
    /// The decoded text, without a byte order mark.
    pub text: String,
    /// Where its lines start.
    pub lines: LineIndex,
    /// The dotted names under which it may be imported, best first; never empty.
    pub modules: Vec<String>,
    /// It is an `__init__.py`.
    pub is_package: bool,
    /// It holds tests, by its name or folder.
    pub is_test: bool,
    /// It is a `__main__.py`.
    pub is_main_module: bool,
    /// The folder that the best module name starts from: absolute, `/`-separated, the same for all files below it.
    pub root: String,
    /// For an `__init__.py` the compiled modules beside it.
    pub compiled: Vec<CompiledModule>,
    /// The run is about this file; the others are read to understand it.
    pub is_given: bool,
}

/// Packages and modules that hold the commands of a tool.
const COMMAND_LINE: [&str; 5] = ["cli", "commands", "scripts", "console", "__main__"];

impl SourceFile {
    /// Whether it is part of a command-line tool, by its name or folder.
    #[must_use]
    pub fn is_command_line(&self) -> bool {
        self.is_main_module
            || self
                .modules
                .first()
                .is_some_and(|module| module.split('.').any(|part| COMMAND_LINE.contains(&part)))
    }

    /// Puts another text into its place.
    pub fn set_text(&mut self, text: String) {
        self.lines = LineIndex::new(&text);
        self.text = text;
    }

    /// Line and column of a byte offset.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        self.lines.position(offset, &self.text)
    }

    /// The text of a line, counted from 1, without its line break; empty beyond the end.
    #[must_use]
    pub fn line_text(&self, line: u32) -> &str {
        self.lines.line_text(line, &self.text)
    }
}

/// Something that could not be read as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SourceError {
    /// The file or folder, as in [`SourceFile::path`].
    pub path: String,
    /// The line, where there is one.
    pub line: Option<u32>,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
}

/// What a run reads.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The files, sorted by path; [`FileId`] is a position in here.
    pub files: Vec<SourceFile>,
    /// What could not be read, sorted.
    pub errors: Vec<SourceError>,
}

impl Sources {
    /// Takes out the files that the settings of a folder further in exclude, but those that were named.
    pub fn leave_out(&mut self, nested: &[(PathBuf, Settings)], named: &[PathBuf]) {
        let current = std::env::current_dir().unwrap_or_default();
        let excludes: Vec<_> = nested
            .iter()
            .filter_map(|(folder, settings)| {
                let patterns = PathPatterns::new(settings.exclude.iter().map(String::as_str)).ok()?;
                Some((folder, patterns, settings.force_exclude))
            })
            .collect();
        self.files.retain(|file| {
            let absolute = plain(&current.join(&file.path));
            let innermost = excludes.iter().rev().find(|(folder, ..)| absolute.starts_with(folder));
            let is_named = || named.iter().any(|path| plain(&current.join(path)) == absolute);
            innermost.is_none_or(|(_, patterns, even_named)| {
                !patterns.match_within(&absolute) || (!even_named && is_named())
            })
        });
    }

    /// The files that the run is about.
    pub fn given(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.is_given)
    }

    /// The file behind an identifier.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.index()]
    }
}

/// A path as reports show it: as given, `/`-separated.
pub(crate) fn displayed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace('\\', "/")
    }
}

/// Takes `.` and `..` out of an absolute path without looking at the file system.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// The innermost folder around all of them.
pub(crate) fn common_folder(folders: &[PathBuf]) -> Option<PathBuf> {
    let (first, rest) = folders.split_first()?;
    let around = |folder: &&Path| rest.iter().all(|other| other.starts_with(folder));
    first.ancestors().find(around).map(Path::to_path_buf)
}
