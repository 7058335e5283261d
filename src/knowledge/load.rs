//! Parses the files of `rules/knowledge` and answers questions about dotted names.
//!
//! In: the embedded TOML texts, the user's own entries. Out: [`Knowledge`]. Maps are hashed inside; whatever is iterated
//! comes out sorted.

mod entry;
mod files;
mod index;
mod user;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::entries::{
    AttributeFact, CallFact, LibraryHeader, LifeStep, LoopUse, Operation, RequestThreads, Role, SecondsRange, Semantic,
    SubmissionShape, TypeFact,
};
use entry::Entry;

pub use user::KnowledgeError;
pub(crate) use user::is_dotted_name;

/// Where the language's own types are listed.
const BUILTINS: &str = "builtins";
/// What stands for the name of a member in the entry for all members that have none of their own.
const ANY_MEMBER: &str = "*";
/// Aliases that lead to aliases are followed this far; a longer chain is a cycle.
const ALIAS_STEPS: usize = 16;

/// What API calls, types and attributes are, by dotted name.
///
/// Start-up only cuts the files into lines; an entry is parsed when it is first looked up.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    calls: FxHashMap<Cow<'static, str>, Entry<CallFact>>,
    types: FxHashMap<Cow<'static, str>, Entry<TypeFact>>,
    attributes: FxHashMap<Cow<'static, str>, Entry<AttributeFact>>,
    aliases: FxHashMap<Cow<'static, str>, Cow<'static, str>>,
    /// Top-level packages of the aliases: most names need no search.
    aliased: HashSet<String>,
    submissions: FxHashMap<String, SubmissionShape>,
    request_threads: Vec<RequestThreads>,
    semantics: FxHashMap<Cow<'static, str>, Entry<Semantic>>,
    event_loop: FxHashMap<Cow<'static, str>, Entry<LoopUse>>,
    operations: FxHashMap<Cow<'static, str>, Entry<Operation>>,
    /// Name of a method -> the types that have one, sorted; filled when it is first asked for.
    owners: OnceLock<FxHashMap<String, Vec<String>>>,
    /// Names that the user has spoken of.
    user: BTreeSet<String>,
    /// Top-level package -> the library whose file speaks of it.
    packages: FxHashMap<String, LibraryHeader>,
}

impl Knowledge {
    /// What the program itself knows, read when it is first asked for.
    #[must_use]
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Knowledge> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            let mut knowledge = Self::default();
            for (name, text) in index::FILES {
                if text.contains("[[") {
                    knowledge.add_parsed(name, text);
                } else {
                    knowledge.add_lines(name, text);
                }
            }
            knowledge.aliased = knowledge
                .aliases
                .keys()
                .map(|alias| top_level(alias).to_owned())
                .collect();
            knowledge
        })
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

    /// What a call of this name does: what its own entry says, or that for everything in its module or type.
    #[must_use]
    pub fn call(&self, name: &str) -> Option<&CallFact> {
        let name = self.canonical(name);
        self.calls
            .get(&*name)
            .or_else(|| self.any_member(&name))
            .map(Entry::fact)
    }

    /// The entry for all members of a module or type that have none of their own: `package.Type.*`.
    fn any_member(&self, name: &str) -> Option<&Entry<CallFact>> {
        let (owner, method) = name.rsplit_once('.')?;
        let has_own = self.types.contains_key(name)
            || self.semantics.contains_key(name)
            || self.submissions.contains_key(name)
            || self.attributes.contains_key(name);
        if has_own || method.starts_with("__") {
            return None;
        }
        self.calls.get(member(&mut String::new(), owner, ANY_MEMBER))
    }

    /// What a method of a type does, and which type has it: the type itself, or the nearest of its bases.
    #[must_use]
    pub fn method(&self, type_name: &str, method: &str) -> Option<(&str, &CallFact)> {
        let mut name = String::new();
        let owners = self.linearise(type_name);
        let own = owners.iter().find_map(|owner| {
            let (key, entry) = self.calls.get_key_value(member(&mut name, owner, method))?;
            Some((&key[..owner.len()], entry.fact()))
        });
        own.or_else(|| {
            owners.iter().find_map(|owner| {
                let entry = self.any_member(member(&mut name, owner, method))?;
                let (key, _) = self.types.get_key_value(&**owner)?;
                Some((&**key, entry.fact()))
            })
        })
    }

    /// What a type is.
    #[must_use]
    pub fn type_fact(&self, name: &str) -> Option<&TypeFact> {
        self.types.get(&*self.canonical(name)).map(Entry::fact)
    }

    /// What an attribute of a type, of one of its bases, or of a module is.
    #[must_use]
    pub fn attribute(&self, owner: &str, name: &str) -> Option<&AttributeFact> {
        let mut full = String::new();
        self.linearise(owner)
            .iter()
            .find_map(|owner| self.attributes.get(&*self.canonical(member(&mut full, owner, name))))
            .map(Entry::fact)
    }

    /// Whether a type is another one or has it among its bases.
    #[must_use]
    pub fn is_subtype(&self, name: &str, of: &str) -> bool {
        let of = self.canonical(of);
        self.linearise(name).iter().any(|base| **base == *of)
    }

    /// Whether a type is one of open files or pipes.
    #[must_use]
    pub fn is_stream(&self, name: &str) -> bool {
        let bases = self.linearise(name);
        bases
            .iter()
            .any(|base| self.type_fact(base).is_some_and(|fact| fact.stream))
    }

    /// How a call of this name hands work over, if it does.
    #[must_use]
    pub fn submission(&self, api: &str) -> Option<&SubmissionShape> {
        self.submissions.get(&*self.canonical(api))
    }

    /// How a method of a type, or of one of its bases, hands work over, if it does.
    #[must_use]
    pub fn submission_method(&self, type_name: &str, method: &str) -> Option<&SubmissionShape> {
        let mut name = String::new();
        self.linearise(type_name)
            .iter()
            .find_map(|owner| self.submissions.get(member(&mut name, owner, method)))
    }

    /// Whether a name is a type with a worker's role, or writes calls down for workers.
    #[must_use]
    pub fn is_worker_part(&self, name: &str) -> bool {
        self.semantic(name) == Some(Semantic::Delayed)
            || self
                .type_fact(name)
                .is_some_and(|fact| matches!(fact.role, Some(Role::Executor | Role::Pool)))
    }

    /// What a call of this name means to the flow of values, where a type and a cost do not say it.
    #[must_use]
    pub fn semantic(&self, name: &str) -> Option<Semantic> {
        self.semantics.get(&*self.canonical(name)).map(|entry| *entry.fact())
    }

    /// What a call of this name does to what units share.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<Operation> {
        self.operations.get(&*self.canonical(name)).map(|entry| *entry.fact())
    }

    /// Whether some type has a method of this name that does this.
    #[must_use]
    pub fn is_method_of(&self, method: &str, operation: Operation) -> bool {
        let named = |name: &str| name.rsplit_once('.').is_some_and(|(_, last)| last == method);
        self.operations
            .iter()
            .any(|(name, entry)| named(name) && *entry.fact() == operation)
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
        self.user.get(name).and_then(|name| self.call(name))
    }

    /// What a method of this name does whatever the receiver is: all types that have one agree on the kind of work, if
    /// not on what they wait for. The cheapest of them is given.
    #[must_use]
    pub fn common_method(&self, method: &str) -> Option<CallFact> {
        self.method_of_most(method, |owners| owners)
    }

    /// As above, or most of them agree, the language's own types among them.
    #[must_use]
    pub fn usual_method(&self, method: &str) -> Option<CallFact> {
        if self.is_builtin_method(method) {
            self.method_of_most(method, |owners| owners * 2 / 3)
        } else {
            self.common_method(method)
        }
    }

    fn method_of_most(&self, method: &str, enough: impl Fn(usize) -> usize) -> Option<CallFact> {
        let owners = self.owners.get_or_init(|| self.methods_by_name()).get(method)?;
        let own = owners.iter().find(|owner| top_level(owner) == BUILTINS);
        let fact_of = |owner: &String| self.call(&format!("{owner}.{method}"));
        let part = dominant_part(fact_of(own.or(owners.first())?)?);
        let facts: Vec<&CallFact> = owners.iter().filter_map(fact_of).collect();
        let alike = facts.iter().filter(|fact| dominant_part(fact) == part);
        if alike.clone().count() < enough(facts.len()) {
            return None;
        }
        let cheapest = alike.min_by(|a, b| upper_bound(a).total_cmp(&upper_bound(b)))?;
        Some(CallFact {
            returns: None,
            invokes: Vec::new(),
            ..(*cheapest).clone()
        })
    }

    /// Whether one of the language's own types has a method of this name.
    #[must_use]
    pub fn is_builtin_method(&self, method: &str) -> bool {
        let owners = self.owners.get_or_init(|| self.methods_by_name()).get(method);
        owners.is_some_and(|owners| owners.iter().any(|owner| top_level(owner) == BUILTINS))
    }

    fn methods_by_name(&self) -> FxHashMap<String, Vec<String>> {
        let mut owners: FxHashMap<String, Vec<String>> = FxHashMap::default();
        for (name, _) in sorted(&self.calls) {
            if let Some((owner, method)) = name.rsplit_once('.')
                && self.types.contains_key(owner)
            {
                owners.entry(method.to_owned()).or_default().push(owner.to_owned());
            }
        }
        owners
    }

    /// Seconds that each call of a library's functions and methods holds the GIL at least, before it gets to work.
    #[must_use]
    pub fn call_overhead(&self, name: &str) -> Option<SecondsRange> {
        self.header(name)?.call
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
        sorted(&self.calls).map(|(name, entry)| (name, entry.fact()))
    }

    /// All types, sorted by name.
    pub fn types(&self) -> impl Iterator<Item = (&str, &TypeFact)> {
        sorted(&self.types).map(|(name, entry)| (name, entry.fact()))
    }

    /// All attributes, sorted by name.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &AttributeFact)> {
        sorted(&self.attributes).map(|(name, entry)| (name, entry.fact()))
    }

    /// All aliases with what they stand for, sorted by alias.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        sorted(&self.aliases).map(|(alias, target)| (alias, &**target))
    }

    /// All ways of handing work over, sorted by name.
    pub fn submissions(&self) -> impl Iterator<Item = &SubmissionShape> {
        sorted(&self.submissions).map(|(_, shape)| shape)
    }

    /// The names of the methods that end something.
    #[must_use]
    pub fn closing_methods(&self) -> BTreeSet<&str> {
        let ending = self.calls().filter(|(_, fact)| fact.step == Some(LifeStep::Close));
        ending.filter_map(|(name, _)| name.rsplit('.').next()).collect()
    }

    /// The families of servers that answer requests side by side.
    #[must_use]
    pub fn request_threads(&self) -> &[RequestThreads] {
        &self.request_threads
    }

    /// Words without one of which a text cannot hand work over: the packages that submissions and their aliases live
    /// in, and the names of servers.
    #[must_use]
    pub fn worker_words(&self) -> BTreeSet<String> {
        let packages: BTreeSet<&str> = self.submissions.keys().map(|api| top_level(api)).collect();
        let mut words: BTreeSet<String> = packages.iter().map(|&package| package.to_owned()).collect();
        words.extend(
            self.request_threads
                .iter()
                .flat_map(|served| served.words.iter().cloned()),
        );
        for (alias, target) in self.aliases() {
            if packages.contains(top_level(target)) {
                words.insert(alias.rsplit('.').next().unwrap_or(alias).to_owned());
            }
        }
        words
    }

    /// The top-level packages that are spoken of, with the library they belong to, sorted by package.
    pub fn packages(&self) -> impl Iterator<Item = (&str, &str)> {
        sorted(&self.packages).map(|(package, library)| (package, library.name.as_str()))
    }

    /// Replaces the longest prefix of a name that is an alias.
    fn follow_alias(&self, name: &str) -> Option<String> {
        if !self.aliased.contains(top_level(name)) {
            return None;
        }
        let mut end = name.len();
        loop {
            if let Some(target) = self.aliases.get(&name[..end]) {
                return Some(format!("{target}{}", &name[end..]));
            }
            end = name[..end].rfind('.')?;
        }
    }

    /// What a call means to the event loop in whose thread it is made.
    #[must_use]
    pub fn loop_use(&self, name: &str) -> Option<LoopUse> {
        let name = self.canonical(name);
        if let Some(entry) = self.event_loop.get(&*name) {
            return Some(*entry.fact());
        }
        let mut end = name.len();
        while let Some(dot) = name[..end].rfind('.') {
            end = dot;
            let above = self.event_loop.get(&name[..end]).map(Entry::fact);
            if let Some(&found @ (LoopUse::Awaitable | LoopUse::MayNotBlock)) = above {
                return Some(found);
            }
        }
        None
    }

    /// The type and its bases, breadth first, each once, under their canonical names.
    pub(crate) fn linearise<'k>(&'k self, type_name: &'k str) -> Vec<Cow<'k, str>> {
        let mut order: Vec<Cow<'k, str>> = vec![self.canonical(type_name)];
        let mut done = 0;
        while done < order.len() {
            if let Some(entry) = self.types.get(&*order[done]) {
                for base in &entry.fact().bases {
                    let base = self.canonical(base);
                    if !order.contains(&base) {
                        order.push(base);
                    }
                }
            }
            done += 1;
        }
        order
    }

    fn header(&self, name: &str) -> Option<&LibraryHeader> {
        self.packages.get(top_level(&self.canonical(name)))
    }
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

/// Writes the dotted name of a member into a text that is used again.
fn member<'n>(text: &'n mut String, owner: &str, name: &str) -> &'n str {
    text.clear();
    text.push_str(owner);
    text.push('.');
    text.push_str(name);
    text
}

fn top_level(name: &str) -> &str {
    name.split_once('.').map_or(name, |(package, _)| package)
}

fn sorted<K: AsRef<str>, V>(map: &FxHashMap<K, V>) -> impl Iterator<Item = (&str, &V)> {
    let mut entries: Vec<(&str, &V)> = map.iter().map(|(name, value)| (name.as_ref(), value)).collect();
    entries.sort_unstable_by_key(|(name, _)| *name);
    entries.into_iter()
}
