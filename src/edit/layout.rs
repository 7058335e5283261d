//! Lines, indentation and brackets of a text, for those who change it.

use crate::parse::string_spans;

/// A text as it is laid out. Offsets count bytes.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'text> {
    text: &'text str,
}

impl<'text> Layout<'text> {
    /// Looks at a text.
    #[must_use]
    pub fn new(text: &'text str) -> Self {
        Self { text }
    }

    /// The part of the text between two offsets; empty where there is none.
    #[must_use]
    pub fn part(self, start: usize, end: usize) -> &'text str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Where the line of an offset starts.
    #[must_use]
    pub fn line_start(self, offset: usize) -> usize {
        self.text[..offset].rfind(['\n', '\r']).map_or(0, |at| at + 1)
    }

    /// Where the line of an offset ends, its line break not counted.
    #[must_use]
    pub fn line_end(self, offset: usize) -> usize {
        self.text[offset..]
            .find(['\n', '\r'])
            .map_or(self.text.len(), |at| offset + at)
    }

    /// Where the line after that of an offset starts; the end of the text behind the last.
    #[must_use]
    pub fn next_line(self, offset: usize) -> usize {
        let end = self.line_end(offset);
        let length = if self.text[end..].starts_with("\r\n") { 2 } else { 1 };
        (end + length).min(self.text.len())
    }

    /// The blanks at the start of the line of an offset.
    #[must_use]
    pub fn indentation(self, offset: usize) -> &'text str {
        let line = self.part(self.line_start(offset), self.line_end(offset));
        &line[..line.len() - line.trim_start_matches([' ', '\t', '\x0c']).len()]
    }

    /// Whether nothing but blanks stands before an offset on its line.
    #[must_use]
    pub fn is_first_on_line(self, offset: usize) -> bool {
        self.part(self.line_start(offset), offset).trim().is_empty()
    }

    /// Whether nothing but blanks and a comment stands behind an offset on its line.
    #[must_use]
    pub fn is_last_on_line(self, offset: usize) -> bool {
        let rest = self.part(offset, self.line_end(offset)).trim_start();
        rest.is_empty() || rest.starts_with('#')
    }

    /// The line break that the text uses.
    #[must_use]
    pub fn line_break(self) -> &'static str {
        match self.text.find(['\n', '\r']) {
            Some(at) if self.text[at..].starts_with("\r\n") => "\r\n",
            Some(at) if self.text[at..].starts_with('\r') => "\r",
            _ => "\n",
        }
    }

    /// The start of the comment lines that stand directly above the line of an offset; that line's own start where
    /// there are none. Comments of types belong to what stands above them.
    #[must_use]
    pub fn start_with_comments(self, offset: usize) -> usize {
        let mut start = self.line_start(offset);
        while start > 0 {
            let above = self.line_start(
                if self.part(start - 1, start) == "\n" && self.text[..start].ends_with("\r\n") {
                    start - 2
                } else {
                    start - 1
                },
            );
            let line = self.part(above, self.line_end(above)).trim_start();
            let is_remark = line.starts_with('#') && !line.starts_with("# type:") && !line.starts_with("#!");
            if !is_remark {
                break;
            }
            start = above;
        }
        start
    }

    /// The starts of the lines from one offset to another that hold anything and do not continue a string, so that they
    /// may be moved to the right.
    #[must_use]
    pub fn movable_lines(self, start: usize, end: usize) -> Vec<usize> {
        let strings = string_spans(self.text);
        let mut lines = Vec::new();
        let mut line = self.line_start(start);
        while line < end {
            let is_blank = self.part(line, self.line_end(line)).trim().is_empty();
            let in_string = strings.iter().any(|string| string.start < line && line < string.end);
            if !is_blank && !in_string {
                lines.push(line);
            }
            line = self.next_line(line);
        }
        lines
    }

    /// Behind an argument and the parentheses around it, and whether a comma follows; `close` is the closing
    /// parenthesis of the call.
    #[must_use]
    pub fn behind_argument(self, end: usize, close: usize) -> (usize, bool) {
        let (mut behind, mut at) = (end, end);
        while at < close {
            match self.text.as_bytes()[at] {
                b')' => behind = at + 1,
                b',' => return (behind, true),
                b'#' => at = self.line_end(at).saturating_sub(1),
                _ => {}
            }
            at += 1;
        }
        (behind, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_the_text_ends_them() {
        let layout = Layout::new("a\r\n  b  # c\r\nd");
        assert_eq!(
            (layout.line_start(5), layout.line_end(5), layout.next_line(5)),
            (3, 11, 13)
        );
        assert_eq!((layout.indentation(5), layout.line_break()), ("  ", "\r\n"));
        assert!(layout.is_first_on_line(5) && layout.is_last_on_line(6));
        assert_eq!(layout.next_line(13), 14);
    }

    #[test]
    fn lines_inside_strings_stay_where_they_are() {
        let text = "x = '''\nab\n\ncd''' + f'''\n{y}\n'''\nz\n\nw";
        let starts: Vec<&str> = Layout::new(text)
            .movable_lines(0, text.len())
            .into_iter()
            .map(|at| &text[at..=at])
            .collect();
        assert_eq!(starts, ["x", "z", "w"]);
    }

    #[test]
    fn remarks_above_a_statement_belong_to_it() {
        let text = "def f():\r\n    # type: () -> None\r\n    # one, two\r\n    # three\r\n    g()\r\n";
        let at = text.find("g()").unwrap();
        assert_eq!(
            Layout::new(text).start_with_comments(at),
            text.find("    # one").unwrap()
        );
    }

    #[test]
    fn commas_in_comments_are_none() {
        for (text, behind, comma) in [
            ("f((a)  # x, y\n)", 5, false),
            ("f((a), )", 5, true),
            ("f(a )", 3, false),
        ] {
            let end = text.find('a').unwrap() + 1;
            assert_eq!(
                Layout::new(text).behind_argument(end, text.len() - 1),
                (behind, comma),
                "{text}"
            );
        }
    }
}
