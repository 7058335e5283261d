//! Which modules of the project a module imports.

use std::collections::BTreeSet;

use crate::facts::{DefKind, StmtKind};
use crate::finding::FileId;
use crate::link::Program;
use crate::link::modules::join;

/// The direct imports of each file.
#[derive(Debug, Default)]
pub(super) struct Imports(Vec<BTreeSet<FileId>>);

impl Imports {
    pub(super) fn compute(program: &Program<'_>) -> Self {
        Self(program.file_ids().map(|file| direct(program, file)).collect())
    }

    /// Whether importing one module imports the other.
    pub(super) fn reaches(&self, from: FileId, to: FileId) -> bool {
        let (mut seen, mut stack) = (BTreeSet::from([from]), vec![from]);
        while let Some(file) = stack.pop() {
            if file == to {
                return true;
            }
            stack.extend(self.0[file.index()].iter().copied().filter(|&next| seen.insert(next)));
        }
        false
    }
}

fn direct(program: &Program<'_>, file: FileId) -> BTreeSet<FileId> {
    let mut found = BTreeSet::new();
    for definition in &program.file(file).definitions {
        match &definition.kind {
            DefKind::Import { imported, .. } => found.extend(program.modules.find(file, imported)),
            DefKind::ImportFrom { module, level, name } => {
                for base in program.modules.absolute(file, *level, module) {
                    found.extend(program.modules.find(file, &base));
                    found.extend(program.modules.find(file, &join(&base, name)));
                }
            }
            _ => {}
        }
    }
    for indexed in &program.index(file).statements {
        if let StmtKind::ImportStar { module, level } = &indexed.stmt.kind {
            for base in program.modules.absolute(file, *level, module) {
                found.extend(program.modules.find(file, &base));
            }
        }
    }
    found.remove(&file);
    found
}
