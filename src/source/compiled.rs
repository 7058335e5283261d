//! Modules of a package that are compiled: Cython sources and extension modules beside its Python files.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

/// A module that is no Python file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CompiledModule {
    /// Its name in its package.
    pub name: String,
    /// Its source says that it releases the GIL.
    pub releases_gil: bool,
}

/// What Cython calls code that runs without the GIL.
const WITHOUT_GIL: &str = "nogil";

/// The compiled modules in the folder of an `__init__.py`, sorted, each once.
pub(super) fn compiled_beside(init: &Path) -> Vec<CompiledModule> {
    let entries = init.parent().and_then(|folder| fs::read_dir(folder).ok());
    let mut found: Vec<CompiledModule> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| compiled_module(&entry.ok()?.path()))
        .collect();
    // Of a source and what it is compiled to, the one that says more comes first.
    found.sort_by(|a, b| a.name.cmp(&b.name).then(b.releases_gil.cmp(&a.releases_gil)));
    found.dedup_by(|a, b| a.name == b.name);
    found
}

fn compiled_module(path: &Path) -> Option<CompiledModule> {
    let extension = path.extension().and_then(OsStr::to_str)?;
    // `name.cpython-311-x86_64-linux-gnu.so`
    let name = path.file_name()?.to_str()?.split('.').next()?.to_owned();
    let releases_gil = match extension {
        "pyx" => fs::read_to_string(path).is_ok_and(|text| text.contains(WITHOUT_GIL)),
        "so" | "pyd" => false,
        _ => return None,
    };
    Some(CompiledModule { name, releases_gil })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_say_whether_the_gil_is_released() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("__init__.py", "");
        write("plain.py", "");
        write("fast.pyx", "with nogil:\n    pass\n");
        write("fast.cpython-311-x86_64-linux-gnu.so", "");
        write("held.pyd", "");
        let found = compiled_beside(&folder.path().join("__init__.py"));
        let names: Vec<(&str, bool)> = found
            .iter()
            .map(|module| (module.name.as_str(), module.releases_gil))
            .collect();
        assert_eq!(names, [("fast", true), ("held", false)]);
    }
}
