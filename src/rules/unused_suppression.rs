//! CC001: a comment switches off what nobody finds.

use crate::facts::Span;
use crate::finding::{Applicability, Confidence, Edit, FileId, Finding, Fix, Place, Severity};
use crate::source::{SourceFile, Unused};

use super::{Check, Rule};

/// The rule.
pub(super) static RULE: Rule = Rule {
    code: "CC001",
    name: "unused-suppression",
    severity: Severity::Warning,
    page: include_str!("../../rules/unused-suppression.md"),
    check: Check::Suppression(check),
};

fn check(id: FileId, file: &SourceFile, unused: &Unused<'_>, findings: &mut Vec<Finding>) {
    let directive = unused.directive;
    let names: Vec<String> = unused.selectors.iter().map(|one| format!("`{}`", one.text)).collect();
    let what = if names.is_empty() {
        "everything".to_owned()
    } else {
        names.join(", ")
    };
    let (span, change) = if unused.needed.is_empty() {
        (directive.span, "remove the comment")
    } else {
        (unused.selectors[0].span, "take it out of the list")
    };
    findings.push(Finding {
        code: RULE.code,
        name: RULE.name,
        severity: RULE.severity,
        confidence: Confidence::High,
        place: Place { file: id, span },
        message: format!("this comment switches off {what}, and there is nothing to switch off"),
        related: Vec::new(),
        help: format!("{change}: it would hide the next finding without anybody having looked at it"),
        fix: Some(Fix {
            applicability: Applicability::Safe,
            message: change.to_owned(),
            edits: vec![edit(id, &file.text, unused)],
        }),
        measured: None,
        fingerprint: String::new(),
    });
}

fn edit(file: FileId, text: &str, unused: &Unused<'_>) -> Edit {
    let selectors = unused.selectors.iter().chain(&unused.needed);
    let (span, replacement) = match selectors.map(|one| one.span).reduce(Span::around) {
        Some(list) if !unused.needed.is_empty() => {
            let needed: Vec<&str> = unused.needed.iter().map(|one| one.text.as_str()).collect();
            (list, needed.join(", "))
        }
        _ => (whole(text, unused), String::new()),
    };
    Edit {
        place: Place { file, span },
        replacement,
    }
}

/// The directive with the blanks that stand for nothing without it; its line, if there is nothing else.
fn whole(text: &str, unused: &Unused<'_>) -> Span {
    let (comment, directive) = (unused.directive.comment, unused.directive.span);
    let (start, end) = (directive.start as usize, directive.end as usize);
    let line_start = text[..start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let line_end = text[end..].find(['\n', '\r']).map_or(text.len(), |at| end + at);
    let before = text[line_start..start].trim_end();
    let behind = text[end..line_end].trim_start();
    let (start, end) = if before.is_empty() && behind.is_empty() {
        let line_break = if text[line_end..].starts_with("\r\n") { 2 } else { 1 };
        (line_start, (line_end + line_break).min(text.len()))
    } else if directive.start == comment.start && !behind.is_empty() {
        (start, line_end - behind.len())
    } else {
        (line_start + before.len(), end)
    };
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span {
        start: offset(start),
        end: offset(end),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::facts::lower;
    use crate::finding::apply_edits;
    use crate::source::{LineIndex, Suppressions};

    /// The text after the fix, when nothing but what stands in `kept` is needed.
    fn fixed(text: &str, kept: &str) -> String {
        let found = Suppressions::from_comments(&lower(text).comments, text, &LineIndex::new(text));
        let unused = found.unused(&BTreeSet::new(), &|_, selector| selector != Some(kept));
        let edits: Vec<Edit> = unused.iter().map(|one| edit(FileId(0), text, one)).collect();
        apply_edits(text, &edits).unwrap()
    }

    #[test]
    fn comments_go_with_the_blanks_before_them() {
        assert_eq!(
            fixed("x = 1  # concheck: ignore[CC101] why\r\ny\r\n", ""),
            "x = 1\r\ny\r\n"
        );
        assert_eq!(fixed("# concheck: ignore-file[CC1]\nx\n", ""), "x\n");
        assert_eq!(fixed("if x:\n    # concheck: ignore\n    y", ""), "if x:\n    y");
        assert_eq!(fixed("x  # concheck: ignore", ""), "x");
    }

    #[test]
    fn what_others_say_in_a_comment_stays() {
        assert_eq!(
            fixed("x  # concheck: ignore[CC101]  # type: ignore\n", ""),
            "x  # type: ignore\n"
        );
        assert_eq!(
            fixed("x  # type: ignore  # concheck: ignore[CC101] a\n", ""),
            "x  # type: ignore\n"
        );
        assert_eq!(fixed("x  # noqa: E501,CC101 b\n", "E501"), "x  # noqa: E501 b\n");
        let list = "x  # concheck: ignore[CC101, CC2,CC301] why\n";
        assert_eq!(fixed(list, "CC2"), "x  # concheck: ignore[CC2] why\n");
    }
}
