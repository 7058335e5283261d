//! The rules, as plain data.

use crate::finding::Severity;

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its code, such as `CC101`.
    pub code: &'static str,
    /// Its name, such as `cpu-work-in-thread`.
    pub name: &'static str,
    /// How bad its findings are.
    pub severity: Severity,
    /// Its page: Markdown below TOML front matter between `+++` lines.
    pub page: &'static str,
}

/// All rules, sorted by code.
#[must_use]
pub fn all() -> &'static [&'static Rule] {
    &[]
}
