//! Errors of a turn; `http` maps each to a status and a public code.

use vitrine_conversations::GateError;
use vitrine_conversations::StoreError;
use vitrine_intent::IntentError;

/// Why a message got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TurnError {
    /// The text is empty or white space, and no option was tapped.
    #[error("message.text is empty; a message needs a text or an option_id")]
    EmptyText,
    /// The text is longer than the configured limit.
    #[error("message.text has {chars} characters, limit is {chars_max}")]
    TextTooLong { chars: usize, chars_max: usize },
    /// The option id is not `key=value`.
    #[error(
        "message.option_id `{found}` is invalid; option ids are `key=value`, such as `feel=comfort`"
    )]
    OptionId { found: String },
    /// The option was never shown in the conversation and is none of the shop's.
    #[error(
        "message.option_id `{found}` is not an option of this thread or of the shop; allowed are \
         ids of an earlier reply's options, FACET=VALUE of the catalogue, take=SKU and intent=LABEL"
    )]
    UnknownOption { found: String },
    /// The tenant has no conversation with this id.
    #[error("no conversation has this thread_id")]
    NoConversation,
    /// The owner of the conversation changed since the caller read it.
    #[error("field `epoch` is {expected}, but the conversation is at epoch {found}")]
    EpochChanged { found: u64, expected: u64 },
    /// Admission control refused the turn.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The conversation or the answer could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Classifying the message failed.
    #[error(transparent)]
    Intent(#[from] IntentError),
    /// The answer could not be encoded as a response body; nothing was recorded.
    #[error("the answer could not be encoded as JSON (a bug in vitrine)")]
    Encode(#[from] serde_json::Error),
    /// Concurrent writes interfered with each attempt.
    #[error("the conversation or customer changed during each of {tries} attempts; retry later")]
    Contended { tries: u32 },
}
