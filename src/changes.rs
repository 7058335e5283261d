//! What has changed since a revision, asked of git. The only place that starts a process to read the project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

/// Why it cannot be told what has changed.
#[derive(Debug, Error)]
pub enum ChangesError {
    /// There is no git.
    #[error("git could not be started: {0}")]
    NoGit(std::io::Error),
    /// Git says no: no repository, no such revision.
    #[error("git cannot tell what changed since `{revision}`: {message}")]
    Refused {
        /// As given.
        revision: String,
        /// What git says.
        message: String,
    },
}

/// The lines that were changed or added, by file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    files: BTreeMap<PathBuf, Lines>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Lines {
    All,
    /// First and last line of each part.
    Some(Vec<(u32, u32)>),
}

impl Changes {
    /// Whether one of these lines of a file was changed; the path is absolute.
    #[must_use]
    pub fn touch(&self, path: &Path, first: u32, last: u32) -> bool {
        match self.files.get(path) {
            None => false,
            Some(Lines::All) => true,
            Some(Lines::Some(parts)) => parts.iter().any(|&(from, to)| from <= last && first <= to),
        }
    }

    /// Reads the output of `git diff --unified=0`; its paths start at `top`.
    fn add_diff(&mut self, top: &Path, diff: &str) {
        let mut parts: Option<&mut Vec<(u32, u32)>> = None;
        for line in diff.lines() {
            if let Some(path) = line.strip_prefix("+++ ") {
                parts = new_path(path).map(|path| {
                    let lines = self.files.entry(top.join(path)).or_insert(Lines::Some(Vec::new()));
                    match lines {
                        Lines::Some(parts) => parts,
                        Lines::All => unreachable!("internal: a diff comes before the untracked files"),
                    }
                });
            } else if let (Some(part), Some(parts)) = (hunk(line), parts.as_mut()) {
                parts.push(part);
            }
        }
    }
}

/// What has changed in the working tree since the revision, or since the branch left it, with files that git does not
/// know yet.
///
/// # Errors
/// When there is no git, no repository, or no such revision.
pub fn since(revision: &str) -> Result<Changes, ChangesError> {
    let ask = |arguments: &[&str]| ask(revision, arguments);
    let top = PathBuf::from(ask(&["rev-parse", "--show-toplevel"])?.trim_end());
    ask(&[
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &format!("{revision}^{{commit}}"),
    ])
    .map_err(|error| match error {
        ChangesError::Refused { revision, .. } => ChangesError::Refused {
            revision,
            message: "there is no such revision".to_owned(),
        },
        error => error,
    })?;
    // Without a common ancestor the revision itself is what to compare with.
    let base = ask(&["merge-base", "--end-of-options", revision, "HEAD"]).unwrap_or_else(|_| revision.to_owned());
    let mut changes = Changes::default();
    let diff = [
        "diff",
        "--unified=0",
        "--no-color",
        "--no-ext-diff",
        "--find-renames",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        base.trim_end(),
        "--",
    ];
    changes.add_diff(&top, &ask(&diff)?);
    let arguments = ["ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":/"];
    for path in ask(&arguments)?.split('\0').filter(|path| !path.is_empty()) {
        changes.files.insert(top.join(path), Lines::All);
    }
    Ok(changes)
}

#[expect(
    clippy::disallowed_methods,
    reason = "only git knows what has changed; no code of the project is run"
)]
fn ask(revision: &str, arguments: &[&str]) -> Result<String, ChangesError> {
    let output = Command::new("git")
        .args(["-c", "core.quotePath=false"])
        .args(arguments)
        .output()
        .map_err(ChangesError::NoGit)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let message = message.lines().next().unwrap_or_default();
    Err(ChangesError::Refused {
        revision: revision.to_owned(),
        message: message.trim_start_matches("fatal: ").to_owned(),
    })
}

/// The path of a `+++` line: `b/path`, or `/dev/null` for a file that is gone. Odd names are quoted.
fn new_path(text: &str) -> Option<PathBuf> {
    let text = text.trim_end_matches('\t');
    let plain = match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => text.to_owned(),
    };
    plain.strip_prefix("b/").map(PathBuf::from)
}

/// The lines that `@@ -1,2 +3,4 @@` adds; where lines were only taken away, the one before and the one behind.
fn hunk(line: &str) -> Option<(u32, u32)> {
    let added = line.strip_prefix("@@ -")?.split(' ').nth(1)?.strip_prefix('+')?;
    let (start, length) = match added.split_once(',') {
        Some((start, length)) => (start.parse().ok()?, length.parse().ok()?),
        None => (added.parse().ok()?, 1_u32),
    };
    Some(if length == 0 {
        (start, start + 1)
    } else {
        (start, start + length - 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_says_which_lines_are_new() {
        let mut changes = Changes::default();
        let diff = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -3 +3 @@ def f():\n-x\n+y\n@@ -9,0 +10,2 @@\n+a\n+b\n\
                    --- a/gone.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-x\n--- a/n.py\n+++ \"b/n \\\"q\\\".py\"\n@@ -5,2 +4,0 @@\n-x\n";
        changes.add_diff(Path::new("/top"), diff);
        let touched = |path: &str, lines: std::ops::RangeInclusive<u32>| {
            lines
                .filter(|&line| changes.touch(Path::new(path), line, line))
                .collect::<Vec<_>>()
        };
        assert_eq!(touched("/top/a.py", 1..=20), [3, 10, 11]);
        assert_eq!(touched("/top/n \"q\".py", 1..=20), [4, 5]);
        assert_eq!(touched("/top/gone.py", 1..=20), Vec::<u32>::new());
        assert!(changes.touch(Path::new("/top/a.py"), 1, 3));
    }
}
