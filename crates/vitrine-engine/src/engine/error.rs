//! Errors of the engine: why a generation was refused, failed or was abandoned.

use crate::engine::constraint::fault::ConstraintFault;
use crate::engine::constraint::grammar::GrammarFault;
use crate::model::ModelError;
use crate::text::TextError;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::memory::MemoryError;

/// Why the engine refused, failed or abandoned a generation, or could not be started.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The prompt has no tokens.
    #[error("prompt is empty")]
    EmptyPrompt,
    /// The prompt leaves no room for an output token. Retrying cannot help.
    #[error("prompt has {prompt_tokens} tokens, limit is {prompt_tokens_max}")]
    PromptTooLong {
        /// Tokens in the prompt.
        prompt_tokens: usize,
        /// Most tokens allowed.
        prompt_tokens_max: usize,
    },
    /// A prompt token id is outside the vocabulary.
    #[error("token id {token} is outside the vocabulary of {vocabulary_size}")]
    Token {
        /// The id.
        token: u32,
        /// Number of token ids; valid ids are below it.
        vocabulary_size: usize,
    },
    /// The requested output length is zero or above the limit.
    #[error("{output_tokens} output tokens requested, allowed are 1 to {output_tokens_max}")]
    OutputTokens {
        /// Tokens requested.
        output_tokens: usize,
        /// Most tokens allowed.
        output_tokens_max: usize,
    },
    /// There are too many stop strings, or one is empty or too long.
    #[error(
        "{count} stop strings, one of {bytes} bytes, allowed are {count_max} of 1 to {bytes_max} \
         bytes"
    )]
    StopStrings {
        /// Number of stop strings.
        count: usize,
        /// Length of the first invalid one, in bytes.
        bytes: usize,
        /// Most stop strings allowed.
        count_max: usize,
        /// Longest stop string allowed, in bytes.
        bytes_max: usize,
    },
    /// A sampling parameter is out of range.
    #[error("{what} is {found}, allowed is {allowed}")]
    Sampling {
        /// Name of the parameter.
        what: &'static str,
        /// Its value.
        found: f32,
        /// Its allowed range, in words.
        allowed: &'static str,
    },
    /// The waiting queue is full. Retrying later can help.
    #[error(
        "waiting queue is full: {waiting} of {waiting_max} requests, \
         {prompt_tokens_waiting} of {prompt_tokens_waiting_max} prompt tokens"
    )]
    Full {
        /// Waiting requests.
        waiting: usize,
        /// Most waiting requests allowed.
        waiting_max: usize,
        /// Prompt tokens of the waiting requests.
        prompt_tokens_waiting: usize,
        /// Most waiting prompt tokens allowed.
        prompt_tokens_waiting_max: usize,
        /// Estimated time until the queue is empty; zero if nothing is measured yet.
        retry_after: Duration,
    },
    /// The requests ahead would delay this one too long. Retrying later can help.
    #[error(
        "{running} running and {waiting} waiting requests would delay this one by {delay:?}, \
         limit is {delay_max:?}"
    )]
    Overloaded {
        /// Running requests.
        running: usize,
        /// Waiting requests ahead of it.
        waiting: usize,
        /// Estimated delay that they cause.
        delay: Duration,
        /// Maximum delay allowed.
        delay_max: Duration,
    },
    /// The deadline cannot be met: the queue ahead takes too long.
    #[error("deadline is in {left:?}, the waiting queue takes {line:?}")]
    DeadlineUnreachable {
        /// Time until the deadline.
        left: Duration,
        /// Estimated time to compute the prompts ahead.
        line: Duration,
    },
    /// The step that was computing this generation failed. The engine goes on.
    #[error("forward pass failed at step {step}")]
    Step {
        /// Number of the step, from 1.
        step: u64,
        /// What failed.
        #[source]
        cause: Arc<ModelError>,
    },
    /// The model returned no finite logit. Only this generation ends.
    #[error("no usable logit at position {position}")]
    Logits {
        /// Position of the row in its sequence.
        position: usize,
    },
    /// The requested grammar was refused.
    #[error(transparent)]
    Grammar(#[from] GrammarFault),
    /// The constraint allows no token, or is too complex. Only this generation ends.
    #[error("constraint cannot continue at position {position}: {cause}")]
    ConstraintFault {
        /// Position of the token that could not be chosen.
        position: usize,
        /// Why the constraint cannot continue.
        cause: ConstraintFault,
    },
    /// The engine stopped after a fatal error. Every generation ends with this, and none can start.
    #[error("engine stopped at step {step} after a fatal error")]
    Dead {
        /// Number of the last step.
        step: u64,
        /// The fatal error.
        #[source]
        cause: Arc<FatalError>,
    },
    /// The engine is shutting down.
    #[error("engine is shutting down")]
    Closing,
    /// A limit in [`EngineOptions`](crate::engine::EngineOptions) or in a benchmark's options is
    /// too small.
    #[error("option {what} is {found}, minimum is {min}")]
    Option {
        /// Name of the option.
        what: &'static str,
        /// Its value.
        found: usize,
        /// Smallest value allowed.
        min: usize,
    },
    /// The engine thread could not be started.
    #[error("cannot start the engine thread")]
    Thread {
        /// The operating system's error.
        #[source]
        cause: std::io::Error,
    },
    /// The model file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        cause: std::io::Error,
    },
    /// The model does not fit the memory that is left.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The model file was refused, or a forward pass outside the step loop failed.
    #[error("cannot load or run the model")]
    Model(#[from] ModelError),
    /// The model's tokenizer or chat template was refused.
    #[error("cannot use the model's tokenizer or chat template")]
    Text(#[from] TextError),
}

/// The fatal error that stopped an engine.
#[derive(Debug, thiserror::Error)]
pub enum FatalError {
    /// The forward pass failed in several steps in a row.
    #[error("forward pass failed in {steps} steps in a row")]
    Forward {
        /// Number of failed steps.
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
