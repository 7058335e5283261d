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
