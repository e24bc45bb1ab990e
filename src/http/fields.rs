//! Checks of request fields that several routes share. Each error names the field and what is
//! allowed.

use crate::http::error::ApiError;
use crate::http::wire::respond::CartLineBody;
use crate::turn::SentAt;
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimeParser;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::IdError;
use vitrine_base::ids::Sku;

/// Parses a channel's wire name.
pub(crate) fn channel(name: &str) -> Result<ChannelKind, ApiError> {
    ChannelKind::from_name(name).ok_or_else(|| {
        let (found, allowed) = (quoted(name), ChannelKind::names());
        let message = format!("field `channel` is {found}; allowed: {allowed}");
        ApiError::impossible("unknown_channel", message)
    })
}

/// Parses an identifier that may be left out.
pub(crate) fn optional_id<T>(
    field: &str,
    text: Option<String>,
    make: impl Fn(String) -> Result<T, IdError>,
) -> Result<Option<T>, ApiError> {
    text.map(|text| make(text).map_err(|error| ApiError::id(field, &error))).transpose()
}

/// Parses a sender's time, with its offset.
pub(crate) fn sent_at(field: &str, text: &str) -> Result<SentAt, ApiError> {
    let at: Option<Timestamp> = text.parse().ok();
    let offset = DateTimeParser::new().parse_pieces(text).ok();
    let offset = offset.and_then(|pieces| pieces.offset());
    let time = at.zip(offset).map(|(at, offset)| SentAt { at, offset: offset.to_numeric_offset() });
    time.ok_or_else(|| {
        let found = quoted(text);
        let message = format!(
            "field `{field}` is {found}; expected an RFC 3339 time with its offset, such as \
             2026-11-22T10:00:00Z"
        );
        ApiError::impossible("invalid_time", message)
    })
}

/// Longest part of a refused value that its error repeats, in characters.
const QUOTED_CHARS_MAX: usize = 80;

/// A refused value for an error message: shortened, and on one line.
pub(crate) fn quoted(text: &str) -> String {
    let shown = text.chars().take(QUOTED_CHARS_MAX).map(|character| match character {
        character if character.is_control() => ' ',
        '\u{2028}' | '\u{2029}' => ' ',
        character => character,
    });
    let rest = if text.chars().nth(QUOTED_CHARS_MAX).is_some() { "…" } else { "" };
    format!("`{}{rest}`", shown.collect::<String>())
}

/// Checks a quantity; 1 if it is left out.
pub(crate) fn quantity(field: &str, quantity: Option<u32>) -> Result<u32, ApiError> {
    match quantity {
        Some(0) => {
            let message = format!("field `{field}` is 0; allowed: 1 or more");
            Err(ApiError::impossible("invalid_quantity", message))
        }
        quantity => Ok(quantity.unwrap_or(1)),
    }
}

/// Most lines in a request's cart.
const CART_LINES_MAX: usize = 200;

/// Checks the lines of a cart.
pub(crate) fn cart(lines: Vec<CartLineBody>) -> Result<Vec<(Sku, u32)>, ApiError> {
    if lines.len() > CART_LINES_MAX {
        let found = lines.len();
        let message = format!("field `cart` has {found} lines; limit is {CART_LINES_MAX}");
        return Err(ApiError::impossible("cart_too_long", message));
    }
    let line = |(index, line): (usize, CartLineBody)| {
        let sku = Sku::new(line.sku);
        let sku = sku.map_err(|error| ApiError::id(&format!("cart[{index}].sku"), &error))?;
        Ok((sku, quantity(&format!("cart[{index}].quantity"), line.quantity)?))
    };
    lines.into_iter().enumerate().map(line).collect()
}
