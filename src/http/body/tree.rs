//! Parses a JSON text into a tree of values. Errors are in our own words, and a key that appears
//! twice in one object is refused: readers would disagree about which value counts.

use crate::http::body::error::shortened;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Value;
use serde_json::error::Category;

/// Deepest nesting of arrays and objects; the parser's own limit.
const DEPTH_MAX: usize = 127;

/// Marks the message of a repeated key, which the parser passes on.
const REPEATED: &str = "repeated key ";

/// UTF-8 byte-order mark, which some Windows programs write before the text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Parses a whole body.
///
/// # Errors
/// What is wrong with the text, and at which line and column.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err("the body is empty; expected a JSON object".to_owned());
    }
    if let Err(error) = std::str::from_utf8(text) {
        let at = error.valid_up_to();
        return Err(format!("the body is not UTF-8: the byte at offset {at} begins no character"));
    }
    let Unrepeated(value) = serde_json::from_slice(text).map_err(|error| explain(&error, text))?;
    Ok(value)
}

fn explain(error: &serde_json::Error, text: &[u8]) -> String {
    let (line, column) = (error.line(), error.column());
    let at = format!("line {line}, column {column}");
    if deepest(text) > DEPTH_MAX {
        return format!("the body nests arrays and objects deeper than {DEPTH_MAX} levels");
    }
    let full = error.to_string();
    if let Some(rest) = full.strip_prefix(REPEATED) {
        let key = rest.rsplit_once(" at line ").map_or(rest, |(key, _)| key);
        return format!("the body has the key {key} twice in one object ({at})");
    }
    match error.classify() {
        Category::Eof => format!("the body ends in the middle of a JSON value ({at})"),
        Category::Syntax | Category::Data | Category::Io => {
            format!("the body is not valid JSON at {at}")
        }
    }
}

/// Deepest nesting of brackets outside strings.
fn deepest(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A JSON value whose objects have each key once.
struct Unrepeated(Value);

impl<'de> Deserialize<'de> for Unrepeated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor).map(Self)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Unrepeated(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let Unrepeated(value) = entries.next_value()?;
            if object.contains_key(&key) {
                return Err(Error::custom(format!("{REPEATED}`{}`", shortened(&key))));
            }
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn refused(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn errors_say_where_in_our_own_words() {
        assert!(refused("").contains("empty"));
        assert!(refused(" \r\n").contains("empty"));
        assert_eq!(refused("{\"a\":\n 1,}"), "the body is not valid JSON at line 2, column 4");
        assert_eq!(
            refused("{\"a\": tru"),
            "the body ends in the middle of a JSON value (line 1, column 9)"
        );
        assert!(refused("{} {}").contains("line 1, column 4"));
        assert!(refused("{\"a\": 1e999}").contains("line 1"));
        assert!(parse(b"{\"a\": \"\xFF\"}").unwrap_err().contains("offset 7"));
        assert!(refused(&"[".repeat(5_000)).contains("deeper than 127"));
    }

    #[test]
    fn a_key_that_appears_twice_is_refused_by_name() {
        assert_eq!(
            refused(r#"{"a": 1, "b": {"c": 1, "c": 2}}"#),
            "the body has the key `c` twice in one object (line 1, column 30)"
        );
        assert_eq!(parse(br#"{"a": {"c": 1}, "b": {"c": 2}}"#).unwrap()["b"]["c"], 2);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(parse(b"\xEF\xBB\xBF{\"a\": 1}").unwrap(), json!({ "a": 1 }));
    }

    proptest! {
        #[test]
        fn bytes_never_panic_and_what_is_read_is_what_the_parser_reads(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn texts_of_json_are_read_as_the_parser_reads_them(
            text in r#"[\[\]{}",:0-9a-c\\ é-]{0,24}"#,
        ) {
            if let Ok(value) = parse(text.as_bytes()) {
                prop_assert_eq!(Ok(value), serde_json::from_str::<Value>(&text).map_err(|_| ()));
            }
        }
    }
}
