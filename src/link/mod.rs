//! From files to a program: modules, imports, classes, values, calls and submissions.
//!
//! In: the facts of all files. Out: [`Program`]. Must not know: costs, rules, findings.

pub mod index;
pub mod language;
pub mod modules;
pub mod program;
pub mod reach;
pub mod solver;
pub mod start_settings;
pub mod submissions;
pub mod values;

pub use program::{Callee, Program};
pub use start_settings::StartSetting;
pub use submissions::{Intent, Slot, Submission, Target, TaskArgument, Worker};
