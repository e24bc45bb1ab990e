//! Errors of loading tokenizers and chat templates, and of encoding and rendering.

use crate::text::template_words::template_words;
use std::path::PathBuf;
use std::sync::Arc;

/// Error of the `tokenizers` library or of a file read for it.
type LibraryError = Box<dyn std::error::Error + Send + Sync>;

/// Why a tokenizer or template was refused, or a text could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// A JSON file of the tokenizer could not be read or parsed.
    #[error("cannot load the tokenizer file {}", path.display())]
    File {
        /// Path of the JSON file.
        path: PathBuf,
        /// Error of the file system, the JSON parser or the tokenizer library.
        #[source]
        cause: LibraryError,
    },
    /// A metadata key is missing or has the wrong type.
    #[error("metadata key `{key}` is missing or is not {expected}")]
    Key {
        /// Name of the key.
        key: &'static str,
        /// Expected type, in words.
        expected: &'static str,
    },
    /// The kind of tokenizer is not implemented.
    #[error("{what} is `{found}`, supported: {supported}")]
    Unsupported {
        /// Name of the property.
        what: &'static str,
        /// Value in the file.
        found: String,
        /// Supported values, joined by commas.
        supported: &'static str,
    },
    /// The pre-tokenizer is not implemented. Falling back to another one would silently produce
    /// wrong ids.
    #[error("pre-tokenizer (`tokenizer.ggml.pre`) is `{found}`, supported: {}", known.join(", "))]
    PreTokenizer {
        /// Name in the file.
        found: String,
        /// Supported names.
        known: Vec<&'static str>,
    },
    /// A per-token list does not have the length of the vocabulary.
    #[error("`{key}` has {found} items, the vocabulary has {tokens} tokens")]
    ListLength {
        /// Metadata key of the list.
        key: &'static str,
        /// Length of the list.
        found: usize,
        /// Number of tokens in the vocabulary.
        tokens: usize,
    },
    /// A BPE merge is not two pieces separated by a space.
    #[error("merge {index} is not two pieces separated by a space")]
    Merge {
        /// Index in the list of merges, from 0.
        index: usize,
    },
    /// The tokenizer library rejected the vocabulary, the merges or a pattern.
    #[error("the tokenizer's vocabulary, merges or patterns are invalid")]
    Vocabulary(#[source] LibraryError),
    /// The tokenizer library failed on a text.
    #[error("cannot encode a text of {bytes} bytes")]
    Encode {
        /// Length of the text, in bytes.
        bytes: usize,
        /// Error of the tokenizer library.
        #[source]
        cause: LibraryError,
    },
    /// A chat template does not compile, does not render, or refuses the messages.
    #[error("{}", template_words(.0))]
    Template(Box<minijinja::Error>),
    /// The model's chat template was refused when the model was loaded, so it cannot chat.
    #[error("the model cannot chat: {0}")]
    TemplateUnusable(Arc<TextError>),
    /// A chat template renders a conversation without one of its messages.
    #[error("messages[{index}] (role `{role}`) is left out by the model's chat template")]
    MessageLeftOut {
        /// Index of the message, from 0.
        index: usize,
        /// Its role.
        role: String,
    },
    /// A message has an unknown role.
    #[error("messages[{index}].role is `{role}`, allowed are {allowed}")]
    Role {
        /// Index of the message, from 0.
        index: usize,
        /// The role, possibly cut.
        role: String,
        /// The known roles, joined by commas.
        allowed: String,
    },
    /// The rendered conversation is too long.
    #[error("the chat template renders more than {bytes_max} bytes")]
    TemplateOutput {
        /// Most bytes allowed.
        bytes_max: usize,
    },
    /// A chat template renders, but without the user's message.
    #[error("chat template leaves out the user's message: it rendered {found:?}")]
    TemplateDrops {
        /// First characters of the rendered text.
        found: String,
    },
    /// A template setting is a list or an object.
    #[error("template setting `{name}` is a list or an object; allowed: text, number, true, false")]
    TemplateSetting {
        /// Name of the setting.
        name: String,
    },
    /// Too many template settings.
    #[error("{found} template settings are given, limit is {max}")]
    TemplateSettings {
        /// Number of settings given.
        found: usize,
        /// Maximum number of settings.
        max: usize,
    },
    /// `chat_template` in a JSON file is neither a string nor a list of named templates.
    #[error("`chat_template` in {} is neither a string nor a list with a template named `default`",
        path.display())]
    TemplateForm {
        /// Path of the JSON file.
        path: PathBuf,
    },
    /// A template file could not be read.
    #[error("cannot read the chat template {}", path.display())]
    TemplateFile {
        /// Path of the template file.
        path: PathBuf,
        /// Error of the file system.
        #[source]
        cause: std::io::Error,
    },
}
