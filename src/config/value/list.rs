//! Lists. Earlier versions expected texts with items separated by commas.

use crate::config::error::ConfigError;
use crate::config::value::setting::Form;
use crate::config::value::setting::KeyContext;
use crate::config::value::setting::Refused;
use crate::config::value::setting::Setting;
use crate::config::value::setting::old_text;
use crate::config::value::setting::toml_or_text;
use toml::Value;

/// An array. An empty environment variable is an empty array.
impl<T: Setting> Setting for Vec<T> {
    fn allowed() -> String {
        format!("an array, each item {}", T::allowed())
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let items = value.as_array().ok_or_else(|| Refused::of::<Self>(value))?.iter().enumerate();
        items
            .map(|(index, item)| T::read(item).map_err(|refused| refused.below(&at(index))))
            .collect()
    }

    fn from_text(text: &str) -> Option<Value> {
        if text.is_empty() {
            return Some(Value::Array(Vec::new()));
        }
        Some(toml_or_text(text))
    }

    fn form(value: &Value, _context: &KeyContext<'_>) -> Result<Form, ConfigError> {
        let Some(text) = old_text(value) else { return Ok(Form::Current) };
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        Ok(Form::Old(Value::Array(items.map(|item| Value::String(item.to_owned())).collect())))
    }
}

fn at(index: usize) -> String {
    format!("[{index}]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use vitrine_base::channel::ChannelKind;

    const PLACE: KeyContext<'static> = KeyContext { key: "section.key", location: "file" };

    #[test]
    fn a_text_with_commas_is_the_old_form_of_an_array() {
        let text = Value::String(" a, b ,,c".to_owned());
        let Ok(Form::Old(array)) = Vec::<String>::form(&text, &PLACE) else { panic!("not old") };
        assert_eq!(Vec::<String>::read(&array).unwrap(), ["a", "b", "c"]);
        assert_eq!(Vec::<String>::from_text(r#"["a", "b", "c"]"#), Some(array));
    }

    #[test]
    fn a_refused_item_is_named_by_its_index() {
        let value = Vec::<ChannelKind>::from_text(r#"["sms", "fax"]"#).unwrap();
        let refused = Vec::<ChannelKind>::read(&value).unwrap_err();
        assert_eq!((refused.path.as_str(), refused.found.as_str()), ("[1]", "fax"));
        assert!(refused.allowed.contains("whatsapp"), "{}", refused.allowed);
    }

    #[test]
    fn a_broken_array_is_refused_instead_of_read_in_the_old_form() {
        let value = Vec::<String>::from_text(r#"["a", "b""#).unwrap();
        assert!(matches!(Vec::<String>::form(&value, &PLACE), Ok(Form::Current)));
        assert_eq!(Vec::<String>::read(&value).unwrap_err().found, r#"["a", "b""#);
    }
}
