//! Why a tokenizer or template was refused, or a text could not be encoded.

use std::path::PathBuf;

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
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The tokenizer library failed on a text.
    #[error("cannot encode a text of {bytes} bytes")]
    Encode {
        /// Length of the text.
        bytes: usize,
        /// What the tokenizer library said.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}
