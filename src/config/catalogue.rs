//! All options of a configuration file: what they mean and which values they take. The JSON Schema for editors, the
//! section that `concheck init` writes and the list of known keys are made from this.

use serde_json::{Value, json};

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct OptionEntry {
    /// The key.
    pub key: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// A value that somebody might write, as TOML.
    pub example: &'static str,
    /// The values that it takes.
    pub values: Values,
}

/// The values of an option.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// Any text.
    Text,
    /// True or false.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A list of these words.
    Words(&'static [&'static str]),
    /// A list of rules.
    Rules,
    /// A table: pattern of paths -> list of rules.
    RulesOfPaths,
    /// A table: rule -> one of these words.
    WordOfRule(&'static [&'static str]),
    /// A table: dotted name of Python -> one of these words.
    WordOfName(&'static [&'static str]),
    /// A table with the keys `inputs` and `allow-effects`.
    Measuring,
}

const LEVELS: &[&str] = &["low", "medium", "high"];
/// What users may say about a function of their own.
pub(super) const KNOWLEDGE_WORDS: &[&str] = &["io", "cpu", "native", "trivial"];
const SEVERITIES: &[&str] = &["error", "warning", "advice"];

/// All options, tables last, as TOML wants them.
pub(super) const OPTIONS: [OptionEntry; 19] = [
    entry(
        "extend",
        "A configuration file to start from; what is said here is stronger.",
        "\"../concheck.toml\"",
        Values::Text,
    ),
    entry(
        "target-version",
        "The Python versions in scope; by default those of `requires-python`.",
        "\"3.10-3.14\"",
        Values::Text,
    ),
    entry(
        "platforms",
        "The operating systems in scope; by default all three.",
        "[\"linux\", \"macos\", \"windows\"]",
        Values::Words(&["linux", "macos", "windows"]),
    ),
    entry(
        "start-method",
        "How multiprocessing starts processes where the program does not say; by default what each version and platform does.",
        "\"spawn\"",
        Values::Word(&["fork", "forkserver", "spawn"]),
    ),
    entry(
        "free-threaded",
        "The program runs on free-threaded builds of Python.",
        "false",
        Values::Flag,
    ),
    entry(
        "select",
        "Only these rules: codes, starts of codes or names.",
        "[\"CC\"]",
        Values::Rules,
    ),
    entry("ignore", "Not these rules.", "[\"CC103\"]", Values::Rules),
    entry(
        "min-confidence",
        "Findings that are less sure are not shown.",
        "\"medium\"",
        Values::Word(LEVELS),
    ),
    entry(
        "pedantic",
        "Another word for `min-confidence = \"low\"`.",
        "false",
        Values::Flag,
    ),
    entry(
        "fail-on",
        "Findings that are less bad do not make the run fail.",
        "\"advice\"",
        Values::Word(SEVERITIES),
    ),
    entry(
        "overlap",
        "Report also what other linters already report.",
        "false",
        Values::Flag,
    ),
    entry(
        "exclude",
        "Files and folders that are not read, instead of the usual ones (environments, builds, caches).",
        "[\"build\", \".venv\"]",
        Values::Texts,
    ),
    entry(
        "extend-exclude",
        "Files and folders that are not read, beside the usual ones.",
        "[\"vendored/**\"]",
        Values::Texts,
    ),
    entry(
        "force-exclude",
        "What is excluded stays so even when it is named on the command line, as pre-commit does.",
        "true",
        Values::Flag,
    ),
    entry(
        "baseline",
        "A file with known findings, which are not shown; `--write-baseline` makes it.",
        "\"concheck-baseline.json\"",
        Values::Text,
    ),
    entry(
        "knowledge-files",
        "Files with what functions do, each a table like `knowledge`.",
        "[\"concurrency-notes.toml\"]",
        Values::Texts,
    ),
    entry(
        "severity",
        "Another severity for some rules.",
        "{ CC103 = \"advice\" }",
        Values::WordOfRule(SEVERITIES),
    ),
    entry(
        "per-file-ignores",
        "Rules that are off in some files.",
        "{ \"scripts/*\" = [\"CC301\"] }",
        Values::RulesOfPaths,
    ),
    entry(
        "confirm",
        "What `concheck confirm` may run, and with what: arguments of functions by dotted name, and functions with effects.",
        "{ allow-effects = [\"mypackage.client.fetch\"] }",
        Values::Measuring,
    ),
];

/// The keys of the table `confirm`.
pub(super) const CONFIRM_KEYS: [&str; 2] = ["allow-effects", "inputs"];

/// The option that init shows as a table of its own.
pub(super) const KNOWLEDGE: OptionEntry = entry(
    "knowledge",
    "What functions do that concheck does not know: `io` waits, `cpu` computes, `native` computes without the GIL.",
    "{ \"mypackage.client.fetch\" = \"io\" }",
    Values::WordOfName(KNOWLEDGE_WORDS),
);

const fn entry(key: &'static str, summary: &'static str, example: &'static str, values: Values) -> OptionEntry {
    OptionEntry {
        key,
        summary,
        example,
        values,
    }
}

/// All options.
pub fn options() -> impl Iterator<Item = OptionEntry> {
    OPTIONS.into_iter().chain([KNOWLEDGE])
}

/// The keys of a configuration file, sorted.
#[must_use]
pub fn keys() -> Vec<&'static str> {
    let mut keys: Vec<_> = options().map(|option| option.key).collect();
    keys.sort_unstable();
    keys
}

/// The JSON Schema of `concheck.toml` and of the `tool.concheck` table, for editors.
#[must_use]
pub fn schema() -> Value {
    let mut properties = serde_json::Map::new();
    for option in options() {
        let mut property = values_schema(option.values);
        property["description"] = json!(option.summary);
        properties.insert(option.key.to_owned(), property);
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "concheck",
        "description": "Options of concheck, in concheck.toml or in the tool.concheck table of pyproject.toml.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "definitions": {
            "rule": {
                "description": "The code of a rule, the start of one, or a name.",
                "type": "string",
                "pattern": "^([Cc][Cc][0-9]{0,3}|[a-z]+(-[a-z0-9]+)*)$",
            },
            "names": {
                "description": "Dotted names, quoted or not.",
                "type": "object",
                "additionalProperties": {"anyOf": [{"enum": KNOWLEDGE_WORDS}, {"$ref": "#/definitions/names"}]},
            },
            "inputs": {
                "description": "Dotted names, quoted or not, with the arguments of one call each.",
                "type": "object",
                "additionalProperties": {
                    "anyOf": [{"type": "array", "items": {"type": "string"}}, {"$ref": "#/definitions/inputs"}],
                },
            },
        },
    })
}

fn values_schema(values: Values) -> Value {
    let rule = json!({"$ref": "#/definitions/rule"});
    match values {
        Values::Text => json!({"type": "string"}),
        Values::Flag => json!({"type": "boolean"}),
        Values::Word(words) => json!({"enum": words}),
        Values::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Values::Words(words) => json!({"type": "array", "items": {"enum": words}, "minItems": 1}),
        Values::Rules => json!({"type": "array", "items": rule}),
        Values::RulesOfPaths => json!({
            "type": "object",
            "additionalProperties": {"type": "array", "items": rule},
        }),
        Values::WordOfRule(words) => json!({
            "type": "object",
            "propertyNames": rule,
            "additionalProperties": {"enum": words},
        }),
        Values::WordOfName(_) => json!({"allOf": [{"$ref": "#/definitions/names"}]}),
        Values::Measuring => json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "inputs": {"$ref": "#/definitions/inputs"},
                "allow-effects": {"type": "array", "items": {"type": "string"}},
            },
        }),
    }
}
