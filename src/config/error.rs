//! What can be wrong with options. Every one of these is the user's to mend and stops the run with exit code 2.

use std::io;

use thiserror::Error;

/// The options cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A configuration file exists or was named and cannot be read.
    #[error("`{path}` could not be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// A configuration file says something that means nothing.
    #[error("{path}:{line}: {problem}")]
    InFile {
        /// The file.
        path: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: Box<Problem>,
    },
    /// A flag says something that means nothing.
    #[error("{0}")]
    OnCommandLine(Box<Problem>),
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self::OnCommandLine(Box::new(problem))
    }
}

/// What is wrong with one option.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// No such option.
    #[error("unknown key `{key}`; {}", suggestion(.nearest.as_deref(), .known))]
    UnknownKey {
        /// As written.
        key: String,
        /// The known key that looks most like it.
        nearest: Option<String>,
        /// All known keys.
        known: String,
    },
    /// Another type is expected.
    #[error("`{key}` must be {expected}, not {found}")]
    WrongType {
        /// The option.
        key: String,
        /// What it takes.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// The type is right and the value is not.
    #[error("`{key}` cannot be `{value}`; {}", suggestion(.nearest.as_deref(), .expected))]
    BadValue {
        /// The option.
        key: String,
        /// As written.
        value: String,
        /// The known value that looks most like it.
        nearest: Option<String>,
        /// What it takes.
        expected: String,
    },
    /// No rule has this code or name.
    #[error("`{key}` names no rule: `{rule}`; {}", suggestion(.nearest.as_deref(), "a code such as those of `concheck rules`"))]
    UnknownRule {
        /// The option.
        key: String,
        /// As written.
        rule: String,
        /// The rule that looks most like it.
        nearest: Option<String>,
    },
    /// A glob pattern does not compile.
    #[error("`{key}`: {message}")]
    BadPattern {
        /// The option.
        key: String,
        /// What is wrong with the pattern.
        message: String,
    },
    /// A file extends itself, perhaps by way of others.
    #[error("`extend` leads back to `{path}`")]
    Circle {
        /// The file.
        path: String,
    },
    /// What knowledge is about must be something that can be called.
    #[error("`{name}` is not a dotted Python name")]
    NotAName {
        /// As written.
        name: String,
    },
    /// The file is not TOML.
    #[error("not valid TOML: {0}")]
    NotToml(String),
}

fn suggestion(nearest: Option<&str>, expected: &str) -> String {
    match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("expected {expected}"),
    }
}

/// The word among `known` that `text` was probably meant to be.
pub(super) fn nearest<'word>(text: &str, known: impl IntoIterator<Item = &'word str>) -> Option<String> {
    let text = text.to_lowercase();
    let scored = known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(&text, &word.to_lowercase()), word));
    let best = scored.max_by(|left, right| left.0.total_cmp(&right.0))?;
    (best.0 >= 0.8).then(|| best.1.to_owned())
}
