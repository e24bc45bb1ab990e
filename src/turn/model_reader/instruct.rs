//! Reads with any instruct model: the file's own chat template, the shop's prompt, a grammar.

use crate::turn::model_reader::reader::ModelReader;
use crate::turn::model_reader::reader::ModelReading;
use crate::turn::model_reader::reader::ReadBudget;
use crate::turn::model_reader::reader::ReadError;
use crate::turn::usage::TokenUsage;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use vitrine_base::ids::TenantId;
use vitrine_base::language::Language;
use vitrine_catalog::Catalog;
use vitrine_dialogue::policies::Policies;
use vitrine_dialogue::reader::ReaderInput;
use vitrine_dialogue::reader::Reading;
use vitrine_dialogue::reader::model;
use vitrine_dialogue::reader::model::Doubt;
use vitrine_dialogue::reader::model::Line;
use vitrine_dialogue::reader::model::Prompt;
use vitrine_dialogue::reader::model::Scope;
use vitrine_dialogue::reader::model::ShopIds;
use vitrine_dialogue::reader::model::Speaker;
use vitrine_engine::CacheOwner;
use vitrine_engine::CacheScope;
use vitrine_engine::EndOfText;
use vitrine_engine::GenerationModel;
use vitrine_engine::GenerationRequest;
use vitrine_engine::Grammar;
use vitrine_engine::Priority;
use vitrine_engine::Sampling;
use vitrine_engine::text::ChatMessage;
use vitrine_engine::text::TemplateSettings;
use vitrine_engine::text::TextError;

/// Most tokens of a line of commands.
const OUTPUT_TOKENS_MAX: usize = 64;

/// What the prompts of a shop consist of.
#[derive(Debug)]
pub(crate) struct ShopPrompts {
    ids: ShopIds,
    prompt: Prompt,
}

impl ShopPrompts {
    /// Collects the ids of a shop and writes its instructions.
    pub(crate) fn new(catalog: &Catalog, policies: &Policies) -> Self {
        let ids = ShopIds::of(catalog, policies);
        let prompt = Prompt::new(&ids, catalog);
        Self { ids, prompt }
    }
}

/// Reads with an instruct model; see the module's description.
#[derive(Debug)]
pub(crate) struct InstructReader {
    model: GenerationModel,
    shop: Arc<ShopPrompts>,
    worth: Vec<Doubt>,
    /// The tokens of the prompts without a message, by language.
    empty: Mutex<HashMap<Language, Arc<[u32]>>>,
    /// Whether the shared parts of its prompts were computed; locked while they are.
    warm: Mutex<bool>,
}

impl InstructReader {
    /// A reader for a model that reads better in these doubts.
    pub(crate) fn new(model: GenerationModel, shop: Arc<ShopPrompts>, worth: Vec<Doubt>) -> Self {
        Self { model, shop, worth, empty: Mutex::default(), warm: Mutex::default() }
    }

    /// Computes what the prompts in a language begin with.
    fn warm_up_in(&self, language: Language, tenant: &TenantId) -> Result<(), ReadError> {
        let prompt_token_ids = self.empty(language)?.to_vec();
        let shared_tokens = prompt_token_ids.len();
        let mut request = GenerationRequest::new(prompt_token_ids, 1);
        request.cache = CacheScope::Tenant { owner: CacheOwner::of(tenant), shared_tokens };
        request.priority = Priority::Outreach;
        self.model.engine().submit(request)?.collect_blocking()?;
        Ok(())
    }

    async fn complete(
        &self,
        input: ReaderInput<'_>,
        fast: &Reading,
        budget: ReadBudget,
    ) -> Result<ModelReading, ReadError> {
        let scope = Scope::new(&self.shop.ids, &input, &fast.commands);
        let situation = scope.situation(input.state, input.text);
        let prompt_token_ids = self.encode(input.language, &situation)?;
        let empty = self.empty(input.language)?;
        let same = prompt_token_ids.iter().zip(empty.iter()).take_while(|(own, any)| own == any);
        let shared_tokens = same.count();
        let grammar = Grammar::Lark(model::grammar(&scope));
        let constraint = self.model.constrain(grammar).await?;
        let generation = self.model.engine().submit(GenerationRequest {
            prompt_token_ids,
            output_tokens_max: OUTPUT_TOKENS_MAX,
            sampling: Sampling::GREEDY,
            stop: vec!["\n".to_owned()],
            deadline: Some(budget.deadline),
            end_of_text: EndOfText::Stop,
            cache: CacheScope::Tenant { owner: budget.cache_owner, shared_tokens },
            priority: Priority::Live,
            constraint: Some(constraint),
        })?;
        let completion = generation.collect().await?;
        if completion.finished_late() {
            return Err(ReadError::Late);
        }
        // A line that ran out of tokens may end in the middle of an id.
        let line = if completion.ran_out() { "" } else { completion.text.as_str() };
        // The line may quote the customer: not for the default log.
        tracing::debug!(line, "read by the model");
        let commands = model::parse(line, &scope)?;
        let usage = TokenUsage {
            prompt_tokens: completion.usage.prompt_tokens,
            cached_tokens: completion.usage.cached_tokens,
            output_tokens: completion.usage.output_tokens,
        };
        Ok(ModelReading { commands, usage })
    }

    fn empty(&self, language: Language) -> Result<Arc<[u32]>, TextError> {
        // An entry is complete before it is inserted, so a poisoned lock is harmless.
        let kept = || self.empty.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokens) = kept().get(&language) {
            return Ok(Arc::clone(tokens));
        }
        let tokens: Arc<[u32]> = self.encode(language, "")?.into();
        kept().insert(language, Arc::clone(&tokens));
        Ok(tokens)
    }

    fn encode(&self, language: Language, situation: &str) -> Result<Vec<u32>, TextError> {
        let lines = self.shop.prompt.lines(language, situation);
        let messages: Vec<ChatMessage> = lines.into_iter().map(message).collect();
        // A model that can reason is told not to, because a customer is waiting.
        self.model.encode_chat_with(&messages, &TemplateSettings::without_thinking())
    }
}

fn message(line: Line) -> ChatMessage {
    let role = match line.speaker {
        Speaker::System => "system",
        Speaker::User => "user",
        Speaker::Assistant => "assistant",
    };
    ChatMessage::new(role, line.text)
}

impl ModelReader for InstructReader {
    fn worth(&self) -> &[Doubt] {
        &self.worth
    }

    fn warm_up(&self, first: Language, tenant: &TenantId) -> Result<(), ReadError> {
        // Whoever comes second waits for the first.
        let mut warm = self.warm.lock().unwrap_or_else(PoisonError::into_inner);
        if !*warm {
            self.warm_up_in(first, tenant)?;
            for language in self.shop.prompt.languages().filter(|one| *one != first) {
                self.warm_up_in(language, tenant)?;
            }
            *warm = true;
        }
        Ok(())
    }

    fn read<'a>(
        &'a self,
        input: ReaderInput<'a>,
        fast: &'a Reading,
        budget: ReadBudget,
    ) -> BoxFuture<'a, Result<ModelReading, ReadError>> {
        self.complete(input, fast, budget).boxed()
    }
}
