//! Where people install concheck and have it run: the wheel, pre-commit, the GitHub Action and the snippets of the book.
//!
//! maturin and pre-commit come from PyPI. Without a network these tests fail, unless `CONCHECK_OFFLINE` is set.
#![expect(clippy::disallowed_methods, reason = "these tests run other programs")]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

const TOOLS: [&str; 2] = ["maturin==1.16.0", "pre-commit==4.7.0"];

/// Where packages lie that pre-commit needs to make an environment, in the environment of the tools.
const LINKS: &str = "links";

/// The profile that these tests were built in: what the wheel needs is then mostly there.
const PROFILE: &str = if cfg!(debug_assertions) { "dev" } else { "release" };

/// What a repository of hooks needs beside the files of the crate.
const HOOK_FILES: [&str; 4] = [".pre-commit-hooks.yaml", "Cargo.lock", "Cargo.toml", "pyproject.toml"];

/// Starts threads that compute: CC101.
const BUSY: &str = "\
from concurrent.futures import ThreadPoolExecutor


def count_primes(limit):
    found = 0
    for number in range(2, limit):
        for divisor in range(2, number):
            if number % divisor == 0:
                break
        else:
            found += 1
    return found


def main():
    with ThreadPoolExecutor() as executor:
        print(list(executor.map(count_primes, [50_000, 60_000, 70_000, 80_000])))


if __name__ == \"__main__\":
    main()
";

/// Hands over work that another file holds.
const USER: &str = "\
from concurrent.futures import ThreadPoolExecutor

from new import count_primes


def main():
    with ThreadPoolExecutor() as executor:
        print(list(executor.map(count_primes, [50_000, 60_000, 70_000, 80_000])))


if __name__ == \"__main__\":
    main()
";

/// Hands over a number for a tuple: CC702, which has a safe fix.
const NO_TUPLE: &str = "\
import threading


def show(number):
    print(number)


def main():
    thread = threading.Thread(target=show, args=(7))
    thread.start()
    thread.join()


if __name__ == \"__main__\":
    main()
";

/// The folder of the build that these tests belong to.
fn target() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary
        .parent()
        .expect("the folder lies in the target folder")
        .to_owned()
}

/// A program in a virtual environment.
fn program(environment: &Path, name: &str) -> PathBuf {
    let folder = if cfg!(windows) { "Scripts" } else { "bin" };
    environment.join(folder).join(name)
}

/// A command without what the surroundings say about repositories.
fn command(path: &Path) -> Command {
    let mut command = Command::new(path);
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "VIRTUAL_ENV",
        "PYTHONPATH",
    ] {
        command.env_remove(name);
    }
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

/// Both streams of a command's output.
fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

/// Runs a command that must succeed.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}\n{}", text(&output));
    text(&output)
}

/// A virtual environment with the tools, or nothing where PyPI need not be there and is not.
fn tools() -> Option<&'static Path> {
    static TOOLS_FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    TOOLS_FOLDER.get_or_init(installed_tools).as_deref()
}

#[expect(clippy::print_stderr, reason = "whoever goes without these tests is told")]
fn installed_tools() -> Option<PathBuf> {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaging-tools");
    let marker = environment.join("installed");
    let wanted = TOOLS.join("\n");
    if fs::read_to_string(&marker).ok().as_ref() == Some(&wanted) {
        return Some(environment);
    }
    run(command(Path::new("python3"))
        .args(["-m", "venv", "--clear"])
        .arg(&environment));
    let pip = |arguments: &[&str]| {
        let mut pip = command(&program(&environment, "python"));
        pip.args(["-m", "pip"]).args(arguments).current_dir(&environment);
        pip.output().expect("pip starts")
    };
    let mut output = pip(&[&["install", "--quiet"], &TOOLS[..]].concat());
    if output.status.success() {
        output = pip(&["download", "--quiet", "--dest", LINKS, "setuptools"]);
    }
    if output.status.success() {
        fs::write(&marker, wanted).expect("the target folder can be written to");
        return Some(environment);
    }
    assert!(
        std::env::var_os("CONCHECK_OFFLINE").is_some(),
        "{} cannot be installed; set CONCHECK_OFFLINE to go without these tests:\n{}",
        TOOLS.join(" and "),
        text(&output)
    );
    eprintln!(
        "skipped: {} cannot be installed, and CONCHECK_OFFLINE is set",
        TOOLS.join(" and ")
    );
    None
}

/// The folder with the wheel, which is built once.
fn wheels(tools: &Path) -> &'static Path {
    static WHEELS: OnceLock<TempDir> = OnceLock::new();
    WHEELS
        .get_or_init(|| {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let mut build = command(&program(tools, "maturin"));
            build
                .args(["build", "--locked", "--quiet", "--profile", PROFILE, "--out"])
                .arg(folder.path())
                .current_dir(support::repository())
                .env("CARGO_TARGET_DIR", target());
            run(&mut build);
            folder
        })
        .path()
}

/// A folder with files.
fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("files lie in folders")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    folder
}

/// Makes a folder a git repository with one commit.
fn commit_all(folder: &Path) {
    let own = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "--all"],
        &["commit", "--quiet", "--message=all"],
    ] {
        run(command(Path::new("git")).args(own).args(arguments).current_dir(folder));
    }
}

#[test]
fn the_wheel_installs_into_a_fresh_environment_and_runs() {
    let Some(tools) = tools() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let environment = folder.path().join("environment");
    run(command(Path::new("python3")).args(["-m", "venv"]).arg(&environment));
    let mut install = command(&program(&environment, "python"));
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "concheck",
            "--find-links",
        ])
        .arg(wheels(tools));
    run(&mut install);

    let concheck = program(&environment, "concheck");
    let version = run(command(&concheck).arg("--version"));
    assert_eq!(version.trim(), concat!("concheck ", env!("CARGO_PKG_VERSION")));
    let tour = support::repository().join("fixtures/tour");
    let mut check = command(&concheck);
    check.args(["check", "--output-format", "json"]).arg(tour);
    let output = check.output().expect("concheck starts");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    assert!(report["summary"]["findings"].as_u64() >= Some(9), "{report:#}");

    let show = "import importlib.metadata as m; print(dict(m.metadata('concheck')))";
    let metadata = run(command(&program(&environment, "python")).args(["-c", show]));
    for part in ["MIT", env!("CARGO_PKG_DESCRIPTION"), env!("CARGO_PKG_HOMEPAGE")] {
        assert!(metadata.contains(part), "{part:?} is missing in {metadata}");
    }
}

/// Puts links to what is already built into another target folder, but for concheck itself: a build there leaves no
/// traces here.
fn link_built(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for path in support::sorted_entries(from) {
        let name = path
            .file_name()
            .expect("entries have names")
            .to_string_lossy()
            .into_owned();
        if name.contains("concheck") {
            continue;
        }
        if path.is_dir() {
            link_built(&path, &to.join(name));
        } else if fs::hard_link(&path, to.join(&name)).is_err() {
            fs::copy(&path, to.join(&name)).expect("a file can be copied");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("a folder can be made");
        for path in support::sorted_entries(from) {
            copy(&path, &to.join(path.file_name().expect("entries have names")));
        }
    } else {
        fs::copy(from, to).expect("a file can be copied");
    }
}

/// A project in which one of two equal files is switched off by the configuration.
fn busy_project(more: &[(&str, &str)]) -> TempDir {
    let configuration = "[tool.concheck.per-file-ignores]\n\"known.py\" = [\"CC101\"]\n";
    let files = [("new.py", BUSY), ("known.py", BUSY), ("pyproject.toml", configuration)];
    let folder = project(&[&files[..], more].concat());
    commit_all(folder.path());
    folder
}

#[test]
fn pre_commit_builds_the_hook_from_the_repository() {
    let Some(tools) = tools() else { return };
    // What the wheel needs is what the hook needs.
    wheels(tools);
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let hooks = scratch.path().join("hooks");
    fs::create_dir(&hooks).expect("a folder can be made");
    let manifest: toml::Table = support::read(&support::repository().join("Cargo.toml"))
        .parse()
        .expect("the manifest is TOML");
    let included = manifest["package"]["include"].as_array().expect("a list of files");
    let included = included.iter().filter_map(|path| path.as_str());
    for name in HOOK_FILES.into_iter().chain(included) {
        let name = name.trim_start_matches('/');
        copy(&support::repository().join(name), &hooks.join(name));
    }
    commit_all(&hooks);
    let built = scratch.path().join("target");
    let folder = if PROFILE == "dev" { "debug" } else { PROFILE };
    for part in ["deps", "build", ".fingerprint"] {
        link_built(&target().join(folder).join(part), &built.join(folder).join(part));
    }
    // What concheck finds does not depend on how fast it is: no time is spent on that.
    let quick = format!("[profile.{PROFILE}.package.concheck]\nopt-level = 0\ndebug = false\n");
    fs::create_dir(scratch.path().join(".cargo")).expect("a folder can be made");
    fs::write(scratch.path().join(".cargo/config.toml"), quick).expect("a file can be written");

    let project = busy_project(&[]);
    let mut try_repo = command(&program(tools, "pre-commit"));
    try_repo
        .arg("try-repo")
        .arg(&hooks)
        .args(["concheck", "--all-files", "--verbose"])
        .current_dir(project.path())
        .env("TMPDIR", scratch.path())
        .env("PRE_COMMIT_HOME", scratch.path().join("store"))
        .env("CARGO_TARGET_DIR", &built)
        .env("MATURIN_PEP517_ARGS", format!("--profile {PROFILE}"));
    let output = try_repo.output().expect("pre-commit starts");
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(shown.contains("CC101") && shown.contains("new.py:"), "{shown}");
    assert!(!shown.contains("known.py:"), "{shown}");
    assert!(shown.contains("- exit code: 1"), "{shown}");
}

/// A hook of this repository as a hook of a project: the same command, in the environment that the wheel makes.
fn as_local_hook(tools: &Path, id: &str) -> String {
    let hooks = yaml(tools, ".pre-commit-hooks.yaml");
    let mut hook = hooks.as_array().expect("a list of hooks").iter();
    let hook = hook.find(|hook| hook["id"] == id).expect("the hook is there").clone();
    let mut hook = hook.as_object().expect("a hook is a mapping").clone();
    let serial = hook["require_serial"] == "true";
    hook.insert("require_serial".to_owned(), Value::Bool(serial));
    let package = concat!("concheck==", env!("CARGO_PKG_VERSION"));
    hook.insert("additional_dependencies".to_owned(), serde_json::json!([package]));
    // What is valid JSON is valid YAML.
    serde_json::json!({ "repos": [{ "repo": "local", "hooks": [hook] }] }).to_string()
}

#[test]
fn the_fixing_hook_writes_and_fails_until_nothing_is_left_to_write() {
    let Some(tools) = tools() else { return };
    let project = project(&[
        (".pre-commit-config.yaml", &as_local_hook(tools, "concheck-fix")),
        ("a.py", NO_TUPLE),
        ("b.py", NO_TUPLE),
    ]);
    commit_all(project.path());
    let store = tempfile::tempdir().expect("a temporary folder can be made");
    let pre_commit = || run_pre_commit(tools, project.path(), store.path(), &["--files", "a.py"]);
    let (code, shown) = pre_commit();
    assert!(
        code == Some(1) && shown.contains("files were modified by this hook"),
        "{shown}"
    );
    let (a, b) = (project.path().join("a.py"), project.path().join("b.py"));
    assert_eq!(support::read(&a), NO_TUPLE.replace("args=(7)", "args=(7,)"));
    assert_eq!(support::read(&b), NO_TUPLE, "a file that was not named");
    let (code, shown) = pre_commit();
    assert!(code == Some(0) && shown.contains("Passed"), "{shown}");
}

/// Runs the hooks of a project with packages that lie on this machine; the exit code and what is said.
fn run_pre_commit(tools: &Path, project: &Path, store: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let links = format!("{} {}", wheels(tools).display(), tools.join(LINKS).display());
    let mut command = command(&program(tools, "pre-commit"));
    command.arg("run").args(arguments).current_dir(project);
    command
        .env("PRE_COMMIT_HOME", store)
        .env("PIP_NO_INDEX", "1")
        .env("PIP_FIND_LINKS", &links);
    let output = command.output().expect("pre-commit starts");
    (output.status.code(), text(&output))
}

/// The snippet of the book with the version that the wheel has.
fn pre_commit_snippet() -> String {
    let snippet = support::read(&support::repository().join("docs/src/snippets/pre-commit-config.yaml"));
    let version = concat!("\"concheck==", env!("CARGO_PKG_VERSION"), "\"");
    assert!(
        snippet.contains(version),
        "the snippet names another version than {version}"
    );
    snippet
}

#[test]
fn pre_commit_runs_the_published_package() {
    let Some(tools) = tools() else { return };
    let project = busy_project(&[
        (".pre-commit-config.yaml", &pre_commit_snippet()),
        ("clean.py", "x = 1\n"),
        ("user.py", USER),
    ]);
    let store = tempfile::tempdir().expect("a temporary folder can be made");
    let pre_commit = |arguments: &[&str]| run_pre_commit(tools, project.path(), store.path(), arguments);
    let (code, shown) = pre_commit(&["--all-files"]);
    assert!(code == Some(1) && shown.contains("CC101"), "{shown}");
    let (code, shown) = pre_commit(&["--files", "clean.py", "known.py"]);
    assert!(code == Some(0) && shown.contains("Passed"), "{shown}");
    let (code, shown) = pre_commit(&["--files", "new.py"]);
    assert!(code == Some(1) && shown.contains("new.py:"), "{shown}");
    // What `user.py` hands over is in a file that pre-commit does not name; findings there are not shown.
    let (code, shown) = pre_commit(&["--files", "user.py"]);
    assert!(code == Some(1) && shown.contains("user.py:"), "{shown}");
    assert!(shown.contains("found 1 problem (1 warning) in 1 file"), "{shown}");
    let (code, shown) = pre_commit(&["--files", "pyproject.toml"]);
    assert!(code == Some(0) && shown.contains("Skipped"), "{shown}");
}

/// A file in YAML as JSON.
fn yaml(tools: &Path, path: &str) -> Value {
    let convert = "import json, sys, yaml; print(json.dumps(yaml.load(open(sys.argv[1]), yaml.BaseLoader)))";
    let path = support::repository().join(path);
    let json = run(command(&program(tools, "python")).args(["-c", convert]).arg(path));
    serde_json::from_str(&json).expect("Python writes JSON")
}

/// The inputs that a text of the Action mentions.
fn inputs_in(text: &str) -> Vec<&str> {
    let after = text.split("inputs.").skip(1);
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    after
        .map(|rest| &rest[..rest.find(|letter| !is_part(letter)).unwrap_or(rest.len())])
        .collect()
}

#[test]
fn the_action_uses_what_it_declares() {
    let Some(tools) = tools() else { return };
    let action = yaml(tools, "action.yml");
    let inputs = action["inputs"].as_object().expect("the action has inputs");
    let declared: BTreeSet<&str> = inputs.keys().map(String::as_str).collect();
    let steps = action["runs"]["steps"].to_string();
    assert_eq!(declared, inputs_in(&steps).into_iter().collect());
    for (name, input) in inputs {
        assert!(
            input["default"].is_string() && input["description"].is_string(),
            "{name}"
        );
    }
    let page = support::read(&support::repository().join("docs/src/integrations.md"));
    for name in declared {
        assert!(
            page.contains(&format!("| `{name}` |")),
            "the book does not explain `{name}`"
        );
    }
    for step in action["runs"]["steps"].as_array().expect("the action has steps") {
        let script = step["run"].as_str().unwrap_or_default();
        assert!(
            !script.contains("${{"),
            "inputs reach scripts through the environment only: {script}"
        );
    }
}

/// A machine that runs the steps of the Action.
struct Runner {
    folder: TempDir,
    steps: Vec<Value>,
    inputs: BTreeMap<String, String>,
}

impl Runner {
    fn new(tools: &Path, given: &[(&str, &str)]) -> Self {
        let action = yaml(tools, "action.yml");
        let declared = action["inputs"].as_object().expect("the action has inputs").iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let defaults = declared.map(|(name, input)| (name.clone(), text(&input["default"])));
        let given = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            folder: project(&[("job/app.py", BUSY), ("job/my folder/app.py", "x = 1\n"), ("path", "")]),
            steps: action["runs"]["steps"]
                .as_array()
                .expect("the action has steps")
                .clone(),
            inputs: defaults.chain(given).collect(),
        }
    }

    fn path(&self, inner: &str) -> PathBuf {
        self.folder.path().join(inner)
    }

    fn expanded(&self, text: &str) -> String {
        let expression = |(name, value): (&String, &String)| (format!("${{{{ inputs.{name} }}}}"), value.clone());
        let expressions = self.inputs.iter().map(expression);
        expressions.fold(text.to_owned(), |text, (from, to)| text.replace(&from, &to))
    }

    /// Runs a step's script as the service does, after the folders that earlier steps have put on the path.
    fn step(&self, number: usize, more: &[(&str, &Path)]) -> Output {
        let step = &self.steps[number];
        let mut bash = command(Path::new("bash"));
        bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c"])
            .arg(step["run"].as_str().expect("the step has a script"));
        let folder = step["working-directory"].as_str().unwrap_or(".");
        bash.current_dir(self.path("job").join(self.expanded(folder)));
        for (name, value) in step["env"].as_object().expect("the step has an environment") {
            bash.env(name, self.expanded(value.as_str().unwrap_or_default()));
        }
        let added = support::read(&self.path("path"));
        let known = std::env::var("PATH").unwrap_or_default();
        let path: Vec<_> = added.lines().chain([known.as_str()]).collect();
        bash.env("PATH", path.join(":"));
        bash.env("RUNNER_TEMP", self.folder.path())
            .env("GITHUB_PATH", self.path("path"));
        bash.envs(more.iter().copied());
        bash.output().expect("bash starts")
    }
}

#[test]
fn the_action_installs_the_package_and_fails_on_findings() {
    let Some(tools) = tools() else { return };
    let version = ("version", env!("CARGO_PKG_VERSION"));
    let pip = [("PIP_NO_INDEX", Path::new("1")), ("PIP_FIND_LINKS", wheels(tools))];
    let runner = Runner::new(tools, &[version, ("sarif-file", "out.sarif"), ("fail-on", "warning")]);
    let installed = runner.step(0, &pip);
    assert!(installed.status.success(), "{}", text(&installed));
    let checked = runner.step(1, &[]);
    assert_eq!(checked.status.code(), Some(1), "{}", text(&checked));
    assert!(
        text(&checked).contains("::warning title=concheck CC101"),
        "{}",
        text(&checked)
    );
    let report: Value = serde_json::from_str(&support::read(&runner.path("job/out.sarif"))).expect("SARIF is JSON");
    assert_eq!(report["runs"][0]["results"][0]["ruleId"], "CC101");
    let missing = Runner::new(tools, &[("version", "0.0.0")]).step(0, &pip);
    assert!(!missing.status.success(), "{}", text(&missing));
}

#[test]
#[cfg(unix)]
fn the_action_hands_its_inputs_over() {
    use std::os::unix::fs::PermissionsExt;

    let Some(tools) = tools() else { return };
    let shown = |inputs: &[(&str, &str)]| {
        let runner = Runner::new(tools, inputs);
        let bin = runner.path("bin");
        fs::create_dir(&bin).expect("a folder can be made");
        let stub = bin.join("concheck");
        fs::write(&stub, "#!/bin/sh\nprintf '%s|' \"$@\"\n").expect("a file can be written");
        fs::set_permissions(&stub, fs::Permissions::from_mode(0o755)).expect("a file can be made a program");
        fs::write(runner.path("path"), format!("{}\n", bin.display())).expect("a file can be written");
        text(&runner.step(1, &[]))
    };
    assert_eq!(shown(&[]), "check|--output-format|github|.|");
    let all = [
        ("paths", "app.py\nmy folder\n"),
        ("args", "--pedantic --select CC1"),
        ("format", "full"),
        ("fail-on", "error"),
        ("sarif-file", "out.sarif"),
    ];
    assert_eq!(
        shown(&all),
        "check|--output-format|full|--output-format|sarif=out.sarif|--fail-on|error|--pedantic|--select|CC1|app.py|my folder|"
    );
}

#[test]
fn the_hooks_and_snippets_are_well_formed() {
    let Some(tools) = tools() else { return };
    let hooks = yaml(tools, ".pre-commit-hooks.yaml");
    let hooks = hooks.as_array().expect("a list of hooks");
    let ids: Vec<_> = hooks
        .iter()
        .map(|hook| hook["id"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(ids, ["concheck", "concheck-fix"]);
    let snippet = yaml(tools, "docs/src/snippets/pre-commit-config.yaml");
    let own = &snippet["repos"][0]["hooks"][0];
    for key in ["id", "name", "entry", "language", "types", "require_serial"] {
        assert_eq!(own[key], hooks[0][key], "{key} of the snippet is not that of the hook");
    }
    let github = yaml(tools, "docs/src/snippets/github.yml");
    let steps = github["jobs"]["concheck"]["steps"].as_array().expect("a list of steps");
    let line = steps.iter().find_map(|step| step["run"].as_str());
    let report = steps.iter().find_map(|step| step["with"]["sarif_file"].as_str());
    let wanted = format!("--output-format sarif={}", report.unwrap_or_default());
    assert!(line.is_some_and(|line| line.ends_with(&wanted)), "{line:?}");
    let gitlab = yaml(tools, "docs/src/snippets/gitlab-ci.yml");
    let report = gitlab["concheck"]["artifacts"]["reports"]["codequality"].as_str();
    let wanted = format!("--output-format gitlab={}", report.unwrap_or_default());
    let script = gitlab["concheck"]["script"].to_string();
    assert!(script.contains(&wanted), "{script}");
}
