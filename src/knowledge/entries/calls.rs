//! What a call does: its cost, what it waits for, what it means to values, lives and event loops.

use serde::Deserialize;

use super::{Position, TypeExpr};

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
    /// The argument that runs in the parent before each fork.
    pub runs_before_fork: Option<Position>,
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
    /// The argument that the server process which is started runs first.
    pub initializer_argument: Option<Position>,
    /// The arguments of that.
    pub initargs_argument: Option<Position>,
    /// The argument whose text says how a file is opened; without one, or with a text such as `r`, it is only read.
    pub mode_argument: Option<Position>,
    /// What the call is in the life of a worker, pool, future or result: that of its receiver, or of its arguments.
    pub step: Option<LifeStep>,
    /// The worker processes that the library starts for its own use when the call is made, or when its result is iterated.
    pub workers: Option<LibraryWorkers>,
}

/// Worker processes that a library starts itself, and that run the main module's top level again unless they are forked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibraryWorkers {
    /// By `spawn` on every platform; without it by the default start method.
    #[serde(default)]
    pub spawned: bool,
    /// The argument that says whether there are any, or how many.
    pub switch: Position,
    /// Whether there are any where the switch is not given.
    #[serde(default)]
    pub by_default: bool,
    /// Arguments with one of which there are none, or nothing is known of them.
    #[serde(default)]
    pub unless: Vec<Position>,
    /// They start whenever the result is iterated, not when the call is made.
    #[serde(default)]
    pub when_iterated: bool,
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
    /// Tells people of the exception that is being handled.
    Reports,
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
    /// The name of the system that the program runs on (`sys.platform`).
    IdentifiesSystem,
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
    /// Waits until one of several things is ready to be asked.
    Polls,
    /// An exception that is raised in the place of waiting.
    WouldBlock,
    /// Puts a task on the loop, which only the loop's own thread may.
    MakesTask,
}
