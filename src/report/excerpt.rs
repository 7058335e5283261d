//! Source text in the form that the renderer draws: lines cut to the terminal, one kind of line break.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use ariadne::{Cache, Source};

use super::words::harmless;
use crate::finding::{FileId, Place};
use crate::source::{SourceFile, Sources};

/// The files that reports quote, prepared when they are first needed.
pub(super) struct Excerpts<'run> {
    sources: &'run Sources,
    longest_line: usize,
    prepared: BTreeMap<FileId, Excerpt>,
}

struct Excerpt {
    source: Source<String>,
    /// For each line, the position of its first character and how many are shown.
    lines: Vec<(usize, usize)>,
}

impl<'run> Excerpts<'run> {
    pub(super) fn new(sources: &'run Sources, width: usize) -> Self {
        const MARGIN: usize = 12;
        Self {
            sources,
            longest_line: width.saturating_sub(MARGIN).max(40),
            prepared: BTreeMap::new(),
        }
    }

    /// Where a place lies in the excerpt; of several lines only the first is marked.
    pub(super) fn range(&mut self, place: Place) -> Range<usize> {
        let file = self.sources.file(place.file);
        let (start, end) = (file.position(place.span.start), file.position(place.span.end));
        let excerpt = self.excerpt(place.file);
        let Some(&(first, shown)) = excerpt.lines.get(start.line as usize - 1) else {
            return 0..0;
        };
        let from = (start.column as usize - 1).min(shown.saturating_sub(1));
        let to = if end.line > start.line {
            shown
        } else {
            (end.column as usize - 1).min(shown)
        };
        first + from..first + to.max(from)
    }

    fn excerpt(&mut self, id: FileId) -> &Excerpt {
        let (sources, longest_line) = (self.sources, self.longest_line);
        self.prepared
            .entry(id)
            .or_insert_with(|| prepare(sources.file(id), longest_line))
    }
}

fn prepare(file: &SourceFile, longest_line: usize) -> Excerpt {
    let mut text = String::with_capacity(file.text.len());
    let mut lines = Vec::with_capacity(file.lines.line_count() as usize);
    let mut position = 0;
    for number in 1..=file.lines.line_count() {
        let mut letters = file.line_text(number).chars().map(harmless);
        let mut shown = 0;
        for letter in letters.by_ref().take(longest_line) {
            text.push(letter);
            shown += 1;
        }
        if letters.next().is_some() {
            text.push('…');
            shown += 1;
        }
        text.push('\n');
        lines.push((position, shown));
        position += shown + 1;
    }
    Excerpt {
        source: Source::from(text),
        lines,
    }
}

/// A part of a report with a headline of its own, which names the place of the first line below it.
///
/// The renderer starts a new part where the evidence goes to another file or back to an earlier line; it takes the
/// place of the finding for the headline of every part with the finding's identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Panel {
    file: FileId,
    number: usize,
}

/// Puts places into parts in the order in which they are told.
#[derive(Debug)]
pub(super) struct Panels {
    current: Panel,
    line: u32,
}

impl Panels {
    /// Starts with the place of the finding.
    pub(super) fn new(place: Place, sources: &Sources) -> Self {
        Self {
            current: Panel {
                file: place.file,
                number: 0,
            },
            line: sources.file(place.file).position(place.span.start).line,
        }
    }

    /// The part that the place told last belongs to.
    pub(super) fn current(&self) -> Panel {
        self.current
    }

    /// The part that the next place belongs to.
    pub(super) fn next(&mut self, place: Place, sources: &Sources) -> Panel {
        let line = sources.file(place.file).position(place.span.start).line;
        if place.file != self.current.file || line < self.line {
            self.current = Panel {
                file: place.file,
                number: self.current.number + 1,
            };
        }
        self.line = line;
        self.current
    }
}

impl Cache<Panel> for Excerpts<'_> {
    type Storage = String;

    fn fetch(&mut self, id: &Panel) -> Result<&Source<String>, impl fmt::Debug> {
        Ok::<_, fmt::Error>(&self.excerpt(id.file).source)
    }

    fn display<'id>(&self, id: &'id Panel) -> Option<impl fmt::Display + 'id> {
        Some(self.sources.file(id.file).path.clone())
    }
}
