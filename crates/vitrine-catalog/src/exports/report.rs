//! The report of an import: files, counts, defaults, and problems with their place and what to do.

use std::fmt;

/// Most problems that are kept of one file; further ones are counted.
pub(crate) const PROBLEMS_MAX: usize = 200;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The row or product is left out.
    Error,
    /// Taken, after a repair that the owner should know of.
    Warning,
    /// A default, or something that could be better.
    Note,
}

impl Severity {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Where a problem is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Name of the file; empty if it concerns the whole import.
    pub file: String,
    /// Line, from 1; 0 if it concerns the whole file.
    pub line: usize,
    /// Column or element as the file names it; empty if it concerns the whole line.
    pub column: String,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if self.line > 0 {
            write!(formatter, ", line {}", self.line)?;
        }
        if !self.column.is_empty() {
            write!(formatter, ", column `{}`", self.column)?;
        }
        Ok(())
    }
}

/// What is wrong, was repaired or was assumed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// The file cannot be read at all.
    #[error("cannot be read: {reason}")]
    Unreadable {
        /// Why.
        reason: String,
    },
    /// The header or the root element belongs to no known export.
    #[error("is no known export; it begins with `{found}`")]
    UnknownFormat {
        /// The start of the file, shortened.
        found: String,
    },
    /// A required column is missing.
    #[error("has no column `{name}`")]
    NoColumn {
        /// The column.
        name: &'static str,
    },
    /// A row has more fields than the header.
    #[error("has {found} fields, the header has {columns}")]
    Fields {
        /// Fields found.
        found: usize,
        /// Columns of the header.
        columns: usize,
    },
    /// The quotes of a row do not match.
    #[error("{fault}")]
    Quotes {
        /// Where, in the words of the table reader.
        fault: String,
    },
    /// A limit is exceeded.
    #[error("{what}: {found}, limit is {limit}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// Number found, or the first number over the limit.
        found: usize,
        /// Most allowed.
        limit: usize,
    },
    /// A required cell is empty.
    #[error("has no {what}")]
    Absent {
        /// What is missing.
        what: &'static str,
    },
    /// A value is not among the allowed ones.
    #[error("`{found}` is not {allowed}")]
    Value {
        /// The value found, shortened.
        found: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A price is not readable.
    #[error("{fault}")]
    Price {
        /// Why, with the value found.
        fault: String,
    },
    /// A price was rounded to the decimals of its currency.
    #[error("`{found}` was rounded to {taken}")]
    Rounded {
        /// The price found.
        found: String,
        /// The price taken.
        taken: String,
    },
    /// A price in another currency than the first one.
    #[error("the price is in {found}, the first one is in {expected}")]
    Currency {
        /// Currency found.
        found: String,
        /// Currency of the first price.
        expected: String,
    },
    /// The price is 0.
    #[error("the price is 0")]
    Free,
    /// The same code is used twice.
    #[error("`{found}` is also the code of line {line}{taken}")]
    Duplicate {
        /// The code.
        found: String,
        /// Line of the first use.
        line: usize,
        /// What was taken instead, with words before it; empty if the row was left out.
        taken: String,
    },
    /// Two variants have the same options.
    #[error("a variant with the options `{found}` is already in line {line}")]
    SameOptions {
        /// The options.
        found: String,
        /// Line of the first one.
        line: usize,
    },
    /// A variant names a product that the file lacks.
    #[error("belongs to `{found}`, which is not in the file")]
    NoParent {
        /// The parent named.
        found: String,
    },
    /// A text was shortened.
    #[error("has {chars} characters; the first {chars_max} were taken")]
    Shortened {
        /// Characters found.
        chars: usize,
        /// Most taken.
        chars_max: usize,
    },
    /// Something was left out of a product that is taken.
    #[error("`{found}` was left out: it is not {allowed}")]
    LeftOut {
        /// The value.
        found: String,
        /// What would be taken.
        allowed: &'static str,
    },
    /// A default was applied.
    #[error("{what}: {taken} was taken")]
    Default {
        /// What the export does not say.
        what: &'static str,
        /// The default.
        taken: String,
    },
    /// Something that the owner should look at.
    #[error("{what}")]
    Look {
        /// What.
        what: String,
    },
}

impl ProblemKind {
    /// What the owner can do about it; empty if nothing needs to be done.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "export the file again, as CSV in UTF-8",
            Self::UnknownFormat { .. } => {
                "give a product export of Shopify or WooCommerce, a Google Merchant feed, or \
                 catalog.ndjson, with its header line unchanged"
            }
            Self::NoColumn { .. } => "export again with all columns",
            Self::Fields { .. } => "write a field that holds a separator in quotes",
            Self::Quotes { .. } => "close the quote, and write a quote inside a field twice",
            Self::Limit { .. } => "split the file, or shorten the entry",
            Self::Absent { .. } => "fill it in, or remove the row",
            Self::Value { .. } | Self::Price { .. } => "correct the value in the shop program",
            Self::Currency { .. } => "export the prices in one currency",
            Self::Free => "enter the price, or unpublish the product",
            Self::Duplicate { .. } => "give every variant a code of its own",
            Self::SameOptions { .. } => "remove one of the two, or correct its options",
            Self::NoParent { .. } => "export the parent product too",
            Self::Shortened { .. } => "write a shorter text, if the end matters",
            Self::LeftOut { .. } => "correct it in the shop program, if it matters",
            Self::Rounded { .. } | Self::Default { .. } | Self::Look { .. } => "",
        }
    }
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What it is.
    pub kind: ProblemKind,
}

/// What one file was read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSummary {
    /// Name of the file.
    pub name: String,
    /// Format, in words.
    pub format: &'static str,
    /// Encoding, in words.
    pub encoding: &'static str,
    /// Separator of the fields, in words; empty for XML and NDJSON.
    pub separator: &'static str,
    /// Rows or entries read, the header aside.
    pub rows: usize,
}

/// What was read, assumed, repaired and refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The files, in the order given.
    pub sources: Vec<SourceSummary>,
    /// Problems in file order, at most 200 a file.
    pub problems: Vec<Problem>,
    /// Problems that are counted only.
    pub further: usize,
    /// Errors among them.
    pub further_errors: usize,
    /// Products that are not active or not published.
    pub inactive: usize,
    /// Columns of the files that nothing was taken from.
    pub unused_columns: Vec<String>,
}

impl Report {
    /// Number of errors: rows and products that are left out.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.count(Severity::Error) + self.further_errors
    }

    /// Number of kept problems of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.problems.iter().filter(|problem| problem.severity == severity).count()
    }

    /// Adds a problem, or counts it if its file has too many.
    pub(crate) fn add(&mut self, severity: Severity, place: Place, kind: ProblemKind) {
        let same_file =
            self.problems.iter().rev().take_while(|other| other.place.file == place.file);
        if same_file.count() >= PROBLEMS_MAX {
            self.further += 1;
            self.further_errors += usize::from(severity == Severity::Error);
        } else {
            self.problems.push(Problem { severity, place, kind });
        }
    }

    /// Adds a note about the whole import.
    pub(crate) fn note(&mut self, kind: ProblemKind) {
        self.problems.push(Problem { severity: Severity::Note, place: Place::default(), kind });
    }
}
