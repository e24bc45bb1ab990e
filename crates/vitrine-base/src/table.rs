//! Rows of separated fields: CSV as spreadsheets save it, with commas, semicolons or tabs.
//!
//! A field that begins with `"` ends at the next single `"`; `""` stands for one `"`, and
//! separators and line ends inside belong to the field. The rows keep the line in which they begin,
//! which blank lines and line ends inside quotes would otherwise shift.
//!
//! Source: RFC 4180, and what Excel writes: other separators, and a first line `sep=;`.

use crate::text_file::position;
use std::borrow::Cow;

/// Separators, in the order in which they win when they are equally frequent.
pub const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// Rows that are looked at to find the separator.
const SAMPLE_ROWS: usize = 200;

/// Declares the separator in the first line, as Excel reads and some programs write it.
const DECLARATION: &str = "sep=";

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    /// Line in which it begins, from 1.
    pub line: usize,
    /// Its fields, without quotes and surrounding spaces.
    pub fields: Vec<Cow<'a, str>>,
}

/// Why a row cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// A quote is never closed.
    #[error("line {line}, column {column}: the quote `\"` that begins there is never closed")]
    Unclosed {
        /// Line of the quote, from 1.
        line: usize,
        /// Column of the quote in characters, from 1.
        column: usize,
    },
    /// Text follows a closing quote.
    #[error(
        "line {line}, column {column}: `{found}` follows a closing quote; write a quote inside a \
         quoted field twice"
    )]
    AfterQuote {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The character found.
        found: char,
    },
}

impl RowFault {
    /// Line of the fault, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        match self {
            Self::Unclosed { line, .. } | Self::AfterQuote { line, .. } => *line,
        }
    }
}

/// The rows of a table; those whose fields are all empty are left out.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    text: &'a str,
    /// Byte at which the next row begins.
    at: usize,
    /// Its line, from 1.
    line: usize,
    separator: char,
}

impl<'a> Rows<'a> {
    /// The rows of a text whose lines end in `\n`; the separator is found by itself: the one that
    /// the first line declares (`sep=;`), else the most frequent one outside quotes.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let first = text.lines().next().unwrap_or_default();
        let declared = first
            .get(..DECLARATION.len())
            .filter(|start| start.eq_ignore_ascii_case(DECLARATION))
            .and_then(|_| {
                SEPARATORS
                    .into_iter()
                    .find(|separator| first[4..].trim_end_matches(' ') == separator.to_string())
            });
        match declared {
            // The row that begins at the end of the first line is empty, and so is left out.
            Some(separator) => Self { text, at: first.len(), line: 1, separator },
            None => Self::separated(text, frequent_separator(text)),
        }
    }

    /// The rows of a text with a known separator.
    #[must_use]
    pub fn separated(text: &'a str, separator: char) -> Self {
        Self { text, at: 0, line: 1, separator }
    }

    /// The separator of the fields.
    #[must_use]
    pub fn separator(&self) -> char {
        self.separator
    }

    /// Reads a row; `None` at the end of the text.
    fn row(&mut self) -> Option<Result<Row<'a>, RowFault>> {
        if self.at >= self.text.len() {
            return None;
        }
        let line = self.line;
        let mut fields = Vec::new();
        loop {
            let field = match self.field() {
                Ok(field) => field,
                Err(fault) => {
                    self.at = self.text.len();
                    return Some(Err(fault));
                }
            };
            fields.push(field);
            let rest = &self.text[self.at..];
            if rest.starts_with(self.separator) {
                self.at += self.separator.len_utf8();
                continue;
            }
            // A field ends at a separator, at a line feed or at the end of the text.
            self.at += usize::from(!rest.is_empty());
            self.line += usize::from(!rest.is_empty());
            return Some(Ok(Row { line, fields }));
        }
    }

    /// Reads a field, up to the separator or line feed after it.
    fn field(&mut self) -> Result<Cow<'a, str>, RowFault> {
        let rest = &self.text[self.at..];
        if !rest.starts_with('"') {
            let end = rest.find([self.separator, '\n']).unwrap_or(rest.len());
            self.at += end;
            return Ok(Cow::Borrowed(rest[..end].trim()));
        }
        let end = closing_quote(rest).ok_or_else(|| {
            let (line, column) = position(&self.text[..self.at]);
            RowFault::Unclosed { line, column }
        })?;
        let inside = &rest[1..end];
        self.line += inside.matches('\n').count();
        self.at += end + 1;
        let after = &self.text[self.at..];
        let tail = after.find([self.separator, '\n']).unwrap_or(after.len());
        let blank = after[..tail].trim_start();
        if let Some(found) = blank.chars().next() {
            let (line, column) = position(&self.text[..self.at + tail - blank.len()]);
            return Err(RowFault::AfterQuote { line, column, found });
        }
        self.at += tail;
        let inside = inside.trim();
        if inside.contains('"') {
            return Ok(Cow::Owned(inside.replace("\"\"", "\"")));
        }
        Ok(Cow::Borrowed(inside))
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Result<Row<'a>, RowFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.row()? {
                Ok(row) if row.fields.iter().all(|field| field.is_empty()) => {}
                row => return Some(row),
            }
        }
    }
}

/// Byte of the quote that closes the field at the start of `text`.
fn closing_quote(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == b'"')?;
        if bytes.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

/// The separator that is most frequent outside quotes.
fn frequent_separator(text: &str) -> char {
    let mut counts = [0_usize; SEPARATORS.len()];
    let (mut quoted, mut rows) = (false, 0);
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            '\n' if !quoted => rows += 1,
            _ => {}
        }
        if rows == SAMPLE_ROWS {
            break;
        }
        let separator = SEPARATORS.iter().position(|separator| *separator == character);
        if let Some(index) = separator.filter(|_| !quoted) {
            counts[index] += 1;
        }
    }
    let most = counts.into_iter().max().unwrap_or_default();
    let first = counts.iter().position(|count| *count == most).unwrap_or_default();
    SEPARATORS[first]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(text: &str) -> Vec<(usize, Vec<String>)> {
        Rows::new(text)
            .map(|row| row.unwrap())
            .map(|row| (row.line, row.fields.iter().map(ToString::to_string).collect()))
            .collect()
    }

    fn row(line: usize, fields: &[&str]) -> (usize, Vec<String>) {
        (line, fields.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn rows_keep_their_lines_across_blank_lines_and_line_ends_in_quotes() {
        let text = "\n a , b\n\n\"two\nlines\",\"he said \"\"no\"\"\"\n,,\nc,d";
        let expected =
            [row(2, &["a", "b"]), row(4, &["two\nlines", "he said \"no\""]), row(7, &["c", "d"])];
        assert_eq!(rows(text), expected);
        assert_eq!(rows(""), []);
        assert_eq!(rows("a,b,"), [row(1, &["a", "b", ""])]);
    }

    #[test]
    fn the_separator_is_the_most_frequent_one_or_the_declared_one() {
        for (text, separator) in [
            ("a,b;c,d\n", ','),
            ("a;b\nc;1,5\nd;e", ';'),
            ("a\tb\n", '\t'),
            ("\"a,b,c\";d", ';'),
            ("a\nb\n", ','),
            ("", ','),
            ("sep=;\na,b,c;d", ';'),
            ("SEP=\t\na,b,c\td", '\t'),
            ("sep=", ','),
        ] {
            assert_eq!(Rows::new(text).separator(), separator, "{text}");
        }
        assert_eq!(rows("sep=;\na;b"), [row(2, &["a", "b"])]);
    }

    #[test]
    fn a_fault_is_named_by_line_and_column() {
        let fault = |text| Rows::new(text).find_map(Result::err).unwrap();
        assert_eq!(fault("a,b\nc,\"d\ne,f\n"), RowFault::Unclosed { line: 2, column: 3 });
        let after = RowFault::AfterQuote { line: 2, column: 7, found: 'x' };
        assert_eq!(fault("a,b\nc,\"d\" x,e"), after);
        assert_eq!(after.line(), 2);
    }

    proptest! {
        #[test]
        fn any_text_ends_in_rows_or_a_fault(text in "[a\",;\t\n é]{0,60}") {
            let lines = text.lines().count();
            for row in Rows::new(&text) {
                let Ok(row) = row else { break };
                prop_assert!((1..=lines).contains(&row.line));
                prop_assert!(row.fields.iter().any(|field| !field.is_empty()));
            }
        }

        #[test]
        fn fields_that_are_written_with_quotes_are_read_back(
            fields in prop::collection::vec("[a-c\",;\t\né]{1,6}", 1..5),
            separator in prop::sample::select(SEPARATORS.to_vec()),
        ) {
            prop_assume!(fields.iter().any(|field| !field.trim().is_empty()));
            let quoted: Vec<String> =
                fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
            let text = format!("\n{}\n", quoted.join(&separator.to_string()));
            let found: Vec<Row<'_>> =
                Rows::separated(&text, separator).collect::<Result<_, _>>().unwrap();
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].line, 2);
            let expected: Vec<&str> = fields.iter().map(|field| field.trim()).collect();
            prop_assert_eq!(&found[0].fields, &expected);
        }
    }
}
