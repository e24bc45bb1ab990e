//! Values as clients write them, and the errors of those that cannot be meant.

use super::*;
use proptest::prelude::*;
use serde_json::json;

#[derive(Debug, Default, PartialEq, Deserialize)]
struct Request {
    name: String,
    #[serde(default, alias = "howmany")]
    count: usize,
    #[serde(default)]
    size: Option<u8>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    share: Option<f32>,
    #[serde(default)]
    on: bool,
    #[serde(default)]
    schema: Option<Value>,
    #[serde(default)]
    variables: Map<String, Value>,
    #[serde(default)]
    lines: Vec<Line>,
    #[serde(rename = "*")]
    rest: Rest,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
struct Rest {
    #[serde(default)]
    stream: bool,
    #[serde(rename = "*")]
    refused: Refused,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
struct Refused {
    #[serde(default)]
    tools: Option<Value>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Line {
    sku: String,
    #[serde(default)]
    quantity: Option<u32>,
}

fn reading(value: &Value) -> Reading<Request> {
    read(value).expect("the request is read")
}

fn refusal(value: Value) -> String {
    read::<Request>(&value).expect_err("the request is refused").to_string()
}

fn unknown(value: Value) -> Vec<(String, Option<&'static str>)> {
    reading(&value).unknown.into_iter().map(|key| (key.path, key.nearest)).collect()
}

#[test]
fn nulls_count_as_absent_in_every_struct() {
    let value = json!({
        "name": "n", "count": null, "size": null, "on": null, "variables": null, "lines": null,
        "stream": null, "tools": null, "schema": null, "share": null, "seed": null,
    });
    assert_eq!(reading(&value).value, Request { name: "n".to_owned(), ..Request::default() });
    let line = json!({ "name": "n", "lines": [{ "sku": "a", "quantity": null }] });
    assert_eq!(reading(&line).value.lines[0].quantity, None);
    assert_eq!(refusal(json!({ "name": null })), "field `name` is required");
}

#[test]
fn nulls_in_free_values_are_kept() {
    let value = json!({ "name": "n", "schema": { "enum": [null], "const": null },
                        "variables": { "a": null } });
    let read = reading(&value).value;
    assert_eq!(read.schema, Some(value["schema"].clone()));
    assert_eq!(read.variables.get("a"), Some(&Value::Null));
}

#[test]
fn whole_numbers_may_be_written_with_a_fraction_of_zero() {
    let value: Value =
        serde_json::from_str(r#"{"name": "n", "count": 1e2, "size": 7.0, "seed": -1.0}"#).unwrap();
    let read = reading(&value).value;
    assert_eq!((read.count, read.size, read.seed), (100, Some(7), Some(-1)));
    let large: Value = serde_json::from_str(r#"{"name": "n", "count": 1e30}"#).unwrap();
    assert_eq!(reading(&large).value.count, usize::MAX);
}

#[test]
fn errors_name_the_field_what_is_expected_and_what_is_found() {
    for (value, expected) in [
        (json!([]), "the body must be an object, found an array"),
        (json!("x"), "the body must be an object, found the text \"x\""),
        (json!({}), "field `name` is required"),
        (json!({ "name": 5 }), "field `name` must be a text, found the number 5"),
        (
            json!({ "name": "n", "count": 1.5 }),
            "field `count` must be a whole number from 0 to 18446744073709551615, found the \
             number 1.5",
        ),
        (
            json!({ "name": "n", "size": 300 }),
            "field `size` must be a whole number from 0 to 255, found the number 300",
        ),
        (
            json!({ "name": "n", "size": -1 }),
            "field `size` must be a whole number from 0 to 255, found the number -1",
        ),
        (
            json!({ "name": "n", "share": "0.2" }),
            "field `share` must be a number, found the text \"0.2\"",
        ),
        (
            json!({ "name": "n", "on": "yes" }),
            "field `on` must be true or false, found the text \"yes\"",
        ),
        (
            json!({ "name": "n", "stream": 1 }),
            "field `stream` must be true or false, found the number 1",
        ),
        (json!({ "name": "n", "lines": {} }), "field `lines` must be an array, found an object"),
        (
            json!({ "name": "n", "lines": [["a"]] }),
            "field `lines[0]` must be an object, found an array",
        ),
        (
            json!({ "name": "n", "lines": [{ "sku": "a" }, { "sku": [] }] }),
            "field `lines[1].sku` must be a text, found an array",
        ),
        (json!({ "name": "n", "lines": [{}] }), "field `lines[0].sku` is required"),
        (
            json!({ "name": "n", "variables": [] }),
            "field `variables` must be an object, found an array",
        ),
        (
            json!({ "name": "n", "count": 1, "howmany": 2 }),
            "field `count` is set twice: by its name and by an alias",
        ),
    ] {
        assert_eq!(refusal(value), expected);
    }
    let huge: Value = serde_json::from_str(r#"{"name": "n", "share": 1e300}"#).unwrap();
    assert!(refusal(huge).starts_with("field `share` must be a number from"));
}

#[test]
fn unknown_keys_are_collected_with_their_path_and_the_nearest_known_one() {
    assert_eq!(unknown(json!({ "name": "n", "stream": true, "tools": [], "howmany": 1 })), []);
    assert_eq!(
        unknown(json!({ "name": "n", "strem": true, "*": 1, "xyz": null,
                        "lines": [{ "sku": "a", "quantty": 1 }] })),
        [
            ("lines[0].quantty".to_owned(), Some("quantity")),
            ("strem".to_owned(), Some("stream")),
            ("*".to_owned(), None),
            ("xyz".to_owned(), None),
        ]
    );
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z*]{0,6}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("name"),
        Just("count"),
        Just("size"),
        Just("seed"),
        Just("share"),
        Just("on"),
        Just("schema"),
        Just("variables"),
        Just("lines"),
        Just("stream"),
        Just("tools"),
        Just("sku"),
        Just("quantity"),
        Just("*"),
        Just("other"),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|entries| {
                entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_is_read_or_refused_with_its_field(value in json_value()) {
        match read::<Request>(&value) {
            Ok(_) => prop_assert!(value.is_object()),
            Err(error) => {
                let text = error.to_string();
                let is_ours = text.starts_with("field `") || text.starts_with("the body ");
                prop_assert!(is_ours, "{}", text);
            }
        }
    }
}
