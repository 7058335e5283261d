//! A folder with a project in it, and the program run there.
#![allow(dead_code, reason = "not every test file uses everything")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use concheck::report::CHECK_SCHEMA;
use serde_json::Value;

/// Not Python in any version.
pub(crate) const BROKEN: &str = "def broken(:\n    pass\n";

/// One finding, CC702 in the eighth line, whose evidence is the fourth.
pub(crate) const THREAD: &str = "\
import threading


def greet(name):
    return name


thread = threading.Thread(target=greet, args=(\"Ada\"))
thread.start()
thread.join()
";

/// A project in a temporary folder.
pub(crate) struct Project(tempfile::TempDir);

impl Project {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            project.write(path, text.as_bytes());
        }
        project
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub(crate) fn path(&self, inner: &str) -> PathBuf {
        self.0.path().join(inner)
    }

    #[expect(clippy::disallowed_methods, reason = "the program under test is started here")]
    pub(crate) fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concheck"));
        command
            .current_dir(self.path(folder))
            .env_clear()
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::from(self.command("", arguments).output().unwrap())
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--output-format", "json"]].concat());
        assert!(matches!(run.code, 0 | 1), "{run:?}");
        valid(&run.out, CHECK_SCHEMA)
    }
}

/// What a run of the program gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("the program was not killed"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

#[track_caller]
pub(crate) fn valid(text: &str, schema: &str) -> Value {
    let document = serde_json::from_str(text).unwrap();
    let schema = serde_json::from_str(schema).unwrap();
    if let Err(error) = jsonschema::validate(&schema, &document) {
        panic!("{error}\n{text}");
    }
    document
}

pub(crate) fn codes(document: &Value) -> Vec<(String, String, u64)> {
    let findings = document["findings"].as_array().unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    findings
        .iter()
        .map(|one| (text(one, "code"), text(one, "path"), one["line"].as_u64().unwrap()))
        .collect()
}

/// Exit code 2, nothing on standard output, one line on standard error with this text.
#[track_caller]
pub(crate) fn check_refused(project: &Project, arguments: &[&str], text: &str) {
    let run = project.run(arguments);
    assert_eq!(
        (run.code, run.out.as_str(), run.err.lines().count()),
        (2, "", 1),
        "{run:?}"
    );
    assert!(
        run.err.starts_with("concheck: ") && run.err.contains(text),
        "{text:?} in {run:?}"
    );
}
