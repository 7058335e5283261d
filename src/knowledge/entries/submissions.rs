//! How an API hands work over: to whom, with which arguments, when it pickles and starts.

use serde::Deserialize;

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
