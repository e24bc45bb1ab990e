//! Values of options without what people write differently: case, accents, spaces, the sign of a
//! multiplication, decimal commas, units after dimensions.

use crate::words::fold;
use rust_decimal::Decimal;

/// Units that may follow a measure in a value of an option.
const UNITS: [&str; 9] = ["cm", "mm", "m", "in", "kg", "g", "l", "ml", "cl"];

/// A value in the form in which two spellings of it are equal: `140 × 200 cm` → `140x200cm`.
#[must_use]
pub(crate) fn compact(value: &str) -> String {
    let mut found = String::with_capacity(value.len());
    let mut before = ' ';
    for character in fold(value).chars().filter(|c| !c.is_whitespace()) {
        let written = match character {
            '×' | '*' => 'x',
            ',' if before.is_ascii_digit() => '.',
            '–' | '—' | '‑' => '-',
            other => other,
        };
        found.push(written);
        before = written;
    }
    found
}

/// A compact value without the unit at its end, if it has two or more dimensions: `140x200cm` →
/// `140x200`. With one dimension the unit stays: `54cm`.
#[must_use]
pub(crate) fn without_unit(compact: &str) -> &str {
    if !is_dimensions(compact) {
        return compact;
    }
    let units = UNITS.iter().filter_map(|unit| compact.strip_suffix(unit));
    let bare = units.filter(|rest| rest.ends_with(|c: char| c.is_ascii_digit()));
    bare.min_by_key(|rest| rest.len()).unwrap_or(compact)
}

/// Whether a compact value has two or more dimensions, such as `140x200`.
#[must_use]
pub(crate) fn is_dimensions(compact: &str) -> bool {
    compact.split('x').filter(|part| part.starts_with(|c: char| c.is_ascii_digit())).count() >= 2
}

/// Whether a compact value is a plain number, such as `42` or `42.5`.
#[must_use]
pub(crate) fn is_number(compact: &str) -> bool {
    !compact.is_empty() && compact.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// Whether two values are the same but for their spelling.
#[must_use]
pub(crate) fn same_value(one: &str, other: &str) -> bool {
    if one.eq_ignore_ascii_case(other) {
        return true;
    }
    let (one, other) = (compact(one), compact(other));
    one == other || without_unit(&one) == without_unit(&other)
}

/// Whether a value of the shop is, or as a range of numbers holds, what was said: `39-42` holds 41.
#[must_use]
pub(crate) fn holds(own: &str, said: &str) -> bool {
    if same_value(own, said) {
        return true;
    }
    let number = |text: &str| Decimal::from_str_exact(&compact(text)).ok();
    let range = compact(own);
    let Some((low, high)) = range.split_once(['-', '/']) else { return false };
    let (low, high) = (number(low), number(high));
    let (Some(low), Some(high), Some(said)) = (low, high, number(said)) else { return false };
    (low..=high).contains(&said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_value_are_equal() {
        for (one, other) in [
            ("140x200", "140 × 200 cm"),
            ("160 x 200 cm", "160X200"),
            ("42,5", "42.5"),
            ("54 cm", "54CM"),
            ("Größe L", "grosse l"),
            ("S/M", "s / m"),
            ("39–42", "39-42"),
        ] {
            assert!(same_value(one, other), "{one} {other}");
        }
        for (one, other) in [("42", "42.5"), ("54 cm", "54"), ("140x200", "140x190"), ("M", "")] {
            assert!(!same_value(one, other), "{one} {other}");
        }
    }

    #[test]
    fn a_range_holds_the_sizes_within_it() {
        assert!(holds("39-42", "41") && holds("39 – 42", "39") && holds("42/43", "43"));
        assert!(!holds("39-42", "43") && !holds("39-42", "M") && !holds("S-M", "41"));
        assert!(holds("39-42", "39-42") && !holds("41", "39-42"));
    }
}
