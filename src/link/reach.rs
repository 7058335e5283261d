//! Which files matter: those that mention a worker, what they import, and who imports them.
//!
//! A file that hands no work over, is not reached by one that does, and does not call one that does, says nothing about
//! submissions; its values are not computed. The mention is lexical and generous: the name of a package that submissions
//! belong to, anywhere in the text. `tests/select.rs` compares runs with and without the selection.

use std::collections::BTreeSet;

use crate::facts::{DefKind, FileFacts};
use crate::finding::FileId;
use crate::knowledge::Knowledge;
use crate::source::SourceFile;

use super::modules::{ModuleTable, join};

/// How far upwards callers of files that mention a worker are followed: wrappers around wrappers.
const IMPORTERS: usize = 3;

/// Says for each file whether it matters.
#[must_use]
pub fn reached_files(
    sources: &[SourceFile],
    facts: &[FileFacts],
    modules: &ModuleTable,
    knowledge: &Knowledge,
) -> Vec<bool> {
    let words = knowledge.worker_words();
    let mentions: BTreeSet<usize> = sources
        .iter()
        .enumerate()
        .filter(|(_, source)| words.iter().any(|word| source.text.contains(word.as_str())))
        .map(|(index, _)| index)
        .collect();
    let imports: Vec<BTreeSet<usize>> = facts
        .iter()
        .enumerate()
        .map(|(index, file)| imported_files(index, file, modules))
        .collect();
    let mut importers: Vec<Vec<usize>> = vec![Vec::new(); facts.len()];
    for (index, imported) in imports.iter().enumerate() {
        for &target in imported {
            importers[target].push(index);
        }
    }
    let mut reached = mentions.clone();
    let mut frontier: Vec<usize> = mentions.iter().copied().collect();
    for _ in 0..IMPORTERS {
        let above: BTreeSet<usize> = frontier
            .iter()
            .flat_map(|&file| importers[file].iter().copied())
            .collect();
        frontier = above.into_iter().filter(|&file| reached.insert(file)).collect();
    }
    let mut open: Vec<usize> = reached.iter().copied().collect();
    while let Some(file) = open.pop() {
        for &target in &imports[file] {
            if reached.insert(target) {
                open.push(target);
            }
        }
    }
    (0..facts.len()).map(|index| reached.contains(&index)).collect()
}

/// The files of the project that a file imports, anywhere in it.
fn imported_files(index: usize, file: &FileFacts, modules: &ModuleTable) -> BTreeSet<usize> {
    let from = FileId(u32::try_from(index).expect("internal: fewer than 2^32 files"));
    let mut found = BTreeSet::new();
    let mut add = |name: &str| {
        // Importing a module runs the packages around it, too.
        let mut name = name;
        loop {
            if let Some(file) = modules.find(from, name) {
                found.insert(file.index());
            }
            match name.rsplit_once('.') {
                Some((package, _)) => name = package,
                None => break,
            }
        }
    };
    for definition in &file.definitions {
        match &definition.kind {
            DefKind::Import { imported, .. } => add(imported),
            DefKind::ImportFrom { module, level, name } => {
                for absolute in modules.absolute(from, *level, module) {
                    add(&join(&absolute, name));
                }
            }
            _ => {}
        }
    }
    for (module, level) in super::solver::star_imports(file) {
        for absolute in modules.absolute(from, level, &module) {
            add(&absolute);
        }
    }
    found
}
