//! Which rules are on, and where.

use std::path::PathBuf;

use super::error::{Problem, nearest};
use super::settings::Settings;
use crate::finding::{Confidence, Severity};
use crate::source::{PathPatterns, PatternError, plain};

/// The codes and names that options may mention.
#[derive(Clone, Debug, Default)]
pub struct KnownRules {
    rules: Vec<(&'static str, &'static str)>,
}

impl KnownRules {
    /// From pairs of code and name.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        Self {
            rules: rules.into_iter().collect(),
        }
    }

    /// Refuses a selector that stands for no rule; `key` is the option that it was written in.
    ///
    /// # Errors
    /// When neither a code, nor the start of one, nor a name fits.
    pub fn check(&self, key: &str, selector: &str) -> Result<(), Problem> {
        if self.rules.iter().any(|(code, name)| strength(selector, code, name) > 0) {
            return Ok(());
        }
        Err(Problem::UnknownRule {
            key: key.to_owned(),
            rule: selector.to_owned(),
            nearest: self.nearest(selector),
        })
    }

    /// The code or name that looks most like a text.
    #[must_use]
    pub fn nearest(&self, text: &str) -> Option<String> {
        nearest(text, self.rules.iter().flat_map(|(code, name)| [*code, *name]))
    }
}

/// Which rules the settings leave on, and how they speak.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    select: Vec<String>,
    ignore: Vec<String>,
    per_file: Vec<(PathPatterns, Vec<String>)>,
    severity: Vec<(String, Severity)>,
    min_confidence: Option<Confidence>,
    current_folder: PathBuf,
}

/// The selections of all folders of a run.
#[derive(Clone, Debug, Default)]
pub struct Selections {
    main: Selection,
    /// The folders with options of their own, sorted.
    nested: Vec<(PathBuf, Selection)>,
}

impl Selections {
    /// Reads the settings; patterns in resolved settings are valid.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let nested = settings.nested.iter();
        Self {
            main: Selection::new(settings).unwrap_or_default(),
            nested: nested
                .map(|(folder, settings)| (folder.clone(), Selection::new(settings).unwrap_or_default()))
                .collect(),
        }
    }

    /// What holds for a file: the options of the innermost folder.
    #[must_use]
    pub fn of(&self, path: &str) -> &Selection {
        let absolute = plain(&self.main.current_folder.join(path));
        let mut inner = self.nested.iter().rev();
        inner
            .find(|(folder, _)| absolute.starts_with(folder))
            .map_or(&self.main, |(_, selection)| selection)
    }

    /// Whether a rule is on in some folder.
    #[must_use]
    pub fn is_on_anywhere(&self, code: &str, name: &str) -> bool {
        self.main.is_on(code, name) || self.nested.iter().any(|(_, selection)| selection.is_on(code, name))
    }
}

impl Selection {
    /// Reads the settings.
    ///
    /// # Errors
    /// When a pattern is no valid glob; resolved settings hold none such.
    pub fn new(settings: &Settings) -> Result<Self, PatternError> {
        let compile = |(pattern, selectors): &(String, Vec<String>)| {
            Ok((PathPatterns::new([pattern.as_str()])?, selectors.clone()))
        };
        Ok(Self {
            select: settings.select.clone(),
            ignore: settings.ignore.clone(),
            per_file: settings
                .per_file_ignores
                .iter()
                .map(compile)
                .collect::<Result<_, PatternError>>()?,
            severity: settings
                .severity
                .iter()
                .map(|(selector, severity)| (selector.clone(), *severity))
                .collect(),
            min_confidence: Some(settings.min_confidence),
            current_folder: std::env::current_dir().unwrap_or_default(),
        })
    }

    /// Findings below are not shown.
    #[must_use]
    pub fn min_confidence(&self) -> Confidence {
        self.min_confidence.unwrap_or(Confidence::Medium)
    }

    /// The severity that the user gives a rule; the most exact word wins.
    #[must_use]
    pub fn severity(&self, code: &str, name: &str) -> Option<Severity> {
        let meant = self.severity.iter();
        let meant = meant.map(|(selector, severity)| (strength(selector, code, name), *severity));
        let strongest = meant
            .filter(|(strength, _)| *strength > 0)
            .max_by_key(|(strength, _)| *strength);
        strongest.map(|(_, severity)| severity)
    }

    /// Whether a rule is on at all. The more exact word wins: `--select CC101 --ignore CC1` leaves CC101 on.
    #[must_use]
    pub fn is_on(&self, code: &str, name: &str) -> bool {
        let strongest = |selectors: &[String]| selectors.iter().map(|one| strength(one, code, name)).max().unwrap_or(0);
        let (selected, ignored) = (strongest(&self.select), strongest(&self.ignore));
        if self.select.is_empty() {
            ignored == 0
        } else {
            selected > ignored
        }
    }

    /// Whether a rule is on in a file.
    #[must_use]
    pub fn is_on_in(&self, code: &str, name: &str, path: &str) -> bool {
        if !self.is_on(code, name) {
            return false;
        }
        let absolute = self.current_folder.join(path);
        let is_off = |(patterns, selectors): &(PathPatterns, Vec<String>)| {
            selectors.iter().any(|one| strength(one, code, name) > 0) && patterns.match_within(&absolute)
        };
        !self.per_file.iter().any(is_off)
    }
}

/// Whether a selector means a rule.
#[must_use]
pub fn covers(selector: &str, code: &str, name: &str) -> bool {
    strength(selector, code, name) > 0
}

/// How exactly a selector means a rule: 0 not at all, otherwise the letters of the code that it spells.
fn strength(selector: &str, code: &str, name: &str) -> usize {
    if selector == name {
        return code.len();
    }
    let is_start = code
        .get(..selector.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(selector));
    if is_start { selector.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_on(select: &[&str], ignore: &[&str]) -> bool {
        let owned = |list: &[&str]| list.iter().map(|&one| one.to_owned()).collect();
        let settings = Settings {
            select: owned(select),
            ignore: owned(ignore),
            ..Settings::default()
        };
        Selection::new(&settings).unwrap().is_on("CC101", "cpu-work-in-thread")
    }

    #[test]
    fn the_more_exact_selector_wins() {
        assert!(is_on(&[], &[]));
        assert!(is_on(&["CC1"], &[]));
        assert!(is_on(&["cpu-work-in-thread"], &["CC1"]));
        assert!(is_on(&["cc101"], &["CC"]));
        assert!(!is_on(&["CC2"], &[]));
        assert!(!is_on(&[], &["CC1"]));
        assert!(!is_on(&["CC1"], &["CC101"]));
        assert!(!is_on(&["CC101"], &["CC101"]));
    }

    #[test]
    fn files_switch_rules_off() {
        let per_file_ignores = vec![("/p/tests/".to_owned(), vec!["CC1".to_owned()])];
        let settings = Settings {
            per_file_ignores,
            ..Settings::default()
        };
        let selection = Selection::new(&settings).unwrap();
        assert!(!selection.is_on_in("CC101", "cpu-work-in-thread", "/p/tests/a.py"));
        assert!(selection.is_on_in("CC201", "unpicklable-callable", "/p/tests/a.py"));
        assert!(selection.is_on_in("CC101", "cpu-work-in-thread", "/p/src/a.py"));
    }

    #[test]
    fn selectors_of_no_rule_are_refused_with_the_nearest() {
        let known = KnownRules::new([("CC101", "cpu-work-in-thread"), ("CC201", "unpicklable-callable")]);
        for fine in ["CC", "cc1", "CC101", "unpicklable-callable"] {
            assert_eq!(known.check("select", fine), Ok(()));
        }
        let nearest = |text: &str| match known.check("select", text) {
            Err(Problem::UnknownRule { nearest, .. }) => nearest,
            other => panic!("{other:?}"),
        };
        assert_eq!(nearest("CC102").as_deref(), Some("CC101"));
        assert_eq!(
            nearest("unpickleable-callable").as_deref(),
            Some("unpicklable-callable")
        );
        assert_eq!(nearest("E501"), None);
        assert_eq!(nearest(""), None);
    }
}
