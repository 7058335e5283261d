//! Writes `# concheck: ignore[...]` behind statements.
//!
//! Lines neither come nor go, so that the places of all findings keep their lines.

use std::collections::BTreeMap;

use crate::facts::{FileFacts, lower};
use crate::source::{LineIndex, Suppressions};

/// A finding that is to be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The code of its rule.
    pub code: &'static str,
    /// The name of its rule.
    pub name: &'static str,
    /// The line on which it starts.
    pub line: u32,
    /// The first line of its statement.
    pub statement: u32,
}

/// The text with comments that switch the findings off, and those for which there is no place.
///
/// A comment goes to the first line of the statement, or to the finding's own when that one ends inside a string or
/// with a backslash. It joins a list that is already there.
#[must_use]
pub fn add_ignores(text: &str, findings: &[Ignored], reason: &str) -> (String, Vec<Ignored>) {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut changed = text.to_owned();
    let mut left = Vec::new();
    let mut by_statement: BTreeMap<u32, Vec<Ignored>> = BTreeMap::new();
    for finding in findings {
        by_statement.entry(finding.statement).or_default().push(*finding);
    }
    for (statement, findings) in by_statement {
        if let Some(better) = with_comment(&changed, statement, &findings, &reason) {
            changed = better;
            continue;
        }
        for finding in findings {
            match with_comment(&changed, finding.line, &[finding], &reason) {
                Some(better) => changed = better,
                None => left.push(finding),
            }
        }
    }
    (changed, left)
}

/// The text with a comment at the end of a line, if that is a comment there, leaves the rest as it is, and acts.
fn with_comment(text: &str, line: u32, findings: &[Ignored], reason: &str) -> Option<String> {
    let before = lower(text);
    let lines = LineIndex::new(text);
    let mut codes: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let changed = match Suppressions::from_comments(&before.comments, text, &lines).list_on(line) {
        Some(list) => {
            let end = list.selectors.last()?.span.end as usize;
            format!("{}, {}{}", &text[..end], codes.join(", "), &text[end..])
        }
        None => {
            let start = lines.line_start(line, text) as usize;
            let end = start + lines.line_text(line, text).len();
            let code = text[start..end].trim_end().len();
            let space = if reason.is_empty() { "" } else { " " };
            let comment = format!("  # concheck: ignore[{}]{space}{reason}", codes.join(", "));
            format!("{}{comment}{}", &text[..start + code], &text[end..])
        }
    };
    let after = lower(&changed);
    let acts = is_same_program(&before, &after) && are_suppressed(&changed, &after, findings);
    acts.then_some(changed)
}

/// A comment adds no syntax error and takes nothing from the code.
fn is_same_program(before: &FileFacts, after: &FileFacts) -> bool {
    before.syntax_errors.len() >= after.syntax_errors.len()
        && before.scopes.len() == after.scopes.len()
        && before.expressions.len() == after.expressions.len()
}

fn are_suppressed(text: &str, facts: &FileFacts, findings: &[Ignored]) -> bool {
    let found = Suppressions::from_comments(&facts.comments, text, &LineIndex::new(text));
    let is_suppressed = |one: &Ignored| found.is_suppressed(one.code, one.name, one.line, one.statement);
    findings.iter().all(is_suppressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, line: u32, statement: u32, wanted: Option<&str>) {
        let finding = Ignored {
            code: "CC101",
            name: "cpu-work-in-thread",
            line,
            statement,
        };
        let (changed, left) = add_ignores(text, &[finding], "measured:\n faster");
        assert_eq!(changed, wanted.unwrap_or(text));
        assert_eq!(left.is_empty(), wanted.is_some());
    }

    #[test]
    fn a_comment_goes_behind_the_first_line_of_the_statement() {
        check(
            "f()\r\ng()",
            2,
            2,
            Some("f()\r\ng()  # concheck: ignore[CC101] measured: faster"),
        );
        check(
            "f(\n    g,\n)\n",
            2,
            1,
            Some("f(  # concheck: ignore[CC101] measured: faster\n    g,\n)\n"),
        );
        check(
            "f()   \n",
            1,
            1,
            Some("f()  # concheck: ignore[CC101] measured: faster\n"),
        );
        check(
            "f()  # type: ignore\n",
            1,
            1,
            Some("f()  # type: ignore  # concheck: ignore[CC101] measured: faster\n"),
        );
    }

    #[test]
    fn a_list_that_is_there_gets_longer() {
        check(
            "f()  # concheck: ignore[CC201] old\n",
            1,
            1,
            Some("f()  # concheck: ignore[CC201, CC101] old\n"),
        );
    }

    #[test]
    fn strings_and_backslashes_are_left_alone() {
        let text = "f('''a\nb''', g)\n";
        check(
            text,
            2,
            1,
            Some("f('''a\nb''', g)  # concheck: ignore[CC101] measured: faster\n"),
        );
        check(
            "x = \\\n    f()\n",
            2,
            1,
            Some("x = \\\n    f()  # concheck: ignore[CC101] measured: faster\n"),
        );
        check("x = '''\n''' + f('''\n''')\n", 2, 1, None);
    }
}
