//! `concheck completions` and `concheck man`: what is made from the description of the arguments.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::generate;
use clap_mangen::Man;

use super::arguments::{Arguments, CompletionsArguments};
use super::error::CliError;

/// Prints the completions for a shell.
pub(super) fn completions(arguments: &CompletionsArguments) -> Result<u8, CliError> {
    let mut text = Vec::new();
    generate(arguments.shell, &mut Arguments::command(), "concheck", &mut text);
    print(&text)
}

/// Prints the manual page, with the commands one after the other.
pub(super) fn man() -> Result<u8, CliError> {
    let mut text = Vec::new();
    let mut command = Arguments::command();
    command.build();
    Man::new(command.clone()).render(&mut text)?;
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        let page = Man::new(inner.clone());
        writeln!(text, ".SH \"CONCHECK {}\"", inner.get_name().to_uppercase())?;
        page.render_description_section(&mut text)?;
        page.render_options_section(&mut text)?;
    }
    print(&text)
}

fn print(text: &[u8]) -> Result<u8, CliError> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()?;
    Ok(0)
}
