//! Comments that switch findings off.
//!
//! - `# concheck: ignore[CC101, cpu-work-in-thread] reason` and `# noqa: CC101,E501` act on the line they end; the
//!   bare forms `# concheck: ignore` and `# noqa` switch off everything there.
//! - `# concheck: ignore-file[...]`, alone on an unindented line anywhere in the file, acts on the whole file.
//!
//! Selectors are codes, prefixes of codes or rule names. A finding is suppressed by a comment on the line it starts on
//! or on the first line of its statement; a comment on a line of its own does not reach the line below.

use std::collections::{BTreeMap, BTreeSet};

use super::LineIndex;
use crate::facts::{Comment, Span};

/// What the comments of one file switch off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppressions {
    directives: Vec<Directive>,
    lines: BTreeMap<u32, Vec<usize>>,
    file: Vec<usize>,
}

/// One instruction in a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// From its `#` to the end of its reason.
    pub span: Span,
    /// The comment that it is part of.
    pub comment: Span,
    /// It is a `# noqa`, which other tools read, too.
    pub is_noqa: bool,
    /// What it switches off; empty for everything if it is bare.
    pub selectors: Vec<Written>,
    /// It has no list.
    pub is_bare: bool,
}

/// A selector as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// A code, the start of one, or a name.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A directive and the selector in it (0 where it is bare), as positions in their lists.
pub type Use = (usize, usize);

/// A directive, or a part of one, that switches nothing off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unused<'text> {
    /// The directive.
    pub directive: &'text Directive,
    /// The selectors that switch nothing off; empty for a bare directive.
    pub selectors: Vec<&'text Written>,
    /// The selectors that are needed; where there are none, the directive is not.
    pub needed: Vec<&'text Written>,
}

impl Written {
    fn covers(&self, code: &str, name: &str) -> bool {
        self.text == name
            || code
                .get(..self.text.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(&self.text))
    }
}

impl Directive {
    fn using(&self, code: &str, name: &str) -> Option<usize> {
        if self.is_bare {
            return Some(0);
        }
        self.selectors.iter().position(|selector| selector.covers(code, name))
    }
}

impl Suppressions {
    /// Reads the comments of a file.
    #[must_use]
    pub fn from_comments(comments: &[Comment], text: &str, lines: &LineIndex) -> Self {
        let mut found = Self::default();
        for comment in comments {
            let line = lines.line(comment.span.start);
            if let Some(directive) = own(comment, "ignore-file") {
                if lines.line_start(line, text) == comment.span.start {
                    found.file.push(found.directives.len());
                    found.directives.push(directive);
                }
            } else if let Some(directive) = own(comment, "ignore") {
                found.add(line, directive);
            }
            if let Some(directive) = noqa(comment) {
                found.add(line, directive);
            }
        }
        found
    }

    fn add(&mut self, line: u32, directive: Directive) {
        self.lines.entry(line).or_default().push(self.directives.len());
        self.directives.push(directive);
    }

    /// What switches off a finding on `line`, in a statement that starts on `statement_first_line`.
    #[must_use]
    pub fn uses(&self, code: &str, name: &str, line: u32, statement_first_line: u32) -> Vec<Use> {
        let on_line = |line| self.lines.get(&line).map(Vec::as_slice).unwrap_or_default();
        let on_statement = if line == statement_first_line {
            &[]
        } else {
            on_line(statement_first_line)
        };
        let acting = self.file.iter().chain(on_line(line)).chain(on_statement);
        acting
            .filter_map(|&number| Some((number, self.directives[number].using(code, name)?)))
            .collect()
    }

    /// Whether a finding on `line`, in a statement that starts on `statement_first_line`, is switched off.
    #[must_use]
    pub fn is_suppressed(&self, code: &str, name: &str, line: u32, statement_first_line: u32) -> bool {
        !self.uses(code, name, line, statement_first_line).is_empty()
    }

    /// The directive of concheck's own that acts on a line and has a list.
    #[must_use]
    pub fn list_on(&self, line: u32) -> Option<&Directive> {
        let numbers = self.lines.get(&line)?.iter();
        let mut directives = numbers.map(|&number| &self.directives[number]);
        directives.find(|directive| !directive.is_noqa && !directive.is_bare)
    }

    /// What was not used, of those selectors that can be judged; `None` stands for a bare directive of concheck's own.
    /// A bare `# noqa` is a matter between the user and other tools.
    #[must_use]
    pub fn unused(
        &self,
        used: &BTreeSet<Use>,
        is_judged: &dyn Fn(&Directive, Option<&str>) -> bool,
    ) -> Vec<Unused<'_>> {
        let directives = self.directives.iter().enumerate();
        let unused = directives.filter_map(|(number, directive)| {
            if directive.is_bare {
                let is_unused = !directive.is_noqa && !used.contains(&(number, 0)) && is_judged(directive, None);
                return is_unused.then(|| Unused {
                    directive,
                    selectors: Vec::new(),
                    needed: Vec::new(),
                });
            }
            let written = directive.selectors.iter().enumerate();
            let (selectors, needed): (Vec<_>, Vec<_>) = written.partition(|(at, selector)| {
                !used.contains(&(number, *at)) && is_judged(directive, Some(&selector.text))
            });
            (!selectors.is_empty()).then(|| Unused {
                directive,
                selectors: selectors.into_iter().map(|(_, one)| one).collect(),
                needed: needed.into_iter().map(|(_, one)| one).collect(),
            })
        });
        unused.collect()
    }

    /// Whether the file has no such comment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.directives.is_empty()
    }
}

/// `# concheck: WORD` or `# concheck: WORD[a, b]` anywhere in a comment, with the reason behind it.
fn own(comment: &Comment, word: &str) -> Option<Directive> {
    let text = comment.text.as_str();
    let (start, rest) = after_hash(text, "concheck:")?;
    let rest = rest + blanks(&text[rest..]);
    text[rest..].strip_prefix(word)?;
    let list = rest + word.len();
    match text[list..].chars().next() {
        Some('[') => {
            let end = text[list..].find(']').map_or(text.len(), |at| list + at);
            let selectors = written(comment, list + 1, &text[list + 1..end], &[',']);
            Some(directive(comment, start, end, selectors, false, false))
        }
        Some(next) if !next.is_whitespace() => None,
        _ => Some(directive(comment, start, list, Vec::new(), false, true)),
    }
}

/// `# noqa` with anything but a colon behind it is bare; after the colon come codes, apart by commas or blanks.
fn noqa(comment: &Comment) -> Option<Directive> {
    let text = comment.text.as_str();
    let (start, rest) = after_hash(text, "noqa")?;
    let colon = rest + blanks(&text[rest..]);
    if text[colon..].starts_with(':') {
        let mut selectors = written(comment, colon + 1, &text[colon + 1..], &[',', ' ', '\t']);
        let codes = selectors.iter().take_while(|one| is_code(&one.text)).count();
        selectors.truncate(codes);
        let end = selectors
            .last()
            .map_or(colon + 1, |last| (last.span.end - comment.span.start) as usize);
        return Some(directive(comment, start, end, selectors, true, false));
    }
    let is_word = text[rest..].starts_with(|next: char| next.is_alphanumeric() || matches!(next, '-' | '_'));
    (!is_word).then(|| directive(comment, start, rest, Vec::new(), true, true))
}

/// Letters, then digits; what else follows a list of codes is a reason.
fn is_code(word: &str) -> bool {
    let digits = word.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    digits.len() < word.len() && !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
}

fn directive(
    comment: &Comment,
    start: usize,
    list_end: usize,
    selectors: Vec<Written>,
    is_noqa: bool,
    is_bare: bool,
) -> Directive {
    let text = comment.text.as_str();
    let behind = &text[list_end..];
    let next = behind.match_indices('#').map(|(at, _)| at);
    // `see #12` is part of a reason, `# type: ignore` is another instruction.
    let next = next.filter(|&at| behind[..at].ends_with(char::is_whitespace));
    let mut next = next.filter(|&at| !behind[at + 1..].starts_with(|letter: char| letter.is_ascii_digit()));
    let end = next.next().map_or(text.len(), |at| list_end + at);
    let end = text[..end].trim_end().len();
    Directive {
        span: part(comment, start, end),
        comment: comment.span,
        is_noqa,
        selectors,
        is_bare,
    }
}

/// The words of a list that starts at an offset of a comment.
fn written(comment: &Comment, offset: usize, list: &str, separators: &[char]) -> Vec<Written> {
    let mut found = Vec::new();
    let mut at = offset;
    for piece in list.split(separators) {
        let word = piece.trim();
        if !word.is_empty() {
            let start = at + blanks(piece);
            found.push(Written {
                text: word.to_owned(),
                span: part(comment, start, start + word.len()),
            });
        }
        at += piece.len() + 1;
    }
    found
}

fn part(comment: &Comment, start: usize, end: usize) -> Span {
    let offset = |at: usize| comment.span.start + u32::try_from(at).unwrap_or(0);
    Span {
        start: offset(start),
        end: offset(end),
    }
}

fn blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Where `# word` starts in a comment and where it ends, wherever the `#` stands in it; letters of any case.
fn after_hash(comment: &str, word: &str) -> Option<(usize, usize)> {
    comment.match_indices('#').find_map(|(at, _)| {
        let start = at + 1 + blanks(&comment[at + 1..]);
        let end = start + word.len();
        let head = comment.get(start..end)?;
        head.eq_ignore_ascii_case(word).then_some((at, end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn unused(text: &str, used: &[Use]) -> Vec<(String, Vec<String>)> {
        let found = suppressions(text);
        let all = found.unused(&used.iter().copied().collect(), &|_, _| true);
        let part = |span: Span| text[span.start as usize..span.end as usize].to_owned();
        all.iter()
            .map(|one| {
                let selectors = one.selectors.iter().map(|selector| part(selector.span));
                (part(one.directive.span), selectors.collect())
            })
            .collect()
    }

    #[test]
    fn what_switches_nothing_off_is_known_with_its_place() {
        let check = |comment: &str, used: &[Use], wanted: &[(&str, &[&str])]| {
            let seen = unused(&format!("x  {comment}\n"), used);
            let seen: Vec<_> = seen
                .iter()
                .map(|(text, list)| (text.as_str(), list.iter().map(String::as_str).collect::<Vec<_>>()))
                .collect();
            let wanted: Vec<_> = wanted.iter().map(|(text, list)| (*text, list.to_vec())).collect();
            assert_eq!(seen, wanted, "{comment}");
        };
        let list = "# concheck: ignore[CC1,  CC2 ] see #12";
        check(list, &[(0, 0), (0, 1)], &[]);
        check(list, &[(0, 0)], &[(list, &["CC2"])]);
        check(
            "# concheck: ignore # noqa: E501, CC1 because",
            &[(1, 0)],
            &[("# concheck: ignore", &[]), ("# noqa: E501, CC1 because", &["CC1"])],
        );
        check("# type: ignore # noqa", &[], &[]);
    }
}
