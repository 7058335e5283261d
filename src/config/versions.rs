//! Ranges of Python versions, as users and `requires-python` (PEP 440) write them.

use super::settings::{PythonVersion, VersionRange};

/// The newest version that concheck knows.
const NEWEST_KNOWN: u8 = 14;

/// Reads `3.14`, `3.10-3.14` or specifiers such as `>=3.10,<3.13`.
pub(super) fn parse(text: &str) -> Option<VersionRange> {
    let text = text.trim();
    if let Some((oldest, newest)) = text.split_once('-') {
        let (oldest, newest) = (version(oldest)?, version(newest)?);
        return (oldest <= newest).then_some(VersionRange { oldest, newest });
    }
    match version(text) {
        Some(version) => Some(VersionRange {
            oldest: version,
            newest: version,
        }),
        None => specifiers(text),
    }
}

/// Reads a list of PEP 440 specifiers. A minor version is in the range when any of its patch releases fulfils them all.
pub(super) fn specifiers(text: &str) -> Option<VersionRange> {
    let clauses = text.split(',').map(str::trim).filter(|clause| !clause.is_empty());
    let clauses = clauses.map(Clause::parse).collect::<Option<Vec<_>>>()?;
    if clauses.is_empty() {
        return None;
    }
    let fits = |minor: &u8| clauses.iter().all(|clause| clause.admits(*minor));
    let newest = (0..=NEWEST_KNOWN).rev().find(fits);
    let oldest = (0..=u8::MAX).find(fits)?;
    Some(VersionRange {
        oldest: PythonVersion::three(oldest),
        newest: PythonVersion::three(newest.unwrap_or(oldest)),
    })
}

fn version(text: &str) -> Option<PythonVersion> {
    let minor = text.trim().strip_prefix("3.")?;
    let is_number = !minor.is_empty() && minor.bytes().all(|digit| digit.is_ascii_digit());
    if is_number {
        minor.parse().ok().map(PythonVersion::three)
    } else {
        None
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Compatible,
    Equal,
    Unequal,
    AtMost,
    AtLeast,
    Below,
    Above,
}

const OPERATORS: [(&str, Operator); 8] = [
    ("===", Operator::Equal),
    ("~=", Operator::Compatible),
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Below),
    (">", Operator::Above),
];

struct Clause {
    operator: Operator,
    numbers: Vec<u64>,
    is_prefix: bool,
}

impl Clause {
    fn parse(text: &str) -> Option<Self> {
        let (sign, operator) = OPERATORS.iter().find(|(sign, _)| text.starts_with(sign))?;
        let release = text[sign.len()..].trim();
        let (release, is_prefix) = match release.strip_suffix(".*") {
            Some(release) => (release, true),
            None => (release, false),
        };
        // Of pre-releases such as `3.13.0rc1` only the release counts.
        let end = release
            .find(|letter: char| !(letter.is_ascii_digit() || letter == '.'))
            .unwrap_or(release.len());
        let numbers = release[..end]
            .trim_end_matches('.')
            .split('.')
            .map(|number| number.parse().ok());
        Some(Self {
            operator: *operator,
            numbers: numbers.collect::<Option<Vec<_>>>()?,
            is_prefix,
        })
    }

    /// Whether some release of 3.`minor` fulfils the clause.
    fn admits(&self, minor: u8) -> bool {
        let number = |at: usize| self.numbers.get(at).copied().unwrap_or(0);
        let line = (3, u64::from(minor));
        let bound = (number(0), number(1));
        match self.operator {
            Operator::AtLeast | Operator::Above => line >= bound,
            Operator::AtMost => line <= bound,
            Operator::Below => line < bound || (line == bound && number(2) > 0),
            Operator::Equal => self.matches_prefix(line),
            Operator::Unequal => !(self.is_prefix && self.numbers.len() <= 2 && self.matches_prefix(line)),
            Operator::Compatible if self.numbers.len() <= 2 => line.0 == bound.0 && line >= bound,
            Operator::Compatible => line == bound,
        }
    }

    fn matches_prefix(&self, line: (u64, u64)) -> bool {
        if self.is_prefix && self.numbers.len() == 1 {
            return self.numbers[0] == line.0;
        }
        line == (self.numbers[0], self.numbers.get(1).copied().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, wanted: Option<(u8, u8)>) {
        let seen = parse(text).map(|range| (range.oldest.minor, range.newest.minor));
        assert_eq!(seen, wanted, "{text}");
    }

    #[test]
    fn single_versions_and_ranges() {
        check("3.14", Some((14, 14)));
        check(" 3.10 - 3.12 ", Some((10, 12)));
        check("3.12-3.10", None);
        check("3.15", Some((15, 15)));
        for wrong in [
            "", "3", "2.7", "3.x", "3.+1", "3.300", "three", "3.10-", ">=", ">=x", "<3",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn specifiers_select_minor_versions() {
        check(">=3.10", Some((10, 14)));
        check(">=3.8,<3.12", Some((8, 11)));
        check(">=3.8, <3.12.3", Some((8, 12)));
        check(">=2.7,!=3.0.*,!=3.1.*", Some((2, 14)));
        check("~=3.9", Some((9, 14)));
        check("~=3.9.2", Some((9, 9)));
        check("==3.11.*", Some((11, 11)));
        check("==3.*", Some((0, 14)));
        check(">=3.9,!=3.9.1", Some((9, 14)));
        check(">=3.9,<4.0", Some((9, 14)));
        check("<=3.11", Some((0, 11)));
        check(">3.10", Some((10, 14)));
        check(">=3.13.0rc1", Some((13, 14)));
        check(">=3.16", Some((16, 16)));
        check("<4,>=3.7,", Some((7, 14)));
    }
}
