//! A model's chat template: messages in, markup out.
//!
//! Templates are Jinja written for Python; the methods of strings and dictionaries that published
//! templates call are provided. A template that does not compile is refused when it is loaded.
//!
//! Invariants
//! - Message contents pass [`Tokenizer::guard`]: no message can forge a control token.
//!
//! Source: `apply_chat_template` of Hugging Face transformers (trimmed blocks, loop controls,
//! `raise_exception`, `tojson`).

use crate::base::metadata::Metadata;
use crate::text::error::TextError;
use crate::text::tokenizer::Special;
use crate::text::tokenizer::Tokenizer;
use minijinja::Environment;
use minijinja::Error;
use minijinja::ErrorKind;
use minijinja::State;
use minijinja::Value;
use minijinja::context;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::value::from_args;

const NAME: &str = "chat";
const KEY: &str = "tokenizer.chat_template";

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What was said.
    pub content: String,
}

impl ChatMessage {
    /// A message of `role`.
    #[must_use]
    pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
        Self { role: role.into(), content: content.into() }
    }
}

/// A compiled chat template.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
}

impl ChatTemplate {
    /// The template in a model's metadata; `None` if it has none.
    ///
    /// # Errors
    /// If the template does not compile.
    pub fn from_metadata(metadata: &Metadata) -> Result<Option<Self>, TextError> {
        metadata.text(KEY).map(Self::new).transpose()
    }

    /// Compiles a template.
    ///
    /// # Errors
    /// If it is not valid Jinja.
    pub fn new(source: &str) -> Result<Self, TextError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|cause| TextError::Template(Box::new(cause)))?);
        environment.set_unknown_method_callback(python_method);
        environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        environment
            .add_template_owned(NAME, source.to_owned())
            .map_err(|cause| TextError::Template(Box::new(cause)))?;
        Ok(Self { environment })
    }

    /// Token ids of a conversation, up to where the assistant speaks next.
    ///
    /// # Errors
    /// If the template raises an exception or uses what is not provided, or encoding fails.
    pub fn encode(
        &self,
        tokenizer: &Tokenizer,
        messages: &[ChatMessage],
    ) -> Result<Vec<u32>, TextError> {
        tokenizer.encode_markup(&self.render(tokenizer, messages)?, Special::Add)
    }

    /// The markup of a conversation, for [`Tokenizer::encode_markup`].
    ///
    /// # Errors
    /// If the template raises an exception or uses what is not provided.
    pub fn render(
        &self,
        tokenizer: &Tokenizer,
        messages: &[ChatMessage],
    ) -> Result<String, TextError> {
        let fail = |cause| TextError::Template(Box::new(cause));
        let messages: Vec<Value> = messages
            .iter()
            .map(|message| {
                let role = tokenizer.guard(&message.role).into_owned();
                let content = tokenizer.guard(&message.content).into_owned();
                context! { role, content }
            })
            .collect();
        let template = self.environment.get_template(NAME).map_err(fail)?;
        template
            .render(context! {
                messages,
                bos_token => tokenizer.begin_text(),
                eos_token => tokenizer.end_text(),
                add_generation_prompt => true,
            })
            .map_err(fail)
    }
}

/// Methods of Python strings and dictionaries that templates call.
fn python_method(
    _state: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        return string_method(text, method, args);
    }
    if value.kind() == ValueKind::Map {
        return map_method(value, method, args);
    }
    Err(Error::from(ErrorKind::UnknownMethod))
}

fn string_method(text: &str, method: &str, args: &[Value]) -> Result<Value, Error> {
    let stripped = |chars: Option<&str>, start: bool, end: bool| {
        let strips = |c: char| chars.map_or(c.is_whitespace(), |chars| chars.contains(c));
        let text = if start { text.trim_start_matches(strips) } else { text };
        Value::from(if end { text.trim_end_matches(strips) } else { text })
    };
    match method {
        "strip" | "lstrip" | "rstrip" => {
            let (chars,): (Option<&str>,) = from_args(args)?;
            Ok(stripped(chars, method != "rstrip", method != "lstrip"))
        }
        "upper" => Ok(Value::from(text.to_uppercase())),
        "lower" => Ok(Value::from(text.to_lowercase())),
        "title" | "capitalize" => {
            let mut letters = text.chars();
            let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            Ok(Value::from(first + &letters.as_str().to_lowercase()))
        }
        "startswith" => {
            let (prefix,): (&str,) = from_args(args)?;
            Ok(Value::from(text.starts_with(prefix)))
        }
        "endswith" => {
            let (suffix,): (&str,) = from_args(args)?;
            Ok(Value::from(text.ends_with(suffix)))
        }
        "replace" => {
            let (old, new): (&str, &str) = from_args(args)?;
            Ok(Value::from(text.replace(old, new)))
        }
        "split" => {
            let (separator, limit): (Option<&str>, Option<i64>) = from_args(args)?;
            Ok(Value::from(split(text, separator, limit)))
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

/// Python's `str.split`: without a separator at runs of whitespace; `limit` cuts at most, if not
/// negative.
fn split(text: &str, separator: Option<&str>, limit: Option<i64>) -> Vec<Value> {
    let pieces = limit.and_then(|limit| usize::try_from(limit).ok()).map(|cuts| cuts + 1);
    match (separator.filter(|separator| !separator.is_empty()), pieces) {
        (Some(separator), Some(pieces)) => {
            text.splitn(pieces, separator).map(Value::from).collect()
        }
        (Some(separator), None) => text.split(separator).map(Value::from).collect(),
        (None, _) => text.split_whitespace().map(Value::from).collect(),
    }
}

fn map_method(map: &Value, method: &str, args: &[Value]) -> Result<Value, Error> {
    let keys = || map.try_iter().map(Iterator::collect::<Vec<Value>>);
    match method {
        "get" => {
            let (key, default): (Value, Option<Value>) = from_args(args)?;
            let found = map.get_item(&key)?;
            Ok(if found.is_undefined() { default.unwrap_or(Value::from(())) } else { found })
        }
        "keys" => Ok(Value::from(keys()?)),
        "values" => {
            let values: Result<Vec<Value>, Error> =
                keys()?.iter().map(|key| map.get_item(key)).collect();
            Ok(Value::from(values?))
        }
        "items" => {
            let items: Result<Vec<Value>, Error> = keys()?
                .into_iter()
                .map(|key| Ok(Value::from(vec![key.clone(), map.get_item(&key)?])))
                .collect();
            Ok(Value::from(items?))
        }
        _ => Err(Error::from(ErrorKind::UnknownMethod)),
    }
}

#[cfg(test)]
mod tests;
