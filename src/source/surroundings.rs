//! The project around a file: what has to be read to judge the file, beside the file itself.

use std::path::{Path, PathBuf};

/// Files that stand at the top of a project.
const MARKERS: [&str; 8] = [
    "pyproject.toml",
    "concheck.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "manage.py",
    "tox.ini",
    "Pipfile",
];

/// The folder of the nearest of those files, looked for up to the top of the repository; otherwise the topmost package
/// that the file lies in. `None` for a script on its own.
pub(super) fn project_around(absolute: &Path) -> Option<PathBuf> {
    let folder = absolute.parent()?;
    for ancestor in folder.ancestors() {
        if MARKERS.iter().any(|marker| ancestor.join(marker).is_file()) {
            return Some(ancestor.to_owned());
        }
        if ancestor.join(".git").exists() {
            break;
        }
    }
    let packages = folder
        .ancestors()
        .take_while(|package| package.join("__init__.py").is_file());
    packages.last().map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_ends_at_its_marker_or_at_its_topmost_package() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path();
        for path in [
            "a/.git/x",
            "a/pkg/sub/__init__.py",
            "a/pkg/__init__.py",
            "b/setup.py",
            "b/c/d.py",
        ] {
            let path = top.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        assert_eq!(project_around(&top.join("a/pkg/sub/m.py")), Some(top.join("a/pkg")));
        assert_eq!(project_around(&top.join("a/script.py")), None);
        assert_eq!(project_around(&top.join("b/c/d.py")), Some(top.join("b")));
    }
}
