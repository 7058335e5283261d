//! Reads `concheck.toml` and the `[tool.concheck]` table of `pyproject.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::catalogue::{CONFIRM_KEYS, keys};
use super::choices::{self, KNOWLEDGE};
use super::error::{ConfigError, Problem, nearest};
use super::options::{Options, Origin};
use super::selection::KnownRules;
use super::settings::{ConfirmSettings, VersionRange};
use super::versions;
use crate::finding::{Confidence, Severity};
use crate::knowledge::is_dotted_name;
use crate::source::{PathPatterns, plain};

const OWN_FILE: &str = "concheck.toml";
const PROJECT_FILE: &str = "pyproject.toml";

/// What the files around a project say.
#[derive(Clone, Debug, Default)]
pub(super) struct FromFiles {
    /// The options of the nearest file that has any.
    pub(super) options: Options,
    /// `requires-python` of the nearest `pyproject.toml` that has it.
    pub(super) requires_python: Option<(VersionRange, Origin)>,
}

/// Looks upward from a folder; `named` is read instead of the nearest file with options.
pub(super) fn load(start: &Path, named: Option<&Path>, known: &KnownRules) -> Result<FromFiles, ConfigError> {
    let mut options = match named {
        Some(path) => Some(read_named(path, known, &mut Vec::new())?),
        None => None,
    };
    let mut requires_python = None;
    for folder in start.ancestors() {
        if options.is_none()
            && let Some(text) = read_if_there(&folder.join(OWN_FILE))?
        {
            options = Some(read_own(&folder.join(OWN_FILE), &text, known, &mut Vec::new())?);
        }
        if options.is_some() && requires_python.is_some() {
            break;
        }
        let path = folder.join(PROJECT_FILE);
        let Some(text) = read_if_there(&path)? else { continue };
        let (section, requires) = read_project(&path, &text, known, options.is_none(), &mut Vec::new())?;
        options = options.or(section);
        let origin = Origin::RequiresPython { path: shown(&path) };
        requires_python = requires_python.or(requires.map(|range| (range, origin)));
    }
    Ok(FromFiles {
        options: options.unwrap_or_default(),
        requires_python,
    })
}

/// The options of the files in one folder, if there are any.
pub(super) fn in_folder(folder: &Path, known: &KnownRules) -> Result<Option<Options>, ConfigError> {
    let own = folder.join(OWN_FILE);
    if let Some(text) = read_if_there(&own)? {
        return read_own(&own, &text, known, &mut Vec::new()).map(Some);
    }
    let project = folder.join(PROJECT_FILE);
    match read_if_there(&project)? {
        Some(text) => Ok(read_project(&project, &text, known, true, &mut Vec::new())?.0),
        None => Ok(None),
    }
}

/// `open` holds the files that lead here by their `extend`.
fn read_named(path: &Path, known: &KnownRules, open: &mut Vec<PathBuf>) -> Result<Options, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: shown(path),
        source,
    })?;
    if path.file_name().is_some_and(|name| name == PROJECT_FILE) {
        return Ok(read_project(path, &text, known, true, open)?.0.unwrap_or_default());
    }
    read_own(path, &text, known, open)
}

fn read_if_there(path: &Path) -> Result<Option<String>, ConfigError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(ConfigError::Unreadable {
            path: shown(path),
            source,
        }),
    }
}

fn read_own(path: &Path, text: &str, known: &KnownRules, open: &mut Vec<PathBuf>) -> Result<Options, ConfigError> {
    let reader = Reader { path, text, known };
    let document = DeTable::parse(text).map_err(|error| reader.not_toml(&error))?;
    reader.options(document.get_ref(), open)
}

/// A `pyproject.toml` that is not TOML is only our business when it was meant to hold our options.
fn read_project(
    path: &Path,
    text: &str,
    known: &KnownRules,
    wants_options: bool,
    open: &mut Vec<PathBuf>,
) -> Result<(Option<Options>, Option<VersionRange>), ConfigError> {
    let reader = Reader { path, text, known };
    let document = match DeTable::parse(text) {
        Ok(document) => document.into_inner(),
        Err(error) if wants_options && text.contains("tool.concheck") => return Err(reader.not_toml(&error)),
        Err(_) => return Ok((None, None)),
    };
    let inner = |table: &str, key: &str| document.get(table).and_then(|table| table.get_ref().get(key).cloned());
    let requires = inner("project", "requires-python");
    let requires = requires.and_then(|value| versions::specifiers(value.get_ref().as_str()?));
    let options = match inner("tool", "concheck").filter(|_| wants_options) {
        Some(section) => match section.get_ref() {
            DeValue::Table(table) => Some(reader.options(table, open)?),
            _ => return Err(reader.wrong_type("tool.concheck", &section, "a table")),
        },
        None => None,
    };
    Ok((options, requires))
}

type Value<'text> = Spanned<DeValue<'text>>;

struct Reader<'run> {
    path: &'run Path,
    text: &'run str,
    known: &'run KnownRules,
}

impl Reader<'_> {
    fn options(&self, table: &DeTable<'_>, open: &mut Vec<PathBuf>) -> Result<Options, ConfigError> {
        let mut options = Options::default();
        let mut extended = None;
        for (key, value) in table {
            if key.get_ref() == "extend" {
                extended = Some(self.extended(value, open)?);
                continue;
            }
            self.set(&mut options, key, value)?;
            let origin = Origin::File {
                path: shown(self.path),
                line: self.line(key.span().start),
            };
            let name = match key.get_ref().as_ref() {
                "pedantic" => "min-confidence",
                "knowledge-files" => "knowledge",
                name => name,
            };
            options.origins.insert(name.to_owned(), origin);
        }
        Ok(match extended {
            Some(extended) => options.over(extended),
            None => options,
        })
    }

    fn extended(&self, value: &Value<'_>, open: &mut Vec<PathBuf>) -> Result<Options, ConfigError> {
        let path = self.file("extend", value)?;
        open.push(self.path.to_owned());
        if open.contains(&path) {
            return Err(self.fail(value.span(), Problem::Circle { path: shown(&path) }));
        }
        let options = read_named(&path, self.known, open);
        open.pop();
        options
    }

    /// A path counts from the folder of the file that it stands in.
    fn file(&self, key: &str, value: &Value<'_>) -> Result<PathBuf, ConfigError> {
        let folder = self.path.parent().unwrap_or(self.path);
        Ok(plain(&folder.join(self.string(key, value)?)))
    }

    fn set(
        &self,
        options: &mut Options,
        spanned_key: &Spanned<DeString<'_>>,
        value: &Value<'_>,
    ) -> Result<(), ConfigError> {
        let key = spanned_key.get_ref().as_ref();
        let at = |problem| self.fail(value.span(), problem);
        match key {
            "target-version" => {
                options.target_version = Some(choices::target_version(key, self.string(key, value)?).map_err(at)?);
            }
            "free-threaded" => options.free_threaded = Some(self.boolean(key, value)?),
            "platforms" => options.platforms = Some(choices::platforms(key, &self.strings(key, value)?).map_err(at)?),
            "start-method" => {
                options.start_method = Some(choices::start_method(key, self.string(key, value)?).map_err(at)?);
            }
            "min-confidence" => {
                let level = choices::confidence(key, self.string(key, value)?).map_err(at)?;
                options.min_confidence = Some(options.min_confidence.map_or(level, |other| other.min(level)));
            }
            "pedantic" if self.boolean(key, value)? => options.min_confidence = Some(Confidence::Low),
            "pedantic" => {}
            "select" => options.select = Some(self.selectors(key, value)?),
            "ignore" => options.ignore = Some(self.selectors(key, value)?),
            "per-file-ignores" => options.per_file_ignores = Some(self.per_file_ignores(key, value)?),
            "exclude" => options.exclude = Some(self.patterns(key, value)?),
            "extend-exclude" => options.extend_exclude = Some(self.patterns(key, value)?),
            "overlap" => options.overlap = Some(self.boolean(key, value)?),
            "knowledge" => {
                let said = self.knowledge(key, value)?;
                options.knowledge.get_or_insert_default().extend(said);
            }
            "knowledge-files" => self.knowledge_files(options, key, value)?,
            "severity" => options.severity = Some(self.severities(key, value)?),
            "fail-on" => options.fail_on = Some(choices::severity(key, self.string(key, value)?).map_err(at)?),
            "force-exclude" => options.force_exclude = Some(self.boolean(key, value)?),
            "baseline" => options.baseline = Some(self.file(key, value)?),
            "confirm" => options.confirm = Some(self.confirm(key, value)?),
            _ => return Err(self.unknown_key(spanned_key)),
        }
        Ok(())
    }

    fn string<'value>(&self, key: &str, value: &'value Value<'_>) -> Result<&'value str, ConfigError> {
        value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.wrong_type(key, value, "a string"))
    }

    fn boolean(&self, key: &str, value: &Value<'_>) -> Result<bool, ConfigError> {
        value
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.wrong_type(key, value, "true or false"))
    }

    fn items<'value, 'text>(
        &self,
        key: &str,
        value: &'value Value<'text>,
    ) -> Result<Vec<&'value Value<'text>>, ConfigError> {
        const EXPECTED: &str = "a list of strings";
        let list = value
            .get_ref()
            .as_array()
            .ok_or_else(|| self.wrong_type(key, value, EXPECTED))?;
        match list.iter().find(|item| !item.get_ref().is_str()) {
            Some(item) => Err(self.wrong_type(key, item, EXPECTED)),
            None => Ok(list.iter().collect()),
        }
    }

    fn strings(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>, ConfigError> {
        let items = self.items(key, value)?;
        items
            .into_iter()
            .map(|item| self.string(key, item).map(str::to_owned))
            .collect()
    }

    fn table<'value, 'text>(
        &self,
        key: &str,
        value: &'value Value<'text>,
    ) -> Result<&'value DeTable<'text>, ConfigError> {
        value
            .get_ref()
            .as_table()
            .ok_or_else(|| self.wrong_type(key, value, "a table"))
    }

    fn selectors(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>, ConfigError> {
        let read = |item: &Value<'_>| {
            let selector = self.string(key, item)?;
            self.known
                .check(key, selector)
                .map_err(|problem| self.fail(item.span(), problem))?;
            Ok(selector.to_owned())
        };
        self.items(key, value)?.into_iter().map(read).collect()
    }

    fn patterns(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>, ConfigError> {
        let read = |item: &Value<'_>| self.pattern(key, self.string(key, item)?, item.span());
        self.items(key, value)?.into_iter().map(read).collect()
    }

    /// A pattern with a `/` inside counts from the folder of the file that it stands in.
    fn pattern(&self, key: &str, pattern: &str, span: Range<usize>) -> Result<String, ConfigError> {
        let inner = pattern.strip_prefix("./").unwrap_or(pattern);
        let full = if inner.trim_end_matches('/').contains('/')
            && !Path::new(inner).is_absolute()
            && !inner.starts_with("**/")
        {
            let folder = self
                .path
                .parent()
                .map(|folder| folder.to_string_lossy().into_owned())
                .unwrap_or_default();
            format!("{}/{inner}", globset::escape(&folder))
        } else {
            inner.to_owned()
        };
        match PathPatterns::new([full.as_str()]) {
            Ok(_) => Ok(full),
            Err(error) => {
                let message = format!("`{pattern}` is not a valid glob pattern: {}", error.reason);
                Err(self.fail(
                    span,
                    Problem::BadPattern {
                        key: key.to_owned(),
                        message,
                    },
                ))
            }
        }
    }

    fn per_file_ignores(&self, key: &str, value: &Value<'_>) -> Result<Vec<(String, Vec<String>)>, ConfigError> {
        let entries = self.table(key, value)?.iter();
        let read = |(pattern, codes): (&Spanned<DeString<'_>>, &Value<'_>)| {
            Ok((
                self.pattern(key, pattern.get_ref(), pattern.span())?,
                self.selectors(key, codes)?,
            ))
        };
        entries.map(read).collect()
    }

    /// Dotted names may be quoted or not: `mypkg.fetch = "io"` is a table within a table.
    fn knowledge(&self, key: &str, value: &Value<'_>) -> Result<BTreeMap<String, String>, ConfigError> {
        self.names(self.table(key, value)?)
    }

    fn names(&self, table: &DeTable<'_>) -> Result<BTreeMap<String, String>, ConfigError> {
        let mut found = BTreeMap::new();
        let mut open = vec![(String::new(), table)];
        while let Some((prefix, table)) = open.pop() {
            for (name, value) in table {
                let name = format!("{prefix}{}", name.get_ref());
                if let DeValue::Table(inner) = value.get_ref() {
                    open.push((format!("{name}."), inner));
                    continue;
                }
                if !is_dotted_name(&name) {
                    return Err(self.fail(value.span(), Problem::NotAName { name }));
                }
                let kind = choices::choose(
                    &name,
                    self.string(&name, value)?,
                    &KNOWLEDGE,
                    "io, cpu, native or trivial",
                );
                let kind = kind.map_err(|problem| self.fail(value.span(), problem))?;
                found.insert(name, kind.to_owned());
            }
        }
        Ok(found)
    }

    fn confirm(&self, key: &str, value: &Value<'_>) -> Result<ConfirmSettings, ConfigError> {
        let mut found = ConfirmSettings::default();
        for (inner, value) in self.table(key, value)? {
            match inner.get_ref().as_ref() {
                name @ "allow-effects" => found.allow_effects = self.strings(name, value)?,
                name @ "inputs" => found.inputs = self.inputs(name, value)?,
                _ => return Err(self.unknown_key_among(inner, &CONFIRM_KEYS)),
            }
        }
        Ok(found)
    }

    /// Dotted names may be quoted or not, as those of `knowledge`.
    fn inputs(&self, key: &str, value: &Value<'_>) -> Result<BTreeMap<String, Vec<String>>, ConfigError> {
        let mut found = BTreeMap::new();
        let mut open = vec![(String::new(), self.table(key, value)?)];
        while let Some((prefix, table)) = open.pop() {
            for (name, value) in table {
                let name = format!("{prefix}{}", name.get_ref());
                if let DeValue::Table(inner) = value.get_ref() {
                    open.push((format!("{name}."), inner));
                } else {
                    let inputs = self.strings(&name, value)?;
                    found.insert(name, inputs);
                }
            }
        }
        Ok(found)
    }

    /// What the file itself says is stronger than what these files say.
    fn knowledge_files(&self, options: &mut Options, key: &str, value: &Value<'_>) -> Result<(), ConfigError> {
        for item in self.items(key, value)? {
            let path = self.file(key, item)?;
            let text = fs::read_to_string(&path).map_err(|source| ConfigError::Unreadable {
                path: shown(&path),
                source,
            })?;
            let reader = Reader {
                path: &path,
                text: &text,
                known: self.known,
            };
            let document = DeTable::parse(&text).map_err(|error| reader.not_toml(&error))?;
            let said = reader.names(document.get_ref())?;
            let known = options.knowledge.get_or_insert_default();
            for (name, kind) in said {
                known.entry(name).or_insert(kind);
            }
        }
        Ok(())
    }

    fn severities(&self, key: &str, value: &Value<'_>) -> Result<BTreeMap<String, Severity>, ConfigError> {
        let entries = self.table(key, value)?.iter();
        let read = |(rule, severity): (&Spanned<DeString<'_>>, &Value<'_>)| {
            let selector = rule.get_ref().to_string();
            self.known
                .check(key, &selector)
                .map_err(|problem| self.fail(rule.span(), problem))?;
            let level = choices::severity(&selector, self.string(&selector, severity)?);
            let level = level.map_err(|problem| self.fail(severity.span(), problem))?;
            Ok((selector, level))
        };
        entries.map(read).collect()
    }

    fn unknown_key(&self, key: &Spanned<DeString<'_>>) -> ConfigError {
        self.unknown_key_among(key, &keys())
    }

    fn unknown_key_among(&self, key: &Spanned<DeString<'_>>, known: &[&str]) -> ConfigError {
        let text = key.get_ref().to_string();
        let problem = Problem::UnknownKey {
            nearest: nearest(&text, known.iter().copied()),
            key: text,
            known: known.join(", "),
        };
        self.fail(key.span(), problem)
    }

    fn wrong_type(&self, key: &str, value: &Value<'_>, expected: &'static str) -> ConfigError {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.fail(
            value.span(),
            Problem::WrongType {
                key: key.to_owned(),
                expected,
                found,
            },
        )
    }

    fn not_toml(&self, error: &toml::de::Error) -> ConfigError {
        let message = error.message().lines().collect::<Vec<_>>().join(" ");
        self.fail(error.span().unwrap_or(0..0), Problem::NotToml(message))
    }

    fn fail(&self, span: Range<usize>, problem: Problem) -> ConfigError {
        ConfigError::InFile {
            path: shown(self.path),
            line: self.line(span.start),
            problem: Box::new(problem),
        }
    }

    fn line(&self, offset: usize) -> usize {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        before.iter().filter(|&&byte| byte == b'\n').count() + 1
    }
}

/// The path as seen from the current folder, if it lies below.
fn shown(path: &Path) -> String {
    let current = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    path.strip_prefix(current).unwrap_or(path).display().to_string()
}
