//! A table with a header line: rows with their line numbers, cells by the names of their columns.
//!
//! Names are compared without case, accents and signs: `Compare-at price` is `compare at price`.

use crate::exports::collect::Collector;
use crate::exports::report::ProblemKind;
use crate::exports::report::Severity;
use crate::words::fold;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::collections::HashMap;
use vitrine_base::table::Row;
use vitrine_base::table::Rows;

/// Rows with broken quotes after which a file is given up.
const BROKEN_ROWS_MAX: usize = 20;

/// The columns of a table.
#[derive(Debug)]
pub(super) struct Header {
    /// As the file writes them.
    names: Vec<String>,
    /// Compared name → position of the first column of that name.
    places: HashMap<String, usize>,
    /// Positions of the columns that were read.
    used: RefCell<BTreeSet<usize>>,
    pub(super) separator: char,
}

/// A name in the form in which it is compared.
pub(super) fn compared(name: &str) -> String {
    let folded = fold(name);
    let words =
        folded.split(|c: char| !(c.is_alphanumeric() || matches!(c, '(' | ')' | '.' | '/')));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

impl Header {
    fn new(row: &Row<'_>, separator: char) -> Self {
        let names: Vec<String> = row.fields.iter().map(|name| name.trim().to_owned()).collect();
        let mut places = HashMap::new();
        for (at, name) in names.iter().enumerate() {
            places.entry(compared(name)).or_insert(at);
        }
        Self { names, places, used: RefCell::default(), separator }
    }

    /// Whether there is a column of this compared name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The columns, as the file writes them, with their positions.
    pub(super) fn columns(&self) -> impl Iterator<Item = (usize, &str)> {
        self.names.iter().enumerate().map(|(at, name)| (at, name.as_str()))
    }

    /// Says that a column is read, or need not be.
    pub(super) fn mark(&self, at: usize) {
        self.used.borrow_mut().insert(at);
    }

    fn place(&self, name: &str) -> Option<usize> {
        let at = self.places.get(name).copied()?;
        self.mark(at);
        Some(at)
    }

    /// Names of the columns that were never read.
    pub(super) fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        let columns = self.columns().filter(|(at, name)| !used.contains(at) && !name.is_empty());
        columns.map(|(_, name)| name.to_owned()).collect()
    }
}

/// One row of a table.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) line: usize,
    pub(super) header: &'a Header,
    fields: Vec<Cow<'a, str>>,
}

impl Record<'_> {
    /// The cell of a column by its compared name; empty if there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.header.place(name).map_or("", |at| self.at(at))
    }

    /// The first cell of these columns that is not empty.
    pub(super) fn first(&self, names: &[&str]) -> &str {
        let mut cells = names.iter().map(|name| self.get(name));
        cells.find(|cell| !cell.is_empty()).unwrap_or("")
    }

    /// The cell at a position.
    pub(super) fn at(&self, position: usize) -> &str {
        self.fields.get(position).map_or("", |cell| cell.trim())
    }

    /// The column's name as the file writes it, of the first of these that exists.
    pub(super) fn column(&self, names: &[&str]) -> String {
        let at = names.iter().find_map(|name| self.header.places.get(*name));
        at.map_or_else(String::new, |at| self.header.names[*at].clone())
    }
}

/// The header of a text, and the text after it with the line of its first row.
pub(super) fn header(text: &str) -> Option<(Header, usize)> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let declared = first.to_lowercase().starts_with("sep=");
    let separator = if declared { Rows::new(text) } else { Rows::new(first) }.separator();
    let row = Rows::separated(body(text, declared), separator).next()?.ok()?;
    Some((Header::new(&row, separator), usize::from(declared)))
}

/// The text without a line that declares the separator.
fn body(text: &str, declared: bool) -> &str {
    if !declared {
        return text;
    }
    text.split_once('\n').map_or("", |(_, rest)| rest)
}

/// Reads all rows after the header; a row that cannot be read is an error of the report.
pub(super) fn rows(
    text: &str,
    (header, skipped): (&Header, usize),
    collector: &mut Collector<'_>,
    mut take: impl FnMut(Record<'_>, &mut Collector<'_>),
) {
    let (mut rest, mut offset) = (body(text, skipped > 0), skipped);
    let (mut first, mut broken, mut count) = (true, 0, 0);
    'text: loop {
        for row in Rows::separated(rest, header.separator) {
            let row = match row {
                Ok(row) => row,
                Err(fault) => {
                    let line = fault.line() + offset;
                    let kind = ProblemKind::Quotes { fault: fault.to_string() };
                    collector.problem(Severity::Error, (line, String::new()), kind);
                    broken += 1;
                    let Some(after) = after_line(rest, fault.line()) else { return };
                    if broken >= BROKEN_ROWS_MAX {
                        return;
                    }
                    offset = line;
                    rest = after;
                    continue 'text;
                }
            };
            if std::mem::take(&mut first) {
                continue;
            }
            count += 1;
            let limit = collector.options.limits.rows_max;
            if count > limit {
                let kind = ProblemKind::Limit { what: "rows", found: count, limit };
                collector.problem(Severity::Error, (row.line + offset, String::new()), kind);
                return;
            }
            if let Some(record) = record(row, offset, header, collector) {
                collector.rows += 1;
                take(record, collector);
            }
        }
        return;
    }
}

/// Checks the shape of a row.
fn record<'a>(
    row: Row<'a>,
    offset: usize,
    header: &'a Header,
    collector: &mut Collector<'_>,
) -> Option<Record<'a>> {
    let line = row.line + offset;
    let columns = header.names.len();
    let found = row.fields.iter().rposition(|field| !field.is_empty()).map_or(0, |at| at + 1);
    if found > columns {
        let kind = ProblemKind::Fields { found, columns };
        collector.problem(Severity::Error, (line, String::new()), kind);
        return None;
    }
    let limit = collector.options.limits.field_bytes_max;
    if let Some(at) = row.fields.iter().position(|field| field.len() > limit) {
        let found = row.fields[at].len();
        let kind = ProblemKind::Limit { what: "bytes of a field", found, limit };
        collector.problem(Severity::Error, (line, header.names[at].clone()), kind);
        return None;
    }
    Some(Record { line, header, fields: row.fields })
}

/// The text after a line, counted from 1.
fn after_line(text: &str, line: usize) -> Option<&str> {
    let end = text.match_indices('\n').nth(line.checked_sub(1)?)?.0;
    Some(&text[end + 1..])
}

/// The separator in words.
pub(super) fn separator_name(separator: char) -> &'static str {
    match separator {
        ';' => "semicolons",
        '\t' => "tabs",
        _ => "commas",
    }
}
