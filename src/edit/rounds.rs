//! Applies as many fixes at once as do not get in each other's way.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Span, lower};
use crate::finding::{Applicability, FileId, Finding, Fix, apply_edits};
use crate::source::Sources;

/// What one round of fixes did.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// The new texts.
    pub texts: BTreeMap<FileId, String>,
    /// How many findings of each rule were fixed in each file.
    pub fixed: BTreeMap<(FileId, &'static str), usize>,
    /// Files whose new text would not be Python.
    pub broken: BTreeSet<FileId>,
}

/// Applies the fixes that may be trusted this far to the files that the run is about. Of fixes that overlap or touch,
/// the first is applied; the others are for the next round, when the places are new.
#[must_use]
pub fn one_round(
    sources: &Sources,
    findings: &[Finding],
    least: Applicability,
    is_wanted: &dyn Fn(FileId, &str) -> bool,
) -> Round {
    let mut chosen: BTreeMap<FileId, Vec<(Span, &Finding, &Fix)>> = BTreeMap::new();
    for finding in findings {
        if let Some(fix) = &finding.fix
            && fix.applicability >= least
            && let Some((file, around)) = surroundings(fix)
            && sources.file(file).is_given
            && is_wanted(file, finding.code)
        {
            chosen.entry(file).or_default().push((around, finding, fix));
        }
    }
    let mut round = Round::default();
    for (file, mut fixes) in chosen {
        fixes.sort_by_key(|(around, finding, _)| (*around, finding.code));
        let mut done = None;
        fixes.retain(|(around, ..)| {
            let is_free = done.is_none_or(|done| around.start > done);
            if is_free {
                done = Some(around.end);
            }
            is_free
        });
        let text = &sources.file(file).text;
        let edits = fixes.iter().flat_map(|(_, _, fix)| &fix.edits);
        match apply_edits(text, edits) {
            Ok(changed) if is_python(&changed) => {
                for (_, finding, _) in &fixes {
                    *round.fixed.entry((file, finding.code)).or_default() += 1;
                }
                round.texts.insert(file, changed);
            }
            _ if is_python(text) => {
                round.broken.insert(file);
            }
            _ => {}
        }
    }
    round
}

/// Whether a text has no syntax error.
fn is_python(text: &str) -> bool {
    lower(text).syntax_errors.is_empty()
}

/// The file of a fix and the span from its first edit to its last; `None` for a fix without edits, or of several files.
fn surroundings(fix: &Fix) -> Option<(FileId, Span)> {
    let first = fix.edits.first()?.place;
    let mut around = first.span;
    for edit in &fix.edits {
        if edit.place.file != first.file {
            return None;
        }
        around = around.around(edit.place.span);
    }
    Some((first.file, around))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Confidence, Edit, Place, Severity};
    use crate::source::{LineIndex, SourceFile};

    fn sources(text: &str) -> Sources {
        Sources {
            files: vec![SourceFile {
                path: "a.py".to_owned(),
                text: text.to_owned(),
                lines: LineIndex::new(text),
                modules: vec!["a".to_owned()],
                is_package: false,
                is_test: false,
                is_main_module: false,
                root: "/".to_owned(),
                compiled: Vec::new(),
                is_given: true,
            }],
            errors: Vec::new(),
        }
    }

    /// A finding whose fix replaces some spans.
    fn finding(applicability: Applicability, edits: &[(u32, u32, &str)]) -> Finding {
        let place = |start, end| Place {
            file: FileId(0),
            span: Span { start, end },
        };
        let edit = |&(start, end, text): &(u32, u32, &str)| Edit {
            place: place(start, end),
            replacement: text.to_owned(),
        };
        Finding {
            code: "CC702",
            name: "args-not-tuple",
            severity: Severity::Error,
            confidence: Confidence::High,
            place: place(0, 1),
            message: String::new(),
            related: Vec::new(),
            help: String::new(),
            fix: Some(Fix {
                applicability,
                message: String::new(),
                edits: edits.iter().map(edit).collect(),
            }),
            fingerprint: String::new(),
            measured: None,
        }
    }

    fn round(text: &str, findings: &[Finding]) -> Round {
        one_round(&sources(text), findings, Applicability::Safe, &|_, _| true)
    }

    #[test]
    fn fixes_that_overlap_or_touch_wait_for_the_next_round() {
        let safe = |edits: &[(u32, u32, &str)]| finding(Applicability::Safe, edits);
        let around = safe(&[(0, 0, "("), (5, 5, ")")]);
        let inside = safe(&[(4, 5, "c")]);
        let behind = safe(&[(8, 9, "e")]);
        let done = round("a + b; d\n", &[inside, around, behind]);
        assert_eq!(done.texts[&FileId(0)], "(a + b); de");
        assert_eq!(done.fixed[&(FileId(0), "CC702")], 2);
        let touching = [safe(&[(0, 1, "x")]), safe(&[(1, 1, "y")])];
        assert_eq!(round("a\n", &touching).texts[&FileId(0)], "x\n");
    }

    #[test]
    fn only_fixes_that_are_trusted_enough_are_applied() {
        let bold = finding(Applicability::Unsafe, &[(0, 1, "x")]);
        assert!(round("a\n", &[bold]).texts.is_empty());
    }

    #[test]
    fn a_text_that_would_not_parse_is_not_made() {
        let breaking = [finding(Applicability::Safe, &[(0, 1, "(")])];
        let done = round("a\n", &breaking);
        assert!(done.texts.is_empty() && done.fixed.is_empty() && done.broken.contains(&FileId(0)));
        let broken_before = round("a b\n", &breaking);
        assert!(broken_before.texts.is_empty() && broken_before.broken.is_empty());
    }
}
