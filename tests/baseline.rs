//! What is known already, or not asked about: baselines, comments, changed lines, files around those that are named.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod program;

use std::io::Write;
use std::process::{Command, Stdio};

use concheck::report::CHECK_SCHEMA;
use program::{BROKEN, Project, Run, THREAD, check_refused, codes, valid};

#[test]
fn known_findings_are_not_shown_wherever_their_line_goes() {
    let project = Project::new(&[("src/a.py", THREAD), ("src/b.py", BROKEN)]);
    let run = project.run(&["--write-baseline", "known.json"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{run:?}");
    let told = "concheck: 2 findings are in the baseline `known.json` now: 2 added, 0 removed\n\
                concheck: `--baseline known.json`, or `baseline = \"known.json\"` in the configuration, leaves them out\n";
    assert_eq!(run.err, told);
    let clean = project.run(&["--baseline", "known.json"]);
    assert_eq!(
        (clean.code, clean.out.as_str(), clean.err.as_str()),
        (0, "no problems found in 2 files; 2 more in the baseline\n", "")
    );
    project.write("src/a.py", format!("'''Moved.'''\n\n{THREAD}\n").as_bytes());
    assert_eq!(project.run(&["--baseline", "known.json"]).code, 0);
    // The same again is new.
    project.write("src/a.py", format!("{THREAD}\n\n{THREAD}").as_bytes());
    let again = codes(&project.json(&["--baseline", "known.json"]));
    assert_eq!(again, [("CC702".to_owned(), "src/a.py".to_owned(), 20)]);
    // From another folder, and by another spelling of the path.
    let inside = project
        .command("src", &["./b.py", "--baseline", "../known.json"])
        .output()
        .unwrap();
    assert_eq!(Run::from(inside).code, 0);
}

#[test]
fn stale_entries_are_told_and_taken_out() {
    let project = Project::new(&[("a.py", THREAD), ("b.py", THREAD), ("gone.py", THREAD)]);
    project.run(&["--write-baseline", "known.json"]);
    project.write("a.py", b"x = 1\n");
    std::fs::remove_file(project.path("gone.py")).unwrap();
    let run = project.run(&["--baseline", "known.json"]);
    let told = "concheck: a.py: CC702 is in the baseline and no longer found\n\
                concheck: gone.py: CC702 is in the baseline and no longer found\n\
                concheck: `--write-baseline FILE` takes such entries out of the baseline\n";
    assert_eq!((run.code, run.err.as_str()), (0, told));
    // Rules that are off and files that are not looked at say nothing about entries.
    assert_eq!(
        project
            .run(&["a.py", "--baseline", "known.json", "--ignore", "CC702", "--quiet"])
            .err,
        ""
    );
    let partial = project.run(&["b.py", "--write-baseline", "known.json"]);
    let told = "concheck: 2 findings are in the baseline `known.json` now: 0 added, 1 removed\n";
    assert_eq!(partial.err, told);
    let pruned = project.run(&["--write-baseline", "known.json"]);
    let told = "concheck: 1 finding is in the baseline `known.json` now: 0 added, 1 removed\n";
    assert_eq!(pruned.err, told);
    assert_eq!(project.run(&["--baseline", "known.json"]).err, "");
}

#[test]
fn the_configuration_may_name_the_baseline() {
    let project = Project::new(&[("sub/a.py", THREAD), ("concheck.toml", "baseline = 'known.json'\n")]);
    check_refused(&project, &[], "`--write-baseline` makes one");
    project.run(&["--write-baseline", "known.json"]);
    assert_eq!(project.run(&[]).code, 0);
    assert_eq!(Run::from(project.command("sub", &[]).output().unwrap()).code, 0);
    assert_eq!(project.run(&["--no-baseline"]).code, 1);
    project.write("known.json", b"{}");
    check_refused(&project, &[], "known.json` is not a baseline of concheck");
}

#[test]
fn fingerprints_survive_moved_lines_and_tell_twins_apart() {
    let project = Project::new(&[]);
    let names = |text: &str| -> Vec<String> {
        project.write("a.py", text.as_bytes());
        let document = project.json(&[]);
        let found = document["findings"].as_array().unwrap().iter();
        found
            .map(|one| one["fingerprint"].as_str().unwrap().to_owned())
            .collect()
    };
    let twice = format!("{THREAD}{}", THREAD.lines().skip(7).collect::<Vec<_>>().join("\n"));
    let before = names(&twice);
    assert!(before.len() == 2 && before[0] != before[1], "{before:?}");
    assert_eq!(before, names(&format!("# moved\n{twice}")));
    assert_ne!(before[0], names(&THREAD.replace("Ada", "Bob"))[0]);
}

#[test]
fn comments_are_written_behind_the_findings() {
    let split = THREAD.replace("(target=greet, ", "(\r\n    target=greet,\r\n    ");
    let project = Project::new(&[("a.py", THREAD), ("b.py", &split)]);
    project.write(
        "c.py",
        format!("# coding: latin-1\n# é\n{THREAD}")
            .replace('é', "\u{1}")
            .as_bytes(),
    );
    let latin: Vec<u8> = std::fs::read(project.path("c.py")).unwrap();
    let latin: Vec<u8> = latin
        .into_iter()
        .map(|byte| if byte == 1 { 0xe9 } else { byte })
        .collect();
    project.write("c.py", &latin);
    let run = project.run(&["--add-ignore=one letter each"]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (0, "concheck: 3 findings switched off by comments\n"),
        "{run:?}"
    );
    let comment = "  # concheck: ignore[CC702] one letter each";
    assert_eq!(
        project.read("a.py"),
        THREAD.replace("(\"Ada\"))", &format!("(\"Ada\")){comment}"))
    );
    assert_eq!(
        project.read("b.py"),
        split.replace("Thread(\r\n", &format!("Thread({comment}\r\n"))
    );
    let bytes = std::fs::read(project.path("c.py")).unwrap();
    assert!(bytes.contains(&0xe9) && bytes.len() == latin.len() + comment.len());
    assert_eq!(project.run(&[]).out, "no problems found in 3 files\n");
    assert_eq!(
        project.run(&["--add-ignore"]).err,
        "concheck: 0 findings switched off by comments\n"
    );
}

#[test]
fn what_has_no_place_for_a_comment_is_told() {
    let odd = THREAD
        .replace("thread = threading", "thread = '''\n''' and threading")
        .replace("(\"Ada\")", "('''Ada\n''')");
    let project = Project::new(&[("a.py", &odd)]);
    let run = project.run(&["--add-ignore"]);
    assert!(
        run.code == 1 && run.err.contains("no place for a comment that switches off CC702"),
        "{run:?}"
    );
    assert_eq!(project.read("a.py"), odd);
}

#[expect(clippy::disallowed_methods, reason = "the changes are git's to tell")]
fn git(project: &Project, arguments: &[&str]) {
    let mut command = Command::new("git");
    command
        .current_dir(project.path(""))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .args(["-c", "user.name=x", "-c", "user.email=x@example.org"])
        .args(arguments)
        .stdout(Stdio::null());
    assert!(command.status().unwrap().success(), "{arguments:?}");
}

fn since(project: &Project, revision: &str) -> Run {
    let mut command = project.command("", &["--diff-base", revision, "--output-format", "concise"]);
    command.env("PATH", std::env::var_os("PATH").unwrap());
    Run::from(command.output().unwrap())
}

#[test]
fn only_what_has_changed_since_a_revision_is_shown() {
    let project = Project::new(&[("a.py", THREAD), ("pkg/b.py", THREAD), ("c.py", THREAD)]);
    git(&project, &["init", "--quiet", "--initial-branch=main"]);
    git(&project, &["add", "."]);
    git(&project, &["commit", "--quiet", "-m", "x"]);
    assert_eq!(
        (since(&project, "HEAD").code, since(&project, "HEAD").out.as_str()),
        (0, "")
    );
    project.write("a.py", format!("# a line more\n{THREAD}").as_bytes());
    assert_eq!(since(&project, "HEAD").out, "");
    project.write("pkg/b.py", THREAD.replace("Ada", "Bob").as_bytes());
    project.write("new.py", THREAD.as_bytes());
    // The evidence counts as well.
    project.write("c.py", THREAD.replace("greet(name)", "greet(name: str)").as_bytes());
    let paths = |run: &Run| -> Vec<String> {
        run.out
            .lines()
            .map(|line| line.split(':').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(paths(&since(&project, "HEAD")), ["c.py", "new.py", "pkg/b.py"]);
    git(&project, &["checkout", "--quiet", "-b", "branch"]);
    git(&project, &["add", "."]);
    git(&project, &["commit", "--quiet", "-m", "y"]);
    assert_eq!(paths(&since(&project, "main")), ["c.py", "new.py", "pkg/b.py"]);
    assert_eq!(since(&project, "HEAD").out, "");
    let wrong = since(&project, "no-such");
    assert!(
        wrong.code == 2 && wrong.err.contains("`no-such`: there is no such revision"),
        "{wrong:?}"
    );
}

#[test]
fn outside_of_a_repository_there_are_no_changes_to_tell() {
    let run = since(&Project::new(&[("a.py", THREAD)]), "HEAD");
    assert!(run.code == 2 && run.err.contains("git"), "{run:?}");
}

/// A worker's function in one file, the pool in another.
fn two_files() -> Project {
    let pool = "from concurrent.futures import ThreadPoolExecutor\n\nfrom work import primes\n\n\
                with ThreadPoolExecutor() as pool:\n    print(list(pool.map(primes, range(8))))\n";
    let work = "import threading\n\n\ndef primes(limit):\n    found = 0\n    for number in range(2, 20_000):\n        \
                for divisor in range(2, number):\n            if number % divisor == 0:\n                found += 1\n    \
                return found\n\n\nthreading.Thread(target=primes, args=(\"3\"))\n";
    Project::new(&[("pool.py", pool), ("work.py", work), ("setup.cfg", "")])
}

#[test]
fn around_named_files_the_project_is_read_and_not_reported() {
    let project = two_files();
    let all = codes(&project.json(&[]));
    let document = project.json(&["pool.py"]);
    let found = codes(&document);
    assert_eq!(found, [("CC101".to_owned(), "pool.py".to_owned(), 6)]);
    assert!(all.len() > 1 && all.contains(&found[0]), "{all:?}");
    assert_eq!(
        (&document["summary"]["files"], &document["summary"]["parsed"]),
        (&1.into(), &2.into())
    );
    assert_eq!(project.run(&["--show-files", "pool.py"]).out, "pool.py\n");
    assert_eq!(project.run(&["--show-files"]).out, "pool.py\nwork.py\n");
    let advice = project.run(&["advise", "pool.py", "--output-format", "concise"]);
    assert!(
        advice.out.lines().count() == 1 && advice.out.contains("cpu-bound"),
        "{advice:?}"
    );
}

#[test]
fn standard_input_may_stand_for_a_file_of_the_project() {
    let project = two_files();
    let text = project.read("pool.py").replace("print(", "\n    print(");
    for arguments in [&["-", "--stdin-filename", "pool.py"][..], &["--stdin-filename=pool.py"]] {
        let mut command = project.command("", &[arguments, &["--output-format", "json"]].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let run = Run::from(child.wait_with_output().unwrap());
        let found = codes(&valid(&run.out, CHECK_SCHEMA));
        assert_eq!(found, [("CC101".to_owned(), "pool.py".to_owned(), 7)]);
    }
}
