//! What module a file is: package roots, dotted names, and the special names of Python.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::displayed;

/// How many folders above the topmost package are tried as the start of a dotted name.
const HIGHEST_CLIMB: usize = 6;

/// What a path says about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Naming {
    /// Candidate dotted names, best first; never empty.
    pub(super) modules: Vec<String>,
    /// The folder that the best name starts from.
    pub(super) root: String,
    /// An `__init__.py`.
    pub(super) is_package: bool,
    /// A `__main__.py`.
    pub(super) is_main_module: bool,
    /// Holds tests.
    pub(super) is_test: bool,
}

/// Names the files of one run.
#[derive(Debug)]
pub(super) struct ModuleNamer {
    base: PathBuf,
    packages: HashMap<PathBuf, bool>,
}

impl ModuleNamer {
    /// `base` is the innermost folder around everything that was given.
    pub(super) fn new(base: PathBuf) -> Self {
        Self {
            base,
            packages: HashMap::new(),
        }
    }

    /// Names a file.
    ///
    /// Python starts a dotted name at the topmost folder in an unbroken row of folders with `__init__.py`. Namespace
    /// packages have no such file, so that each folder further up, to the one that was given, makes another candidate.
    /// Below a folder called `src` the name that starts there is the best one.
    pub(super) fn name(&mut self, absolute: &Path) -> Naming {
        let stem = absolute.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_package = stem == "__init__";
        let mut name = if is_package { None } else { Some(stem.clone()) };
        let mut folder = absolute.parent();
        while let Some(package) = folder.filter(|folder| self.is_package(folder)) {
            name = Some(prefixed(package, name.as_deref()));
            folder = package.parent();
        }
        let mut candidates = Candidates::default();
        if let (Some(folder), Some(name)) = (folder, &name) {
            candidates.add(folder, name.clone());
        }
        self.climb(folder, name, &mut candidates);
        let (modules, root) = candidates.finish(absolute, &stem);
        Naming {
            modules,
            root,
            is_package,
            is_main_module: stem == "__main__",
            is_test: self.is_test(absolute, &stem),
        }
    }

    fn climb(&self, folder: Option<&Path>, mut name: Option<String>, candidates: &mut Candidates) {
        let limit = self.base.parent().unwrap_or(&self.base);
        let mut folder = folder;
        for _ in 0..HIGHEST_CLIMB {
            let Some(inner) = folder.filter(|folder| folder.starts_with(limit) && *folder != limit) else {
                return;
            };
            let Some(outer) = inner.parent() else { return };
            if !inner
                .file_name()
                .is_some_and(|part| is_identifier(&part.to_string_lossy()))
            {
                return;
            }
            let longer = prefixed(inner, name.as_deref());
            candidates.add(outer, longer.clone());
            name = Some(longer);
            folder = Some(outer);
        }
    }

    fn is_package(&mut self, folder: &Path) -> bool {
        if let Some(&known) = self.packages.get(folder) {
            return known;
        }
        let named = folder
            .file_name()
            .is_some_and(|part| is_identifier(&part.to_string_lossy()));
        let is_package = named && folder.join("__init__.py").is_file();
        self.packages.insert(folder.to_owned(), is_package);
        is_package
    }

    /// Only folders that were given, or lie below one, say whether a file is a test.
    fn is_test(&self, absolute: &Path, stem: &str) -> bool {
        let limit = self.base.parent().unwrap_or(&self.base);
        let folder = absolute.parent().and_then(|folder| folder.strip_prefix(limit).ok());
        let in_tests = folder.is_some_and(|folder| folder.iter().any(|part| part == "tests" || part == "test"));
        in_tests || stem == "conftest" || stem.starts_with("test_") || stem.ends_with("_test")
    }
}

#[derive(Default)]
struct Candidates {
    names: Vec<(String, String)>,
}

impl Candidates {
    fn add(&mut self, folder: &Path, name: String) {
        let entry = (name, displayed(folder));
        if folder.file_name().is_some_and(|part| part == "src") {
            self.names.insert(0, entry);
        } else {
            self.names.push(entry);
        }
    }

    fn finish(self, absolute: &Path, stem: &str) -> (Vec<String>, String) {
        let root = self.names.first().map(|(_, root)| root.clone());
        let root = root.unwrap_or_else(|| absolute.parent().map(displayed).unwrap_or_default());
        let mut modules: Vec<String> = self.names.into_iter().map(|(name, _)| name).collect();
        if modules.is_empty() {
            modules.push(stem.to_owned());
        }
        (modules, root)
    }
}

fn prefixed(folder: &Path, name: Option<&str>) -> String {
    let part = folder.file_name().unwrap_or_default().to_string_lossy();
    match name {
        Some(name) => format!("{part}.{name}"),
        None => part.into_owned(),
    }
}

fn is_identifier(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes the files in a fresh folder and names one of them, seen from `base`.
    fn naming(files: &[&str], base: &str, file: &str) -> (Naming, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().join("project-1");
        for path in files.iter().chain([&file]) {
            let path = top.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        (ModuleNamer::new(top.join(base)).name(&top.join(file)), top)
    }

    #[track_caller]
    fn check(files: &[&str], base: &str, file: &str, modules: &[&str], root: &str) {
        let (naming, top) = naming(files, base, file);
        assert_eq!(naming.modules, modules);
        assert_eq!(Path::new(&naming.root), top.join(root).components().as_path());
    }

    #[test]
    fn packages_start_below_the_last_folder_without_init() {
        let files = ["pkg/__init__.py", "pkg/sub/__init__.py"];
        check(&files, "", "pkg/sub/mod.py", &["pkg.sub.mod"], "");
        check(&files, "", "pkg/__init__.py", &["pkg"], "");
        check(&files, "pkg/sub", "pkg/sub/__main__.py", &["pkg.sub.__main__"], "");
    }

    #[test]
    fn scripts_are_their_own_root_and_may_be_namespace_packages() {
        check(&[], "", "tools/run.py", &["run", "tools.run"], "tools");
        check(&[], "tools", "tools/run.py", &["run", "tools.run"], "tools");
        check(&[], "", "my-tools/run.py", &["run"], "my-tools");
        check(&[], "a", "a/__init__.py", &["a"], "");
    }

    #[test]
    fn src_layouts_start_at_src() {
        check(
            &["src/pkg/__init__.py"],
            "",
            "src/pkg/mod.py",
            &["pkg.mod", "src.pkg.mod"],
            "src",
        );
        let files = ["src/space/pkg/__init__.py"];
        check(
            &files,
            "",
            "src/space/pkg/mod.py",
            &["space.pkg.mod", "pkg.mod", "src.space.pkg.mod"],
            "src",
        );
    }

    #[test]
    fn special_files_are_told_apart() {
        let flags = |file| {
            let naming = naming(&[], "", file).0;
            (naming.is_package, naming.is_main_module, naming.is_test)
        };
        assert_eq!(flags("pkg/__init__.py"), (true, false, false));
        assert_eq!(flags("pkg/__main__.py"), (false, true, false));
        for test in ["test_a.py", "a_test.py", "conftest.py", "tests/a.py", "x/test/y/a.py"] {
            assert_eq!(flags(test), (false, false, true), "{test}");
        }
        assert_eq!(flags("testing/attest.py"), (false, false, false));
    }

    #[test]
    fn a_given_folder_inside_tests_still_says_so() {
        assert!(naming(&[], "tests", "tests/helper.py").0.is_test);
        assert!(!naming(&[], "tests/app", "tests/app/helper.py").0.is_test);
    }
}
