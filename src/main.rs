//! The `concheck` program: hands its arguments to the library and turns the outcome into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    concheck::cli::main()
}
