//! Options from the command line and from files, resolved into [`Settings`].
//!
//! In: raw options. Out: one [`Settings`] a run. Must not know: Python code.

pub mod settings;

pub use settings::{Platform, PythonVersion, Settings, StartMethod, VersionRange};
