//! A model's chat template: renders messages to markup.
//!
//! Templates are Jinja written for Python. The functions and settings of transformers are emulated
//! here. A template that does not compile or cannot render an ordinary conversation is refused;
//! its model then serves everything but chat.
//!
//! Invariants
//! - Message contents pass through [`Tokenizer::guard`], so no message can forge a control token.
//! - Rendering terminates: template instructions and the length of the text are limited.
//! - No message is lost. System messages that the template refuses or leaves out are put before the
//!   next user message. Any other message that it leaves out is an error that names the message.
//!
//! Source: `apply_chat_template` of Hugging Face transformers (trimmed blocks, loop controls,
//! `raise_exception`, `strftime_now`, `tojson`, the `generation` tag). As in llama.cpp and vLLM,
//! contents are passed as lists of parts to templates that take nothing else.

mod functions;
mod json;
mod messages;
mod sources;

pub use messages::ChatMessage;

use crate::text::error::TextError;
use crate::text::tokenizer::Special;
use crate::text::tokenizer::Tokenizer;
use messages::SystemMessages;
use messages::TemplateMessage;
use minijinja::Environment;
use minijinja::Value;
use minijinja::context;
use minijinja::syntax::SyntaxConfig;
use minijinja_contrib::pycompat;
use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use vitrine_base::clock::SharedClock;
use vitrine_base::metadata::Metadata;
use vitrine_base::metadata::MetadataValue;

const NAME: &str = "chat";
const KEY: &str = "tokenizer.chat_template";

/// Maximum template instructions per rendering. A long conversation through the longest published
/// template takes tens of thousands.
const FUEL: u64 = 5_000_000;

/// Most bytes of a rendered conversation beyond its contents; a template adds some bytes to each
/// message and a few kilobytes to the whole.
const TEXT_BYTES_MAX: usize = 4 << 20;

/// Maximum variables that a caller may pass to a template; published templates use a handful.
const SETTINGS_MAX: usize = 32;

/// Most kinds of conversations that are remembered to be rendered whole; when there are more, all
/// are forgotten.
const CHECKED_MAX: usize = 1_024;

/// Most bytes of roles and settings for which a conversation is remembered; one with more is
/// rendered twice each time.
const CHECKED_BYTES_MAX: usize = 1_024;

/// Contents of the probe conversations. No template contains these words itself.
const PROBE: &str = "probe 7419";
const PROBE_SYSTEM: &str = "probe 3356";

/// A compiled chat template that has rendered the probe conversations.
#[derive(Debug)]
pub(crate) struct ChatTemplate {
    environment: Environment<'static>,
    system: SystemMessages,
    contents: Contents,
    /// First letters of the roles, and settings, of conversations that were rendered with every
    /// message.
    checked: Mutex<HashSet<String>>,
}

/// How message contents are passed to a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contents {
    /// As texts.
    Texts,
    /// As lists of one part: `[{"type": "text", "text": …}]`.
    Parts,
}

impl ChatTemplate {
    /// Compiles the template in a GGUF file's metadata; `None` if there is none.
    pub(crate) fn from_metadata(
        metadata: &Metadata,
        tokenizer: &Tokenizer,
        clock: SharedClock,
    ) -> Option<Result<Self, TextError>> {
        match metadata.get(KEY)? {
            MetadataValue::Text(source) => Some(Self::new(source, tokenizer, clock)),
            _ => Some(Err(TextError::Key { key: KEY, expected: "a text" })),
        }
    }

    /// Compiles the template in a model's folder: `chat_template.jinja`, or the key `chat_template`
    /// in `chat_template.json` or `tokenizer_config.json`; `None` if there is none. A file that
    /// cannot be read or parsed is a template that is refused.
    pub(crate) fn from_folder(
        folder: &Path,
        tokenizer: &Tokenizer,
        clock: SharedClock,
    ) -> Option<Result<Self, TextError>> {
        let source = sources::find(folder).transpose()?;
        Some(source.and_then(|source| Self::new(&source, tokenizer, clock)))
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
        let mut template = Self {
            environment,
            system: SystemMessages::InPlace,
            contents: Contents::Texts,
            checked: Mutex::default(),
        };
        template.probe(tokenizer)?;
        Ok(template)
    }

    /// Renders conversations that any template must support, and finds out how the template takes
    /// contents and system messages.
    fn probe(&mut self, tokenizer: &Tokenizer) -> Result<(), TextError> {
        if let Err(error) = self.probe_turns(tokenizer) {
            self.contents = Contents::Parts;
            // The error for plain texts says more about the template.
            self.probe_turns(tokenizer).map_err(|_| error)?;
        }
        let instructed = [probe_message("system", PROBE_SYSTEM), probe_message("user", PROBE)];
        let rendered = self.render_plain(tokenizer, &instructed, &TemplateSettings::default());
        if !rendered.is_ok_and(|text| text.contains(PROBE_SYSTEM) && text.contains(PROBE)) {
            self.system = SystemMessages::InUserMessages;
        }
        Ok(())
    }

    fn probe_turns(&self, tokenizer: &Tokenizer) -> Result<(), TextError> {
        let user = || probe_message("user", PROBE);
        for messages in [vec![user()], vec![user(), probe_message("assistant", "a"), user()]] {
            let text = self.render_plain(tokenizer, &messages, &TemplateSettings::default())?;
            if !text.contains(PROBE) {
                return Err(TextError::TemplateDrops { found: text.chars().take(80).collect() });
            }
        }
        Ok(())
    }

    /// Token ids of a conversation, ending with the prompt for the assistant's next message.
    ///
    /// # Errors
    /// If a role is unknown; if the template raises an exception, uses an unsupported function or
    /// leaves out a message; or if encoding fails.
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
    /// As [`Self::encode`].
    #[cfg(test)]
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
        let render = |system| {
            let arranged = messages::arrange(messages, system)?;
            self.render_whole(tokenizer, &arranged, settings)
        };
        match render(self.system) {
            Err(error)
                if self.system == SystemMessages::InPlace
                    && messages::has_late_system_message(messages) =>
            {
                render(SystemMessages::FirstOnly).map_err(|_| error)
            }
            rendered => rendered,
        }
    }

    /// Markup in which no message is missing.
    fn render_whole(
        &self,
        tokenizer: &Tokenizer,
        messages: &[TemplateMessage],
        settings: &TemplateSettings,
    ) -> Result<String, TextError> {
        let text = self.render_plain(tokenizer, messages, settings)?;
        // What is left out depends on roles, and perhaps on settings.
        let roles: String = messages.iter().map(|message| &message.role[..1]).collect();
        let key = format!("{roles} {:?}", settings.values);
        let checked = || self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked().contains(&key) {
            return Ok(text);
        }
        if let Some(left_out) = self.left_out(tokenizer, messages, settings, &text) {
            let TemplateMessage { role, index, .. } = left_out;
            return Err(TextError::MessageLeftOut { index: *index, role: (*role).to_owned() });
        }
        if key.len() <= CHECKED_BYTES_MAX {
            let mut checked = checked();
            if checked.len() >= CHECKED_MAX {
                checked.clear();
            }
            checked.insert(key);
        }
        Ok(text)
    }

    /// The first message that the template leaves out. The conversation is rendered once more with
    /// numbers as contents, which occur nowhere else and which no template changes.
    fn left_out<'m>(
        &self,
        tokenizer: &Tokenizer,
        messages: &'m [TemplateMessage],
        settings: &TemplateSettings,
        text: &str,
    ) -> Option<&'m TemplateMessage> {
        let number = |at: usize| format!("7419{at:08}3356");
        let numbered: Vec<TemplateMessage> = (0..)
            .zip(messages)
            .map(|(at, message)| TemplateMessage { content: number(at), ..message.clone() })
            .collect();
        match self.render_plain(tokenizer, &numbered, settings) {
            Ok(marked) => {
                let mut numbers = (0..).zip(messages);
                numbers.find(|(at, _)| !marked.contains(&number(*at))).map(|(_, message)| message)
            }
            // The template takes some contents only: then these must be in the text.
            Err(_) => messages.iter().find(|message| {
                let content = tokenizer.guard(message.content.trim());
                !text.contains(&*content)
            }),
        }
    }

    fn render_plain(
        &self,
        tokenizer: &Tokenizer,
        messages: &[TemplateMessage],
        settings: &TemplateSettings,
    ) -> Result<String, TextError> {
        let content_bytes: usize = messages.iter().map(|message| message.content.len()).sum();
        let messages: Vec<Value> = messages
            .iter()
            .map(|message| {
                let content = tokenizer.guard(&message.content).into_owned();
                let content = match self.contents {
                    Contents::Texts => Value::from(content),
                    Contents::Parts => {
                        Value::from(vec![context! { type => "text", text => content }])
                    }
                };
                context! { role => message.role, content }
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
        // A template may repeat the contents, as in a list of earlier turns.
        let bytes_max = TEXT_BYTES_MAX.saturating_add(content_bytes.saturating_mul(4));
        let mut text = LimitedText { bytes: Vec::new(), bytes_max, is_full: false };
        // The first definition wins, so settings cannot override our variables.
        let variables = context! { ..own, ..settings.guarded(tokenizer) };
        let rendered = template.render_captured_to(variables, &mut text).map(drop);
        if text.is_full {
            return Err(TextError::TemplateOutput { bytes_max });
        }
        rendered.map_err(template_error)?;
        // Templates write whole strings.
        Ok(String::from_utf8_lossy(&text.bytes).into_owned())
    }
}

/// The text of a conversation for a model without a chat template: the messages as paragraphs.
///
/// # Errors
/// If a role is unknown.
pub(crate) fn paragraphs(messages: &[ChatMessage]) -> Result<String, TextError> {
    let arranged = messages::arrange(messages, SystemMessages::InPlace)?;
    let contents: Vec<String> = arranged.into_iter().map(|message| message.content).collect();
    Ok(contents.join("\n\n"))
}

fn probe_message(role: &'static str, content: &str) -> TemplateMessage {
    TemplateMessage { role, content: content.to_owned(), index: 0 }
}

/// Takes what a template writes, up to a limit.
struct LimitedText {
    bytes: Vec<u8>,
    bytes_max: usize,
    is_full: bool,
}

impl io::Write for LimitedText {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.bytes_max {
            self.is_full = true;
            return Err(io::Error::other("the text is too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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

#[cfg(test)]
mod tests;
