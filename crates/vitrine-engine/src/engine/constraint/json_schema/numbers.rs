//! The numbers of a schema: which the compiler can enforce exactly, and in which spelling.
//!
//! The compiler computes with 64-bit floats and integers. Numbers of answers have at most 19
//! digits, so a bound beyond them restricts nothing or everything.

use crate::engine::constraint::json_schema::fault::SchemaFault;
use serde_json::Map;
use serde_json::Value;

/// Every number of an answer is smaller, as it has at most 19 digits.
const BEYOND: f64 = 1e19;

/// Largest bound that the compiler can enforce; its ranges are 64-bit integers.
const BOUND_MAX: f64 = 9e18;

/// Most decimal places of `multipleOf`, whose multiples the compiler counts in 32 bits.
const STEP_PLACES_MAX: i32 = 9;

/// Largest whole number up to which all are 64-bit floats.
const EXACT_MAX: u64 = 1 << 53;

/// Returns a whole number from 0, however it is spelled, and writes it as an integer; `None` for
/// any other value.
pub(super) fn write_count(value: &mut Value) -> Option<u64> {
    let count = match (value.as_u64(), value.as_f64()) {
        (Some(count), _) => count,
        (None, Some(float)) if float >= 0.0 && float.fract() == 0.0 => whole(float),
        _ => return None,
    };
    *value = Value::from(count);
    Some(count)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn whole(float: f64) -> u64 {
    float as u64
}

/// Removes the bounds that no answer reaches, and checks the others.
///
/// # Errors
/// If a bound excludes all numbers, or a number cannot be enforced exactly.
pub(super) fn normalise(
    members: &mut Map<String, Value>,
    location: &str,
) -> Result<(), SchemaFault> {
    for (keyword, sign) in
        [("minimum", 1.0), ("exclusiveMinimum", 1.0), ("maximum", -1.0), ("exclusiveMaximum", -1.0)]
    {
        let Some(value) = members.get(keyword) else { continue };
        // Positive where it excludes numbers.
        let Some(bound) = value.as_f64().map(|bound| bound * sign) else { continue };
        if bound > BOUND_MAX {
            let allowed = "a number that answers of 19 digits can satisfy";
            return Err(SchemaFault::value(location, keyword, value, allowed));
        }
        if bound <= -BEYOND {
            members.retain(|name, _| name != keyword);
        } else if bound < -BOUND_MAX {
            members.insert(keyword.to_owned(), Value::from(-BOUND_MAX * sign));
        }
    }
    if let Some(step) = members.get("multipleOf") {
        let is_right = step.as_f64().is_some_and(is_countable);
        if !is_right {
            let allowed = "a number above 0 with at most 9 digits";
            return Err(SchemaFault::value(location, "multipleOf", step, allowed));
        }
    }
    let listed = members.get("enum").and_then(Value::as_array).into_iter().flatten();
    let mut constants: Vec<&Value> = listed.chain(members.get("const")).collect();
    while let Some(constant) = constants.pop() {
        match constant {
            Value::Array(items) => constants.extend(items),
            Value::Object(inner) => constants.extend(inner.values()),
            Value::Number(number) if !is_exact(number) => {
                let reason = format!("the constant {number} has too many digits");
                return Err(SchemaFault::new(location, reason));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether the compiler can count the multiples of a step.
fn is_countable(step: f64) -> bool {
    let mut scaled = step;
    let mut places = 0;
    while scaled.fract() != 0.0 && places <= STEP_PLACES_MAX {
        scaled *= 10.0;
        places += 1;
    }
    scaled >= 1.0 && scaled <= f64::from(u32::MAX) && places <= STEP_PLACES_MAX
}

/// Whether the compiler, which reads constants as floats, repeats this one unchanged.
fn is_exact(number: &serde_json::Number) -> bool {
    match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => integer.unsigned_abs() <= EXACT_MAX,
        (None, Some(float)) => float.abs() < BOUND_MAX,
        (None, None) => false,
    }
}
