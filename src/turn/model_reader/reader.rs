//! What a model that reads messages offers.

use crate::turn::usage::TokenUsage;
use futures::future::BoxFuture;
use std::time::Instant;
use vitrine_base::ids::TenantId;
use vitrine_base::language::Language;
use vitrine_dialogue::command::Command;
use vitrine_dialogue::reader::ReaderInput;
use vitrine_dialogue::reader::Reading;
use vitrine_dialogue::reader::model::Doubt;
use vitrine_dialogue::reader::model::Refusal;
use vitrine_engine::CacheOwner;
use vitrine_engine::EngineError;
use vitrine_engine::text::TextError;

/// A model's reading of a message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ModelReading {
    /// Its commands, in its order; never empty.
    pub(crate) commands: Vec<Command>,
    pub(crate) usage: TokenUsage,
}

/// Why a model did not read a message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The engine refused the prompt or failed.
    #[error("the engine returned no reading")]
    Engine(#[source] EngineError),
    /// Rendering the chat template or tokenising the prompt failed.
    #[error("the prompt could not be built")]
    Prompt(#[from] TextError),
    /// The deadline passed first, or the engine is too busy to meet it.
    #[error("the reading was not finished by the deadline")]
    Late,
    /// It wrote something else than commands for the message.
    #[error("the reading is not valid")]
    Refused(#[from] Refusal),
}

impl From<EngineError> for ReadError {
    fn from(error: EngineError) -> Self {
        let busy = matches!(
            error,
            EngineError::Full { .. }
                | EngineError::Overloaded { .. }
                | EngineError::DeadlineUnreachable { .. }
        );
        if busy { Self::Late } else { Self::Engine(error) }
    }
}

/// Limits of one reading, and its share of the prefix cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadBudget {
    /// Owner of the prefix-cache pages that the prompt may reuse, and of those it adds.
    pub(crate) cache_owner: CacheOwner,
    /// When the reading must be finished.
    pub(crate) deadline: Instant,
}

/// A model that reads messages.
pub(crate) trait ModelReader: Send + Sync + std::fmt::Debug {
    /// The doubts of the rules in which it is known to read better.
    fn worth(&self) -> &[Doubt];

    /// Computes what its prompts begin with, in one language first, so that no customer waits for
    /// it. Blocks the thread for seconds; to call on a thread of an async runtime is an error.
    ///
    /// # Errors
    /// If a prompt cannot be built, or the engine refuses it or fails.
    fn warm_up(&self, first: Language, tenant: &TenantId) -> Result<(), ReadError>;

    /// Reads a message; `fast` is the reading of the rules.
    fn read<'a>(
        &'a self,
        input: ReaderInput<'a>,
        fast: &'a Reading,
        budget: ReadBudget,
    ) -> BoxFuture<'a, Result<ModelReading, ReadError>>;
}
