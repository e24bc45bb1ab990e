//! Random schemas: compiling never panics or hangs, and every text that a random walk through the
//! masks writes is JSON that the schema accepts. `PROPTEST_CASES` makes a long run of it.

use super::json_schemas::byte_grammars;
use super::json_schemas::bytes_of;
use super::*;
use vitrine_base::clock::Clock;

/// Longest compilation, in milliseconds, with a margin for a busy machine.
const COMPILE_MS_MAX: u128 = 5_000;

/// Most tokens of one walk.
const WALK_TOKENS_MAX: usize = 400;

/// Schemas whose keywords fit their types, with references among three definitions.
fn sound_schema() -> impl Strategy<Value = Value> {
    let number = -30_i32..30;
    let leaf = prop_oneof![
        Just(json!({"type": "null"})),
        Just(json!({"type": "boolean"})),
        Just(json!({"type": ["string", "null"], "maxLength": 5, "format": "phone"})),
        (number.clone(), 0..40_i32).prop_map(
            |(min, more)| json!({"type": "integer", "minimum": min, "maximum": min + more})
        ),
        number.clone().prop_map(|min| json!({"type": "number", "exclusiveMinimum": min})),
        (1..7_i32).prop_map(|step| json!({"type": "integer", "multipleOf": step})),
        Just(json!({"type": "number"})),
        prop::collection::vec("[a-c\"\\\\é]{0,3}", 1..4).prop_map(|texts| json!({"enum": texts})),
        number.prop_map(|only| json!({"const": only})),
        Just(json!({"type": "string", "pattern": "^[a-c]{1,4}$"})),
        prop::sample::select(&["a", "b", "c"][..])
            .prop_map(|name| json!({"$ref": format!("#/$defs/{name}")})),
        any::<bool>().prop_map(Value::from),
    ];
    let schema = leaf.prop_recursive(3, 16, 4, |inner| {
        let some = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            some.clone().prop_map(|options| json!({"anyOf": options})),
            (inner.clone(), 0..3_u32, 0..3_u32).prop_map(|(items, min, more)| {
                json!({"type": "array", "items": items, "minItems": min, "maxItems": min + more})
            }),
            (some, inner).prop_map(|(first, rest)| {
                json!({"type": "array", "prefixItems": first, "items": rest, "minItems": 1})
            }),
            any::<bool>().prop_map(|open| {
                json!({"type": "object", "properties": {"x": {"type": "null"}},
                       "additionalProperties": open})
            }),
        ]
    });
    let object = (prop::collection::btree_map("[x-z]", schema.clone(), 1..4), 0..4_usize).prop_map(
        |(properties, required)| {
            let names: Vec<&String> = properties.keys().take(required).collect();
            json!({"type": "object", "properties": properties, "required": names,
                   "additionalProperties": false})
        },
    );
    let part = prop_oneof![schema, object];
    prop::collection::vec(part, 4).prop_map(|parts| {
        let [root, a, b, c] = <[Value; 4]>::try_from(parts).unwrap();
        let defs = json!({"a": a, "b": b, "c": c});
        json!({"allOf": [root], "$defs": defs})
    })
}

/// Names of members of [`wild_schema`].
const KEYWORDS: &[&str] = &[
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "pattern",
    "format",
    "$ref",
    "required",
    "properties",
    "patternProperties",
    "anyOf",
    "oneOf",
    "allOf",
    "prefixItems",
    "items",
    "additionalProperties",
    "additionalItems",
    "not",
    "if",
    "$defs",
    "$id",
    "$anchor",
    "$schema",
    "x-guidance",
    "uniqueItems",
    "description",
    "a",
];

/// Texts of [`wild_schema`].
const TEXTS: &[&str] = &[
    "string",
    "object",
    "array",
    "integer",
    "number",
    "date",
    "email",
    "#",
    "#/anyOf/0",
    "#/$defs/a",
    "^a+$",
    "(?=a)",
    "(",
    "é",
    "a{1,999999}",
    "\\d+",
    "[",
    "",
    "http://json-schema.org/draft-04/schema#",
];

/// Any JSON under the names of keywords.
fn wild_schema() -> impl Strategy<Value = Value> {
    let keyword = prop::sample::select(KEYWORDS);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-5..9_i32).prop_map(Value::from),
        prop::sample::select(TEXTS).prop_map(Value::from),
        "\\PC{0,60}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            3 => prop::collection::vec((keyword.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

/// Compiles within the limit; the error is one sentence of ours.
fn compile(schema: &Value) -> Result<Option<Constraint>, TestCaseError> {
    let began = SystemClock.instant();
    let compiled = byte_grammars().compile(&Grammar::JsonSchema(schema.clone()));
    let spent = (SystemClock.instant() - began).as_millis();
    prop_assert!(spent < COMPILE_MS_MAX, "{spent} ms");
    match compiled {
        Ok(constraint) => Ok(Some(constraint)),
        Err(error) => {
            let words = error.to_string();
            let is_foreign = ["panic", "backtrace", "\n"].iter().any(|word| words.contains(word));
            prop_assert!(!is_foreign, "{}", words);
            prop_assert!(words.starts_with("json_schema at `#"), "{}", words);
            Ok(None)
        }
    }
}

/// Writes a text by choosing among the allowed tokens, closing brackets and quotes often; `None` if
/// it is not complete in time.
fn walk(constraint: &Constraint, choices: &[u16]) -> Result<Option<String>, TestCaseError> {
    let mut state = constraint.start();
    let mut text = Vec::new();
    for at in 0..WALK_TOKENS_MAX {
        let choice = usize::from(choices[at % choices.len()]).wrapping_add(at / choices.len());
        let all: Vec<u32> = match state.allowed(at) {
            Ok(allowed) => allowed.to_list(),
            Err(error) => return Err(TestCaseError::fail(format!("{error} after {text:?}"))),
        };
        let closing: Vec<u32> = all
            .iter()
            .copied()
            .filter(|token| bytes_of(*token).is_none_or(|bytes| b"\"}]".contains(&bytes[0])))
            .collect();
        let some = if choice % 2 == 0 && !closing.is_empty() { &closing } else { &all };
        let token = some[choice / 2 % some.len()];
        let Some(bytes) = bytes_of(token) else { return Ok(Some(whole(text)?)) };
        text.extend(bytes);
        match state.advance(token, at) {
            Ok(Advance::Complete) => return Ok(Some(whole(text)?)),
            Ok(Advance::Open) => {}
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    }
    Ok(None)
}

fn whole(text: Vec<u8>) -> Result<String, TestCaseError> {
    String::from_utf8(text).map_err(|error| TestCaseError::fail(error.to_string()))
}

/// Whether a schema of [`sound_schema`] accepts a value. References that lead back to themselves
/// accept nothing.
fn accepts(root: &Value, schema: &Value, value: &Value) -> bool {
    accepts_after(root, schema, value, &[])
}

/// `followed` are the references that led to this schema for the same value.
fn accepts_after(root: &Value, schema: &Value, value: &Value, followed: &[&str]) -> bool {
    let Some(keywords) = schema.as_object() else { return *schema == json!(true) };
    keywords.iter().all(|(keyword, wanted)| match (keyword.as_str(), value) {
        ("$ref", _) => {
            let name = wanted.as_str().unwrap();
            let target = root.pointer(&name[1..]).unwrap();
            !followed.contains(&name)
                && accepts_after(root, target, value, &[followed, &[name]].concat())
        }
        ("allOf", _) => {
            let mut parts = wanted.as_array().unwrap().iter();
            parts.all(|part| accepts_after(root, part, value, followed))
        }
        ("anyOf", _) => {
            let mut parts = wanted.as_array().unwrap().iter();
            parts.any(|part| accepts_after(root, part, value, followed))
        }
        ("type", _) => match wanted {
            Value::Array(names) => names.iter().any(|name| has_type(name.as_str().unwrap(), value)),
            name => has_type(name.as_str().unwrap(), value),
        },
        ("const", Value::Number(number)) => number.as_f64() == wanted.as_f64(),
        ("const", _) => wanted == value,
        ("enum", _) => wanted.as_array().unwrap().contains(value),
        ("minimum", Value::Number(number)) => number.as_f64() >= wanted.as_f64(),
        ("maximum", Value::Number(number)) => number.as_f64() <= wanted.as_f64(),
        ("exclusiveMinimum", Value::Number(number)) => number.as_f64() > wanted.as_f64(),
        ("multipleOf", Value::Number(number)) => {
            number.as_i128().is_none_or(|number| number % i128::from(wanted.as_i64().unwrap()) == 0)
        }
        ("maxLength", Value::String(text)) => {
            text.chars().count() as u64 <= wanted.as_u64().unwrap()
        }
        ("pattern", Value::String(text)) => {
            (1..=4).contains(&text.len()) && text.bytes().all(|byte| (b'a'..=b'c').contains(&byte))
        }
        ("minItems", Value::Array(items)) => items.len() as u64 >= wanted.as_u64().unwrap(),
        ("maxItems", Value::Array(items)) => items.len() as u64 <= wanted.as_u64().unwrap(),
        ("prefixItems", Value::Array(items)) => {
            let mut both = wanted.as_array().unwrap().iter().zip(items);
            both.all(|(part, item)| accepts(root, part, item))
        }
        ("items", Value::Array(items)) => {
            let first =
                keywords.get("prefixItems").map_or(0, |first| first.as_array().unwrap().len());
            items.iter().skip(first).all(|item| accepts(root, wanted, item))
        }
        ("properties", Value::Object(members)) => members
            .iter()
            .all(|(name, member)| wanted.get(name).is_none_or(|part| accepts(root, part, member))),
        ("required", Value::Object(members)) => {
            let mut names = wanted.as_array().unwrap().iter();
            names.all(|name| members.contains_key(name.as_str().unwrap()))
        }
        ("additionalProperties", Value::Object(members)) => {
            *wanted == json!(true)
                || members.keys().all(|name| keywords["properties"].get(name).is_some())
        }
        _ => true,
    })
}

fn has_type(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unknown type {other}"),
    }
}

proptest! {
    #[test]
    fn text_of_a_random_walk_is_json_that_the_schema_accepts(
        schema in sound_schema(),
        choices in prop::collection::vec(any::<u16>(), 1..80),
    ) {
        let Some(constraint) = compile(&schema)? else { return Ok(()) };
        let Some(text) = walk(&constraint, &choices)? else { return Ok(()) };
        let value: Value = match serde_json::from_str(&text) {
            Ok(value) => value,
            Err(error) => return Err(TestCaseError::fail(format!("{error}: {text}"))),
        };
        prop_assert!(accepts(&schema, &schema, &value), "{} does not accept {}", schema, text);
    }

    #[test]
    fn any_json_as_a_schema_is_refused_in_one_sentence_or_writes_json(
        schema in wild_schema(),
        choices in prop::collection::vec(any::<u16>(), 1..80),
    ) {
        let Some(constraint) = compile(&schema)? else { return Ok(()) };
        if let Some(text) = walk(&constraint, &choices)? {
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{}", text);
        }
    }

    #[test]
    fn any_text_as_a_regex_or_lark_grammar_is_refused_in_one_line(
        text in "(start: )?[a-c|()\\[\\]{}?*+\\\\/\"\n:%é<>0-9 -]{0,40}",
    ) {
        for grammar in [Grammar::Regex(text.clone()), Grammar::Lark(text.clone())] {
            if let Err(error) = byte_grammars().compile(&grammar) {
                let words = error.to_string();
                prop_assert!(!words.contains('\n') && !words.contains("panic"), "{}", words);
            }
        }
    }
}
