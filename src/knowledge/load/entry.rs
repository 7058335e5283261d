//! One line of a knowledge file, parsed when it is first needed.

use std::sync::OnceLock;

use serde::de::DeserializeOwned;

/// An entry that is parsed when it is first needed.
#[derive(Clone, Debug)]
pub(super) struct Entry<T> {
    file: &'static str,
    text: &'static str,
    /// Boxed, so that the maps of unparsed entries stay small and quick to fill.
    fact: OnceLock<Box<T>>,
}

impl<T: DeserializeOwned> Entry<T> {
    /// The inline table of an entry, as written in a file.
    pub(super) fn unparsed(file: &'static str, text: &'static str) -> Self {
        Self {
            file,
            text,
            fact: OnceLock::new(),
        }
    }

    /// An entry that is known already.
    pub(super) fn parsed(fact: T) -> Self {
        Self {
            file: "",
            text: "",
            fact: OnceLock::from(Box::new(fact)),
        }
    }

    /// What the entry says.
    pub(super) fn fact(&self) -> &T {
        self.fact.get_or_init(|| {
            let value = toml::de::ValueDeserializer::parse(self.text);
            match value.and_then(T::deserialize) {
                Ok(fact) => Box::new(fact),
                Err(error) => panic!("internal: rules/knowledge/{}: `{}`: {error}", self.file, self.text),
            }
        })
    }
}

/// Parses a whole embedded text.
pub(super) fn parse<T: DeserializeOwned>(file: &str, text: &str) -> T {
    match toml::from_str(text) {
        Ok(value) => value,
        Err(error) => panic!("internal: rules/knowledge/{file} does not parse: {error}"),
    }
}
