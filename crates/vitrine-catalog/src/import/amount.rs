//! Reads prices as files write them: `129.00`, `1 299,00 €`, `1,299.00`.
//!
//! A comma is a decimal sign only where the file says so: files whose fields are separated by
//! semicolons or tabs come from programs that write decimal commas, and in all others `1,299` could
//! be either. What is ambiguous is refused, never guessed.

use crate::error::LineFault;
use rust_decimal::Decimal;
use vitrine_base::money::Currency;
use vitrine_base::money::Money;

/// The decimal sign of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecimalSign {
    /// `129.00`
    Point,
    /// `129,00`; `129.00` is read as well.
    Comma,
}

/// Digits of a group of thousands.
const GROUP_DIGITS: usize = 3;

/// Signs of currencies, with the codes that they may stand for.
const SIGNS: [(char, &[&str]); 4] = [
    ('€', &["EUR"]),
    ('£', &["GBP"]),
    ('¥', &["JPY", "CNY"]),
    ('$', &["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN"]),
];

/// Currencies without decimals, and with three. Source: ISO 4217, minor units.
const NO_DECIMALS: [&str; 16] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF",
];
const THREE_DECIMALS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// Decimals of an amount in a currency.
fn decimals(currency: Currency) -> u32 {
    match currency.code() {
        code if NO_DECIMALS.contains(&code) => 0,
        code if THREE_DECIMALS.contains(&code) => 3,
        _ => 2,
    }
}

/// Reads a price; the currency's code may have any letter case.
pub(crate) fn price(written: &str, code: &str, sign: DecimalSign) -> Result<Money, LineFault> {
    let code = code.trim();
    let currency: Currency = code
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| LineFault::Currency { found: shortened(code) })?;
    let refused = |hint| LineFault::Amount { found: shortened(written), hint };
    let number = without_currency(written.trim(), currency).map_err(refused)?;
    let plain = plain(number, sign).map_err(refused)?;
    let amount = Decimal::from_str_exact(&plain).map_err(|_| refused(WRITE_PLAIN))?;
    let decimals_max = decimals(currency);
    let shortest = amount.normalize();
    if shortest.scale() > decimals_max {
        let found = shortened(written);
        return Err(LineFault::Decimals { found, currency, decimals_max });
    }
    // `12.500` is 12.50, but `12.5` stays as it is written.
    Ok(Money { amount: if amount.scale() > 2 { shortest } else { amount }, currency })
}

const WRITE_PLAIN: &str = "is not a decimal number; write it as 129.00";
const DECIMAL_COMMA: &str = "has a comma; write it with a decimal point and without separators of \
    thousands, as 129.00 (a decimal comma is read in files whose fields are separated by \
    semicolons or tabs)";
const GROUPS: &str = "has separators that are neither thousands nor decimals; write it as 1299.00";
const OTHER_CURRENCY: &str = "has the sign of another currency than its `currency`";

/// Takes the sign or the code of the currency off an amount.
fn without_currency(written: &str, currency: Currency) -> Result<&str, &'static str> {
    let code = currency.code();
    let (first, last) = (written.chars().next(), written.chars().next_back());
    for (sign, codes) in SIGNS {
        if first != Some(sign) && last != Some(sign) {
            continue;
        }
        if !codes.contains(&code) {
            return Err(OTHER_CURRENCY);
        }
        return Ok(written.trim_start_matches(sign).trim_end_matches(sign).trim());
    }
    let is_code = |part: Option<&str>| part.is_some_and(|part| part.eq_ignore_ascii_case(code));
    if is_code(written.get(..code.len())) {
        return Ok(written[code.len()..].trim());
    }
    let start = written.len().saturating_sub(code.len());
    if is_code(written.get(start..)) {
        return Ok(written[..start].trim());
    }
    Ok(written)
}

/// Writes a number with a decimal point and without separators of thousands.
fn plain(number: &str, sign: DecimalSign) -> Result<String, &'static str> {
    let space = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’');
    let (minus, digits) = match number.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest),
        None => ("", number),
    };
    let known = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',') || space(c);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || !digits.chars().all(known) {
        return Err(WRITE_PLAIN);
    }
    let (points, commas) = (digits.matches('.').count(), digits.matches(',').count());
    // The last of two different signs separates the decimals. A sign that repeats cannot.
    let decimal = match (points, commas, sign) {
        (0, 0, _) => None,
        (1, 0, _) => Some('.'),
        (0, 1, DecimalSign::Comma) => Some(','),
        (1, 1.., _) if digits.rfind('.') > digits.rfind(',') => Some('.'),
        (1.., 1, DecimalSign::Comma) if digits.rfind(',') > digits.rfind('.') => Some(','),
        (2.., 0, DecimalSign::Comma) => None,
        (_, 0, _) => return Err(GROUPS),
        _ => return Err(DECIMAL_COMMA),
    };
    let (whole, cents) = match decimal.and_then(|decimal| digits.rsplit_once(decimal)) {
        Some((_, cents)) if cents.is_empty() || !cents.bytes().all(|b| b.is_ascii_digit()) => {
            return Err(GROUPS);
        }
        Some((whole, cents)) => (whole, format!(".{cents}")),
        None => (digits, String::new()),
    };
    let mut groups = whole.split(|c: char| !c.is_ascii_digit());
    let first = groups.next().unwrap_or_default();
    let mut written = format!("{minus}{first}");
    for group in groups {
        if group.len() != GROUP_DIGITS || first.len() > GROUP_DIGITS {
            return Err(GROUPS);
        }
        written.push_str(group);
    }
    Ok(written + &cents)
}

/// Most characters of a value that a message shows.
const SHOWN_CHARS: usize = 40;

/// The start of a value, for a message.
pub(super) fn shortened(found: &str) -> String {
    let mut shown: String = found.chars().take(SHOWN_CHARS).collect();
    if shown.len() < found.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(written: &str, sign: DecimalSign) -> Result<String, String> {
        price(written, "EUR", sign).map(|m| m.to_string()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn prices_are_read_as_programs_and_people_write_them() {
        for (written, expected) in [
            ("129", "129.00"),
            ("129.00", "129.00"),
            ("129,00", "129.00"),
            ("129,9", "129.90"),
            ("12.500", "12.50"),
            ("1 299,00", "1299.00"),
            ("1\u{a0}299,00 €", "1299.00"),
            ("1\u{202f}299,00", "1299.00"),
            ("1'299.00", "1299.00"),
            ("1.299,00", "1299.00"),
            ("1,299.00", "1299.00"),
            ("1.299.000,00", "1299000.00"),
            ("1.299.000", "1299000.00"),
            ("€129.00", "129.00"),
            ("€ 129,00", "129.00"),
            ("129,00 EUR", "129.00"),
            ("eur 129", "129.00"),
            ("-5", "-5.00"),
            ("0", "0.00"),
        ] {
            assert_eq!(
                read(written, DecimalSign::Comma),
                Ok(format!("{expected} EUR")),
                "{written}"
            );
        }
        assert_eq!(read("1,299.00", DecimalSign::Point), Ok("1299.00 EUR".to_owned()));
        let yen = price("¥1500", "jpy", DecimalSign::Point).unwrap();
        assert_eq!(yen.currency.code(), "JPY");
    }

    #[test]
    fn what_is_ambiguous_or_no_price_is_refused_with_the_value_and_how_to_write_it() {
        for (written, told) in [
            ("129,00", "amount `129,00` has a comma; write it with a decimal point"),
            ("1,299", "has a comma"),
            ("1.299,00", "has a comma"),
            ("12.005", "`12.005` has more decimals than the 2 of EUR"),
            ("1.299", "has more decimals"),
            ("1.299.000", "neither thousands nor decimals"),
            ("12 34.00", "neither thousands nor decimals"),
            ("12.", "neither"),
            ("$12", "sign of another currency"),
            ("12 kg", "is not a decimal number"),
            ("1e3", "is not a decimal number"),
            ("", "is not a decimal number"),
            ("€", "is not a decimal number"),
        ] {
            let fault = read(written, DecimalSign::Point).unwrap_err();
            assert!(fault.contains(told), "{written}: {fault}");
        }
        let fault = read("12,005", DecimalSign::Comma).unwrap_err();
        assert!(fault.contains("has more decimals than the 2 of EUR"), "{fault}");
        let fault = price("1500.50", "JPY", DecimalSign::Point).unwrap_err().to_string();
        assert!(fault.contains("more decimals than the 0 of JPY"), "{fault}");
        let fault = price("5", "€", DecimalSign::Point).unwrap_err().to_string();
        assert!(fault.contains("`€` is not an ISO 4217 code"), "{fault}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(
            text in "[0-9., €$'\u{a0}a-]{0,14}",
            comma in any::<bool>(),
        ) {
            let sign = if comma { DecimalSign::Comma } else { DecimalSign::Point };
            if let Ok(money) = price(&text, "EUR", sign) {
                prop_assert!(money.amount.scale() <= 2);
            }
        }

        #[test]
        fn a_price_is_read_back_from_every_way_of_writing_it(cents in 0..1_000_000_000_i64) {
            let amount = Decimal::new(cents, 2);
            let text = amount.to_string();
            let (whole, rest) = text.split_once('.').unwrap();
            let mut grouped = String::new();
            for (index, digit) in whole.chars().enumerate() {
                if index > 0 && (whole.len() - index) % 3 == 0 {
                    grouped.push('~');
                }
                grouped.push(digit);
            }
            let signs = [("", ","), (" ", ","), (".", ","), ("\u{202f}", ","), ("'", ".")];
            for (group, decimal) in signs {
                let written = format!("{}{decimal}{rest}", grouped.replace('~', group));
                let read = price(&written, "EUR", DecimalSign::Comma).unwrap();
                prop_assert_eq!(read.amount, amount, "{}", written);
            }
        }
    }
}
