//! Options from the command line and from files, resolved into [`Settings`].
//!
//! In: raw options. Out: one [`Settings`] a run; the command line is stronger than the nearest file, which is stronger
//! than the defaults. What is true of the program (versions, platforms, knowledge) is said once a run, by the nearest
//! file above all paths; which rules speak is said by the file nearest to each source file. Must not know: Python code.

mod catalogue;
mod choices;
mod describe;
mod error;
mod file;
mod initial;
mod options;
mod resolve;
mod selection;
pub mod settings;
mod versions;

pub use catalogue::{OptionEntry, Values, keys, options, schema};
pub use choices::{confidence, platforms, severity, start_method, target_version};
pub use describe::{Described, describe, describe_nested};
pub use error::{ConfigError, Problem};
pub use initial::{InitError, initial_file, initial_section, keep_our_codes};
pub use options::{Options, Origin};
pub use resolve::{Request, Resolved, add_nested, nested, resolve};
pub use selection::{KnownRules, Selection, Selections, covers};
pub use settings::{ConfirmSettings, Platform, PythonVersion, Settings, StartMethod, VersionRange};

/// The JSON Schema of the options, for editors.
pub const OPTIONS_SCHEMA: &str = include_str!("../../schemas/concheck.schema.json");
