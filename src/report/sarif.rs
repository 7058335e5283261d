//! SARIF 2.1.0: the evidence as a code flow, the pages of the rules as their help.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::pages::{self, body, first_sentence};
use super::{end, page_address, relative, start};
use crate::finding::{Finding, Fix, Place, Severity};
use crate::pipeline::CheckOutcome;
use crate::rules::{self, Rule};
use crate::source::{SourceError, Sources};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The name of the fingerprint; a change of how it is made gets another number.
const FINGERPRINT: &str = "concheck/v1";

pub(super) fn write(
    out: &mut dyn Write,
    outcome: &CheckOutcome,
    findings: &[&Finding],
    sources: &Sources,
) -> io::Result<()> {
    let is_used = |rule: &&&Rule| findings.iter().any(|finding| finding.code == rule.code);
    let used: Vec<&Rule> = rules::all().iter().filter(is_used).copied().collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &used, sources)).collect();
    let mut driver = json!({
        "name": "concheck",
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": used.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
    });
    if let Some(home) = super::home() {
        driver["informationUri"] = json!(home);
    }
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": outcome.errors.iter().map(notification).collect::<Vec<_>>(),
            }],
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn descriptor(rule: &Rule) -> Value {
    let header = pages::header(rule.page);
    let text = |key: &str| header.get(key).and_then(toml::Value::as_str).unwrap_or_default();
    let mut descriptor = json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": first_sentence(rule.page)},
        "fullDescription": {"text": pages::section(rule.page, "Why it matters")},
        "help": {"text": pages::as_text(rule.page), "markdown": body(rule.page).trim()},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {
            "precision": text("confidence"),
            "problem.severity": level(rule.severity).replace("note", "recommendation"),
            "tags": header.get("tags").and_then(|tags| serde_json::to_value(tags).ok()).unwrap_or_else(|| json!([])),
        },
    });
    if let Some(address) = page_address(rule.name) {
        descriptor["helpUri"] = json!(address);
    }
    descriptor
}

fn result(finding: &Finding, used: &[&Rule], sources: &Sources) -> Value {
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": {"text": message(finding)},
        "locations": [location(finding.place, None, sources)],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "properties": {"confidence": finding.confidence.as_str()},
    });
    if let Some(index) = used.iter().position(|rule| rule.code == finding.code) {
        result["ruleIndex"] = json!(index);
    }
    if !finding.related.is_empty() {
        let notes = finding.related.iter().enumerate();
        let related = notes.map(|(at, note)| {
            let mut place = location(note.place, Some(&note.message), sources);
            place["id"] = json!(at + 1);
            place
        });
        result["relatedLocations"] = related.collect();
        result["codeFlows"] = json!([{"threadFlows": [{"locations": flow(finding, sources)}]}]);
    }
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([changes(fix, sources)]);
    }
    result
}

fn message(finding: &Finding) -> String {
    if finding.help.is_empty() {
        finding.message.clone()
    } else {
        format!("{}\n{}", finding.message, finding.help)
    }
}

/// From where to look first, along the evidence.
fn flow(finding: &Finding, sources: &Sources) -> Vec<Value> {
    let first = location(finding.place, Some(&finding.message), sources);
    let notes = finding.related.iter();
    let notes = notes.map(|note| location(note.place, Some(&note.message), sources));
    std::iter::once(first)
        .chain(notes)
        .map(|place| json!({"location": place}))
        .collect()
}

fn changes(fix: &Fix, sources: &Sources) -> Value {
    let mut edits: Vec<_> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| edit.place);
    let files = edits.chunk_by(|one, other| one.place.file == other.place.file);
    let files = files.map(|edits| {
        let replacements = edits.iter().map(
            |edit| json!({"deletedRegion": region(edit.place, sources), "insertedContent": {"text": edit.replacement}}),
        );
        json!({
            "artifactLocation": artifact(edits[0].place, sources),
            "replacements": replacements.collect::<Vec<_>>(),
        })
    });
    json!({
        "description": {"text": format!("{} ({})", fix.message, fix.applicability.as_str())},
        "artifactChanges": files.collect::<Vec<_>>(),
    })
}

fn location(place: Place, message: Option<&str>, sources: &Sources) -> Value {
    let mut location = json!({
        "physicalLocation": {"artifactLocation": artifact(place, sources), "region": region(place, sources)},
    });
    if let Some(message) = message {
        location["message"] = json!({"text": message});
    }
    location
}

fn artifact(place: Place, sources: &Sources) -> Value {
    json!({"uri": address(start(place, sources).0)})
}

fn region(place: Place, sources: &Sources) -> Value {
    let (_, first) = start(place, sources);
    let last = end(place, sources);
    json!({
        "startLine": first.line,
        "startColumn": first.column,
        "endLine": last.line,
        "endColumn": last.column,
    })
}

fn notification(error: &SourceError) -> Value {
    let mut place = json!({"artifactLocation": {"uri": address(&error.path)}});
    if let Some(line) = error.line {
        place["region"] = json!({"startLine": line});
    }
    json!({
        "level": "warning",
        "message": {"text": error.message},
        "locations": [{"physicalLocation": place}],
    })
}

/// A path as a URI: relative where it lies below the current folder.
fn address(path: &str) -> String {
    let path = relative(path);
    let mut address = String::with_capacity(path.len());
    if path.starts_with('/') {
        address.push_str("file://");
    } else if path.as_bytes().get(1) == Some(&b':') {
        address.push_str("file:///");
    }
    for byte in path.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~/:@!$&'()*+,;=".contains(&byte);
        if is_plain {
            address.push(char::from(byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn paths_become_uris() {
        assert_eq!(address("./a b/ü.py"), "a%20b/%C3%BC.py");
        assert_eq!(address("/p/100%.py"), "file:///p/100%25.py");
        assert_eq!(address("<stdin>"), "%3Cstdin%3E");
    }
}
