//! concheck: a linter for the way Python programs hand work to threads, processes, executors and event loops.
pub mod advice;
pub mod cli;
pub mod config;
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
