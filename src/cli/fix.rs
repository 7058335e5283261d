//! `concheck check --fix` and `--diff`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};

use similar::TextDiff;

use super::arguments::{CheckArguments, FixArguments};
use super::check::{Filter, tell};
use super::error::CliError;
use super::progress::Progress;
use super::{output, run, terminal};
use crate::config::{Request, Settings};
use crate::edit::{one_round, write_back};
use crate::finding::{Applicability, FileId};
use crate::pipeline::{self, CheckOutcome};
use crate::report::{self, Format, Style};
use crate::source::{Sources, encode_like};

/// Fixes may open the way to others, but not for ever.
const MOST_ROUNDS: usize = 20;

/// How wide reports on standard error are.
const PLAIN_WIDTH: usize = 120;

/// What has been fixed so far.
#[derive(Debug, Default)]
struct Fixed {
    /// The texts as they were, of the files that have changed.
    before: BTreeMap<FileId, String>,
    /// How many findings were fixed in each file.
    count: BTreeMap<FileId, usize>,
    /// Files that are left as they are.
    left_alone: BTreeSet<FileId>,
    /// Rules whose fixes do not help in a file.
    useless: BTreeSet<(FileId, String)>,
}

/// Fixes what can be, in the files or as a diff; the exit code says whether something is left, or would change.
pub(super) fn run(
    arguments: &CheckArguments,
    request: &Request,
    mut settings: Settings,
    mut filter: Filter,
) -> Result<u8, CliError> {
    let stdin = stdin(arguments)?;
    let input: &mut dyn Read = &mut stdin.as_deref().unwrap_or_default();
    let mut sources = run::read_from(&arguments.run, request, &mut settings, input)?;
    let mut fixed = Fixed {
        left_alone: unreadable(&sources),
        ..Fixed::default()
    };
    let analysing = Progress::start(format!("analysing {} files", sources.files.len()), arguments.run.quiet);
    let mut outcome = in_rounds(&mut fixed, &mut sources, &settings, &filter, &arguments.fixes);
    drop(analysing);
    run::tell_errors(&arguments.run, &outcome.errors, &sources);
    if arguments.fixes.diff {
        write_diff(arguments, &fixed, &sources)?;
        tell_count(arguments, &fixed, &outcome);
        return Ok(u8::from(!fixed.before.is_empty()));
    }
    match &stdin {
        Some(bytes) => write_text(bytes, &sources)?,
        None => {
            if !write_files(&mut fixed, &mut sources) {
                outcome = pipeline::check(&sources, &settings);
            }
        }
    }
    filter.read_changes_again()?;
    if filter.has_changes() {
        outcome = pipeline::check(&sources, &settings);
    }
    filter.apply(&mut outcome, &sources, &settings, arguments.run.quiet);
    tell_count(arguments, &fixed, &outcome);
    if stdin.is_some() {
        write_on_stderr(arguments, &outcome, &sources)?;
    } else {
        output::write_all(arguments, &outcome, &sources)?;
    }
    Ok(super::check::exit_code(arguments, &outcome, &settings))
}

/// What stands on standard input, if that is what is to be fixed.
fn stdin(arguments: &CheckArguments) -> Result<Option<Vec<u8>>, CliError> {
    let paths = run::paths(&arguments.run);
    if !paths.iter().any(|path| path.as_os_str() == "-") {
        return Ok(None);
    }
    if paths.len() > 1 {
        return Err(CliError::Usage(
            "standard input is fixed alone: leave out the other paths",
        ));
    }
    let mut bytes = Vec::new();
    let read = io::stdin().read_to_end(&mut bytes);
    read.map_err(|source| CliError::File {
        path: "<stdin>".to_owned(),
        source,
    })?;
    Ok(Some(bytes))
}

/// What was not read as it is cannot be written back.
fn unreadable(sources: &Sources) -> BTreeSet<FileId> {
    let is_wrong = |path: &str| sources.errors.iter().any(|error| error.path == path);
    let files = (0..).map(FileId).zip(&sources.files);
    files
        .filter(|(_, file)| is_wrong(&file.path))
        .map(|(id, _)| id)
        .collect()
}

/// Fixes the texts until no fix is left; gives what is found then.
fn in_rounds(
    fixed: &mut Fixed,
    sources: &mut Sources,
    settings: &Settings,
    filter: &Filter,
    arguments: &FixArguments,
) -> CheckOutcome {
    // A diff says nothing about lines that have moved since.
    let rounds = if filter.has_changes() { 1 } else { MOST_ROUNDS };
    let least = if arguments.unsafe_fixes {
        Applicability::Unsafe
    } else {
        Applicability::Safe
    };
    let mut tried: BTreeMap<(FileId, &'static str), usize> = BTreeMap::new();
    let mut number = 0;
    loop {
        let all = pipeline::check(sources, settings);
        let mut outcome = all.clone();
        filter.apply(&mut outcome, sources, settings, true);
        fixed.notice_useless(&tried, &outcome);
        if number == rounds {
            return all;
        }
        let round = one_round(sources, &outcome.findings, least, &|file, code| {
            !fixed.left_alone.contains(&file) && !fixed.useless.contains(&(file, code.to_owned()))
        });
        for file in &round.broken {
            fixed.give_up(*file, sources);
            let path = &sources.file(*file).path;
            tell(
                false,
                &format!("{path}: left as it is, its fixes would make a syntax error"),
            );
        }
        if round.texts.is_empty() && round.broken.is_empty() {
            return all;
        }
        tried.clear();
        for (&(file, code), &count) in &round.fixed {
            *fixed.count.entry(file).or_default() += count;
            tried.insert((file, code), fixable(&outcome, file, code));
        }
        for (file, text) in round.texts {
            let before = std::mem::take(&mut sources.files[file.index()].text);
            fixed.before.entry(file).or_insert(before);
            sources.files[file.index()].set_text(text);
        }
        number += 1;
    }
}

/// How many findings of a rule in a file come with a fix.
fn fixable(outcome: &CheckOutcome, file: FileId, code: &str) -> usize {
    let is_one = |finding: &&crate::finding::Finding| {
        finding.place.file == file && finding.code == code && finding.fix.is_some()
    };
    outcome.findings.iter().filter(is_one).count()
}

impl Fixed {
    /// A rule that finds as much after its fixes as before is not asked again, so that nothing is fixed twice.
    fn notice_useless(&mut self, tried: &BTreeMap<(FileId, &'static str), usize>, outcome: &CheckOutcome) {
        for (&(file, code), &before) in tried {
            if fixable(outcome, file, code) >= before {
                self.useless.insert((file, code.to_owned()));
            }
        }
    }

    /// Puts a file back to what it was.
    fn give_up(&mut self, file: FileId, sources: &mut Sources) {
        self.left_alone.insert(file);
        self.count.remove(&file);
        if let Some(before) = self.before.remove(&file) {
            sources.files[file.index()].set_text(before);
        }
    }
}

/// Writes the changed files; those that cannot be written are put back. Whether all could be.
fn write_files(fixed: &mut Fixed, sources: &mut Sources) -> bool {
    let mut refused = Vec::new();
    for (&id, before) in &fixed.before {
        let file = sources.file(id);
        if file.text == *before {
            continue;
        }
        if let Err(error) = write_back(&file.path, before, &file.text) {
            tell(false, &error.to_string());
            refused.push(id);
        }
    }
    for id in &refused {
        fixed.give_up(*id, sources);
    }
    refused.is_empty()
}

/// Standard input goes to standard output, in its own encoding.
fn write_text(bytes: &[u8], sources: &Sources) -> Result<(), CliError> {
    let Some(file) = sources.given().next() else {
        return Ok(());
    };
    let encoded = match encode_like(bytes, &file.text) {
        Ok(encoded) => encoded,
        Err(reason) => {
            tell(false, &format!("{}: left as it is: {reason}", file.path));
            bytes.to_vec()
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(&encoded)?;
    out.flush()?;
    Ok(())
}

fn write_diff(arguments: &CheckArguments, fixed: &Fixed, sources: &Sources) -> Result<(), CliError> {
    let (mut out, _) = terminal::stdout(arguments.run.color, arguments.run.quiet);
    for (&id, before) in &fixed.before {
        let file = sources.file(id);
        let diff = TextDiff::from_lines(before.as_str(), file.text.as_str());
        write!(out, "{}", diff.unified_diff().header(&file.path, &file.path))?;
    }
    out.flush()?;
    Ok(())
}

/// The report beside a text on standard output.
fn write_on_stderr(arguments: &CheckArguments, outcome: &CheckOutcome, sources: &Sources) -> Result<(), CliError> {
    let format = output::on_stdout(&arguments.output_format)?;
    let style = Style {
        color: false,
        width: PLAIN_WIDTH,
        quiet: arguments.run.quiet,
    };
    let mut text = Vec::new();
    report::write_check(&mut text, format.unwrap_or(Format::Concise), style, outcome, sources)?;
    io::stderr().write_all(&text)?;
    Ok(())
}

/// How much is fixed, and how much more could be.
fn tell_count(arguments: &CheckArguments, fixed: &Fixed, outcome: &CheckOutcome) {
    let count: usize = fixed.count.values().sum();
    let is_unsafe = |fix: &crate::finding::Fix| fix.applicability == Applicability::Unsafe;
    let findings = outcome.findings.iter();
    let more = findings
        .filter(|finding| finding.fix.as_ref().is_some_and(is_unsafe))
        .count();
    let problems = if count == 1 { "problem" } else { "problems" };
    let files = match fixed.count.len() {
        1 => "1 file".to_owned(),
        number => format!("{number} files"),
    };
    let would = if arguments.fixes.diff {
        "would be fixed"
    } else {
        "fixed"
    };
    let mut line = if count == 0 {
        format!("no problems {would}")
    } else {
        format!("{count} {problems} {would} in {files}")
    };
    if more > 0 && !arguments.fixes.unsafe_fixes {
        line.push_str(&format!("; {more} more could be with `--unsafe-fixes`"));
    }
    tell(arguments.run.quiet, &line);
}
