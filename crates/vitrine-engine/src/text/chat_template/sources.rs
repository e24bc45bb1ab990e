//! Finds the chat template in the files of a model's folder.

use crate::text::error::TextError;
use crate::text::tokenizer::json;
use serde_json::Value;
use std::path::Path;

/// Name of the conversation template in a list of named templates.
const DEFAULT: &str = "default";

/// The template's source, from the first file that has one; `None` if no file has one.
pub(super) fn find(folder: &Path) -> Result<Option<String>, TextError> {
    let path = folder.join("chat_template.jinja");
    match std::fs::read_to_string(&path) {
        Ok(text) => return Ok(Some(text)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
        Err(cause) => return Err(TextError::TemplateFile { path, cause }),
    }
    for file in ["chat_template.json", "tokenizer_config.json"] {
        let path = folder.join(file);
        let value = json::read_if_present(&path)?;
        match &value["chat_template"] {
            Value::Null => {}
            found => {
                let text = named(found).ok_or(TextError::TemplateForm { path })?;
                return Ok(Some(text.to_owned()));
            }
        }
    }
    Ok(None)
}

/// A string, or the template named `default` in a list of `{"name": …, "template": …}`.
fn named(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| {
        let mut several = value.as_array()?.iter();
        several.find(|entry| entry["name"] == DEFAULT)?["template"].as_str()
    })
}
