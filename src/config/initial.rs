//! A configuration file to start from.

use thiserror::Error;
use toml_edit::{Array, DocumentMut, Item, Table, Value};

use super::catalogue::{OptionEntry, Values, options};

/// Why a file was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InitError {
    /// It has options of concheck.
    #[error("there are options of concheck in it already")]
    AlreadyThere,
    /// It is not TOML, or not any more with the section behind it.
    #[error("not valid TOML: {0}")]
    NotToml(String),
    /// A key that should be a table or a list is something else.
    #[error("`{0}` is not what Ruff expects there")]
    Unexpected(String),
}

/// All options with what they mean, as comments, to be turned on by taking the `#` away; `prefix` is the table.
fn commented(prefix: &str) -> String {
    let mut text = String::new();
    for option in options() {
        let OptionEntry {
            key,
            summary,
            example,
            values,
        } = option;
        text.push_str(&format!("# {summary}\n"));
        match table_entry(values, example) {
            Some(entry) => text.push_str(&format!("# [{prefix}{key}]\n# {entry}\n")),
            None => text.push_str(&format!("# {key} = {example}\n")),
        }
    }
    text
}

/// The entry of an inline table with one entry.
fn table_entry(values: Values, example: &'static str) -> Option<&'static str> {
    let is_table = matches!(
        values,
        Values::RulesOfPaths | Values::WordOfRule(_) | Values::WordOfName(_) | Values::Measuring
    );
    let inner = example.strip_prefix("{ ")?.strip_suffix(" }")?;
    is_table.then_some(inner)
}

/// A `concheck.toml`.
#[must_use]
pub fn initial_file() -> String {
    format!(
        "# Options of concheck. `concheck config` shows what is in force.\n\n{}",
        commented("")
    )
}

/// A `pyproject.toml` with a section for concheck behind everything else.
///
/// # Errors
/// When there is one already, or the file is not TOML.
pub fn initial_section(project: &str) -> Result<String, InitError> {
    let document = parsed(project)?;
    if document.get("tool").and_then(|tool| tool.get("concheck")).is_some() {
        return Err(InitError::AlreadyThere);
    }
    let line_break = if project.contains("\r\n") { "\r\n" } else { "\n" };
    let section = format!("[tool.concheck]\n{}", commented("tool.concheck."));
    let mut text = project.trim_end().to_owned();
    if !text.is_empty() {
        text.push_str(line_break);
        text.push_str(line_break);
    }
    text.push_str(&section.replace('\n', line_break));
    parsed(&text)?;
    Ok(text)
}

/// The configuration of Ruff with concheck's codes among those that are not Ruff's, so that it keeps `# noqa: CC101`.
/// `inner` is the table of Ruff's options: `["tool", "ruff"]`, or none in a `ruff.toml`.
///
/// # Errors
/// When the file is not TOML, or something else stands at that place.
pub fn keep_our_codes(text: &str, inner: &[&str]) -> Result<Option<String>, InitError> {
    let mut document = parsed(text)?;
    let mut table = document.as_item_mut();
    for (depth, key) in inner.iter().chain(&["lint"]).enumerate() {
        let parent = table
            .as_table_like_mut()
            .ok_or_else(|| InitError::Unexpected((*key).to_owned()))?;
        if depth + 1 < inner.len() + 1 && !parent.contains_key(key) {
            return Ok(None);
        }
        table = parent.entry(key).or_insert_with(|| Item::Table(Table::new()));
    }
    let lint = table
        .as_table_like_mut()
        .ok_or_else(|| InitError::Unexpected("lint".to_owned()))?;
    let external = lint
        .entry("external")
        .or_insert_with(|| Item::Value(Value::Array(Array::new())));
    let codes = external
        .as_array_mut()
        .ok_or_else(|| InitError::Unexpected("external".to_owned()))?;
    if codes.iter().any(|code| code.as_str() == Some("CC")) {
        return Ok(None);
    }
    codes.push("CC");
    Ok(Some(document.to_string()))
}

fn parsed(text: &str) -> Result<DocumentMut, InitError> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        InitError::NotToml(error.message().lines().collect::<Vec<_>>().join(" "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_goes_behind_what_is_there() {
        let text = initial_section("[project] # mine\r\nname = 'x'\r\n").unwrap();
        assert!(
            text.starts_with("[project] # mine\r\nname = 'x'\r\n\r\n[tool.concheck]\r\n# "),
            "{text}"
        );
        assert!(!text.replace("\r\n", "").contains('\n'));
        assert_eq!(initial_section(&text), Err(InitError::AlreadyThere));
        assert!(matches!(initial_section("[a"), Err(InitError::NotToml(_))));
        assert!(matches!(initial_section("tool = {x = 1}"), Err(InitError::NotToml(_))));
    }

    #[test]
    fn codes_join_those_of_other_tools() {
        let before = "[tool.ruff]\nline-length = 99 # wide\n\n[tool.ruff.lint]\nexternal = [\n  \"V\", # vulture\n]\n";
        let after = keep_our_codes(before, &["tool", "ruff"]).unwrap().unwrap();
        assert!(
            after.contains("line-length = 99 # wide\n") && after.contains("\"V\", "),
            "{after}"
        );
        let codes: toml::Table = after.parse().unwrap();
        assert_eq!(
            codes["tool"]["ruff"]["lint"]["external"].as_array().map(Vec::len),
            Some(2)
        );
        assert_eq!(keep_our_codes(&after, &["tool", "ruff"]).unwrap(), None);
        assert_eq!(keep_our_codes("[tool.black]\n", &["tool", "ruff"]).unwrap(), None);
        let own = keep_our_codes("line-length = 99\n", &[]).unwrap().unwrap();
        assert_eq!(own, "line-length = 99\n\n[lint]\nexternal = [\"CC\"]\n");
        assert!(keep_our_codes("lint = 1\n", &[]).is_err());
    }
}
