//! Rewording: a model may reword a reply towards the customer's message and the brand's voice.
//!
//! A [`Drafter`] proposes a text and `grounding` checks it; the reply as the templates word it is
//! sent where the proposal is late, refused or not asked for.

mod brief;
pub(crate) mod compose;
mod instruct;
mod slot;
mod templates_only;

pub(crate) use brief::Address;
pub(crate) use brief::Brief;
pub(crate) use brief::Emoji;
pub(crate) use brief::Fact;
pub(crate) use brief::FactKey;
pub(crate) use brief::Length;
pub(crate) use brief::Style;
pub(crate) use brief::Voice;
pub(crate) use instruct::InstructDrafter;
pub(crate) use slot::DrafterSlot;
pub(crate) use templates_only::TemplatesOnly;

use crate::turn::grounding::Grounder;
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use std::time::Instant;
use vitrine_engine::CacheOwner;
use vitrine_engine::EngineError;
use vitrine_engine::GenerationModel;
use vitrine_engine::Priority;
use vitrine_engine::text::TextError;

/// Metadata key by which a GGUF file declares that it was trained to word facts in a format of its
/// own. Such a model does not follow instructions, and cannot reword a reply.
const OWN_FORMAT_KEY: &str = "vitrine.drafter.format";

/// What a drafter proposes for one brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    /// The text, on one line.
    pub(crate) text: String,
    /// Whether the model ended the text itself, before its output tokens ran out.
    pub(crate) whole: bool,
    /// Tokens of the prompt, cached ones included.
    pub(crate) prompt_tokens: usize,
    /// Prompt tokens found in the prefix cache.
    pub(crate) cached_tokens: usize,
    /// Tokens generated.
    pub(crate) output_tokens: usize,
}

/// Why there is no draft.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DraftError {
    /// The engine refused the sequence or failed.
    #[error("the engine returned no draft")]
    Engine(#[from] EngineError),
    /// Rendering the chat template or tokenising the prompt failed.
    #[error("the prompt could not be built")]
    Prompt(#[from] TextError),
    /// The deadline passed first.
    #[error("the draft was not finished by the deadline")]
    Late,
}

/// Limits of one draft, and its share of the prefix cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// Owner of the prefix-cache pages that the prompt may reuse, and of those it adds.
    pub(crate) cache_owner: CacheOwner,
    /// Live if a customer is waiting.
    pub(crate) priority: Priority,
    /// When the draft must be finished.
    pub(crate) deadline: Instant,
    /// Most tokens to generate.
    pub(crate) output_tokens_max: usize,
    /// Most tokens of earlier turns; the oldest turns are left out.
    pub(crate) history_tokens_max: usize,
}

/// An earlier message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryLine {
    pub(crate) speaker: Speaker,
    /// Text of the message.
    pub(crate) text: String,
}

/// Who wrote an earlier message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    Customer,
    Bot,
    /// A human of the shop.
    Human,
}

impl Speaker {
    /// Name in summaries for a human.
    fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Bot => "bot",
            Self::Human => "agent",
        }
    }
}

impl HistoryLine {
    pub(crate) fn of(speaker: Speaker, text: &str) -> Self {
        Self { speaker, text: text.to_owned() }
    }

    /// Whether the customer wrote it.
    pub(crate) fn is_customers(&self) -> bool {
        self.speaker == Speaker::Customer
    }

    /// `SPEAKER: TEXT` on one line: a message must not look like a line of somebody else.
    pub(crate) fn quoted(&self) -> String {
        let words = self.text.lines().map(str::trim).filter(|line| !line.is_empty());
        format!("{}: {}", self.speaker.name(), words.collect::<Vec<_>>().join(" / "))
    }
}

/// A model that rewords replies.
pub(crate) trait Drafter: Send + Sync + std::fmt::Debug {
    /// Whether it rewords at all; else the templates' words are sent, and nothing waits for it.
    fn rewords(&self) -> bool {
        true
    }

    /// Rewords one reply.
    fn draft<'a>(
        &'a self,
        brief: &'a Brief,
        history: &'a [HistoryLine],
        budget: Budget,
    ) -> BoxFuture<'a, Result<Draft, DraftError>>;

    /// The model's closed vocabulary in lower case, if it has one. Any other word of a draft must
    /// then come from the facts.
    fn lexicon(&self) -> Option<&BTreeSet<String>>;

    /// Whether earlier messages are passed to [`Drafter::draft`].
    fn wants_history(&self) -> bool;
}

/// How drafts are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decoding {
    /// Constrained to the facts, token by token.
    Grounded,
    /// Unconstrained; only the check of the finished draft applies.
    Free,
}

/// Chooses the drafter for a model by its metadata.
///
/// # Errors
/// If drafts are constrained to their facts, and the model's vocabulary does not allow that.
pub(crate) fn for_model(
    model: GenerationModel,
    decoding: Decoding,
) -> Result<Box<dyn Drafter>, EngineError> {
    Ok(match follows_instructions(&model) {
        false => Box::new(TemplatesOnly),
        true => Box::new(InstructDrafter::new(model, decoding)?),
    })
}

/// Whether a model can be told what to do, by its metadata.
pub(crate) fn follows_instructions(model: &GenerationModel) -> bool {
    model.metadata().unsigned(OWN_FORMAT_KEY).is_none()
}

/// The constraint builder of a model; `None` for free decoding.
fn grounder(
    model: &GenerationModel,
    decoding: Decoding,
    lexicon: Option<&BTreeSet<String>>,
) -> Result<Option<Grounder>, EngineError> {
    match decoding {
        Decoding::Grounded => Grounder::new(model, lexicon).map(Some),
        Decoding::Free => Ok(None),
    }
}
