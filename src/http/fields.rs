//! Checks of request fields that several routes share. Each error names the field and what is
//! allowed.

use crate::http::error::ApiError;
use jiff::Timestamp;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::IdError;

/// Longest profile field, in characters.
const PROFILE_CHARS_MAX: usize = 256;

/// Parses a channel's wire name.
pub(crate) fn channel(name: &str) -> Result<ChannelKind, ApiError> {
    ChannelKind::from_name(name).ok_or_else(|| {
        let found: String = name.chars().take(PROFILE_CHARS_MAX).collect();
        let allowed = ChannelKind::names();
        let message = format!("field `channel` is `{found}`; allowed: {allowed}");
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

/// Parses `message.sent_at`.
pub(crate) fn timestamp(text: &str) -> Result<Timestamp, ApiError> {
    text.parse().map_err(|_| {
        let found: String = text.chars().take(PROFILE_CHARS_MAX).collect();
        let message = format!(
            "field `message.sent_at` is `{found}`; expected an RFC 3339 time such as \
             2026-11-22T10:00:00Z"
        );
        ApiError::impossible("invalid_time", message)
    })
}

/// Checks the length of a short text.
pub(crate) fn profile_text(field: &str, text: String) -> Result<String, ApiError> {
    let chars = text.chars().count();
    if chars > PROFILE_CHARS_MAX {
        let message = format!("field `{field}` has {chars} characters; limit {PROFILE_CHARS_MAX}");
        return Err(ApiError::impossible("text_too_long", message));
    }
    Ok(text)
}
