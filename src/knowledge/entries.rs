//! The shape of the entries in `rules/knowledge`.
//!
//! A library's file has a `[library]` table and any of `[calls]`, `[types]`, `[attributes]`, `[aliases]`; keys are dotted
//! names, sorted, one line an entry. `submissions.toml` has `[[submission]]` tables.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer};

/// Seconds, lower and upper bound, `0 <= lower <= upper`.
pub type SecondsRange = [f64; 2];

/// What one call of a function, method or constructor does.
///
/// The three parts add up: `interpreter` seconds hold the GIL (Python code and C code that keeps it), `native` seconds
/// have released it, `wait` seconds sleep in the operating system. A part that is left out is zero. With `grows`, each
/// part is per unit of the size of the argument that `size` selects.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallFact {
    /// Seconds that hold the GIL.
    pub interpreter: Option<SecondsRange>,
    /// Seconds of C code that has released the GIL.
    pub native: Option<SecondsRange>,
    /// Seconds of waiting.
    pub wait: Option<SecondsRange>,
    /// What is waited for; goes with `wait`.
    pub on: Option<WaitOn>,
    /// The unit that the parts are counted in; per call where left out.
    pub grows: Option<Growth>,
    /// The argument whose size counts: a position, a keyword, or `self` for a method's receiver. The default is the
    /// receiver for methods of a type and argument 0 for functions.
    pub size: Option<Selector>,
    /// Below this many bytes the `native` part holds the GIL instead (hashlib: 2048).
    pub releases_above: Option<u64>,
    /// The type of the result, such as `builtins.list[builtins.str]`; `self` is the receiver's own type, `argument:N`
    /// the type of an argument, `element` an element of the receiver or of argument 0.
    pub returns: Option<TypeExpr>,
    /// Callables among the arguments that this call runs itself.
    #[serde(default)]
    pub invokes: Vec<Invocation>,
    /// Callables among the arguments whose results the call gives or its result fills itself with; they run later.
    #[serde(default)]
    pub factories: Vec<Position>,
    /// The wait has no upper bound but what another unit does, unless one of these arguments (a time-out) is given.
    /// A `timeout` of zero-argument calls is written as an empty list.
    pub until: Option<Vec<Selector>>,
    /// The call never raises in a correct program (`list.append`, `len` of a list).
    #[serde(default)]
    pub cannot_raise: bool,
    /// A callable argument that runs in a child process between fork and exec.
    pub runs_before_exec: Option<Position>,
    /// Adds to the receiver or takes from it, so that its size may change.
    #[serde(default)]
    pub resizes: bool,
    /// Flags that keep the call from waiting where one of them is among the arguments.
    #[serde(default)]
    pub instant_with: Vec<String>,
    /// Gives a live view of the receiver, not a copy.
    #[serde(default)]
    pub is_view: bool,
    /// The argument that gives the lock under which the call, a decorator, uses its first argument.
    pub lock_argument: Option<Position>,
    /// May be called from any thread although its receiver belongs to one.
    #[serde(default)]
    pub any_thread: bool,
    /// The argument that gives the shape or length of the array that is made, 8 bytes an element.
    pub allocates: Option<Position>,
    /// Side effects that matter before somebody else's code is run for a measurement.
    #[serde(default)]
    pub effects: Vec<SideEffect>,
    /// The argument whose text says how a file is opened; without one, or with a text such as `r`, it is only read.
    pub mode_argument: Option<Position>,
    /// What the call is in the life of a worker, pool, future or result: that of its receiver, or of its arguments.
    pub step: Option<LifeStep>,
}

/// What a call is in the life of a worker, pool, future or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LifeStep {
    /// Starts a worker.
    Start,
    /// Waits until a worker, pool or queue is done.
    Join,
    /// Ends it: `close`, `terminate`, `shutdown`, `cancel`.
    Close,
    /// Gives the outcome of a task, its exception included.
    Outcome,
    /// Has the outcome of a task handed to a callback.
    Callback,
    /// Looks at its state without waiting and without an outcome.
    Peek,
    /// Waits for the futures among its arguments and gives them back.
    Waits,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WaitOn {
    /// A peer over the network.
    Network,
    /// A file system.
    Disk,
    /// A child process.
    Process,
    /// The clock.
    Sleep,
    /// A lock, event, condition, barrier, thread or future.
    Lock,
    /// An item on a queue.
    Queue,
    /// A person, a GPU, a serial line.
    Device,
}

impl WaitOn {
    /// The object of "waits for ...".
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Network => "the network",
            Self::Disk => "the disk",
            Self::Process => "another process",
            Self::Sleep => "the clock",
            Self::Lock => "another thread",
            Self::Queue => "a queue",
            Self::Device => "a device or a person",
        }
    }
}

/// The unit that costs are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Growth {
    /// Bytes of a string, buffer, array or file.
    Bytes,
    /// Elements of a container.
    Elements,
}

/// Selects an argument of a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(untagged)]
pub enum Selector {
    /// By position, from 0, the receiver of a method not counted.
    Position(u32),
    /// By keyword; `self` is the receiver.
    Keyword(String),
}

/// A callable argument that the call runs in place.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invocation {
    /// The callable's position, if it can be passed by position.
    pub position: Option<u32>,
    /// The callable's keyword, if it can be passed by keyword.
    pub keyword: Option<String>,
    /// `true`: once an element of the sized argument; `false`: once.
    #[serde(default)]
    pub per_element: bool,
    /// Runs only when the result is iterated (`map`, `filter`).
    #[serde(default)]
    pub lazy: bool,
}

/// Side effects that a measurement must not cause unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SideEffect {
    /// Creates or changes files.
    WritesFiles,
    /// Removes files.
    DeletesFiles,
    /// Talks to other machines.
    UsesNetwork,
    /// Starts processes.
    StartsProcesses,
    /// Reads or changes a database.
    UsesDatabase,
}

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

/// What a call does to what units share: locks, queues, events, futures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Takes the receiver, a lock.
    Acquire,
    /// Gives the receiver back.
    Release,
    /// Wakes those that wait for the receiver.
    Signal,
    /// Waits until the receiver is signalled.
    AwaitSignal,
    /// Puts an item on the receiver.
    Put,
    /// Takes an item from the receiver, or waits for one.
    Take,
    /// Takes an item from the receiver, or raises.
    TakeNow,
    /// Says that an item has been dealt with.
    TaskDone,
    /// Waits until all items have been dealt with.
    JoinQueue,
    /// Says whether or how many items wait on the receiver.
    CountsItems,
    /// Waits for the result of the receiver.
    AwaitResult,
    /// Waits for the results of the elements of argument 0.
    AwaitResults,
    /// Has argument 0 called when the receiver is done.
    AddCallback,
    /// A context manager that swallows exceptions.
    Suppress,
    /// Reads data that may not be what it should be, and raises then.
    Parse,
    /// Says which thread or process this is.
    NamesThread,
    /// Stops the receiver, a worker, whatever it is doing.
    StopsWorker,
    /// Says whether something is at a path: the receiver, or argument 0 for functions.
    ChecksPath,
    /// Makes a folder at a path, and fails where there is one unless a flag is `True`.
    MakesPath,
    /// Removes what is at a path, and fails where there is nothing unless a flag is `True`.
    RemovesPath,
    /// Changes something that the whole process has only one of; as an attribute: is such a thing.
    ChangesProcess,
    /// Raises in a thread other than the first.
    MainThreadOnly,
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

/// The kinds of worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkerKind {
    /// A thread of this interpreter.
    Thread,
    /// A process.
    Process,
    /// An interpreter of its own in this process.
    Interpreter,
    /// The event loop's own thread.
    EventLoop,
    /// Not a worker: runs at once, in the caller.
    Inline,
}

impl WorkerKind {
    /// The word used in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Thread => "thread",
            Self::Process => "process",
            Self::Interpreter => "interpreter",
            Self::EventLoop => "event-loop",
            Self::Inline => "inline",
        }
    }
}

/// Where an argument stands in a signature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Its position, from 0, the receiver not counted.
    pub position: Option<u32>,
    /// Its name.
    pub keyword: Option<String>,
}

/// One way of handing work over.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmissionShape {
    /// The canonical dotted name of what is called: a function, a constructor or a method.
    pub api: String,
    /// Who runs the work.
    pub worker: WorkerChoice,
    /// Where the callable stands; `None` for classes whose `run` method is the work.
    pub callable: Option<Position>,
    /// Where an argument stands that must be left out, although a callable is easily put there.
    pub group_at: Option<Position>,
    /// How the callable's arguments are passed.
    pub arguments: ArgumentsShape,
    /// Where the tuple of arguments or the iterable stands.
    pub arguments_at: Option<Position>,
    /// Where the dict of keyword arguments stands.
    pub keywords_at: Option<Position>,
    /// One run, or one an element.
    pub fan_out: FanOut,
    /// What the submitting call returns.
    pub result: SubmissionResult,
    /// When callable and arguments are pickled.
    pub pickles: PicklingMoment,
    /// When the worker starts to run.
    pub starts: StartsWhen,
    /// Elements that travel together; `None` where there is no such notion, 0 where the library picks a good size.
    pub default_chunksize: Option<u32>,
    /// Where a chunk size can be given.
    pub chunksize: Option<Position>,
    /// Where a completion callback can be given.
    #[serde(default)]
    pub callbacks: Vec<Position>,
    /// Arguments that are the library's own and never reach the callable.
    #[serde(default)]
    pub own_keywords: Vec<String>,
    /// The submitted callable may be a coroutine function.
    #[serde(default)]
    pub takes_coroutine_functions: bool,
    /// Arguments of the receiver's constructor that choose the worker, first match wins.
    #[serde(default)]
    pub backends: Vec<Backend>,
}

/// A constructor argument that chooses the worker of a library's submissions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backend {
    /// The argument's name.
    pub keyword: String,
    /// The string that chooses.
    pub value: String,
    /// The worker that it chooses.
    pub worker: WorkerKind,
    /// What is sent is pickled by the standard pickler.
    #[serde(default)]
    pub standard_pickle: bool,
}

/// Who runs submitted work.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkerChoice {
    /// A thread.
    Thread,
    /// A process.
    Process,
    /// An interpreter.
    Interpreter,
    /// The event loop.
    EventLoop,
    /// What the receiver (an executor, pool or context) says.
    Receiver,
    /// What the executor in argument 0 says; the default executor's threads where it is `None`.
    ExecutorArgument,
    /// What the backend arguments of the library say; processes where nothing is said.
    Backend,
}

/// How the callable's arguments are passed to a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArgumentsShape {
    /// The positional arguments after the callable and the keywords that are not the library's own.
    Rest,
    /// As a tuple and a dict.
    ArgsKwargs,
    /// One element of the iterable after the callable at a time (`Pool.map`).
    OneIterable,
    /// Elements of the iterables after the callable in step (`Executor.map`).
    Iterables,
    /// Each element of the iterable is the tuple of arguments (`starmap`).
    TupleIterable,
    /// The work is a call written out (`delayed(f)(x)`).
    DelayedCalls,
    /// None.
    Nothing,
}

/// How many runs one submission makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FanOut {
    /// One.
    One,
    /// One an element.
    Map,
}

/// What a submitting call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubmissionResult {
    /// The worker object itself.
    Worker,
    /// A `concurrent.futures` future.
    Future,
    /// A pool's asynchronous result.
    AsyncResult,
    /// A lazy iterator over results.
    Iterator,
    /// The results: the call blocks.
    Results,
    /// The result: the call blocks.
    Result,
    /// Something to await.
    Awaitable,
    /// A wrapped callable that submits when it is called.
    Wrapper,
    /// Nothing.
    Nothing,
}

/// When a submission pickles the callable and its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PicklingMoment {
    /// Whenever the worker is a process, under every start method.
    Always,
    /// Only where the child does not come from a fork.
    NotUnderFork,
    /// Never.
    Never,
    /// With cloudpickle or the like, which takes closures.
    Cloudpickle,
}

/// When the worker starts to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartsWhen {
    /// At the call.
    AtCall,
    /// At `.start()`.
    AtStart,
}

/// The name of a type with its arguments: `builtins.list[builtins.str]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeExpr {
    /// The dotted name.
    pub name: String,
    /// The arguments in brackets.
    pub arguments: Vec<TypeExpr>,
}

impl fmt::Debug for TypeExpr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl fmt::Display for TypeExpr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        if !self.arguments.is_empty() {
            formatter.write_str("[")?;
            for (index, argument) in self.arguments.iter().enumerate() {
                if index > 0 {
                    formatter.write_str(", ")?;
                }
                write!(formatter, "{argument}")?;
            }
            formatter.write_str("]")?;
        }
        Ok(())
    }
}

impl std::str::FromStr for TypeExpr {
    type Err = String;

    /// Reads `name` or `name[argument, ...]`.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Some(open) = text.find('[') else {
            return if text.is_empty() || text.contains([']', ',', ' ']) {
                Err(format!("`{text}` is not a type"))
            } else {
                Ok(Self {
                    name: text.to_owned(),
                    arguments: Vec::new(),
                })
            };
        };
        let inner = text[open + 1..]
            .strip_suffix(']')
            .ok_or_else(|| format!("`{text}` lacks its closing bracket"))?;
        let mut arguments = Vec::new();
        let (mut depth, mut start) = (0_i32, 0);
        for (index, character) in inner.char_indices() {
            match character {
                '[' => depth += 1,
                ']' => depth -= 1,
                ',' if depth == 0 => {
                    arguments.push(inner[start..index].parse()?);
                    start = index + 1;
                }
                _ => {}
            }
        }
        arguments.push(inner[start..].parse()?);
        Ok(Self {
            name: text[..open].trim().to_owned(),
            arguments,
        })
    }
}

impl<'de> Deserialize<'de> for TypeExpr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a call means to the flow of values, where a type and a cost do not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Semantic {
    /// `functools.partial`.
    Partial,
    /// `super`.
    Super,
    /// `getattr` with a literal name.
    Getattr,
    /// `setattr` with a literal name.
    Setattr,
    /// `type` with one argument.
    TypeOf,
    /// A decorator that gives back the function that it is given, or makes such a decorator.
    KeepsFunction,
    /// As above; results are kept and not computed again.
    CachesFunction,
    /// A decorator that may call the function several times.
    RetriesFunction,
    /// `property` and its like.
    Property,
    /// `staticmethod`.
    StaticMethod,
    /// `classmethod`.
    ClassMethod,
    /// A decorator that turns a generator function into a context manager.
    ContextManager,
    /// A decorator that turns annotated class attributes into constructor parameters.
    Dataclass,
    /// A new container with the elements of argument 0.
    CopiesElements,
    /// A new list whose elements are the results of argument 0 for the elements of argument 1.
    Map,
    /// A new list with the elements of argument 1.
    Filter,
    /// Tuples with an element of each argument.
    Zip,
    /// Tuples of a number and an element.
    Enumerate,
    /// Tuples of a key and an element of the receiver.
    Items,
    /// The elements of the receiver as a new container.
    Values,
    /// Gives what its factories give (`field(default_factory=...)`), or what else it is said to return.
    GivesResult,
    /// A new container that fills itself with what its factories give (`defaultdict`).
    MakesElements,
    /// Makes a class, under the name in argument 0.
    MakesClass,
    /// Puts argument 0 into the receiver.
    Adds,
    /// Puts argument 1 into the receiver under argument 0.
    AddsSecond,
    /// Puts argument 1 into the receiver under argument 0 and gives an element.
    SetDefault,
    /// Puts the elements of argument 0 into the receiver.
    AddsAll,
    /// An element of the receiver, or of argument 0 for functions; argument 1 is a default.
    Element,
    /// Argument 0 itself.
    Argument,
    /// Argument 1 itself.
    SecondArgument,
    /// The receiver itself.
    Receiver,
    /// A context manager that enters to argument 0 (`closing`).
    EntersArgument,
    /// What entering argument 0 gives (`ExitStack.enter_context`).
    EnterContext,
    /// Wraps a callable so that a call of it is written down for later.
    Delayed,
    /// Runs coroutines: gives what argument 0 returns.
    RunsCoroutine,
    /// The iteration count is the literal arguments'.
    Range,
    /// The number of elements of argument 0.
    Length,
    /// Sets the process-wide start method from argument 0.
    SetStartMethod,
    /// Gives a context of the start method in argument 0.
    GetContext,
    /// Iterates at most a bounded number of elements or for ever (`itertools.count`).
    Endless,
    /// As above; each element is argument 0.
    Repeats,
    /// Teaches the pickler how to pickle the type in argument 0.
    RegistersPickling,
    /// Ends the program or thread (`sys.exit`).
    Exits,
    /// Tells the first process of a program from its children (`current_process`, `parent_process`).
    IdentifiesProcess,
    /// Makes a child process that is a copy of this one (`os.fork`).
    Forks,
    /// Replaces the program of this process (`os.execv`).
    Execs,
    /// Lets a process end although items that it has put are not yet written (`Queue.cancel_join_thread`).
    AbandonsItems,
    /// Changes the receiver, or argument 0 for functions, without putting anything in (`list.sort`).
    Changes,
    /// Draws from a random state that belongs to the whole process.
    DrawsRandom,
    /// Seeds a random state that belongs to the whole process.
    SeedsRandom,
    /// Draws from a random state of the whole process that forked children seed afresh.
    DrawsFreshRandom,
    /// Seeds a random state of the whole process that forked children seed afresh.
    SeedsFreshRandom,
    /// Lets go of the connections that the receiver has inherited, so that it opens its own.
    ResetsConnection,
    /// Has a function run after each fork.
    RunsAfterFork,
    /// The position of argument 0 in the receiver.
    Position,
    /// Gives the names of the module whose code calls it (`globals`).
    ModuleNamespace,
}

/// What a call means to the event loop in whose thread it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoopUse {
    /// Gives something to await; holds for everything below the name.
    Awaitable,
    /// Other linters report a plain call of it in a coroutine function.
    Linted,
    /// Waits or not by an option or a setting of the object; holds for everything below the name.
    MayNotBlock,
    /// Makes the object not wait.
    TurnsNonBlocking,
    /// Changes the loop's state, which only the loop's own thread may.
    TouchesLoop,
    /// Runs a loop until something is done, which fails while another one runs in the thread.
    RunsLoop,
    /// Makes a loop for the thread.
    MakesLoop,
    /// Has the loop do something, from any thread.
    WakesLoop,
    /// Patches the loop so that another may run inside.
    AllowsNesting,
    /// Tells whether a loop runs.
    AsksForLoop,
    /// Tells that waiting is over, or waits for that without blocking.
    Settles,
}

/// A library's file, as written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LibraryFile {
    /// What the file is about.
    pub(super) library: Option<LibraryHeader>,
    /// What calls do.
    #[serde(default)]
    pub(super) calls: BTreeMap<String, CallFact>,
    /// What types are.
    #[serde(default)]
    pub(super) types: BTreeMap<String, TypeFact>,
    /// What attributes are.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, AttributeFact>,
    /// Other names of the same thing -> canonical name.
    #[serde(default)]
    pub(super) aliases: BTreeMap<String, String>,
    /// What calls mean to the flow of values.
    #[serde(default)]
    pub(super) semantics: BTreeMap<String, Semantic>,
    /// What calls mean to an event loop.
    #[serde(default, rename = "event-loop")]
    pub(super) event_loop: BTreeMap<String, LoopUse>,
    /// What calls do to what units share.
    #[serde(default)]
    pub(super) operations: BTreeMap<String, Operation>,
    /// Ways of handing work over.
    #[serde(default)]
    pub(super) submission: Vec<SubmissionShape>,
}

/// What a library's file is about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LibraryHeader {
    /// The name of the distribution, or `stdlib`.
    pub(super) name: String,
    /// Where the figures come from.
    pub(super) source: String,
    /// Seconds that each call holds the GIL at least, before it gets to work (checking arguments, finding a loop).
    pub(super) call: Option<SecondsRange>,
}
