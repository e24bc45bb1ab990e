//! Why a tokenizer or template was refused, or a text could not be encoded.

use std::path::PathBuf;

/// Any failure of the tokenizer library.
type LibraryError = Box<dyn std::error::Error + Send + Sync>;

/// Why a tokenizer or template was refused, or a text could not be encoded.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// A `tokenizer.json` could not be read or understood.
    #[error("cannot load the tokenizer {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the tokenizer library said.
        #[source]
        cause: LibraryError,
    },
    /// The metadata lacks a key or holds another type under it.
    #[error("metadata key `{key}` is missing or is not {expected}")]
    Key {
        /// The key.
        key: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A kind of tokenizer that is not implemented.
    #[error("{what} is `{found}`, supported: {supported}")]
    Unsupported {
        /// The property.
        what: &'static str,
        /// Its value in the file.
        found: String,
        /// The values that work.
        supported: &'static str,
    },
    /// A way of parting texts before merging that is not implemented: guessing another one would
    /// give wrong ids without a word.
    #[error("pre-tokenizer (`tokenizer.ggml.pre`) is `{found}`, known: {}", known.join(", "))]
    PreTokenizer {
        /// Its name in the file.
        found: String,
        /// The names that work.
        known: Vec<&'static str>,
    },
    /// Lists that must be equally long are not.
    #[error("`{key}` has {found} items, the vocabulary has {tokens}")]
    ListLength {
        /// The list's key.
        key: &'static str,
        /// Its length.
        found: usize,
        /// The vocabulary's length.
        tokens: usize,
    },
    /// A token id in the metadata is outside the vocabulary.
    #[error("`{key}` is {found}, the vocabulary has {tokens} tokens")]
    TokenId {
        /// The key.
        key: &'static str,
        /// The id.
        found: u64,
        /// The vocabulary's length.
        tokens: usize,
    },
    /// A merge is not two pieces with a space between them.
    #[error("merge {index} is not two pieces parted by a space")]
    Merge {
        /// Its place in the list.
        index: usize,
    },
    /// The tokenizer library refused vocabulary, merges or pattern.
    #[error("the vocabulary is inconsistent")]
    Vocabulary(#[source] LibraryError),
    /// The tokenizer library failed on a text.
    #[error("cannot encode a text of {bytes} bytes")]
    Encode {
        /// Length of the text.
        bytes: usize,
        /// What the tokenizer library said.
        #[source]
        cause: LibraryError,
    },
    /// A chat template does not compile or does not render.
    #[error("chat template fails")]
    Template(#[source] Box<minijinja::Error>),
    /// A chat template renders, but not what was said.
    #[error("chat template leaves out the user's message: it rendered {found:?}")]
    TemplateDrops {
        /// The beginning of what it rendered.
        found: String,
    },
    /// A variable for a chat template that is a list or an object.
    #[error("template setting `{name}` is a list or an object; allowed: text, number, true, false")]
    TemplateSetting {
        /// Its name.
        name: String,
    },
    /// Too many variables for a chat template.
    #[error("{found} template settings are given, limit is {max}")]
    TemplateSettings {
        /// How many.
        found: usize,
        /// How many are allowed.
        max: usize,
    },
    /// A chat template in a JSON file is neither a text nor a list of named texts.
    #[error("`chat_template` in {} is neither a text nor a list with one named `default`",
        path.display())]
    TemplateForm {
        /// The file.
        path: PathBuf,
    },
    /// A template file that cannot be read.
    #[error("cannot read the chat template {}", path.display())]
    TemplateFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
}
