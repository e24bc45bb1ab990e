//! Fields of the OpenAI API, of vLLM and of llama.cpp's server that have no effect here.
//!
//! A field that would change the output is accepted with its neutral value only: ignoring another
//! one would silently produce another result than requested. A field that cannot change the output
//! is accepted with any value. Fields that are not listed are unknown.

use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Value;
use std::borrow::Cow;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

/// Which values of a field are accepted.
#[derive(Debug, Clone, Copy)]
enum Accepts {
    /// Any: the field cannot change the output.
    Any,
    /// Values that switch the feature off: null, false, 0, and empty ones.
    Off,
    /// These, and values that switch the feature off.
    OffOr(&'static [&'static str]),
    /// The number 1.
    One,
    /// `true`.
    True,
    /// `["text"]`.
    TextOnly,
}

use Accepts::Any;
use Accepts::Off;
use Accepts::OffOr;
use Accepts::One;
use Accepts::TextOnly;
use Accepts::True;

/// Every field with what it accepts.
#[rustfmt::skip]
const FIELDS: &[(&str, Accepts)] = &[
    ("n", One), ("best_of", One),
    ("logprobs", Off), ("top_logprobs", Off), ("prompt_logprobs", Off), ("logit_bias", Off),
    ("presence_penalty", Off), ("frequency_penalty", Off), ("repetition_penalty", One),
    ("repeat_penalty", One), ("length_penalty", One), ("typical_p", One), ("mirostat", Off),
    ("min_tokens", Off), ("use_beam_search", Off), ("stop_token_ids", Off), ("bad_words", Off),
    ("allowed_token_ids", Off), ("include_stop_str_in_output", Off),
    ("truncate_prompt_tokens", Off), ("suffix", Off),
    ("tools", Off), ("tool_choice", OffOr(&["none", "auto"])), ("parallel_tool_calls", Any),
    ("functions", Off), ("function_call", OffOr(&["none", "auto"])),
    ("modalities", TextOnly), ("audio", Off), ("web_search_options", Off),
    ("reasoning_effort", OffOr(&["none"])), ("verbosity", OffOr(&["medium"])),
    ("add_generation_prompt", True), ("continue_final_message", Off), ("documents", Off),
    ("chat_template", Off), ("skip_special_tokens", True), ("spaces_between_special_tokens", True),
    ("guided_whitespace_pattern", Off), ("guided_decoding_backend", Any), ("store", Off),
    ("service_tier", OffOr(&["auto", "default"])), ("priority", Off),
    ("user", Any), ("metadata", Any), ("safety_identifier", Any), ("prompt_cache_key", Any),
    ("prompt_cache_retention", Any), ("prediction", Any), ("cache_prompt", Any),
];

/// Names of [`FIELDS`], in the same order.
const NAMES: [&str; FIELDS.len()] = {
    let mut names = [""; FIELDS.len()];
    let mut at = 0;
    while at < FIELDS.len() {
        names[at] = FIELDS[at].0;
        at += 1;
    }
    names
};

/// The fields of a request that have no effect here.
#[derive(Debug, Clone, Default)]
pub(crate) struct OtherFields(Vec<(&'static str, Accepts, Value)>);

impl OtherFields {
    /// The first field with a value that is not accepted, and what is; `None` if there is none.
    pub(crate) fn first_refused(&self) -> Option<(&'static str, Cow<'static, str>)> {
        let refused = self.0.iter().find(|(_, accepts, value)| !accepts.accepts(value));
        refused.map(|(name, accepts, _)| (*name, accepts.allowed()))
    }
}

impl Accepts {
    fn accepts(self, value: &Value) -> bool {
        match self {
            Any => true,
            Off => is_off(value),
            OffOr(words) => {
                is_off(value) || value.as_str().is_some_and(|word| words.contains(&word))
            }
            One => value.as_f64() == Some(1.0),
            True => *value == Value::Bool(true),
            TextOnly => *value == serde_json::json!(["text"]),
        }
    }

    fn allowed(self) -> Cow<'static, str> {
        match self {
            Any => "any value".into(),
            Off => "left out".into(),
            OffOr(words) => format!("left out, {}", words.join(", ")).into(),
            One => "1".into(),
            True => "true".into(),
            TextOnly => "[\"text\"]".into(),
        }
    }
}

fn is_off(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(on) => !on,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
    }
}

impl<'de> Deserialize<'de> for OtherFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("OtherFields", &NAMES, OtherFieldsVisitor)
    }
}

struct OtherFieldsVisitor;

impl<'de> Visitor<'de> for OtherFieldsVisitor {
    type Value = OtherFields;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<OtherFields, A::Error> {
        let mut found = Vec::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            if let Some((name, accepts)) = FIELDS.iter().find(|(name, _)| *name == key) {
                found.push((*name, *accepts, value));
            }
        }
        Ok(OtherFields(found))
    }
}

impl PartialSchema for OtherFields {
    fn schema() -> RefOr<Schema> {
        let fields = FIELDS.iter().fold(ObjectBuilder::new(), |object, (name, accepts)| {
            let description = match accepts {
                Any => "No effect.".to_owned(),
                other => format!("Not supported. Allowed: {}.", other.allowed()),
            };
            let value = ObjectBuilder::new()
                .schema_type(utoipa::openapi::schema::SchemaType::AnyValue)
                .description(Some(description));
            object.property(*name, value)
        });
        RefOr::T(fields.into())
    }
}

impl ToSchema for OtherFields {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn first(body: Value) -> Option<&'static str> {
        let fields: OtherFields = serde_json::from_value(body).unwrap();
        fields.first_refused().map(|(name, _)| name)
    }

    #[test]
    fn values_that_change_nothing_are_accepted() {
        assert_eq!(first(json!({})), None);
        assert_eq!(
            first(json!({"n": 1, "best_of": 1.0, "logprobs": false, "presence_penalty": 0.0,
                "tools": [], "tool_choice": "auto", "logit_bias": {}, "suffix": null,
                "modalities": ["text"], "user": "u", "metadata": {"a": "b"}, "store": false,
                "service_tier": "auto", "repetition_penalty": 1.0, "parallel_tool_calls": true,
                "skip_special_tokens": true})),
            None
        );
    }

    #[test]
    fn a_field_that_asks_for_something_is_named() {
        for (name, accepts) in FIELDS {
            let asks = json!({ *name: ["something"] });
            let expected = if matches!(accepts, Any) { None } else { Some(*name) };
            assert_eq!(first(asks), expected);
        }
        for (body, field) in [
            (json!({"n": 2}), "n"),
            (json!({"n": 0}), "n"),
            (json!({"logprobs": 3}), "logprobs"),
            (json!({"frequency_penalty": 0.5}), "frequency_penalty"),
            (json!({"tool_choice": "required"}), "tool_choice"),
            (json!({"modalities": ["text", "audio"]}), "modalities"),
        ] {
            assert_eq!(first(body.clone()), Some(field), "{body}");
        }
    }

    #[test]
    fn no_field_is_listed_twice() {
        let mut names = NAMES.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
    }
}
