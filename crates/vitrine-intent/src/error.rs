//! Every way in which understanding a text, or learning to, can fail.

use crate::head::EncoderIdentity;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

/// A cause that several waiting texts share, because they were in one batch.
pub type SharedCause = Arc<dyn Error + Send + Sync>;

/// Why texts were not embedded or classified, or a head was not read or trained.
#[derive(Debug, Clone, thiserror::Error)]
pub enum IntentError {
    /// Retrying later can help.
    #[error(
        "waiting line holds {waiting_texts} texts, {asked_texts} more do not fit, limit is \
         {waiting_texts_max}"
    )]
    Full {
        /// Texts of this request.
        asked_texts: usize,
        /// Texts that wait already.
        waiting_texts: usize,
        /// Most texts that may wait.
        waiting_texts_max: usize,
    },
    /// Retrying cannot help: split the request.
    #[error("request has {texts} texts, limit is {texts_max}")]
    TooManyTexts {
        /// Texts of this request.
        texts: usize,
        /// Most texts in one request.
        texts_max: usize,
    },
    /// The encoder's thread has ended.
    #[error("encoder has stopped")]
    Stopped,
    /// The forward pass of this batch died; the next batch runs again.
    #[error("encoder abandoned a batch of {texts} texts")]
    Abandoned {
        /// Texts in the batch.
        texts: usize,
    },
    /// The forward pass refused.
    #[error("encoder failed on a batch of {texts} texts")]
    Encode {
        /// Texts in the batch.
        texts: usize,
        /// What the forward pass said.
        #[source]
        cause: SharedCause,
    },
    /// The text could not be split into tokens.
    #[error("text {index} could not be split into tokens")]
    Tokenize {
        /// Place of the text in its request, from 0.
        index: usize,
        /// What the tokenizer said.
        #[source]
        cause: SharedCause,
    },
    /// The encoder's folder could not be opened.
    #[error("encoder `{}` cannot be opened", path.display())]
    Encoder {
        /// Its folder.
        path: PathBuf,
        /// What was missing or malformed.
        #[source]
        cause: SharedCause,
    },
    /// A file could not be read or written.
    #[error("file `{}` cannot be used", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: Arc<std::io::Error>,
    },
    /// The head file is damaged or of another version.
    #[error("head `{}` is refused: {reason}", path.display())]
    Head {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: HeadRefusal,
    },
    /// The head belongs to another encoder or glossary than the one at hand.
    #[error("head does not fit: {reason}")]
    Mismatch {
        /// What differs.
        reason: HeadRefusal,
    },
    /// An example file has a line that cannot be used.
    #[error("examples `{}` line {line}: {reason}", path.display())]
    Example {
        /// Which file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Why.
        reason: ExampleRefusal,
    },
    /// The tensor library failed while a head was fitted.
    #[error("fitting failed")]
    Fit {
        /// What it said.
        #[source]
        cause: SharedCause,
    },
    /// The encoder could not be adapted to the examples.
    #[error("adapting the encoder failed")]
    Adapt {
        /// Why.
        #[source]
        cause: SharedCause,
    },
    /// The examples do not suffice to train or to evaluate.
    #[error("examples are refused: {reason}")]
    Examples {
        /// Why.
        reason: ExamplesRefusal,
    },
}

/// Why bytes are not a head that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadRefusal {
    /// Another kind of file.
    #[error("it does not start with the mark of a head file")]
    Mark,
    /// A version that this program does not read.
    #[error("it has format version {found}, this program reads version {supported}")]
    Version {
        /// Version in the file.
        found: u32,
        /// Version that is read here.
        supported: u32,
    },
    /// Longer than any head.
    #[error("it has {bytes} bytes, limit is {bytes_max}")]
    TooLong {
        /// Length found.
        bytes: u64,
        /// Longest allowed.
        bytes_max: u64,
    },
    /// Cut short or with something behind.
    #[error("it has {found} bytes where its header announces {expected}")]
    Length {
        /// Length found.
        found: usize,
        /// Length expected.
        expected: usize,
    },
    /// A bit has flipped somewhere.
    #[error("its checksum does not match its content")]
    Checksum,
    /// The header does not parse.
    #[error("its header is malformed: {detail}")]
    Header {
        /// What the parser said.
        detail: String,
    },
    /// A value is outside what makes sense.
    #[error("its header says {name} = {found}, allowed is {allowed}")]
    Value {
        /// Which value.
        name: &'static str,
        /// What was found.
        found: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A weight is infinite or not a number.
    #[error("weight {index} is not finite")]
    Weight {
        /// Its place, from 0.
        index: usize,
    },
    /// What it changes in its encoder cannot be read.
    #[error("its adaptation of the encoder is unusable: {detail}")]
    Adaptation {
        /// Why.
        detail: String,
    },
    /// Trained on texts that were read with another glossary.
    #[error("its glossary is {found:08x}, this program has {expected:08x}: train it again")]
    Glossary {
        /// Fingerprint in the head.
        found: u32,
        /// Fingerprint of the glossary at hand.
        expected: u32,
    },
    /// Trained on the embeddings of another encoder.
    #[error("it was trained for encoder {expected}, loaded is {found}")]
    Encoder {
        /// The encoder that the head names.
        expected: Box<EncoderIdentity>,
        /// The encoder that is loaded.
        found: Box<EncoderIdentity>,
    },
}

/// Why one line of examples cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExampleRefusal {
    /// Not JSON or not CSV.
    #[error("it does not parse: {detail}")]
    Syntax {
        /// What the parser said.
        detail: String,
    },
    /// A field is absent or not a string.
    #[error("field `{name}` must be a string")]
    Field {
        /// Which field.
        name: &'static str,
    },
    /// A field holds nothing.
    #[error("field `{name}` is empty")]
    Empty {
        /// Which field.
        name: &'static str,
    },
    /// A field is too long.
    #[error("field `{name}` has {bytes} bytes, limit is {bytes_max}")]
    TooLong {
        /// Which field.
        name: &'static str,
        /// Length found.
        bytes: usize,
        /// Longest allowed.
        bytes_max: usize,
    },
    /// The CSV header lacks a column.
    #[error("the header must name the columns `text` and `intent`, found `{found}`")]
    Columns {
        /// The header found.
        found: String,
    },
    /// More examples than a run takes.
    #[error("more than {examples_max} examples")]
    TooMany {
        /// Most examples in a run.
        examples_max: usize,
    },
}

/// Why a set of examples does not suffice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExamplesRefusal {
    /// Nothing to learn from.
    #[error("there are none")]
    None,
    /// A classifier needs at least two labels besides `oos`.
    #[error("{labels} labels besides `oos`, at least 2 are needed")]
    TooFewLabels {
        /// Labels found.
        labels: usize,
    },
    /// More labels than a head holds.
    #[error("{labels} labels, limit is {labels_max}")]
    TooManyLabels {
        /// Labels found.
        labels: usize,
        /// Most labels of a head.
        labels_max: usize,
    },
    /// Every fold must hold out at least one example of every label.
    #[error("label `{label}` has {examples} examples, at least {examples_min} are needed")]
    TooFewExamples {
        /// Which label.
        label: String,
        /// Its examples.
        examples: usize,
        /// Fewest allowed.
        examples_min: usize,
    },
    /// The head does not know this label.
    #[error("label `{label}` is unknown to the head, which knows {known}")]
    UnknownLabel {
        /// Label in the examples.
        label: String,
        /// Labels of the head, joined by commas.
        known: String,
    },
}

impl IntentError {
    /// Wraps what the system said about a file.
    pub(crate) fn file(path: &std::path::Path, cause: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), cause: Arc::new(cause) }
    }
}
