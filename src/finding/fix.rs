//! Changes to the source that mend a finding.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Place;

/// How far a fix may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Applicability {
    /// One way to go on; a person has to look at it.
    Suggestion,
    /// It mends the finding and may change what the program does beside that.
    Unsafe,
    /// It changes nothing that the program is meant to do.
    Safe,
}

impl Applicability {
    /// The word used in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suggestion => "suggestion",
            Self::Unsafe => "unsafe",
            Self::Safe => "safe",
        }
    }
}

/// A change to the source that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fix {
    /// How far it may be trusted.
    pub applicability: Applicability,
    /// What it does, in the imperative, in lower case and without a full stop: `remove the comment`.
    pub message: String,
    /// Its parts, in any order; they do not overlap, and only all of them together make sense.
    pub edits: Vec<Edit>,
}

/// One replacement. An empty place inserts, an empty replacement deletes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Edit {
    /// What is replaced: the bytes of a span of a file's decoded text.
    pub place: Place,
    /// What stands there afterwards.
    pub replacement: String,
}

/// Edits that cannot be applied together, or not to this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the edits around byte {offset} overlap, or lie outside the text")]
pub struct EditConflict {
    /// Where the first of them starts.
    pub offset: u32,
}

/// The text after edits that all belong to its file; insertions at the same place keep their order.
///
/// # Errors
/// When edits overlap, or a place is not one of the text.
pub fn apply_edits<'edits>(text: &str, edits: impl IntoIterator<Item = &'edits Edit>) -> Result<String, EditConflict> {
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_by_key(|edit| (edit.place.span.start, edit.place.span.end));
    let mut changed = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        let span = edit.place.span;
        let kept = text.get(done..span.start as usize);
        let replaced = text.get(span.start as usize..span.end as usize);
        let (Some(kept), Some(_)) = (kept, replaced) else {
            return Err(EditConflict { offset: span.start });
        };
        changed.push_str(kept);
        changed.push_str(&edit.replacement);
        done = span.end as usize;
    }
    changed.push_str(&text[done..]);
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Span;
    use crate::finding::FileId;

    fn edit(start: u32, end: u32, replacement: &str) -> Edit {
        Edit {
            place: Place {
                file: FileId(0),
                span: Span { start, end },
            },
            replacement: replacement.to_owned(),
        }
    }

    #[test]
    fn edits_apply_in_the_order_of_their_places() {
        let edits = [edit(4, 6, ""), edit(0, 1, "sum"), edit(4, 4, "<"), edit(4, 4, ">")];
        assert_eq!(apply_edits("a + bc\n", &edits).unwrap(), "sum + <>\n");
    }

    #[test]
    fn overlapping_and_outlying_edits_are_refused() {
        assert_eq!(
            apply_edits("abc", &[edit(0, 2, ""), edit(1, 3, "")]),
            Err(EditConflict { offset: 1 })
        );
        assert!(apply_edits("abc", &[edit(2, 4, "")]).is_err());
        assert!(
            apply_edits("é", &[edit(1, 2, "")]).is_err(),
            "the middle of a character"
        );
    }
}
