//! concheck: a linter for the way Python programs hand work to threads, processes, executors and event loops.
//!
//! # The map
//!
//! Data flows one way, each stage reads only what stands before it:
//!
//! | stage | in | out |
//! |---|---|---|
//! | [`source`] | paths | decoded files, line indexes, module names, suppressions |
//! | `parse`, [`facts`] | text | [`facts::FileFacts`]: scopes, statements and expressions in arenas, names bound |
//! | [`link`] | facts of all files | [`link::Program`]: values of every expression, classes, calls, submissions |
//! | [`summary`] | the program | per function: work profile; per program: pickling, start-up, sharing, locks, lives |
//! | [`advice`] | a submission, profiles | class, best worker, predicted speed-up |
//! | [`rules`] | all of the above | findings, unfiltered |
//! | [`pipeline`] | sources, settings | findings that are neither suppressed nor switched off |
//! | [`report`] | findings | terminal, concise, JSON, SARIF and the formats of CI services |
//! | [`confirm`] | findings about speed, the program | measured verdicts |
//!
//! [`knowledge`] is the data under `rules/knowledge`: what API calls cost, return and mean. [`config`] resolves options
//! into settings; [`edit`] writes changed sources back, [`changes`] asks git what is new; [`cli`] is the rim. Adding a
//! rule is one file in `src/rules`, one page in `rules/` and one folder in `fixtures/`; adding an API is one line of TOML.
//!
//! # Where the design was changed, and why
//!
//! - Every file is parsed: at some 40 MB/s that costs less than the question whether to. The demand is applied to the
//!   expensive stage instead: values are computed only for files that mention a worker, what they import, and who
//!   imports them ([`link::reach`]).
//! - Facts are a lowered tree, not a list of calls: rules about loops, locks and lives need statements in their order.
//! - An estimate has a typical value beside its bounds: two wide intervals nearly always overlap, what is usual does not.
//! - Waiting for another part of the program (a queue, a lock) is kept apart from waiting for the outside: a consumer
//!   thread that decodes what it is handed is judged by what it does in a round, not by how long its queue is empty.
//! - What stays within a handful of calls is believed, what takes a longer way is shown on request: over many calls the
//!   doubts about branches and overrides add up (CC301, CC602, CC603, CC906).
//! - Calls that are not known weigh by the root of how often they are made: what stands in an inner loop is mostly cheap.
//! - Functions that call each other are gone through twice, and see each other's results in the same round; how often one
//!   runs that calls itself with a smaller number several times grows with a power of that number.
//! - What one cause does in many places is one finding, with the other places as notes (CC301, CC504, CC602).
//! - What a decorator of the project puts in the place of a function is what runs; only its own code means the function.
//! - A server that handles requests in threads is a submission of its handler's methods, with an object a request.
//! - A baseline entry that is no longer found is told on standard error and is no finding: getting better fails no build.
//! - Tests rank lower, and what is only about lost time is not reported there unless asked for.
//!
//! # Invariants
//!
//! 1. Only `parse` and [`facts`] name the parser crate.
//! 2. Facts are per file and serialisable; nothing in them refers to another file.
//! 3. No API name stands in Rust code but the language's own types and methods ([`link::language`]).
//! 4. Not knowing is a value with a reason ([`link::values::Unresolved`]); it lowers confidence and is never "trivial".
//! 5. Value sets only grow and are bounded; the bound on rounds is a safety net and shows ([`link::solver::Solution`]).
//! 6. Rules hold no analysis, summaries hold no findings.
//! 7. After reading, nothing fails: whatever is wrong with a file becomes a diagnostic, and the run goes on.
//! 8. The same input gives the same bytes, whatever the number of threads.
//! 9. Only [`confirm`] runs the code that is analysed, and whatever that starts is ended with it.
//! 10. Bad fixtures are proven on CPython where that is possible; the examples on rule pages are run by the tests.

pub mod advice;
pub mod changes;
pub mod cli;
pub mod config;
pub mod confirm;
pub mod edit;
pub mod facts;
pub mod finding;
pub mod knowledge;
pub mod link;
mod parse;
pub mod pipeline;
pub mod report;
pub mod rules;
pub mod source;
pub mod summary;
