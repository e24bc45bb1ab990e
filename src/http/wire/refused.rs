//! Fields of the OpenAI API that are recognised but not supported.
//!
//! Setting one is an error: ignoring it would silently produce another result than requested.
//! Values without effect, such as `n: 1`, are accepted.

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Fields that may only have a value without effect.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct RefusedFields {
    /// Number of choices; only 1.
    #[serde(default)]
    n: Option<Value>,
    /// Only 1.
    #[serde(default)]
    best_of: Option<Value>,
    #[serde(default)]
    logprobs: Option<Value>,
    #[serde(default)]
    top_logprobs: Option<Value>,
    #[serde(default)]
    logit_bias: Option<Value>,
    #[serde(default)]
    presence_penalty: Option<Value>,
    #[serde(default)]
    frequency_penalty: Option<Value>,
    #[serde(default)]
    suffix: Option<Value>,
    #[serde(default)]
    tools: Option<Value>,
    #[serde(default)]
    functions: Option<Value>,
    /// Only `["text"]`.
    #[serde(default)]
    modalities: Option<Value>,
    #[serde(default)]
    audio: Option<Value>,
}

impl RefusedFields {
    /// The first field with an unsupported value, and the value allowed; `None` if there is none.
    pub(crate) fn first(&self) -> Option<(&'static str, &'static str)> {
        let counts = [("n", &self.n), ("best_of", &self.best_of)];
        let switches = [
            ("logprobs", &self.logprobs),
            ("top_logprobs", &self.top_logprobs),
            ("logit_bias", &self.logit_bias),
            ("presence_penalty", &self.presence_penalty),
            ("frequency_penalty", &self.frequency_penalty),
            ("suffix", &self.suffix),
            ("tools", &self.tools),
            ("functions", &self.functions),
            ("audio", &self.audio),
        ];
        let set = |field: &Option<Value>, neutral: fn(&Value) -> bool| {
            field.as_ref().is_some_and(|value| !value.is_null() && !neutral(value))
        };
        let count = counts.into_iter().find(|(_, field)| set(field, |value| *value == 1));
        if let Some((name, _)) = count {
            return Some((name, "1"));
        }
        if set(&self.modalities, |value| *value == serde_json::json!(["text"])) {
            return Some(("modalities", "[\"text\"]"));
        }
        let switch = switches.into_iter().find(|(_, field)| set(field, is_off));
        switch.map(|(name, _)| (name, "left out"))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn first(body: Value) -> Option<(&'static str, &'static str)> {
        serde_json::from_value::<RefusedFields>(body).unwrap().first()
    }

    #[test]
    fn values_that_change_nothing_pass() {
        assert_eq!(first(json!({})), None);
        assert_eq!(
            first(json!({"n": 1, "logprobs": false, "presence_penalty": 0.0, "tools": [],
                "logit_bias": {}, "suffix": null, "modalities": ["text"], "user": "u"})),
            None
        );
    }

    #[test]
    fn a_field_that_asks_for_something_is_named() {
        for (body, field) in [
            (json!({"n": 2}), "n"),
            (json!({"n": 0}), "n"),
            (json!({"logprobs": true}), "logprobs"),
            (json!({"logprobs": 3}), "logprobs"),
            (json!({"frequency_penalty": 0.5}), "frequency_penalty"),
            (json!({"tools": [{}]}), "tools"),
            (json!({"modalities": ["text", "audio"]}), "modalities"),
        ] {
            assert_eq!(first(body.clone()).unwrap().0, field, "{body}");
        }
    }
}
