//! Every rule against its fixtures and its page: what is marked is reported, what is not marked is not.
#![expect(clippy::disallowed_methods, reason = "these tests run the binary")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Fixture, Page};

/// A finding, or a mark that asks for one: file, line, code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    path: String,
    line: u64,
    code: String,
}

impl fmt::Display for Spot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.code)
    }
}

/// The marks of a fixture; each is a multiset.
#[derive(Debug, Default)]
struct Marks {
    errors: Vec<Spot>,
    false_positives: Vec<Spot>,
    false_negatives: Vec<Spot>,
}

/// What `concheck` says: the spots, with the message of each, or why it could not be asked.
fn findings(directory: &Path, path: &str, rule: &str) -> Result<Vec<(Spot, String)>, String> {
    let configuration = support::repository().join("fixtures").join(rule).join("concheck.toml");
    match configuration.to_str().filter(|_| configuration.exists()) {
        Some(configuration) => findings_with(directory, path, &["--config", configuration]),
        None => findings_with(directory, path, &["--isolated"]),
    }
}

fn findings_with(directory: &Path, path: &str, options: &[&str]) -> Result<Vec<(Spot, String)>, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_concheck"))
        .args([path, "--output-format", "json", "--no-project"])
        .args(options)
        .current_dir(directory)
        .env_clear()
        .output()
        .map_err(|error| format!("{path}: concheck does not start: {error}"))?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err(format!(
            "{path}: {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("{path}: not JSON: {error}"))?;
    let list = report["findings"]
        .as_array()
        .ok_or_else(|| format!("{path}: no list of findings"))?;
    Ok(list
        .iter()
        .map(|finding| (spot_of(finding), text_of(finding, "message")))
        .collect())
}

fn spot_of(finding: &serde_json::Value) -> Spot {
    let line = finding["line"].as_u64().unwrap_or(0);
    Spot {
        path: text_of(finding, "path"),
        line,
        code: text_of(finding, "code"),
    }
}

fn text_of(finding: &serde_json::Value, key: &str) -> String {
    finding[key].as_str().unwrap_or_default().to_owned()
}

fn python_files(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let entries = support::sorted_entries(path).into_iter();
    let wanted = entries.filter(|entry| entry.is_dir() || support::is_python(entry));
    wanted.flat_map(|entry| python_files(&entry)).collect()
}

fn marks_of(path: &str) -> Marks {
    let root = support::repository();
    let mut marks = Marks::default();
    for file in python_files(&root.join(path)) {
        let relative = file.strip_prefix(&root).expect("fixtures lie in the repository");
        let shown = relative.to_string_lossy().replace('\\', "/");
        for (line, text) in (1..).zip(support::read(&file).lines()) {
            let spots = |word: &str| {
                marked_codes(text, word).map(|code| Spot {
                    path: shown.clone(),
                    line,
                    code,
                })
            };
            marks.errors.extend(spots("# error: "));
            marks.false_positives.extend(spots("# FP: ").take(1));
            marks.false_negatives.extend(spots("# FN: ").take(1));
        }
    }
    marks
}

/// The codes after a mark's word: `# error: CC101, CC301`, `# FN: CC401 because`.
fn marked_codes<'text>(text: &'text str, word: &str) -> impl Iterator<Item = String> + use<'text> {
    let after = text.split_once(word).map_or("", |(_, after)| after);
    let own = after.split(" #").next().unwrap_or_default();
    let codes = own.split([',', ' ']).filter(|part| !part.is_empty());
    codes.take_while(|part| part.starts_with("CC")).map(str::to_owned)
}

/// Removes one equal element, if there is one.
fn take(spots: &mut Vec<Spot>, wanted: &Spot) -> bool {
    let position = spots.iter().position(|spot| spot == wanted);
    position.map(|index| spots.remove(index)).is_some()
}

fn compare(fixture: &Fixture) -> Vec<String> {
    let reported = match findings(
        &support::repository(),
        &fixture.path,
        fixture.path.split('/').nth(1).unwrap_or_default(),
    ) {
        Ok(reported) => reported,
        Err(problem) => return vec![problem],
    };
    let mut marks = marks_of(&fixture.path);
    let mut problems = Vec::new();
    for (spot, message) in reported {
        if take(&mut marks.errors, &spot) || take(&mut marks.false_positives, &spot) {
            continue;
        }
        let fixed = take(&mut marks.false_negatives, &spot);
        let what = if fixed {
            "found now, turn `FN` into `error`"
        } else {
            "not marked"
        };
        problems.push(format!("{spot} {what}: {message}"));
    }
    problems.extend(marks.errors.iter().map(|spot| format!("{spot} missing")));
    problems.extend(
        marks
            .false_positives
            .iter()
            .map(|spot| format!("{spot} no longer reported, remove `FP`")),
    );
    problems
}

fn fail_with(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "{} problems\n{}\n",
        problems.len(),
        problems.join("\n")
    );
}

/// The TOML between the `+++` lines of a page.
fn front_matter(page: &Page) -> toml::Table {
    let text = page
        .text
        .strip_prefix("+++\n")
        .and_then(|rest| rest.split_once("\n+++\n"));
    let (header, _) = text.unwrap_or_else(|| panic!("rules/{}.md: no front matter between `+++` lines", page.name));
    header
        .parse()
        .unwrap_or_else(|error| panic!("rules/{}.md: {error}", page.name))
}

fn header_text(page: &Page, key: &str) -> String {
    front_matter(page)
        .get(key)
        .and_then(toml::Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn fixtures_are_reported_as_marked() {
    let problems: Vec<String> = support::fixtures().iter().flat_map(compare).collect();
    fail_with(&problems);
}

#[test]
fn every_rule_has_bad_and_good_fixtures_and_every_fixture_a_rule() {
    let codes: BTreeMap<String, String> = support::pages()
        .iter()
        .map(|page| (page.name.clone(), header_text(page, "code")))
        .collect();
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for fixture in support::fixtures() {
        let rule = fixture
            .path
            .split('/')
            .nth(1)
            .expect("fixtures lie in a folder of their rule")
            .to_owned();
        let Some(code) = codes.get(&rule) else {
            problems.push(format!("{}: there is no page rules/{rule}.md", fixture.path));
            continue;
        };
        let marks = marks_of(&fixture.path);
        let asked = marks
            .errors
            .iter()
            .chain(&marks.false_negatives)
            .any(|spot| spot.code == *code);
        if fixture.is_bad && !asked {
            problems.push(format!("{}: no line is marked with {code}", fixture.path));
        }
        if !fixture.is_bad && !marks.errors.is_empty() {
            problems.push(format!("{}: a good fixture has `error` marks", fixture.path));
        }
        seen.insert((rule, fixture.is_bad));
    }
    for name in codes.keys() {
        for (is_bad, word) in [(true, "bad"), (false, "good")] {
            if !seen.contains(&(name.clone(), is_bad)) {
                problems.push(format!("fixtures/{name}: no {word} fixture"));
            }
        }
    }
    fail_with(&problems);
}

#[test]
fn pages_are_complete() {
    let mut codes = BTreeSet::new();
    let mut problems = Vec::new();
    for page in support::pages() {
        let mut complain = |what: &str| problems.push(format!("rules/{}.md: {what}", page.name));
        if header_text(&page, "name") != page.name {
            complain("`name` is not the file's name");
        }
        if !codes.insert(header_text(&page, "code")) {
            complain("`code` is missing or taken by another page");
        }
        if !["error", "warning", "advice"].contains(&header_text(&page, "severity").as_str()) {
            complain("`severity` is not error, warning or advice");
        }
        if !["high", "medium", "low"].contains(&header_text(&page, "confidence").as_str()) {
            complain("`confidence` is not high, medium or low");
        }
        for section in ["What it finds", "Why it matters", "Example", "Use instead", "Limits"] {
            if !page.text.contains(&format!("\n## {section}\n")) {
                complain(&format!("no section `{section}`"));
            }
        }
    }
    fail_with(&problems);
}

/// Runs a block of a page as a file of its own.
fn findings_in_block(page: &Page, section: &str) -> Result<Vec<(Spot, String)>, String> {
    let block = page
        .block(section)
        .ok_or_else(|| format!("rules/{}.md: no code under `{section}`", page.name))?;
    let folder = tempfile::Builder::new()
        .prefix("page")
        .tempdir()
        .expect("a temporary folder can be made");
    fs::write(folder.path().join("program.py"), block).expect("the temporary folder can be written to");
    findings(folder.path(), "program.py", &page.name)
}

#[test]
fn the_example_of_a_page_fires_its_rule() {
    let mut problems = Vec::new();
    for page in support::pages() {
        let code = header_text(&page, "code");
        match findings_in_block(&page, "Example") {
            Ok(found) if found.iter().any(|(spot, _)| spot.code == code) => {}
            Ok(found) => {
                let others: Vec<String> = found
                    .iter()
                    .map(|(spot, message)| format!("{spot} {message}"))
                    .collect();
                problems.push(format!(
                    "rules/{}.md: the example does not give {code}, but {others:?}",
                    page.name
                ));
            }
            Err(problem) => problems.push(format!("rules/{}.md: {problem}", page.name)),
        }
    }
    fail_with(&problems);
}

#[test]
fn what_a_page_recommends_is_silent_for_all_rules() {
    let mut problems = Vec::new();
    for page in support::pages() {
        match findings_in_block(&page, "Use instead") {
            Ok(found) => problems.extend(
                found
                    .iter()
                    .map(|(spot, message)| format!("rules/{}.md: {spot} {message}", page.name)),
            ),
            Err(problem) => problems.push(format!("rules/{}.md: {problem}", page.name)),
        }
    }
    fail_with(&problems);
}

#[test]
fn the_index_lists_every_rule_once() {
    let mut rules: Vec<(String, String)> = support::pages()
        .into_iter()
        .map(|page| (code_of(&page.text), page.name.replace('-', "_")))
        .collect();
    rules.sort();
    let mut wanted = String::from(
        "//! The list of rules. Written by `tests/rules.rs`.\n\nuse super::Rule;\n\n/// All rules, sorted by code.\n\
         pub(super) static RULES: &[&Rule] = &[\n",
    );
    for (_, module) in &rules {
        wanted.push_str(&format!("    &super::{module}::RULE,\n"));
    }
    wanted.push_str("];\n");
    let path = support::repository().join("src/rules/index.rs");
    let found = fs::read_to_string(&path).expect("the index is there");
    if found != wanted {
        fs::write(&path, &wanted).expect("the index can be written");
        panic!("src/rules/index.rs was stale and has been rewritten: build again");
    }
}

/// The code in a page's front matter.
fn code_of(page: &str) -> String {
    let line = page.lines().find_map(|line| line.strip_prefix("code = "));
    line.expect("a page names its code").trim_matches('"').to_owned()
}

/// The start methods of multiprocessing.
const METHODS: [&str; 3] = ["fork", "spawn", "forkserver"];

/// What an `# oracle:` line says.
#[derive(Clone, Debug)]
struct Claim {
    /// Under which start methods; all of them where none is named.
    methods: Vec<String>,
    /// What is to be seen.
    wanted: String,
}

/// The `# oracle:` lines among the first comment lines of a fixture.
fn claims(fixture: &Fixture) -> Vec<Claim> {
    let path = support::repository().join(&fixture.path);
    let script = if path.is_dir() { path.join("main.py") } else { path };
    let text = support::read(&script);
    let comments = text.lines().take_while(|line| line.starts_with('#'));
    let claims = comments.filter_map(|line| line.strip_prefix("# oracle: "));
    claims.map(claim).collect()
}

fn claim(text: &str) -> Claim {
    let words: Vec<&str> = text.split_whitespace().collect();
    let named = words.iter().take_while(|word| METHODS.contains(word)).count();
    let methods = if named == 0 { &METHODS[..] } else { &words[..named] };
    Claim {
        methods: methods.iter().map(|&method| method.to_owned()).collect(),
        wanted: words[named..].join(" "),
    }
}

/// Where a code is reported under a start method.
fn reported(fixture: &Fixture, code: &str, method: &str) -> BTreeSet<Spot> {
    let options = ["--isolated", "--start-method", method, "--select", code];
    let found = findings_with(&support::repository(), &fixture.path, &options);
    let found = found.unwrap_or_else(|problem| panic!("{problem}"));
    found.into_iter().map(|(spot, _)| spot).collect()
}

/// Where a fixture is marked with a code.
fn marked(fixture: &Fixture, code: &str) -> BTreeSet<Spot> {
    let marks = marks_of(&fixture.path);
    marks.errors.into_iter().filter(|spot| spot.code == code).collect()
}

/// Whether a fixture fails under a start method; `None` where that is not declared for the whole of it.
fn fails_under(fixture: &Fixture, method: &str) -> Option<bool> {
    let claims = claims(fixture);
    let mut about = claims
        .iter()
        .filter(|claim| claim.methods.iter().any(|name| name == method));
    match about.next() {
        Some(claim) if claim.wanted.starts_with("skip ") => None,
        found => Some(found.is_some()),
    }
}

fn listed(spots: &BTreeSet<Spot>) -> String {
    let shown: Vec<String> = spots.iter().map(Spot::to_string).collect();
    format!("[{}]", shown.join(", "))
}

/// `tests/oracle.rs` proves the claims on CPython.
#[test]
fn findings_depend_on_the_start_method_as_the_programs_do() {
    let mut problems = Vec::new();
    let mut compared = 0;
    for (fixture, code) in support::about_processes()
        .into_iter()
        .filter(|(fixture, _)| fixture.is_bad)
    {
        for method in METHODS {
            let Some(fails) = fails_under(&fixture, method) else {
                continue;
            };
            let wanted = if fails {
                marked(&fixture, &code)
            } else {
                BTreeSet::new()
            };
            let found = reported(&fixture, &code, method);
            compared += 1;
            if wanted != found {
                problems.push(format!(
                    "{} under {method}: wanted {}, found {}",
                    fixture.path,
                    listed(&wanted),
                    listed(&found)
                ));
            }
        }
    }
    assert!(
        problems.is_empty(),
        "{} problems\n{}\n",
        problems.len(),
        problems.join("\n")
    );
    assert!(
        compared > 50,
        "only {compared} pairs of a fixture and a start method were compared"
    );
}
