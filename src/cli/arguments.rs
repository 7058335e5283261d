//! The arguments, as clap reads them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::output::Output;
use super::terminal::ColorWhen;
use crate::report::InventoryFormat;

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
    /// Measure on this machine whether findings about speed are true; this runs the code
    Confirm(ConfirmArguments),
    /// Print the page of a rule
    Explain(ExplainArguments),
    /// List all rules
    Rules(RulesArguments),
    /// Show the settings in force, and where each was said
    Config(ConfigArguments),
    /// Write a configuration to start from into pyproject.toml, or into concheck.toml where there is none
    Init(InitArguments),
    /// Print completions for a shell
    Completions(CompletionsArguments),
    /// Print the manual page
    Man,
}

/// Arguments of `concheck check`.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    pub(super) run: RunArguments,
    /// How to report, and into which file; several times for several reports. Without a file the report goes to
    /// standard output. [default: full] [formats: full, concise, json, json-lines, github, gitlab, junit, rdjson, sarif]
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(super) output_format: Vec<Output>,
    #[command(flatten)]
    pub(super) choice: ChoiceArguments,
    #[command(flatten)]
    pub(super) known: KnownArguments,
    #[command(flatten)]
    pub(super) fixes: FixArguments,
    /// Exit with 1 only for findings at least this bad: error, warning or advice (the default)
    #[arg(long, value_name = "SEVERITY", conflicts_with = "exit_zero")]
    pub(super) fail_on: Option<String>,
    /// Exit with 0 even when there are findings
    #[arg(long)]
    pub(super) exit_zero: bool,
    /// Print how many findings each rule has, instead of the findings
    #[arg(long)]
    pub(super) statistics: bool,
    /// Print the files that would be checked, and check nothing
    #[arg(long)]
    pub(super) show_files: bool,
    /// Print the settings in force, and check nothing
    #[arg(long, conflicts_with = "show_files")]
    pub(super) show_settings: bool,
    /// Measure the findings about speed, drop what is refuted and mark the rest; this runs the code
    #[arg(long, conflicts_with = "confirmed")]
    pub(super) confirm: bool,
    /// Drop the findings that an earlier `concheck confirm --save FILE` refuted, and mark the others
    #[arg(long, value_name = "FILE")]
    pub(super) confirmed: Option<PathBuf>,
    #[command(flatten)]
    pub(super) measure: MeasureArguments,
}

/// Which findings are shown.
#[derive(Debug, Args)]
pub(super) struct ChoiceArguments {
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
    /// Only findings on lines that changed since this revision of git, or since the branch left it
    #[arg(long, value_name = "REV")]
    pub(super) diff_base: Option<String>,
}

/// What is fixed.
#[derive(Debug, Args)]
pub(super) struct FixArguments {
    /// Fix what can be fixed safely, and report what is left
    #[arg(long, conflicts_with_all = ["write_baseline", "add_ignore", "show_files", "show_settings", "confirm", "confirmed"])]
    pub(super) fix: bool,
    /// With --fix or --diff: make changes, too, that may change what the program does beside the finding
    #[arg(long)]
    pub(super) unsafe_fixes: bool,
    /// Print what would be fixed as a diff, and change nothing
    #[arg(long, conflicts_with_all = ["write_baseline", "add_ignore", "show_files", "show_settings", "confirm", "confirmed", "statistics"])]
    pub(super) diff: bool,
}

/// What is known already.
#[derive(Debug, Args)]
pub(super) struct KnownArguments {
    /// Show only findings that are not in this file
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Use no baseline, whatever the configuration says
    #[arg(long, conflicts_with = "baseline")]
    pub(super) no_baseline: bool,
    /// Write all findings into this file, instead of showing them; what is no longer found is taken out of it
    #[arg(long, value_name = "FILE", conflicts_with = "add_ignore")]
    pub(super) write_baseline: Option<PathBuf>,
    /// Switch the findings off by comments in the source, with this reason, instead of showing them
    #[arg(long, value_name = "REASON", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(super) add_ignore: Option<String>,
}

/// Arguments of `concheck confirm`.
#[derive(Debug, Args)]
pub(super) struct ConfirmArguments {
    #[command(flatten)]
    pub(super) run: RunArguments,
    /// Show what would be run, with which inputs, and run nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    pub(super) output_format: OutputFormat,
    #[command(flatten)]
    pub(super) choice: ChoiceArguments,
    #[command(flatten)]
    pub(super) measure: MeasureArguments,
}

/// How to measure.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring")]
pub(super) struct MeasureArguments {
    /// Run the code without asking
    #[arg(long)]
    pub(super) yes: bool,
    /// The interpreter; by default that of the virtual environment, else python3
    #[arg(long, value_name = "PROGRAM")]
    pub(super) python: Option<PathBuf>,
    /// Run functions whatever effects they have
    #[arg(long)]
    pub(super) allow_effects: bool,
    /// Run this function whatever effects it has: its dotted name
    #[arg(long, value_name = "NAME")]
    pub(super) allow: Vec<String>,
    /// Seconds for each finding
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = positive_seconds)]
    pub(super) budget: f64,
    /// Seconds that one step may take: an import, one batch of calls
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) timeout: u64,
    /// Megabytes of memory for each process
    #[arg(long, value_name = "MB", default_value_t = 4000, value_parser = clap::value_parser!(u64).range(64..=1_000_000))]
    pub(super) memory: u64,
    /// Workers in each pool; by default as many as there are cores, from 2 to 4
    #[arg(long, value_name = "NUMBER", value_parser = worker_count)]
    pub(super) workers: Option<usize>,
    /// Keep the results in a file for `concheck check --confirmed FILE`
    #[arg(long, value_name = "FILE")]
    pub(super) save: Option<PathBuf>,
}

fn positive_seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err("expected seconds, from 0.1 to 86400".to_owned()),
    }
}

fn worker_count(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(number @ 2..=64) => Ok(number),
        _ => Err("expected a number from 2 to 64".to_owned()),
    }
}

/// Arguments of `concheck advise`.
#[derive(Debug, Args)]
pub(super) struct AdviseArguments {
    #[command(flatten)]
    pub(super) run: RunArguments,
    /// How to report
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    pub(super) output_format: OutputFormat,
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

/// Arguments of `concheck config`.
#[derive(Debug, Args)]
pub(super) struct ConfigArguments {
    #[command(flatten)]
    pub(super) run: RunArguments,
    #[command(flatten)]
    pub(super) choice: ChoiceArguments,
    /// Print the JSON Schema of the options instead
    #[arg(long)]
    pub(super) schema: bool,
}

/// Arguments of `concheck init`.
#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// The folder of the project
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub(super) folder: PathBuf,
    /// Tell Ruff about concheck's codes, too, so that it keeps comments such as `# noqa: CC101`
    #[arg(long)]
    pub(super) ruff: bool,
}

/// Arguments of `concheck completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: Shell,
}

/// Arguments of the commands that read Python files.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Files and folders; - is standard input
    #[arg(value_name = "PATHS", default_value = ".")]
    pub(super) paths: Vec<PathBuf>,
    /// The file that standard input stands for
    #[arg(long, value_name = "PATH")]
    pub(super) stdin_filename: Option<PathBuf>,
    /// Do not read the project around files that are named
    #[arg(long)]
    pub(super) no_project: bool,
    /// Leave out what is excluded even when it is named
    #[arg(long)]
    pub(super) force_exclude: bool,
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

/// The formats of an inventory.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum OutputFormat {
    /// With source and evidence
    Full,
    /// One line each
    Concise,
    /// For programs
    Json,
}

impl From<OutputFormat> for InventoryFormat {
    fn from(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Full => Self::Full,
            OutputFormat::Concise => Self::Concise,
            OutputFormat::Json => Self::Json,
        }
    }
}
