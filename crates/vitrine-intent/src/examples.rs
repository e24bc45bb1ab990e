//! Reads labelled examples: JSON lines `{"text": …, "intent": …}` or CSV with `text,intent`, with
//! commas, semicolons or tabs, in any encoding that `vitrine_base::text_file` reads.
//!
//! Invariants
//! - Text and label of an [`Example`] are trimmed, not empty and within their length limits.
//! - Errors name the file and the line.

use crate::error::ExampleRefusal;
use crate::error::IntentError;
use std::path::Path;
use std::sync::Arc;
use vitrine_base::table::Row;
use vitrine_base::table::RowFault;
use vitrine_base::table::Rows;
use vitrine_base::text_file;

/// Maximum length of an example text, in bytes; several times a long customer message.
pub const TEXT_BYTES_MAX: usize = 8_192;
/// Maximum length of a label, in bytes.
pub const LABEL_BYTES_MAX: usize = 128;
/// Largest example file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 30;
/// Maximum examples per training run; ten times the largest public intent data set.
pub const EXAMPLES_MAX: usize = 250_000;

/// A labelled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Customer text.
    pub text: String,
    /// Label of the text; `oos` if no label fits.
    pub intent: String,
}

/// Reads all examples of a file: CSV if the extension is `.csv`, else JSON lines.
///
/// # Errors
/// If the file cannot be read, is not text or has an invalid line; the error holds the file and the
/// line.
pub fn read(path: &Path) -> Result<Vec<Example>, IntentError> {
    let text = text_file::read(path, FILE_BYTES_MAX)
        .map_err(|cause| IntentError::ExampleFile { cause: Arc::new(cause) })?;
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv")) {
        read_csv(path, &text)
    } else {
        read_json_lines(path, &text)
    }
}

/// Reads several files in the given order.
///
/// # Errors
/// As [`read`], or if they hold more than [`EXAMPLES_MAX`] examples together.
pub fn read_all<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<Example>, IntentError> {
    let mut examples = Vec::new();
    for path in paths {
        examples.extend(read(path.as_ref())?);
        if examples.len() > EXAMPLES_MAX {
            let reason = ExampleRefusal::TooMany { examples_max: EXAMPLES_MAX };
            return Err(IntentError::Example { path: path.as_ref().to_owned(), line: 1, reason });
        }
    }
    Ok(examples)
}

fn read_json_lines(path: &Path, text: &str) -> Result<Vec<Example>, IntentError> {
    let mut examples = Vec::new();
    for (line, text) in (1_u64..).zip(text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        let example = parse_json(text).and_then(|example| admit(example, examples.len()));
        examples.push(example.map_err(|reason| refuse(path, line, reason))?);
    }
    Ok(examples)
}

fn parse_json(line: &str) -> Result<Example, ExampleRefusal> {
    let value: serde_json::Value = serde_json::from_str(line)
        .map_err(|cause| ExampleRefusal::Syntax { detail: cause.to_string() })?;
    let field = |name: &'static str| {
        let text = value.get(name).and_then(serde_json::Value::as_str);
        text.map(str::to_owned).ok_or(ExampleRefusal::Field { name })
    };
    Ok(Example { text: field("text")?, intent: field("intent")? })
}

fn read_csv(path: &Path, text: &str) -> Result<Vec<Example>, IntentError> {
    let syntax = |fault: &RowFault| {
        let detail = fault.to_string();
        refuse(path, fault.line() as u64, ExampleRefusal::Syntax { detail })
    };
    // The header decides: texts may hold more commas than the fields have semicolons.
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let separator = Rows::new(first).separator();
    let mut rows = Rows::new(text);
    if rows.separator() != separator {
        rows = Rows::separated(text, separator);
    }
    let header = rows.next().transpose().map_err(|fault| syntax(&fault))?;
    let header = header.unwrap_or_else(|| Row { line: 1, fields: Vec::new() });
    let column =
        |name: &str| header.fields.iter().position(|field| field.eq_ignore_ascii_case(name));
    let (Some(text), Some(intent)) = (column("text"), column("intent")) else {
        let found = header.fields.join(",");
        return Err(refuse(path, header.line as u64, ExampleRefusal::Columns { found }));
    };
    let mut examples = Vec::new();
    for row in rows {
        let row = row.map_err(|fault| syntax(&fault))?;
        let field = |at: usize| row.fields.get(at).map(ToString::to_string).unwrap_or_default();
        let example = Example { text: field(text), intent: field(intent) };
        let example = admit(example, examples.len());
        examples.push(example.map_err(|reason| refuse(path, row.line as u64, reason))?);
    }
    Ok(examples)
}

fn refuse(path: &Path, line: u64, reason: ExampleRefusal) -> IntentError {
    IntentError::Example { path: path.to_owned(), line, reason }
}

fn admit(example: Example, examples: usize) -> Result<Example, ExampleRefusal> {
    if examples >= EXAMPLES_MAX {
        return Err(ExampleRefusal::TooMany { examples_max: EXAMPLES_MAX });
    }
    Ok(Example {
        text: admit_field("text", &example.text, TEXT_BYTES_MAX)?,
        intent: admit_field("intent", &example.intent, LABEL_BYTES_MAX)?,
    })
}

fn admit_field(name: &'static str, text: &str, bytes_max: usize) -> Result<String, ExampleRefusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ExampleRefusal::Empty { name });
    }
    if text.len() > bytes_max {
        return Err(ExampleRefusal::TooLong { name, bytes: text.len(), bytes_max });
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_as(name: &str, content: &str) -> Result<Vec<Example>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        read(&path).map_err(|error| error.to_string())
    }

    fn example(text: &str, intent: &str) -> Example {
        Example { text: text.into(), intent: intent.into() }
    }

    #[test]
    fn json_lines_and_csv_give_the_same_examples() {
        let expected =
            vec![example("où est \"ma\" commande, svp", "order_status"), example("hi", "greet")];
        let lines = "{\"text\":\"où est \\\"ma\\\" commande, svp\",\"intent\":\"order_status\"}\n\n\
                     {\"intent\":\"greet\",\"text\":\" hi \",\"tags\":[1]}\n";
        assert_eq!(read_as("a.jsonl", lines).unwrap(), expected);
        let table = "text,intent\n\"où est \"\"ma\"\" commande, svp\",order_status\nhi,greet\n";
        assert_eq!(read_as("a.csv", table).unwrap(), expected);
        let turned = "id,intent,text\n1,order_status,\"où est \"\"ma\"\" commande, svp\"\n\
                      2,greet,hi\n";
        assert_eq!(read_as("a.CSV", turned).unwrap(), expected);
    }

    #[test]
    fn errors_name_the_line_and_the_reason() {
        let good = "{\"text\":\"a\",\"intent\":\"b\"}\n";
        let cases = [
            ("a.jsonl", format!("{good}{good}{{"), "line 3: it does not parse"),
            ("a.jsonl", format!("{good}{{\"text\":\"a\"}}"), "line 2: field `intent` must be"),
            ("a.jsonl", "{\"text\":1,\"intent\":\"b\"}".into(), "line 1: field `text` must be"),
            ("a.jsonl", "{\"text\":\" \",\"intent\":\"b\"}".into(), "field `text` is empty"),
            ("a.csv", "text,label\na,b\n".into(), "found `text,label`"),
            ("a.csv", "text,intent\na,b\nc\n".into(), "line 3: field `intent` is empty"),
            ("a.csv", "text,intent\na,\"b\n".into(), "line 2: it does not parse: line 2, column 3"),
            ("a.csv", "text,intent\na,\n".into(), "line 2: field `intent` is empty"),
            (
                "a.jsonl",
                format!("{{\"text\":\"{}\",\"intent\":\"b\"}}", "x".repeat(9_000)),
                "has 9000 bytes, limit is 8192",
            ),
        ];
        for (name, content, reason) in cases {
            let error = read_as(name, &content).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
        assert!(read(Path::new("/nowhere/a.jsonl")).is_err());
    }

    #[test]
    fn examples_are_read_as_windows_and_spreadsheets_save_them() {
        let expected = vec![example("où est ma commande", "order_status"), example("hi", "greet")];
        let folder = tempfile::tempdir().unwrap();
        let excel = "\u{feff}Text;Intent;\r\n\"où est ma commande\";order_status;\r\nhi;greet;\r\n";
        let lines = "\u{feff}{\"text\":\"où est ma commande\",\"intent\":\"order_status\"}\r\n\
                     {\"text\":\"hi\",\"intent\":\"greet\"}\r\n";
        let utf16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        for (name, bytes) in [
            ("a.csv", excel.as_bytes().to_vec()),
            ("b.csv", excel.replace(';', "\t").into_bytes()),
            ("c.csv", utf16(excel)),
            ("g.csv", excel.replace("\"où est ma commande\"", "où est ma commande").into_bytes()),
            ("d.jsonl", lines.as_bytes().to_vec()),
            ("e.jsonl", utf16(lines)),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path).unwrap(), expected, "{name}");
        }
        let path = folder.path().join("h.csv");
        std::fs::write(&path, "text;intent\nhello, hello, is it here, now;greet\n").unwrap();
        assert_eq!(read(&path).unwrap(), [example("hello, hello, is it here, now", "greet")]);
        let path = folder.path().join("f.csv");
        std::fs::write(&path, b"text,intent\no\xf9,a\n").unwrap();
        let mut error: &dyn std::error::Error = &read(&path).unwrap_err();
        while let Some(cause) = error.source() {
            error = cause;
        }
        assert!(error.to_string().contains("f.csv: line 2, column 2: byte 0xF9"), "{error}");
    }
}
