//! Any instruct model from the Hub: the file's own chat template, the rules, the facts.

use crate::base::language::Language;
use crate::engine::EndOfText;
use crate::engine::EngineError;
use crate::engine::GenerationModel;
use crate::engine::GenerationRequest;
use crate::engine::Sampling;
use crate::text::ChatMessage;
use crate::text::TextError;
use crate::turn::draft;
use crate::turn::draft::Address;
use crate::turn::draft::Brief;
use crate::turn::draft::Budget;
use crate::turn::draft::Case;
use crate::turn::draft::Decoding;
use crate::turn::draft::Draft;
use crate::turn::draft::DraftError;
use crate::turn::draft::Drafter;
use crate::turn::draft::Emoji;
use crate::turn::draft::HistoryLine;
use crate::turn::draft::Length;
use crate::turn::grounding::Grounder;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::collections::BTreeSet;

/// See the module's description.
#[derive(Debug)]
pub(crate) struct InstructDrafter {
    model: GenerationModel,
    /// `None` decodes freely.
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
        let prompt_token_ids = self.encode(&messages(brief, history))?;
        let generation = self.model.engine().submit(GenerationRequest {
            prompt_token_ids,
            output_tokens_max: budget.output_tokens_max,
            sampling: Sampling::GREEDY,
            // One line: instruct models like to go on.
            stop: vec!["\n".to_owned()],
            deadline: Some(budget.deadline),
            end_of_text: EndOfText::Stop,
            constraint: self.grounder.as_ref().map(|held| held.constraint(&brief.facts)),
        })?;
        let completion = generation.collect().await?;
        if completion.finished_late() {
            return Err(DraftError::Late);
        }
        Ok(Draft {
            text: completion.text.trim().trim_matches('"').trim().to_owned(),
            titles: Vec::new(),
            prompt_tokens: completion.usage.prompt_tokens,
            cached_tokens: completion.usage.cached_tokens,
            output_tokens: completion.usage.output_tokens,
        })
    }

    /// A model without a chat template gets the messages as plain paragraphs.
    fn encode(&self, messages: &[ChatMessage]) -> Result<Vec<u32>, TextError> {
        self.model.encode_chat(messages)
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

/// The stable part comes first, so that it can be kept computed between turns.
fn messages(brief: &Brief, history: &[HistoryLine]) -> Vec<ChatMessage> {
    let mut messages = vec![ChatMessage::new("system", rules(brief))];
    for line in history {
        let role = if line.from_customer { "user" } else { "assistant" };
        messages.push(ChatMessage::new(role, line.text.clone()));
    }
    messages.push(ChatMessage::new("user", order(brief)));
    messages
}

fn rules(brief: &Brief) -> String {
    let style = brief.style;
    let language = match (style.language, style.address) {
        (Language::En, _) => "English",
        (Language::Fr, Address::Vous) => "French, saying vous",
        (Language::Fr, Address::Tu) => "French, saying tu",
    };
    let length = match style.length {
        Length::Short => "one short sentence",
        Length::Long => "two sentences",
    };
    let emoji = match style.emoji {
        Emoji::Some => "You may use one emoji.",
        Emoji::None => "Use no emoji.",
    };
    format!(
        "You word the replies of a shop's chat assistant. Write in {language}, in a {} voice, \
         {length}, on one line. {emoji} Say only what the facts say: copy every number, price, \
         name, date and link exactly, and add none. Write the reply and nothing else.",
        style.voice.name()
    )
}

fn order(brief: &Brief) -> String {
    let mut text = String::new();
    if let Some(customer) = &brief.customer {
        let line = customer.split_whitespace().collect::<Vec<_>>().join(" ");
        text.push_str(&format!("The customer wrote: {line}\n"));
    }
    text.push_str(&format!("What the reply must do: {}\nFacts:\n", purpose(brief.case)));
    for fact in &brief.facts {
        text.push_str(&format!("- {}: {}\n", fact.key.name(), fact.value));
    }
    text
}

fn purpose(case: Case) -> &'static str {
    match case {
        Case::Greet => "greet the customer, name the shop, ask how to help",
        Case::AskNeed => "ask what the customer is looking for",
        Case::AskFacet => "ask one question that lets the customer choose between the options",
        Case::AskSize => "ask which size the customer wants for the product",
        Case::AskConfirm => "ask the customer to confirm the product in this size",
        Case::RecommendProduct => "recommend the product, saying its name and price",
        Case::RecommendNone => "say that nothing fits, and name the options",
        Case::AnswerPolicy => "answer with the policy, its numbers unchanged",
        Case::AnswerPrice => "say what the product costs",
        Case::AnswerStock => "say whether the product is in stock",
        Case::AnswerProduct => "describe the product by its features",
        Case::CheckoutLink => "give the link to pay for the product",
        Case::OrderStatusKnown => "say where the order stands",
        Case::OrderStatusMissing => "ask for the order number",
        Case::ClarifyOptions => "ask which of the options the customer means",
        Case::ClarifyOpen => "ask the customer to say it in other words",
        Case::DeflectScope => "say kindly that this is not your subject, and what is",
        Case::HandoffRequested => "say that a person of the team takes over",
        Case::HandoffComplaint => "apologise, and say that a person of the team takes over",
        Case::HandoffUnsure => "say that a person of the team will answer rather than guess",
        Case::CloseThanks => "thank the customer and say goodbye",
    }
}
