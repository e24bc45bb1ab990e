//! Why a model file was refused or a forward pass failed.

use crate::model::checkpoint::SafetensorsError;
use crate::model::gguf::GgufError;
use std::path::PathBuf;
use vitrine_kernels::matmul::MatmulError;
use vitrine_kernels::pool::TaskPanic;

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
    /// What training changed in an encoder holds something else than finite f16 tensors.
    #[error("adaptation of tensor `{name}` is not made of finite f16 numbers")]
    Adaptation {
        /// The tensor.
        name: String,
    },
    /// Texts to train on take more memory than is allowed.
    #[error(
        "{tokens} tokens take {bytes} bytes while the encoder is adapted, limit is {bytes_max}"
    )]
    Prepared {
        /// What they would take.
        bytes: u64,
        /// What is allowed.
        bytes_max: u64,
        /// Tokens of all texts.
        tokens: usize,
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
    /// An index of weight files is not one.
    #[error("{} does not name weight files of its own folder under `weight_map`", path.display())]
    Index {
        /// The file.
        path: PathBuf,
    },
    /// Two tensors go to the same place.
    #[error("tensor `{name}` stands twice")]
    TensorTwice {
        /// Its name in GGUF.
        name: String,
    },
    /// The metadata lacks a value.
    #[error("metadata key `{key}` is missing")]
    KeyMissing {
        /// The key.
        key: String,
    },
    /// A metadata value has the wrong type or is no usable number.
    #[error("metadata key `{key}` is not {expected}")]
    KeyType {
        /// The key.
        key: String,
        /// What it must be.
        expected: &'static str,
    },
    /// Attention heads that do not fit together.
    #[error(
        "{heads} heads of width {head_width}, {kv_heads} key heads, values {value_width} wide, \
         {turned} turned: supported are a multiple of the key heads and one even width for all"
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
        /// Elements of a head that are turned.
        turned: usize,
    },
    /// A tensor's type has no kernels.
    #[error("tensor `{name}` has type {found}, supported: {supported}")]
    TensorTypeUnsupported {
        /// Its name.
        name: String,
        /// Its type.
        found: &'static str,
        /// The types that work.
        supported: &'static str,
    },
    /// The file holds a tensor that this family does not have.
    #[error("tensor `{name}` belongs to no part of this family")]
    TensorUnknown {
        /// Its name.
        name: String,
    },
    /// Divisors of the rotary frequencies that divide nothing.
    #[error("tensor `{name}` holds a divisor that is not a finite number above 0")]
    RopeDivisors {
        /// Its name.
        name: String,
    },
    /// The KV memory does not hold a single page.
    #[error("KV memory is limited to {kv_bytes_max} bytes, one page takes {page_bytes}")]
    KvMemory {
        /// The limit.
        kv_bytes_max: u64,
        /// Size of one page.
        page_bytes: u64,
    },
    /// A sequence's page list is too short or names a foreign page.
    #[error("sequence {index} has {found} pages, needs {needed} below {page_count}")]
    Pages {
        /// Its place in the step.
        index: usize,
        /// Pages listed.
        found: usize,
        /// Pages that its context takes.
        needed: usize,
        /// Pages in the pool.
        page_count: usize,
    },
    /// The kernels cannot hold a matrix.
    #[error("tensor `{name}` cannot be packed")]
    Packing {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        cause: MatmulError,
    },
    /// The operating system refused a compute thread.
    #[error("a compute thread could not be started")]
    Threads {
        /// What it said.
        #[source]
        cause: std::io::Error,
    },
    /// A task of a step panicked: our bug.
    #[error("step failed")]
    Task(#[from] TaskPanic),
    /// The tensor library failed.
    #[error("tensor computation failed")]
    Compute(#[from] candle_core::Error),
}
