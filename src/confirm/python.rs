//! Which interpreter measures: the one that the user names, else the virtual environment's, else the one on the path.

use std::path::{Path, PathBuf};

/// The folders that virtual environments usually live in.
const FOLDERS: [&str; 3] = [".venv", "venv", "env"];

/// Chooses the interpreter for the code under `paths`.
#[must_use]
pub fn choose(named: Option<PathBuf>, paths: &[PathBuf]) -> PathBuf {
    if let Some(named) = named {
        return named;
    }
    if let Some(active) = std::env::var_os("VIRTUAL_ENV") {
        let python = inside(Path::new(&active));
        if python.is_file() {
            return python;
        }
    }
    let current = std::env::current_dir().unwrap_or_default();
    let starts = paths.iter().map(|path| current.join(path));
    let folders = starts.flat_map(|start| start.ancestors().map(Path::to_path_buf).collect::<Vec<_>>());
    let pythons = folders.flat_map(|folder| FOLDERS.map(|name| inside(&folder.join(name))));
    let mut pythons = pythons.filter(|python| python.is_file());
    pythons
        .next()
        .unwrap_or_else(|| PathBuf::from(if cfg!(windows) { "python" } else { "python3" }))
}

fn inside(environment: &Path) -> PathBuf {
    if cfg!(windows) {
        environment.join("Scripts").join("python.exe")
    } else {
        environment.join("bin").join("python")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    #[cfg(unix)]
    fn the_environment_above_the_code_is_found() {
        let project = tempfile::tempdir().unwrap();
        let python = project.path().join(".venv/bin/python");
        fs::create_dir_all(python.parent().unwrap()).unwrap();
        fs::write(&python, "").unwrap();
        let code = project.path().join("src/pkg/a.py");
        if std::env::var_os("VIRTUAL_ENV").is_none() {
            assert_eq!(choose(None, std::slice::from_ref(&code)), python);
        }
        assert_eq!(choose(Some("other".into()), &[code]), PathBuf::from("other"));
    }
}
