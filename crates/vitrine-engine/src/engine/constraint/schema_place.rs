//! Finds the part of a JSON schema that a compiler stumbles over.
//!
//! The compiler names the keyword but not the place, so each part is compiled alone, from the whole
//! inwards, as long as the same complaint comes back. Definitions travel along, for references.

use serde_json::Map;
use serde_json::Value;
use std::collections::BTreeSet;

/// Parts that are tried at most: a schema may be wide, and each try compiles.
const TRIES_MAX: usize = 256;

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

/// Keywords whose value is a list of schemas.
const LIST: &[&str] = &["anyOf", "allOf", "oneOf", "prefixItems", "items"];

/// Keywords whose value holds a schema a name.
const NAMED: &[&str] = &["properties", "patternProperties", "dependentSchemas"];

/// Keywords under which references find their target.
const DEFINITIONS: &[&str] = &["$defs", "definitions"];

/// The place, as a URI fragment (`#/properties/a`), of the smallest part for which `compile` says
/// what it said of the whole, and what it said there.
pub(crate) fn find(
    schema: &Value,
    reason: String,
    compile: &mut dyn FnMut(Value) -> Result<(), String>,
) -> (String, String) {
    let mut place = "#".to_owned();
    let mut part = schema;
    let mut tries_left = TRIES_MAX;
    // A reference can lead back to where one was.
    let mut seen = BTreeSet::from([place.clone()]);
    'inwards: loop {
        for (inner, child) in children(part, &place).into_iter().chain(target(part, schema)) {
            if !seen.insert(inner.clone()) {
                continue;
            }
            if tries_left == 0 {
                break 'inwards;
            }
            tries_left -= 1;
            let alone = with_definitions(child, schema);
            if compile(alone).is_err_and(|said| said == reason) {
                (place, part) = (inner, child);
                continue 'inwards;
            }
        }
        break;
    }
    (place, reason)
}

/// What a schema refers to inside the whole.
fn target<'a>(part: &'a Value, root: &'a Value) -> Option<(String, &'a Value)> {
    let reference = part.get("$ref")?.as_str()?;
    let target = root.pointer(reference.strip_prefix('#')?)?;
    Some((reference.to_owned(), target))
}

/// The schemas inside a schema that lies at `place`, each with its own place.
fn children<'a>(schema: &'a Value, place: &str) -> Vec<(String, &'a Value)> {
    let Some(members) = schema.as_object() else { return Vec::new() };
    let mut found = Vec::new();
    for (key, value) in members {
        let key = key.as_str();
        match value {
            Value::Array(list) if LIST.contains(&key) => {
                let parts = list.iter().enumerate();
                found.extend(parts.map(|(index, part)| (format!("{place}/{key}/{index}"), part)));
            }
            Value::Object(named) if NAMED.contains(&key) => {
                let parts = named.iter();
                found.extend(
                    parts.map(|(name, part)| (format!("{place}/{key}/{}", escape(name)), part)),
                );
            }
            Value::Object(_) | Value::Bool(_) if ONE.contains(&key) => {
                found.push((format!("{place}/{key}"), value));
            }
            _ => {}
        }
    }
    found
}

/// A name in a JSON pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn with_definitions(part: &Value, root: &Value) -> Value {
    let (Some(members), Some(root)) = (part.as_object(), root.as_object()) else {
        return part.clone();
    };
    let mut alone: Map<String, Value> = members.clone();
    for key in DEFINITIONS {
        if let (Some(definitions), false) = (root.get(*key), alone.contains_key(*key)) {
            alone.insert((*key).to_owned(), definitions.clone());
        }
    }
    Value::Object(alone)
}
