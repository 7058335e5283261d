//! What a user says about names: it wins over what the program itself knows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use thiserror::Error;

use super::super::entries::{CallFact, WaitOn};
use super::Knowledge;
use super::entry::Entry;

/// What an entry of the user gets wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KnowledgeError {
    /// The user: the word after the name is not one of those that can be said.
    #[error("knowledge about `{name}` is `{kind}`, which is not one of `io`, `cpu`, `native` and `trivial`")]
    UnknownKind {
        /// The entry's dotted name.
        name: String,
        /// What it says.
        kind: String,
    },
    /// The user: the key cannot be the name of something that is called.
    #[error("knowledge about `{name}`: the key is not a dotted Python name")]
    InvalidName {
        /// The entry's key.
        name: String,
    },
}

impl Knowledge {
    /// What the program itself knows with the user's entries on top: dotted name -> `io`, `cpu`, `native` or `trivial`.
    ///
    /// # Errors
    /// When a key is not a dotted name, or a value not one of the four words.
    pub fn with_user(entries: &BTreeMap<String, String>) -> Result<Self, KnowledgeError> {
        let mut knowledge = Self::builtin().clone();
        for (name, kind) in entries {
            if !is_dotted_name(name) {
                return Err(KnowledgeError::InvalidName { name: name.clone() });
            }
            let Some(fact) = user_fact(kind) else {
                return Err(KnowledgeError::UnknownKind {
                    name: name.clone(),
                    kind: kind.clone(),
                });
            };
            let canonical = knowledge.canonical(name).into_owned();
            // What the user says replaces what it costs; what it returns and calls stays true.
            let known = knowledge.call(&canonical).cloned().unwrap_or_default();
            let fact = CallFact {
                returns: known.returns,
                invokes: known.invokes,
                effects: known.effects,
                ..fact
            };
            knowledge.user.insert(canonical.clone());
            knowledge.calls.insert(Cow::Owned(canonical), Entry::parsed(fact));
        }
        Ok(knowledge)
    }
}

/// What one of the user's words means.
fn user_fact(kind: &str) -> Option<CallFact> {
    let mut fact = CallFact::default();
    match kind {
        "io" => {
            fact.interpreter = Some([1e-5, 1e-3]);
            fact.wait = Some([1e-2, 5.0]);
            fact.on = Some(WaitOn::Network);
        }
        "cpu" => fact.interpreter = Some([1e-2, 5.0]),
        "native" => {
            fact.interpreter = Some([1e-6, 1e-4]);
            fact.native = Some([1e-2, 5.0]);
        }
        "trivial" => fact.interpreter = Some([1e-8, 1e-6]),
        _ => return None,
    }
    Some(fact)
}

pub(crate) fn is_dotted_name(name: &str) -> bool {
    name.split('.').all(|part| {
        let mut characters = part.chars();
        characters
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_')
            && characters.all(|character| character.is_alphanumeric() || character == '_')
    })
}
