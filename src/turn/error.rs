//! Why a turn has no answer.

use vitrine_conversations::GateError;
use vitrine_conversations::StoreError;
use vitrine_intent::IntentError;

/// Why a turn has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TurnError {
    /// The text is empty or white space.
    #[error("message.text is empty; a message needs words or an option_id")]
    EmptyText,
    /// The text is longer than any channel sends.
    #[error("message.text has {chars} characters, limit is {chars_max}")]
    TextTooLong { chars: usize, chars_max: usize },
    /// The option id is not `key=value`.
    #[error("message.option_id `{found}` is not an option of ours, which look like `feel=comfort`")]
    OptionId { found: String },
    /// The thread does not exist.
    #[error("thread does not exist")]
    NoThread,
    /// The thread has changed its owner since the caller looked.
    #[error("field `epoch` is {expected}, the thread is at {found}")]
    EpochChanged { found: u64, expected: u64 },
    /// Too many turns wait.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The thread or its answer could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The intent could not be read.
    #[error(transparent)]
    Intent(#[from] IntentError),
    /// The thread changed under this turn more often than is tried.
    #[error("the thread changed {tries} times while the turn was answered")]
    Contended { tries: u32 },
}
