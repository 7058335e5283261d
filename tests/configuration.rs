//! Where options come from, what they do, and the files and texts that are made from their description.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod program;

use std::fs;
use std::path::Path;

use concheck::config;
use program::{BROKEN, Project, THREAD, check_refused, codes};
use serde_json::{Value, json};

fn files(project: &Project, arguments: &[&str]) -> Vec<String> {
    let found = codes(&project.json(arguments));
    found
        .into_iter()
        .map(|(code, path, _)| format!("{path} {code}"))
        .collect()
}

#[test]
fn the_schema_for_editors_is_made_from_the_options() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/concheck.schema.json");
    let wanted = format!("{:#}\n", config::schema());
    if fs::read_to_string(&path).unwrap() != wanted {
        fs::write(&path, wanted).unwrap();
        panic!("schemas/concheck.schema.json was stale and has been rewritten: build again");
    }
}

#[test]
fn every_option_is_read_and_its_example_fits_the_schema() {
    let project = Project::new(&[
        ("a.py", ""),
        ("base.toml", "select = ['CC']\n"),
        ("notes.toml", "a.b = 'io'\n"),
    ]);
    project.run(&["--write-baseline", "known.json"]);
    let schema = config::schema();
    for option in config::options() {
        let example = match option.key {
            "extend" => "\"base.toml\"",
            "knowledge-files" => "[\"notes.toml\"]",
            "baseline" => "\"known.json\"",
            _ => option.example,
        };
        let text = format!("{} = {example}\n", option.key);
        let document: toml::Table = text.parse().unwrap();
        if let Err(error) = jsonschema::validate(&schema, &serde_json::to_value(&document).unwrap()) {
            panic!("{error}: {text}");
        }
        project.write("concheck.toml", text.as_bytes());
        let run = project.run(&[]);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{text}");
    }
    for wrong in [
        json!({"selct": []}),
        json!({"severity": {"CC103": "bad"}}),
        json!({"knowledge": {"a": {"b": "slow"}}}),
    ] {
        assert!(!jsonschema::is_valid(&schema, &wrong), "{wrong}");
    }
    assert!(jsonschema::is_valid(
        &schema,
        &json!({"knowledge": {"a": {"b": "io"}, "c.d": "cpu"}})
    ));
    let printed: Value = serde_json::from_str(&project.run(&["config", "--schema"]).out).unwrap();
    assert_eq!(printed, schema);
}

#[test]
fn folders_further_in_say_which_rules_speak_there() {
    let project = Project::new(&[
        ("pyproject.toml", "[tool.concheck]\nignore = ['CC004']\n"),
        ("a.py", BROKEN),
        ("in/pyproject.toml", "[project]\nname = 'without options'\n"),
        ("in/a.py", BROKEN),
        ("in/own/concheck.toml", "exclude = ['gen']\n"),
        ("in/own/a.py", BROKEN),
        ("in/own/deep/a.py", BROKEN),
        ("in/own/gen/a.py", BROKEN),
    ]);
    assert_eq!(files(&project, &[]), ["in/own/a.py CC004", "in/own/deep/a.py CC004"]);
    assert_eq!(
        files(&project, &["in/own"]),
        ["in/own/a.py CC004", "in/own/deep/a.py CC004"]
    );
    assert!(files(&project, &["--config", "pyproject.toml"]).is_empty());
    assert_eq!(files(&project, &["--isolated"]).len(), 5);
    assert!(files(&project, &["--ignore", "CC004"]).is_empty());
    project.write("in/own/deep/concheck.toml", b"ignore = ['CC']\n");
    assert_eq!(files(&project, &[]), ["in/own/a.py CC004"]);
    project.write("in/own/deep/concheck.toml", b"ignroe = ['CC']\n");
    check_refused(&project, &[], "in/own/deep/concheck.toml:1: unknown key `ignroe`");
}

#[test]
fn knowledge_further_in_counts_everywhere() {
    let pool = "from concurrent.futures import ThreadPoolExecutor\nimport lib\n\n\
                with ThreadPoolExecutor() as pool:\n    list(pool.map(lib.work, range(9)))\n";
    let project = Project::new(&[("a.py", pool), ("in/b.py", "")]);
    let class = || project.run(&["advise", "--output-format", "concise"]).out;
    assert!(class().contains(": unknown,"), "{}", class());
    project.write(
        "in/concheck.toml",
        b"knowledge-files = ['notes.toml']\n[knowledge]\nlib.other = 'io'\n",
    );
    project.write("in/notes.toml", b"lib.work = 'cpu'\nlib.other = 'cpu'\n");
    assert!(class().contains(": cpu-bound,"), "{}", class());
    project.write("in/notes.toml", b"lib.work = 'quick'\n");
    check_refused(&project, &[], "in/notes.toml:1: `lib.work` cannot be `quick`");
    project.write("in/notes.toml", b"'lib work' = 'cpu'\n");
    check_refused(&project, &[], "in/notes.toml:1: `lib work` is not a dotted Python name");
}

#[test]
fn files_extend_others() {
    let project = Project::new(&[
        ("a.py", BROKEN),
        ("b.py", THREAD),
        (
            "concheck.toml",
            "extend = 'shared/base.toml'\n[per-file-ignores]\n'b.py' = ['CC702']\n",
        ),
        ("shared/base.toml", "extend = 'pyproject.toml'\nignore = []\n"),
        (
            "shared/pyproject.toml",
            "[tool.concheck]\nignore = ['CC']\nper-file-ignores = { 'a.py' = ['CC004'] }\n",
        ),
    ]);
    assert!(files(&project, &[]).is_empty());
    assert_eq!(files(&project, &["--isolated"]), ["a.py CC004", "b.py CC702"]);
    project.write(
        "shared/pyproject.toml",
        b"[tool.concheck]\nextend = '../concheck.toml'\n",
    );
    check_refused(
        &project,
        &[],
        "shared/pyproject.toml:2: `extend` leads back to `concheck.toml`",
    );
    project.write("concheck.toml", b"extend = 'nowhere.toml'\n");
    check_refused(&project, &[], "`nowhere.toml` could not be read");
}

#[test]
fn severities_can_be_changed_and_decide_what_fails() {
    let project = Project::new(&[("a.py", THREAD)]);
    let severity = || project.json(&[])["findings"][0]["severity"].clone();
    assert_eq!(severity(), "error");
    assert_eq!(project.run(&["--fail-on", "error"]).code, 1);
    project.write(
        "concheck.toml",
        b"[severity]\nCC7 = 'error'\nargs-not-tuple = 'advice'\n",
    );
    assert_eq!(severity(), "advice");
    assert_eq!(project.run(&[]).code, 1);
    assert_eq!(project.run(&["--fail-on", "warning"]).code, 0);
    project.write("concheck.toml", b"fail-on = 'error'\nseverity.CC702 = 'warning'\n");
    assert_eq!(project.run(&[]).code, 0);
    assert_eq!(project.run(&["--fail-on", "advice"]).code, 1);
    check_refused(
        &project,
        &["--fail-on", "bad"],
        "`--fail-on` cannot be `bad`; expected error, warning or advice",
    );
    project.write("concheck.toml", b"[severity]\nCC999 = 'error'\n");
    check_refused(&project, &[], "concheck.toml:2: `severity` names no rule: `CC999`");
}

#[test]
fn config_shows_what_is_in_force_and_where_it_was_said() {
    let project = Project::new(&[
        (
            "pyproject.toml",
            "[project]\nrequires-python = '>=3.11,<3.14'\n\n[tool.concheck]\nextend = 'base.toml'\nselect = ['CC']\n",
        ),
        ("base.toml", "platforms = ['win32']\n\noverlap = true\n"),
    ]);
    let run = project.run(&["config", "--ignore", "CC1"]);
    let said = |key: &str| {
        let line = run.out.lines().find(|line| line.starts_with(&format!("{key} = ")));
        line.unwrap_or_else(|| panic!("{key} in {run:?}"))
            .split("  ")
            .filter(|part| !part.is_empty())
            .map(|part| part.trim().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(said("select"), ["select = [\"CC\"]", "# pyproject.toml:6"]);
    assert_eq!(said("platforms"), ["platforms = [\"windows\"]", "# base.toml:1"]);
    assert_eq!(said("overlap"), ["overlap = true", "# base.toml:3"]);
    assert_eq!(said("ignore"), ["ignore = [\"CC1\"]", "# command line"]);
    assert_eq!(
        said("target-version"),
        ["target-version = \"3.11-3.13\"", "# requires-python of pyproject.toml"]
    );
    assert_eq!(said("fail-on"), ["fail-on = \"advice\"", "# default"]);
    assert_eq!(project.run(&["--show-settings", "--ignore", "CC1"]).out, run.out);
    let _: toml::Table = run.out.parse().unwrap();
}

#[test]
fn config_tells_what_folders_further_in_say() {
    let project = Project::new(&[
        ("concheck.toml", "ignore = ['CC1']\n"),
        ("src/a.py", "x = 1\n"),
        (
            "src/old/concheck.toml",
            "select = ['CC2']\n\n[severity]\nCC201 = 'advice'\n",
        ),
        ("src/old/b.py", "x = 1\n"),
        ("src/empty/concheck.toml", "ignore = ['CC']\n"),
    ]);
    let run = project.run(&["config"]);
    let _: toml::Table = run.out.parse().unwrap();
    let (_, further_in) = run.out.split_once("\n\n").unwrap();
    let lines: Vec<Vec<&str>> = further_in
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect()
        })
        .collect();
    let expected: [&[&str]; 3] = [
        &["# for the files below src/old:"],
        &["# select = [\"CC2\"]", "# src/old/concheck.toml:1"],
        &["# severity = { CC201 = \"advice\" }", "# src/old/concheck.toml:3"],
    ];
    assert_eq!(lines, expected, "{run:?}");
    assert_eq!(project.run(&["--show-settings"]).out, run.out);
    assert!(!project.run(&["config", "--isolated"]).out.contains("below"));
}

#[test]
fn init_writes_options_that_can_be_turned_on() {
    let project = Project::new(&[]);
    let run = project.run(&["init"]);
    assert_eq!(
        (run.code, run.out.as_str()),
        (0, "./concheck.toml was written\n"),
        "{run:?}"
    );
    let text = project.read("concheck.toml");
    let on: String = text
        .lines()
        .filter(|line| line.contains(" = ") || line.starts_with("# ["))
        .filter(|line| !line.contains('.') || line.contains('*') || line.contains("3.10") || line.contains("client"))
        .map(|line| format!("{}\n", line.trim_start_matches("# ")))
        .collect();
    project.write("concheck.toml", on.as_bytes());
    let run = project.run(&["config"]);
    assert!(
        run.code == 0 && run.out.contains("ignore = [\"CC103\"]"),
        "{run:?}\n{on}"
    );
    check_refused(
        &project,
        &["init"],
        "./concheck.toml` is left as it is: there are options of concheck in it already",
    );
}

#[test]
fn init_keeps_what_stands_in_pyproject_and_tells_ruff() {
    let ruff = "[tool.ruff]\nline-length = 99  # wide\n";
    let project = Project::new(&[("pyproject.toml", ruff)]);
    let run = project.run(&["init"]);
    assert!(
        run.code == 0 && run.out.contains("`concheck init --ruff` writes it"),
        "{run:?}"
    );
    let text = project.read("pyproject.toml");
    assert!(text.starts_with(&format!("{ruff}\n[tool.concheck]\n# ")), "{text}");
    assert_eq!(project.run(&[]).code, 0);
    project.write("pyproject.toml", ruff.as_bytes());
    let run = project.run(&["init", "--ruff"]);
    assert!(run.out.ends_with("\"CC\" was added to `external` of Ruff\n"), "{run:?}");
    let table: toml::Table = project.read("pyproject.toml").parse().unwrap();
    assert_eq!(
        table["tool"]["ruff"]["lint"]["external"].as_array().unwrap()[0].as_str(),
        Some("CC")
    );
}

#[test]
fn completions_and_the_manual_page_know_every_command() {
    let project = Project::new(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = project.run(&["completions", shell]);
        assert!(
            run.code == 0 && run.out.contains("advise") && run.out.contains("write-baseline"),
            "{shell}"
        );
    }
    let run = project.run(&["man"]);
    assert!(run.code == 0 && run.out.contains(".TH concheck"), "{run:?}");
    for word in ["CONCHECK ADVISE", "CONCHECK INIT", "diff\\-base"] {
        assert!(run.out.contains(word), "{word}");
    }
    check_refused(&project, &["completions", "tcsh"], "possible values");
}
