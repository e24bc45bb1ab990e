//! The keywords of a schema: their values, and how each is checked and normalised.

use crate::engine::constraint::json_schema::fault::SchemaFault;
use crate::engine::constraint::json_schema::fault::shown;
use crate::engine::constraint::json_schema::numbers;
use serde_json::Map;
use serde_json::Value;

/// Formats that the compiler enforces. All others are annotations.
const FORMATS: &[&str] =
    &["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"];

const TYPES: &[&str] = &["null", "boolean", "integer", "number", "string", "array", "object"];

/// Largest count that `minLength`, `minItems` and `minProperties` may ask for. Answers have some
/// thousand tokens.
const COUNT_MAX: u64 = 100_000;

/// Most patterns in one `patternProperties`: the compiler compares each with each.
const PATTERNS_MAX: usize = 16;

/// Most schemas in one `oneOf`, whose schemas the compiler compares with each other.
const ONE_OF_MAX: usize = 1_000;

/// Keywords whose null is a value.
const NULL_IS_A_VALUE: &[&str] = &["const", "default", "example", "examples"];

/// What a keyword's value must be.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// A type's name, or a list of them.
    Types,
    /// A list of any values, at least one.
    Values,
    /// A value that an answer repeats.
    Constant,
    /// A number.
    Bound,
    /// A number, or in draft 4 a flag.
    ExclusiveBound,
    /// A number above 0.
    Step,
    /// A whole number from 0 that answers must reach.
    AtLeast,
    /// A whole number from 0 that answers must not exceed.
    AtMost,
    /// A text.
    Text,
    /// A list of texts.
    Names,
    /// An object of named schemas.
    Named,
    /// A list of schemas.
    Schemas,
    /// A list of at least one schema.
    SomeSchemas,
    /// A schema.
    Schema,
    /// A schema, or in older drafts a list of them.
    SchemaOrSchemas,
}

/// The form of a keyword that restricts answers; `None` for all other keywords.
fn form(keyword: &str) -> Option<Form> {
    Some(match keyword {
        "type" => Form::Types,
        "enum" => Form::Values,
        "const" => Form::Constant,
        "minimum" | "maximum" => Form::Bound,
        "exclusiveMinimum" | "exclusiveMaximum" => Form::ExclusiveBound,
        "multipleOf" => Form::Step,
        "minLength" | "minItems" | "minProperties" => Form::AtLeast,
        "maxLength" | "maxItems" | "maxProperties" => Form::AtMost,
        "pattern" | "format" | "$ref" => Form::Text,
        "required" => Form::Names,
        "properties" | "patternProperties" => Form::Named,
        "anyOf" | "oneOf" => Form::SomeSchemas,
        "allOf" | "prefixItems" => Form::Schemas,
        "additionalProperties" | "additionalItems" => Form::Schema,
        "items" => Form::SchemaOrSchemas,
        _ => return None,
    })
}

/// Checks and normalises the keywords of the schema at `location`.
///
/// # Errors
/// For the first keyword whose value is of the wrong form or too large.
pub(super) fn check(members: &mut Map<String, Value>, location: &str) -> Result<(), SchemaFault> {
    members.retain(|keyword, value| !is_without_effect(keyword, value));
    for (keyword, value) in members.iter_mut() {
        let Some(form) = form(keyword) else { continue };
        if let Err(allowed) = check_form(form, value) {
            return Err(SchemaFault::value(location, keyword, value, allowed));
        }
        check_size(keyword, value, location)?;
    }
    numbers::normalise(members, location)
}

/// Whether a keyword restricts no answer, although the compiler refuses or misreads it.
fn is_without_effect(keyword: &str, value: &Value) -> bool {
    let allows_all = || *value == Value::Bool(true) || value.as_object().is_some_and(Map::is_empty);
    match keyword {
        "format" => value.is_null() || value.as_str().is_some_and(|name| !FORMATS.contains(&name)),
        "uniqueItems" => *value == Value::Bool(false) || value.is_null(),
        "propertyNames" | "unevaluatedProperties" | "unevaluatedItems" => {
            allows_all() || value.is_null()
        }
        "dependentRequired" | "dependentSchemas" | "dependencies" => {
            allows_all() || value.is_null()
        }
        _ => value.is_null() && !NULL_IS_A_VALUE.contains(&keyword),
    }
}

/// Checks the form of a value, and writes whole numbers as such.
///
/// # Errors
/// What is allowed, in words.
fn check_form(form: Form, value: &mut Value) -> Result<(), &'static str> {
    let is_schema = |value: &Value| value.is_object() || value.is_boolean();
    let is_list_of = |value: &Value, is: &dyn Fn(&Value) -> bool| {
        value.as_array().is_some_and(|items| items.iter().all(is))
    };
    let holds_some = |value: &Value| value.as_array().is_some_and(|items| !items.is_empty());
    let is_type = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
    let (is_right, allowed) = match form {
        Form::Types => (
            is_type(value) || is_list_of(value, &is_type) && holds_some(value),
            "one or a list of `null`, `boolean`, `integer`, `number`, `string`, `array`, `object`",
        ),
        Form::Values => (holds_some(value), "a list of at least one value"),
        Form::Constant => (true, ""),
        Form::Bound => (value.is_number(), "a number"),
        Form::ExclusiveBound => {
            (value.is_number() || value.is_boolean(), "a number, true or false")
        }
        Form::Step => (value.as_f64().is_some_and(|step| step > 0.0), "a number above 0"),
        Form::AtLeast => {
            let is_right = numbers::write_count(value).is_some_and(|count| count <= COUNT_MAX);
            (is_right, "a whole number from 0 to 100000")
        }
        Form::AtMost => match numbers::write_count(value) {
            Some(count) => {
                *value = Value::from(count.min(COUNT_MAX));
                (true, "")
            }
            None => (false, "a whole number from 0"),
        },
        Form::Text => (value.is_string(), "a text"),
        Form::Names => (is_list_of(value, &Value::is_string), "a list of texts"),
        Form::Named => (value.is_object(), "an object of named schemas"),
        Form::Schemas => (is_list_of(value, &is_schema), "a list of schemas"),
        Form::SomeSchemas => {
            (is_list_of(value, &is_schema) && holds_some(value), "a list of at least one schema")
        }
        Form::Schema => (is_schema(value), "a schema: an object, true or false"),
        Form::SchemaOrSchemas => (
            is_schema(value) || is_list_of(value, &is_schema),
            "a schema (an object, true or false) or a list of schemas",
        ),
    };
    if is_right { Ok(()) } else { Err(allowed) }
}

/// Refuses lists that would take the compiler too long.
fn check_size(keyword: &str, value: &Value, location: &str) -> Result<(), SchemaFault> {
    let (found, limit) = match (keyword, value) {
        ("patternProperties", Value::Object(members)) => (members.len(), PATTERNS_MAX),
        ("oneOf", Value::Array(items)) => (items.len(), ONE_OF_MAX),
        _ => return Ok(()),
    };
    if found <= limit {
        return Ok(());
    }
    let reason = format!("keyword `{keyword}` has {}, limit is {limit}", shown(value));
    Err(SchemaFault::new(location, reason))
}
