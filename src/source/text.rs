//! From bytes to text, as Python reads source files: byte order marks, coding cookies, UTF-8 otherwise.
//!
//! Bytes that are not valid in the encoding, and NUL bytes, are reported and replaced, so that the rest of the file is
//! still analysed.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

/// The text of a file and what was wrong with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text, without a byte order mark and without NUL characters.
    pub text: String,
    /// What was wrong.
    pub problems: Vec<Problem>,
}

/// Something wrong with the bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: u32,
    /// What is wrong, in lower case and without a full stop.
    pub message: String,
}

impl Problem {
    fn new(line: u32, message: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
        }
    }
}

/// Decodes the bytes of a source file.
#[must_use]
pub fn decode(bytes: &[u8]) -> Decoded {
    let mut problems = Vec::new();
    let text = decode_marked(bytes, &mut problems);
    let text = without_nul(text, &mut problems);
    Decoded { text, problems }
}

/// Encodes a text as the bytes that were there before: same byte order mark, same encoding.
///
/// # Errors
/// With the reason, when those bytes were not valid, or their encoding lacks a character of the text.
pub fn encode_like(before: &[u8], text: &str) -> Result<Vec<u8>, String> {
    if let Some(problem) = decode(before).problems.first() {
        return Err(problem.message.clone());
    }
    let encoded = if before.starts_with(b"\xEF\xBB\xBF") {
        [b"\xEF\xBB\xBF", text.as_bytes()].concat()
    } else {
        match coding_cookie(before) {
            Some((name, _)) => encode_named(&name, text),
            None => text.as_bytes().to_vec(),
        }
    };
    if decode(&encoded).text == text {
        Ok(encoded)
    } else {
        Err("its encoding lacks a character of the new text".to_owned())
    }
}

fn encode_named(name: &str, text: &str) -> Vec<u8> {
    let normal = normalised(name);
    if normal == "latin-1" {
        return text
            .chars()
            .map(|letter| u8::try_from(letter).unwrap_or(b'?'))
            .collect();
    }
    match Encoding::for_label(normal.as_bytes()) {
        Some(encoding) if normal != "utf-8" && normal != "ascii" => encoding.encode(text).0.into_owned(),
        _ => text.as_bytes().to_vec(),
    }
}

fn decode_marked(bytes: &[u8], problems: &mut Vec<Problem>) -> String {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return decode_utf8(rest, problems);
    }
    for (mark, encoding) in [(b"\xFF\xFE", UTF_16LE), (b"\xFE\xFF", UTF_16BE)] {
        if let Some(rest) = bytes.strip_prefix(mark) {
            problems.push(Problem::new(
                1,
                format!("{} text: Python reads source files as UTF-8", encoding.name()),
            ));
            return encoding.decode_without_bom_handling(rest).0.into_owned();
        }
    }
    match coding_cookie(bytes) {
        Some((name, line)) => decode_named(&name, line, bytes, problems),
        None => decode_utf8(bytes, problems),
    }
}

fn decode_utf8(bytes: &[u8], problems: &mut Vec<Problem>) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(error) => {
            let line = line_at(bytes, error.valid_up_to());
            problems.push(Problem::new(
                line,
                "bytes that are not UTF-8, and no coding cookie names another encoding",
            ));
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}

fn decode_named(name: &str, cookie_line: u32, bytes: &[u8], problems: &mut Vec<Problem>) -> String {
    let normal = normalised(name);
    match normal.as_str() {
        "utf-8" => return decode_utf8(bytes, problems),
        // Python's Latin-1 maps each byte to the character of that number; the web's is Windows-1252.
        "latin-1" => return bytes.iter().map(|&byte| char::from(byte)).collect(),
        "ascii" => {
            if let Some(at) = bytes.iter().position(|byte| !byte.is_ascii()) {
                problems.push(Problem::new(
                    line_at(bytes, at),
                    "bytes that are not ASCII, which the coding cookie names",
                ));
            }
            return String::from_utf8_lossy(bytes).into_owned();
        }
        _ => {}
    }
    let Some(encoding) = Encoding::for_label(normal.as_bytes()).filter(|&known| known.is_ascii_compatible()) else {
        problems.push(Problem::new(
            cookie_line,
            format!("unknown encoding `{name}` in the coding cookie"),
        ));
        return String::from_utf8_lossy(bytes).into_owned();
    };
    match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => text.into_owned(),
        None => {
            let line = first_invalid_line(encoding, bytes);
            problems.push(Problem::new(
                line,
                format!("bytes that are not {}, which the coding cookie names", encoding.name()),
            ));
            encoding.decode_without_bom_handling(bytes).0.into_owned()
        }
    }
}

fn first_invalid_line(encoding: &'static Encoding, bytes: &[u8]) -> u32 {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(
        decoder
            .max_utf8_buffer_length_without_replacement(bytes.len())
            .unwrap_or(0),
    );
    let (_, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    line_at(bytes, read.saturating_sub(1))
}

fn without_nul(text: String, problems: &mut Vec<Problem>) -> String {
    let Some(first) = text.find('\0') else { return text };
    problems.push(Problem::new(
        line_at(text.as_bytes(), first),
        "a NUL byte, which Python refuses in source files",
    ));
    text.replace('\0', " ")
}

/// The encoding that the first or second line names (PEP 263), with the line; the second counts only below a comment or
/// a blank line.
fn coding_cookie(bytes: &[u8]) -> Option<(String, u32)> {
    let mut rest = bytes;
    for number in 1..=2 {
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .unwrap_or(rest.len());
        let line = rest[..end].trim_ascii_start();
        if let Some(name) = cookie_in(line) {
            return Some((name, number));
        }
        if !line.is_empty() && line[0] != b'#' {
            return None;
        }
        let line_break = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = rest.get(end + line_break..)?;
    }
    None
}

fn cookie_in(line: &[u8]) -> Option<String> {
    if line.first() != Some(&b'#') {
        return None;
    }
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let mut rest = line;
    while let Some(at) = rest.windows(6).position(|word| word == b"coding") {
        rest = &rest[at + 6..];
        let Some((b':' | b'=', after)) = rest.split_first() else {
            continue;
        };
        let after = after.trim_ascii_start();
        let name: Vec<u8> = after.iter().copied().take_while(is_name).collect();
        if !name.is_empty() {
            return String::from_utf8(name).ok();
        }
    }
    None
}

/// The name as `encoding_rs` knows it; `utf-8`, `latin-1` and `ascii` stand for all their spellings.
fn normalised(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace('_', "-");
    let is = |base: &str| name == base || name.strip_prefix(base).is_some_and(|rest| rest.starts_with('-'));
    if is("utf-8") || matches!(name.as_str(), "utf8" | "u8" | "utf" | "cp65001") {
        return "utf-8".to_owned();
    }
    if is("latin-1")
        || is("iso-8859-1")
        || is("iso-latin-1")
        || matches!(name.as_str(), "latin1" | "latin" | "l1" | "iso8859-1")
    {
        return "latin-1".to_owned();
    }
    match name.as_str() {
        "us-ascii" | "646" => "ascii".to_owned(),
        "cp932" | "shift-jis" | "sjis" | "s-jis" => "shift_jis".to_owned(),
        "cp936" | "ms936" => "gbk".to_owned(),
        "cp949" | "uhc" => "euc-kr".to_owned(),
        "cp950" => "big5".to_owned(),
        "latin-9" | "l9" => "iso-8859-15".to_owned(),
        _ => name,
    }
}

fn line_at(bytes: &[u8], offset: usize) -> u32 {
    let before = &bytes[..offset.min(bytes.len())];
    let breaks = before.iter().enumerate().filter(|&(at, byte)| match byte {
        b'\n' => true,
        b'\r' => before.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    u32::try_from(breaks.count()).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], text: &str, problems: &[(u32, &str)]) {
        let decoded = decode(bytes);
        let seen: Vec<_> = decoded
            .problems
            .iter()
            .map(|problem| (problem.line, problem.message.as_str()))
            .collect();
        assert_eq!(decoded.text, text);
        assert_eq!(seen.len(), problems.len(), "{seen:?}");
        for (seen, wanted) in seen.iter().zip(problems) {
            assert_eq!(seen.0, wanted.0);
            assert!(seen.1.contains(wanted.1), "{seen:?}");
        }
    }

    #[test]
    fn plain_text_and_byte_order_marks() {
        check(b"", "", &[]);
        check("x = 'é'".as_bytes(), "x = 'é'", &[]);
        check(b"\xEF\xBB\xBFx", "x", &[]);
        check(b"\xFF\xFEx\0\n\0", "x\n", &[(1, "UTF-16LE")]);
        check(b"\xFE\xFF\0x", "x", &[(1, "UTF-16BE")]);
    }

    #[test]
    fn cookies_name_the_encoding() {
        check(
            b"# -*- coding: latin-1 -*-\ns = '\xE9\x80'",
            "# -*- coding: latin-1 -*-\ns = 'é\u{80}'",
            &[],
        );
        check(
            b"#!/bin/sh\n# vim: set fileencoding=cp1252 :\n\x80",
            "#!/bin/sh\n# vim: set fileencoding=cp1252 :\n€",
            &[],
        );
        check(b"\r\n# coding=koi8-r\r\n\xC1", "\r\n# coding=koi8-r\r\nа", &[]);
        check(b"# coding: ISO_8859_15\n\xA4", "# coding: ISO_8859_15\n€", &[]);
    }

    #[test]
    fn a_cookie_below_code_is_no_cookie() {
        check(
            b"x = 1\n# coding: latin-1\n\xE9",
            "x = 1\n# coding: latin-1\n\u{fffd}",
            &[(3, "not UTF-8")],
        );
        check(
            b"\n\n# coding: latin-1\n\xE9",
            "\n\n# coding: latin-1\n\u{fffd}",
            &[(4, "not UTF-8")],
        );
    }

    #[test]
    fn bad_bytes_are_reported_with_their_line_and_replaced() {
        check(b"a\r\nb\rc \xFF", "a\r\nb\rc \u{fffd}", &[(3, "not UTF-8")]);
        check(
            b"# coding: ascii\n\xE9",
            "# coding: ascii\n\u{fffd}",
            &[(2, "not ASCII")],
        );
        check(
            b"# coding: euc-jp\n\xFF",
            "# coding: euc-jp\n\u{fffd}",
            &[(2, "not EUC-JP")],
        );
        check(
            b"#\n# coding: klingon\nx",
            "#\n# coding: klingon\nx",
            &[(2, "unknown encoding `klingon`")],
        );
    }

    #[test]
    fn what_is_encoded_again_keeps_mark_and_encoding() {
        for before in [
            &b"x = 1\r\n"[..],
            b"\xEF\xBB\xBFx\n",
            b"# coding: latin-1\ns = '\xE9'\n",
            b"# coding: cp1252\n'\x80'\n",
        ] {
            let text = decode(before).text;
            assert_eq!(encode_like(before, &text).unwrap(), before);
        }
        assert!(encode_like(b"# coding: latin-1\n", "# coding: latin-1\n'\u{20ac}'").is_err());
        assert!(encode_like(b"a\0", "a").is_err());
    }

    #[test]
    fn nul_bytes_become_spaces_of_the_same_width() {
        check(b"a\nb\0c", "a\nb c", &[(2, "NUL")]);
    }
}
