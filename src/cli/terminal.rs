//! What standard output can show.

use std::io::{self, BufWriter, IsTerminal, Stdout};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;

use crate::report::Style;

/// The width of reports that do not go to a terminal.
const PLAIN_WIDTH: usize = 120;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorWhen {
    /// When standard output is a terminal that shows them and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Standard output and how to lay out what goes there.
pub(super) fn stdout(when: ColorWhen, quiet: bool) -> (BufWriter<AutoStream<Stdout>>, Style) {
    let stdout = io::stdout();
    let choice = match when {
        ColorWhen::Auto => AutoStream::choice(&stdout),
        ColorWhen::Always => ColorChoice::AlwaysAnsi,
        ColorWhen::Never => ColorChoice::Never,
    };
    let width = if stdout.is_terminal() {
        terminal_size::terminal_size_of(&stdout)
    } else {
        None
    };
    let width = width.map_or(PLAIN_WIDTH, |(width, _)| usize::from(width.0));
    let style = Style {
        color: choice != ColorChoice::Never,
        width,
        quiet,
    };
    (BufWriter::new(AutoStream::new(stdout, choice)), style)
}
