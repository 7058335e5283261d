//! `src/rules/index.rs` lists every rule that has a page. A stale list is rewritten, and the test fails once.

mod support;

use std::fs;

#[test]
fn the_index_lists_every_rule_once() {
    let mut rules: Vec<(String, String)> = support::pages()
        .into_iter()
        .map(|page| (code_of(&page.text), page.name.replace('-', "_")))
        .collect();
    rules.sort();
    let mut wanted = String::from(
        "//! The list of rules. Written by `tests/rules_index.rs`.\n\nuse super::Rule;\n\n/// All rules, sorted by code.\n\
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
