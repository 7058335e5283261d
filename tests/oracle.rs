//! What the fixtures and pages claim, shown by a real interpreter.
//!
//! `tests/data/oracle_driver.py` does the observing, one fixture a call; `fixtures/README.md` has the vocabulary.
#![expect(clippy::disallowed_methods, reason = "these tests run Python")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

/// Fixtures observed at the same time: more of them would disturb each other's timing on two cores.
const PARALLEL: usize = 2;
/// The same where nothing is timed: much of it is waiting, for children that start and for programs that hang.
const PARALLEL_UNTIMED: usize = 4;
/// The oldest version on which every claim holds and every good fixture can be read.
const OLDEST: (u32, u32) = (3, 11);
/// The oldest version that is tried beside it.
const OLDEST_OTHER: (u32, u32) = (3, 10);
/// The versions on which what is about processes is observed under every start method.
const PROCESS_VERSIONS: std::ops::RangeInclusive<u32> = 8..=13;
/// Those of them on which the good fixtures are run, too.
const WHOLE_VERSIONS: [u32; 3] = [8, 11, 13];

/// Held while one test observes, so that tests do not disturb each other's timing.
static TURN: Mutex<()> = Mutex::new(());

/// The interpreter behind a command: its real path and its version.
fn interpreter(command: &Path) -> Option<((u32, u32), PathBuf)> {
    let script = "import sys; print(*sys.version_info[:2], sys.executable, sep='\\n')";
    let output = Command::new(command).args(["-I", "-c", script]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines();
    let version = (lines.next()?.parse().ok()?, lines.next()?.parse().ok()?);
    Some((version, PathBuf::from(lines.next()?)))
}

/// Interpreters of version 3.8 or newer beside `python3`: versioned names on the path, and those that pyenv has installed.
fn other_interpreters() -> BTreeMap<(u32, u32), PathBuf> {
    let mut commands: Vec<PathBuf> = (*PROCESS_VERSIONS.start()..20)
        .map(|minor| format!("python3.{minor}").into())
        .collect();
    let installed = env::home_dir()
        .map(|home| home.join(".pyenv/versions"))
        .filter(|folder| folder.is_dir());
    if let Some(folder) = installed {
        commands.extend(
            support::sorted_entries(&folder)
                .into_iter()
                .map(|version| version.join("bin/python3")),
        );
    }
    commands.iter().filter_map(|command| interpreter(command)).collect()
}

/// The interpreter that the tests must have.
fn required_interpreter() -> ((u32, u32), PathBuf) {
    let usual = interpreter(Path::new("python3"));
    let others = other_interpreters();
    let mut candidates = usual.clone().into_iter().chain(others);
    candidates.find(|(version, _)| *version >= OLDEST).unwrap_or_else(|| {
        panic!("these tests run the fixtures on CPython: put python3 of version 3.11 or newer on the path (found {usual:?})")
    })
}

/// A program and whether it must show a fault (`bad`) or run through (`good`).
struct Program {
    path: PathBuf,
    kind: &'static str,
    /// Under every start method, whatever it declares.
    everywhere: bool,
}

fn observe(python: &Path, program: &Program) -> Option<String> {
    let driver = support::repository().join("tests/data/oracle_driver.py");
    let output = Command::new(python)
        .arg(driver)
        .arg(program.kind)
        .arg(&program.path)
        .args(program.everywhere.then_some("--everywhere"))
        .output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", python.display()));
    if output.status.success() {
        if !output.stdout.is_empty() {
            let said = String::from_utf8_lossy(&output.stdout);
            writeln!(io::stdout(), "{}: {}", program.path.display(), said.trim()).expect("standard output is open");
        }
        return None;
    }
    let said = [output.stdout, output.stderr].concat();
    let lines = String::from_utf8_lossy(&said).trim().replace('\n', "\n    ");
    Some(format!("{}\n    {lines}", program.path.display()))
}

fn observe_all(python: &Path, programs: &[Program], parallel: usize) -> Vec<String> {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let waiting = Mutex::new(programs.iter());
    let problems = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..parallel {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().expect("no observer panics with the lock held").next();
                    let Some(program) = next else { return };
                    let problem = observe(python, program);
                    problems
                        .lock()
                        .expect("no observer panics with the lock held")
                        .extend(problem);
                }
            });
        }
    });
    let mut problems = problems.into_inner().expect("all observers have ended");
    problems.sort();
    problems
}

/// The fixtures of the families about processes, or all others.
fn fixture_programs(processes: bool) -> Vec<Program> {
    let root = support::repository();
    let about_processes: BTreeSet<String> = support::about_processes()
        .into_iter()
        .map(|(fixture, _)| fixture.path)
        .collect();
    let fixtures = support::fixtures().into_iter();
    fixtures
        .filter(|fixture| about_processes.contains(&fixture.path) == processes)
        .map(|fixture| Program {
            path: root.join(&fixture.path),
            kind: if fixture.is_bad { "bad" } else { "good" },
            everywhere: processes,
        })
        .collect()
}

fn fail_with(version: (u32, u32), problems: &[String]) {
    let (major, minor) = version;
    assert!(
        problems.is_empty(),
        "{} problems on {major}.{minor}\n{}\n",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn fixtures_behave_on_cpython_as_they_declare() {
    let (version, python) = required_interpreter();
    fail_with(version, &observe_all(&python, &fixture_programs(false), PARALLEL));
}

#[test]
fn fixtures_behave_the_same_on_the_newest_other_python() {
    let (usual, _) = required_interpreter();
    let mut others = other_interpreters().into_iter();
    let newest = others.rfind(|(version, _)| *version != usual && *version >= OLDEST_OTHER);
    let Some((version, python)) = newest else {
        println!(
            "skipped: there is no Python of version 3.10 or newer beside {}.{}",
            usual.0, usual.1
        );
        return;
    };
    fail_with(version, &observe_all(&python, &fixture_programs(false), PARALLEL));
}

#[test]
fn processes_behave_under_every_start_method_on_every_python() {
    let (usual, python) = required_interpreter();
    let mut interpreters = other_interpreters();
    interpreters.insert(usual, python);
    let mut problems = Vec::new();
    for version in PROCESS_VERSIONS.map(|minor| (3, minor)) {
        let (major, minor) = version;
        let Some(python) = interpreters.get(&version) else {
            println!("skipped on {major}.{minor}: there is no such Python");
            continue;
        };
        let mut programs = fixture_programs(true);
        // What runs through on the oldest, the usual and the newest Python does so between them.
        if !WHOLE_VERSIONS.contains(&minor) {
            programs.retain(|program| program.kind == "bad");
        }
        let found = observe_all(python, &programs, PARALLEL_UNTIMED);
        problems.extend(
            found
                .into_iter()
                .map(|problem| format!("on {major}.{minor}: {problem}")),
        );
    }
    assert!(
        problems.is_empty(),
        "{} problems\n{}\n",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn what_pages_recommend_runs_under_fork_and_spawn() {
    let (version, python) = required_interpreter();
    let folder = tempfile::Builder::new()
        .prefix("pages")
        .tempdir()
        .expect("a temporary folder can be made");
    let mut programs = Vec::new();
    for page in support::pages() {
        let path = folder.path().join(format!("{}.py", page.name));
        let block = page
            .block("Use instead")
            .unwrap_or_else(|| panic!("rules/{}.md: nothing to use instead", page.name));
        fs::write(&path, block).expect("the temporary folder can be written to");
        programs.push(Program {
            path,
            kind: "good",
            everywhere: false,
        });
    }
    fail_with(version, &observe_all(&python, &programs, PARALLEL_UNTIMED));
}
