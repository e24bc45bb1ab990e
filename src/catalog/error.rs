//! Why a catalog is refused: the file, a line of it, or an entry of the facets file.

use crate::catalog::limits::ASK_WEIGHT_MAX;
use crate::catalog::limits::URL_CHARS_MAX;
use std::path::PathBuf;
use vitrine_base::ids::IdError;
use vitrine_base::ids::Sku;
use vitrine_base::money::Money;
use vitrine_base::money::MoneyError;

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
        "{} is neither a .ndjson, .jsonl or .csv file nor a folder with catalog.ndjson or \
         catalog.csv",
        path.display()
    )]
    Format {
        /// The path found.
        path: PathBuf,
    },
    /// The file is too large.
    #[error("catalog or facets file has {bytes} bytes or more, limit is {bytes_max}")]
    TooLarge {
        /// Bytes found; the file may be larger.
        bytes: u64,
        /// Most bytes allowed.
        bytes_max: u64,
    },
    /// More products than allowed.
    #[error("catalog line {line}: too many products, limit is {products_max}")]
    TooManyProducts {
        /// The first line over the limit, from 1.
        line: usize,
        /// Most products allowed.
        products_max: usize,
    },
    /// A line of the catalog is invalid.
    #[error("catalog line {line} {fault}")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        fault: Box<LineFault>,
    },
    /// The facets file is not TOML of the expected shape.
    #[error("facets file, line {line}: {reason}")]
    FacetFile {
        /// Line number, from 1.
        line: usize,
        /// Message of the TOML parser.
        reason: String,
    },
    /// An entry of the facets file is invalid.
    #[error("facets file: {0}")]
    Facets(FacetFault),
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
    /// The line does not parse, or a field or column is unknown.
    #[error("is malformed: {reason}")]
    Malformed {
        /// Message of the parser.
        reason: String,
    },
    /// A required field is missing or empty.
    #[error("has no `{field}`")]
    Absent {
        /// Name of the field.
        field: &'static str,
    },
    /// The sku is not a valid id.
    #[error("sku {0}")]
    Sku(#[from] IdError),
    /// The price does not parse.
    #[error("price: {0}")]
    Price(#[from] MoneyError),
    /// The price is below zero.
    #[error("price {price} is negative")]
    NegativePrice {
        /// The price found.
        price: Money,
    },
    /// The stock does not parse, or lists a size twice.
    #[error("stock `{found}` is neither a number of units nor units by distinct sizes")]
    Stock {
        /// Text found.
        found: String,
    },
    /// A text is too long or holds control characters, such as line breaks.
    #[error("`{field}` must be at most {chars_max} characters without control characters")]
    Text {
        /// Name of the field.
        field: &'static str,
        /// Most characters allowed.
        chars_max: usize,
    },
    /// A facet key, facet value or category is not an identifier.
    #[error("`{found}` is not an identifier (a-z, 0-9, _)")]
    Identifier {
        /// Text found.
        found: String,
    },
    /// The link is not an absolute http(s) link, or too long.
    #[error("url `{found}` is not an http(s) link of at most {URL_CHARS_MAX} bytes")]
    Url {
        /// Text found.
        found: String,
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
