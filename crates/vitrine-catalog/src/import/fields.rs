//! Checks of single fields of a product.

use crate::attribute::AttributeValue;
use crate::error::LineFault;
use crate::import::amount::shortened;
use crate::import::raw::RawAttribute;
use crate::limits::ATTRIBUTES_MAX;
use crate::limits::DESCRIPTION_CHARS_MAX;
use crate::limits::GTIN_DIGITS;
use crate::limits::IMAGES_MAX;
use crate::limits::TEXT_CHARS_MAX;
use crate::limits::URL_CHARS_MAX;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use vitrine_base::ids::Sku;
use vitrine_base::localized::Localized;

/// Whether a text consists of 1 to [`TEXT_CHARS_MAX`] of a-z, 0-9 and `_`.
pub(super) fn is_identifier(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !text.is_empty() && text.len() <= TEXT_CHARS_MAX && text.chars().all(allowed)
}

pub(super) fn text(field: &'static str, found: &str) -> Result<String, LineFault> {
    let found = found.trim();
    if found.chars().count() > TEXT_CHARS_MAX || found.chars().any(char::is_control) {
        return Err(LineFault::Text { field, chars_max: TEXT_CHARS_MAX });
    }
    Ok(found.to_owned())
}

pub(super) fn required(field: &'static str, found: &str) -> Result<String, LineFault> {
    let found = text(field, found)?;
    if found.is_empty() { Err(LineFault::Absent { field }) } else { Ok(found) }
}

pub(super) fn identifier(field: &'static str, found: String) -> Result<String, LineFault> {
    if is_identifier(&found) { Ok(found) } else { Err(LineFault::Identifier { field, found }) }
}

pub(super) fn at_most(what: &'static str, found: usize, limit: usize) -> Result<(), LineFault> {
    if found > limit { Err(LineFault::TooMany { what, found, limit }) } else { Ok(()) }
}

/// Checks each value, and keeps the languages.
pub(super) fn each<T, U>(
    values: Localized<T>,
    check: impl Fn(T) -> Result<U, LineFault>,
) -> Result<Localized<U>, LineFault> {
    values.into_iter().map(|(language, value)| Ok((language, check(value)?))).collect()
}

/// A description in one line: several are joined, as chat messages have no paragraphs.
pub(super) fn description(found: &str) -> Result<String, LineFault> {
    let line = found.split_whitespace().collect::<Vec<_>>().join(" ");
    let chars_max = DESCRIPTION_CHARS_MAX;
    if line.chars().count() > chars_max || line.chars().any(char::is_control) {
        return Err(LineFault::Text { field: "description", chars_max });
    }
    Ok(line)
}

pub(super) fn url(field: &'static str, url: &str) -> Result<String, LineFault> {
    let url = url.trim();
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let bad = |c: char| c.is_whitespace() || c.is_control();
    match rest {
        Some(rest) if !rest.is_empty() && !url.contains(bad) && url.len() <= URL_CHARS_MAX => {
            Ok(url.to_owned())
        }
        _ => Err(LineFault::Url { field, found: url.chars().take(TEXT_CHARS_MAX).collect() }),
    }
}

/// A link that may be left out or empty.
pub(super) fn optional_url(
    field: &'static str,
    found: Option<&str>,
) -> Result<Option<String>, LineFault> {
    found.filter(|found| !found.trim().is_empty()).map(|found| url(field, found)).transpose()
}

pub(super) fn images(found: &[String]) -> Result<Vec<String>, LineFault> {
    at_most("images", found.len(), IMAGES_MAX)?;
    found.iter().map(|image| url("images", image)).collect()
}

/// A bar code that may be left out or empty.
pub(super) fn gtin(found: Option<&str>) -> Result<Option<String>, LineFault> {
    let Some(found) = found.map(str::trim).filter(|found| !found.is_empty()) else {
        return Ok(None);
    };
    if GTIN_DIGITS.contains(&found.len()) && found.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Some(found.to_owned()));
    }
    let (low, high) = (GTIN_DIGITS.start(), GTIN_DIGITS.end());
    let allowed = format!("a bar code of {low} to {high} digits");
    Err(LineFault::Value { field: "gtin", found: shortened(found), allowed })
}

/// Attributes: the keys are identifiers, and texts are short.
pub(super) fn attributes(
    found: BTreeMap<String, RawAttribute>,
) -> Result<BTreeMap<String, AttributeValue>, LineFault> {
    at_most("attributes", found.len(), ATTRIBUTES_MAX)?;
    let short = |text: &str| required("attributes", text);
    let mut checked = BTreeMap::new();
    for (key, value) in found {
        let key = identifier("attributes", key)?;
        let value = match value {
            RawAttribute::Flag(flag) => AttributeValue::Flag(flag),
            RawAttribute::Number(number) => AttributeValue::Number(decimal(&number)?),
            RawAttribute::Text(text) => AttributeValue::Text(short(&text)?),
            RawAttribute::Texts(texts) => AttributeValue::Texts(each(texts, |text| short(&text))?),
            RawAttribute::List(texts) => {
                at_most("texts in an attribute", texts.len(), ATTRIBUTES_MAX)?;
                let texts = texts.iter().map(|text| short(text));
                AttributeValue::List(texts.collect::<Result<_, _>>()?)
            }
        };
        let empty = matches!(&value, AttributeValue::Texts(texts) if texts.is_empty())
            || matches!(&value, AttributeValue::List(texts) if texts.is_empty());
        if !empty {
            checked.insert(key, value);
        }
    }
    Ok(checked)
}

fn decimal(number: &str) -> Result<Decimal, LineFault> {
    let plain = Decimal::from_str_exact(number).or_else(|_| Decimal::from_scientific(number));
    plain.map_err(|_| LineFault::Value {
        field: "attributes",
        found: shortened(number),
        allowed: "a decimal number of at most 28 digits".to_owned(),
    })
}

/// Checks a sku, of a product or of a variant.
pub(super) fn sku(field: &'static str, found: &str) -> Result<Sku, LineFault> {
    let sku = found.trim();
    if sku.is_empty() {
        return Err(LineFault::Absent { field });
    }
    if is_shortened_number(sku) {
        return Err(LineFault::Shortened { found: sku.to_owned() });
    }
    Ok(Sku::new(sku)?)
}

/// Whether a text is a number as spreadsheets shorten it, such as `1.23E+12` or `3,6E+12`.
fn is_shortened_number(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once("E+") else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, rest) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    whole.len() == 1 && digits(whole) && digits(rest) && digits(exponent)
}
