//! Third stage: words a decision. Drafts its briefs concurrently, checks each draft, and uses the
//! template instead of a draft that is late, refused or missing.

use crate::turn::answer::DraftUsage;
use crate::turn::answer::ReplyOption;
use crate::turn::answer::ReplySource;
use crate::turn::decide::PlannedOption;
use crate::turn::draft::Brief;
use crate::turn::draft::Budget;
use crate::turn::draft::Draft;
use crate::turn::draft::Drafter;
use crate::turn::draft::FactKey;
use crate::turn::draft::HistoryLine;
use crate::turn::draft::template;
use crate::turn::grounding;
use crate::turn::grounding::GroundingVocabulary;
use futures::future::join_all;
use vitrine_base::causes::chain;
use vitrine_base::telemetry;

/// Longest button title that a drafter may word, in characters: WhatsApp's limit.
const TITLE_CHARS_MAX: usize = 20;

/// The text of a reply, and its buttons.
#[derive(Debug, Clone)]
pub(crate) struct ComposedReply {
    pub(crate) text: String,
    pub(crate) source: ReplySource,
    pub(crate) options: Vec<ReplyOption>,
    pub(crate) usage: DraftUsage,
}

/// Words the briefs of one decision as one message.
pub(crate) async fn compose(
    drafter: &dyn Drafter,
    briefs: &[Brief],
    options: &[PlannedOption],
    history: &[HistoryLine],
    terms: Terms<'_>,
) -> ComposedReply {
    let known = GroundingVocabulary { lexicon: drafter.lexicon(), ..terms.known };
    let drafts =
        join_all(briefs.iter().map(|brief| draft_in_time(drafter, brief, history, terms.budget)));
    let mut parts = Vec::new();
    let mut source = ReplySource::Model;
    let mut usage = DraftUsage::default();
    let mut titles = Vec::new();
    for (brief, draft) in briefs.iter().zip(drafts.await) {
        if let Some(draft) = &draft {
            usage.prompt_tokens += draft.prompt_tokens;
            usage.cached_tokens += draft.cached_tokens;
            usage.output_tokens += draft.output_tokens;
        }
        match draft.and_then(|draft| accept_if_grounded(draft, brief, known)) {
            Some(draft) => {
                parts.push(draft.text);
                titles = draft.titles;
            }
            None => {
                source = ReplySource::Template;
                parts.push(template::render(brief));
                titles = Vec::new();
            }
        }
    }
    // Options that the text mentions come first; only those have drafted titles.
    let spoken = briefs.last().map_or(0, |brief| brief.values(FactKey::Option).count());
    ComposedReply {
        text: parts.join(" "),
        source,
        options: name_options(options, &titles, spoken),
        usage,
    }
}

/// Words the briefs with their templates alone, for texts that no drafter may change.
pub(crate) fn fixed(briefs: &[Brief], options: &[PlannedOption]) -> ComposedReply {
    let parts: Vec<String> = briefs.iter().map(template::render).collect();
    ComposedReply {
        text: parts.join(" "),
        source: ReplySource::Template,
        options: name_options(options, &[], 0),
        usage: DraftUsage::default(),
    }
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
            tracing::warn!(case = brief.case.name(), error = %chain(&error), "drafting failed");
            None
        }
        Err(_) => {
            reject("deadline");
            None
        }
    }
}

fn accept_if_grounded(
    draft: Draft,
    brief: &Brief,
    known: GroundingVocabulary<'_>,
) -> Option<Draft> {
    match grounding::check_draft(&draft, brief, known) {
        Ok(()) => Some(draft),
        Err(ungrounded) => {
            reject(ungrounded.label());
            // The reason quotes the draft, which may quote the customer: not for the default log.
            tracing::debug!(case = brief.case.name(), reason = %ungrounded, "draft refused");
            None
        }
    }
}

fn reject(reason: &'static str) {
    metrics::counter!(telemetry::DRAFTS_REJECTED_TOTAL, "reason" => reason).increment(1);
}

/// The drafted titles that match their options; elsewhere the option's own label.
fn name_options(options: &[PlannedOption], titles: &[String], spoken: usize) -> Vec<ReplyOption> {
    let drafted = titles.len() == spoken;
    options
        .iter()
        .enumerate()
        .map(|(index, option)| {
            let title = titles.get(index).filter(|title| {
                drafted && grounding::title_is_sound(title, &option.label, TITLE_CHARS_MAX)
            });
            let title = title.cloned().unwrap_or_else(|| capitalised(&option.label));
            ReplyOption { id: option.id.clone(), title }
        })
        .collect()
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
