//! Checks a client's JSON schema, and rewrites it so that the compiler can take it.
//!
//! Only the parts that an answer depends on are looked at: the root, its subschemas and the targets
//! of its references. What is found there is checked keyword by keyword, so that an error names
//! the keyword, its value and its place. The rewriting changes no answer that is allowed, except
//! that it bounds lengths that no answer reaches.
//!
//! Invariants
//! - A keyword that restricts answers is enforced or refused. Annotations, to which unknown formats
//!   belong (JSON Schema 2020-12, Validation, 7.2.1), never refuse a schema.
//! - Every answer that a checked schema allows can end: parts that need themselves again without
//!   end are refused, or removed where an answer can do without them.
//! - A null stands for an absent keyword, as in requests.

mod endless;
pub(super) mod fault;
mod keywords;
mod numbers;
mod references;
pub(super) mod subschemas;

use fault::SchemaFault;
use references::References;
use serde_json::Value;
use std::collections::BTreeSet;
use std::collections::VecDeque;

/// Deepest nesting of arrays and objects in a schema. Each level of an answer takes two:
/// `{"properties": {"a": {…}}}`.
pub(super) const NESTING_MAX: usize = 128;

/// Most subschemas that an answer may depend on. The largest published schemas have some thousand.
const PARTS_MAX: usize = 10_000;

/// Checks a schema and rewrites it for the compiler.
///
/// # Errors
/// The first keyword, in the order of the document, that cannot be enforced, or the place of a
/// part that no answer can satisfy.
pub(super) fn prepare(schema: &Value) -> Result<Value, SchemaFault> {
    let references = References::of(schema);
    let mut root = schema.clone();
    let mut open = VecDeque::from(["#".to_owned()]);
    let mut places = BTreeSet::from(["#".to_owned()]);
    let mut order = Vec::new();
    while let Some(place) = open.pop_front() {
        match root.pointer_mut(&place[1..]) {
            None | Some(Value::Bool(_)) => {}
            Some(Value::Object(members)) => keywords::check(members, &place)?,
            Some(other) => {
                let found = fault::shown(other);
                let reason = format!("{found} is found, allowed is an object, true or false");
                return Err(SchemaFault::new(&place, reason));
            }
        }
        let inner = root.pointer(&place[1..]).map(|part| subschemas::of(part, &place));
        let inner = inner.into_iter().flatten().map(|(inner, _)| inner);
        let inner: Vec<String> = inner.chain(references.target(&root, &place)?).collect();
        for next in inner {
            if places.insert(next.clone()) {
                open.push_back(next);
            }
        }
        if places.len() > PARTS_MAX {
            let reason = format!("the schema has more than {PARTS_MAX} parts");
            return Err(SchemaFault::new("#", reason));
        }
        order.push(place);
    }
    endless::remove(&mut root, &order, &references)?;
    Ok(root)
}

/// Whether arrays and objects nest deeper than `levels`. Does not recurse.
pub(super) fn nests_deeper(value: &Value, levels: usize) -> bool {
    let mut open = vec![(value, 0)];
    while let Some((value, level)) = open.pop() {
        match value {
            Value::Array(_) | Value::Object(_) if level == levels => return true,
            Value::Array(items) => open.extend(items.iter().map(|item| (item, level + 1))),
            Value::Object(members) => {
                open.extend(members.values().map(|member| (member, level + 1)));
            }
            _ => {}
        }
    }
    false
}
