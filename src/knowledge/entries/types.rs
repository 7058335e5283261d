//! What an object of a type is: whether it pickles, what it is used for, what its attributes are.

use serde::Deserialize;

use super::{Position, SecondsRange, TypeExpr, WorkerKind};

/// What a type is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeFact {
    /// Types whose methods it has, too.
    #[serde(default)]
    pub bases: Vec<String>,
    /// Whether instances pickle; unknown where left out.
    pub pickle: Option<Pickling>,
    /// What CPython says when it does not, such as `TypeError: cannot pickle '_thread.lock' object`.
    pub pickle_error: Option<String>,
    /// What part it plays between threads and processes.
    pub role: Option<Role>,
    /// How it excludes others, where it can be held.
    pub lock: Option<LockKind>,
    /// The kind of worker, for executors, pools, threads and processes.
    pub worker: Option<WorkerKind>,
    /// The argument of the constructor that gives the number of workers.
    pub workers_argument: Option<Position>,
    /// The argument of the constructor that has workers replaced after so many tasks.
    pub renewal_argument: Option<Position>,
    /// The argument of the constructor that gives the multiprocessing context.
    pub context_argument: Option<Position>,
    /// Arguments that a worker's constructor hands to the child itself (`initializer`, `initargs`).
    pub initializer_argument: Option<Position>,
    /// The argument of the constructor with the arguments of the initializer.
    pub initargs_argument: Option<Position>,
    /// Arguments of the constructor that an instance keeps and that are pickled with it.
    #[serde(default)]
    pub keeps: Vec<Position>,
    /// Pickles what it sends with cloudpickle or dill, so that closures travel.
    #[serde(default)]
    pub cloudpickle: bool,
    /// Iterating over it fails when its size changes meanwhile.
    #[serde(default)]
    pub fixed_while_iterated: bool,
    /// Each of its methods takes several steps that threads must not interleave.
    #[serde(default)]
    pub needs_lock: bool,
    /// Bytes that an instance typically holds, lower and upper bound.
    pub bytes: Option<[f64; 2]>,
    /// It is a proxy of data: each use of it is a round trip that carries a value, and waits for nothing else.
    #[serde(default)]
    pub data_proxy: bool,
    /// It is an open file or pipe; so are the types below it.
    #[serde(default)]
    pub stream: bool,
    /// It is a connection, or makes connections, that a forked child must not go on using.
    pub connection: Option<Connection>,
    /// It is a source of random numbers with a state of its own, which copies go on from.
    #[serde(default)]
    pub random_state: bool,
    /// Using it from a thread other than the one that made it is an error.
    #[serde(default)]
    pub thread_bound: bool,
    /// It holds one exchange at a time, as a connection does: uses by several threads must not interleave.
    #[serde(default)]
    pub exclusive: bool,
    /// A process that has put items on it ends only when they are in its pipe, which holds little.
    #[serde(default)]
    pub fills_pipe: bool,
    /// Methods that it calls while it holds the lock in an attribute of its own.
    pub calls_under_lock: Option<CallsUnderLock>,
    /// The argument of the constructor that lifts this when it is `False`.
    pub thread_check: Option<Position>,
    /// Leaving a `with` block of it: what happens to pending work.
    pub on_exit: Option<String>,
}

/// Whether instances of a type pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pickling {
    /// Always, provided that what it holds pickles.
    Ok,
    /// Never.
    Fails,
    /// Only while a child process is being started (multiprocessing's own primitives).
    Inherits,
    /// Not by the plain pickler, but multiprocessing's own sends them over (sockets, connections).
    Sent,
}

/// Methods that a type calls while it holds a lock of the object.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallsUnderLock {
    /// The attribute that holds the lock.
    pub attribute: String,
    /// The methods, which classes below the type write anew.
    pub methods: Vec<String>,
}

/// When an object that talks to a peer opens its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connection {
    /// When it is made.
    Open,
    /// When it is first used.
    OnUse,
}

/// The part that a type plays between threads and processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A non-reentrant lock.
    Lock,
    /// A reentrant lock.
    Rlock,
    /// A condition variable.
    Condition,
    /// A semaphore.
    Semaphore,
    /// An event.
    Event,
    /// A barrier.
    Barrier,
    /// A queue between threads.
    Queue,
    /// A queue between processes.
    ProcessQueue,
    /// A lock, event, condition or semaphore between processes.
    ProcessPrimitive,
    /// A value in shared memory.
    SharedValue,
    /// A proxy of a manager, each use a round trip.
    Proxy,
    /// A manager process.
    Manager,
    /// An executor (`submit`, `map`, `shutdown`).
    Executor,
    /// A multiprocessing pool (`map`, `apply_async`, `close`, `join`).
    Pool,
    /// A thread or process object (`start`, `join`).
    Worker,
    /// A future.
    Future,
    /// An asynchronous result of a pool.
    AsyncResult,
    /// State that each thread has for itself.
    ThreadLocal,
    /// A multiprocessing context.
    Context,
    /// An event loop.
    EventLoop,
}

/// How something that can be held excludes others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockKind {
    /// Once, even for the thread that holds it.
    Plain,
    /// Any number of times by the thread that holds it.
    Reentrant,
    /// As the lock that its constructor is given does; without one it is reentrant.
    Condition,
    /// As a [`Self::Condition`], but plain without a lock.
    PlainCondition,
    /// A number of times, whoever asks.
    Counting,
}

/// An attribute of a module or type that is not a call.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeFact {
    /// The type of its value.
    pub returns: Option<TypeExpr>,
    /// Seconds that reading it holds the GIL, where it is a costly property.
    pub interpreter: Option<SecondsRange>,
}
