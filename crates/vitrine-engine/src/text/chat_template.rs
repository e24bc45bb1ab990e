//! A model's chat template: renders messages to markup.
//!
//! Templates are Jinja written for Python. The functions and settings of transformers are emulated
//! here. A template that does not compile or cannot render a conversation is refused at load time.
//!
//! Invariants
//! - Message contents pass through [`Tokenizer::guard`], so no message can forge a control token.
//! - Rendering terminates: the number of template instructions is limited.
//! - A system message is never lost: if the template raises an exception on it or drops it, it is
//!   prepended to the next user message.
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

/// Maximum template instructions per rendering. A long conversation through the longest published
/// template takes tens of thousands.
const FUEL: u64 = 5_000_000;

/// Maximum variables that a caller may pass to a template; published templates use a handful.
const SETTINGS_MAX: usize = 32;

/// Contents of the probe conversations. No template contains these words itself.
const PROBE: &str = "probe 7419";
const PROBE_SYSTEM: &str = "probe 3356";

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// `system`, `user` or `assistant`; templates may support more.
    pub role: String,
    /// Text of the message, unguarded.
    pub content: String,
}

impl ChatMessage {
    /// Creates a message.
    #[must_use]
    pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
        Self { role: role.into(), content: content.into() }
    }
}

/// A compiled chat template that has rendered the probe conversations.
#[derive(Debug)]
pub(crate) struct ChatTemplate {
    environment: Environment<'static>,
    system: SystemRole,
}

/// How system messages are passed to a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SystemRole {
    /// Unchanged: the template renders them.
    Rendered,
    /// Merged into the next user message: the template raises an exception or drops them.
    Merged,
}

impl ChatTemplate {
    /// Compiles the template in a GGUF file's metadata; `None` if there is none.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn from_metadata(
        metadata: &Metadata,
        tokenizer: &Tokenizer,
        clock: SharedClock,
    ) -> Result<Option<Self>, TextError> {
        metadata.text(KEY).map(|source| Self::new(source, tokenizer, clock)).transpose()
    }

    /// Compiles the template in a model's folder: `chat_template.jinja`, or the key `chat_template`
    /// in `chat_template.json` or `tokenizer_config.json`; `None` if there is none.
    ///
    /// # Errors
    /// As [`Self::new`], or if a file cannot be read or parsed.
    pub(crate) fn from_folder(
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
    /// If the template is not valid Jinja, raises an exception on an ordinary conversation, uses an
    /// unsupported function or filter, or leaves out the user's message.
    pub(crate) fn new(
        source: &str,
        tokenizer: &Tokenizer,
        clock: SharedClock,
    ) -> Result<Self, TextError> {
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

    /// Renders conversations that any template must support, and finds out how the template handles
    /// system messages.
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

    /// Token ids of a conversation, ending with the prompt for the assistant's next message.
    ///
    /// # Errors
    /// If the template raises an exception or uses an unsupported function, or encoding fails.
    pub(crate) fn encode(
        &self,
        tokenizer: &Tokenizer,
        messages: &[ChatMessage],
        settings: &TemplateSettings,
    ) -> Result<Vec<u32>, TextError> {
        let markup = self.render_with(tokenizer, messages, settings)?;
        tokenizer.encode_markup(&markup, Special::Add)
    }

    /// Markup of a conversation with default settings, for [`Tokenizer::encode_markup`].
    ///
    /// # Errors
    /// If the template raises an exception or uses an unsupported function.
    pub(crate) fn render(
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
        // The first definition wins, so settings cannot override our variables.
        template.render(context! { ..own, ..settings.guarded(tokenizer) }).map_err(template_error)
    }
}

/// Variables that a caller passes to a template, such as `enable_thinking`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TemplateSettings {
    values: Vec<(String, Value)>,
}

impl TemplateSettings {
    /// Sets `enable_thinking` to false, which turns off reasoning in templates that support it.
    #[must_use]
    pub fn without_thinking() -> Self {
        Self { values: vec![("enable_thinking".to_owned(), Value::from(false))] }
    }

    /// Converts a JSON object to settings.
    ///
    /// # Errors
    /// If there are more than 32 settings, or one is a list or an object; the error names it.
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

/// Converts a scalar JSON value; `None` for a list or an object.
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

/// Prepends system messages to the next user message, separated by blank lines. System messages
/// without a following user message become a user message.
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
