//! What is wrong with a schema, and where.

use serde_json::Value;

/// Longest part of a value that an error shows, in characters.
const SHOWN_MAX: usize = 40;

/// A part of a schema that cannot be enforced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine::constraint) struct SchemaFault {
    /// JSON pointer, as a URI fragment, to the part.
    pub(in crate::engine::constraint) location: String,
    /// What is wrong there, in words.
    pub(in crate::engine::constraint) reason: String,
}

impl SchemaFault {
    pub(super) fn new(location: &str, reason: impl Into<String>) -> Self {
        Self { location: location.to_owned(), reason: reason.into() }
    }

    /// A keyword with a value that is not allowed.
    pub(super) fn value(location: &str, keyword: &str, found: &Value, allowed: &str) -> Self {
        let found = shown(found);
        Self::new(location, format!("keyword `{keyword}` is {found}, allowed is {allowed}"))
    }
}

/// A value as JSON, cut to a length that fits a sentence.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("an array of {} items", items.len()),
        Value::Object(members) => format!("an object with {} members", members.len()),
        Value::String(text) => match text.char_indices().nth(SHOWN_MAX) {
            Some((end, _)) => format!("\"{}…\"", text[..end].escape_debug()),
            None => format!("\"{}\"", text.escape_debug()),
        },
        plain => plain.to_string(),
    }
}
