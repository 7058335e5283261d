//! The book: its rule chapters follow `rules/`, it builds, its links lead somewhere, and its Python is reported as it says.
#![expect(clippy::disallowed_methods, reason = "these tests run the binary")]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use concheck::config;
use concheck::rules::{self, Rule};

const HOMEPAGE: &str = env!("CARGO_PKG_HOMEPAGE");

/// What the hundreds of the codes stand for.
const GROUPS: [(&str, &str); 10] = [
    ("CC0", "Running concheck"),
    ("CC1", "The wrong kind of worker"),
    ("CC2", "On the way to another process"),
    ("CC3", "Starting processes"),
    ("CC4", "Shared state"),
    ("CC5", "Locks and queues"),
    ("CC6", "Event loops"),
    ("CC7", "Wrong calls"),
    ("CC8", "Work that takes turns"),
    ("CC9", "Results and ends"),
];

fn source() -> PathBuf {
    support::repository().join("docs/src")
}

/// Puts a text into a file of the book; says whether that changed something.
fn put(path: &Path, text: &str) -> bool {
    let is_stale = fs::read_to_string(path).ok().as_deref() != Some(text);
    if is_stale {
        fs::write(path, text).expect("the book can be written");
    }
    is_stale
}

/// A chapter that takes its text from the rule's page, below the front matter.
fn chapter(rule: &Rule) -> String {
    let header: toml::Table = rule
        .page
        .trim_start_matches("+++\n")
        .split_once("\n+++\n")
        .and_then(|(header, _)| header.parse().ok())
        .expect("a page has front matter");
    let word = |key: &str| header[key].as_str().expect("the front matter has texts").to_owned();
    let fix = header.get("fix").and_then(toml::Value::as_str);
    let fix = fix.map(|fix| format!("{fix} fix, ")).unwrap_or_default();
    let end = rule.page.lines().skip(1).position(|line| line == "+++");
    let first = end.expect("the front matter ends") + 3;
    format!(
        "# {code} {name}\n\n**{severity}**, {confidence} confidence, {fix}since {since}\n\n\
         {{{{#include ../../../rules/{name}.md:{first}:}}}}\n\n\
         To keep one finding quiet, write `# concheck: ignore[{code}] and why` on its line; to switch the rule off, put \
         `{code}` into [`ignore`](../configuration.md).\n",
        code = rule.code,
        name = rule.name,
        severity = rule.severity.as_str(),
        confidence = word("confidence"),
        since = word("since"),
    )
}

/// The first sentence below `What it finds`.
fn first_sentence(page: &str) -> String {
    let text = page
        .split_once("## What it finds\n")
        .expect("a page says what it finds")
        .1;
    let paragraph = text
        .trim_start()
        .split("\n\n")
        .next()
        .unwrap_or_default()
        .replace('\n', " ");
    match paragraph.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => paragraph,
    }
}

/// The chapter that lists all rules.
fn overview() -> String {
    let mut text = String::from(
        "# All rules\n\n`concheck rules` prints this list, `concheck explain CC101` a page. Errors break or hang a program, warnings \
         are slow, unsafe or silent, advice names a better way.\n",
    );
    for (start, title) in GROUPS {
        let rules: Vec<_> = rules::all()
            .iter()
            .filter(|rule| rule.code.starts_with(start))
            .collect();
        if rules.is_empty() {
            continue;
        }
        text.push_str(&format!(
            "\n## {title}\n\n| code | name | severity | what it finds |\n|---|---|---|---|\n"
        ));
        for rule in rules {
            let what = first_sentence(rule.page).replace('|', "\\|");
            let (code, name, severity) = (rule.code, rule.name, rule.severity.as_str());
            text.push_str(&format!(
                "| {code} | [{name}](rules/{name}.md) | {severity} | {what} |\n"
            ));
        }
    }
    text
}

/// The table of contents with the rules below the overview.
fn contents() -> String {
    let path = source().join("SUMMARY.md");
    let own = support::read(&path);
    let own = own.lines().filter(|line| !line.contains("](rules/"));
    let mut text = String::new();
    for line in own {
        text.push_str(&format!("{line}\n"));
        if line.contains("](rules.md)") {
            for rule in rules::all() {
                text.push_str(&format!(
                    "  - [{} {name}](rules/{name}.md)\n",
                    rule.code,
                    name = rule.name
                ));
            }
        }
    }
    text
}

#[test]
fn every_rule_has_its_chapter() {
    let folder = source().join("rules");
    let mut stale = Vec::new();
    let mut wanted = BTreeSet::new();
    for rule in rules::all() {
        let path = folder.join(format!("{}.md", rule.name));
        if put(&path, &chapter(rule)) {
            stale.push(rule.name.to_owned());
        }
        wanted.insert(path);
    }
    for path in support::sorted_entries(&folder) {
        if !wanted.contains(&path) {
            fs::remove_file(&path).expect("a chapter can be removed");
            stale.push(path.display().to_string());
        }
    }
    for (name, text) in [("rules.md", overview()), ("SUMMARY.md", contents())] {
        if put(&source().join(name), &text) {
            stale.push(name.to_owned());
        }
    }
    assert!(stale.is_empty(), "these were stale and have been rewritten: {stale:?}");
}

/// The table of all options.
fn options() -> String {
    let mut text = String::from("| key | what it does | example |\n|---|---|---|\n");
    for option in config::options() {
        text.push_str(&format!(
            "| `{}` | {} | `{}` |\n",
            option.key, option.summary, option.example
        ));
    }
    text
}

#[test]
fn every_option_of_the_configuration_is_explained() {
    let path = source().join("configuration.md");
    let text = support::read(&path);
    let (before, rest) = text
        .split_once("<!-- options:begin -->\n")
        .expect("the table has a place");
    let (_, after) = rest.split_once("<!-- options:end -->").expect("the table has an end");
    let table = options();
    let wanted = format!("{before}<!-- options:begin -->\n{table}<!-- options:end -->{after}");
    assert!(
        !put(&path, &wanted),
        "the table of options was stale and has been rewritten"
    );
}

/// What `concheck COMMAND --help` says, for all commands.
fn help() -> String {
    let say = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concheck"));
        let output = command.args(arguments).env_clear().output().expect("concheck starts");
        String::from_utf8(output.stdout).expect("help is UTF-8")
    };
    let all = say(&["--help"]);
    let commands = all.split_once("Commands:\n").expect("there are commands").1;
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(|name| say(&[name, "--help"]))
        .collect()
}

#[test]
fn the_readiness_check_of_the_readme_prints_what_stands_there() {
    let readme = support::read(&support::repository().join("README.md"));
    let (_, behind) = readme
        .split_once("$ concheck check --target-version")
        .expect("the README shows the check");
    let (block, _) = behind.split_once("```").expect("the block ends");
    let (arguments, expected) = block.split_once('\n').expect("a report stands below the command");
    let mut command = Command::new(env!("CARGO_BIN_EXE_concheck"));
    command
        .args(["check", "--target-version"])
        .args(arguments.split_whitespace());
    let output = command.current_dir(support::repository()).env_clear().output();
    let output = output.expect("concheck starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
fn flags_in_the_guides_exist() {
    /// Flags of other programs.
    const FOREIGN: [&str; 3] = ["--all-files", "--path", "--release"];
    let chapters = support::sorted_entries(&source());
    let chapters = chapters.into_iter().filter(|path| path.is_file());
    let help = help();
    let mut problems = Vec::new();
    for path in chapters.chain([support::repository().join("README.md")]) {
        let text = support::read(&path);
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
        let is_flag =
            |word: &&str| word.starts_with("--") && word[2..].starts_with(|letter: char| letter.is_alphabetic());
        for flag in words.filter(is_flag) {
            let is_known = help
                .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
                .any(|word| word == flag);
            if !is_known && !FOREIGN.contains(&flag) {
                problems.push(format!("{}: {flag}", path.display()));
            }
        }
    }
    assert!(
        problems.is_empty(),
        "no command has these flags:\n{}",
        problems.join("\n")
    );
}

/// The book as HTML: each file with its text, by its path in the book.
fn built() -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let root = support::repository().join("docs");
    let mut book = mdbook_driver::MDBook::load(root).expect("the book can be read");
    book.config.build.build_dir = folder.path().to_owned();
    book.build().expect("the book can be built");
    let mut files = BTreeMap::new();
    collect(folder.path(), "", &mut files);
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for path in support::sorted_entries(folder) {
        let name = path
            .file_name()
            .expect("entries have names")
            .to_string_lossy()
            .into_owned();
        let inner = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{inner}/"), files);
        } else {
            files.insert(inner, support::read(&path));
        }
    }
}

/// The values of an attribute in HTML.
fn attributes<'html>(html: &'html str, name: &str) -> Vec<&'html str> {
    let start = format!(" {name}=\"");
    let after = html.split(&start).skip(1);
    after.filter_map(|rest| rest.split('"').next()).collect()
}

/// Why a link in a file of the book leads nowhere.
fn broken(from: &str, link: &str, files: &BTreeMap<String, String>) -> Option<String> {
    let own = link
        .strip_prefix(HOMEPAGE)
        .map(|rest| format!("/{}", rest.trim_start_matches('/')));
    let link = own.as_deref().unwrap_or(link);
    if link.contains("://")
        || ["data:", "javascript:", "mailto:"]
            .iter()
            .any(|scheme| link.starts_with(scheme))
    {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = resolved(from, path);
    let Some(text) = files.get(&target) else {
        return Some(format!("{from}: `{link}`: there is no {target}"));
    };
    let has_anchor = anchor.is_empty() || attributes(text, "id").contains(&anchor);
    (!has_anchor).then(|| format!("{from}: `{link}`: {target} has no such heading"))
}

/// Where a link leads, as a path in the book.
fn resolved(from: &str, path: &str) -> String {
    if path.is_empty() {
        return from.to_owned();
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    if path.starts_with('/') {
        parts.clear();
    }
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "" | "." => {}
            part => parts.push(part),
        }
    }
    if path.ends_with('/') {
        parts.push("index.html");
    }
    parts.join("/")
}

#[test]
fn the_book_builds_and_its_links_lead_somewhere() {
    let files = built();
    let pages = files
        .iter()
        .filter(|(path, _)| path.ends_with(".html") && *path != "404.html");
    let mut problems = Vec::new();
    let mut links = 0;
    for (path, html) in pages {
        if html.contains("{{#") {
            problems.push(format!("{path}: an include is left over"));
        }
        for link in [attributes(html, "href"), attributes(html, "src")].concat() {
            links += 1;
            problems.extend(broken(path, &link.replace("&amp;", "&"), &files));
        }
    }
    for rule in rules::all() {
        let address = format!("{HOMEPAGE}/rules/{}.html", rule.name);
        problems.extend(broken("index.html", &address, &files));
    }
    for link in support::read(&support::repository().join("README.md")).split(['(', ')', '<', '>', ' ', '\n']) {
        if link.starts_with(HOMEPAGE) {
            problems.extend(broken("README.md", link, &files));
        }
    }
    assert!(links > 1000, "only {links} links were looked at");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn links_that_lead_nowhere_are_told() {
    let files = BTreeMap::from([
        ("index.html".to_owned(), "<h1 id=\"top\">".to_owned()),
        ("rules/a.html".to_owned(), String::new()),
    ]);
    let is_broken = |link: &str| broken("rules/a.html", link, &files).is_some();
    for good in [
        "../index.html#top",
        "#",
        "a.html",
        "..//",
        HOMEPAGE,
        "https://docs.python.org/3/",
    ] {
        assert!(!is_broken(good), "{good}");
    }
    let own = format!("{HOMEPAGE}/rules/b.html");
    for bad in ["../index.html#bottom", "index.html", "b.html", own.as_str()] {
        assert!(is_broken(bad), "{bad}");
    }
}

#[test]
fn the_address_of_the_book_is_the_same_everywhere() {
    let root = support::repository();
    let table = |path: &str| -> toml::Table { support::read(&root.join(path)).parse().expect("TOML") };
    let host = HOMEPAGE.strip_prefix("https://").expect("the homepage is safe");
    assert_eq!(table("docs/book.toml")["output"]["html"]["cname"].as_str(), Some(host));
    let project = &table("pyproject.toml")["project"];
    let urls = project["urls"].as_table().expect("the project has addresses");
    for (name, url) in urls {
        assert!(
            url.as_str().is_some_and(|url| url.starts_with(HOMEPAGE)),
            "{name}: {url}"
        );
    }
}

/// A block of Python in the book, with what is written about it.
struct Block {
    /// The chapter and the line that it starts on.
    place: String,
    code: String,
    /// Arguments from a comment such as `<!-- concheck --target-version 3.14 -->` above it.
    arguments: Vec<String>,
    /// What concheck prints for it, from a `text` block under a comment such as `<!-- prints -->`.
    printed: Option<String>,
}

/// The Python blocks of a chapter.
fn blocks(name: &str, text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut arguments = Vec::new();
    let mut is_output = false;
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        if let Some(rest) = line.strip_prefix("<!-- concheck ") {
            let rest = rest.trim_end_matches("-->");
            arguments = rest.split_whitespace().map(str::to_owned).collect();
        } else if line == "<!-- prints -->" {
            is_output = true;
        } else if line == "```python" || is_output && line.starts_with("```") {
            let inner = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
            let code = inner.map(|line| format!("{line}\n")).collect();
            if is_output {
                blocks.last_mut().expect("output stands below its program").printed = Some(code);
            } else {
                let arguments = std::mem::take(&mut arguments);
                let place = format!("{name}:{number}");
                blocks.push(Block {
                    place,
                    code,
                    arguments,
                    printed: None,
                });
            }
            is_output = false;
        }
    }
    blocks
}

/// The blocks of all chapters that are not rules.
fn all_blocks() -> Vec<Block> {
    let chapters = support::sorted_entries(&source());
    let chapters = chapters
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let blocks = chapters.flat_map(|path| {
        let name = path.file_name().expect("entries have names").to_string_lossy();
        blocks(&name, &support::read(path))
    });
    blocks.collect()
}

/// What concheck prints for a block that is saved as `app.py`.
fn output(block: &Block, format: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("app.py"), &block.code).expect("the temporary folder can be written to");
    let output = Command::new(env!("CARGO_BIN_EXE_concheck"))
        .args(["check", "app.py", "--isolated", "--output-format", format])
        .args(&block.arguments)
        .current_dir(folder.path())
        .env_clear()
        .output()
        .expect("concheck starts");
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{}: {output:?}",
        block.place
    );
    String::from_utf8(output.stdout).expect("the report is UTF-8")
}

/// The codes that the comments of a block announce, with their lines.
fn announced(code: &str) -> Vec<(u64, String)> {
    let mut announced = Vec::new();
    for (number, line) in (1..).zip(code.lines()) {
        let comment = line.split_once("# ").map_or("", |(_, comment)| comment);
        if comment.starts_with("concheck:") || comment.starts_with("noqa:") {
            continue;
        }
        let words = comment.split(|letter: char| !letter.is_ascii_alphanumeric());
        let codes = words.filter(|word| word.len() == 5 && word.starts_with("CC"));
        announced.extend(codes.map(|code| (number, code.to_owned())));
    }
    announced
}

#[test]
fn python_in_the_guides_is_reported_as_its_comments_say() {
    let blocks = all_blocks();
    assert!(blocks.len() >= 10, "only {} blocks were looked at", blocks.len());
    let mut problems = Vec::new();
    for block in &blocks {
        let report: serde_json::Value = serde_json::from_str(&output(block, "json")).expect("JSON");
        let findings = report["findings"].as_array().expect("a list of findings");
        let spot = |finding: &serde_json::Value| {
            let code = finding["code"].as_str().unwrap_or_default().to_owned();
            (finding["line"].as_u64().unwrap_or_default(), code)
        };
        let found: Vec<_> = findings.iter().map(spot).collect();
        let wanted = announced(&block.code);
        if found != wanted {
            problems.push(format!(
                "{}: the comments say {wanted:?}, concheck says {found:?}",
                block.place
            ));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn reports_in_the_guides_are_what_concheck_prints() {
    let blocks = all_blocks();
    let reports = blocks
        .iter()
        .filter_map(|block| Some((block, block.printed.as_deref()?)));
    let mut looked_at = 0;
    let mut stale = Vec::new();
    for (block, shown) in reports {
        looked_at += 1;
        let found = output(block, "full");
        let name = block.place.split(':').next().expect("a place names its chapter");
        let path = source().join(name);
        let block_with = |report: &str| format!("<!-- prints -->\n```text\n{report}```\n");
        if put(
            &path,
            &support::read(&path).replace(&block_with(shown), &block_with(&found)),
        ) {
            stale.push(&block.place);
        }
    }
    assert!(looked_at > 0, "no report was looked at");
    assert!(
        stale.is_empty(),
        "the reports below these were stale and have been rewritten: {stale:?}"
    );
}
