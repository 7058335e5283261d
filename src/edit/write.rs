//! Puts a changed text where the old one was.

use std::fs;
use std::io;
use std::path::Path;

use thiserror::Error;

use crate::source::{decode, encode_like};

/// Why a file was left as it is.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The system's or the user's fault.
    #[error("`{path}` could not be changed: {source}")]
    File {
        /// The file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// The bytes cannot be made from the text.
    #[error("`{path}` could not be changed: {reason}")]
    Encoding {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// Somebody else has changed it since it was read.
    #[error("`{path}` was changed while it was being analysed, and is left as it is")]
    Changed {
        /// The file.
        path: String,
    },
}

/// Replaces the text `before` of a file by `after`, in the encoding that the file has. A file that no longer holds
/// `before` is left alone.
///
/// # Errors
/// When the file cannot be read or written, was changed meanwhile, or its encoding lacks a character.
pub fn write_back(path: &str, before: &str, after: &str) -> Result<(), WriteError> {
    let fail = |source| WriteError::File {
        path: path.to_owned(),
        source,
    };
    let bytes = fs::read(Path::new(path)).map_err(fail)?;
    if decode(&bytes).text != before {
        return Err(WriteError::Changed { path: path.to_owned() });
    }
    let changed = encode_like(&bytes, after).map_err(|reason| WriteError::Encoding {
        path: path.to_owned(),
        reason,
    })?;
    fs::write(Path::new(path), changed).map_err(fail)
}
