//! From byte offsets to lines and columns.

use std::fmt;

use ruff_source_file::{LineIndex as LineStarts, OneIndexed};
use ruff_text_size::TextSize;

/// A line and a column, both counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// Where the lines of a text start. Lines end as they do for Python: at `\n`, at `\r\n` and at a lone `\r`.
#[derive(Clone)]
pub struct LineIndex(LineStarts);

impl LineIndex {
    /// Indexes a text, which must be shorter than 4 GB.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(LineStarts::from_source_text(text))
    }

    /// Line and column of an offset into the text that was indexed; an offset beyond it counts as its end.
    #[must_use]
    pub fn position(&self, offset: u32, text: &str) -> Position {
        let offset = text.floor_char_boundary(offset as usize);
        let found = self.0.line_column(text_size(offset), text);
        Position {
            line: one_based(found.line),
            column: one_based(found.column),
        }
    }

    /// The line of an offset, counted from 1.
    #[must_use]
    pub fn line(&self, offset: u32) -> u32 {
        one_based(self.0.line_index(TextSize::new(offset)))
    }

    /// How many lines there are; an empty text has one.
    #[must_use]
    pub fn line_count(&self) -> u32 {
        u32::try_from(self.0.line_count()).unwrap_or(u32::MAX)
    }

    /// The byte offset at which a line starts; the end of the text for lines beyond it.
    #[must_use]
    pub fn line_start(&self, line: u32, text: &str) -> u32 {
        match OneIndexed::new(line as usize) {
            Some(index) if line <= self.line_count() => self.0.line_start(index, text).to_u32(),
            _ => u32::try_from(text.len()).unwrap_or(u32::MAX),
        }
    }

    /// The text of a line without its line break; empty for lines beyond the end.
    #[must_use]
    pub fn line_text<'text>(&self, line: u32, text: &'text str) -> &'text str {
        let start = self.line_start(line, text) as usize;
        let end = self.line_start(line.saturating_add(1), text) as usize;
        text[start..end.max(start)].trim_end_matches(['\n', '\r'])
    }
}

impl fmt::Debug for LineIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LineIndex({} lines)", self.line_count())
    }
}

fn text_size(offset: usize) -> TextSize {
    TextSize::new(u32::try_from(offset).unwrap_or(u32::MAX))
}

fn one_based(index: OneIndexed) -> u32 {
    u32::try_from(index.get()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, offset: u32, line: u32, column: u32) {
        assert_eq!(LineIndex::new(text).position(offset, text), Position { line, column });
    }

    #[test]
    fn columns_count_characters() {
        check("é = 'ü'; x", 0, 1, 1);
        check("é = 'ü'; x", 11, 1, 10);
        check("a\nü = x\n", 7, 2, 5);
    }

    #[test]
    fn every_line_break_of_python_counts_once() {
        check("a\r\nb\rc\nd", 3, 2, 1);
        check("a\r\nb\rc\nd", 5, 3, 1);
        check("a\r\nb\rc\nd", 7, 4, 1);
    }

    #[test]
    fn offsets_beyond_the_end_or_inside_a_character_are_clamped() {
        check("ab", 99, 1, 3);
        check("é", 1, 1, 1);
        check("", 0, 1, 1);
    }

    #[test]
    fn line_text_leaves_out_the_line_break() {
        let text = "one\r\ntwo\nthree";
        let lines = LineIndex::new(text);
        let texts: Vec<_> = (0..=5).map(|line| lines.line_text(line, text)).collect();
        assert_eq!(texts, ["", "one", "two", "three", "", ""]);
    }
}
