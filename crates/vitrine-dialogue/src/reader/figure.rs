//! A number of a message with what it is.

use crate::command::SizeSystem;
use rust_decimal::Decimal;
use std::ops::Range;

/// Which side of a price a word limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// "at most".
    Max,
    /// "at least".
    Min,
    /// "about".
    Around,
}

/// What a number is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Role {
    /// An amount of money; `None`: no currency was said.
    Money {
        /// ISO code.
        currency: Option<String>,
        /// Whether a word limits it.
        bound: Option<Bound>,
    },
    /// A size.
    Size(SizeSystem),
    /// Two lengths, or a length: an option such as "140x200" or "54 cm".
    Dimensions,
    /// Pieces.
    Quantity,
    /// A place in a list.
    Place,
    /// An age, a distance, a duration, or part of something else.
    Other,
    /// Nothing says what it is.
    Unknown,
}

/// A number with what it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// Its tokens, with its unit and its cue.
    pub(crate) tokens: Range<usize>,
    /// The tokens of the numbers alone.
    pub(crate) bare: Range<usize>,
    /// One value, or the ends of a range.
    pub(crate) values: Vec<Decimal>,
    /// What it is.
    pub(crate) role: Role,
    /// Whether it is written in digits.
    pub(crate) digits: bool,
}

impl Figure {
    /// Its value as a count.
    pub(crate) fn count(&self) -> Option<u32> {
        let value = self.values.first().filter(|value| value.fract().is_zero())?;
        u32::try_from(value.trunc().mantissa()).ok()
    }
}
