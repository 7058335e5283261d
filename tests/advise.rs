//! What `concheck advise` says about small programs: each submission is marked on its line with its worker and its class.
//!
//! `# advise: thread io-bound` means one submission, several marks are separated by commas. What is not marked must not be
//! seen as a submission.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use program::Project;
use serde_json::Value;

const MARK: &str = "# advise: ";

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/advise");
    let mut found: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn files_below(folder: &Path, prefix: &str, found: &mut Vec<(String, String)>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            files_below(&path, &format!("{name}/"), found);
        } else {
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

type Lines = BTreeMap<(String, u64), Vec<String>>;

fn marked(files: &[(String, String)]) -> Lines {
    let mut lines = Lines::new();
    for (name, text) in files {
        for (number, line) in (1..).zip(text.lines()) {
            if let Some((_, marks)) = line.split_once(MARK) {
                let mut marks: Vec<String> = marks.split(", ").map(str::to_owned).collect();
                marks.sort();
                lines.insert((name.clone(), number), marks);
            }
        }
    }
    lines
}

fn advised(files: &[(String, String)]) -> Lines {
    let project = Project::new(&[]);
    for (name, text) in files {
        project.write(name, text.as_bytes());
    }
    let run = project.run(&["advise", ".", "--output-format", "json", "--isolated"]);
    let document: Value = serde_json::from_str(&run.out).unwrap();
    let mut lines = Lines::new();
    for submission in document["submissions"].as_array().unwrap() {
        let path = submission["path"].as_str().unwrap().trim_start_matches("./").to_owned();
        let line = submission["line"].as_u64().unwrap();
        let word = |key: &str| submission[key].as_str().unwrap().to_owned();
        let said = format!("{} {}", word("worker"), word("class"));
        lines.entry((path, line)).or_default().push(said);
    }
    lines.values_mut().for_each(|said| said.sort());
    lines
}

#[test]
fn submissions_are_seen_and_classified_as_marked() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let mut files = Vec::new();
        files_below(&folder, "", &mut files);
        let (want, got) = (marked(&files), advised(&files));
        assert!(!want.is_empty(), "{} has no marks", folder.display());
        for place in want.keys().chain(got.keys()) {
            if want.get(place) != got.get(place) {
                let (want, got) = (want.get(place), got.get(place));
                wrong.push(format!(
                    "{} {place:?}: marked {want:?}, advised {got:?}",
                    folder.display()
                ));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
