//! Abstract values: what an expression may be, as far as later stages need to know.
//!
//! Values are interned; a [`ValueSet`] is a small sorted set of them. Sets only grow while the program is solved. An
//! empty set means that nothing is known; [`Value::Unknown`] in a set means that something else may come, too, and why.

use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::facts::{DefId, ExprId, ScopeId};
use crate::finding::FileId;

/// A scope of some file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeRef {
    /// The file.
    pub file: FileId,
    /// The scope in it.
    pub scope: ScopeId,
}

/// An expression of some file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExprRef {
    /// The file.
    pub file: FileId,
    /// The expression in it.
    pub expr: ExprId,
}

/// A definition of some file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefRef {
    /// The file.
    pub file: FileId,
    /// The definition in it.
    pub def: DefId,
}

/// What makes an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// A call, display or comprehension.
    Expr(ExprRef),
    /// The elements that this expression gives one at a time (the pairs of `zip` and `enumerate`).
    Inner(ExprRef),
    /// A `*args` or `**kwargs` parameter.
    Parameter(DefRef),
}

impl Site {
    /// The expression that makes the object, if it is one.
    #[must_use]
    pub fn expression(self) -> Option<ExprRef> {
        match self {
            Self::Expr(expr) => Some(expr),
            Self::Inner(_) | Self::Parameter(_) => None,
        }
    }
}

/// An interned name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub u32);

/// An interned value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub u32);

/// Why something is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unresolved {
    /// A parameter that no call in the project gives a value.
    Parameter,
    /// An attribute of something whose type is not known.
    DynamicAttribute,
    /// What a function outside the project returns.
    ExternalResult,
    /// An element of a container whose contents are not known.
    Element,
    /// A name that comes from a star import or is bound nowhere.
    UnboundName,
    /// A library that the knowledge base does not describe.
    UnknownLibrary,
    /// More possibilities than are worth following.
    TooMany,
    /// Code that is not analysed: too deeply nested or not valid.
    Unreadable,
}

impl Unresolved {
    /// The reason, as the end of a sentence that starts with what is not known.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parameter => "it is a parameter that no call in the project gives a value",
            Self::DynamicAttribute => "it is an attribute of something whose type is not known",
            Self::ExternalResult => "it is the result of a call that is not known",
            Self::Element => "it is an element of a container whose contents are not known",
            Self::UnboundName => "the name is bound nowhere in sight",
            Self::UnknownLibrary => "it belongs to a library that is not described",
            Self::TooMany => "there are too many possibilities",
            Self::Unreadable => "the code could not be read",
        }
    }
}

/// What an expression may be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// A module of the project.
    Module(FileId),
    /// Something outside the project by its canonical dotted name: a module, function, class or constant.
    External(Name),
    /// A function or lambda of the project.
    Function(ScopeRef),
    /// A class of the project.
    Class(ScopeRef),
    /// An instance of a class of the project.
    Instance {
        /// The class; a subclass may be meant where `site` is `None`.
        class: ScopeRef,
        /// The call that makes it.
        site: Option<Site>,
    },
    /// An instance of a type outside the project; containers and literals are among them.
    ExternalInstance {
        /// The canonical dotted name of the type.
        of: Name,
        /// The call, display or comprehension that makes it.
        site: Option<Site>,
    },
    /// A method of the project, bound to its receiver.
    BoundMethod {
        /// The receiver.
        receiver: ValueId,
        /// The method.
        function: ScopeRef,
    },
    /// A method that is not the project's own, bound to its receiver.
    ExternalMethod {
        /// The receiver.
        receiver: ValueId,
        /// The type whose method it is.
        of: Name,
        /// The method's name.
        name: Name,
    },
    /// A class that a call makes (`namedtuple("Row", names)`).
    MadeClass(ExprRef),
    /// An instance of a class that a call makes.
    MadeInstance(ExprRef),
    /// A callable with some arguments filled in, by the call that makes it.
    Partial(ExprRef),
    /// A call written out for later, as `delayed(f)(x)` makes it: the callable's wrapping call.
    Delayed(ExprRef),
    /// What a call of a generator function of the project returns.
    Generator(ScopeRef),
    /// What a call of a coroutine function of the project returns.
    Coroutine(ScopeRef),
    /// `super()` in a method of this class.
    Super {
        /// The class whose bases are searched.
        class: ScopeRef,
        /// The receiver.
        receiver: ValueId,
    },
    /// An integer literal.
    Int(i64),
    /// A string literal.
    Str(Name),
    /// A boolean literal.
    Bool(bool),
    /// `None`.
    None,
    /// Something else may come here, too.
    Unknown(Unresolved),
}

/// A small sorted set of values. Most sets have at most [`FEW`] values, which need no memory of their own.
#[derive(Clone, Debug)]
pub struct ValueSet(Values);

/// As many values are kept in the set itself.
const FEW: usize = 3;

#[derive(Clone, Debug)]
enum Values {
    /// The first `count` are in the set.
    Few { count: u32, values: [ValueId; FEW] },
    /// More than [`FEW`] values.
    Many(Vec<ValueId>),
}

impl ValueSet {
    /// More values than this are not told apart.
    pub const LIMIT: usize = 16;

    /// The set of nothing: nothing is known.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Values::Few {
            count: 0,
            values: [ValueId(0); FEW],
        })
    }

    /// A set of one value.
    #[must_use]
    pub fn one(value: ValueId) -> Self {
        Self(Values::Few {
            count: 1,
            values: [value; FEW],
        })
    }

    fn as_slice(&self) -> &[ValueId] {
        match &self.0 {
            Values::Few { count, values } => &values[..*count as usize],
            Values::Many(values) => values,
        }
    }

    /// Adds a value; returns whether the set has grown. A full set takes no more.
    pub fn insert(&mut self, value: ValueId) -> bool {
        match self.as_slice().binary_search(&value) {
            Ok(_) => false,
            Err(_) if self.len() >= Self::LIMIT => false,
            Err(position) => {
                self.insert_at(position, value);
                true
            }
        }
    }

    fn insert_at(&mut self, position: usize, value: ValueId) {
        match &mut self.0 {
            Values::Few { count, values } if (*count as usize) < FEW => {
                values.copy_within(position..*count as usize, position + 1);
                values[position] = value;
                *count += 1;
            }
            Values::Few { values, .. } => {
                let mut many = Vec::with_capacity(2 * FEW);
                many.extend_from_slice(values);
                many.insert(position, value);
                self.0 = Values::Many(many);
            }
            Values::Many(values) => values.insert(position, value),
        }
    }

    /// Adds all values of another set; returns whether the set has grown.
    pub fn extend(&mut self, other: &Self) -> bool {
        if self.is_empty() {
            self.clone_from(other);
            return !other.is_empty();
        }
        let mut grown = false;
        for &value in other.as_slice() {
            grown |= self.insert(value);
        }
        grown
    }

    /// The values in order of their identifiers.
    pub fn iter(&self) -> impl Iterator<Item = ValueId> + '_ {
        self.as_slice().iter().copied()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether the set has as many values as it can hold, so that some may be missing.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() >= Self::LIMIT
    }
}

impl Default for ValueSet {
    fn default() -> Self {
        Self::empty()
    }
}

impl PartialEq for ValueSet {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for ValueSet {}

impl FromIterator<ValueId> for ValueSet {
    fn from_iter<T: IntoIterator<Item = ValueId>>(values: T) -> Self {
        let mut set = Self::empty();
        for value in values {
            set.insert(value);
        }
        set
    }
}

/// Gives equal things equal small numbers.
#[derive(Clone, Debug)]
pub struct Interner<T> {
    items: Vec<T>,
    numbers: FxHashMap<T, u32>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            numbers: FxHashMap::default(),
        }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    /// The number of an item, new or known.
    pub fn intern(&mut self, item: T) -> u32 {
        if let Some(&number) = self.numbers.get(&item) {
            return number;
        }
        let number = u32::try_from(self.items.len()).expect("internal: fewer than 2^32 things are interned");
        self.items.push(item.clone());
        self.numbers.insert(item, number);
        number
    }

    /// The item behind a number.
    #[must_use]
    pub fn get(&self, number: u32) -> &T {
        &self.items[number as usize]
    }

    /// The number of an item that is known already.
    #[must_use]
    pub fn find<Q: ?Sized + Eq + Hash>(&self, item: &Q) -> Option<u32>
    where
        T: std::borrow::Borrow<Q>,
    {
        self.numbers.get(item).copied()
    }
}

/// The values and names of a program.
#[derive(Clone, Debug, Default)]
pub struct Universe {
    values: Interner<Value>,
    names: Interner<Arc<str>>,
}

impl Universe {
    /// The identifier of a value.
    pub fn value(&mut self, value: Value) -> ValueId {
        ValueId(self.values.intern(value))
    }

    /// The value behind an identifier.
    #[must_use]
    pub fn get(&self, id: ValueId) -> &Value {
        self.values.get(id.0)
    }

    /// The identifiers of all values.
    pub fn values(&self) -> impl ExactSizeIterator<Item = ValueId> + use<> {
        let count = u32::try_from(self.values.items.len()).expect("internal: fewer than 2^32 values");
        (0..count).map(ValueId)
    }

    /// The identifier of a name.
    pub fn name(&mut self, text: &str) -> Name {
        match self.names.find(text) {
            Some(number) => Name(number),
            None => Name(self.names.intern(Arc::from(text))),
        }
    }

    /// The identifier of a name, if anything in the program has it.
    #[must_use]
    pub fn find_name(&self, text: &str) -> Option<Name> {
        self.names.find(text).map(Name)
    }

    /// The text of a name.
    #[must_use]
    pub fn text(&self, name: Name) -> &str {
        self.names.get(name.0)
    }

    /// The text of a name, shared, so that it outlives a borrow of the universe.
    #[must_use]
    pub fn shared_text(&self, name: Name) -> Arc<str> {
        self.names.get(name.0).clone()
    }
}
