//! Why a model file was refused or a forward pass failed.

use std::path::PathBuf;

/// Why a model file was refused or a forward pass failed.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// A JSON file beside the weights is malformed.
    #[error("{} is not the JSON that was expected", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        cause: serde_json::Error,
    },
    /// The weights lack a tensor.
    #[error("tensor `{name}` is missing")]
    TensorMissing {
        /// Its name.
        name: String,
    },
    /// A tensor's shape disagrees with the description.
    #[error("tensor `{name}` has shape {found:?}, expected {expected:?}")]
    TensorShape {
        /// Its name.
        name: String,
        /// Dimensions in the file, outermost first.
        found: Vec<usize>,
        /// Dimensions that the description asks for.
        expected: Vec<usize>,
    },
    /// The description asks for something that is not implemented.
    #[error("{what} is `{found}`, supported: {supported}")]
    Unsupported {
        /// The property.
        what: &'static str,
        /// Its value in the file.
        found: String,
        /// The values that work.
        supported: &'static str,
    },
    /// A number in the description is out of its range.
    #[error("{what} is {found}, allowed are {min} to {max}")]
    OutOfRange {
        /// The property.
        what: &'static str,
        /// Its value.
        found: u64,
        /// Smallest allowed.
        min: u64,
        /// Largest allowed.
        max: u64,
    },
    /// A sequence is longer than the model has positions.
    #[error("sequence {index} has {tokens} tokens, allowed are 1 to {tokens_max}")]
    SequenceLength {
        /// Its place in the batch.
        index: usize,
        /// Its length.
        tokens: usize,
        /// The model's limit.
        tokens_max: usize,
    },
    /// A token id lies outside the vocabulary.
    #[error("token id {token} is outside the vocabulary of {vocabulary_size}")]
    Token {
        /// The id.
        token: u32,
        /// Ids run below this.
        vocabulary_size: usize,
    },
    /// The tensor library failed.
    #[error("tensor computation failed")]
    Compute(#[from] candle_core::Error),
}
