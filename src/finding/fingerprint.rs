//! A name for a finding that survives edits elsewhere in the file.

use std::collections::HashMap;
use std::path::Path;

use super::Finding;
use crate::source::{Sources, displayed, plain};

/// Gives each finding, in the order of the list, a hash of its code, its path as seen from `base` and its source line.
/// Lines may move; of several findings with the same three, each has its number.
#[must_use]
pub fn fingerprints(findings: &[Finding], sources: &Sources, base: &Path) -> Vec<String> {
    let current = std::env::current_dir().unwrap_or_default();
    let mut seen: HashMap<(&str, &str, &str), u64> = HashMap::new();
    let mut fingerprints = Vec::with_capacity(findings.len());
    for finding in findings {
        let file = sources.file(finding.place.file);
        let path = seen_from(base, &current, &file.path);
        let line = file.line_text(file.position(finding.place.span.start).line).trim();
        let count = seen.entry((finding.code, &file.path, line)).or_default();
        let parts = [
            finding.code.as_bytes(),
            path.as_bytes(),
            line.as_bytes(),
            &count.to_le_bytes(),
        ];
        *count += 1;
        fingerprints.push(format!("{:016x}", hash(&parts)));
    }
    fingerprints
}

/// A path of a report as seen from a folder; whole, if it lies elsewhere.
pub(super) fn seen_from(base: &Path, current: &Path, path: &str) -> String {
    let absolute = plain(&current.join(path));
    displayed(absolute.strip_prefix(base).unwrap_or(&absolute))
}

/// FNV-1a with 64 bits; a byte that no UTF-8 text holds keeps the parts apart.
pub(crate) fn hash(parts: &[&[u8]]) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let step = |state: u64, byte: &u8| (state ^ u64::from(*byte)).wrapping_mul(PRIME);
    parts
        .iter()
        .fold(BASIS, |state, part| step(part.iter().fold(state, step), &0xff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        // FNV-1a of the single byte 0xff, that is of one empty part.
        assert_eq!(
            hash(&[b""]),
            (0xcbf2_9ce4_8422_2325_u64 ^ 0xff).wrapping_mul(0x0000_0100_0000_01b3)
        );
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
    }
}
