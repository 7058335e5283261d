//! Where reports go.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::str::FromStr;

use super::arguments::CheckArguments;
use super::error::CliError;
use super::terminal;
use crate::pipeline::CheckOutcome;
use crate::report::{self, Format, Style};
use crate::source::Sources;

/// The width of reports in files.
const FILE_WIDTH: usize = 120;

/// `FORMAT`, or `FORMAT=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    format: Format,
    file: Option<PathBuf>,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err("a file name is missing behind the `=`".to_owned()),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let found = Format::ALL.iter().find(|(known, _)| *known == name);
        let Some((_, format)) = found else {
            let names: Vec<_> = Format::ALL.iter().map(|(name, _)| *name).collect();
            return Err(format!("the formats are {}", names.join(", ")));
        };
        Ok(Self { format: *format, file })
    }
}

/// The format on standard output, if a report goes there.
pub(super) fn on_stdout(outputs: &[Output]) -> Result<Option<Format>, CliError> {
    let mut formats = outputs
        .iter()
        .filter(|output| output.file.is_none())
        .map(|output| output.format);
    let first = formats.next();
    if formats.next().is_some() {
        return Err(CliError::Usage(
            "only one report can go to standard output; give the others a file: `--output-format sarif=report.sarif`",
        ));
    }
    Ok(if outputs.is_empty() { Some(Format::Full) } else { first })
}

/// Writes all reports.
pub(super) fn write_all(arguments: &CheckArguments, outcome: &CheckOutcome, sources: &Sources) -> Result<(), CliError> {
    for output in &arguments.output_format {
        if let Some(path) = &output.file {
            let fail = |source| CliError::File {
                path: path.display().to_string(),
                source,
            };
            let mut file = BufWriter::new(File::create(path).map_err(fail)?);
            let style = Style {
                color: false,
                width: FILE_WIDTH,
                quiet: false,
            };
            report::write_check(&mut file, output.format, style, outcome, sources).map_err(fail)?;
            file.flush().map_err(fail)?;
        }
    }
    let Some(format) = on_stdout(&arguments.output_format)? else {
        return Ok(());
    };
    let (mut out, style) = terminal::stdout(arguments.run.color, arguments.run.quiet);
    if arguments.statistics {
        report::write_statistics(&mut out, format, style, outcome)?;
    } else {
        report::write_check(&mut out, format, style, outcome, sources)?;
    }
    out.flush()?;
    Ok(())
}
