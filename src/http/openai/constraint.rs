//! The constraint that a request puts on its output, in each form that clients send. A form that is
//! not understood is refused: an output without the constraint would look like an answer.

use crate::http::error::ApiError;
use crate::http::fields::quoted;
use crate::http::wire::openai::ConstraintsBody;
use serde_json::Map;
use serde_json::Value;
use vitrine_engine::Grammar;

/// Most texts in a choice.
const CHOICES_MAX: usize = 1_000;

/// Characters with a meaning in regular expressions.
const REGEX_MARKS: &str = r"\.+*?()|[]{}^$#&-~/";

/// Takes the constraint from a request; `None` for free text.
///
/// # Errors
/// If a form is not understood, or if more than one constraint is set.
pub(super) fn take(body: &mut ConstraintsBody) -> Result<Option<Grammar>, ApiError> {
    let format = body.response_format.take().map(|format| response_format(&format));
    let structured = body.structured_outputs.take().map(|outputs| structured_outputs(&outputs));
    let schema = body.json_schema.take().map(|value| schema("json_schema", &value));
    let object = body.guided_json_object.take();
    let choice = body.guided_choice.take().map(|texts| choice("guided_choice", &texts));
    let regex = body.regex.take().map(Grammar::Regex);
    let lark = body.grammar.take().map(Grammar::Lark);
    let set = [
        ("response_format", format.transpose()?.flatten()),
        ("structured_outputs", structured.transpose()?.flatten()),
        ("json_schema", schema.transpose()?),
        ("guided_json_object", object.filter(|on| *on).map(|_| Grammar::JsonObject)),
        ("guided_choice", choice.transpose()?),
        ("regex", regex),
        ("grammar", lark),
    ];
    let mut set = set.into_iter().filter_map(|(field, grammar)| Some((field, grammar?)));
    let Some((first, grammar)) = set.next() else { return Ok(None) };
    match set.next() {
        None => Ok(Some(grammar)),
        Some((second, _)) => {
            let message = format!("fields `{first}` and `{second}`: at most one may be set");
            Err(ApiError::impossible("one_constraint", message))
        }
    }
}

fn refuse(message: String) -> ApiError {
    ApiError::impossible("constraint_refused", message)
}

/// The keys of one object of the request, of which each must be taken.
struct Keys<'a> {
    path: &'a str,
    entries: Map<String, Value>,
}

impl<'a> Keys<'a> {
    fn of(path: &'a str, value: &Value) -> Result<Self, ApiError> {
        let entries = value.as_object().cloned();
        let entries = entries.ok_or_else(|| refuse(format!("field `{path}` must be an object")))?;
        Ok(Self { path, entries })
    }

    /// Takes a key; null counts as absent.
    fn take(&mut self, key: &str) -> Option<Value> {
        self.entries.shift_remove(key).filter(|value| !value.is_null())
    }

    fn take_first(&mut self, keys: &[&str]) -> Option<(String, Value)> {
        let found = keys.iter().find_map(|key| Some(((*key).to_owned(), self.take(key)?)));
        found.map(|(key, value)| (format!("{}.{key}", self.path), value))
    }

    /// Takes a switch that must be off.
    fn take_off(&mut self, key: &str) -> Result<(), ApiError> {
        match self.take(key) {
            None | Some(Value::Bool(false)) => Ok(()),
            Some(_) => {
                let path = self.path;
                Err(refuse(format!("field `{path}.{key}` is not supported; allowed: false")))
            }
        }
    }

    fn end(self) -> Result<(), ApiError> {
        match self.entries.iter().find(|(_, value)| !value.is_null()) {
            None => Ok(()),
            Some((key, _)) => {
                let key: String = key.chars().take(80).collect();
                Err(refuse(format!("field `{}.{key}` is unknown or not supported", self.path)))
            }
        }
    }
}

const FORMATS: &str = "text, json_object, json_schema, json, regex, grammar, choice";

/// `response_format` as OpenAI, llama.cpp's server and text-generation-inference define it.
fn response_format(format: &Value) -> Result<Option<Grammar>, ApiError> {
    let path = "response_format";
    if let Value::String(name) = format {
        return match name.as_str() {
            "text" => Ok(None),
            "json_object" | "json" => Ok(Some(Grammar::JsonObject)),
            other => Err(unknown_format(path, other)),
        };
    }
    let mut keys = Keys::of(path, format)?;
    let kind = keys.take("type");
    let Some(kind) = kind.as_ref().and_then(Value::as_str) else {
        return Err(refuse(format!("field `{path}.type` must be one of {FORMATS}")));
    };
    let required = |found: Option<(String, Value)>, key: &str| {
        found.ok_or_else(|| refuse(format!("field `{path}.{key}` is required with type `{kind}`")))
    };
    let grammar = match kind {
        "text" => None,
        "json_object" | "json" => match keys.take_first(&["schema", "value"]) {
            Some((path, value)) => Some(schema(&path, &value)?),
            None => Some(Grammar::JsonObject),
        },
        "json_schema" => match keys.take("json_schema") {
            Some(named) => Some(named_schema(&named)?),
            None => {
                let (path, value) = required(keys.take_first(&["schema", "value"]), "json_schema")?;
                Some(schema(&path, &value)?)
            }
        },
        "regex" | "grammar" => {
            let found = keys.take_first(&[kind, "value", "pattern"]);
            let (path, value) = required(found, kind)?;
            let text = text(&path, &value)?;
            Some(if kind == "regex" { Grammar::Regex(text) } else { Grammar::Lark(text) })
        }
        "choice" => {
            let (path, value) = required(keys.take_first(&["choice", "value"]), kind)?;
            Some(choice(&path, &texts(&path, &value)?)?)
        }
        other => return Err(unknown_format(&format!("{path}.type"), other)),
    };
    keys.end()?;
    Ok(grammar)
}

fn unknown_format(path: &str, found: &str) -> ApiError {
    refuse(format!("field `{path}` is {}; allowed: {FORMATS}", quoted(found)))
}

/// The object `json_schema` of OpenAI's format. Its name and description do not matter, and the
/// schema is enforced whatever `strict` is.
fn named_schema(named: &Value) -> Result<Grammar, ApiError> {
    let path = "response_format.json_schema";
    let mut keys = Keys::of(path, named)?;
    let _ = (keys.take("name"), keys.take("description"), keys.take("strict"));
    let found = keys.take("schema");
    // The schema itself in the place of the object that names it, as some clients send it.
    let is_schema = ["type", "properties", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"];
    if found.is_none() && is_schema.iter().any(|key| keys.entries.contains_key(*key)) {
        return schema(path, named);
    }
    keys.end()?;
    match found {
        Some(value) => schema("response_format.json_schema.schema", &value),
        None => Ok(Grammar::JsonObject),
    }
}

/// `structured_outputs` as vLLM defines it.
fn structured_outputs(outputs: &Value) -> Result<Option<Grammar>, ApiError> {
    let path = "structured_outputs";
    let mut keys = Keys::of(path, outputs)?;
    for switch in ["disable_any_whitespace", "disable_additional_properties"] {
        keys.take_off(switch)?;
    }
    // There is one implementation, so there is nothing to fall back to.
    let _ = keys.take("disable_fallback");
    let mut found = Vec::new();
    if let Some((path, value)) = keys.take_first(&["json"]) {
        found.push(schema(&path, &value)?);
    }
    if let Some((path, value)) = keys.take_first(&["regex"]) {
        found.push(Grammar::Regex(text(&path, &value)?));
    }
    if let Some((path, value)) = keys.take_first(&["grammar"]) {
        found.push(Grammar::Lark(text(&path, &value)?));
    }
    if let Some((path, value)) = keys.take_first(&["choice"]) {
        found.push(choice(&path, &texts(&path, &value)?)?);
    }
    match keys.take("json_object") {
        Some(Value::Bool(true)) => found.push(Grammar::JsonObject),
        None | Some(Value::Bool(false)) => {}
        Some(_) => {
            return Err(refuse(format!("field `{path}.json_object` must be true or false")));
        }
    }
    keys.end()?;
    if found.len() > 1 {
        let message = format!("field `{path}` has {} constraints; allowed: one", found.len());
        return Err(ApiError::impossible("one_constraint", message));
    }
    Ok(found.pop())
}

/// A JSON schema, or the text of one.
fn schema(path: &str, value: &Value) -> Result<Grammar, ApiError> {
    let parsed = match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    };
    match parsed {
        Some(schema @ (Value::Object(_) | Value::Bool(_))) => Ok(Grammar::JsonSchema(schema)),
        _ => Err(refuse(format!("field `{path}` must be a JSON schema: an object, or its text"))),
    }
}

fn text(path: &str, value: &Value) -> Result<String, ApiError> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| refuse(format!("field `{path}` must be a text")))
}

fn texts(path: &str, value: &Value) -> Result<Vec<String>, ApiError> {
    let items = value.as_array();
    let items = items.ok_or_else(|| refuse(format!("field `{path}` must be an array of texts")))?;
    items.iter().enumerate().map(|(at, item)| text(&format!("{path}[{at}]"), item)).collect()
}

/// One of several texts, as a regular expression.
fn choice(path: &str, texts: &[String]) -> Result<Grammar, ApiError> {
    if texts.is_empty() || texts.len() > CHOICES_MAX {
        let found = texts.len();
        let message = format!("field `{path}` has {found} texts; allowed: 1 to {CHOICES_MAX}");
        return Err(refuse(message));
    }
    if let Some(at) = texts.iter().position(String::is_empty) {
        return Err(refuse(format!("field `{path}[{at}]` is empty")));
    }
    let escaped: Vec<String> = texts.iter().map(|text| literal(text)).collect();
    Ok(Grammar::Regex(format!("(?:{})", escaped.join("|"))))
}

/// A regular expression that matches this text only.
fn literal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if REGEX_MARKS.contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn taken(fields: Value) -> Result<Option<Grammar>, String> {
        let mut body: ConstraintsBody = crate::http::body::parse_for_tests(&fields);
        take(&mut body).map_err(|error| error.to_string())
    }

    fn grammar(fields: Value) -> Grammar {
        taken(fields.clone())
            .unwrap_or_else(|error| panic!("{fields}: {error}"))
            .expect("a grammar")
    }

    #[test]
    fn every_form_of_a_schema_is_the_same_constraint() {
        let schema = json!({ "type": "object", "properties": { "a": { "const": null } } });
        let text = schema.to_string();
        for fields in [
            json!({ "response_format": { "type": "json_schema",
                    "json_schema": { "name": "n", "strict": true, "schema": schema } } }),
            json!({ "response_format": { "type": "json_schema",
                    "json_schema": { "schema": text, "description": null } } }),
            json!({ "response_format": { "type": "json_schema", "json_schema": schema } }),
            json!({ "response_format": { "type": "json_schema", "schema": schema } }),
            json!({ "response_format": { "type": "json_object", "schema": schema } }),
            json!({ "response_format": { "type": "json", "value": schema } }),
            json!({ "json_schema": schema }),
            json!({ "guided_json": text }),
            json!({ "structured_outputs": { "json": schema, "regex": null } }),
            json!({ "structured_outputs": { "json": text, "disable_fallback": true } }),
        ] {
            assert_eq!(grammar(fields.clone()), Grammar::JsonSchema(schema.clone()), "{fields}");
        }
    }

    #[test]
    fn every_form_of_the_other_constraints_is_understood() {
        let yes_or_no = Grammar::Regex("(?:oui|non\\?)".to_owned());
        for (fields, expected) in [
            (json!({ "guided_choice": ["oui", "non?"] }), &yes_or_no),
            (json!({ "structured_outputs": { "choice": ["oui", "non?"] } }), &yes_or_no),
            (
                json!({ "response_format": { "type": "choice", "choice": ["oui", "non?"] } }),
                &yes_or_no,
            ),
            (
                json!({ "response_format": { "type": "regex", "value": "a+" } }),
                &Grammar::Regex("a+".to_owned()),
            ),
            (json!({ "guided_regex": "a+" }), &Grammar::Regex("a+".to_owned())),
            (json!({ "structured_outputs": { "regex": "a+" } }), &Grammar::Regex("a+".to_owned())),
            (
                json!({ "structured_outputs": { "grammar": "start: \"a\"" } }),
                &Grammar::Lark("start: \"a\"".to_owned()),
            ),
            (
                json!({ "response_format": { "type": "grammar", "grammar": "start: \"a\"" } }),
                &Grammar::Lark("start: \"a\"".to_owned()),
            ),
            (json!({ "guided_json_object": true }), &Grammar::JsonObject),
            (json!({ "structured_outputs": { "json_object": true } }), &Grammar::JsonObject),
            (json!({ "response_format": "json_object" }), &Grammar::JsonObject),
        ] {
            assert_eq!(grammar(fields.clone()), *expected, "{fields}");
        }
    }

    #[test]
    fn nothing_asked_is_free_text() {
        for fields in [
            json!({}),
            json!({ "response_format": { "type": "text" } }),
            json!({ "response_format": null, "guided_json_object": false, "guided_choice": null }),
            json!({ "structured_outputs": {} }),
        ] {
            assert_eq!(taken(fields.clone()), Ok(None), "{fields}");
        }
    }

    #[test]
    fn a_form_that_is_not_understood_is_refused_by_name() {
        for (fields, part) in [
            (json!({ "response_format": { "type": "xml" } }), "`response_format.type` is `xml`"),
            (
                json!({ "response_format": { "type": "structural_tag", "structures": [] } }),
                "`response_format.type` is `structural_tag`",
            ),
            (json!({ "response_format": {} }), "`response_format.type`"),
            (json!({ "response_format": [] }), "`response_format` must be an object"),
            (json!({ "response_format": "xml" }), "`response_format` is `xml`"),
            (
                json!({ "response_format": { "type": "text", "schema": {} } }),
                "`response_format.schema`",
            ),
            (
                json!({ "response_format": { "type": "json_schema" } }),
                "`response_format.json_schema` is required",
            ),
            (
                json!({ "response_format":
                        { "type": "json_schema", "json_schema": { "shema": {} } } }),
                "`response_format.json_schema.shema`",
            ),
            (
                json!({ "response_format": { "type": "json_schema",
                     "json_schema": { "schema": 5 } } }),
                "`response_format.json_schema.schema`",
            ),
            (json!({ "guided_json": "{" }), "`json_schema` must be a JSON schema"),
            (json!({ "guided_choice": [] }), "`guided_choice` has 0 texts"),
            (json!({ "guided_choice": ["a", ""] }), "`guided_choice[1]` is empty"),
            (
                json!({ "structured_outputs": { "structural_tag": "x" } }),
                "`structured_outputs.structural_tag`",
            ),
            (json!({ "structured_outputs": { "choice": "oui" } }), "`structured_outputs.choice`"),
            (
                json!({ "structured_outputs": { "disable_any_whitespace": true } }),
                "`structured_outputs.disable_any_whitespace`",
            ),
            (json!({ "structured_outputs": { "json": {}, "regex": "a" } }), "has 2 constraints"),
            (
                json!({ "guided_regex": "a", "guided_choice": ["b"] }),
                "`guided_choice` and `regex`: at most one",
            ),
        ] {
            let refused = taken(fields.clone()).expect_err("a refusal");
            assert!(refused.contains(part), "{fields}: {refused}");
        }
    }
}
