//! Why the engine refused, failed or abandoned a generation.

use crate::engine::constraint::GrammarFault;
use crate::engine::constraint::Stuck;
use crate::model::ModelError;
use crate::text::TextError;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::memory::MemoryError;

/// Why the engine refused, failed or abandoned a generation.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nothing to continue.
    #[error("prompt is empty")]
    EmptyPrompt,
    /// Retrying cannot help: one output token must fit behind the prompt.
    #[error("prompt has {prompt_tokens} tokens, limit is {prompt_tokens_max}")]
    PromptTooLong {
        /// Tokens found.
        prompt_tokens: usize,
        /// Tokens allowed.
        prompt_tokens_max: usize,
    },
    /// A prompt token lies outside the vocabulary.
    #[error("token id {token} is outside the vocabulary of {vocabulary_size}")]
    Token {
        /// The id.
        token: u32,
        /// Ids run below this.
        vocabulary_size: usize,
    },
    /// More output asked for than allowed, or none.
    #[error("{output_tokens} output tokens are asked for, allowed are 1 to {output_tokens_max}")]
    OutputTokens {
        /// Tokens asked for.
        output_tokens: usize,
        /// Tokens allowed.
        output_tokens_max: usize,
    },
    /// Too many stop strings, or one that is empty or too long.
    #[error(
        "{count} stop strings of up to {bytes} bytes, allowed are {count_max} of 1 to {bytes_max}"
    )]
    StopStrings {
        /// How many there are.
        count: usize,
        /// Length of the offending one, bytes.
        bytes: usize,
        /// How many are allowed.
        count_max: usize,
        /// Longest allowed, bytes.
        bytes_max: usize,
    },
    /// A sampling parameter is out of its range.
    #[error("{what} is {found}, allowed is {allowed}")]
    Sampling {
        /// The parameter.
        what: &'static str,
        /// Its value.
        found: f32,
        /// Its range.
        allowed: &'static str,
    },
    /// Retrying later can help: the waiting line is full.
    #[error(
        "waiting line is full: {waiting} of {waiting_max} requests, \
         {prompt_tokens_waiting} of {prompt_tokens_waiting_max} prompt tokens"
    )]
    Full {
        /// Requests in the line.
        waiting: usize,
        /// Requests that fit.
        waiting_max: usize,
        /// Prompt tokens in the line.
        prompt_tokens_waiting: usize,
        /// Prompt tokens that fit.
        prompt_tokens_waiting_max: usize,
        /// When the line is likely to be empty, by the measured rate; zero: not known.
        retry_after: Duration,
    },
    /// Retrying later can help: those who are there would delay this request too long.
    #[error(
        "{running} requests run and {waiting} wait: they would delay this one by {delay:?}, \
         allowed are {delay_max:?}"
    )]
    Crowded {
        /// Requests that run.
        running: usize,
        /// Requests that wait before it.
        waiting: usize,
        /// What they would cost it, by the measured rate.
        delay: Duration,
        /// What it may lose.
        delay_max: Duration,
    },
    /// The line alone takes longer than the deadline leaves.
    #[error("deadline is in {left:?}, the waiting line takes {line:?}")]
    Late {
        /// Time until the deadline.
        left: Duration,
        /// What the line takes, by the measured rate.
        line: Duration,
    },
    /// The step that computed this generation failed; the engine goes on.
    #[error("forward pass failed at step {step}")]
    Step {
        /// The step.
        step: u64,
        /// What failed.
        #[source]
        cause: Arc<ModelError>,
    },
    /// The model gave no finite logit; this generation alone ends.
    #[error("no usable logit at position {position}")]
    Logits {
        /// Position of the row in its sequence.
        position: usize,
    },
    /// What the answer must match cannot be enforced.
    #[error(transparent)]
    Grammar(#[from] GrammarFault),
    /// The constraint and the model do not go together; this generation alone ends.
    #[error("the constraint is stuck at position {position}: {cause}")]
    Stuck {
        /// Position of the token that it cannot choose.
        position: usize,
        /// Why.
        cause: Stuck,
    },
    /// The engine stopped for good; every generation ends with this and no new one starts.
    #[error("engine is dead since step {step}")]
    Dead {
        /// The step that failed.
        step: u64,
        /// What failed.
        #[source]
        cause: Arc<Death>,
    },
    /// The engine is shutting down.
    #[error("engine is shutting down")]
    Closing,
    /// A limit in the options makes no sense.
    #[error("option {what} is {found}, at least {min} is needed")]
    Option {
        /// The option.
        what: &'static str,
        /// Its value.
        found: usize,
        /// Smallest that works.
        min: usize,
    },
    /// The operating system gave no thread.
    #[error("cannot start the engine thread")]
    Thread {
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// The model file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        cause: std::io::Error,
    },
    /// The model does not fit the memory that is left.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The model file was refused, or a forward pass outside the step loop failed.
    #[error("model failed")]
    Model(#[from] ModelError),
    /// The model file's tokenizer or chat template was refused.
    #[error("tokenizer or chat template failed")]
    Text(#[from] TextError),
}

/// What ended the engine.
#[derive(Debug, thiserror::Error)]
pub enum Death {
    /// The forward pass failed in several steps on end.
    #[error("forward pass failed {steps} times on end")]
    Forward {
        /// How many steps.
        steps: u32,
        /// The last failure.
        #[source]
        cause: ModelError,
    },
    /// Code on the engine thread panicked.
    #[error("engine thread panicked: {message}")]
    Panic {
        /// The panic's message.
        message: String,
    },
}
