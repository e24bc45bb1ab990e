//! The text of an export's bytes, in the encodings that shop programs and spreadsheets write.
//!
//! A byte-order mark decides; else the encoding that an XML declaration names; else UTF-8 if all
//! bytes are valid in it; else Windows-1252, which is reported, because a guess may be wrong.

use std::borrow::Cow;

/// Bytes at the start of a file in which an XML declaration is looked for.
const DECLARATION_BYTES: usize = 200;

/// How a file was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte-order mark.
    Utf8,
    /// UTF-16 with a byte-order mark.
    Utf16,
    /// Windows-1252, because the bytes are not UTF-8.
    Windows1252,
    /// The encoding that an XML declaration names.
    Declared(&'static str),
}

impl Encoding {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16 => "UTF-16",
            Self::Windows1252 => "Windows-1252",
            Self::Declared(name) => name,
        }
    }
}

/// Decodes a file; lines end in `\n`. `Err` has the reason.
pub(super) fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Encoding), String> {
    if let Some((encoding, mark_bytes)) = encoding_rs::Encoding::for_bom(bytes) {
        let (text, damaged) = encoding.decode_without_bom_handling(&bytes[mark_bytes..]);
        if damaged {
            return Err(format!("it begins with the mark of {}, but is damaged", encoding.name()));
        }
        let kind = if encoding == encoding_rs::UTF_8 { Encoding::Utf8 } else { Encoding::Utf16 };
        return Ok((line_feeds(text), kind));
    }
    if bytes.contains(&0) {
        return Err("it has zero bytes, as UTF-16 without its mark or a spreadsheet has".to_owned());
    }
    if let Some(encoding) = declared(bytes).filter(|encoding| *encoding != encoding_rs::UTF_8) {
        let (text, _, damaged) = encoding.decode(bytes);
        if !damaged {
            return Ok((line_feeds(text), Encoding::Declared(encoding.name())));
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((line_feeds(Cow::Borrowed(text)), Encoding::Utf8)),
        Err(_) => {
            let (text, _, _) = encoding_rs::WINDOWS_1252.decode(bytes);
            Ok((line_feeds(text), Encoding::Windows1252))
        }
    }
}

/// The encoding that an XML declaration names.
fn declared(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let start = &bytes[..bytes.len().min(DECLARATION_BYTES)];
    let start = String::from_utf8_lossy(start);
    let declaration = start.trim_start().strip_prefix("<?xml")?.split("?>").next()?.to_owned();
    let value = declaration.split("encoding").nth(1)?.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    encoding_rs::Encoding::for_label(value[1..].split(quote).next()?.as_bytes())
}

fn line_feeds(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_is_read_from_every_encoding() {
        let text = "a;é €\nb;ü";
        let utf16: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        let (windows, _, _) = encoding_rs::WINDOWS_1252.encode(text);
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), Encoding::Utf8),
            (format!("\u{feff}{}", text.replace('\n', "\r\n")).into_bytes(), Encoding::Utf8),
            (utf16, Encoding::Utf16),
            (windows.into_owned(), Encoding::Windows1252),
        ] {
            let (read, found) = decode(&bytes).unwrap();
            assert_eq!((read.as_ref(), found), (text, encoding));
        }
        let xml = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>";
        let (read, found) = decode(xml).unwrap();
        assert!(read.contains('é'));
        assert_eq!(found, Encoding::Declared("windows-1252"));
        assert!(decode(b"a\0b").is_err());
    }
}
