//! Options from the command line and from files, resolved into [`Settings`].
//!
//! In: raw options. Out: one [`Settings`] a run; the command line is stronger than the nearest file, which is stronger
//! than the defaults. Must not know: Python code.

mod choices;
mod error;
mod file;
mod options;
mod resolve;
mod selection;
pub mod settings;
mod versions;

pub use choices::{KEYS, confidence, platforms, start_method, target_version};
pub use error::{ConfigError, Problem};
pub use options::Options;
pub use resolve::{Request, resolve};
pub use selection::{KnownRules, Selection};
pub use settings::{Platform, PythonVersion, Settings, StartMethod, VersionRange};
