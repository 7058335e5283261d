//! The names of what the language itself makes: types of literals and displays, and the words that `returns` entries of
//! the knowledge base use for a call's own parts. Everything else that has a name lives in `rules/knowledge`.

/// The type of strings.
pub const STR: &str = "builtins.str";
/// The type of byte strings.
pub const BYTES: &str = "builtins.bytes";
/// The type of integers.
pub const INT: &str = "builtins.int";
/// The type of floating-point numbers.
pub const FLOAT: &str = "builtins.float";
/// The type of truth values.
pub const BOOL: &str = "builtins.bool";
/// The type of slices.
pub const SLICE: &str = "builtins.slice";
/// The type of list displays.
pub const LIST: &str = "builtins.list";
/// The type of tuple displays.
pub const TUPLE: &str = "builtins.tuple";
/// The type of set displays.
pub const SET: &str = "builtins.set";
/// The type of dict displays.
pub const DICT: &str = "builtins.dict";
/// The type of generator expressions and of what generator functions return.
pub const GENERATOR: &str = "builtins.generator";
/// The type of what gives elements and is no more than that.
pub const ITERATOR: &str = "builtins.iterator";
/// The type above all exceptions.
pub const BASE_EXCEPTION: &str = "builtins.BaseException";
/// The type of `None`.
pub const NONE_TYPE: &str = "builtins.None";
/// Types whose instances cannot be called, all of which but the numbers can be iterated.
pub const PLAIN_TYPES: [&str; 12] = [
    STR, BYTES, INT, FLOAT, BOOL, SLICE, LIST, TUPLE, SET, DICT, GENERATOR, NONE_TYPE,
];
/// The class above all exceptions that are failures.
pub const EXCEPTION: &str = "builtins.Exception";
/// Exceptions that end a thread or mark a method as abstract, rather than report a failure.
pub const NO_FAILURES: [&str; 2] = ["builtins.NotImplementedError", "builtins.SystemExit"];
/// Where names live that nothing binds.
pub const BUILTINS: &str = "builtins";

/// In `returns`: the receiver's own type.
pub const SELF: &str = "self";
/// In `returns`: an element of the receiver.
pub const ELEMENT: &str = "element";
/// In `returns`: an argument, by position or name after the colon.
pub const ARGUMENT: &str = "argument:";

/// The variable that holds a module's name.
pub const MODULE_NAME: &str = "__name__";
/// The name of the module that is run.
pub const MAIN: &str = "__main__";
/// The name of that module in a child process that imports it again.
pub const CHILD_MAIN: &str = "__mp_main__";
/// The constant that holds only for type checkers.
pub const TYPE_CHECKING: &str = "TYPE_CHECKING";
/// The attribute of `sys` that holds the arguments of the command line.
pub const ARGUMENT_VECTOR: &str = "argv";
/// The method of strings that asks how they start.
pub const STARTS_WITH: &str = "startswith";
/// What the interpreter calls Windows, in lower case.
pub const WINDOWS: [&str; 4] = ["nt", "win", "win32", "windows"];
/// What the interpreter calls all other systems.
pub const POSIX: &str = "posix";
/// What a failed `assert` raises.
pub const ASSERTION_ERROR: &str = "builtins.AssertionError";
/// The attribute by which the pickler looks a function up in its module.
pub const QUALIFIED_NAME: &str = "__qualname__";
/// The method that sets up an instance.
pub const INIT: &str = "__init__";
/// The method that stores an attribute.
pub const SETATTR: &str = "__setattr__";
/// The method that a call of an instance runs.
pub const CALL: &str = "__call__";
/// Under a pool's type in the knowledge base: the function that each of its workers runs first.
pub const INITIALIZER: &str = "initializer";
/// The attribute of a property that makes a decorator for the function that stores.
pub const SETTER: &str = "setter";
/// The method that a `with` block starts with.
pub const ENTER: &str = "__enter__";
/// The methods that stand for one element of an object: `x[key]`, `key in x`, `next(x)`.
pub const ELEMENT_METHODS: [&str; 3] = ["__getitem__", "__contains__", "__next__"];
/// The method that a thread or process runs.
pub const RUN: &str = "run";
/// The method that a loop over an object runs.
pub const ITER: &str = "__iter__";
/// The method of a thread or process object that has a worker run [`RUN`].
pub const START: &str = "start";
/// The method that a `with` block ends with.
pub const EXIT: &str = "__exit__";
