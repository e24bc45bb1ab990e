//! The subschemas of a schema, by keyword.

use serde_json::Value;

/// Keywords whose value is a schema.
const ONE: &[&str] = &[
    "items",
    "additionalProperties",
    "additionalItems",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
];

/// Keywords whose value is an array of schemas.
const LIST: &[&str] = &["anyOf", "allOf", "oneOf", "prefixItems", "items"];

/// Keywords whose value is an object of named schemas.
const NAMED: &[&str] = &["properties", "patternProperties", "dependentSchemas"];

/// The direct subschemas of the schema at `location`, each with its location. Definitions are not
/// among them: only references make them part of a schema.
pub(in crate::engine::constraint) fn of<'a>(
    schema: &'a Value,
    location: &str,
) -> Vec<(String, &'a Value)> {
    let Some(members) = schema.as_object() else { return Vec::new() };
    let mut found = Vec::new();
    for (key, value) in members {
        let key = key.as_str();
        match value {
            Value::Array(list) if LIST.contains(&key) => {
                let parts = list.iter().enumerate();
                found
                    .extend(parts.map(|(index, part)| (format!("{location}/{key}/{index}"), part)));
            }
            Value::Object(named) if NAMED.contains(&key) => {
                let parts = named.iter();
                found.extend(
                    parts.map(|(name, part)| (format!("{location}/{key}/{}", escape(name)), part)),
                );
            }
            Value::Object(_) | Value::Bool(_) if ONE.contains(&key) => {
                found.push((format!("{location}/{key}"), value));
            }
            _ => {}
        }
    }
    found
}

/// Escapes a name for a JSON pointer (RFC 6901).
pub(in crate::engine::constraint) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
