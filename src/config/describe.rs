//! The settings of a run as TOML, with where each was said.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Value;

use super::options::{Options, Origin};
use super::resolve::Resolved;
use super::settings::Settings;

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// The key of a configuration file.
    pub key: &'static str,
    /// The value as TOML; `None` where there is none.
    pub value: Option<String>,
    /// Where it was said; `None` for a default.
    pub origin: Option<Origin>,
}

/// All settings, in the order of their keys.
#[must_use]
pub fn describe(resolved: &Resolved) -> Vec<Described> {
    described(&resolved.settings, &resolved.origins)
}

/// What a configuration file further in says itself, in the order of the keys.
#[must_use]
pub fn describe_nested(options: &Options) -> Vec<Described> {
    let all = described(&options.clone().into_settings(), &options.origins);
    all.into_iter().filter(|one| one.origin.is_some()).collect()
}

fn described(settings: &Settings, origins: &BTreeMap<String, Origin>) -> Vec<Described> {
    let entries = values(settings).into_iter();
    let described = entries.map(|(key, value)| Described {
        key,
        value: value.map(|value| value.to_string()),
        origin: origins.get(key).cloned(),
    });
    described.collect()
}

fn values(settings: &Settings) -> BTreeMap<&'static str, Option<Value>> {
    let versions = settings.versions;
    let platforms = settings.platforms.iter();
    let platforms: Vec<String> = platforms.map(|platform| platform.as_str().to_lowercase()).collect();
    let ignores = settings.per_file_ignores.iter();
    let ignores = ignores.map(|(pattern, rules)| (pattern.clone(), texts(rules)));
    let severities = settings.severity.iter();
    let severities = severities.map(|(rule, severity)| (rule.clone(), text(severity.as_str())));
    let knowledge = settings.knowledge.iter();
    let knowledge = knowledge.map(|(name, kind)| (name.clone(), text(kind)));
    let excludes = if settings.default_excludes {
        "extend-exclude"
    } else {
        "exclude"
    };
    BTreeMap::from([
        (
            "target-version",
            Some(text(&format!("{}-{}", versions.oldest, versions.newest))),
        ),
        ("platforms", Some(texts(&platforms))),
        (
            "start-method",
            settings.start_method.map(|method| text(method.as_str())),
        ),
        ("free-threaded", Some(Value::Boolean(settings.free_threaded))),
        ("select", (!settings.select.is_empty()).then(|| texts(&settings.select))),
        ("ignore", Some(texts(&settings.ignore))),
        ("min-confidence", Some(text(settings.min_confidence.as_str()))),
        ("fail-on", Some(text(settings.fail_on.as_str()))),
        ("overlap", Some(Value::Boolean(settings.overlap))),
        (excludes, Some(texts(&settings.exclude))),
        ("force-exclude", Some(Value::Boolean(settings.force_exclude))),
        ("baseline", settings.baseline.as_deref().map(path)),
        ("per-file-ignores", Some(Value::Table(ignores.collect()))),
        ("severity", Some(Value::Table(severities.collect()))),
        ("knowledge", Some(Value::Table(knowledge.collect()))),
        ("confirm", Some(confirm(settings))),
    ])
}

fn confirm(settings: &Settings) -> Value {
    let inputs = settings.confirm.inputs.iter();
    let inputs = inputs.map(|(name, calls)| (name.clone(), texts(calls)));
    let entries = [
        ("allow-effects", texts(&settings.confirm.allow_effects)),
        ("inputs", Value::Table(inputs.collect())),
    ];
    Value::Table(
        entries
            .map(|(key, value)| (key.to_owned(), value))
            .into_iter()
            .collect(),
    )
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn texts(list: &[String]) -> Value {
    Value::Array(list.iter().map(String::as_str).map(text).collect())
}

fn path(path: &Path) -> Value {
    let current = std::env::current_dir().unwrap_or_default();
    text(&path.strip_prefix(current).unwrap_or(path).to_string_lossy())
}
