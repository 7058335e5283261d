//! Glob patterns of paths, as settings give them.

use std::path::Path;

use globset::{Glob, GlobSet, GlobSetBuilder};
use thiserror::Error;

/// A pattern that is no valid glob.
#[derive(Debug, Error)]
#[error("`{pattern}` is not a valid glob pattern: {reason}")]
pub struct PatternError {
    /// The pattern as given.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A set of patterns. One without `/` stands for any file or folder of that name; another one matches whole paths, from
/// anywhere unless it is absolute. `*` also crosses `/`.
#[derive(Clone, Debug, Default)]
pub struct PathPatterns {
    globs: GlobSet,
}

impl PathPatterns {
    /// Compiles patterns.
    ///
    /// # Errors
    /// When a pattern is no valid glob.
    pub fn new<'pattern>(patterns: impl IntoIterator<Item = &'pattern str>) -> Result<Self, PatternError> {
        let mut builder = GlobSetBuilder::new();
        for pattern in patterns {
            builder.add(glob(pattern)?);
        }
        let globs = builder.build().map_err(|error| failure("", &error))?;
        Ok(Self { globs })
    }

    /// Whether a pattern matches this file or folder itself.
    #[must_use]
    pub fn match_entry(&self, absolute: &Path) -> bool {
        self.globs.is_match(absolute)
    }

    /// Whether a pattern matches this file or a folder around it.
    #[must_use]
    pub fn match_within(&self, absolute: &Path) -> bool {
        !self.globs.is_empty() && absolute.ancestors().any(|path| self.globs.is_match(path))
    }
}

fn glob(pattern: &str) -> Result<Glob, PatternError> {
    let trimmed = pattern.strip_suffix('/').unwrap_or(pattern);
    let full = if Path::new(trimmed).is_absolute() {
        trimmed.to_owned()
    } else {
        format!("**/{}", trimmed.strip_prefix("./").unwrap_or(trimmed))
    };
    Glob::new(&full).map_err(|error| failure(pattern, &error))
}

fn failure(pattern: &str, error: &globset::Error) -> PatternError {
    PatternError {
        pattern: pattern.to_owned(),
        reason: error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, path: &str, entry: bool, within: bool) {
        let patterns = PathPatterns::new([pattern]).expect("a valid pattern");
        assert_eq!(
            patterns.match_entry(Path::new(path)),
            entry,
            "{pattern} on {path} itself"
        );
        assert_eq!(
            patterns.match_within(Path::new(path)),
            within,
            "{pattern} around {path}"
        );
    }

    #[test]
    fn names_match_anywhere() {
        check("gen", "/p/a/gen", true, true);
        check("gen", "/p/gen/a.py", false, true);
        check("gen", "/p/generated/a.py", false, false);
        check("*_pb2.py", "/p/a_pb2.py", true, true);
    }

    #[test]
    fn paths_match_whole() {
        check("/p/src/gen/", "/p/src/gen", true, true);
        check("src/gen", "/p/src/gen/a.py", false, true);
        check("/p/tests/*", "/p/tests/unit/a.py", true, true);
        check("/p/tests/*", "/q/tests/unit/a.py", false, false);
    }

    #[test]
    fn a_broken_pattern_is_named() {
        let error = PathPatterns::new(["a[b"]).expect_err("an unclosed class");
        assert_eq!(error.pattern, "a[b");
    }
}
