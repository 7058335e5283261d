//! The arguments, as clap reads them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::terminal::ColorWhen;
use crate::report::Format;

/// Finds Python work that is handed to the wrong kind of worker, and hand-offs that fail.
///
/// Without a command, the paths are checked. A file or folder that is called like a command is given as `./check`.
#[derive(Debug, Parser)]
#[command(name = "concheck", version, args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) check: CheckArguments,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check Python files (the default)
    Check(CheckArguments),
    /// List every hand-over of work, what the work is, and which worker would suit it
    Advise(AdviseArguments),
    /// Print the page of a rule
    Explain(ExplainArguments),
    /// List all rules
    Rules(RulesArguments),
}

/// Arguments of `concheck check`.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    pub(super) run: RunArguments,
    /// Only these rules: codes, starts of codes or names, apart by commas
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) select: Option<Vec<String>>,
    /// Not these rules
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub(super) ignore: Option<Vec<String>>,
    /// Show findings from this confidence on: low, medium (the default) or high
    #[arg(long, value_name = "LEVEL", conflicts_with = "pedantic")]
    pub(super) min_confidence: Option<String>,
    /// Show findings of low confidence too
    #[arg(long)]
    pub(super) pedantic: bool,
    /// Exit with 0 even when there are findings
    #[arg(long)]
    pub(super) exit_zero: bool,
}

/// Arguments of `concheck advise`.
#[derive(Debug, Args)]
pub(super) struct AdviseArguments {
    #[command(flatten)]
    pub(super) run: RunArguments,
    /// Show for each what the judgement rests on
    #[arg(long)]
    pub(super) evidence: bool,
}

/// Arguments of `concheck explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// The code or the name of a rule
    #[arg(value_name = "CODE|NAME")]
    pub(super) rule: String,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: ColorWhen,
}

/// Arguments of `concheck rules`.
#[derive(Debug, Args)]
pub(super) struct RulesArguments {
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: ColorWhen,
}

/// Arguments of the commands that read Python files.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Files and folders; - is standard input
    #[arg(value_name = "PATHS", default_value = ".")]
    pub(super) paths: Vec<PathBuf>,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    pub(super) output_format: OutputFormat,
    /// Python versions in scope, such as 3.14, ">=3.10" or 3.10-3.14
    #[arg(long, value_name = "VERSIONS")]
    pub(super) target_version: Option<String>,
    /// Platforms in scope: linux, macos, windows, apart by commas
    #[arg(long, value_name = "PLATFORMS", value_delimiter = ',')]
    pub(super) platform: Option<Vec<String>>,
    /// How multiprocessing starts processes where the program does not say: fork, forkserver or spawn
    #[arg(long, value_name = "METHOD")]
    pub(super) start_method: Option<String>,
    /// The program runs on free-threaded builds of Python
    #[arg(long)]
    pub(super) free_threaded: bool,
    /// Read this configuration file instead of the nearest
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Read no configuration file
    #[arg(long, conflicts_with = "config")]
    pub(super) isolated: bool,
    /// Print nothing but the report itself
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: ColorWhen,
}

/// The output formats.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum OutputFormat {
    /// With source and evidence
    Full,
    /// One line each
    Concise,
    /// For programs
    Json,
}

impl From<OutputFormat> for Format {
    fn from(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Full => Self::Full,
            OutputFormat::Concise => Self::Concise,
            OutputFormat::Json => Self::Json,
        }
    }
}
