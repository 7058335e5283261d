//! One line for each finding: `path:line:column: CODE message [name]`.

use std::io::{self, Write};

use super::start;
use crate::finding::Finding;
use crate::source::Sources;

pub(super) fn write(out: &mut dyn Write, findings: &[&Finding], sources: &Sources) -> io::Result<()> {
    for finding in findings {
        let (path, position) = start(finding.place, sources);
        let message = finding.message.replace('\n', " ");
        writeln!(
            out,
            "{path}:{}:{}: {} {message} [{}]",
            position.line, position.column, finding.code, finding.name
        )?;
    }
    Ok(())
}
