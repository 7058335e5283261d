//! Reads one file, or says why not.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::text::{Problem, decode};
use super::{LineIndex, SourceError};

/// Larger files are reported and not read.
const LARGEST_FILE: u64 = 256 * 1024 * 1024;

/// The text of a file with what is wrong with its bytes, or why there is none.
pub(super) type ReadFile = Result<(String, LineIndex, Vec<Problem>), String>;

/// Reads and decodes a file.
pub(super) fn read_file(path: &Path) -> ReadFile {
    File::open(path)
        .map_err(|error| why_unreadable(&error))
        .and_then(|mut file| read_text(&mut file))
}

/// Reads and decodes what a stream holds.
pub(super) fn read_text(input: &mut dyn Read) -> ReadFile {
    let mut bytes = Vec::new();
    input
        .take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| why_unreadable(&error))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(format!("larger than {} MB, not read", LARGEST_FILE / (1024 * 1024)));
    }
    let decoded = decode(&bytes);
    let lines = LineIndex::new(&decoded.text);
    Ok((decoded.text, lines, decoded.problems))
}

/// The text, with what is wrong put among the errors.
pub(super) fn accept(shown: &str, read: ReadFile, errors: &mut Vec<SourceError>) -> Option<(String, LineIndex)> {
    match read {
        Ok((text, lines, problems)) => {
            errors.extend(problems.into_iter().map(|problem| SourceError {
                path: shown.to_owned(),
                line: Some(problem.line),
                message: problem.message,
            }));
            Some((text, lines))
        }
        Err(message) => {
            errors.push(SourceError {
                path: shown.to_owned(),
                line: None,
                message,
            });
            None
        }
    }
}

/// A file or folder that the system does not give.
pub(super) fn unreadable(path: String, error: &io::Error) -> SourceError {
    SourceError {
        path,
        line: None,
        message: why_unreadable(error),
    }
}

/// The reason in words, without the system's numbers.
pub(super) fn why_unreadable(error: &io::Error) -> String {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "a folder".to_owned(),
        _ => {
            let text = error.to_string().to_lowercase();
            text.split(" (os error").next().unwrap_or(&text).to_owned()
        }
    };
    format!("could not be read: {reason}")
}
