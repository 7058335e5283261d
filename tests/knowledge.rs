//! The data under `rules/knowledge`: well-formed, consistent with itself, and consistent with what has been measured.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use concheck::knowledge::{CallFact, Growth, Knowledge, KnowledgeError, Pickling, SecondsRange, TypeExpr};

/// Words that stand for a type in `returns`.
const TYPE_WORDS: [&str; 2] = ["self", "element"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The knowledge files as (name, text), sorted.
fn files() -> Vec<(String, String)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root().join("rules/knowledge"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    paths
        .iter()
        .map(|path| (name(path), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The keys of a file by table, in the order in which they are written.
fn keys(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut table = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = name.to_owned();
        } else if let Some((key, _)) = line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            tables.entry(table.clone()).or_default().push(key.to_owned());
        }
    }
    tables
}

fn expect_empty(complaints: &[String]) {
    assert!(
        complaints.is_empty(),
        "{} wrong entries:\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

#[test]
fn the_index_of_embedded_files_is_complete() {
    let mut index = String::from("//! The files under `rules/knowledge`. Written by `tests/knowledge.rs`.\n\n");
    index.push_str(
        "/// File name and text, sorted by name.\n#[rustfmt::skip]\npub(super) const FILES: &[(&str, &str)] = &[\n",
    );
    for (name, _) in files() {
        index.push_str(&format!(
            "    (\"{name}\", include_str!(\"../../../rules/knowledge/{name}\")),\n"
        ));
    }
    index.push_str("];\n");
    let path = root().join("src/knowledge/load/index.rs");
    if fs::read_to_string(&path).unwrap_or_default() != index {
        fs::write(&path, index).unwrap();
        panic!("src/knowledge/load/index.rs was stale and has been rewritten: run the tests again");
    }
}

#[test]
fn every_entry_parses_and_none_is_overlooked() {
    let mut written: BTreeMap<String, usize> = BTreeMap::new();
    for (name, text) in files() {
        let file: toml::Table = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (table, entries) in file.iter().filter(|(table, _)| *table != "library") {
            let count = entries
                .as_table()
                .map_or_else(|| entries.as_array().unwrap().len(), toml::Table::len);
            *written.entry(table.clone()).or_default() += count;
        }
    }
    let knowledge = Knowledge::builtin();
    let read = [
        ("calls", knowledge.calls().count()),
        ("types", knowledge.types().count()),
        ("attributes", knowledge.attributes().count()),
        ("aliases", knowledge.aliases().count()),
        ("submission", knowledge.submissions().count()),
    ];
    for (table, count) in read {
        assert_eq!(written.get(table).copied().unwrap_or_default(), count, "[{table}]");
    }
}

#[test]
fn keys_are_sorted_and_unique_across_files() {
    let mut complaints = Vec::new();
    let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
    for (file, text) in files() {
        for (table, keys) in keys(&text) {
            for pair in keys.windows(2).filter(|pair| pair[0] >= pair[1]) {
                complaints.push(format!("{file} [{table}]: `{}` stands before `{}`", pair[0], pair[1]));
            }
            for key in keys {
                if let Some(other) = seen.insert((table.clone(), key.clone()), file.clone()) {
                    complaints.push(format!("[{table}] `{key}` is in {other} and in {file}"));
                }
            }
        }
    }
    expect_empty(&complaints);
}

#[test]
fn the_data_is_broad() {
    let knowledge = Knowledge::builtin();
    let libraries: BTreeSet<&str> = knowledge.packages().map(|(_, library)| library).collect();
    assert!(knowledge.calls().count() >= 1500, "{} calls", knowledge.calls().count());
    assert!(libraries.len() >= 40, "{} libraries", libraries.len());
}

fn is_legal(range: Option<SecondsRange>) -> bool {
    range.is_none_or(|[low, high]| 0.0 <= low && low <= high && high <= 1e5)
}

#[test]
fn intervals_are_legal_and_waits_say_what_for() {
    let mut complaints = Vec::new();
    for (name, fact) in Knowledge::builtin().calls() {
        if ![fact.interpreter, fact.native, fact.wait].into_iter().all(is_legal) {
            complaints.push(format!("{name}: an interval is not in order"));
        }
        if fact.wait.is_some() != fact.on.is_some() {
            complaints.push(format!("{name}: `wait` and `on` go together"));
        }
        if fact.until.is_some() && fact.wait.is_none() {
            complaints.push(format!("{name}: `until` without `wait`"));
        }
        if fact.releases_above.is_some() && fact.native.is_none() {
            complaints.push(format!("{name}: `releases_above` without `native`"));
        }
    }
    for (name, fact) in Knowledge::builtin().attributes() {
        if !is_legal(fact.interpreter) {
            complaints.push(format!("{name}: the interval is not in order"));
        }
    }
    for (name, fact) in Knowledge::builtin().types() {
        if fact.bytes.is_some_and(|[low, high]| !(0.0 <= low && low <= high)) {
            complaints.push(format!("{name}: `bytes` is not in order"));
        }
        if fact.pickle_error.is_some() && fact.pickle == Some(Pickling::Ok) {
            complaints.push(format!("{name}: pickles, and has an error for it"));
        }
    }
    expect_empty(&complaints);
}

fn unknown_types(knowledge: &Knowledge, expression: &TypeExpr, unknown: &mut Vec<String>) {
    let name = expression.name.as_str();
    if !TYPE_WORDS.contains(&name) && !name.starts_with("argument:") && knowledge.type_fact(name).is_none() {
        unknown.push(name.to_owned());
    }
    for argument in &expression.arguments {
        unknown_types(knowledge, argument, unknown);
    }
}

#[test]
fn returned_types_and_bases_are_listed_as_types() {
    let knowledge = Knowledge::builtin();
    let mut complaints = Vec::new();
    let calls = knowledge
        .calls()
        .filter_map(|(name, fact)| Some((name, fact.returns.as_ref()?)));
    let attributes = knowledge
        .attributes()
        .filter_map(|(name, fact)| Some((name, fact.returns.as_ref()?)));
    for (name, expression) in calls.chain(attributes) {
        let mut unknown = Vec::new();
        unknown_types(knowledge, expression, &mut unknown);
        complaints.extend(
            unknown
                .iter()
                .map(|missing| format!("{name}: returns `{missing}`, which is no type")),
        );
    }
    for (name, fact) in knowledge.types() {
        for base in fact.bases.iter().filter(|base| knowledge.type_fact(base).is_none()) {
            complaints.push(format!("{name}: its base `{base}` is no type"));
        }
    }
    expect_empty(&complaints);
}

#[test]
fn aliases_lead_to_something_that_is_listed() {
    let knowledge = Knowledge::builtin();
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    let names = knowledge
        .calls()
        .map(|(name, _)| name)
        .chain(knowledge.types().map(|(name, _)| name));
    let names = names.chain(knowledge.attributes().map(|(name, _)| name));
    for name in names.chain(knowledge.submissions().map(|shape| shape.api.as_str())) {
        listed.insert(name);
        listed.extend(name.match_indices('.').map(|(end, _)| &name[..end]));
    }
    let mut complaints = Vec::new();
    for (alias, _) in knowledge.aliases() {
        let target = knowledge.canonical(alias);
        // Names that only mean something to the flow of values are known without being listed.
        if !listed.contains(&*target) && !knowledge.knows(&target) {
            complaints.push(format!("{alias} leads to {target}, which is not listed"));
        }
        if listed.contains(alias) {
            complaints.push(format!("{alias} is an alias, and entries below it can never be found"));
        }
    }
    expect_empty(&complaints);
}

/// One row of `tests/data/gil_facts.tsv`.
struct Measurement<'a> {
    api: &'a str,
    verdict: &'a str,
    /// How much of the entry's unit was handed over, if that is known.
    payload: Option<f64>,
    seconds: f64,
}

fn measurements(text: &str) -> Vec<Measurement<'_>> {
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [api, verdict, payload, seconds] = columns[..] else {
            panic!("not four columns: {line}")
        };
        Measurement {
            api,
            verdict,
            payload: payload.parse().ok(),
            seconds: seconds.parse().unwrap(),
        }
    })
    .collect()
}

/// The parts of a fact for one payload: holding the GIL, released, waiting.
fn parts(fact: &CallFact, payload: f64) -> [SecondsRange; 3] {
    let factor = if fact.grows.is_some() { payload } else { 1.0 };
    let scaled = |range: Option<SecondsRange>| range.map_or([0.0, 0.0], |[low, high]| [low * factor, high * factor]);
    let (interpreter, native) = (scaled(fact.interpreter), scaled(fact.native));
    let bytes = if fact.grows == Some(Growth::Elements) {
        payload * 8.0
    } else {
        payload
    };
    let below = fact.releases_above.is_some_and(|limit| bytes < limit as f64);
    if below {
        return [
            [interpreter[0] + native[0], interpreter[1] + native[1]],
            [0.0, 0.0],
            scaled(fact.wait),
        ];
    }
    [interpreter, native, scaled(fact.wait)]
}

/// What an entry gets wrong about a measured call, if anything.
fn contradiction(fact: &CallFact, measured: &Measurement<'_>) -> Option<String> {
    let [held, released, waiting] = parts(fact, measured.payload.unwrap_or(1e6));
    let agrees = match measured.verdict {
        "held" => held[1] >= released[1] && held[1] >= waiting[0],
        "released" => released[1].max(waiting[1]) >= held[1],
        "partial" => held[1] > 0.0 && released[1].max(waiting[1]) > 0.0,
        "waits" => waiting[1] >= held[1].max(released[1]),
        other => panic!("{other} is no verdict"),
    };
    if !agrees {
        return Some(format!("{} was measured as {}", measured.api, measured.verdict));
    }
    let (low, high) = (
        held[0] + released[0] + waiting[0],
        held[1] + released[1] + waiting[1] + 5e-6,
    );
    if measured.payload.is_some() && !(low / 3.0..=high * 3.0).contains(&measured.seconds) {
        return Some(format!(
            "{} took {:e} s, not {low:e} to {high:e}",
            measured.api, measured.seconds
        ));
    }
    None
}

#[test]
fn no_entry_contradicts_a_measurement() {
    let text = fs::read_to_string(root().join("tests/data/gil_facts.tsv")).unwrap();
    let knowledge = Knowledge::builtin();
    let mut complaints = Vec::new();
    for measured in measurements(&text) {
        match knowledge.call(measured.api) {
            None => complaints.push(format!("{} is not listed", measured.api)),
            Some(fact) => complaints.extend(contradiction(fact, &measured)),
        }
    }
    expect_empty(&complaints);
}

#[test]
fn no_type_contradicts_a_pickled_instance() {
    let text = fs::read_to_string(root().join("tests/data/pickle_facts.tsv")).unwrap();
    let knowledge = Knowledge::builtin();
    let mut complaints = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, verdict) = line.split_once('\t').unwrap();
        // The plain pickler was measured: it refuses what only multiprocessing's own sends over.
        let expected: &[Pickling] = if verdict == "ok" {
            &[Pickling::Ok]
        } else {
            &[Pickling::Fails, Pickling::Sent]
        };
        let known = knowledge.type_fact(name).and_then(|fact| fact.pickle);
        if !known.is_some_and(|known| expected.contains(&known)) {
            complaints.push(format!("{name} was measured as `{verdict}`"));
        }
    }
    expect_empty(&complaints);
}

#[test]
fn aliases_of_prefixes_are_followed() {
    let knowledge = Knowledge::builtin();
    assert_eq!(knowledge.canonical("posixpath.join"), "os.path.join");
    assert_eq!(knowledge.canonical("no.such.name"), "no.such.name");
    assert_eq!(knowledge.call("posixpath.exists"), knowledge.call("os.path.exists"));
}

#[test]
fn methods_and_attributes_are_found_in_bases() {
    let knowledge = Knowledge::builtin();
    let (owner, fact) = knowledge.method("pathlib.PosixPath", "with_suffix").unwrap();
    assert_eq!(owner, "pathlib.PurePath");
    assert_eq!(fact.returns.as_ref().unwrap().name, "self");
    let (owner, fact) = knowledge.method("io.TextIOWrapper", "read").unwrap();
    assert_eq!(owner, "io.TextIOBase");
    assert_eq!(fact.returns.as_ref().unwrap().name, "builtins.str");
    assert!(knowledge.method("io.TextIOWrapper", "no_such_method").is_none());
    assert!(knowledge.attribute("pathlib.Path", "suffix").is_some());
    assert!(knowledge.attribute("os", "environ").is_some());
    assert!(knowledge.is_subtype("collections.OrderedDict", "builtins.dict"));
    assert!(!knowledge.is_subtype("builtins.dict", "collections.OrderedDict"));
}

#[test]
fn libraries_are_known_by_their_top_level_package() {
    let knowledge = Knowledge::builtin();
    assert_eq!(knowledge.library_of("os.path.join"), Some("stdlib"));
    assert_eq!(knowledge.library_of("no_such_package.name"), None);
    assert!(knowledge.source_of("os.path.join").is_some());
}

#[test]
fn entries_of_the_user_replace_costs_and_keep_types() {
    let entries = BTreeMap::from([
        ("shop.fetch".to_owned(), "io".to_owned()),
        ("os.listdir".to_owned(), "cpu".to_owned()),
        ("posixpath.exists".to_owned(), "trivial".to_owned()),
    ]);
    let knowledge = Knowledge::with_user(&entries).unwrap();
    assert!(knowledge.call("shop.fetch").unwrap().wait.is_some());
    let listdir = knowledge.call("os.listdir").unwrap();
    assert!(listdir.wait.is_none() && listdir.interpreter.is_some() && listdir.returns.is_some());
    assert!(knowledge.call("os.path.exists").unwrap().wait.is_none());
}

#[test]
fn wrong_entries_of_the_user_are_named() {
    let entry = |name: &str, kind: &str| BTreeMap::from([(name.to_owned(), kind.to_owned())]);
    let error = Knowledge::with_user(&entry("shop.fetch", "fast")).unwrap_err();
    assert_eq!(
        error,
        KnowledgeError::UnknownKind {
            name: "shop.fetch".to_owned(),
            kind: "fast".to_owned()
        }
    );
    let error = Knowledge::with_user(&entry("shop fetch", "io")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "knowledge about `shop fetch`: the key is not a dotted Python name"
    );
}

/// The string literals of a line of Rust, in so far as they stand on one line.
fn literals(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split('"').skip(1).step_by(2).collect()
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_name_of_an_api_stands_in_rust_code() {
    let names: BTreeSet<String> = files()
        .iter()
        .flat_map(|(_, text)| keys(text).into_values().flatten().collect::<Vec<_>>())
        .filter(|name| name.contains('.'))
        .collect();
    assert!(names.contains("threading.Thread.start"));
    let mut sources = Vec::new();
    rust_files(&root().join("src"), &mut sources);
    let mut complaints = Vec::new();
    for path in sources {
        let is_data = ["language.rs", "tests.rs", "index.rs"]
            .iter()
            .any(|name| path.ends_with(name));
        let text = fs::read_to_string(&path).unwrap();
        // What stands after the first test module is test data.
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate().filter(|_| !is_data) {
            for literal in literals(line).into_iter().filter(|literal| names.contains(*literal)) {
                let path = path.strip_prefix(root()).unwrap().display();
                complaints.push(format!(
                    "{path}:{}: `{literal}` belongs into rules/knowledge",
                    number + 1
                ));
            }
        }
    }
    expect_empty(&complaints);
}
