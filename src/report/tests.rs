//! The formats on findings that are made by hand.

use std::io;

use super::*;
use crate::facts::Span;
use crate::finding::{Confidence, FileId, Note, Profile, Severity, SpeedUp, SubmissionReport};
use crate::source::{LineIndex, SourceError, SourceFile};

const STYLE: Style = Style {
    color: false,
    width: 90,
    quiet: false,
};

/// The address of the page of the findings' rule.
const PAGE: &str = concat!(env!("CARGO_PKG_HOMEPAGE"), "/rules/cpu-work-in-thread.html");

fn sources(files: &[(&str, &str)]) -> Sources {
    let file = |&(path, text): &(&str, &str)| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
        lines: LineIndex::new(text),
        modules: vec!["module".to_owned()],
        is_package: false,
        is_test: false,
        is_main_module: false,
        root: "/".to_owned(),
        is_given: true,
    };
    Sources {
        files: files.iter().map(file).collect(),
        errors: Vec::new(),
    }
}

fn place(sources: &Sources, file: u32, text: &str) -> Place {
    let start = sources.files[file as usize].text.find(text).unwrap();
    let span = Span {
        start: u32::try_from(start).unwrap(),
        end: u32::try_from(start + text.len()).unwrap(),
    };
    Place {
        file: FileId(file),
        span,
    }
}

fn finding(place: Place, related: Vec<Note>) -> Finding {
    Finding {
        code: "CC101",
        name: "cpu-work-in-thread",
        severity: Severity::Error,
        confidence: Confidence::Medium,
        place,
        message: "`shrink` is CPU-bound and is fanned out to threads".to_owned(),
        related,
        help: "use a ProcessPoolExecutor".to_owned(),
        measured: None,
        fix: None,
        fingerprint: "00000000000000aa".to_owned(),
    }
}

fn outcome(findings: Vec<Finding>) -> CheckOutcome {
    let error = SourceError {
        path: "b.py".to_owned(),
        line: None,
        message: "could not be read".to_owned(),
    };
    CheckOutcome {
        findings,
        files: 2,
        parsed: 2,
        known: 0,
        errors: vec![error],
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn checked(format: Format, findings: Vec<Finding>, sources: &Sources) -> String {
    written(|out| write_check(out, format, STYLE, &outcome(findings), sources))
}

fn check_json(findings: Vec<Finding>, sources: &Sources) -> serde_json::Value {
    let document = serde_json::from_str(&checked(Format::Json, findings, sources)).unwrap();
    let schema = serde_json::from_str(CHECK_SCHEMA).unwrap();
    if let Err(error) = jsonschema::validate(&schema, &document) {
        panic!("{error}\n{document:#}");
    }
    document
}

fn two_files() -> (Sources, Finding) {
    let sources = sources(&[
        ("a.py", "# é\nfor x in xs:\n    pool.submit(shrink, 'ü', x)\n"),
        (
            "b.py",
            "def shrink(name, x):\n    for row in x:\n        for cell in row:\n            pass\n",
        ),
    ]);
    let note = |file, text: &str, message: &str| Note {
        place: place(&sources, file, text),
        message: message.to_owned(),
    };
    let related = vec![
        note(1, "def shrink", "defined here"),
        note(1, "for cell in row:", "nested loop, here"),
    ];
    let finding = finding(place(&sources, 0, "pool.submit(shrink, 'ü', x)"), related);
    (sources, finding)
}

#[test]
fn full_shows_what_evidence_and_help() {
    let (sources, finding) = two_files();
    let text = checked(Format::Full, vec![finding], &sources);
    let header = "error[CC101] cpu-work-in-thread: `shrink` is CPU-bound and is fanned out to threads\n";
    assert!(text.starts_with(header), "{text}");
    for part in [
        "[ a.py:3:5 ]",
        "pool.submit(shrink, 'ü', x)",
        "[ b.py:1:1 ]",
        "1. defined here",
        "2. nested loop, here",
        "  note: medium confidence\n",
        "─ here",
        "  help: use a ProcessPoolExecutor",
        "\nfound 1 problem (1 error) in 2 files; 1 problem while reading\n",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    assert!(!text.contains('\x1b'), "colours in\n{text}");
}

#[test]
fn full_names_the_place_of_each_part() {
    let sources = sources(&[("a.py", "one = 1\ntwo = 2\nthree = 3\n"), ("b.py", "four = 4\n")]);
    let note = |file, text: &str| Note {
        place: place(&sources, file, text),
        message: text.to_owned(),
    };
    let notes = vec![note(0, "two"), note(0, "three"), note(1, "four"), note(0, "one")];
    let text = checked(
        Format::Full,
        vec![finding(place(&sources, 0, "three"), notes)],
        &sources,
    );
    let heads: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once("─[ ").map(|(_, head)| head))
        .collect();
    assert_eq!(
        heads,
        ["a.py:3:1 ]", "a.py:2:1 ]", "b.py:1:1 ]", "a.py:1:1 ]"],
        "{text}"
    );
}

#[test]
fn full_cuts_long_lines_and_hides_control_characters() {
    let long = format!("run('\x1b[31m{}', f)\nsecond(\n  f,\n)\r\n", "x".repeat(5000));
    let sources = sources(&[("a.py", &long)]);
    let findings = vec![
        finding(place(&sources, 0, "f)"), Vec::new()),
        finding(place(&sources, 0, "second(\n  f,\n)"), Vec::new()),
    ];
    let text = checked(Format::Full, findings, &sources);
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(!text.contains('\x1b') && text.contains("2 │ second("), "{text}");
}

#[test]
fn full_in_colour_paints() {
    let (sources, finding) = two_files();
    let style = Style { color: true, ..STYLE };
    let text = written(|out| write_check(out, Format::Full, style, &outcome(vec![finding]), &sources));
    assert!(text.contains("\x1b[31m"), "{text:?}");
}

#[test]
fn codes_lead_to_the_page_of_their_rule_where_colours_are_on() {
    let (sources, finding) = two_files();
    let link = format!("\x1b]8;;{PAGE}\x1b\\CC101\x1b]8;;\x1b\\");
    for format in [Format::Full, Format::Concise] {
        let report = |color| {
            let style = Style { color, ..STYLE };
            written(|out| write_check(out, format, style, &outcome(vec![finding.clone()]), &sources))
        };
        assert!(report(true).contains(&link), "{:?}", report(true));
        assert!(!report(false).contains(PAGE), "{:?}", report(false));
    }
}

#[test]
fn a_clean_run_says_so() {
    let text = checked(Format::Full, Vec::new(), &sources(&[]));
    assert_eq!(text, "no problems found in 2 files; 1 problem while reading\n");
    let quiet = Style { quiet: true, ..STYLE };
    assert_eq!(
        written(|out| write_check(out, Format::Full, quiet, &outcome(Vec::new()), &sources(&[]))),
        ""
    );
}

#[test]
fn concise_has_one_line_each_in_order() {
    let sources = sources(&[("b.py", "é; f()\ng()\n"), ("a.py", "h()\n")]);
    let at = |file, text| finding(place(&sources, file, text), Vec::new());
    let text = checked(
        Format::Concise,
        vec![at(0, "g()"), at(0, "f()"), at(1, "h()")],
        &sources,
    );
    let starts: Vec<_> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(starts, ["a.py:1:1:", "b.py:1:4:", "b.py:2:1:"]);
    let message = "CC101 `shrink` is CPU-bound and is fanned out to threads [cpu-work-in-thread]";
    assert!(text.lines().all(|line| line.ends_with(message)), "{text}");
}

#[test]
fn json_counts_columns_in_characters() {
    let (sources, finding) = two_files();
    let document = check_json(vec![finding], &sources);
    let found = &document["findings"][0];
    assert_eq!(found["line"], 3);
    assert_eq!(
        (found["column"].clone(), found["end_column"].clone()),
        (5.into(), 32.into())
    );
    assert_eq!(found["related"][1]["path"], "b.py");
    assert_eq!(found["url"], PAGE);
    assert_eq!(document["errors"][0]["message"], "could not be read");
}

fn submission(place: Place, target: Option<&str>) -> SubmissionReport {
    SubmissionReport {
        place,
        api: "pkg.Pool.submit".to_owned(),
        worker: "thread",
        target: target.map(str::to_owned),
        target_place: None,
        class: if target.is_some() { "cpu-bound" } else { "unknown" },
        confidence: Confidence::High,
        profile: Profile {
            interpreter_seconds: [0.002, f64::INFINITY],
            ..Profile::default()
        },
        evidence: vec![Note {
            place,
            message: "nested loop, here".to_owned(),
        }],
        recommended: "process".to_owned(),
        predicted_speedup: SpeedUp {
            threads: None,
            processes: Some([1.8, 3.6]),
        },
        detail: String::new(),
    }
}

fn inventory(format: InventoryFormat, evidence: bool) -> String {
    let sources = sources(&[("a.py", "f()\ng()\n")]);
    let submissions = vec![
        submission(place(&sources, 0, "g()"), None),
        submission(place(&sources, 0, "f()"), Some("m.f")),
    ];
    let outcome = AdviseOutcome {
        submissions,
        files: 1,
        errors: Vec::new(),
    };
    written(|out| write_advise(out, format, STYLE, evidence, &outcome, &sources))
}

#[test]
fn the_inventory_is_a_table_with_totals() {
    let wanted = "\
a.py
  line  worker  target  class      confidence  recommended  speed-up
     1  thread  m.f     cpu-bound  high        process      1.8x to 3.6x
     2  thread  ?       unknown    high        process      1.8x to 3.6x

2 submissions in 1 file: 1 cpu-bound, 1 unknown; 1 of 2 targets resolved
";
    assert_eq!(inventory(InventoryFormat::Full, false), wanted);
    let with_evidence = inventory(InventoryFormat::Full, true);
    assert!(
        with_evidence.contains("  one run: holding the GIL 2.00 ms or more\n"),
        "{with_evidence}"
    );
    assert!(
        with_evidence.contains("  a.py:1: nested loop, here\n"),
        "{with_evidence}"
    );
}

#[test]
fn the_inventory_as_json_follows_its_schema() {
    let document: serde_json::Value = serde_json::from_str(&inventory(InventoryFormat::Json, false)).unwrap();
    let schema = serde_json::from_str(ADVISE_SCHEMA).unwrap();
    if let Err(error) = jsonschema::validate(&schema, &document) {
        panic!("{error}\n{document:#}");
    }
    assert_eq!(document["submissions"][0]["target"], "m.f");
    assert_eq!(
        document["submissions"][1]["profile"]["interpreter_s"][1],
        serde_json::Value::Null
    );
}
