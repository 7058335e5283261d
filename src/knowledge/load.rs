//! Parses the files of `rules/knowledge` and answers questions about dotted names.
//!
//! In: the embedded TOML texts, the user's own entries. Out: [`Knowledge`]. Maps are hashed inside; whatever is iterated
//! comes out sorted.

mod index;

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::OnceLock;

use rayon::prelude::*;
use thiserror::Error;

use super::entries::{AttributeFact, CallFact, LibraryFile, LibraryHeader, Semantic, SubmissionShape, TypeFact, WaitOn};

/// Aliases that lead to aliases are followed this far; a longer chain is a cycle.
const ALIAS_STEPS: usize = 16;

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

/// What API calls, types and attributes are, by dotted name.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    calls: HashMap<String, CallFact>,
    types: HashMap<String, TypeFact>,
    attributes: HashMap<String, AttributeFact>,
    aliases: HashMap<String, String>,
    submissions: HashMap<String, SubmissionShape>,
    semantics: HashMap<String, Semantic>,
    /// Names of methods -> what they do on every type that has them, where all agree.
    common_methods: HashMap<String, CallFact>,
    /// Names that the user has spoken of.
    user: BTreeSet<String>,
    /// Top-level package -> the library whose file speaks of it.
    packages: HashMap<String, LibraryHeader>,
}

impl Knowledge {
    /// What the program itself knows, parsed when it is first asked for.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Knowledge> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let files: Vec<LibraryFile> = index::FILES.par_iter().map(|(name, text)| parse(name, text)).collect();
            let mut knowledge = Self::default();
            for file in files {
                knowledge.add(file);
            }
            knowledge.common_methods = common_methods(&knowledge.calls, &knowledge.types);
            knowledge
        })
    }

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
            let known = knowledge.calls.remove(&canonical).unwrap_or_default();
            let fact = CallFact {
                returns: known.returns,
                invokes: known.invokes,
                effects: known.effects,
                ..fact
            };
            knowledge.user.insert(canonical.clone());
            knowledge.calls.insert(canonical, fact);
        }
        Ok(knowledge)
    }

    /// The name under which a thing is listed, aliases of it and of its prefixes followed.
    #[must_use]
    pub fn canonical<'a>(&self, name: &'a str) -> Cow<'a, str> {
        let mut current = Cow::Borrowed(name);
        for _ in 0..ALIAS_STEPS {
            match self.follow_alias(&current) {
                Some(next) => current = Cow::Owned(next),
                None => break,
            }
        }
        current
    }

    /// What a call of this name does.
    #[must_use]
    pub fn call(&self, name: &str) -> Option<&CallFact> {
        self.calls.get(&*self.canonical(name))
    }

    /// What a method of a type does, and which type has it: the type itself, or the nearest of its bases.
    #[must_use]
    pub fn method(&self, type_name: &str, method: &str) -> Option<(&str, &CallFact)> {
        self.linearise(type_name).iter().find_map(|owner| {
            let (key, fact) = self.calls.get_key_value(&format!("{owner}.{method}"))?;
            Some((&key[..owner.len()], fact))
        })
    }

    /// What a type is.
    #[must_use]
    pub fn type_fact(&self, name: &str) -> Option<&TypeFact> {
        self.types.get(&*self.canonical(name))
    }

    /// What an attribute of a type, of one of its bases, or of a module is.
    #[must_use]
    pub fn attribute(&self, owner: &str, name: &str) -> Option<&AttributeFact> {
        let owners = self.linearise(owner);
        owners
            .iter()
            .find_map(|owner| self.attributes.get(&*self.canonical(&format!("{owner}.{name}"))))
    }

    /// Whether a type is another one or has it among its bases.
    #[must_use]
    pub fn is_subtype(&self, name: &str, of: &str) -> bool {
        let of = self.canonical(of);
        self.linearise(name).iter().any(|base| **base == *of)
    }

    /// How a call of this name hands work over, if it does.
    #[must_use]
    pub fn submission(&self, api: &str) -> Option<&SubmissionShape> {
        self.submissions.get(&*self.canonical(api))
    }

    /// How a method of a type, or of one of its bases, hands work over, if it does.
    #[must_use]
    pub fn submission_method(&self, type_name: &str, method: &str) -> Option<&SubmissionShape> {
        self.linearise(type_name)
            .iter()
            .find_map(|owner| self.submissions.get(&format!("{owner}.{method}")))
    }

    /// What a call of this name means to the flow of values, where a type and a cost do not say it.
    #[must_use]
    pub fn semantic(&self, name: &str) -> Option<Semantic> {
        self.semantics.get(&*self.canonical(name)).copied()
    }

    /// Whether anything at all is known of a name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        let name = &*self.canonical(name);
        self.calls.contains_key(name)
            || self.types.contains_key(name)
            || self.semantics.contains_key(name)
            || self.submissions.contains_key(name)
            || self.attributes.contains_key(name)
    }

    /// What the user says that a call of this name does.
    #[must_use]
    pub fn user_call(&self, name: &str) -> Option<&CallFact> {
        self.user.get(name).and_then(|name| self.calls.get(name))
    }

    /// What a method of this name does on every type that has one, where all types agree on the kind of work.
    #[must_use]
    pub fn common_method(&self, method: &str) -> Option<&CallFact> {
        self.common_methods.get(method)
    }

    /// The library that a name belongs to, if any file speaks of its top-level package.
    #[must_use]
    pub fn library_of(&self, name: &str) -> Option<&str> {
        self.header(name).map(|library| library.name.as_str())
    }

    /// Where the figures about the library of a name come from.
    #[must_use]
    pub fn source_of(&self, name: &str) -> Option<&str> {
        self.header(name).map(|library| library.source.as_str())
    }

    /// All calls, sorted by name.
    pub fn calls(&self) -> impl Iterator<Item = (&str, &CallFact)> {
        sorted(&self.calls)
    }

    /// All types, sorted by name.
    pub fn types(&self) -> impl Iterator<Item = (&str, &TypeFact)> {
        sorted(&self.types)
    }

    /// All attributes, sorted by name.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &AttributeFact)> {
        sorted(&self.attributes)
    }

    /// All aliases with what they stand for, sorted by alias.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        sorted(&self.aliases).map(|(alias, target)| (alias, target.as_str()))
    }

    /// All ways of handing work over, sorted by name.
    pub fn submissions(&self) -> impl Iterator<Item = &SubmissionShape> {
        sorted(&self.submissions).map(|(_, shape)| shape)
    }

    /// The top-level packages that are spoken of, with the library they belong to, sorted by package.
    pub fn packages(&self) -> impl Iterator<Item = (&str, &str)> {
        sorted(&self.packages).map(|(package, library)| (package, library.name.as_str()))
    }

    /// Replaces the longest prefix of a name that is an alias.
    fn follow_alias(&self, name: &str) -> Option<String> {
        let mut end = name.len();
        loop {
            if let Some(target) = self.aliases.get(&name[..end]) {
                return Some(format!("{target}{}", &name[end..]));
            }
            end = name[..end].rfind('.')?;
        }
    }

    /// The type and its bases, breadth first, each once, under their canonical names.
    fn linearise(&self, type_name: &str) -> Vec<String> {
        let mut order: Vec<String> = Vec::new();
        let mut pending = VecDeque::from([self.canonical(type_name).into_owned()]);
        while let Some(current) = pending.pop_front() {
            if order.contains(&current) {
                continue;
            }
            if let Some(fact) = self.types.get(&current) {
                pending.extend(fact.bases.iter().map(|base| self.canonical(base).into_owned()));
            }
            order.push(current);
        }
        order
    }

    fn header(&self, name: &str) -> Option<&LibraryHeader> {
        self.packages.get(top_level(&self.canonical(name)))
    }

    fn add(&mut self, file: LibraryFile) {
        if let Some(library) = &file.library {
            let keys = file.calls.keys().chain(file.types.keys()).chain(file.attributes.keys());
            let packages: BTreeSet<&str> = keys.chain(file.aliases.keys()).map(|key| top_level(key)).collect();
            for package in packages {
                if let Entry::Vacant(entry) = self.packages.entry(package.to_owned()) {
                    entry.insert(library.clone());
                }
            }
        }
        self.calls.extend(file.calls);
        self.types.extend(file.types);
        self.attributes.extend(file.attributes);
        self.aliases.extend(file.aliases);
        self.semantics.extend(file.semantics);
        self.submissions
            .extend(file.submission.into_iter().map(|shape| (shape.api.clone(), shape)));
    }
}

/// The methods whose name says what they do: all types that have one agree on the dominant part, and no interval is
/// taken from a single exotic type.
fn common_methods(calls: &HashMap<String, CallFact>, types: &HashMap<String, TypeFact>) -> HashMap<String, CallFact> {
    let mut by_method: BTreeMap<&str, Vec<(&str, &CallFact)>> = BTreeMap::new();
    for (name, fact) in calls {
        if let Some((owner, method)) = name.rsplit_once('.')
            && types.contains_key(owner)
        {
            by_method.entry(method).or_default().push((owner, fact));
        }
    }
    let mut common = HashMap::new();
    for (method, mut owners) in by_method {
        owners.sort_unstable_by_key(|(owner, _)| *owner);
        let part = dominant_part(owners[0].1);
        if owners.iter().any(|(_, fact)| dominant_part(fact) != part || fact.on != owners[0].1.on) {
            continue;
        }
        let cheapest = owners.iter().min_by(|(_, a), (_, b)| upper_bound(a).total_cmp(&upper_bound(b)));
        if let Some((_, fact)) = cheapest {
            let fact = CallFact { returns: None, invokes: Vec::new(), ..(*fact).clone() };
            common.insert(method.to_owned(), fact);
        }
    }
    common
}

fn upper_bound(fact: &CallFact) -> f64 {
    let most = |range: Option<[f64; 2]>| range.map_or(0.0, |range| range[1]);
    most(fact.interpreter) + most(fact.native) + most(fact.wait)
}

/// 0, 1 or 2 for the interpreter, native and waiting parts.
fn dominant_part(fact: &CallFact) -> u8 {
    let most = |range: Option<[f64; 2]>| range.map_or(0.0, |range| range[1]);
    let (interpreter, native, wait) = (most(fact.interpreter), most(fact.native), most(fact.wait));
    if wait >= interpreter && wait >= native && wait > 0.0 {
        2
    } else if native > interpreter {
        1
    } else {
        0
    }
}

fn parse(name: &str, text: &str) -> LibraryFile {
    match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => panic!("internal: rules/knowledge/{name} does not parse: {error}"),
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

fn is_dotted_name(name: &str) -> bool {
    name.split('.').all(|part| {
        let mut characters = part.chars();
        characters
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_')
            && characters.all(|character| character.is_alphanumeric() || character == '_')
    })
}

fn top_level(name: &str) -> &str {
    name.split_once('.').map_or(name, |(package, _)| package)
}

fn sorted<V>(map: &HashMap<String, V>) -> impl Iterator<Item = (&str, &V)> {
    let mut entries: Vec<(&str, &V)> = map.iter().map(|(name, value)| (name.as_str(), value)).collect();
    entries.sort_unstable_by_key(|(name, _)| *name);
    entries.into_iter()
}
