//! Changes to source files: fixes, comments that switch findings off, and writing a changed text back.
//!
//! In: texts and what is to be changed. Out: texts, and files in the encoding that they had. Must not know: rules.

mod ignore;
mod layout;
mod rounds;
mod write;

pub use ignore::{Ignored, add_ignores};
pub use layout::Layout;
pub use rounds::{Round, one_round};
pub use write::{WriteError, write_back};
