//! Comments that switch findings off.
//!
//! - `# concheck: ignore[CC101, cpu-work-in-thread] reason` and `# noqa: CC101,E501` act on the line they end; the
//!   bare forms `# concheck: ignore` and `# noqa` switch off everything there.
//! - `# concheck: ignore-file[...]`, alone on an unindented line anywhere in the file, acts on the whole file.
//!
//! Selectors are codes, prefixes of codes or rule names. A finding is suppressed by a comment on the line it starts on
//! or on the first line of its statement; a comment on a line of its own does not reach the line below.

use std::collections::BTreeMap;

use super::LineIndex;
use crate::facts::Comment;

/// What the comments of one file switch off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppressions {
    file: Vec<Selector>,
    lines: BTreeMap<u32, Vec<Selector>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Selector {
    Everything,
    Rule(String),
}

impl Selector {
    fn covers(&self, code: &str, name: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Rule(text) => {
                text == name
                    || code
                        .get(..text.len())
                        .is_some_and(|head| head.eq_ignore_ascii_case(text))
            }
        }
    }
}

impl Suppressions {
    /// Reads the comments of a file.
    #[must_use]
    pub fn from_comments(comments: &[Comment], text: &str, lines: &LineIndex) -> Self {
        let mut found = Self::default();
        for comment in comments {
            let line = lines.line(comment.span.start);
            if let Some(selectors) = directive(&comment.text, "concheck:", "ignore-file") {
                if lines.line_start(line, text) == comment.span.start {
                    found.file.extend(selectors);
                }
            } else if let Some(selectors) = directive(&comment.text, "concheck:", "ignore") {
                found.lines.entry(line).or_default().extend(selectors);
            }
            if let Some(selectors) = noqa(&comment.text) {
                found.lines.entry(line).or_default().extend(selectors);
            }
        }
        found
    }

    /// Whether a finding on `line`, in a statement that starts on `statement_first_line`, is switched off.
    #[must_use]
    pub fn is_suppressed(&self, code: &str, name: &str, line: u32, statement_first_line: u32) -> bool {
        let covers = |selectors: &Vec<Selector>| selectors.iter().any(|selector| selector.covers(code, name));
        let on_line = |line| self.lines.get(&line).is_some_and(covers);
        covers(&self.file) || on_line(line) || on_line(statement_first_line)
    }

    /// Whether the file has no such comment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.file.is_empty() && self.lines.is_empty()
    }
}

/// The selectors of `# TOOL WORD` or `# TOOL WORD[a, b]` anywhere in a comment.
fn directive(comment: &str, tool: &str, word: &str) -> Option<Vec<Selector>> {
    let after_tool = after_hash(comment, tool)?;
    let rest = after_tool.trim_start().strip_prefix(word)?;
    match rest.chars().next() {
        None => Some(vec![Selector::Everything]),
        Some('[') => {
            let end = rest.find(']').unwrap_or(rest.len());
            Some(rules(rest[1..end].split(',')))
        }
        Some(next) if next.is_whitespace() => Some(vec![Selector::Everything]),
        Some(_) => None,
    }
}

/// `# noqa` with anything but a colon behind it is bare; after the colon come codes, apart by commas or blanks.
fn noqa(comment: &str) -> Option<Vec<Selector>> {
    let rest = after_hash(comment, "noqa")?;
    match rest.trim_start().strip_prefix(':') {
        Some(list) => Some(rules(codes(list))),
        None if rest.starts_with(|next: char| next.is_alphanumeric() || matches!(next, '-' | '_')) => None,
        None => Some(vec![Selector::Everything]),
    }
}

/// The leading words of a list that look like codes (letters, then digits); what follows is a reason.
fn codes(list: &str) -> impl Iterator<Item = &str> {
    let is_code = |word: &&str| {
        let digits = word.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
        digits.len() < word.len() && !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
    };
    list.split(|c: char| c == ',' || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .take_while(is_code)
}

fn rules<'text>(words: impl Iterator<Item = &'text str>) -> Vec<Selector> {
    let words = words.map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| Selector::Rule(word.to_owned())).collect()
}

/// What follows `# word` in a comment, wherever the `#` stands in it; letters of any case.
fn after_hash<'text>(comment: &'text str, word: &str) -> Option<&'text str> {
    comment.match_indices('#').find_map(|(at, _)| {
        let rest = comment[at + 1..].trim_start();
        let head = rest.get(..word.len())?;
        head.eq_ignore_ascii_case(word).then(|| &rest[word.len()..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Span;

    fn suppressions(text: &str) -> Suppressions {
        let comments: Vec<_> = text
            .match_indices('#')
            .filter(|&(at, _)| !text[..at].rsplit('\n').next().is_some_and(|line| line.contains('#')))
            .map(|(at, _)| {
                let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
                let span = Span {
                    start: u32::try_from(at).unwrap(),
                    end: u32::try_from(end).unwrap(),
                };
                Comment {
                    span,
                    text: text[at..end].to_owned(),
                }
            })
            .collect();
        Suppressions::from_comments(&comments, text, &LineIndex::new(text))
    }

    #[track_caller]
    fn check(comment: &str, suppressed: bool) {
        let found = suppressions(&format!("x\ny  {comment}\n"));
        assert_eq!(
            found.is_suppressed("CC101", "cpu-work-in-thread", 2, 2),
            suppressed,
            "{comment}"
        );
        assert!(
            !found.is_suppressed("CC101", "cpu-work-in-thread", 1, 1),
            "{comment} on another line"
        );
    }

    #[test]
    fn own_comments() {
        check("# concheck: ignore[CC101] measured: faster here", true);
        check("# concheck: ignore[CC201, CC1]", true);
        check("# concheck:ignore[ cpu-work-in-thread ]", true);
        check("# concheck: ignore", true);
        check("# concheck: ignore because", true);
        check("# concheck: ignore[CC201]", false);
        check("# concheck: ignore[]", false);
        check("# concheck: ignored", false);
        check("# type: ignore  # concheck: ignore[CC101]", true);
        check("# type: ignore", false);
    }

    #[test]
    fn noqa_comments() {
        check("# noqa", true);
        check("#NOQA", true);
        check("# noqa - we know", true);
        check("# noqa: CC101", true);
        check("# noqa:E501,cc101", true);
        check("# noqa: E501 CC101 because", true);
        check("# noqa: E501", false);
        check("# noqa: E501 not about CC101", false);
        check("# noqa-like words", false);
        check("# pragma: no cover # noqa: CC101", true);
    }

    #[test]
    fn the_first_line_of_the_statement_counts_too() {
        let found = suppressions("run(  # noqa: CC101\n    f,\n)\n");
        assert!(found.is_suppressed("CC101", "cpu-work-in-thread", 2, 1));
        assert!(!found.is_suppressed("CC101", "cpu-work-in-thread", 2, 2));
    }

    #[test]
    fn whole_files_from_an_unindented_line() {
        let found = suppressions("x = 1\n# concheck: ignore-file[CC1] generated\n");
        assert!(found.is_suppressed("CC101", "cpu-work-in-thread", 77, 77));
        assert!(!found.is_suppressed("CC201", "unpicklable-callable", 77, 77));
        assert!(suppressions("if x:\n    # concheck: ignore-file\n    pass\n").is_empty());
    }
}
