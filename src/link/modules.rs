//! Which file a dotted module name means, seen from another file.

use std::collections::{HashMap, HashSet};

use crate::finding::FileId;
use crate::source::SourceFile;

/// The modules of the project by dotted name.
#[derive(Debug, Default)]
pub struct ModuleTable {
    by_name: HashMap<String, Vec<FileId>>,
    names: Vec<Vec<String>>,
    /// Modules that are compiled, and whether they release the GIL.
    compiled: HashMap<String, bool>,
    packages: Vec<Vec<String>>,
    /// The names of folders with an `__init__.py`.
    with_init: HashSet<String>,
    roots: Vec<String>,
}

impl ModuleTable {
    /// Enters all names of all files.
    #[must_use]
    pub fn new(files: &[SourceFile]) -> Self {
        let mut table = Self::default();
        for (index, file) in files.iter().enumerate() {
            let id = FileId(u32::try_from(index).expect("internal: fewer than 2^32 files"));
            for name in &file.modules {
                table.by_name.entry(name.clone()).or_default().push(id);
            }
            let package_of = |name: &String| {
                if file.is_package {
                    name.clone()
                } else {
                    parent(name).to_owned()
                }
            };
            if file.is_package {
                table.with_init.extend(file.modules.iter().cloned());
            }
            table.packages.push(file.modules.iter().map(package_of).collect());
            for module in &file.compiled {
                for package in &file.modules {
                    table.compiled.insert(join(package, &module.name), module.releases_gil);
                }
            }
            table.names.push(file.modules.clone());
            table.roots.push(file.root.clone());
        }
        table
    }

    /// The file that `name` means when `from` imports it absolutely: one below the same root where there are several.
    #[must_use]
    pub fn find(&self, from: FileId, name: &str) -> Option<FileId> {
        let candidates = self.by_name.get(name)?;
        let root = &self.roots[from.index()];
        candidates
            .iter()
            .copied()
            .find(|id| self.roots[id.index()] == *root)
            .or_else(|| (candidates.len() == 1).then(|| candidates[0]))
    }

    /// The dotted names of a file.
    #[must_use]
    pub fn names(&self, file: FileId) -> &[String] {
        &self.names[file.index()]
    }

    /// Whether the compiled module of the project that a name lies in releases the GIL; `None` where it is none.
    #[must_use]
    pub fn compiled(&self, name: &str) -> Option<bool> {
        let mut module = name;
        while !module.is_empty() {
            if let Some(&releases) = self.compiled.get(module) {
                return Some(releases);
            }
            module = parent(module);
        }
        None
    }

    /// Whether a name lies in a module of one of the project's packages that is not among the files: compiled, most
    /// likely.
    #[must_use]
    pub fn is_missing(&self, name: &str) -> bool {
        let module = parent(name);
        self.with_init.contains(parent(module)) && !self.by_name.contains_key(module)
    }

    /// Whether `name` is a module of the project or has one below it, seen from `from`.
    #[must_use]
    pub fn is_prefix(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The absolute names that a relative import in `from` may mean.
    #[must_use]
    pub fn absolute(&self, from: FileId, level: u32, module: &str) -> Vec<String> {
        if level == 0 {
            return vec![module.to_owned()];
        }
        let mut names = Vec::new();
        for package in &self.packages[from.index()] {
            let mut base = package.as_str();
            for _ in 1..level {
                base = parent(base);
            }
            names.push(join(base, module));
        }
        names
    }
}

/// The part before the last dot; empty where there is none.
#[must_use]
pub fn parent(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(before, _)| before)
}

/// Two dotted names in a row; either may be empty.
#[must_use]
pub fn join(base: &str, name: &str) -> String {
    match (base.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => base.to_owned(),
        _ => format!("{base}.{name}"),
    }
}
