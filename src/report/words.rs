//! Numbers with their nouns, and lines that fit.

use crate::finding::{Finding, Severity};

/// `1 file`, `2 files`.
pub(super) fn count(number: usize, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {one}s")
    }
}

/// `found 4 problems (1 error, 3 warnings) in 120 files`.
pub(super) fn summary(findings: &[&Finding], files: usize) -> String {
    let files = count(files, "file");
    if findings.is_empty() {
        return format!("no problems found in {files}");
    }
    let of = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let parts = [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Advice, "piece of advice"),
    ];
    let parts = parts
        .into_iter()
        .map(|(severity, word)| (of(severity), word))
        .filter(|(number, _)| *number > 0);
    let parts: Vec<_> = parts
        .map(|(number, word)| count(number, word).replace("piece of advices", "pieces of advice"))
        .collect();
    format!(
        "found {} ({}) in {files}",
        count(findings.len(), "problem"),
        parts.join(", ")
    )
}

/// Breaks a text at blanks so that its lines fit into `width` characters where words allow it.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines.join("\n")
}

/// A text with control characters made visible, so that no source or message can steer the terminal.
pub(super) fn harmless(letter: char) -> char {
    match letter {
        '\t' => '\t',
        // Line breaks for some terminals and for the renderer, not for Python.
        '\u{2028}' | '\u{2029}' => ' ',
        letter if letter.is_control() => '\u{fffd}',
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_at_blanks() {
        assert_eq!(wrapped("a bb ccc dddd", 6), "a bb\nccc\ndddd");
        assert_eq!(wrapped("a\n\nverylongword b", 4), "a\n\nverylongword\nb");
    }

    #[test]
    fn nouns_follow_their_number() {
        assert_eq!(
            [count(0, "file"), count(1, "file"), count(2, "file")],
            ["0 files", "1 file", "2 files"]
        );
        assert_eq!(summary(&[], 1), "no problems found in 1 file");
    }
}
