//! Takes over the text of one file of `rules/knowledge`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::super::entries::{LibraryFile, LibraryHeader};
use super::entry::{self, Entry};
use super::{Knowledge, top_level};

impl Knowledge {
    /// Takes over a file with one entry a line, without parsing the entries.
    pub(super) fn add_lines(&mut self, file: &'static str, text: &'static str) {
        let (header, body) = text
            .split_once("\n\n")
            .expect("internal: a knowledge file starts with its [library] table");
        let library = header
            .strip_prefix("[library]")
            .map(|table| entry::parse::<LibraryHeader>(file, table));
        let library = library.expect("internal: a knowledge file starts with its [library] table");
        let mut table = "";
        for line in body.lines() {
            if let Some(name) = line.strip_prefix('[') {
                table = name;
            } else if let Some((key, value)) = line.strip_prefix('"').and_then(|rest| rest.split_once("\" = ")) {
                if table != "event-loop]" {
                    self.add_package(key, &library);
                }
                let key = Cow::Borrowed(key);
                match table {
                    "calls]" => drop(self.calls.insert(key, Entry::unparsed(file, value))),
                    "types]" => drop(self.types.insert(key, Entry::unparsed(file, value))),
                    "semantics]" => drop(self.semantics.insert(key, Entry::unparsed(file, value))),
                    "event-loop]" => drop(self.event_loop.insert(key, Entry::unparsed(file, value))),
                    "operations]" => drop(self.operations.insert(key, Entry::unparsed(file, value))),
                    "attributes]" => drop(self.attributes.insert(key, Entry::unparsed(file, value))),
                    "aliases]" => drop(self.aliases.insert(key, Cow::Borrowed(value.trim_matches('"')))),
                    other => panic!("internal: rules/knowledge/{file} has a table [{other}"),
                }
            }
        }
    }

    /// Takes over a file that has tables of more than one line.
    pub(super) fn add_parsed(&mut self, name: &'static str, text: &'static str) {
        let file: LibraryFile = entry::parse(name, text);
        if let Some(library) = &file.library {
            let keys = file.calls.keys().chain(file.types.keys()).chain(file.attributes.keys());
            for key in keys.chain(file.aliases.keys()) {
                self.add_package(key, library);
            }
        }
        self.calls.extend(parsed_entries(file.calls));
        self.types.extend(parsed_entries(file.types));
        self.attributes.extend(parsed_entries(file.attributes));
        self.semantics.extend(parsed_entries(file.semantics));
        self.event_loop.extend(parsed_entries(file.event_loop));
        self.operations.extend(parsed_entries(file.operations));
        self.aliases.extend(
            file.aliases
                .into_iter()
                .map(|(alias, target)| (Cow::Owned(alias), Cow::Owned(target))),
        );
        self.submissions
            .extend(file.submission.into_iter().map(|shape| (shape.api.clone(), shape)));
        self.request_threads.extend(file.request_threads);
    }

    fn add_package(&mut self, key: &str, library: &LibraryHeader) {
        let package = top_level(key);
        if !self.packages.contains_key(package) {
            self.packages.insert(package.to_owned(), library.clone());
        }
    }
}

fn parsed_entries<T: DeserializeOwned>(
    facts: BTreeMap<String, T>,
) -> impl Iterator<Item = (Cow<'static, str>, Entry<T>)> {
    facts
        .into_iter()
        .map(|(name, fact)| (Cow::Owned(name), Entry::parsed(fact)))
}
