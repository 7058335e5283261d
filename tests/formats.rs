//! The formats that other programs read, each against its official schema (`tests/data/schemas`).
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod program;

use std::collections::BTreeSet;

use concheck::report::CHECK_SCHEMA;
use program::{BROKEN, Project, THREAD, check_refused, valid};
use serde_json::{Value, json};

const SARIF: &str = include_str!("data/schemas/sarif-2.1.0.schema.json");
const RDJSON: &str = include_str!("data/schemas/rdjson.schema.json");
const GITLAB: &str = include_str!("data/schemas/gitlab-codeclimate.schema.json");
const JUNIT: &str = include_str!("data/schemas/junit-10.xsd");

/// Findings with evidence in two files, with and without a fix, and letters of several bytes.
fn project() -> Project {
    let submit = "from concurrent.futures import ThreadPoolExecutor\n\nfrom work import primes\n\n\
                  with ThreadPoolExecutor() as pool:\n    print('é', list(pool.map(primes, range(8))))\n";
    let work = "def primes(limit):\n    found = 0\n    for number in range(2, 20_000):\n        \
                for divisor in range(2, number):\n            if number % divisor == 0:\n                found += 1\n    \
                return found\n";
    let unused = "x = 'é'  # type: ignore  # concheck: ignore[CC101] old\n";
    Project::new(&[
        ("a b.py", submit),
        ("work.py", work),
        ("thread.py", THREAD),
        ("unused.py", unused),
        ("nul.py", "\0"),
        ("broken.py", BROKEN),
    ])
}

fn printed(project: &Project, format: &str) -> String {
    let run = project.run(&["--output-format", format]);
    assert_eq!(run.code, 1, "{run:?}");
    run.out
}

fn by_code<'json>(list: &'json Value, key: &str, code: &str) -> &'json Value {
    let found = list.as_array().unwrap().iter().find(|one| one[key] == code);
    found.unwrap_or_else(|| panic!("no {code} in {list:#}"))
}

#[test]
fn sarif_has_rules_evidence_fingerprints_and_fixes() {
    let document = valid(&printed(&project(), "sarif"), SARIF);
    let run = &document["runs"][0];
    let results = &run["results"];
    let cpu = by_code(results, "ruleId", "CC101");
    let flow = &cpu["codeFlows"][0]["threadFlows"][0]["locations"];
    let uris: Vec<_> = flow
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["location"]["physicalLocation"]["artifactLocation"]["uri"].clone())
        .collect();
    assert_eq!(
        (&uris[0], uris.last().unwrap()),
        (&json!("a%20b.py"), &json!("work.py"))
    );
    assert_eq!(cpu["locations"][0]["physicalLocation"]["region"]["startColumn"], 21);
    assert_eq!(cpu["partialFingerprints"]["concheck/v1"].as_str().unwrap().len(), 16);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let rule = &rules[usize::try_from(cpu["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!(
        (&rule["id"], &rule["name"]),
        (&json!("CC101"), &json!("cpu-work-in-thread"))
    );
    assert!(rule["help"]["markdown"].as_str().unwrap().contains("```python\n"));
    let change = &by_code(results, "ruleId", "CC001")["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "unused.py");
    assert_eq!(
        change["replacements"][0],
        json!({
            "deletedRegion": {"startLine": 1, "startColumn": 24, "endLine": 1, "endColumn": 55},
            "insertedContent": {"text": ""},
        })
    );
    let notes = &run["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(
        notes[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "nul.py"
    );
    assert_eq!(by_code(results, "ruleId", "CC004")["level"], "error");
}

#[test]
fn rdjson_counts_columns_in_bytes_and_has_suggestions() {
    let document = valid(&printed(&project(), "rdjson"), RDJSON);
    let code_of = |one: &Value| one["code"]["value"].clone();
    let diagnostics = document["diagnostics"].as_array().unwrap();
    let find = |code: &str| diagnostics.iter().find(|one| code_of(one) == code).unwrap();
    let cpu = find("CC101");
    assert_eq!(cpu["location"]["path"], "a b.py");
    assert_eq!(cpu["location"]["range"]["start"], json!({"line": 6, "column": 22}));
    assert!(!cpu["related_locations"].as_array().unwrap().is_empty());
    let suggestion = &find("CC001")["suggestions"][0];
    assert_eq!(
        (&suggestion["text"], &suggestion["range"]["start"]["column"]),
        (&json!(""), &json!(25))
    );
}

#[test]
fn gitlab_takes_every_entry() {
    let text = printed(&project(), "gitlab");
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
    for entry in &entries {
        valid(&entry.to_string(), GITLAB);
        let severities = ["info", "minor", "major", "critical", "blocker"];
        assert!(severities.contains(&entry["severity"].as_str().unwrap()), "{entry}");
        assert!(!entry["location"]["path"].as_str().unwrap().starts_with("./"));
    }
    let names: BTreeSet<_> = entries.iter().map(|entry| entry["fingerprint"].to_string()).collect();
    assert_eq!(names.len(), entries.len());
    assert_eq!(
        by_code(&json!(entries), "check_name", "cpu-work-in-thread")["location"]["lines"]["begin"],
        6
    );
}

#[track_caller]
fn check_junit(text: &str) {
    let schema = uppsala::parse(JUNIT).unwrap();
    let document = uppsala::parse(text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let errors = uppsala::XsdValidator::from_schema(&schema).unwrap().validate(&document);
    assert!(errors.is_empty(), "{errors:?}\n{text}");
}

#[test]
fn junit_has_a_failed_test_for_each_finding() {
    let project = project();
    project.write("odd.py", "# \u{b} <&\">\n".as_bytes());
    let text = printed(&project, "junit");
    check_junit(&text);
    let findings = project.json(&[])["findings"].as_array().unwrap().len();
    assert_eq!(text.matches("<failure ").count(), findings);
    assert!(
        text.contains(&format!("failures=\"{findings}\" errors=\"1\"")),
        "{text}"
    );
    let clean = Project::new(&[("a.py", "")]).run(&["--output-format", "junit"]);
    check_junit(&clean.out);
    assert!(
        clean.code == 0 && clean.out.contains("tests=\"1\" failures=\"0\""),
        "{clean:?}"
    );
}

#[test]
fn github_commands_can_be_taken_apart_again() {
    let text = printed(&project(), "github");
    for line in text.lines() {
        let (head, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (command, properties) = head.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&command), "{line}");
        let properties: Vec<_> = properties.split(',').map(|one| one.split_once('=').unwrap()).collect();
        let names: Vec<_> = properties.iter().map(|(name, _)| *name).collect();
        assert_eq!(names[..5], ["title", "file", "line", "col", "endLine"], "{line}");
        assert!(!message.is_empty() && !message.contains("%0D"), "{line}");
    }
    let cpu = text.lines().find(|line| line.contains("CC101")).unwrap();
    assert!(
        cpu.starts_with("::warning title=concheck CC101 cpu-work-in-thread,file=a b.py,line=6,col=21,"),
        "{cpu}"
    );
    assert!(cpu.contains("%0Awork.py:"), "{cpu}");
}

#[test]
fn json_lines_are_the_findings_of_the_document() {
    let project = project();
    let lines: Vec<Value> = printed(&project, "json-lines")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(json!(lines), project.json(&[])["findings"]);
}

#[test]
fn several_reports_are_written_at_once() {
    let project = project();
    let reports = "--output-format sarif=report.sarif --output-format concise --output-format json=all=1.json";
    let run = project.run(&reports.split(' ').collect::<Vec<_>>());
    assert!(run.code == 1 && run.out.contains(": CC101 "), "{run:?}");
    valid(&project.read("report.sarif"), SARIF);
    valid(&project.read("all=1.json"), CHECK_SCHEMA);
    let silent = project.run(&["--output-format", "full=report.txt"]);
    assert_eq!((silent.code, silent.out.as_str()), (1, ""));
    assert!(project.read("report.txt").contains("[CC101] cpu-work-in-thread"));
    let project = Project::new(&[("a.py", THREAD)]);
    check_refused(
        &project,
        &["--output-format", "json", "--output-format", "sarif"],
        "only one report",
    );
    check_refused(&project, &["--output-format", "sarif="], "a file name is missing");
    check_refused(
        &project,
        &["--output-format", "sarif=no/such/a.sarif"],
        "`no/such/a.sarif` could not be written",
    );
}

#[test]
fn statistics_count_by_rule() {
    let project = Project::new(&[("a.py", THREAD), ("b.py", THREAD), ("c.py", "x = 1  # noqa: CC101\n")]);
    let table = "2  CC702  error    args-not-tuple      2 findings with a fix\n1  CC001  warning  unused-suppression  1 finding with a fix\n\
                 found 3 problems (2 errors, 1 warning) in 3 files\n";
    let run = project.run(&["--statistics"]);
    assert_eq!((run.code, run.out.as_str()), (1, table));
    let json: Value = serde_json::from_str(&project.run(&["--statistics", "--output-format", "json"]).out).unwrap();
    assert_eq!(
        json[0],
        json!({"code": "CC702", "name": "args-not-tuple", "severity": "error", "count": 2, "fixable": 2})
    );
}
