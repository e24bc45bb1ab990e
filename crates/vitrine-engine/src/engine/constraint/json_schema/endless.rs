//! Finds the parts of a schema that no finite answer satisfies.
//!
//! A part can end if one of its answers needs only parts that can end. This is the least fixed
//! point that also finds the useful symbols of a context-free grammar (Hopcroft, Motwani & Ullman,
//! 7.1). Where two keywords interact in ways that are not modelled, the part is taken to end.

use crate::engine::constraint::json_schema::fault::SchemaFault;
use crate::engine::constraint::json_schema::references::References;
use crate::engine::constraint::json_schema::subschemas::escape;
use serde_json::Map;
use serde_json::Value;
use std::collections::BTreeSet;
use std::collections::HashMap;

/// What an answer to a part needs.
#[derive(Debug)]
enum Need {
    Nothing,
    /// No answer is allowed.
    Impossible,
    /// An answer to another part, by its index.
    Part(usize),
    All(Vec<Need>),
    Any(Vec<Need>),
}

impl Need {
    fn is_met(&self, ends: &[bool]) -> bool {
        match self {
            Self::Nothing => true,
            Self::Impossible => false,
            Self::Part(index) => ends[*index],
            Self::All(needs) => needs.iter().all(|need| need.is_met(ends)),
            Self::Any(needs) => needs.iter().any(|need| need.is_met(ends)),
        }
    }

    fn parts(&self, found: &mut Vec<usize>) {
        match self {
            Self::Nothing | Self::Impossible => {}
            Self::Part(index) => found.push(*index),
            Self::All(needs) | Self::Any(needs) => {
                needs.iter().for_each(|need| need.parts(found));
            }
        }
    }

    /// A part whose end this need waits for; `None` if it can never be met by other parts.
    fn blocked_by(&self, ends: &[bool]) -> Option<usize> {
        match self {
            Self::Part(index) if !ends[*index] => Some(*index),
            Self::Nothing | Self::Impossible | Self::Part(_) => None,
            Self::All(needs) | Self::Any(needs) => {
                needs.iter().find(|need| !need.is_met(ends))?.blocked_by(ends)
            }
        }
    }
}

/// Replaces the parts that no answer satisfies by `false`, which the compiler leaves out where it
/// can. `places` are the locations of all parts, the root first.
///
/// # Errors
/// If no answer satisfies the root: the place from which a part needs itself again, or which
/// excludes all answers.
pub(super) fn remove(
    root: &mut Value,
    places: &[String],
    references: &References,
) -> Result<(), SchemaFault> {
    let index: HashMap<&str, usize> =
        places.iter().enumerate().map(|(index, place)| (place.as_str(), index)).collect();
    let mut needs = Vec::with_capacity(places.len());
    for place in places {
        let target = references.target(root, place)?;
        let reader = Reader { place, target, index: &index };
        needs.push(root.pointer(&place[1..]).map_or(Need::Impossible, |part| reader.need(part)));
    }
    let ends = settle(&needs);
    if !ends[0] {
        return Err(explain(places, &needs, &ends));
    }
    let kept: BTreeSet<&str> =
        places.iter().zip(&ends).filter(|(_, ends)| **ends).map(|(place, _)| &**place).collect();
    for (place, _) in places.iter().zip(&ends).filter(|(_, ends)| !**ends) {
        // A reference may name a part inside of this one.
        let inside = format!("{place}/");
        let after = kept.range(inside.as_str()..).next();
        if after.is_some_and(|kept| kept.starts_with(&inside)) {
            continue;
        }
        if let Some(part) = root.pointer_mut(&place[1..]) {
            *part = Value::Bool(false);
        }
    }
    Ok(())
}

/// Which parts can end.
fn settle(needs: &[Need]) -> Vec<bool> {
    let mut dependents = vec![Vec::new(); needs.len()];
    for (index, need) in needs.iter().enumerate() {
        let mut parts = Vec::new();
        need.parts(&mut parts);
        parts.into_iter().for_each(|part| dependents[part].push(index));
    }
    let mut ends = vec![false; needs.len()];
    // Inner parts come after the outer ones, so they are settled first.
    let mut open: Vec<usize> = (0..needs.len()).collect();
    while let Some(index) = open.pop() {
        if !ends[index] && needs[index].is_met(&ends) {
            ends[index] = true;
            open.extend(dependents[index].iter().filter(|other| !ends[**other]));
        }
    }
    ends
}

/// Follows the needs of the root to the part that needs itself again.
fn explain(places: &[String], needs: &[Need], ends: &[bool]) -> SchemaFault {
    let mut path = vec![0];
    loop {
        let last = path[path.len() - 1];
        match needs[last].blocked_by(ends) {
            None => return SchemaFault::new(&places[last], "it allows no value"),
            Some(next) if path.contains(&next) => {
                let reason =
                    format!("it needs `{}` again and again, so no answer could end", places[next]);
                return SchemaFault::new(&places[last], reason);
            }
            Some(next) => path.push(next),
        }
    }
}

/// Reads what one part needs.
struct Reader<'a> {
    place: &'a str,
    target: Option<String>,
    index: &'a HashMap<&'a str, usize>,
}

impl Reader<'_> {
    fn need(&self, part: &Value) -> Need {
        let members = match part {
            Value::Bool(false) => return Need::Impossible,
            Value::Object(members) => members,
            _ => return Need::Nothing,
        };
        let mut all = Vec::new();
        if let Some(target) = &self.target {
            all.push(self.part(target));
        }
        let list = |keyword| members.get(keyword).and_then(Value::as_array);
        let count = |items: &Vec<Value>, keyword: &str| {
            (0..items.len()).map(|at| self.inner(&format!("{keyword}/{at}"))).collect()
        };
        all.extend(list("allOf").map(|items| Need::All(count(items, "allOf"))));
        for keyword in ["anyOf", "oneOf"] {
            all.extend(list(keyword).map(|items| Need::Any(count(items, keyword))));
        }
        // The values of these are finite.
        if !members.contains_key("enum") && !members.contains_key("const") {
            all.push(self.typed(members));
        }
        Need::All(all)
    }

    /// The needs of the types that a part allows.
    fn typed(&self, members: &Map<String, Value>) -> Need {
        let allows = |name: &str| match members.get("type") {
            Some(Value::String(only)) => only == name,
            Some(Value::Array(names)) => names.iter().any(|one| one == name),
            _ => true,
        };
        let mut any = Vec::new();
        if ["null", "boolean", "integer", "number", "string"].into_iter().any(allows) {
            any.push(Need::Nothing);
        }
        if allows("array") {
            any.push(self.array(members));
        }
        if allows("object") {
            any.push(self.object(members));
        }
        Need::Any(any)
    }

    fn array(&self, members: &Map<String, Value>) -> Need {
        let least = members.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let least = usize::try_from(least).unwrap_or(usize::MAX);
        let (first, rest) = match members.get("items") {
            Some(Value::Array(items)) => (Some(("items", items.len())), "additionalItems"),
            _ => {
                let items = members.get("prefixItems").and_then(Value::as_array);
                (items.map(|items| ("prefixItems", items.len())), "items")
            }
        };
        let (keyword, explicit) = first.unwrap_or(("prefixItems", 0));
        let needed = (0..explicit.min(least)).map(|at| self.inner(&format!("{keyword}/{at}")));
        let further = (least > explicit).then(|| self.inner(rest));
        Need::All(needed.chain(further).collect())
    }

    fn object(&self, members: &Map<String, Value>) -> Need {
        let required = members.get("required").and_then(Value::as_array).into_iter().flatten();
        let has = |name: &str| members.get("properties").is_some_and(|p| p.get(name).is_some());
        let need = |name: &str| match (has(name), members.contains_key("patternProperties")) {
            (true, _) => self.inner(&format!("properties/{}", escape(name))),
            (false, true) => Need::Nothing,
            (false, false) => self.inner("additionalProperties"),
        };
        Need::All(required.filter_map(Value::as_str).map(need).collect())
    }

    /// The part under a keyword of this part; an absent one needs nothing.
    fn inner(&self, path: &str) -> Need {
        self.part(&format!("{}/{path}", self.place))
    }

    fn part(&self, place: &str) -> Need {
        self.index.get(place).map_or(Need::Nothing, |index| Need::Part(*index))
    }
}
