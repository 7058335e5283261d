//! From paths to text: which files are read, how their bytes are decoded, what modules they are, what their comments
//! switch off.
//!
//! In: paths and settings. Out: [`Sources`]. Must not know: Python's grammar, rules. After the arguments have been
//! checked nothing here fails: what cannot be read becomes a [`SourceError`] and the run goes on.

mod discover;
mod line_index;
mod modules;
mod patterns;
mod suppress;
mod text;

use std::path::{Component, Path, PathBuf};

use serde::Serialize;

pub use discover::{DEFAULT_EXCLUDES, DiscoverError, discover};
pub use line_index::{LineIndex, Position};
pub use patterns::{PathPatterns, PatternError};
pub use suppress::Suppressions;
pub use text::{Decoded, Problem, decode};

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
}

impl SourceFile {
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
    /// The file behind an identifier.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.index()]
    }
}

/// A path as reports show it: as given, `/`-separated.
fn displayed(path: &Path) -> String {
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
