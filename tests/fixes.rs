//! Fixes: what they make of programs, how they are applied, and what is said about them.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod program;
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use program::{BROKEN, Project, Run, THREAD, check_refused, codes};

/// The folders of `tests/data/fixes`: each holds a program with findings of its rule, and what the fixes make of it.
fn examples() -> Vec<PathBuf> {
    support::sorted_entries(&support::repository().join("tests/data/fixes"))
}

/// The code of a rule.
fn code_of(rule: &str) -> String {
    let page = support::read(&support::repository().join(format!("rules/{rule}.md")));
    let line = page.lines().find_map(|line| line.strip_prefix("code = "));
    line.unwrap().trim_matches('"').to_owned()
}

#[expect(clippy::disallowed_methods, reason = "the fixed program is run")]
fn python(folder: &Path, file: &str) -> Run {
    let output = Command::new("python3").arg(file).current_dir(folder).output();
    Run::from(output.expect("python3 starts"))
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn fixed_programs_are_as_expected_and_have_no_findings() {
    for folder in examples() {
        let rule = name(&folder);
        let project = Project::new(&[("a.py", &support::read(&folder.join("before.py")))]);
        let before = codes(&project.json(&["--isolated"]));
        let code = code_of(&rule);
        assert!(before.iter().any(|(found, ..)| *found == code), "{rule}: {before:?}");

        let run = project.run(&["--isolated", "--fix", "--unsafe-fixes"]);
        assert_eq!(
            project.read("a.py"),
            support::read(&folder.join("after.py")),
            "{rule}: {run:?}"
        );
        let after = codes(&project.json(&["--isolated"]));
        let is_new = |found: &str| found == code || before.iter().all(|(old, ..)| old != found);
        assert!(!after.iter().any(|(found, ..)| is_new(found)), "{rule}: {after:?}");
    }
}

/// The best fix that the rule's page promises.
fn promised(rule: &str) -> Option<String> {
    let page = support::read(&support::repository().join(format!("rules/{rule}.md")));
    let line = page.lines().find_map(|line| line.strip_prefix("fix = "));
    line.map(|line| line.trim_matches('"').to_owned())
}

#[test]
fn pages_say_which_rules_have_fixes() {
    let named: Vec<String> = examples().iter().map(|folder| name(folder)).collect();
    for page in support::pages() {
        assert_eq!(
            promised(&page.name).is_some(),
            named.contains(&page.name),
            "{}",
            page.name
        );
    }
    for folder in examples() {
        let rule = name(&folder);
        let project = Project::new(&[("a.py", &support::read(&folder.join("before.py")))]);
        let document = project.json(&["--isolated", "--pedantic"]);
        let findings = document["findings"].as_array().unwrap();
        let fixes = findings.iter().filter(|finding| finding["name"] == rule.as_str());
        let best: Vec<&str> = fixes
            .filter_map(|finding| finding["fix"]["applicability"].as_str())
            .collect();
        let best = if best.contains(&"safe") { "safe" } else { "unsafe" };
        assert_eq!(promised(&rule).as_deref(), Some(best), "{rule}");
        let page = project.run(&["explain", &rule]).out;
        assert!(
            page.lines().next().unwrap().ends_with(&format!("; {best} fix)")),
            "{page}"
        );
    }
}

#[test]
fn fixing_again_changes_nothing() {
    for folder in examples() {
        let rule = name(&folder);
        let after = support::read(&folder.join("after.py"));
        let project = Project::new(&[("a.py", &after)]);
        let run = project.run(&["--isolated", "--diff", "--unsafe-fixes"]);
        assert_eq!((run.code, run.out.as_str()), (0, ""), "{rule}");
        assert_eq!(project.read("a.py"), after);
    }
}

#[test]
fn fixed_programs_run() {
    for folder in examples() {
        let run = python(&folder, "after.py");
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{}: {run:?}", folder.display());
    }
}

#[test]
fn every_fix_keeps_the_encoding_and_the_line_breaks() {
    for folder in examples() {
        let rule = name(&folder);
        let arguments = ["--isolated", "--fix", "--unsafe-fixes"];
        let [before, after] = ["before.py", "after.py"].map(|file| support::read(&folder.join(file)));
        let shapes: [fn(&str) -> Vec<u8>; 3] = [
            |text| text.replace('\n', "\r\n").into_bytes(),
            |text| [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            |text| [b"# coding: latin-1\n# \xE9\xA4\n", text.as_bytes()].concat(),
        ];
        for shape in shapes {
            let project = Project::new(&[]);
            project.write("a.py", &shape(&before));
            let run = project.run(&arguments);
            let found = fs::read(project.path("a.py")).unwrap();
            let wanted = shape(&after);
            assert!(found == wanted, "{rule}: {run:?}\n{}", String::from_utf8_lossy(&found));
        }
    }
}

#[test]
fn a_diff_changes_nothing() {
    let project = Project::new(&[("pkg/a.py", THREAD), ("b.py", "x = 1\n")]);
    let run = project.run(&["--diff"]);
    let wanted = "--- pkg/a.py\n+++ pkg/a.py\n@@ -5,6 +5,6 @@\n     return name\n \n \n\
                  -thread = threading.Thread(target=greet, args=(\"Ada\"))\n\
                  +thread = threading.Thread(target=greet, args=(\"Ada\",))\n thread.start()\n thread.join()\n";
    assert_eq!((run.code, run.out.as_str()), (1, wanted), "{run:?}");
    assert_eq!(run.err, "concheck: 1 problem would be fixed in 1 file\n");
    assert_eq!(project.read("pkg/a.py"), THREAD);
    assert_eq!(project.run(&["--diff", "b.py"]).code, 0);
}

#[test]
fn unsafe_fixes_wait_for_their_option() {
    let text = THREAD
        .replace("args=(\"Ada\"))", "args=(\"Ada\",))")
        .replace("thread.start()", "thread.run()");
    let both = text.replace("(\"Ada\",)", "(\"Ada\")");
    let project = Project::new(&[("a.py", &both)]);
    let select = ["--select", "CC702,CC706"];
    let run = project.run(&[&["--fix", "--output-format", "concise"][..], &select].concat());
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(
        run.err,
        "concheck: 1 problem fixed in 1 file; 1 more could be with `--unsafe-fixes`\n"
    );
    assert!(run.out.contains("CC706") && !run.out.contains("CC702"), "{run:?}");
    assert_eq!(project.read("a.py"), text);

    let run = project.run(&[&["--fix", "--unsafe-fixes"][..], &select].concat());
    assert_eq!(
        (run.code, run.err.as_str()),
        (0, "concheck: 1 problem fixed in 1 file\n"),
        "{run:?}"
    );
    assert_eq!(project.read("a.py"), text.replace("run()", "start()"));
    check_refused(&project, &["--unsafe-fixes"], "goes with `--fix`");
    check_refused(&project, &["--fix", "--add-ignore"], "--add-ignore");
}

#[test]
fn only_the_files_that_were_named_are_fixed() {
    let project = Project::new(&[("pyproject.toml", ""), ("a.py", THREAD), ("b.py", THREAD)]);
    assert_eq!(project.run(&["--fix", "a.py"]).code, 0);
    assert_ne!(project.read("a.py"), THREAD);
    assert_eq!(project.read("b.py"), THREAD);
}

#[test]
fn known_and_suppressed_findings_are_not_fixed() {
    let suppressed = THREAD.replace("(\"Ada\"))", "(\"Ada\"))  # concheck: ignore[CC702] on purpose");
    let project = Project::new(&[("a.py", THREAD), ("b.py", &suppressed)]);
    project.run(&["--write-baseline", "known.json"]);
    let run = project.run(&["--fix", "--baseline", "known.json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(
        (project.read("a.py"), project.read("b.py")),
        (THREAD.to_owned(), suppressed)
    );
}

#[test]
fn a_file_with_a_syntax_error_is_left_alone() {
    let text = format!("{THREAD}\n\n{BROKEN}");
    let project = Project::new(&[("a.py", &text)]);
    let run = project.run(&["--fix"]);
    assert_eq!((run.code, project.read("a.py")), (1, text), "{run:?}");
}

#[test]
fn standard_input_is_fixed_onto_standard_output() {
    let project = Project::new(&[("c.py", THREAD)]);
    for text in [THREAD.to_owned(), format!("\u{feff}{}", THREAD.replace('\n', "\r\n"))] {
        let mut child = project
            .command("", &["--fix", "-", "--stdin-filename", "c.py"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let run = Run::from(child.wait_with_output().unwrap());
        assert_eq!(
            (run.code, run.out),
            (0, text.replace("(\"Ada\")", "(\"Ada\",)")),
            "{}",
            run.err
        );
    }
    assert_eq!(project.read("c.py"), THREAD);
    check_refused(&project, &["--fix", "-", "c.py"], "standard input is fixed alone");
}

#[test]
fn suggestions_are_shown_and_never_applied() {
    let text = "\
from concurrent.futures import ThreadPoolExecutor


def lengths(names):
    executor = ThreadPoolExecutor()
    for name in names:
        yield executor.submit(len, name).result()
";
    let project = Project::new(&[("a.py", text)]);
    let run = project.run(&["--select", "CC907"]);
    assert!(
        run.out
            .contains("fix: end the pool with a `with` statement (suggestion)"),
        "{run:?}"
    );
    assert!(!run.out.contains("--fix"), "{run:?}");
    let run = project.run(&["--select", "CC907", "--fix", "--unsafe-fixes"]);
    assert_eq!(
        (run.code, run.err.as_str()),
        (1, "concheck: no problems fixed\n"),
        "{run:?}"
    );
    assert_eq!(project.read("a.py"), text);
}

/// A script whose fix is `wanted`; where there is none, the script stays as it is.
#[track_caller]
fn check_fix(before: &str, wanted: Option<&str>) {
    let project = Project::new(&[("a.py", before)]);
    let run = project.run(&["--isolated", "--fix", "--unsafe-fixes"]);
    assert_eq!(project.read("a.py"), wanted.unwrap_or(before), "{run:?}");
}

#[test]
fn tests_that_run_a_worker_in_place_are_left_alone() {
    let text = "\
import threading


class Saver(threading.Thread):
    def run(self):
        self.saved = True


def test_saver():
    saver = Saver()
    saver.run()
    assert saver.saved
";
    let project = Project::new(&[("test_a.py", text), ("a.py", text)]);
    let run = project.run(&["--isolated", "--pedantic", "--fix", "--unsafe-fixes"]);
    assert!(run.out.contains("fix: start the worker (suggestion)"), "{run:?}");
    assert_eq!(project.read("test_a.py"), text);
    assert_eq!(project.read("a.py"), text.replace("saver.run()", "saver.start()"));
}

#[test]
fn a_guard_does_not_take_what_functions_or_modules_need() {
    let work = "from multiprocessing import Pool\n\n\ndef work(number):\n    return number ** number\n\n\n";
    let start = "pool = Pool(2)\nprint(pool.map(work, range(90)))\n";
    let guarded = "if __name__ == \"__main__\":\n    pool = Pool(2)\n    print(pool.map(work, range(90)))\n";
    check_fix(&format!("{work}{start}"), Some(&format!("{work}{guarded}")));
    for end in [
        "\n\ndef later():\n    return pool\n",
        "\n__all__ = [\"work\"]\n",
        "\nimport os\n",
        "\nif __name__ == \"__main__\":\n    print(pool)\n",
    ] {
        check_fix(&format!("{work}{start}{end}"), None);
    }
}

#[test]
fn a_join_that_the_loop_needs_stays() {
    let program = |start: &str, end: &str| {
        format!(
            "import threading\nimport time\n\n\ndef run(names):\n    for name in names:\n        \
             worker = threading.Thread(target=time.sleep, args=(1,))\n        {start}\n        worker.join(){end}\n"
        )
    };
    check_fix(&program("worker.start()", "\n        print(name)"), None);
    check_fix(
        &program("worker.start()\n        if not name:\n            break", ""),
        None,
    );
    check_fix(&program("worker.start()", "\n    else:\n        print(names)"), None);
}

#[test]
fn arguments_that_are_there_already_are_kept() {
    let program = |call: &str| {
        format!(
            "import threading\n\n\ndef note(*values):\n    print(values)\n\n\nthread = {call}\nthread.start()\nthread.join()\n"
        )
    };
    check_fix(&program("threading.Thread(target=note(1), args=(2,))"), None);
    check_fix(&program("threading.Thread(None, note(1), \"name\")"), None);
    check_fix(
        &program("threading.Thread(target=note(), args=())"),
        Some(&program("threading.Thread(target=note, args=())")),
    );
    check_fix(
        &program("threading.Thread(None, note(1))"),
        Some(&program("threading.Thread(None, note, args=(1,))")),
    );
    check_fix(&program("threading.Thread(target=note(x for x in [1]))"), None);
    check_fix(
        &program("threading.Thread(target=note((1)  # one\n    ))"),
        Some(&program("threading.Thread(target=note, args=((1),  # one\n    ))")),
    );
}

#[test]
fn the_report_says_what_can_be_fixed() {
    let project = Project::new(&[("a.py", &format!("{THREAD}thread.run()\n"))]);
    let run = project.run(&["--select", "CC702"]);
    assert!(run.out.contains("fix: make it a tuple (safe)"), "{run:?}");
    assert!(run.out.ends_with("; 1 can be fixed with `--fix`\n"), "{run:?}");
}
