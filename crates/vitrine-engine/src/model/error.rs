//! The error type of this layer: why a model was refused or a forward pass failed.

use crate::model::checkpoint::error::SafetensorsError;
use crate::model::gguf::error::GgufError;
use std::path::PathBuf;
use vitrine_kernels::matmul::MatmulError;
use vitrine_kernels::pool::TaskPanic;

/// Why a model was refused or a forward pass failed.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        cause: std::io::Error,
    },
    /// A JSON file beside the weights is too large.
    #[error("{} has {found} bytes, limit is {max}", path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        found: u64,
        /// The largest size allowed.
        max: u64,
    },
    /// A JSON file beside the weights is malformed or lacks a required field.
    #[error("{} is malformed or lacks a required field", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Position and reason.
        #[source]
        cause: serde_json::Error,
    },
    /// A required tensor is missing from the weights.
    #[error("tensor `{name}` is missing")]
    TensorMissing {
        /// The tensor's name.
        name: String,
    },
    /// An encoder adaptation contains a tensor that is not f16 or not finite.
    #[error("adaptation of tensor `{name}` is not f16, or has values that are not finite")]
    Adaptation {
        /// The tensor's name.
        name: String,
    },
    /// The training texts would take more memory than the limit.
    #[error(
        "adapting the encoder to {tokens} tokens takes {bytes} bytes, limit is {bytes_max}; train \
         on fewer or shorter texts"
    )]
    Prepared {
        /// Bytes that the prepared texts would take.
        bytes: u64,
        /// Largest number of bytes allowed.
        bytes_max: u64,
        /// Tokens of all texts together.
        tokens: usize,
    },
    /// A tensor's shape differs from the one that the model description requires.
    #[error("tensor `{name}` has shape {found:?}, expected {expected:?}")]
    TensorShape {
        /// The tensor's name.
        name: String,
        /// Dimensions in the file, outermost first.
        found: Vec<usize>,
        /// Dimensions required by the model description.
        expected: Vec<usize>,
    },
    /// The model description requires something that is not implemented.
    #[error("{what} is `{found}`, supported: {supported}")]
    Unsupported {
        /// The setting.
        what: &'static str,
        /// Its value in the file.
        found: String,
        /// The supported values.
        supported: &'static str,
    },
    /// A number in the model description is out of range.
    #[error("{what} is {found}, allowed are {min} to {max}")]
    OutOfRange {
        /// The setting.
        what: &'static str,
        /// Its value in the file.
        found: u64,
        /// Smallest value allowed.
        min: u64,
        /// Largest value allowed.
        max: u64,
    },
    /// A sequence is empty or longer than the model's limit.
    #[error("sequence {index} has {tokens} tokens, allowed are 1 to {tokens_max}")]
    SequenceLength {
        /// Index of the sequence in the batch.
        index: usize,
        /// Its length in tokens.
        tokens: usize,
        /// The model's limit in tokens.
        tokens_max: usize,
    },
    /// A token id is outside the vocabulary.
    #[error("token id {token} is outside the vocabulary of {vocabulary_size}")]
    Token {
        /// The token id.
        token: u32,
        /// Size of the vocabulary; valid ids are below it.
        vocabulary_size: usize,
    },
    /// The file is not a well-formed GGUF file.
    #[error("cannot load {}", path.display())]
    Gguf {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: GgufError,
    },
    /// The file is not a well-formed safetensors file.
    #[error("cannot load {}", path.display())]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: SafetensorsError,
    },
    /// A safetensors index has no usable `weight_map`, or one that names files outside its own
    /// folder.
    #[error("{} has no `weight_map` to safetensors files of its own folder", path.display())]
    Index {
        /// The index file.
        path: PathBuf,
    },
    /// Two tensors of a checkpoint map to the same GGUF name.
    #[error("two tensors of the checkpoint map to `{name}`")]
    TensorTwice {
        /// The GGUF name.
        name: String,
    },
    /// A required metadata key is missing.
    #[error("metadata key `{key}` is missing")]
    KeyMissing {
        /// The key.
        key: String,
    },
    /// A metadata value has the wrong type or is not a usable number.
    #[error("metadata key `{key}` is not {expected}")]
    KeyType {
        /// The key.
        key: String,
        /// The expected type or range.
        expected: &'static str,
    },
    /// The attention head counts or widths are not supported.
    #[error(
        "attention has {heads} heads of width {head_width}, {kv_heads} key heads, value width \
         {value_width} and rotary width {rotary_width}; supported are a multiple of the key heads, \
         one even width for keys and values, and an even rotary width of at most that"
    )]
    Heads {
        /// Query heads.
        heads: usize,
        /// Key and value heads.
        kv_heads: usize,
        /// Width of a query or key head.
        head_width: usize,
        /// Width of a value head.
        value_width: usize,
        /// Leading elements of a head that rotary embedding rotates.
        rotary_width: usize,
    },
    /// No kernel supports the tensor's type.
    #[error("tensor `{name}` has type {found}, supported: {supported}")]
    TensorTypeUnsupported {
        /// The tensor's name.
        name: String,
        /// Its type.
        found: &'static str,
        /// The supported types.
        supported: &'static str,
    },
    /// The file contains a tensor that this model family does not use.
    #[error("tensor `{name}` is not used by this model family")]
    TensorUnknown {
        /// The tensor's name.
        name: String,
    },
    /// A rotary frequency divisor is not a finite number above 0.
    #[error("tensor `{name}` has a divisor that is not a finite number above 0")]
    RopeDivisors {
        /// The tensor that holds the divisors.
        name: String,
    },
    /// The KV memory limit is smaller than one page.
    #[error(
        "KV memory limit is {kv_bytes_max} bytes, one page takes {page_bytes}; raise the limit"
    )]
    KvMemory {
        /// The limit, in bytes.
        kv_bytes_max: u64,
        /// Size of one page, in bytes.
        page_bytes: u64,
    },
    /// A sequence's page list is too short, or contains a page id outside the pool.
    #[error("sequence {index} has {found} pages, needs {needed} with ids below {page_count}")]
    Pages {
        /// Index of the sequence in the step.
        index: usize,
        /// Pages listed.
        found: usize,
        /// Pages that its context needs.
        needed: usize,
        /// Pages in the pool; valid ids are below it.
        page_count: usize,
    },
    /// A matrix could not be packed for the CPU kernels.
    #[error("cannot pack tensor `{name}` for the CPU kernels")]
    Packing {
        /// The tensor's name.
        name: String,
        /// The kernels' reason.
        #[source]
        cause: MatmulError,
    },
    /// The operating system refused to start a compute thread.
    #[error("cannot start a compute thread")]
    Threads {
        /// The operating system's error.
        #[source]
        cause: std::io::Error,
    },
    /// A task of a step panicked: a bug in this program.
    #[error("step failed")]
    Task(#[from] TaskPanic),
    /// A candle operation failed.
    #[error("tensor computation failed")]
    Compute(#[from] candle_core::Error),
}
