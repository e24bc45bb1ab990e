//! From a decided action and its facts to words: one seam, two kinds of model, one fallback.
//!
//! A [`Drafter`] proposes; `grounding` disposes; [`template`] answers when the draft fails or is
//! late. The house drafter and any instruct model stand behind the same trait.

mod brief;
pub(crate) mod compose;
pub(crate) mod house;
mod instruct;
mod slot;
pub(crate) mod template;

pub(crate) use brief::Address;
pub(crate) use brief::Brief;
pub(crate) use brief::Case;
pub(crate) use brief::Emoji;
pub(crate) use brief::Fact;
pub(crate) use brief::FactKey;
pub(crate) use brief::Length;
pub(crate) use brief::Style;
pub(crate) use brief::Voice;
pub(crate) use house::HouseDrafter;
pub(crate) use instruct::InstructDrafter;
pub(crate) use slot::DrafterSlot;

use crate::turn::grounding::Grounder;
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use std::time::Instant;
use vitrine_engine::CacheOwner;
use vitrine_engine::EngineError;
use vitrine_engine::GenerationModel;
use vitrine_engine::Priority;
use vitrine_engine::text::TextError;

/// Metadata key by which a GGUF says that it speaks the house format, and which version.
const HOUSE_FORMAT_KEY: &str = "vitrine.drafter.format";

/// Version of the house format that this code writes.
const HOUSE_FORMAT: u64 = 1;

/// What a drafter proposes for one brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    /// One line of text.
    pub(crate) text: String,
    /// Whether the text ends where the model ended it, not where its tokens ran out.
    pub(crate) whole: bool,
    /// Button titles, as many as the model gave.
    pub(crate) titles: Vec<String>,
    /// Tokens of the prompt.
    pub(crate) prompt_tokens: usize,
    /// Of these, tokens found in a cache.
    pub(crate) cached_tokens: usize,
    /// Tokens generated.
    pub(crate) output_tokens: usize,
}

/// Why there is no draft.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DraftError {
    /// The engine refused or gave up.
    #[error("the engine gave no draft")]
    Engine(#[from] EngineError),
    /// The prompt could not be built.
    #[error("the prompt could not be built")]
    Prompt(#[from] TextError),
    /// The deadline came first.
    #[error("the draft was not finished at the deadline")]
    Late,
}

/// Limits of one draft, and what it may share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// Whose prompts it may find computed, and who may find its own.
    pub(crate) cache_owner: CacheOwner,
    /// Whether somebody waits for it.
    pub(crate) priority: Priority,
    /// When the draft must be finished.
    pub(crate) deadline: Instant,
    /// Most tokens to generate.
    pub(crate) output_tokens_max: usize,
    /// Most tokens of the conversation so far; older turns are left out.
    pub(crate) history_tokens_max: usize,
}

/// An earlier message of the thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HistoryLine {
    /// Whether the customer said it; otherwise we did.
    pub(crate) from_customer: bool,
    /// What was said.
    pub(crate) text: String,
}

/// Words for a brief.
pub(crate) trait Drafter: Send + Sync + std::fmt::Debug {
    /// Drafts one brief.
    fn draft<'a>(
        &'a self,
        brief: &'a Brief,
        history: &'a [HistoryLine],
        budget: Budget,
    ) -> BoxFuture<'a, Result<Draft, DraftError>>;

    /// The closed vocabulary that this model's own words come from, folded to lower case, where it
    /// has one: any other word must then come from the facts.
    fn lexicon(&self) -> Option<&BTreeSet<String>>;

    /// Earlier messages this drafter wants to see.
    fn wants_history(&self) -> bool;
}

/// How drafts are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decoding {
    /// Held to the facts token by token.
    Grounded,
    /// The model says what it likes; the check afterwards is all.
    Free,
}

/// Picks the drafter that a model calls for.
///
/// # Errors
/// If drafts shall be grounded and the model's vocabulary is none that tokens can be chosen from.
pub(crate) fn for_model(
    model: GenerationModel,
    decoding: Decoding,
) -> Result<Box<dyn Drafter>, EngineError> {
    Ok(match model.metadata().unsigned(HOUSE_FORMAT_KEY) {
        Some(HOUSE_FORMAT) => Box::new(HouseDrafter::new(model, decoding)?),
        _ => Box::new(InstructDrafter::new(model, decoding)?),
    })
}

/// What holds a model's drafts to their facts.
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
