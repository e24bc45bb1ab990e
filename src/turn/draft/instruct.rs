//! Drafts with any instruct model: the file's own chat template, the rules, the facts.

use crate::turn::draft;
use crate::turn::draft::Address;
use crate::turn::draft::Brief;
use crate::turn::draft::Budget;
use crate::turn::draft::Decoding;
use crate::turn::draft::Draft;
use crate::turn::draft::DraftError;
use crate::turn::draft::Drafter;
use crate::turn::draft::Emoji;
use crate::turn::draft::HistoryLine;
use crate::turn::grounding::Grounder;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use vitrine_base::language::Language;
use vitrine_engine::CacheScope;
use vitrine_engine::EndOfText;
use vitrine_engine::EngineError;
use vitrine_engine::GenerationModel;
use vitrine_engine::GenerationRequest;
use vitrine_engine::Sampling;
use vitrine_engine::text::ChatMessage;
use vitrine_engine::text::Special;
use vitrine_engine::text::TemplateSettings;
use vitrine_engine::text::TextError;

/// Drafts with an instruct model; see the module's description.
#[derive(Debug)]
pub(crate) struct InstructDrafter {
    model: GenerationModel,
    /// `None` decodes without a constraint.
    grounder: Option<Grounder>,
}

impl InstructDrafter {
    pub(super) fn new(model: GenerationModel, decoding: Decoding) -> Result<Self, EngineError> {
        let grounder = draft::grounder(&model, decoding, None)?;
        Ok(Self { model, grounder })
    }

    async fn complete(
        &self,
        brief: &Brief,
        history: &[HistoryLine],
        budget: Budget,
    ) -> Result<Draft, DraftError> {
        let tokens =
            history.iter().map(|line| self.tokens_of(line)).collect::<Result<Vec<_>, _>>()?;
        let shown = newest(history, &tokens, budget.history_tokens_max);
        let messages = messages(brief, shown);
        let prompt_token_ids = self.encode(&messages)?;
        let shared_tokens = self.shared_tokens(&messages[0], &prompt_token_ids)?;
        let generation = self.model.engine().submit(GenerationRequest {
            prompt_token_ids,
            output_tokens_max: budget.output_tokens_max,
            sampling: Sampling::GREEDY,
            // One line: instruct models tend to continue.
            stop: vec!["\n".to_owned()],
            deadline: Some(budget.deadline),
            end_of_text: EndOfText::Stop,
            cache: CacheScope::Tenant { owner: budget.cache_owner, shared_tokens },
            priority: budget.priority,
            constraint: self.grounder.as_ref().map(|held| held.constraint(&brief.facts)),
        })?;
        let completion = generation.collect().await?;
        if completion.finished_late() {
            return Err(DraftError::Late);
        }
        Ok(Draft {
            text: completion.text.trim().trim_matches('"').trim().to_owned(),
            whole: !completion.ran_out(),
            prompt_tokens: completion.usage.prompt_tokens,
            cached_tokens: completion.usage.cached_tokens,
            output_tokens: completion.usage.output_tokens,
        })
    }

    /// Tokens of a line's text; those that the chat template adds are not counted.
    fn tokens_of(&self, line: &HistoryLine) -> Result<usize, TextError> {
        Ok(self.model.tokenizer().encode(&one_line(&line.text), Special::Skip)?.len())
    }

    /// Number of leading prompt tokens that depend on the rules alone: the prefix shared with a
    /// conversation in which everything else differs.
    fn shared_tokens(&self, rules: &ChatMessage, prompt: &[u32]) -> Result<usize, TextError> {
        let nobodys = [rules.clone(), ChatMessage::new("user", String::new())];
        let nobodys = self.encode(&nobodys)?;
        Ok(prompt.iter().zip(&nobodys).take_while(|(own, shared)| own == shared).count())
    }

    /// Encodes messages with the model's chat template; without one, as plain paragraphs. A model
    /// that can reason is told not to, because a customer is waiting.
    fn encode(&self, messages: &[ChatMessage]) -> Result<Vec<u32>, TextError> {
        self.model.encode_chat_with(messages, &TemplateSettings::without_thinking())
    }
}

impl Drafter for InstructDrafter {
    fn draft<'a>(
        &'a self,
        brief: &'a Brief,
        history: &'a [HistoryLine],
        budget: Budget,
    ) -> BoxFuture<'a, Result<Draft, DraftError>> {
        self.complete(brief, history, budget).boxed()
    }

    fn lexicon(&self) -> Option<&BTreeSet<String>> {
        None
    }

    fn wants_history(&self) -> bool {
        true
    }
}

/// The newest whole turns with at most `tokens_max` tokens together; `tokens` has the count of each
/// line. A turn begins with a customer's message, or with ours if it answers none.
fn newest<'a>(
    history: &'a [HistoryLine],
    tokens: &[usize],
    tokens_max: usize,
) -> &'a [HistoryLine] {
    let begins =
        |at: usize| history[at].is_customers() || at == 0 || !history[at - 1].is_customers();
    let mut from = history.len();
    let mut taken = 0;
    for at in (0..history.len()).rev() {
        taken += tokens[at];
        if taken > tokens_max {
            break;
        }
        if begins(at) {
            from = at;
        }
    }
    &history[from..]
}

/// Stable parts come first, so that the prefix cache covers them: the rules, equal for all
/// conversations of a style; then the history, which only grows; then the instruction. The
/// instruction begins with the customer's message, as the next turn's history will.
fn messages(brief: &Brief, history: &[HistoryLine]) -> Vec<ChatMessage> {
    let mut messages = vec![ChatMessage::new("system", rules(brief))];
    for line in history {
        let role = if line.is_customers() { "user" } else { "assistant" };
        messages.push(ChatMessage::new(role, one_line(&line.text)));
    }
    messages.push(ChatMessage::new("user", order(brief)));
    messages
}

fn rules(brief: &Brief) -> String {
    let style = brief.style;
    let address = match style.address {
        Address::Vous => "formal",
        Address::Tu => "informal",
    };
    let emoji = match style.emoji {
        Emoji::Some => "You may use one emoji.",
        Emoji::None => "Use no emoji.",
    };
    let language = language_name(style.language);
    format!(
        "You polish the replies of a shop's chat assistant. You get the customer's message and a \
         correct reply. Write the reply again in {language}, in a {} voice, with {address} \
         address, so that it answers the customer's own words. {emoji} Keep every number, price, \
         name, date, condition and link exactly; add nothing that the reply does not say. Not \
         longer than the reply. Write the reply and nothing else.",
        style.voice.name()
    )
}

/// The English name of a language, for a prompt; its code if it is not a common one.
fn language_name(language: Language) -> String {
    let name = match language {
        Language::EN => "English",
        Language::FR => "French",
        Language::DE => "German",
        Language::ES => "Spanish",
        Language::IT => "Italian",
        Language::PT => "Portuguese",
        other => return format!("the language `{}`", other.code()),
    };
    name.to_owned()
}

fn order(brief: &Brief) -> String {
    let customer = brief.customer.as_deref().map(one_line).unwrap_or_default();
    format!("Customer: {customer}\nReply: {}", one_line(&brief.text))
}

/// A text that cannot imitate a line of the instruction.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::draft::FactKey;
    use crate::turn::draft::Length;
    use crate::turn::draft::Speaker;
    use crate::turn::draft::Style;
    use crate::turn::draft::Voice;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;
    use vitrine_base::channel::ChannelKind;
    use vitrine_base::clock::Clock;
    use vitrine_base::clock::SystemClock;
    use vitrine_base::ids::TenantId;
    use vitrine_base::units::Bytes;
    use vitrine_engine::CacheOwner;
    use vitrine_engine::EngineOptions;
    use vitrine_engine::PrefixCaching;
    use vitrine_engine::Priority;
    use vitrine_engine::Speculation;
    use vitrine_engine::model::KvType;

    const PAGE_TOKENS: usize = 16;

    /// The built-in drafter's model used as an instruct model; the texts do not matter here.
    fn instruct() -> InstructDrafter {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/drafter/drafter.gguf");
        let options = EngineOptions {
            page_tokens: PAGE_TOKENS,
            kv_bytes_max: Bytes(32 << 20),
            kv_type: KvType::F32,
            quantize: None,
            tier: None,
            prefix_cache: PrefixCaching::On,
            step_tokens_max: 256,
            decode_gap_percent: 0,
            sequences_max: 4,
            waiting_max: 16,
            waiting_prompt_tokens_max: 4_096,
            waiting_time_max: None,
            context_tokens_max: 512,
            output_tokens_max: 32,
            speculation: Speculation::OFF,
        };
        let model = vitrine_engine::open(&path, "drafter", options, Arc::new(SystemClock)).unwrap();
        InstructDrafter::new(model, Decoding::Free).unwrap()
    }

    fn brief(customer: &str) -> Brief {
        let style = Style {
            language: Language::EN,
            channel: ChannelKind::Webchat,
            voice: Voice::Warm,
            address: Address::Vous,
            length: Length::Short,
            emoji: Emoji::None,
        };
        let mut brief = Brief::new("Gel 5 is €3.", style).with(FactKey::Product, "Gel 5");
        brief.customer = Some(customer.to_owned());
        brief
    }

    fn budget(tenant: &str) -> Budget {
        Budget {
            cache_owner: CacheOwner::of(&TenantId::new(tenant).unwrap()),
            priority: Priority::Live,
            deadline: SystemClock.instant() + Duration::from_secs(120),
            output_tokens_max: 4,
            history_tokens_max: 1_000,
        }
    }

    fn speaker(from_customer: bool) -> Speaker {
        if from_customer { Speaker::Customer } else { Speaker::Bot }
    }

    #[test]
    fn a_conversation_is_cut_between_turns_and_never_within_one() {
        // Customer, shop; a human unprompted; the customer twice, with an answer to the second
        // message.
        let said = [(true, 10), (false, 5), (false, 7), (true, 3), (true, 2), (false, 20)];
        let line = |from_customer| HistoryLine::of(speaker(from_customer), "");
        let history: Vec<HistoryLine> = said.iter().map(|(who, _)| line(*who)).collect();
        let tokens: Vec<usize> = said.iter().map(|(_, tokens)| *tokens).collect();
        for (tokens_max, lines) in [
            (0, 0),
            (21, 0),
            (22, 2),
            (24, 2),
            (25, 3),
            (31, 3),
            (32, 4),
            (46, 4),
            (47, 6),
            (99, 6),
        ] {
            let shown = newest(&history, &tokens, tokens_max);
            assert_eq!(shown.len(), lines, "{tokens_max} tokens");
        }
        assert!(newest(&[], &[], 9).is_empty());
    }

    /// Goal: a conversation of any length leaves room for the instruction. Method: one longer than
    /// the context; without the cut, the engine would refuse the prompt.
    #[tokio::test]
    async fn a_conversation_longer_than_the_context_is_drafted_from_its_end() {
        let drafter = instruct();
        let line = HistoryLine::of(Speaker::Customer, &"and the shoes ".repeat(20));
        let long = vec![line; 40];
        let brief = brief("how much is the gel");
        let all = Budget { history_tokens_max: usize::MAX, ..budget("a") };
        assert!(drafter.draft(&brief, &long, all).await.is_err());
        let some = Budget { history_tokens_max: 100, ..budget("a") };
        drafter.draft(&brief, &long, some).await.unwrap();
    }

    /// Goal: the next turn of a conversation computes only its new words and the instruction.
    #[tokio::test]
    async fn next_turn_of_a_thread_finds_its_conversation_computed() {
        let drafter = instruct();
        let line = |from_customer, text| HistoryLine::of(speaker(from_customer), text);
        let mut history = Vec::new();
        let mut before: Vec<u32> = Vec::new();
        for customer in
            ["how much is the gel", "and the shoes, are they good", "thanks, and size 42"]
        {
            let brief = brief(customer);
            let prompt = drafter.encode(&messages(&brief, &history)).unwrap();
            let same = prompt.iter().zip(&before).take_while(|(one, two)| one == two).count();
            let draft = drafter.draft(&brief, &history, budget("a")).await.unwrap();
            assert_eq!(draft.cached_tokens, same / PAGE_TOKENS * PAGE_TOKENS, "{customer}");
            if !history.is_empty() {
                // Rules, earlier lines and the customer's words: all but the old instruction.
                let rules = rules(&brief);
                let known =
                    drafter.model.tokenizer().encode(&rules, vitrine_engine::text::Special::Add);
                assert!(draft.cached_tokens + PAGE_TOKENS > known.unwrap().len());
            }
            before = prompt;
            history.extend([line(true, customer), line(false, "It is in stock.")]);
        }
    }

    #[tokio::test]
    async fn tenants_share_the_rules_and_nothing_that_was_said() {
        let drafter = instruct();
        let brief = brief("how much is the gel");
        let messages = messages(&brief, &[]);
        let prompt = drafter.encode(&messages).unwrap();
        let shared = drafter.shared_tokens(&messages[0], &prompt).unwrap();
        assert!(shared > 4 * PAGE_TOKENS && shared + 10 < prompt.len(), "{shared}");
        let cached_tokens = async |tenant| {
            let draft = drafter.draft(&brief, &[], budget(tenant)).await.unwrap();
            draft.cached_tokens
        };
        assert_eq!(cached_tokens("a").await, 0);
        assert_eq!(cached_tokens("b").await, shared / PAGE_TOKENS * PAGE_TOKENS);
        let whole = (prompt.len() - 1) / PAGE_TOKENS * PAGE_TOKENS;
        assert_eq!(cached_tokens("a").await, whole);
    }
}
