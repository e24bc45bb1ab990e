//! Reads text files as people save them: with a byte-order mark, with the line ends of Windows or
//! of the old Macintosh, in UTF-8 or UTF-16.
//!
//! Owns the encoding only. Refuses bytes that are not text, with their line and column and with
//! what to do, because a guess would store wrong letters without a word.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

/// Byte-order mark of UTF-8.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";
/// Byte-order marks of UTF-32; the first begins like that of UTF-16.
const UTF32_MARKS: [&[u8]; 2] = [b"\xff\xfe\0\0", b"\0\0\xfe\xff"];
/// Reads the two bytes of a unit of UTF-16.
type ReadUnit = fn([u8; 2]) -> u16;

/// Byte-order marks of UTF-16, little-endian and big-endian.
const UTF16_MARKS: [(&[u8], ReadUnit); 2] =
    [(b"\xff\xfe", u16::from_le_bytes), (b"\xfe\xff", u16::from_be_bytes)];
/// Bytes at the start of a file in which a zero byte means that it is no text in UTF-8.
const SAMPLE_BYTES: usize = 4096;

/// Characters of Windows-1252 from 0x80 to 0x9F; those from 0xA0 on equal Unicode's. The five codes
/// without a character are U+FFFD.
///
/// Source: the Encoding Standard of the WHATWG, index windows-1252.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž',
    '\u{fffd}', '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}',
    'ž', 'Ÿ',
];

/// Why bytes are not text that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// A byte that UTF-8 does not allow there.
    #[error(
        "line {line}, column {column}: byte 0x{byte:02X} is not UTF-8{}; save the file as UTF-8 \
         (Excel: `CSV UTF-8`)",
        meant(*byte)
    )]
    NotUtf8 {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The byte found.
        byte: u8,
    },
    /// UTF-16 with half a character.
    #[error(
        "line {line}, column {column}: the file begins with the mark of UTF-16, but is damaged \
         there; save it as UTF-8"
    )]
    Utf16 {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
    },
    /// UTF-16 without its mark, UTF-32, or no text.
    #[error(
        "line 1: the file is not text in UTF-8: it has zero bytes, as UTF-16 without a byte-order \
         mark or UTF-32 has; save it as UTF-8"
    )]
    ZeroBytes,
}

/// What a byte means in Windows-1252, for a message.
fn meant(byte: u8) -> String {
    let character = match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    };
    if character == '\u{fffd}' || character.is_control() {
        return String::new();
    }
    format!(" (in Windows-1252 it is `{character}`)")
}

/// Why a text file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TextFileError {
    /// The system refuses.
    #[error("cannot read {}", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Error of the system.
        #[source]
        cause: std::io::Error,
    },
    /// The file is larger than allowed.
    #[error("{}: the file has more than {bytes_max} bytes, the limit", path.display())]
    TooLarge {
        /// Path of the file.
        path: PathBuf,
        /// Most bytes allowed.
        bytes_max: u64,
    },
    /// The file is not text.
    #[error("{}: {fault}", path.display())]
    Text {
        /// Path of the file.
        path: PathBuf,
        /// Where, and what to do.
        fault: TextFault,
    },
}

/// Reads a file of at most `bytes_max` bytes as [`decode`] does.
///
/// # Errors
/// If it cannot be read, is larger or is not text; the error names the file.
pub fn read(path: &Path, bytes_max: u64) -> Result<String, TextFileError> {
    let failed = |cause| TextFileError::Read { path: path.to_owned(), cause };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > bytes_max {
        return Err(TextFileError::TooLarge { path: path.to_owned(), bytes_max });
    }
    let text = decode(&bytes).map(Cow::into_owned);
    text.map_err(|fault| TextFileError::Text { path: path.to_owned(), fault })
}

/// The text of a file's bytes, without a byte-order mark and with `\n` at the end of every line.
///
/// Reads UTF-8, and UTF-16 that begins with its byte-order mark. Lines may end in `\r\n`, `\n` or
/// `\r`.
///
/// # Errors
/// At the first byte that is not text, with its line and column.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, TextFault> {
    if UTF32_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(TextFault::ZeroBytes);
    }
    for (mark, unit) in UTF16_MARKS {
        if let Some(rest) = bytes.strip_prefix(mark) {
            return utf16(rest, unit).map(|text| Cow::Owned(with_line_feeds(text.into())));
        }
    }
    let bytes = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);
    if bytes.iter().take(SAMPLE_BYTES).any(|byte| *byte == 0) {
        return Err(TextFault::ZeroBytes);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let (good, rest) = bytes.split_at(error.valid_up_to());
        let (line, column) = position(&String::from_utf8_lossy(good));
        TextFault::NotUtf8 { line, column, byte: rest.first().copied().unwrap_or_default() }
    })?;
    if text.contains('\r') {
        return Ok(Cow::Owned(with_line_feeds(text.into())));
    }
    Ok(Cow::Borrowed(text))
}

fn utf16(bytes: &[u8], unit: ReadUnit) -> Result<String, TextFault> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut text = String::with_capacity(bytes.len());
    let damaged = |text: &str| {
        let (line, column) = position(text);
        TextFault::Utf16 { line, column }
    };
    for character in char::decode_utf16(units) {
        match character {
            Ok(character) => text.push(character),
            Err(_) => return Err(damaged(&text)),
        }
    }
    if bytes.len() % 2 == 1 { Err(damaged(&text)) } else { Ok(text) }
}

fn with_line_feeds(text: Cow<'_, str>) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Line and column, from 1, of the character after a text; columns count characters. A line ends
/// with `\r\n`, `\n` or `\r`.
#[must_use]
pub fn position(before: &str) -> (usize, usize) {
    let before = with_line_feeds(before.into());
    let line = 1 + before.matches('\n').count();
    let column = 1 + before.rsplit('\n').next().unwrap_or_default().chars().count();
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utf16_of(text: &str, mark: [u8; 2], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
    }

    #[test]
    fn one_text_is_read_from_every_encoding_and_line_end() {
        let text = "sku;prix\nRUN-012;129,00 €\n";
        let windows = text.replace('\n', "\r\n");
        let utf8 = format!("\u{feff}{windows}").into_bytes();
        let little = utf16_of(&windows, [0xff, 0xfe], u16::to_le_bytes);
        let big = utf16_of(&windows, [0xfe, 0xff], u16::to_be_bytes);
        let old_macintosh = text.replace('\n', "\r").into_bytes();
        for bytes in [text.as_bytes().to_vec(), utf8, little, big, old_macintosh] {
            assert_eq!(decode(&bytes).unwrap(), text);
        }
    }

    #[test]
    fn a_byte_of_windows_1252_is_named_with_its_place_and_letter() {
        let fault = decode(b"a,b\r\nCaf\xe9,1").unwrap_err();
        assert_eq!(fault, TextFault::NotUtf8 { line: 2, column: 4, byte: 0xe9 });
        let message = fault.to_string();
        assert!(message.contains("in Windows-1252 it is `é`"), "{message}");
        assert!(message.contains("save the file as UTF-8"), "{message}");
        assert!(decode(b"12 \x80").unwrap_err().to_string().contains("`€`"));
        assert!(!decode(b"\x81").unwrap_err().to_string().contains("1252"));
    }

    #[test]
    fn utf_16_without_a_mark_and_damaged_utf_16_are_refused_with_what_to_do() {
        let unmarked: Vec<u8> = "sku".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [&unmarked[..], b"\xff\xfe\0\0a\0\0\0", b"\0\0\xfe\xff\0\0\0a"] {
            assert_eq!(decode(bytes), Err(TextFault::ZeroBytes));
        }
        for bytes in [&b"\xff\xfea\0b"[..], b"\xff\xfea\0\0\xd8"] {
            assert_eq!(decode(bytes), Err(TextFault::Utf16 { line: 1, column: 2 }));
        }
        assert!(TextFault::ZeroBytes.to_string().contains("save it as UTF-8"));
    }

    #[test]
    fn a_file_is_read_up_to_its_limit_and_every_error_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.csv");
        let fault = |bytes_max| read(&path, bytes_max).unwrap_err().to_string();
        assert!(fault(9).contains("some.csv"));
        std::fs::write(&path, "four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), "four");
        assert!(fault(3).contains("some.csv: the file has more than 3 bytes"));
        std::fs::write(&path, b"a\xff").unwrap();
        assert!(fault(9).contains("some.csv: line 1, column 2: byte 0xFF"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_and_lines_end_in_line_feeds(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            if let Ok(text) = decode(&bytes) {
                prop_assert!(!text.contains('\r'));
            }
        }

        #[test]
        fn any_text_is_read_back(text in "\\PC{0,60}", windows in any::<bool>()) {
            let encoded = match windows {
                true => utf16_of(&text, [0xff, 0xfe], u16::to_le_bytes),
                false => utf16_of(&text, [0xfe, 0xff], u16::to_be_bytes),
            };
            prop_assert_eq!(decode(&encoded).unwrap(), text.as_str());
            prop_assert_eq!(decode(text.as_bytes()).unwrap(), text.as_str());
        }
    }
}
