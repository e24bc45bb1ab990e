//! Errors of embedding, classifying, training and reading heads and examples.

use crate::head::identity::EncoderIdentity;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

/// An error shared by all texts of one failed batch.
pub type SharedCause = Arc<dyn Error + Send + Sync>;

/// Why embedding, classifying, training or reading a head failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IntentError {
    /// The encoder's queue has no room now; retry later.
    #[error(
        "encoder queue holds {waiting_texts} texts, {asked_texts} more do not fit, limit is \
         {waiting_texts_max}"
    )]
    Full {
        /// Texts in this request.
        asked_texts: usize,
        /// Texts already waiting.
        waiting_texts: usize,
        /// Capacity of the queue, in texts.
        waiting_texts_max: usize,
    },
    /// The request can never fit the queue; split it.
    #[error("request has {texts} texts, limit is {texts_max}")]
    TooManyTexts {
        /// Texts in this request.
        texts: usize,
        /// Maximum texts per request.
        texts_max: usize,
    },
    /// The encoder's thread has ended.
    #[error("encoder thread has stopped")]
    Stopped,
    /// The forward pass panicked or returned a wrong number of outputs. Later batches still run.
    #[error("encoder panicked or returned a wrong number of outputs on a batch of {texts} texts")]
    Abandoned {
        /// Texts in the batch.
        texts: usize,
    },
    /// The forward pass returned an error.
    #[error("encoder failed on a batch of {texts} texts")]
    Encode {
        /// Texts in the batch.
        texts: usize,
        /// Error of the forward pass.
        #[source]
        cause: SharedCause,
    },
    /// The tokenizer failed on a text.
    #[error("cannot tokenize text {index}")]
    Tokenize {
        /// Position of the text in its request, from 0.
        index: usize,
        /// Error of the tokenizer.
        #[source]
        cause: SharedCause,
    },
    /// The encoder's folder could not be opened.
    #[error("cannot open encoder `{}`", path.display())]
    Encoder {
        /// Folder of the encoder.
        path: PathBuf,
        /// Which file was missing or malformed.
        #[source]
        cause: SharedCause,
    },
    /// A file could not be read or written.
    #[error("cannot read or write file `{}`", path.display())]
    File {
        /// Path as given by the caller.
        path: PathBuf,
        /// Error of the operating system.
        #[source]
        cause: Arc<std::io::Error>,
    },
    /// The head file is damaged or has an unsupported version.
    #[error("head `{}` is unusable: {reason}", path.display())]
    Head {
        /// Path of the head file.
        path: PathBuf,
        /// Fault found in the file.
        reason: HeadRefusal,
    },
    /// The head was trained for another encoder than the loaded one.
    #[error("head does not fit: {reason}")]
    Mismatch {
        /// Difference found.
        reason: HeadRefusal,
    },
    /// An example file cannot be read or is not text.
    #[error("examples")]
    ExampleFile {
        /// What is wrong, with the path.
        #[source]
        cause: SharedCause,
    },
    /// A line of an example file is invalid.
    #[error("examples `{}` line {line}: {reason}", path.display())]
    Example {
        /// Path of the example file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// Fault found in the line.
        reason: ExampleRefusal,
    },
    /// The tensor library failed while a head was fitted.
    #[error("cannot fit the head")]
    Fit {
        /// Error of the tensor library.
        #[source]
        cause: SharedCause,
    },
    /// The encoder could not be adapted to the examples.
    #[error("cannot adapt the encoder")]
    Adapt {
        /// Error of the encoder or the tensor library.
        #[source]
        cause: SharedCause,
    },
    /// The examples are insufficient for training or evaluation.
    #[error("examples are unusable: {reason}")]
    Examples {
        /// Requirement that the examples miss.
        reason: ExamplesRefusal,
    },
}

/// Why a head cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadRefusal {
    /// The file is not a head file.
    #[error("it does not start with the magic bytes of a head file")]
    Magic,
    /// This program does not read the file's format version.
    #[error(
        "it has format version {found}, this program reads version {supported}: train it again"
    )]
    Version {
        /// Version in the file.
        found: u32,
        /// Version that this program reads.
        supported: u32,
    },
    /// The file exceeds the size limit.
    #[error("it has {bytes} bytes, limit is {bytes_max}")]
    TooLong {
        /// Length found.
        bytes: u64,
        /// Maximum length.
        bytes_max: u64,
    },
    /// The file is truncated or has trailing bytes.
    #[error("it has {found} bytes where its header announces {expected}")]
    Length {
        /// Length found, in bytes.
        found: usize,
        /// Length that the header implies, in bytes.
        expected: usize,
    },
    /// The file is corrupt.
    #[error("its checksum does not match its content")]
    Checksum,
    /// The header does not parse.
    #[error("its header is malformed: {detail}")]
    FileHeader {
        /// Message of the JSON parser.
        detail: String,
    },
    /// A value of the header is out of range.
    #[error("its header has {name} = {found}, allowed: {allowed}")]
    Value {
        /// Name of the value.
        name: &'static str,
        /// Value found.
        found: String,
        /// Allowed values, in words.
        allowed: &'static str,
    },
    /// A weight is infinite or not a number.
    #[error("weight {index} is not finite")]
    Weight {
        /// Index of the weight in the file, from 0; the bias comes first.
        index: usize,
    },
    /// The encoder adaptation in the file cannot be read.
    #[error("its adaptation of the encoder is unusable: {detail}")]
    Adaptation {
        /// Message of the adaptation's parser.
        detail: String,
    },
    /// The head was trained on the embeddings of another encoder.
    #[error("it was trained for encoder {expected}, the loaded encoder is {found}")]
    Encoder {
        /// Encoder that the head was trained for.
        expected: Box<EncoderIdentity>,
        /// Encoder that is loaded.
        found: Box<EncoderIdentity>,
    },
}

/// Why one line of an example file is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExampleRefusal {
    /// The line is not valid JSON or CSV.
    #[error("it does not parse: {detail}")]
    Syntax {
        /// Message of the parser.
        detail: String,
    },
    /// A field is missing or not a string.
    #[error("field `{name}` must be a string")]
    Field {
        /// Name of the field.
        name: &'static str,
    },
    /// A field is empty after trimming.
    #[error("field `{name}` is empty")]
    Empty {
        /// Name of the field.
        name: &'static str,
    },
    /// A field exceeds its length limit.
    #[error("field `{name}` has {bytes} bytes, limit is {bytes_max}")]
    TooLong {
        /// Name of the field.
        name: &'static str,
        /// Length found.
        bytes: usize,
        /// Maximum length.
        bytes_max: usize,
    },
    /// The CSV header lacks a required column.
    #[error("the header must name the columns `text` and `intent`, found `{found}`")]
    Columns {
        /// The header found, columns joined by commas.
        found: String,
    },
    /// The files hold more examples than one training run accepts.
    #[error("more than {examples_max} examples")]
    TooMany {
        /// Maximum examples per training run.
        examples_max: usize,
    },
}

/// Why a set of examples is insufficient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExamplesRefusal {
    /// The set is empty.
    #[error("there are none")]
    None,
    /// A classifier needs at least two labels besides `oos`.
    #[error("{labels} labels besides `oos`, at least 2 are needed")]
    TooFewLabels {
        /// Labels found besides `oos`.
        labels: usize,
    },
    /// The set has more labels than a head can hold.
    #[error("{labels} labels, limit is {labels_max}")]
    TooManyLabels {
        /// Labels found.
        labels: usize,
        /// Maximum labels of a head.
        labels_max: usize,
    },
    /// Each fold must hold out at least one example of each label.
    #[error("label `{label}` has {examples} examples, at least {examples_min} are needed")]
    TooFewExamples {
        /// First label with too few examples.
        label: String,
        /// Examples found for it.
        examples: usize,
        /// Minimum examples per label.
        examples_min: usize,
    },
    /// A label of the examples is not one of the head's labels.
    #[error("the head has no label `{label}`; its labels: {known}")]
    UnknownLabel {
        /// Label in the examples.
        label: String,
        /// Labels of the head, joined by commas.
        known: String,
    },
}

impl IntentError {
    /// Wraps an I/O error with the path of the file.
    pub(crate) fn file(path: &std::path::Path, cause: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), cause: Arc::new(cause) }
    }
}
