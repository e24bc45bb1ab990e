//! A model's chat template: messages in, markup out.
//!
//! Templates are Jinja written for Python; what transformers gives them is given here. A template
//! that does not compile, or cannot render a conversation, is refused when it is loaded.
//!
//! Invariants
//! - Message contents pass [`Tokenizer::guard`]: no message can forge a control token.
//! - Rendering ends: a template has a limited number of instructions.
//! - A system message is never lost: where a template refuses or drops it, the user's first message
//!   begins with it.
//!
//! Source: `apply_chat_template` of Hugging Face transformers (trimmed blocks, loop controls,
//! `raise_exception`, `strftime_now`, `tojson`, the `generation` tag).

mod functions;
mod sources;

use crate::text::error::TextError;
use crate::text::tokenizer::Special;
use crate::text::tokenizer::Tokenizer;
use minijinja::Environment;
use minijinja::Value;
use minijinja::context;
use minijinja::syntax::SyntaxConfig;
use minijinja_contrib::pycompat;
use std::borrow::Cow;
use std::path::Path;
use vitrine_base::clock::SharedClock;
use vitrine_base::metadata::Metadata;

const NAME: &str = "chat";
const KEY: &str = "tokenizer.chat_template";

/// Instructions of one rendering. A long conversation through the longest published template takes
/// some ten thousand.
const FUEL: u64 = 5_000_000;

/// Most variables that a caller may give to a template; published templates know a handful.
const SETTINGS_MAX: usize = 32;

/// What the probe conversations say; no template has these words of its own.
const PROBE: &str = "probe 7419";
const PROBE_SYSTEM: &str = "probe 3356";

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
    system: SystemRole,
}

/// What a template does with a system message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SystemRole {
    /// Renders it.
    Rendered,
    /// Raises an exception or leaves it out; it goes before the user's first message.
    Merged,
}

impl ChatTemplate {
    /// The template in a model's metadata; `None` if it has none.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn from_metadata(
        metadata: &Metadata,
        tokenizer: &Tokenizer,
        clock: SharedClock,
    ) -> Result<Option<Self>, TextError> {
        metadata.text(KEY).map(|source| Self::new(source, tokenizer, clock)).transpose()
    }

    /// The template in a model's folder: `chat_template.jinja`, or `chat_template` in
    /// `chat_template.json` or `tokenizer_config.json`; `None` if it has none.
    ///
    /// # Errors
    /// As [`Self::new`], or if a file cannot be read or holds something else.
    pub fn from_folder(
        folder: &Path,
        tokenizer: &Tokenizer,
        clock: SharedClock,
    ) -> Result<Option<Self>, TextError> {
        let source = sources::find(folder)?;
        source.map(|source| Self::new(&source, tokenizer, clock)).transpose()
    }

    /// Compiles a template and renders probe conversations with it.
    ///
    /// # Errors
    /// If it is not valid Jinja, raises an exception on an ordinary conversation, uses what is not
    /// provided, or leaves out what the user says.
    pub fn new(source: &str, tokenizer: &Tokenizer, clock: SharedClock) -> Result<Self, TextError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(template_error)?);
        environment.set_unknown_method_callback(pycompat::unknown_method_callback);
        environment.set_fuel(Some(FUEL));
        functions::add(&mut environment, clock);
        environment
            .add_template_owned(NAME, functions::without_generation_tags(source))
            .map_err(template_error)?;
        let mut template = Self { environment, system: SystemRole::Rendered };
        template.probe(tokenizer)?;
        Ok(template)
    }

    /// Renders what any model must be able to hear, and finds out about system messages.
    fn probe(&mut self, tokenizer: &Tokenizer) -> Result<(), TextError> {
        let user = ChatMessage::new("user", PROBE);
        let assistant = ChatMessage::new("assistant", "a");
        for messages in [vec![user.clone()], vec![user.clone(), assistant, user.clone()]] {
            let text = self.render(tokenizer, &messages)?;
            if !text.contains(PROBE) {
                return Err(TextError::TemplateDrops { found: text.chars().take(80).collect() });
            }
        }
        let system = ChatMessage::new("system", PROBE_SYSTEM);
        let rendered = self.render(tokenizer, &[system, user]);
        if !rendered.is_ok_and(|text| text.contains(PROBE_SYSTEM) && text.contains(PROBE)) {
            self.system = SystemRole::Merged;
        }
        Ok(())
    }

    /// Token ids of a conversation, up to where the assistant speaks next.
    ///
    /// # Errors
    /// If the template raises an exception or uses what is not provided, or encoding fails.
    pub fn encode(
        &self,
        tokenizer: &Tokenizer,
        messages: &[ChatMessage],
        settings: &TemplateSettings,
    ) -> Result<Vec<u32>, TextError> {
        let markup = self.render_with(tokenizer, messages, settings)?;
        tokenizer.encode_markup(&markup, Special::Add)
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
        self.render_with(tokenizer, messages, &TemplateSettings::default())
    }

    fn render_with(
        &self,
        tokenizer: &Tokenizer,
        messages: &[ChatMessage],
        settings: &TemplateSettings,
    ) -> Result<String, TextError> {
        let messages = match self.system {
            SystemRole::Rendered => Cow::Borrowed(messages),
            SystemRole::Merged => Cow::Owned(merge_system(messages)),
        };
        let messages: Vec<Value> = messages
            .iter()
            .map(|message| {
                let role = tokenizer.guard(&message.role).into_owned();
                let content = tokenizer.guard(&message.content).into_owned();
                context! { role, content }
            })
            .collect();
        let own = context! {
            messages,
            bos_token => tokenizer.begin_text(),
            eos_token => tokenizer.end_text(),
            tools => Value::from(()),
            documents => Value::from(()),
            add_generation_prompt => true,
        };
        let template = self.environment.get_template(NAME).map_err(template_error)?;
        // What comes first wins: settings replace nothing of ours.
        template.render(context! { ..own, ..settings.guarded(tokenizer) }).map_err(template_error)
    }
}

/// Variables that a caller gives to a template, such as `enable_thinking`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TemplateSettings {
    values: Vec<(String, Value)>,
}

impl TemplateSettings {
    /// Reasoning aloud switched off, where a template has a switch for it.
    #[must_use]
    pub fn without_thinking() -> Self {
        Self { values: vec![("enable_thinking".to_owned(), Value::from(false))] }
    }

    /// Settings out of a JSON object.
    ///
    /// # Errors
    /// If there are more than 32, or one is neither a text, a number nor a truth value; names it.
    pub fn from_json(
        settings: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Self, TextError> {
        let found = settings.len();
        if found > SETTINGS_MAX {
            return Err(TextError::TemplateSettings { found, max: SETTINGS_MAX });
        }
        let values = settings
            .iter()
            .map(|(name, value)| match plain_value(value) {
                Some(value) => Ok((name.clone(), value)),
                None => Err(TextError::TemplateSetting { name: name.chars().take(80).collect() }),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { values })
    }

    fn guarded(&self, tokenizer: &Tokenizer) -> Value {
        let guarded = self.values.iter().map(|(name, value)| match value.as_str() {
            Some(text) => (name.clone(), Value::from(tokenizer.guard(text).into_owned())),
            None => (name.clone(), value.clone()),
        });
        Value::from_pairs(guarded)
    }
}

/// A JSON value that is neither a list nor an object.
fn plain_value(value: &serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::Null => Some(Value::from(())),
        serde_json::Value::Bool(flag) => Some(Value::from(*flag)),
        serde_json::Value::String(text) => Some(Value::from(text.as_str())),
        serde_json::Value::Number(number) => {
            number.as_i64().map(Value::from).or_else(|| number.as_f64().map(Value::from))
        }
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    }
}

fn template_error(cause: minijinja::Error) -> TextError {
    TextError::Template(Box::new(cause))
}

/// System messages before the next message of the user, a blank line between; one that no message
/// follows becomes the user's own.
fn merge_system(messages: &[ChatMessage]) -> Vec<ChatMessage> {
    let mut merged = Vec::with_capacity(messages.len());
    let mut waiting: Vec<&str> = Vec::new();
    for message in messages {
        match message.role.as_str() {
            "system" => waiting.push(&message.content),
            "user" => {
                waiting.push(&message.content);
                merged.push(ChatMessage::new("user", waiting.join("\n\n")));
                waiting.clear();
            }
            _ => merged.push(message.clone()),
        }
    }
    if !waiting.is_empty() {
        merged.push(ChatMessage::new("user", waiting.join("\n\n")));
    }
    merged
}

#[cfg(test)]
mod tests;
