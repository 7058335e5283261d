//! Runs the program as users do: in a folder of its own, with a scrubbed environment.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod program;

use std::io::Write;
use std::process::Stdio;

use concheck::report::{ADVISE_SCHEMA, CHECK_SCHEMA};
use program::{BROKEN, Project, Run, check_refused, codes, valid};

#[test]
fn a_clean_project_exits_with_0_and_says_so() {
    let project = Project::new(&[("a.py", "x = 1\n"), ("pkg/b.py", "")]);
    for arguments in [&[][..], &["."], &["check"], &["check", "a.py", "pkg"]] {
        let run = project.run(arguments);
        assert_eq!(
            (run.code, run.out.as_str(), run.err.as_str()),
            (0, "no problems found in 2 files\n", ""),
            "{run:?}"
        );
    }
    assert_eq!(project.run(&["--quiet"]).out, "");
}

#[test]
fn findings_exit_with_1_unless_the_user_says_otherwise() {
    let project = Project::new(&[("a.py", BROKEN)]);
    assert_eq!(project.run(&[]).code, 1);
    assert_eq!(project.run(&["--exit-zero"]).code, 0);
    let quiet = project.run(&["--quiet"]);
    assert!(
        quiet.code == 1 && quiet.out.contains("CC004") && !quiet.out.contains("\nfound "),
        "{quiet:?}"
    );
    assert_eq!(project.run(&["advise"]).code, 0);
}

#[test]
fn every_format_names_the_place() {
    let project = Project::new(&[("pkg/a.py", BROKEN)]);
    let full = project.run(&["pkg"]);
    assert!(full.out.starts_with("error[CC004] syntax-error: "), "{full:?}");
    assert!(
        full.out.contains("[ pkg/a.py:1:") && full.out.contains("\nfound "),
        "{full:?}"
    );
    let concise = project.run(&["pkg", "--output-format", "concise"]);
    let is_line =
        |line: &str| line.starts_with("pkg/a.py:1:") && line.contains(": CC004 ") && line.ends_with(" [syntax-error]");
    assert!(
        concise.out.lines().count() > 0 && concise.out.lines().all(is_line),
        "{concise:?}"
    );
    let document = project.json(&["pkg", "--isolated"]);
    assert_eq!(codes(&document)[0], ("CC004".to_owned(), "pkg/a.py".to_owned(), 1));
    assert_eq!(
        document["summary"]["findings"],
        document["findings"].as_array().unwrap().len()
    );
}

#[test]
fn paths_are_shown_as_given() {
    let project = Project::new(&[("pkg/a.py", BROKEN)]);
    let absolute = project.path("pkg/a.py").to_str().unwrap().to_owned();
    for (given, shown) in [
        (".", "pkg/a.py"),
        ("pkg", "pkg/a.py"),
        ("./pkg/a.py", "./pkg/a.py"),
        (&absolute, &absolute),
    ] {
        assert_eq!(codes(&project.json(&[given]))[0].1, shown, "{given}");
    }
}

#[test]
fn rules_are_selected_by_code_prefix_and_name() {
    let project = Project::new(&[("a.py", BROKEN), ("gen/b.py", BROKEN)]);
    let files = |arguments: &[&str]| {
        let mut paths: Vec<_> = codes(&project.json(arguments))
            .into_iter()
            .map(|(_, path, _)| path)
            .collect();
        paths.dedup();
        paths
    };
    assert_eq!(files(&["--select", "CC004"]), ["a.py", "gen/b.py"]);
    assert_eq!(files(&["--select", "CC1,syntax-error"]), ["a.py", "gen/b.py"]);
    assert!(files(&["--select", "CC101"]).is_empty());
    assert!(files(&["--ignore", "CC1", "--ignore", "CC004"]).is_empty());
    project.write("concheck.toml", b"[per-file-ignores]\n\"gen/*\" = [\"CC004\"]\n");
    assert_eq!(files(&[]), ["a.py"]);
    project.write("concheck.toml", b"ignore = [\"syntax-error\"]\n");
    assert!(files(&[]).is_empty());
    assert_eq!(files(&["--isolated"]), ["a.py", "gen/b.py"]);
}

#[test]
fn a_comment_switches_a_file_off() {
    let project = Project::new(&[("a.py", &format!("# concheck: ignore-file[CC004] a template\n{BROKEN}"))]);
    assert_eq!(project.run(&[]).code, 0);
}

#[test]
fn advise_follows_its_schema() {
    let project = Project::new(&[(
        "a.py",
        "import threading\n\ndef f():\n    pass\n\nthreading.Thread(target=f).start()\n",
    )]);
    let run = project.run(&["advise", ".", "--output-format", "json", "--isolated"]);
    let document = valid(&run.out, ADVISE_SCHEMA);
    assert_eq!((run.code, document["summary"]["files"].as_u64()), (0, Some(1)));
    let run = project.run(&["advise", "--evidence"]);
    assert!(run.code == 0 && run.out.ends_with('\n'), "{run:?}");
}

#[test]
fn rules_are_listed_and_explained() {
    let project = Project::new(&[]);
    let rules = project.run(&["rules"]);
    assert!(
        rules.out.lines().any(|line| line.starts_with("CC004  error")),
        "{rules:?}"
    );
    for rule in ["CC004", "cc004", "syntax-error"] {
        let page = project.run(&["explain", rule]);
        assert!(
            page.code == 0 && page.out.starts_with("CC004 syntax-error (error)\n\n"),
            "{page:?}"
        );
        assert!(!page.out.contains("+++"), "{page:?}");
    }
    check_refused(&project, &["explain", "syntax-eror"], "did you mean `syntax-error`?");
    check_refused(&project, &["explain", "E501"], "no rule has the code or name `E501`");
}

#[test]
fn mistakes_on_the_command_line_are_told_in_one_line() {
    let project = Project::new(&[("a.py", "")]);
    for (arguments, text) in [
        (&["no/such.py"][..], "`no/such.py` does not exist"),
        (&["a.py", "--colour"], "unexpected argument '--colour'"),
        (&["--output-format", "xml"], "the formats are full, concise, json, "),
        (&["--color", "sometimes"], "[possible values: auto, always, never]"),
        (&["explain"], "<CODE|NAME>"),
        (
            &["--platform", "linux,beos"],
            "`--platform` cannot be `beos`; expected linux, macos or windows",
        ),
        (&["--start-method", "spwan"], "did you mean `spawn`?"),
        (&["--target-version", "2.7"], "`--target-version` cannot be `2.7`"),
        (&["--min-confidence", "hihg"], "did you mean `high`?"),
        (&["--min-confidence", "high", "--pedantic"], "cannot be used with"),
        (&["--isolated", "--config", "x.toml"], "cannot be used with"),
        (&["--config", "x.toml"], "x.toml` could not be read"),
        (&["--select", "E501"], "`--select` names no rule: `E501`"),
        (&["--ignore", "syntax-errors"], "did you mean `syntax-error`?"),
        (&["advise", "--select", "CC004"], "unexpected argument '--select'"),
    ] {
        check_refused(&project, arguments, text);
    }
}

#[test]
fn every_option_is_accepted() {
    let project = Project::new(&[("a.py", "")]);
    let flags = "--platform linux,darwin --platform windows --start-method spawn --free-threaded --target-version >=3.10 \
                 --min-confidence high --color never --quiet --exit-zero --isolated";
    let run = project.run(&flags.split_whitespace().collect::<Vec<_>>());
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    assert_eq!(project.run(&["--pedantic", "--target-version", "3.10-3.14"]).code, 0);
    project.write(
        "concheck.toml",
        br#"target-version = "3.12"
free-threaded = false
platforms = ["linux"]
start-method = "fork"
min-confidence = "low"
pedantic = true
select = ["CC"]
ignore = []
exclude = ["gen"]
extend-exclude = ["src/old/"]
overlap = true
per-file-ignores = { "tests/*" = ["CC004"] }
[knowledge]
"mypkg.fetch" = "io"
mypkg.crunch = "cpu"
"#,
    );
    let run = project.run(&[]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
}

#[test]
fn mistakes_in_files_are_told_with_file_and_line() {
    let project = Project::new(&[("a.py", "")]);
    for (text, message) in [
        (
            "\nmin-confidance = 'low'",
            "concheck.toml:2: unknown key `min-confidance`; did you mean `min-confidence`?",
        ),
        (
            "colour = 1",
            "concheck.toml:1: unknown key `colour`; expected baseline, confirm, exclude, extend, extend-exclude, ",
        ),
        (
            "platforms = 'linux'",
            "concheck.toml:1: `platforms` must be a list of strings, not a string",
        ),
        (
            "select = [\n  'CC004',\n  4,\n]",
            "concheck.toml:3: `select` must be a list of strings, not a number",
        ),
        (
            "select = [\n  'CC004',\n  'CC4O1',\n]",
            "concheck.toml:3: `select` names no rule: `CC4O1`",
        ),
        (
            "pedantic = 'yes'",
            "concheck.toml:1: `pedantic` must be true or false, not a string",
        ),
        (
            "start-method = 'spwan'",
            "concheck.toml:1: `start-method` cannot be `spwan`; did you mean `spawn`?",
        ),
        (
            "target-version = '3'",
            "concheck.toml:1: `target-version` cannot be `3`",
        ),
        (
            "exclude = ['a[b']",
            "concheck.toml:1: `exclude`: `a[b` is not a valid glob pattern",
        ),
        (
            "per-file-ignores = []",
            "concheck.toml:1: `per-file-ignores` must be a table, not a list",
        ),
        (
            "[knowledge]\na.b = 'slow'",
            "concheck.toml:2: `a.b` cannot be `slow`; expected io, cpu, native or trivial",
        ),
        ("a = 1\nb =", "concheck.toml:2: not valid TOML: "),
    ] {
        project.write("concheck.toml", text.as_bytes());
        check_refused(&project, &[], message);
    }
    assert_eq!(project.run(&["--isolated"]).code, 0);
    project.write(
        "sub/pyproject.toml",
        b"[project]\nname = 'x'\n\n[tool.concheck]\nselct = []\n",
    );
    project.write("sub/b.py", b"");
    check_refused(
        &project,
        &["sub"],
        "sub/pyproject.toml:5: unknown key `selct`; did you mean `select`?",
    );
}

#[test]
fn the_nearest_file_with_options_counts() {
    let project = Project::new(&[
        ("src/pkg/a.py", ""),
        ("src/gen/b.py", ""),
        ("src/old/c.py", ""),
        ("src/build/d.py", ""),
    ]);
    let files = |arguments: &[&str]| project.json(arguments)["summary"]["files"].as_u64().unwrap();
    assert_eq!(files(&["src"]), 3);
    project.write("concheck.toml", b"extend-exclude = ['gen', 'old']");
    assert_eq!(files(&["src"]), 1);
    project.write("src/pyproject.toml", b"[project]\nname = 'without options'");
    assert_eq!(files(&["src"]), 1);
    project.write("src/pyproject.toml", b"[tool.concheck]\nexclude = ['./old/c.py']");
    assert_eq!(files(&["src"]), 3);
    project.write("src/concheck.toml", b"exclude = ['src/old/']");
    assert_eq!(files(&["src"]), 4);
    assert_eq!(files(&["src", "--isolated"]), 3);
    assert_eq!(files(&["src", "--config", "concheck.toml"]), 1);
    let inside = project
        .command("src", &["pkg", "gen", "old", "--output-format", "json"])
        .output()
        .unwrap();
    assert_eq!(valid(&Run::from(inside).out, CHECK_SCHEMA)["summary"]["files"], 3);
}

#[test]
fn a_broken_pyproject_of_others_does_not_stop_the_run() {
    let project = Project::new(&[("a.py", ""), ("pyproject.toml", "[project\n")]);
    assert_eq!(project.run(&[]).code, 0);
    project.write("pyproject.toml", b"[tool.concheck\n");
    check_refused(&project, &[], "pyproject.toml:1: not valid TOML");
}

#[test]
fn paths_called_like_commands_are_given_with_a_dot() {
    let project = Project::new(&[("check/a.py", ""), ("rules/b.py", "")]);
    assert_eq!(
        project.run(&["./check", "./rules"]).out,
        "no problems found in 2 files\n"
    );
    assert_eq!(project.run(&["check", "check"]).out, "no problems found in 1 file\n");
}

#[test]
fn standard_input_is_checked() {
    let project = Project::new(&[]);
    let mut child = project
        .command("", &["-", "--output-format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(BROKEN.as_bytes()).unwrap();
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!(
        codes(&valid(&run.out, CHECK_SCHEMA))[0],
        ("CC004".to_owned(), "<stdin>".to_owned(), 1)
    );
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    let project = Project::new(&[]);
    let mut command = project.command("", &["-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    // Only now does the program get to read, analyse and write.
    drop(child.stdin.take());
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[test]
fn odd_files_are_told_and_the_others_still_checked() {
    let project = Project::new(&[
        ("broken.py", BROKEN),
        ("empty.py", ""),
        ("python2.py", "print 'x'\nexec code\n"),
    ]);
    project.write("bom.py", b"\xEF\xBB\xBFx = 1\n");
    project.write("latin.py", b"# -*- coding: latin-1 -*-\nx = '\xE9'\n");
    project.write("nul.py", b"x = 1\n\0\ny = 2\n");
    project.write("bytes.py", b"x = 1\ny = '\xFF'\n");
    project.write("wide.py", b"\xFF\xFEx\0 \0=\0 \x001\0\n\0");
    project.write("cookie.py", b"# coding: klingon\nx = 1\n");
    let document = project.json(&[]);
    let errors = document["errors"].as_array().unwrap();
    let told: Vec<_> = errors
        .iter()
        .map(|one| (one["path"].as_str().unwrap(), one["line"].as_u64()))
        .collect();
    assert_eq!(
        told,
        [
            ("bytes.py", Some(2)),
            ("cookie.py", Some(1)),
            ("nul.py", Some(2)),
            ("wide.py", Some(1))
        ]
    );
    assert_eq!(document["summary"]["files"], 9);
    let mut broken: Vec<_> = codes(&document).into_iter().map(|(_, path, _)| path).collect();
    broken.dedup();
    assert_eq!(broken, ["broken.py", "python2.py"]);
    let text = project.run(&["nul.py"]);
    assert_eq!(
        text.err,
        "concheck: nul.py:2: a NUL byte, which Python refuses in source files\n"
    );
    assert_eq!(
        (text.code, text.out.as_str()),
        (0, "no problems found in 1 file; 1 problem while reading\n")
    );
}

#[cfg(unix)]
#[test]
fn unreadable_files_and_loops_are_told_and_the_others_still_checked() {
    let project = Project::new(&[("pkg/a.py", BROKEN)]);
    let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, project.path(name)).unwrap();
    link("..", "pkg/up");
    link("loop.py", "pkg/loop.py");
    link("missing.py", "pkg/dangling.py");
    let document = project.json(&[]);
    let paths: Vec<_> = document["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["pkg/dangling.py", "pkg/loop.py"]);
    assert_eq!(document["summary"]["files"], 1);
    assert_eq!(codes(&document)[0].1, "pkg/a.py");
    assert_eq!(project.json(&["pkg/loop.py"])["errors"][0]["path"], "pkg/loop.py");
}

#[test]
fn a_generated_file_of_10_mb_is_read() {
    let project = Project::new(&[("a.py", BROKEN)]);
    let line = "table.append(('some text', 12345, 0.5, [1, 2, 3], {'key': None}))\n";
    project.write(
        "big.py",
        format!("table = []\n{}", line.repeat(10 * 1024 * 1024 / line.len() + 1)).as_bytes(),
    );
    let document = project.json(&[]);
    assert_eq!(
        (document["summary"]["files"].as_u64(), codes(&document)[0].1.as_str()),
        (Some(2), "a.py")
    );
}

#[test]
fn deep_nesting_neither_crashes_nor_hides_the_rest() {
    let project = Project::new(&[("broken.py", BROKEN)]);
    let deep = 5000;
    project.write(
        "parentheses.py",
        format!("x = {}1{}\n", "(".repeat(deep), ")".repeat(deep)).as_bytes(),
    );
    project.write("operators.py", format!("x = {}1\n", "-".repeat(deep)).as_bytes());
    project.write(
        "calls.py",
        format!("x = {}1{}\n", "f(".repeat(deep), ")".repeat(deep)).as_bytes(),
    );
    project.write("sum.py", format!("x = 1{}\n", " + 1".repeat(deep)).as_bytes());
    let blocks = (0..deep).map(|depth| format!("{}if x:\n", " ".repeat(depth)));
    project.write(
        "blocks.py",
        format!("{}{}pass\n", blocks.collect::<String>(), " ".repeat(deep)).as_bytes(),
    );
    let document = project.json(&[]);
    assert_eq!(document["summary"]["files"], 6);
    assert!(
        codes(&document)
            .iter()
            .any(|(code, path, _)| code == "CC004" && path == "broken.py")
    );
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let project = Project::new(&[("a.py", BROKEN)]);
    let paints = |arguments: &[&str]| project.run(arguments).out.contains('\x1b');
    assert!(!paints(&[]));
    assert!(!paints(&["--color", "never"]));
    assert!(paints(&["--color", "always"]));
    let forced = project.command("", &[]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(Run::from(forced).out.contains('\x1b'));
}

#[test]
fn output_does_not_depend_on_the_number_of_threads() {
    let names: Vec<String> = (0..40)
        .map(|number| format!("pkg{}/m{number}.py", number % 7))
        .collect();
    let project = Project::new(&names.iter().map(|name| (name.as_str(), BROKEN)).collect::<Vec<_>>());
    let with = |threads: &str| {
        let mut command = project.command("", &["--output-format", "json"]);
        Run::from(command.env("RAYON_NUM_THREADS", threads).output().unwrap()).out
    };
    let one = with("1");
    assert!(codes(&valid(&one, CHECK_SCHEMA)).len() >= 40);
    assert_eq!(one, with("4"));
}

#[test]
fn folders_without_python_files_are_told() {
    let project = Project::new(&[("docs/readme.md", "")]);
    let run = project.run(&["docs"]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (0, "concheck: no Python files in `docs`\n")
    );
}

#[test]
fn help_and_version_are_no_errors() {
    let project = Project::new(&[]);
    for (arguments, text) in [
        (&["--help"][..], "Usage: concheck"),
        (&["advise", "--help"], "--evidence"),
        (&["-V"], "concheck "),
    ] {
        let run = project.run(arguments);
        assert!(run.code == 0 && run.out.contains(text) && run.err.is_empty(), "{run:?}");
    }
}
