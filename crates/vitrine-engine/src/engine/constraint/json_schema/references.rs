//! References within a schema: `#`, `#/…` and `#name`.

use crate::engine::constraint::json_schema::fault::SchemaFault;
use crate::engine::constraint::json_schema::subschemas::escape;
use serde_json::Value;
use std::collections::HashMap;

/// The names that references within one schema may use.
#[derive(Debug)]
pub(super) struct References {
    /// `$id` of the root, without an empty fragment.
    root_id: String,
    /// Locations by `$anchor`.
    anchors: HashMap<String, String>,
    /// Whether a part has an `$id` of its own, against which references in it are resolved.
    is_bundle: bool,
}

impl References {
    /// Collects the names in a schema.
    pub(super) fn of(schema: &Value) -> Self {
        let id = schema.get("$id").and_then(Value::as_str).unwrap_or_default();
        let root_id = id.trim_end_matches('#').to_owned();
        let mut found = Self { root_id, anchors: HashMap::new(), is_bundle: false };
        let mut open = vec![("#".to_owned(), schema)];
        while let Some((location, value)) = open.pop() {
            match value {
                Value::Object(members) => {
                    if let Some(Value::String(name)) = members.get("$anchor") {
                        found.anchors.insert(name.clone(), location.clone());
                    }
                    found.is_bundle |= location != "#" && members.contains_key("$id");
                    let inner = members.iter();
                    open.extend(
                        inner.map(|(name, part)| (format!("{location}/{}", escape(name)), part)),
                    );
                }
                Value::Array(items) => {
                    let inner = items.iter().enumerate();
                    open.extend(inner.map(|(index, part)| (format!("{location}/{index}"), part)));
                }
                _ => {}
            }
        }
        found
    }

    /// The location that the `$ref` of the part at `location` names; `None` if it has none, or one
    /// that only the compiler can resolve.
    ///
    /// # Errors
    /// If the reference names another document, or a place that is missing in `root`.
    pub(super) fn target(
        &self,
        root: &Value,
        location: &str,
    ) -> Result<Option<String>, SchemaFault> {
        let part = root.pointer(&location[1..]);
        let reference = part.and_then(|part| part.get("$ref"));
        let Some(Value::String(text)) = reference.filter(|_| !self.is_bundle) else {
            return Ok(None);
        };
        let local = match text.strip_prefix(self.root_id.as_str()) {
            Some(rest) if rest.is_empty() || rest.starts_with('#') => rest,
            _ => text,
        };
        let pointer = match local.strip_prefix('#') {
            None => local.is_empty().then(String::new),
            Some(fragment) => match percent_decoded(fragment) {
                pointer if pointer.is_empty() || pointer.starts_with('/') => Some(pointer),
                anchor => self.anchors.get(&anchor).map(|place| place[1..].to_owned()),
            },
        };
        match pointer.filter(|pointer| root.pointer(pointer).is_some()) {
            Some(pointer) => Ok(Some(format!("#{pointer}"))),
            None => {
                let allowed = "`#` or a place in this schema, such as `#/$defs/name`";
                let found = Value::String(text.clone());
                Err(SchemaFault::value(location, "$ref", &found, allowed))
            }
        }
    }
}

/// Decodes `%41` and the like; leaves a text alone that would not be UTF-8 afterwards.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let code =
            digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        match code {
            Some(code) if *first == b'%' => {
                bytes.push(code);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
