//! The command line: parsed arguments, one file per command, exit codes.
//!
//! In: arguments. Out: text on the standard streams and an exit code: 0 clean, 1 findings, 2 the user's mistake, 3 ours; 130 after Ctrl-C.

mod advise;
mod arguments;
mod check;
mod config;
mod confirm;
mod error;
mod explain;
mod fix;
mod generate;
mod guard;
mod init;
mod known;
mod output;
mod progress;
mod rules;
mod run;
mod terminal;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use arguments::{Arguments, Command};
use error::{CliError, USAGE};

/// Runs the program on the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return without_arguments(&error),
    };
    match guard::guarded(move || dispatch(arguments)) {
        Ok(code) => ExitCode::from(code),
        // Whoever read the output has seen enough.
        Err(CliError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<u8, CliError> {
    match arguments.command {
        None => check::run(arguments.check),
        Some(Command::Check(check)) => check::run(check),
        Some(Command::Advise(advise)) => advise::run(advise),
        Some(Command::Confirm(confirm)) => confirm::run(&confirm),
        Some(Command::Explain(explain)) => explain::run(&explain),
        Some(Command::Rules(rules)) => rules::run(&rules),
        Some(Command::Config(config)) => config::run(config),
        Some(Command::Init(init)) => init::run(&init),
        Some(Command::Completions(completions)) => generate::completions(&completions),
        Some(Command::Man) => generate::man(),
    }
}

/// Help and version are asked for; everything else is a mistake, told in one line.
fn without_arguments(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return match error.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(error::INTERNAL),
        };
    }
    let text = error.render().to_string();
    let parts = text.split("\n\n").map(str::trim);
    let parts = parts.filter(|part| part.starts_with("error:") || part.starts_with("tip:"));
    let parts: Vec<String> = parts
        .map(|part| part.trim_start_matches("error:").trim().to_owned())
        .collect();
    complain(&format!("{} (see `concheck --help`)", parts.join("; ")));
    ExitCode::from(USAGE)
}

/// One line on standard error; when that is closed, the exit code has to do.
fn complain(message: &str) {
    let line: Vec<_> = message.split_whitespace().collect();
    let _ = writeln!(io::stderr(), "concheck: {}", line.join(" "));
}
