//! One line for each finding: `path:line:column: CODE message [name]`.

use std::io::{self, Write};

use super::{Style, linked, start};
use crate::finding::Finding;
use crate::source::Sources;

pub(super) fn write(out: &mut dyn Write, style: Style, findings: &[&Finding], sources: &Sources) -> io::Result<()> {
    for finding in findings {
        let (path, position) = start(finding.place, sources);
        let measured = finding.measured.as_deref();
        let measured = measured.map_or_else(String::new, |verdict| format!(" ({verdict})"));
        let message = finding.message.replace('\n', " ");
        writeln!(
            out,
            "{path}:{}:{}: {} {message} [{}]{measured}",
            position.line,
            position.column,
            linked(finding.code, finding.name, style),
            finding.name
        )?;
    }
    Ok(())
}
