//! Third stage: the words of a reply. A model may reword what the templates say; its text is sent
//! only if it keeps every fact, adds none, and comes in time.

use crate::turn::answer::ReplySource;
use crate::turn::draft::Brief;
use crate::turn::draft::Budget;
use crate::turn::draft::Draft;
use crate::turn::draft::Drafter;
use crate::turn::draft::HistoryLine;
use crate::turn::grounding;
use crate::turn::grounding::GroundingVocabulary;
use crate::turn::usage::TokenUsage;
use vitrine_base::causes::chain;
use vitrine_base::telemetry;

/// The text of a reply, and where it comes from.
#[derive(Debug, Clone)]
pub(crate) struct ComposedReply {
    pub(crate) text: String,
    pub(crate) source: ReplySource,
    pub(crate) usage: TokenUsage,
}

/// Rewords a reply if the drafter does so, and the result passes the check.
pub(crate) async fn compose(
    drafter: &dyn Drafter,
    brief: &Brief,
    history: &[HistoryLine],
    terms: Terms<'_>,
) -> ComposedReply {
    let template = |usage| ComposedReply { usage, ..fixed(brief) };
    if !drafter.rewords() {
        return fixed(brief);
    }
    let known = GroundingVocabulary { lexicon: drafter.lexicon(), ..terms.known };
    let Some(draft) = draft_in_time(drafter, brief, history, terms.budget).await else {
        return fixed(brief);
    };
    let usage = TokenUsage {
        prompt_tokens: draft.prompt_tokens,
        cached_tokens: draft.cached_tokens,
        output_tokens: draft.output_tokens,
    };
    match grounding::check_draft(&draft, brief, known) {
        Ok(()) => ComposedReply { text: draft.text, source: ReplySource::Model, usage },
        Err(ungrounded) => {
            reject(ungrounded.label());
            // The reason quotes the draft, which may quote the customer: not for the default log.
            tracing::debug!(reason = %ungrounded, "draft refused");
            template(usage)
        }
    }
}

/// The reply as the templates word it, which no model may change.
pub(crate) fn fixed(brief: &Brief) -> ComposedReply {
    let (source, usage) = (ReplySource::Template, TokenUsage::default());
    ComposedReply { text: brief.text.clone(), source, usage }
}

/// Limits of the drafts, and the vocabulary of their check.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) budget: Budget,
    pub(crate) known: GroundingVocabulary<'a>,
}

async fn draft_in_time(
    drafter: &dyn Drafter,
    brief: &Brief,
    history: &[HistoryLine],
    budget: Budget,
) -> Option<Draft> {
    let deadline = tokio::time::Instant::from_std(budget.deadline);
    let drafting = drafter.draft(brief, history, budget);
    match tokio::time::timeout_at(deadline, drafting).await {
        Ok(Ok(draft)) => Some(draft),
        Ok(Err(error)) => {
            reject("engine");
            tracing::warn!(error = %chain(&error), "drafting failed");
            None
        }
        Err(_) => {
            reject("deadline");
            None
        }
    }
}

fn reject(reason: &'static str) {
    metrics::counter!(telemetry::DRAFTS_REJECTED_TOTAL, "reason" => reason).increment(1);
}
