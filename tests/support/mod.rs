//! What the tests over `rules/` and `fixtures/` share: finding pages, code blocks and fixtures.

use std::fs;
use std::path::{Path, PathBuf};

/// A fixture: one file, or a folder of several whose script is `main.py`.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    /// The path from the repository's root, with `/`: `fixtures/<rule>/<file or folder>`.
    pub(crate) path: String,
    /// Whether the rule must fire.
    pub(crate) is_bad: bool,
}

/// A rule's page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// The file's name without its ending.
    pub(crate) name: String,
    /// The whole text.
    pub(crate) text: String,
}

impl Page {
    /// The only Python block of a section.
    pub(crate) fn block(&self, section: &str) -> Option<String> {
        let heading = format!("\n## {section}\n");
        let rest = &self.text[self.text.find(&heading)? + heading.len()..];
        let section_text = rest.split("\n## ").next()?;
        let opened = section_text.split_once("```python\n")?.1;
        Some(opened.split_once("\n```")?.0.to_owned() + "\n")
    }
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All rule pages, by name.
pub(crate) fn pages() -> Vec<Page> {
    let files = sorted_entries(&repository().join("rules"));
    let pages = files
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages
        .map(|path| Page {
            name: stem(path),
            text: read(path),
        })
        .filter(|page| page.text.starts_with("+++"))
        .collect()
}

/// All fixtures, by rule and path.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let root = repository().join("fixtures");
    let folders = sorted_entries(&root).into_iter().filter(|path| path.is_dir());
    let rules = folders.filter(|path| !path.ends_with("tour") && !path.ends_with("confirm"));
    rules.flat_map(|folder| fixtures_of(&folder)).collect()
}

fn fixtures_of(folder: &Path) -> Vec<Fixture> {
    let rule = file_name(folder);
    let entries = sorted_entries(folder)
        .into_iter()
        .filter(|path| path.is_dir() || is_python(path));
    let named = entries.filter(|path| !file_name(path).starts_with("__"));
    named
        .map(|path| Fixture {
            path: format!("fixtures/{rule}/{}", file_name(&path)),
            is_bad: file_name(&path).starts_with("bad"),
        })
        .collect()
}

/// The files and folders in a folder, by name.
pub(crate) fn sorted_entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder can be listed").path())
        .collect();
    paths.sort();
    paths
}

/// Whether a path is named like a Python file.
pub(crate) fn is_python(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "py")
}

/// The fixtures of the families about processes, each with the code of its rule: what crosses to a process, how
/// processes start, and how pools end.
pub(crate) fn about_processes() -> Vec<(Fixture, String)> {
    let families = ["CC2", "CC3", "CC904", "CC905", "CC906"];
    let mut found = Vec::new();
    for page in pages() {
        let code = page.text.lines().find_map(|line| line.strip_prefix("code = "));
        let code = code.unwrap_or_default().trim_matches('"').to_owned();
        if families.iter().any(|family| code.starts_with(family)) {
            let fixtures = fixtures_of(&repository().join("fixtures").join(&page.name));
            found.extend(fixtures.into_iter().map(|fixture| (fixture, code.clone())));
        }
    }
    found
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .expect("entries have names")
        .to_string_lossy()
        .into_owned()
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .expect("entries have names")
        .to_string_lossy()
        .into_owned()
}

/// The text of a file; bytes that are not UTF-8 are replaced.
pub(crate) fn read(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}
