//! The rules themselves: the table of all, and the page of one.

use std::io::{self, Write};

use super::Style;
use crate::rules::Rule;

/// Writes a table of rules.
///
/// # Errors
/// When the writer fails.
pub fn write_rules(out: &mut dyn Write, style: Style, rules: &[&Rule]) -> io::Result<()> {
    let (bold, plain) = emphasis(style);
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    for rule in rules {
        let (code, severity) = (rule.code, rule.severity.as_str());
        let line = format!(
            "{bold}{code}{plain}  {severity:<7}  {:<width$}  {}",
            rule.name,
            first_sentence(rule.page)
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Writes the page of a rule.
///
/// # Errors
/// When the writer fails.
pub fn write_page(out: &mut dyn Write, style: Style, rule: &Rule) -> io::Result<()> {
    let (bold, plain) = emphasis(style);
    let header = header(rule.page);
    let fix = header.get("fix").and_then(toml::Value::as_str);
    let fix = fix.map(|fix| format!("; {fix} fix")).unwrap_or_default();
    let severity = rule.severity.as_str();
    writeln!(out, "{bold}{} {}{plain} ({severity}{fix})", rule.code, rule.name)?;
    writeln!(out)?;
    let mut in_code = false;
    let body = body(rule.page).trim();
    let title = format!("# {}", rule.name);
    for line in body.strip_prefix(&title).unwrap_or(body).trim_start().lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        } else if in_code {
            writeln!(out, "{}", format!("    {line}").trim_end())?;
        } else if line.starts_with('#') {
            writeln!(out, "{bold}{}{plain}", line.trim_start_matches('#').trim())?;
        } else {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn emphasis(style: Style) -> (&'static str, &'static str) {
    if style.color { ("\x1b[1m", "\x1b[0m") } else { ("", "") }
}

/// The page as plain text: without front matter, with its code indented.
pub(super) fn as_text(page: &str) -> String {
    let mut in_code = false;
    let mut lines = Vec::new();
    for line in body(page).trim().lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        } else if in_code {
            lines.push(format!("    {line}").trim_end().to_owned());
        } else {
            lines.push(line.trim_start_matches('#').trim_start().to_owned());
        }
    }
    lines.join("\n")
}

/// The text of a section in one line.
pub(super) fn section(page: &str, title: &str) -> String {
    let heading = format!("\n## {title}\n");
    let text = page.split_once(&heading).map_or("", |(_, rest)| rest);
    let text = text.split("\n## ").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands between the `+++` lines.
pub(super) fn header(page: &str) -> toml::Table {
    let header = page.strip_prefix("+++\n").and_then(|rest| rest.split_once("\n+++\n"));
    header.and_then(|(header, _)| header.parse().ok()).unwrap_or_default()
}

/// The page below its front matter.
pub(super) fn body(page: &str) -> &str {
    match page.strip_prefix("+++\n").and_then(|rest| rest.split_once("\n+++\n")) {
        Some((_, body)) => body,
        None => page,
    }
}

/// The first sentence of the first paragraph of text.
pub(super) fn first_sentence(page: &str) -> String {
    let lines = body(page).lines().map(str::trim);
    let paragraph: Vec<_> = lines
        .skip_while(|line| line.is_empty() || line.starts_with('#'))
        .take_while(|line| !line.is_empty() && !line.starts_with("```"))
        .collect();
    let paragraph = paragraph.join(" ");
    match paragraph.split_once(". ") {
        Some((sentence, _)) => sentence.to_owned(),
        None => paragraph.trim_end_matches('.').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    const RULE: Rule = Rule {
        code: "CC999",
        name: "work-in-vain",
        severity: Severity::Warning,
        page: "+++\ncode = \"CC999\"\n+++\n\n## What\n\nNobody reads the\nresult. It is lost.\n\n```python\nrun()\n\nstop()\n```\n",
        check: crate::rules::Check::Program(|_, _| {}),
    };

    fn written(write: impl Fn(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    const STYLE: Style = Style {
        color: false,
        width: 80,
        quiet: false,
    };

    #[test]
    fn a_page_shows_its_text_and_indents_its_code() {
        let page = written(|out| write_page(out, STYLE, &RULE));
        let wanted = "CC999 work-in-vain (warning)\n\nWhat\n\nNobody reads the\nresult. It is lost.\n\n    run()\n\n    stop()\n";
        assert_eq!(page, wanted);
    }

    #[test]
    fn the_table_has_the_first_sentence() {
        let table = written(|out| write_rules(out, STYLE, &[&RULE]));
        assert_eq!(table, "CC999  warning  work-in-vain  Nobody reads the result\n");
    }
}
