//! Cells as shop programs write them: prices, yes and no, stocks, links, bar codes, lists.

use crate::exports::collect::Collector;
use crate::exports::report::ProblemKind;
use crate::exports::report::Severity;
use crate::import::amount::DecimalSign;
use crate::import::amount::price;
use crate::limits::GTIN_DIGITS;
use crate::limits::URL_CHARS_MAX;
use crate::product::Availability;
use crate::words::fold;
use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy;
use vitrine_base::money::Currency;
use vitrine_base::money::Money;

/// Where a cell is: line, and column as the file names it.
pub(super) type Cell<'a> = (usize, &'a str);

/// Most characters of a value that a message shows.
const SHOWN_CHARS: usize = 60;

/// Decimals from which a price is a net price that the shop program computed: 3 may be thousands.
const COMPUTED_DECIMALS_MIN: u32 = 4;

/// Words for yes and no, folded, in the languages of the gateway.
const YES: [&str; 10] = ["true", "yes", "1", "oui", "ja", "si", "sim", "y", "vrai", "wahr"];
const NO: [&str; 10] = ["false", "no", "0", "non", "nein", "nao", "n", "faux", "falsch", "falso"];

/// The start of a value, for a message.
pub(super) fn shown(value: &str) -> String {
    let mut shown: String = value.chars().take(SHOWN_CHARS).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    shown
}

/// Reads yes or no; `None` for anything else.
pub(crate) fn flag(cell: &str) -> Option<bool> {
    let folded = fold(cell.trim());
    if YES.contains(&folded.as_str()) {
        Some(true)
    } else if NO.contains(&folded.as_str()) {
        Some(false)
    } else {
        None
    }
}

/// Reads a price; a problem is reported, and gives `None`.
pub(super) fn money(cell: &str, at: Cell<'_>, collector: &mut Collector<'_>) -> Option<Money> {
    let (code, bare) = currency_of(cell, collector.options.currency);
    let place = (at.0, at.1.to_owned());
    let found = match price(cell, &code, DecimalSign::Comma) {
        Ok(money) => Some(money),
        Err(fault) => match computed(cell, &code) {
            Some(money) => {
                let (found, taken) = (shown(cell), money.to_string());
                let kind = ProblemKind::Rounded { found, taken };
                collector.problem(Severity::Note, place.clone(), kind);
                Some(money)
            }
            None => {
                let kind = ProblemKind::Price { fault: fault.to_string() };
                collector.problem(Severity::Error, place.clone(), kind);
                None
            }
        },
    };
    let money = found?;
    if money.amount.is_sign_negative() && !money.amount.is_zero() {
        let (found, allowed) = (shown(cell), "a price of 0 or more");
        collector.problem(Severity::Error, place, ProblemKind::Value { found, allowed });
        return None;
    }
    collector.bare_prices |= bare;
    let expected = *collector.currency.get_or_insert(money.currency);
    if expected != money.currency {
        let (found, expected) = (money.currency.code().to_owned(), expected.code().to_owned());
        collector.problem(Severity::Error, place, ProblemKind::Currency { found, expected });
        return None;
    }
    Some(money)
}

/// A price with four or more decimals, rounded to the cent: shop programs write net prices so.
fn computed(cell: &str, code: &str) -> Option<Money> {
    let currency: Currency = code.parse().ok()?;
    let number: String =
        cell.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',')).collect();
    let amount = Decimal::from_str_exact(&number.replace(',', ".")).ok()?;
    let rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    (amount.scale() >= COMPUTED_DECIMALS_MIN).then_some(Money { amount: rounded, currency })
}

/// The code of the currency that a price names, else the default one, and whether it names none.
fn currency_of(cell: &str, default: Currency) -> (String, bool) {
    let letters: String = cell.chars().filter(char::is_ascii_alphabetic).collect();
    if letters.len() == 3 {
        return (letters.to_uppercase(), false);
    }
    let dollars = ["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN"];
    let code = match cell.trim().chars().find(|c| matches!(c, '€' | '£' | '¥' | '$')) {
        Some('€') => "EUR",
        Some('£') => "GBP",
        Some('¥') if default.code() != "CNY" => "JPY",
        Some('$') if !dollars.contains(&default.code()) => "USD",
        _ => return (default.code().to_owned(), !cell.contains(['$', '¥'])),
    };
    (code.to_owned(), false)
}

/// Reads a compare-at price: `None` if it is empty or not above the price.
pub(super) fn compare_at(
    cell: &str,
    at: Cell<'_>,
    price: Money,
    collector: &mut Collector<'_>,
) -> Option<Money> {
    if cell.is_empty() {
        return None;
    }
    let found = money(cell, at, collector)?;
    (found.amount > price.amount).then_some(found)
}

/// Reads units in stock. Fewer than 0 are 0: shop programs count what is oversold so.
pub(super) fn units(cell: &str, at: Cell<'_>, collector: &mut Collector<'_>) -> Option<u32> {
    if cell.is_empty() {
        return None;
    }
    let plain = cell.replace(',', ".");
    match Decimal::from_str_exact(&plain) {
        Ok(units) => {
            Some(u32::try_from(units.max(Decimal::ZERO).trunc().mantissa()).unwrap_or(u32::MAX))
        }
        Err(_) => {
            let (found, allowed) = (shown(cell), "a number of units");
            let place = (at.0, at.1.to_owned());
            collector.problem(Severity::Warning, place, ProblemKind::LeftOut { found, allowed });
            None
        }
    }
}

/// Reads an availability in the words of feeds; `None` if it is not one.
pub(super) fn availability(cell: &str) -> Option<Availability> {
    let folded = fold(cell.trim()).replace(['_', '-'], " ");
    match folded.as_str() {
        "in stock" | "instock" | "1" | "available" | "en stock" | "available for order" => {
            Some(Availability::InStock)
        }
        "out of stock" | "outofstock" | "0" | "sold out" | "rupture de stock" => {
            Some(Availability::SoldOut)
        }
        "preorder" | "pre order" | "backorder" | "onbackorder" | "on backorder" => {
            Some(Availability::Preorder)
        }
        _ => None,
    }
}

/// Reads a link; anything else is reported and left out.
pub(super) fn link(cell: &str, at: Cell<'_>, collector: &mut Collector<'_>) -> Option<String> {
    let cell = cell.trim();
    if cell.is_empty() {
        return None;
    }
    let rest = cell.strip_prefix("https://").or_else(|| cell.strip_prefix("http://"));
    let bad = |c: char| c.is_whitespace() || c.is_control();
    let good = rest.is_some_and(|rest| !rest.is_empty());
    if good && !cell.contains(bad) && cell.len() <= URL_CHARS_MAX {
        return Some(cell.to_owned());
    }
    let (found, allowed) = (shown(cell), "an http(s) address");
    let place = (at.0, at.1.to_owned());
    collector.problem(Severity::Warning, place, ProblemKind::LeftOut { found, allowed });
    None
}

/// Reads a bar code, whose last digit is checked; others are reported and left out.
pub(super) fn gtin(cell: &str, at: Cell<'_>, collector: &mut Collector<'_>) -> Option<String> {
    let digits: String = cell.trim().trim_start_matches('\'').replace([' ', '-'], "");
    if digits.is_empty() {
        return None;
    }
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain && GTIN_DIGITS.contains(&digits.len()) && check_digit(&digits) {
        return Some(digits);
    }
    let (found, allowed) = (shown(cell), "a bar code with a right check digit");
    let place = (at.0, at.1.to_owned());
    collector.problem(Severity::Warning, place, ProblemKind::LeftOut { found, allowed });
    None
}

/// Whether the last digit is right. Source: GS1 general specifications, check digit of GTINs.
fn check_digit(digits: &str) -> bool {
    let weighted = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| u32::from(byte - b'0') * if at % 2 == 1 { 3 } else { 1 });
    weighted.sum::<u32>() % 10 == 0
}

/// Parts of a list, without empty and repeated ones.
pub(super) fn list(cell: &str, separators: &[char]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in cell.split(separators).map(str::trim).filter(|part| !part.is_empty()) {
        if !found.iter().any(|known| known == part) {
            found.push(part.to_owned());
        }
    }
    found
}

/// Parts of a path such as `Home > Garden > Pots`.
pub(super) fn path(cell: &str) -> Vec<String> {
    let parts = cell.split('>').map(|part| part.trim().to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}
