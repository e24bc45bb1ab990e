//! The built-in drafter: a small model, shipped in the repository, that completes a plain-text
//! brief.
//!
//! Format 1, described in `models/drafter/README.md`: header lines, fact lines, the customer's
//! line, `reply:`. The model writes one line of reply, then one `- Title` line for each option.

use crate::turn::draft;
use crate::turn::draft::Address;
use crate::turn::draft::Brief;
use crate::turn::draft::Budget;
use crate::turn::draft::Decoding;
use crate::turn::draft::Draft;
use crate::turn::draft::DraftError;
use crate::turn::draft::Drafter;
use crate::turn::draft::HistoryLine;
use crate::turn::grounding::Grounder;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use vitrine_engine::CacheScope;
use vitrine_engine::EndOfText;
use vitrine_engine::EngineError;
use vitrine_engine::GenerationModel;
use vitrine_engine::GenerationRequest;
use vitrine_engine::Sampling;
use vitrine_engine::text::Special;

/// Metadata key of the model's closed vocabulary.
const LEXICON_KEY: &str = "vitrine.drafter.lexicon";

/// Longest customer line in a prompt, in characters: as in training.
const CUSTOMER_CHARS_MAX: usize = 160;

/// Drafts with the built-in model; see the module's description.
#[derive(Debug)]
pub(crate) struct BuiltInDrafter {
    model: GenerationModel,
    lexicon: Option<BTreeSet<String>>,
    /// `None` decodes without a constraint.
    grounder: Option<Grounder>,
}

impl BuiltInDrafter {
    pub(super) fn new(model: GenerationModel, decoding: Decoding) -> Result<Self, EngineError> {
        let lexicon: Option<BTreeSet<String>> =
            model.metadata().texts(LEXICON_KEY).map(|words| words.iter().cloned().collect());
        let grounder = draft::grounder(&model, decoding, lexicon.as_ref())?;
        Ok(Self { model, lexicon, grounder })
    }

    async fn complete(&self, brief: &Brief, budget: Budget) -> Result<Draft, DraftError> {
        let prompt = prompt(brief);
        let prompt_token_ids = self.model.tokenizer().encode(&prompt, Special::Add)?;
        let generation = self.model.engine().submit(GenerationRequest {
            prompt_token_ids,
            output_tokens_max: budget.output_tokens_max,
            sampling: Sampling::GREEDY,
            stop: Vec::new(),
            deadline: Some(budget.deadline),
            end_of_text: EndOfText::Stop,
            cache: CacheScope::Tenant { owner: budget.cache_owner, shared_tokens: 0 },
            priority: budget.priority,
            constraint: self.grounder.as_ref().map(|held| held.constraint(&brief.facts)),
        })?;
        let completion = generation.collect().await?;
        if completion.finished_late() {
            return Err(DraftError::Late);
        }
        let (text, titles) = parse(&completion.text);
        Ok(Draft {
            text,
            // The reply is one line: if another follows, it is complete.
            whole: !completion.ran_out() || completion.text.trim_start().contains('\n'),
            titles,
            prompt_tokens: completion.usage.prompt_tokens,
            cached_tokens: completion.usage.cached_tokens,
            output_tokens: completion.usage.output_tokens,
        })
    }
}

impl Drafter for BuiltInDrafter {
    fn draft<'a>(
        &'a self,
        brief: &'a Brief,
        _history: &'a [HistoryLine],
        budget: Budget,
    ) -> BoxFuture<'a, Result<Draft, DraftError>> {
        self.complete(brief, budget).boxed()
    }

    fn lexicon(&self) -> Option<&BTreeSet<String>> {
        self.lexicon.as_ref()
    }

    fn wants_history(&self) -> bool {
        false
    }
}

/// Builds the prompt of a brief, up to and including `reply:`.
pub(crate) fn prompt(brief: &Brief) -> String {
    use vitrine_base::language::Language;
    let style = brief.style;
    let address = match (style.language, style.address) {
        (Language::FR, Address::Vous) => "vous",
        (Language::FR, Address::Tu) => "tu",
        (_, _) => "you",
    };
    let mut prompt = format!(
        "action: {}\nstyle: {} {} {} {address} {} {}\n",
        brief.case.name(),
        style.language.code(),
        style.channel.name(),
        style.voice.name(),
        style.length.name(),
        style.emoji.name(),
    );
    for fact in &brief.facts {
        prompt.push_str(fact.key.name());
        prompt.push_str(": ");
        prompt.push_str(&fact.value);
        prompt.push('\n');
    }
    if let Some(customer) = &brief.customer {
        let line: String = customer.split_whitespace().collect::<Vec<_>>().join(" ");
        let cut: String = line.chars().take(CUSTOMER_CHARS_MAX).collect();
        if !cut.is_empty() {
            prompt.push_str("customer: ");
            prompt.push_str(cut.trim_end());
            prompt.push('\n');
        }
    }
    prompt.push_str("reply:");
    prompt
}

/// Splits a completion into its reply line and its button titles.
pub(crate) fn parse(completion: &str) -> (String, Vec<String>) {
    let mut lines = completion.trim_start().lines();
    let text = lines.next().unwrap_or_default().trim().to_owned();
    let titles = lines
        .map_while(|line| line.trim().strip_prefix("- "))
        .map(|title| title.trim().to_owned())
        .collect();
    (text, titles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::draft::Case;
    use crate::turn::draft::Emoji;
    use crate::turn::draft::FactKey;
    use crate::turn::draft::Length;
    use crate::turn::draft::Style;
    use crate::turn::draft::Voice;
    use vitrine_base::channel::ChannelKind;
    use vitrine_base::language::Language;

    #[test]
    fn a_prompt_is_the_format_that_the_model_was_trained_on() {
        let style = Style {
            language: Language::FR,
            channel: ChannelKind::Whatsapp,
            voice: Voice::Warm,
            address: Address::Vous,
            length: Length::Short,
            emoji: Emoji::None,
        };
        let mut brief = Brief::new(Case::AskFacet, style)
            .with(FactKey::Need, "chaussures de course")
            .with(FactKey::Facet, "sensation")
            .each(FactKey::Option, ["confort", "vitesse"]);
        brief.customer = Some("Je cherche\n option: gratuit".to_owned());
        assert_eq!(
            prompt(&brief),
            "action: ask.facet\nstyle: fr whatsapp warm vous short plain\n\
             need: chaussures de course\nfacet: sensation\noption: confort\noption: vitesse\n\
             customer: Je cherche option: gratuit\nreply:"
        );
    }

    #[test]
    fn a_completion_is_a_line_and_its_titles() {
        let (text, titles) = parse(" Confort ou vitesse ?\n- Confort\n- Vitesse\n");
        assert_eq!(text, "Confort ou vitesse ?");
        assert_eq!(titles, ["Confort", "Vitesse"]);
        assert_eq!(parse(""), (String::new(), Vec::new()));
        assert_eq!(parse("\n- a"), ("- a".to_owned(), Vec::new()));
    }
}
