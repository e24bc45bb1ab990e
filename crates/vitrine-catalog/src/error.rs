//! Why a catalog is refused: the file, a line of it, or an entry of the facets file.

use crate::limits::ASK_WEIGHT_MAX;
use crate::limits::URL_CHARS_MAX;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::ids::IdError;
use vitrine_base::ids::Sku;
use vitrine_base::money::Currency;
use vitrine_base::money::Money;
use vitrine_base::table::RowFault;
use vitrine_base::text_file::TextFault;

/// Why a catalog is refused.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Path of the file or folder.
        path: PathBuf,
        /// Error of the operating system.
        #[source]
        cause: std::io::Error,
    },
    /// The file extension is unknown, or the folder holds no catalog.
    #[error(
        "{} is neither a .ndjson, .jsonl, .csv, .tsv or .txt file nor a folder with catalog.ndjson \
         or catalog.csv",
        path.display()
    )]
    Format {
        /// The path found.
        path: PathBuf,
    },
    /// A file cannot be used, for the reason in `fault`.
    #[error("{}: {fault}", path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Box<CatalogError>,
    },
    /// The file is too large.
    #[error("the file has {bytes} bytes or more, limit is {bytes_max}")]
    TooLarge {
        /// Bytes found; the file may be larger.
        bytes: u64,
        /// Most bytes allowed.
        bytes_max: u64,
    },
    /// The file is not text.
    #[error("{0}")]
    Text(#[from] TextFault),
    /// The quotes of a CSV file do not match.
    #[error("{fault}")]
    Row {
        /// Where.
        fault: RowFault,
    },
    /// More products than allowed.
    #[error("line {line}: too many products, limit is {products_max}")]
    TooManyProducts {
        /// The first line over the limit, from 1.
        line: usize,
        /// Most products allowed.
        products_max: usize,
    },
    /// A line of the catalog is invalid.
    #[error("line {line}{place}: {fault}")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// The column or field, to follow the line in a message; empty if it is the whole line.
        place: String,
        /// What is wrong with it.
        fault: Box<LineFault>,
    },
    /// The facets file is not TOML of the expected shape.
    #[error("line {line}, column {column}: {reason}")]
    FacetFile {
        /// Line number, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// Message of the TOML parser.
        reason: String,
    },
    /// An entry of the facets file is invalid.
    #[error("line {line}: {fault}")]
    Facets {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        fault: FacetFault,
    },
}

impl CatalogError {
    /// The error for a fault in a line; `part` is what the format calls a part of a line.
    pub(super) fn at(line: usize, part: &str, fault: LineFault) -> Self {
        let place = fault.field().map(|field| format!(", {part} `{field}`"));
        Self::Line { line, place: place.unwrap_or_default(), fault: Box::new(fault) }
    }

    /// The same error, with the file in which it is.
    pub(super) fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Read { .. } | Self::Format { .. } | Self::File { .. } => self,
            fault => Self::File { path: path.to_owned(), fault: Box::new(fault) },
        }
    }
}

/// What is wrong with one line of a catalog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// The line is longer than allowed.
    #[error("has {bytes} bytes, limit is {bytes_max}")]
    TooLong {
        /// Length of the line, in bytes.
        bytes: usize,
        /// Longest line allowed, in bytes.
        bytes_max: usize,
    },
    /// The line does not parse, or a field is unknown.
    #[error("{reason}")]
    Malformed {
        /// The field or column; empty if it is the whole line.
        field: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A column is unknown or named twice.
    #[error(
        "the header names the column `{found}`, which is unknown or repeated; allowed: {allowed}; \
         the fields are read as separated by {}",
        name(*separator)
    )]
    Column {
        /// The name found.
        found: String,
        /// Separator of the fields.
        separator: char,
        /// The columns that a catalog may have.
        allowed: String,
    },
    /// A row has more or fewer fields than the header.
    #[error(
        "has {found} fields, but the header has {columns}; fields are separated by {}, and one \
         that holds a separator is written in quotes",
        name(*separator)
    )]
    Fields {
        /// Fields found.
        found: usize,
        /// Columns of the header.
        columns: usize,
        /// Separator of the fields.
        separator: char,
    },
    /// A decimal comma in a file whose fields are separated by commas.
    #[error(
        "amount `{found}` has a decimal comma, but commas separate the fields of this file; write \
         it with a decimal point, as 129.00, or separate the fields by semicolons"
    )]
    SplitAmount {
        /// The amount found.
        found: String,
    },
    /// A required field is missing or empty.
    #[error("has no `{field}`")]
    Absent {
        /// Name of the field.
        field: &'static str,
    },
    /// The sku is not a valid id.
    #[error("{0}")]
    Sku(#[from] IdError),
    /// A spreadsheet has rewritten the sku as a rounded number.
    #[error(
        "`{found}` is a number as a spreadsheet shortens it, its last digits are lost; format the \
         column as text and export it again"
    )]
    Shortened {
        /// The sku found.
        found: String,
    },
    /// The price does not parse.
    #[error("amount `{found}` {hint}")]
    Amount {
        /// The amount found.
        found: String,
        /// What is wrong and how to write it.
        hint: &'static str,
    },
    /// The price has more decimals than its currency.
    #[error(
        "amount `{found}` has more decimals than the {decimals_max} of {}; if the sign separates \
         thousands, leave it out",
        currency.code()
    )]
    Decimals {
        /// The amount found.
        found: String,
        /// Its currency.
        currency: Currency,
        /// Decimals of the currency.
        decimals_max: u32,
    },
    /// The currency is unknown.
    #[error("`{found}` is not an ISO 4217 code such as EUR")]
    Currency {
        /// The text found.
        found: String,
    },
    /// The price is below zero.
    #[error("{price} is negative")]
    NegativePrice {
        /// The price found.
        price: Money,
    },
    /// The stock does not parse, or lists a size twice.
    #[error("`{found}` is neither a number of units nor units by distinct sizes")]
    Stock {
        /// Text found.
        found: String,
    },
    /// A text is too long or holds control characters, such as line breaks.
    #[error("must be at most {chars_max} characters without control characters")]
    Text {
        /// Name of the field.
        field: &'static str,
        /// Most characters allowed.
        chars_max: usize,
    },
    /// A facet key, facet value or category is not an identifier.
    #[error("`{found}` is not an identifier (a-z, 0-9, _)")]
    Identifier {
        /// Name of the field.
        field: &'static str,
        /// Text found.
        found: String,
    },
    /// The link is not an absolute http(s) link, or too long.
    #[error("`{found}` is not an http(s) link of at most {URL_CHARS_MAX} bytes")]
    Url {
        /// Name of the field.
        field: &'static str,
        /// Text found.
        found: String,
    },
    /// A value of a field is not one of those allowed.
    #[error("`{found}` is not {allowed}")]
    Value {
        /// Name of the field.
        field: &'static str,
        /// Text found.
        found: String,
        /// What is allowed, such as `a number of 8 to 14 digits`.
        allowed: String,
    },
    /// More entries than allowed.
    #[error("has {found} {what}, limit is {limit}")]
    TooMany {
        /// Name of the counted entries, such as `sizes`.
        what: &'static str,
        /// Number found.
        found: usize,
        /// Most allowed.
        limit: usize,
    },
    /// An earlier line has the same sku.
    #[error("repeats sku {sku} of line {first_line}")]
    Duplicate {
        /// The repeated sku.
        sku: Sku,
        /// Line of its first occurrence, from 1.
        first_line: usize,
    },
}

impl LineFault {
    /// The field or column with the fault; `None` if it is the whole line.
    fn field(&self) -> Option<&'static str> {
        match self {
            Self::Malformed { field, .. } => Some(*field).filter(|field| !field.is_empty()),
            Self::Sku(_) | Self::Shortened { .. } | Self::Duplicate { .. } => Some("sku"),
            Self::Amount { .. }
            | Self::SplitAmount { .. }
            | Self::Decimals { .. }
            | Self::NegativePrice { .. } => Some("price"),
            Self::Currency { .. } => Some("currency"),
            Self::Stock { .. } => Some("stock"),
            Self::Text { field, .. }
            | Self::Identifier { field, .. }
            | Self::Value { field, .. }
            | Self::Url { field, .. } => Some(field),
            Self::TooLong { .. }
            | Self::Column { .. }
            | Self::Fields { .. }
            | Self::Absent { .. }
            | Self::TooMany { .. } => None,
        }
    }
}

/// What a separator is called in a message.
fn name(separator: char) -> &'static str {
    match separator {
        ';' => "semicolons",
        '\t' => "tabs",
        _ => "commas",
    }
}

/// What is wrong with one entry of the facets file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FacetFault {
    /// A key or id is not an identifier; option ids and the catalog file use them.
    #[error("`{found}` is not an identifier (a-z, 0-9, _)")]
    Identifier {
        /// Text found.
        found: String,
    },
    /// Two entries have the same key or id.
    #[error("`{found}` is defined twice")]
    Duplicate {
        /// The key or id.
        found: String,
    },
    /// The parent of a category is not in the file.
    #[error("category `{id}` has the parent `{parent}`, which is not in the file")]
    Parent {
        /// Id of the category.
        id: String,
        /// Id of its parent.
        parent: String,
    },
    /// A category is its own ancestor.
    #[error("category `{id}` is its own ancestor")]
    Circle {
        /// Id of the category.
        id: String,
    },
    /// `ask` is not a number from 0 to 2.
    #[error("facet `{key}` has ask = {found}, allowed: 0 to {ASK_WEIGHT_MAX}")]
    Weight {
        /// Key of the facet; `kind` for the section `[kind]`.
        key: String,
        /// The value, as text.
        found: String,
    },
    /// More entries than allowed.
    #[error("has {found} {what}, limit is {limit}")]
    TooMany {
        /// Name of the counted entries, such as `facets`.
        what: &'static str,
        /// Number found.
        found: usize,
        /// Most allowed.
        limit: usize,
    },
}
