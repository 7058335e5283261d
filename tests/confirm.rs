//! `concheck confirm` against code that behaves and code that does not: verdicts, clear lines, nothing left running.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![expect(clippy::disallowed_methods, reason = "these tests run the binary")]

#[allow(dead_code, reason = "the tests share it, and each uses a part")]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use concheck::report::{CHECK_SCHEMA, CONFIRM_SCHEMA};
use serde_json::Value;

/// Hands `work` to threads; the configuration says that it computes, so that there is a finding.
const HAND_OVER: &str = "
from concurrent.futures import ThreadPoolExecutor

def main():
    with ThreadPoolExecutor() as pool:
        print(list(pool.map(work, [1, 2, 3, 4])))
";
const SETTINGS: &str = "[knowledge]\n\"app.work\" = \"cpu\"\n";

/// A project with one module, `app.py`.
struct Project(tempfile::TempDir);

struct Run {
    code: i32,
    out: String,
    err: String,
    /// Processes that carry concheck's mark after it has ended.
    left: Vec<String>,
}

impl Project {
    fn new(work: &str) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write("app.py", &format!("{work}\n{HAND_OVER}"));
        project.write("concheck.toml", SETTINGS);
        project
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn start(&self, arguments: &[&str]) -> Child {
        start(self.0.path(), arguments)
    }

    fn run(&self, arguments: &[&str]) -> Run {
        finished(self.start(arguments))
    }

    /// Runs `confirm` with permission for everything and gives the one result.
    fn confirm(&self, arguments: &[&str]) -> (Value, Run) {
        let common = [
            "confirm",
            ".",
            "--yes",
            "--allow-effects",
            "--budget",
            "1.5",
            "--output-format",
            "json",
        ];
        let run = self.run(&[&common, arguments].concat());
        let document = valid(&run.out, CONFIRM_SCHEMA);
        let results = document["results"].as_array().unwrap();
        assert_eq!(results.len(), 1, "{}\n{}", run.out, run.err);
        (results[0].clone(), run)
    }
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concheck"));
    command.current_dir(folder).env_clear().args(arguments);
    for kept in ["PATH", "HOME"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn finished(child: Child) -> Run {
    let mark = format!("CONCHECK_CONFIRM={}-", child.id());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().expect("concheck was not killed"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
        left: processes(|environment, _| environment.contains(&mark)),
    }
}

/// The command lines of the processes whose environment or command line is wanted.
fn processes(wanted: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let text = |file: &str| {
            let bytes = fs::read(entry.path().join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        if wanted(&text("environ"), &text("cmdline")) {
            found.push(text("cmdline"));
        }
    }
    found
}

#[track_caller]
fn valid(text: &str, schema: &str) -> Value {
    let document = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    let schema = serde_json::from_str(schema).unwrap();
    if let Err(error) = jsonschema::validate(&schema, &document) {
        panic!("{error}\n{text}");
    }
    document
}

/// Checks that a misbehaving target gives this line, the exit code of a finding that stands, and leaves nothing running.
#[track_caller]
fn check_line(work: &str, arguments: &[&str], line: &str) {
    let (result, run) = Project::new(work).confirm(arguments);
    let reason = result["reason"].as_str().unwrap();
    assert!(reason.contains(line), "{reason}");
    assert!(!reason.contains('\n'), "{reason}");
    assert_eq!(result["status"], "not-measured", "{reason}");
    assert_eq!((run.code, run.left), (1, Vec::new()), "{reason}");
}

#[test]
fn a_target_that_raises_is_told_with_its_line() {
    let work = "def work(number):\n    raise ValueError(f'no {number}')";
    check_line(work, &[], "`app.work` raises ValueError: no 1 (app.py:2)");
}

#[test]
fn a_target_that_never_returns_is_ended_at_the_time_out() {
    let work = "def work(number):\n    while True:\n        number += 1";
    check_line(
        work,
        &["--timeout", "5"],
        "`app.work` took longer than the time-out of 5 s",
    );
}

#[test]
fn a_target_that_ignores_sigterm_is_ended_all_the_same() {
    let work = "import signal, time\ndef work(number):\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    time.sleep(1000)";
    check_line(work, &["--timeout", "5"], "took longer than the time-out of 5 s");
}

#[test]
fn a_target_that_needs_too_much_memory_is_told_so() {
    let work = "def work(number):\n    return len(bytes(2_000_000_000))";
    check_line(
        work,
        &["--memory", "500"],
        "needs more memory than the limit of 500 MB (--memory)",
    );
}

#[test]
fn a_target_that_kills_itself_is_told_with_the_signal() {
    let work = "import os, signal\ndef work(number):\n    os.kill(os.getpid(), signal.SIGKILL)";
    check_line(work, &[], "was ended by signal 9 (SIGKILL) while `app.work` ran");
}

#[test]
fn a_target_that_ends_its_process_is_told_with_the_exit_code() {
    check_line(
        "import os\ndef work(number):\n    os._exit(7)",
        &[],
        "ended itself with exit code 7 while `app.work` ran",
    );
    check_line(
        "import sys\ndef work(number):\n    sys.exit(3)",
        &[],
        "`app.work` raises SystemExit: 3",
    );
}

#[test]
fn a_target_that_prints_100_megabytes_is_ended() {
    let work = "def work(number):\n    for _ in range(100):\n        print('x' * 1_000_000)";
    check_line(work, &[], "`app.work` printed more than 16 MB and was ended");
}

#[test]
fn a_target_that_forks_leaves_nothing_behind() {
    // The copy leaves the process group and the session, and sheds its environment.
    let work = "import os\ndef work(number):\n    if os.fork() == 0:\n        os.setsid()\n        os.execve('/bin/sleep', ['sleep', '98765'], {})";
    check_line(
        work,
        &[],
        "it starts processes itself (1 left running after one call, now ended)",
    );
    let escaped = processes(|_, command| command.starts_with("sleep 98765"));
    assert_eq!(escaped, Vec::<String>::new());
}

#[test]
fn a_copy_of_the_interpreter_ends_where_it_was_made() {
    check_line(
        "import os\ndef work(number):\n    os.fork()",
        &[],
        "it starts processes itself",
    );
}

#[test]
fn a_module_that_cannot_be_imported_is_told_so() {
    let work = "import a_module_that_is_nowhere\ndef work(number):\n    return number";
    check_line(work, &[], "importing its module raises ModuleNotFoundError");
}

#[test]
fn effects_are_refused_unless_they_are_allowed() {
    let work = "def work(number):\n    with open('trace.txt', 'a') as trace:\n        trace.write(str(number))\n    return sum(range(20000))";
    let project = Project::new(work);
    let run = project.run(&["confirm", ".", "--yes", "--budget", "1.5"]);
    assert!(
        run.out.contains("`work` writes files (`open` at app.py:2)"),
        "{}\n{}",
        run.out,
        run.err
    );
    assert!(run.out.contains("--allow app.work"), "{}", run.out);
    assert_eq!((run.code, run.left), (1, Vec::new()));
    let run = project.run(&["confirm", ".", "--yes", "--budget", "1.5", "--allow", "app.work"]);
    assert!(run.out.contains("ceiling, native"), "{}\n{}", run.out, run.err);
    assert!(
        !project.path("trace.txt").exists(),
        "the scratch directory is the current one"
    );
}

#[test]
fn calls_that_are_not_known_are_refused() {
    let project = Project::new("import somewhere\ndef work(number):\n    return somewhere.unknown(number)");
    let run = project.run(&["confirm", ".", "--yes", "--output-format", "concise"]);
    assert!(
        run.out
            .contains("`work` rests on a call that is not known (`somewhere.unknown`"),
        "{}",
        run.out
    );
}

#[test]
fn importing_counts_as_running() {
    let project = Project::new("import os\nos.mkdir('made')\ndef work(number):\n    return number");
    let run = project.run(&["confirm", ".", "--yes", "--output-format", "concise"]);
    assert!(
        run.out
            .contains("importing `app` writes files (`os.mkdir` at app.py:2)"),
        "{}",
        run.out
    );
}

#[test]
fn a_dry_run_shows_the_plan_and_runs_nothing() {
    let project =
        Project::new("import os\nos.mkdir('/tmp/concheck-must-not-be')\ndef work(number):\n    return number");
    let run = project.run(&["confirm", ".", "--dry-run", "--allow-effects"]);
    assert_eq!(run.code, 0);
    assert!(run.out.starts_with("plan: 1 of 1 finding measured"), "{}", run.out);
    assert!(
        run.out
            .contains("inputs from the hand-over: (__arguments__(__task) for __task in ([1, 2, 3, 4]))"),
        "{}",
        run.out
    );
    assert!(!Path::new("/tmp/concheck-must-not-be").exists());
}

#[test]
fn without_a_terminal_and_a_yes_nothing_is_run() {
    let run = Project::new("def work(number):\n    return number").run(&["confirm", "."]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("give --yes"), "{}", run.err);
    let run =
        Project::new("def work(number):\n    return number").run(&["confirm", ".", "--yes", "--python", "/no/python"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("`/no/python` could not be started"), "{}", run.err);
}

#[test]
fn ctrl_c_ends_everything() {
    let project = Project::new("import time\ndef work(number):\n    time.sleep(1000)");
    let child = project.start(&["confirm", ".", "--yes", "--allow-effects"]);
    let mark = format!("CONCHECK_CONFIRM={}-", child.id());
    let deadline = Instant::now() + Duration::from_secs(20);
    while processes(|environment, _| environment.contains(&mark)).is_empty() {
        assert!(Instant::now() < deadline, "no interpreter was started");
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(400));
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let run = finished(child);
    assert_eq!((run.code, run.left), (130, Vec::new()), "{}", run.err);
    assert!(
        run.out.contains("interrupted: the rest was not measured"),
        "{}",
        run.out
    );
}

#[test]
fn a_missing_input_is_named_with_the_line_to_add() {
    let project = Project::new("def work(path):\n    return path");
    project.write(
        "app.py",
        "import sys\nfrom concurrent.futures import ThreadPoolExecutor\n\ndef work(path, scale=2):\n    return path\n\n\
         def main(paths):\n    with ThreadPoolExecutor() as pool:\n        print(list(pool.map(work, paths)))\n",
    );
    let run = project.run(&["confirm", ".", "--yes", "--output-format", "concise"]);
    assert!(
        run.out
            .contains("no input for parameter `path` (`paths` is a parameter of `main`"),
        "{}",
        run.out
    );
    assert!(
        run.out
            .contains("add `# concheck: confirm-with <path>` above `def` at app.py:4"),
        "{}",
        run.out
    );
}

#[test]
fn inputs_come_from_every_origin_that_there_is() {
    let module = "
from concurrent.futures import ThreadPoolExecutor

SIZES = [10, 20]
class Model:
    def __init__(self, depth=3):
        self.depth = depth
    def fit(self, size):
        return self.depth * size

def work(size, scale=1):
    return size * scale
# concheck: confirm-with 5, scale=2
def noted(size, scale=1):
    return size
def typed(names: list[str], count: int):
    return count
def listed(size):
    return size

def run(items, unknown):
    model = Model(4)
    doubled = [item * 2 for item in items]
    with ThreadPoolExecutor() as pool:
        pool.map(work, doubled)
        for number, item in enumerate(SIZES):
            pool.submit(work, item, scale=number)
        pool.map(noted, unknown)
        pool.map(typed, unknown, unknown)
        pool.map(listed, unknown)
        pool.map(model.fit, range(3))
        pool.map(lambda value: work(value), SIZES)
        def nested(value):
            return work(value)
        pool.map(nested, SIZES)

if __name__ == '__main__':
    STEPS = [3, 4]
    run(STEPS, None)
";
    let project = Project::new("");
    project.write("app.py", module);
    let names = ["work", "noted", "typed", "listed", "Model.fit"];
    let mut settings = "[confirm.inputs]\n\"app.listed\" = [\"SIZES[0]\", \"7\"]\n[knowledge]\n".to_owned();
    for name in names {
        settings.push_str(&format!("\"app.{name}\" = \"cpu\"\n"));
    }
    project.write("concheck.toml", &settings);
    let run = project.run(&["confirm", ".", "--dry-run", "--pedantic", "--output-format", "json"]);
    let document = valid(&run.out, CONFIRM_SCHEMA);
    let mut found = BTreeMap::new();
    for result in document["results"].as_array().unwrap() {
        let text = result["inputs"].as_str().or(result["reason"].as_str()).unwrap();
        found.insert(
            result["line"].as_u64().unwrap(),
            (text.to_owned(), result["inputs_origin"].clone()),
        );
    }
    let inputs = |line: u64| found.get(&line).map(|(text, _)| text.as_str()).unwrap_or_default();
    let origin = |line: u64| {
        found
            .get(&line)
            .and_then(|(_, origin)| origin.as_str())
            .unwrap_or_default()
    };
    assert_eq!(
        inputs(25),
        "(__arguments__(__task) for __task in (local_doubled)) where local_STEPS = [3, 4], \
         local_doubled = [item * 2 for item in (local_STEPS)]",
        "{found:?}"
    );
    assert_eq!(
        inputs(27),
        "(__arguments__((__e0[1]), scale=(__e0[0])) for __e0 in (enumerate(SIZES)))",
        "one variable for one loop"
    );
    assert_eq!((inputs(28), origin(28)), ("[__arguments__(5, scale=2)]", "comment"));
    assert_eq!(
        (inputs(29), origin(29)),
        ("[__arguments__(['x' * 10] * 1000, 1000)]", "made-up")
    );
    assert_eq!(
        (inputs(30), origin(30)),
        ("[__arguments__(SIZES[0]), __arguments__(7)]", "configuration")
    );
    assert_eq!(inputs(31), "(__arguments__(__task) for __task in (range(3)))");
    assert!(inputs(32).contains("it is a lambda"), "{found:?}");
    assert!(
        inputs(35).contains("it is defined inside another function"),
        "{found:?}"
    );
}

#[test]
fn kept_results_drop_what_is_refuted_and_mark_what_is_confirmed() {
    let project = Project::new(
        "def work(rounds):\n    total = 0\n    for number in range(20000):\n        total += number % 7\n    return total",
    );
    let check = ["check", ".", "--confirmed", "kept.json", "--output-format", "json"];
    let run = project.run(&[
        "confirm",
        ".",
        "--yes",
        "--save",
        "kept.json",
        "--budget",
        "1.5",
        "--quiet",
    ]);
    assert!(matches!(run.code, 0 | 1), "{}\n{}", run.out, run.err);
    let kept = fs::read_to_string(project.path("kept.json")).unwrap();
    let mut document = valid(&kept, CONFIRM_SCHEMA);
    let mut with_status = |status: &str| {
        document["results"][0]["status"] = status.into();
        project.write("kept.json", &document.to_string());
        let run = project.run(&check);
        (valid(&run.out, CHECK_SCHEMA)["findings"].clone(), run.code)
    };
    let (findings, code) = with_status("confirmed");
    let measured = findings[0]["measured"].as_str().unwrap();
    assert!(measured.starts_with("confirmed: "), "{measured}");
    assert_eq!(code, 1);
    assert_eq!(with_status("refuted"), (Value::Array(Vec::new()), 0));
    // A function that has changed since is judged anew.
    project.write(
        "app.py",
        &format!("def work(rounds):\n    return rounds + 1\n{HAND_OVER}"),
    );
    assert_eq!(with_status("refuted").1, 1);
    project.write("kept.json", "[]");
    assert_eq!(project.run(&check).code, 2);
}

#[test]
fn a_check_can_measure_by_itself() {
    let project = Project::new(
        "def work(rounds):\n    total = 0\n    for number in range(20000):\n        total += number % 7\n    return total",
    );
    let run = project.run(&[
        "check",
        ".",
        "--confirm",
        "--yes",
        "--budget",
        "2",
        "--output-format",
        "concise",
        "--quiet",
    ]);
    assert!(
        run.out.contains("(confirmed: ") || run.out.contains("(inconclusive: "),
        "{}\n{}",
        run.out,
        run.err
    );
    assert_eq!(run.left, Vec::<String>::new());
}

/// The verdicts that the fixtures call for, by path and line.
fn marks(folder: &Path) -> BTreeMap<(String, u64), String> {
    let mut marks = BTreeMap::new();
    for file in support::sorted_entries(folder)
        .into_iter()
        .filter(|file| support::is_python(file))
    {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for (line, text) in (1..).zip(support::read(&file).lines()) {
            if let Some((_, mark)) = text.split_once("# measured: ") {
                marks.insert((name.clone(), line), mark.trim().to_owned());
            }
        }
    }
    marks
}

/// A verdict that the fixtures do not call for.
struct Wrong {
    key: (String, u64),
    said: String,
}

/// Measures the fixtures: the findings that were met, how many were decided, and the wrong verdicts.
fn verdicts(folder: &Path, marks: &BTreeMap<(String, u64), String>) -> (BTreeSet<(String, u64)>, usize, Vec<Wrong>) {
    let arguments = [
        "confirm",
        ".",
        "--yes",
        "--quiet",
        "--budget",
        "2.5",
        "--output-format",
        "json",
    ];
    let run = finished(start(folder, &arguments));
    let document = valid(&run.out, CONFIRM_SCHEMA);
    assert_eq!(run.left, Vec::<String>::new());
    let (mut met, mut decided, mut wrong) = (BTreeSet::new(), 0, Vec::new());
    for result in document["results"].as_array().unwrap() {
        let path = result["path"].as_str().unwrap().trim_start_matches("./").to_owned();
        let key = (path, result["line"].as_u64().unwrap());
        let (code, status) = (result["code"].as_str().unwrap(), result["status"].as_str().unwrap());
        let Some(mark) = marks.get(&key) else {
            panic!("{key:?}: {code} is not marked");
        };
        if status != "inconclusive" && !mark.split(", ").any(|one| one == format!("{code} {status}")) {
            let said = format!("{mark} is right, not {status}: {}", result["reason"]);
            wrong.push(Wrong { key: key.clone(), said });
        }
        decided += usize::from(status != "inconclusive");
        met.insert(key);
    }
    (met, decided, wrong)
}

#[test]
fn no_verdict_on_the_fixtures_is_wrong() {
    let folder = support::repository().join("fixtures/confirm");
    let marks = marks(&folder);
    let (met, decided, wrong) = verdicts(&folder, &marks);
    let said: Vec<String> = wrong
        .iter()
        .map(|wrong| format!("{:?}: {}", wrong.key, wrong.said))
        .collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
    let missing: Vec<_> = marks.keys().filter(|key| !met.contains(*key)).collect();
    assert!(missing.is_empty(), "no finding at {missing:?}");
    // Waiting, tiny tasks and payloads can be told on any machine.
    assert!(decided >= 8, "only {decided} of {} were decided", marks.len());
}
