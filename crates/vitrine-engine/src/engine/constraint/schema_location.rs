//! Locates the part of a JSON schema that the compiler refuses.
//!
//! The compiler reports the keyword but not its location. So parts are compiled by themselves, from
//! the whole inwards, as long as the complaint stays the same. Definitions are added to each part
//! so that references resolve.

use crate::engine::constraint::json_schema::subschemas;
use serde_json::Map;
use serde_json::Value;
use std::collections::BTreeSet;

/// Most parts that are tried: a schema may be wide, and each try compiles.
const TRIES_MAX: usize = 256;

/// Keywords that hold the targets of references.
const DEFINITIONS: &[&str] = &["$defs", "definitions"];

/// Returns the location, as a URI fragment such as `#/properties/a`, of the smallest part for which
/// `compile` fails with the same `reason`, and that reason.
pub(crate) fn find(
    schema: &Value,
    reason: String,
    compile: &mut dyn FnMut(Value) -> Result<(), String>,
) -> (String, String) {
    let mut location = "#".to_owned();
    let mut part = schema;
    let mut tries_left = TRIES_MAX;
    // References may form cycles.
    let mut seen = BTreeSet::from([location.clone()]);
    'inwards: loop {
        for (inner, child) in
            subschemas::of(part, &location).into_iter().chain(target(part, schema))
        {
            if !seen.insert(inner.clone()) {
                continue;
            }
            if tries_left == 0 {
                break 'inwards;
            }
            tries_left -= 1;
            let alone = with_definitions(child, schema);
            if compile(alone).is_err_and(|said| said == reason) {
                (location, part) = (inner, child);
                continue 'inwards;
            }
        }
        break;
    }
    (location, reason)
}

/// The target of a schema's reference within `root`, with its location.
fn target<'a>(part: &'a Value, root: &'a Value) -> Option<(String, &'a Value)> {
    let reference = part.get("$ref")?.as_str()?;
    let target = root.pointer(reference.strip_prefix('#')?)?;
    Some((reference.to_owned(), target))
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
