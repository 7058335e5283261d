//! Finds and reads the files of a run.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use rayon::prelude::*;
use thiserror::Error;

use super::compiled::compiled_beside;
use super::modules::{ModuleNamer, Naming};
use super::patterns::{PathPatterns, PatternError};
use super::read::{accept, read_file, read_text, unreadable, why_unreadable};
use super::surroundings::project_around;
use super::{LineIndex, SourceError, SourceFile, Sources, common_folder, displayed, plain};
use crate::config::Settings;

/// Folders that are not entered unless they are given themselves or the settings turn them on.
pub const DEFAULT_EXCLUDES: [&str; 22] = [
    ".bzr",
    ".eggs",
    ".git",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    "__pycache__",
    "__pypackages__",
    "build",
    "dist",
    "env",
    "node_modules",
    "site-packages",
    "venv",
];

const STDIN_NAME: &str = "<stdin>";

/// What the user asked for cannot be looked for.
#[derive(Debug, Error)]
pub enum DiscoverError {
    /// A path on the command line does not exist.
    #[error("`{0}` does not exist; give files, folders, or - for standard input")]
    Missing(String),
    /// The current folder is gone, so that relative paths mean nothing.
    #[error("the current folder cannot be read: {0}")]
    CurrentFolder(io::Error),
    /// A pattern in the settings is no valid glob.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

/// What is looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'run> {
    /// Files and folders; `-` is standard input.
    pub paths: &'run [PathBuf],
    /// The file that standard input stands for.
    pub stdin_name: Option<&'run Path>,
    /// Nothing is read around the files that are named.
    pub alone: bool,
}

/// Finds the Python files under the paths, reads and decodes them; around a file that is named, the files of its
/// project are read, too, and are not marked as given.
///
/// # Errors
/// When a path does not exist or a pattern of the settings is malformed; everything else is in [`Sources::errors`].
pub fn discover(wanted: Wanted<'_>, settings: &Settings, stdin: &mut dyn Read) -> Result<Sources, DiscoverError> {
    let mut search = Search::new(wanted.paths, settings)?;
    for path in wanted.paths.iter().filter(|path| path.as_os_str() != "-") {
        search.add(path)?;
    }
    let reads_stdin = wanted.paths.iter().any(|path| path.as_os_str() == "-");
    let stdin_name = wanted.stdin_name.filter(|_| reads_stdin);
    let stdin_path = stdin_name.map(|name| plain(&search.current.join(name)));
    search.named.extend(stdin_path.clone());
    if !wanted.alone {
        search.add_surroundings();
    }
    let base = common_folder(&search.given).unwrap_or_else(|| search.current.clone());
    let mut namer = ModuleNamer::new(base);
    let mut sources = Sources {
        files: Vec::new(),
        errors: search.errors,
    };
    let mut found = distinct(search.found);
    found.retain(|found| Some(&found.absolute) != stdin_path.as_ref());
    let read: Vec<_> = found.par_iter().map(|found| read_file(&found.path)).collect();
    for (found, read) in found.iter().zip(read) {
        let naming = namer.name(&found.absolute);
        let mut errors = Vec::new();
        let accepted = accept(&found.shown, read, &mut errors);
        if found.is_given {
            sources.errors.append(&mut errors);
        }
        let Some(text) = accepted else { continue };
        let mut file = source_file(found.shown.clone(), text, naming, found.is_given);
        if file.is_package {
            file.compiled = compiled_beside(&found.absolute);
        }
        sources.files.push(file);
    }
    if reads_stdin {
        let (shown, naming) = match (stdin_name, &stdin_path) {
            (Some(name), Some(path)) => (displayed(name), namer.name(path)),
            _ => (STDIN_NAME.to_owned(), nameless(&search.current)),
        };
        if let Some(text) = accept(&shown, read_text(stdin), &mut sources.errors) {
            sources.files.push(source_file(shown, text, naming, true));
        }
    }
    sources.files.sort_by(|left, right| left.path.cmp(&right.path));
    sources.errors.sort();
    Ok(sources)
}

fn source_file(path: String, (text, lines): (String, LineIndex), naming: Naming, is_given: bool) -> SourceFile {
    SourceFile {
        path,
        text,
        lines,
        modules: naming.modules,
        is_package: naming.is_package,
        is_test: naming.is_test,
        is_main_module: naming.is_main_module,
        root: naming.root,
        compiled: Vec::new(),
        is_given,
    }
}

/// Standard input without a name is a script in the current folder that nothing can import.
fn nameless(current: &Path) -> Naming {
    Naming {
        modules: vec![STDIN_NAME.to_owned()],
        root: displayed(current),
        is_package: false,
        is_main_module: false,
        is_test: false,
    }
}

struct Found {
    path: PathBuf,
    absolute: PathBuf,
    shown: String,
    is_link: bool,
    is_given: bool,
}

struct Search<'settings> {
    current: PathBuf,
    given: Vec<PathBuf>,
    /// Folders that were given.
    walked: Vec<PathBuf>,
    /// Files that were given.
    named: Vec<PathBuf>,
    found: Vec<Found>,
    errors: Vec<SourceError>,
    excludes: PathPatterns,
    settings: &'settings Settings,
}

impl<'settings> Search<'settings> {
    fn new(paths: &[PathBuf], settings: &'settings Settings) -> Result<Self, DiscoverError> {
        let current = if paths.iter().all(|path| path.is_absolute()) {
            std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"))
        } else {
            std::env::current_dir().map_err(DiscoverError::CurrentFolder)?
        };
        let excludes = PathPatterns::new(settings.exclude.iter().map(String::as_str))?;
        Ok(Self {
            current,
            given: Vec::new(),
            walked: Vec::new(),
            named: Vec::new(),
            found: Vec::new(),
            errors: Vec::new(),
            excludes,
            settings,
        })
    }

    fn add(&mut self, path: &Path) -> Result<(), DiscoverError> {
        let absolute = plain(&self.current.join(path));
        let is_folder = match std::fs::metadata(path) {
            Ok(metadata) => metadata.is_dir(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(DiscoverError::Missing(displayed(path)));
            }
            Err(error) => {
                self.errors.push(unreadable(displayed(path), &error));
                return Ok(());
            }
        };
        if is_folder {
            self.walk(path, &absolute, true);
            self.walked.push(absolute.clone());
            self.given.push(absolute);
        } else {
            self.add_named_file(path, absolute);
        }
        Ok(())
    }

    /// Reads the projects around files that were named.
    fn add_surroundings(&mut self) {
        let mut projects: Vec<PathBuf> = self.named.iter().filter_map(|path| project_around(path)).collect();
        projects.sort();
        projects.dedup();
        let told = self.errors.len();
        let mut read: Vec<PathBuf> = self.walked.clone();
        for project in projects {
            if read.iter().any(|folder| project.starts_with(folder)) {
                continue;
            }
            let below = project.strip_prefix(&self.current).map(Path::to_path_buf);
            let path = match below {
                Ok(below) if below.as_os_str().is_empty() => PathBuf::from("."),
                Ok(below) => below,
                Err(_) => project.clone(),
            };
            self.walk(&path, &project, false);
            self.given.push(project.clone());
            read.push(project);
        }
        // What is wrong with files that nobody asked about is not told.
        self.errors.truncate(told);
    }

    fn is_excluded(&self, absolute: &Path) -> bool {
        let by_default = |path: &Path| {
            let name = path.file_name();
            self.settings.default_excludes && DEFAULT_EXCLUDES.iter().any(|one| name == Some(OsStr::new(one)))
        };
        let folders = absolute.strip_prefix(&self.current).unwrap_or(absolute);
        self.excludes.match_within(absolute) || folders.ancestors().skip(1).any(by_default)
    }

    /// A file that is named is taken whatever it is called; only stubs and notebooks hold nothing that could be read.
    fn add_named_file(&mut self, path: &Path, absolute: PathBuf) {
        if self.settings.force_exclude && self.is_excluded(&absolute) {
            return;
        }
        let reason = match path.extension().and_then(OsStr::to_str) {
            Some("pyi") => "a stub file has no code to check",
            Some("ipynb") => "notebooks are not supported; convert it to a Python file",
            _ => {
                self.given.extend(absolute.parent().map(Path::to_path_buf));
                self.named.push(absolute.clone());
                self.found.push(Found {
                    path: path.to_owned(),
                    absolute,
                    shown: displayed(path),
                    is_link: false,
                    is_given: true,
                });
                return;
            }
        };
        self.errors.push(SourceError {
            path: displayed(path),
            line: None,
            message: reason.to_owned(),
        });
    }

    /// Links to folders are not entered, so that no loop can arise; links to files are.
    fn walk(&mut self, root: &Path, absolute_root: &Path, is_given: bool) {
        let excludes = self.excludes.clone();
        let default_excludes = self.settings.default_excludes;
        let (given, absolute) = (root.to_owned(), absolute_root.to_owned());
        let walker = WalkBuilder::new(root)
            .hidden(false)
            .require_git(false)
            .git_global(false)
            .filter_entry(move |entry| {
                entry.depth() == 0
                    || !(default_excludes && is_excluded_by_default(entry)
                        || excludes.match_entry(&absolute.join(below(entry.path(), &given))))
            })
            .build();
        for entry in walker {
            match entry {
                Ok(entry) => self.take_entry(&entry, root, absolute_root, is_given),
                Err(error) => self.errors.push(walk_error(&error, root)),
            }
        }
    }

    fn take_entry(&mut self, entry: &DirEntry, root: &Path, absolute_root: &Path, is_given: bool) {
        let path = entry.path();
        let file_type = entry.file_type();
        let is_link = file_type.is_some_and(|kind| kind.is_symlink());
        if entry.depth() == 0 || !is_python_file(path) || !(is_link || file_type.is_some_and(|kind| kind.is_file())) {
            return;
        }
        let inner = below(path, root);
        let shown = if root == Path::new(".") {
            displayed(inner)
        } else {
            displayed(path)
        };
        if is_link {
            match std::fs::metadata(path) {
                Ok(metadata) if metadata.is_file() => {}
                Ok(_) => return,
                Err(error) => {
                    self.errors.push(unreadable(shown, &error));
                    return;
                }
            }
        }
        self.found.push(Found {
            path: path.to_owned(),
            absolute: absolute_root.join(inner),
            shown,
            is_link,
            is_given,
        });
    }
}

fn is_excluded_by_default(entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    is_folder
        && DEFAULT_EXCLUDES
            .iter()
            .any(|name| entry.file_name() == OsStr::new(name))
}

/// Editors keep locks beside a file as dangling links called `.#name.py`.
fn is_python_file(path: &Path) -> bool {
    let is_lock = path
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b".#"));
    !is_lock && matches!(path.extension().and_then(OsStr::to_str), Some("py" | "pyw"))
}

fn below<'path>(path: &'path Path, root: &Path) -> &'path Path {
    path.strip_prefix(root).unwrap_or(path)
}

/// Leaves each file in once, under its own name rather than a link's.
fn distinct(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by(|left, right| {
        (!left.is_given, left.is_link, &left.shown).cmp(&(!right.is_given, right.is_link, &right.shown))
    });
    let mut seen = HashSet::new();
    found.retain(|found| seen.insert(found.path.canonicalize().unwrap_or_else(|_| found.absolute.clone())));
    found
}

fn walk_error(error: &ignore::Error, root: &Path) -> SourceError {
    let path = error_path(error).unwrap_or(root);
    let path = if root == Path::new(".") {
        below(path, root)
    } else {
        path
    };
    let message = match error.io_error() {
        Some(error) => why_unreadable(error),
        None => format!("could not be read: {error}"),
    };
    SourceError {
        path: displayed(path),
        line: None,
        message,
    }
}

fn error_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => error_path(err),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn only(paths: &[PathBuf]) -> Wanted<'_> {
        Wanted {
            paths,
            ..Wanted::default()
        }
    }

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new(files: &[(&str, &str)]) -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            for (path, text) in files {
                let path = folder.0.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            folder
        }

        fn path(&self, inner: &str) -> PathBuf {
            self.0.path().join(inner)
        }

        fn found(&self, given: &[&str], settings: &Settings) -> (Vec<String>, Vec<String>) {
            let paths: Vec<_> = given.iter().map(|path| self.path(path)).collect();
            let sources = discover(only(&paths), settings, &mut io::empty()).unwrap();
            let top = format!("{}/", displayed(self.0.path()));
            let inner = |path: &str| path.replace(&top, "");
            let given = sources.files.iter().filter(|file| file.is_given);
            (
                given.map(|file| inner(&file.path)).collect(),
                sources
                    .errors
                    .iter()
                    .map(|error| format!("{}: {}", inner(&error.path), error.message))
                    .collect(),
            )
        }
    }

    #[test]
    fn python_files_are_found_sorted_and_ignored_ones_are_not() {
        let folder = Folder::new(&[
            ("z.py", ""),
            ("a/b.pyw", ""),
            ("a/c.pyi", ""),
            ("a/notes.txt", ""),
            (".hooks/h.py", ""),
            ("venv/lib/x.py", ""),
            ("pkg/build/x.py", ""),
            ("gen/x.py", ""),
            ("gen/y.py", ""),
            (".gitignore", "gen/x.py\n"),
        ]);
        let (files, errors) = folder.found(&[""], &Settings::default());
        assert_eq!(files, [".hooks/h.py", "a/b.pyw", "gen/y.py", "z.py"]);
        assert!(errors.is_empty(), "{errors:?}");
    }

    #[test]
    fn named_files_are_taken_whatever_they_are_called() {
        let folder = Folder::new(&[("venv/tool", ""), ("a.pyi", ""), ("n.ipynb", ""), (".gitignore", "*")]);
        let (files, errors) = folder.found(&["venv/tool", "a.pyi", "n.ipynb"], &Settings::default());
        assert_eq!(files, ["venv/tool"]);
        assert_eq!(errors.len(), 2, "{errors:?}");
    }

    #[test]
    fn a_named_folder_is_entered_even_if_excluded() {
        let folder = Folder::new(&[("build/a.py", ""), ("build/build/b.py", "")]);
        assert_eq!(folder.found(&["build"], &Settings::default()).0, ["build/a.py"]);
    }

    #[test]
    fn settings_exclude_more_or_fewer() {
        let folder = Folder::new(&[("build/a.py", ""), ("gen/b.py", ""), ("c_pb2.py", ""), ("d.py", "")]);
        let patterns = ["gen", "*_pb2.py"].map(str::to_owned).to_vec();
        let mut settings = Settings {
            exclude: patterns,
            ..Settings::default()
        };
        assert_eq!(folder.found(&[""], &settings).0, ["d.py"]);
        settings.default_excludes = false;
        assert_eq!(folder.found(&[""], &settings).0, ["build/a.py", "d.py"]);
    }

    #[test]
    fn a_file_given_twice_is_read_once() {
        let folder = Folder::new(&[("a/b.py", "")]);
        assert_eq!(
            folder
                .found(&["a", "a/b.py", "a/../a/b.py"], &Settings::default())
                .0
                .len(),
            1
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_neither_loop_nor_count_twice() {
        let folder = Folder::new(&[("pkg/a.py", ""), ("pkg/b.py", "")]);
        let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, folder.path(name)).unwrap();
        link("..", "pkg/up");
        link("b.py", "pkg/a_link.py");
        link("self.py", "pkg/self.py");
        link("user@host:1", "pkg/.#a.py");
        let (files, errors) = folder.found(&[""], &Settings::default());
        assert_eq!(files, ["pkg/a.py", "pkg/b.py"]);
        assert_eq!(
            errors,
            ["pkg/self.py: could not be read: too many levels of symbolic links"]
        );
    }

    #[test]
    fn standard_input_is_a_file_of_its_own() {
        let mut text: &[u8] = b"x = 1\n";
        let sources = discover(only(&[PathBuf::from("-")]), &Settings::default(), &mut text).unwrap();
        assert_eq!(
            (sources.files[0].path.as_str(), sources.files[0].text.as_str()),
            ("<stdin>", "x = 1\n")
        );
    }

    #[test]
    fn around_a_named_file_its_project_is_read() {
        let files = [
            ("pyproject.toml", ""),
            ("a/b.py", ""),
            ("a/broken.py", "\0"),
            ("c/d.py", ""),
            ("venv/e.py", ""),
        ];
        let folder = Folder::new(&files);
        let paths = [folder.path("a/b.py")];
        let sources = discover(only(&paths), &Settings::default(), &mut io::empty()).unwrap();
        let given: Vec<_> = sources.files.iter().map(|file| file.is_given).collect();
        assert_eq!(given, [true, false, false], "{:?}", sources.files);
        assert!(sources.errors.is_empty(), "{:?}", sources.errors);
        assert_eq!(sources.files[0].modules, ["b", "a.b"]);
        let alone = Wanted {
            alone: true,
            ..only(&paths)
        };
        let sources = discover(alone, &Settings::default(), &mut io::empty()).unwrap();
        assert_eq!(sources.files.len(), 1);
    }

    #[test]
    fn standard_input_takes_the_place_of_the_file_that_it_is_said_to_be() {
        let folder = Folder::new(&[("setup.py", ""), ("pkg/__init__.py", ""), ("pkg/m.py", "old\n")]);
        let path = folder.path("pkg/m.py");
        let wanted = Wanted {
            paths: &[PathBuf::from("-")],
            stdin_name: Some(&path),
            alone: false,
        };
        let mut text: &[u8] = b"new\n";
        let sources = discover(wanted, &Settings::default(), &mut text).unwrap();
        let given: Vec<_> = sources.files.iter().filter(|file| file.is_given).collect();
        assert_eq!((sources.files.len(), given.len()), (3, 1));
        assert_eq!(
            (given[0].text.as_str(), given[0].modules[0].as_str()),
            ("new\n", "pkg.m")
        );
    }

    #[test]
    fn named_files_are_excluded_when_that_is_asked_for() {
        let folder = Folder::new(&[("gen/a.py", ""), ("b.py", "")]);
        let settings = Settings {
            exclude: vec!["gen".to_owned()],
            force_exclude: true,
            ..Settings::default()
        };
        assert_eq!(folder.found(&["gen/a.py", "b.py"], &settings).0, ["b.py"]);
    }

    #[test]
    fn a_path_that_does_not_exist_stops_the_run() {
        let error = discover(
            only(&[PathBuf::from("no/such.py")]),
            &Settings::default(),
            &mut io::empty(),
        )
        .unwrap_err();
        assert!(error.to_string().starts_with("`no/such.py` does not exist"), "{error}");
    }
}
