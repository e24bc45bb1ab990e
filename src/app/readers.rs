//! Builds the models that read messages, and the pipelines that compare readers.

use crate::config::DEFAULT_TENANT;
use crate::config::Settings;
use crate::turn::Trial;
use crate::turn::TurnPipeline;
use crate::turn::draft;
use crate::turn::draft::DrafterSlot;
use crate::turn::draft::TemplatesOnly;
use crate::turn::model_reader::InstructReader;
use crate::turn::model_reader::ModelReader;
use crate::turn::model_reader::ReaderMode;
use crate::turn::model_reader::ShopPrompts;
use anyhow::Context;
use std::sync::Arc;
use vitrine_base::causes::chain;
use vitrine_base::ids::TenantId;
use vitrine_base::language::Language;
use vitrine_catalog::Catalog;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::EmbeddedStore;
use vitrine_conversations::TurnGate;
use vitrine_dialogue::policies::Policies;
use vitrine_dialogue::reader::model::Doubt;
use vitrine_dialogue::reader::model::Gate;
use vitrine_engine::GenerationModel;

/// Makes readers of models, for one shop.
#[derive(Debug)]
pub(super) struct Readers {
    mode: ReaderMode,
    gate: Gate,
    /// `None` where the rules read alone.
    shop: Option<Arc<ShopPrompts>>,
    /// Language of most messages.
    language: Language,
    tenant: TenantId,
}

impl Readers {
    pub(super) fn new(
        settings: &Settings,
        catalog: &Catalog,
        policies: &Policies,
    ) -> anyhow::Result<Self> {
        let mode = settings.turn.reader;
        let shop = (mode != ReaderMode::Fast).then(|| ShopPrompts::new(catalog, policies));
        Ok(Self {
            mode,
            gate: Gate::shipped().context("cannot read the built-in gate of readers")?,
            shop: shop.map(Arc::new),
            language: settings.turn.style.language,
            tenant: TenantId::new(DEFAULT_TENANT)?,
        })
    }

    /// The reader of a model; `None` if it cannot read messages, or is not known to be worth it.
    /// Another thread computes what its prompts begin with.
    pub(super) fn reader(&self, model: GenerationModel) -> Option<Arc<dyn ModelReader>> {
        let shop = self.shop.as_ref()?;
        let name = model.name().to_owned();
        if !draft::follows_instructions(&model) {
            if self.mode == ReaderMode::Model {
                tracing::warn!(model = name, "cannot read messages: the rules read alone");
            }
            return None;
        }
        let worth = self.gate.worth(&name);
        if self.mode == ReaderMode::Auto && worth.is_empty() {
            return None;
        }
        let reader = Arc::new(InstructReader::new(model, Arc::clone(shop), worth));
        let (cold, language, tenant) = (Arc::clone(&reader), self.language, self.tenant.clone());
        let started =
            std::thread::Builder::new().name("reader-warm-up".to_owned()).spawn(move || {
                if let Err(error) = cold.warm_up(language, &tenant) {
                    let error = chain(&error);
                    tracing::warn!(
                        model = name,
                        error,
                        "the prompts of the reader were not computed"
                    );
                }
            });
        if let Err(error) = started {
            // First messages are then read by the rules, until a prompt was computed in time.
            tracing::warn!(%error, "no thread to compute the prompts of the reader");
        }
        Some(reader)
    }

    /// Who reads messages with a drafting model, in words for the operator.
    pub(super) fn described(&self, model: &GenerationModel) -> String {
        let name = model.name();
        let able = draft::follows_instructions(model);
        let worth: Vec<&str> = self.gate.worth(name).into_iter().map(Doubt::name).collect();
        match self.mode {
            ReaderMode::Fast => "fast".to_owned(),
            ReaderMode::Model if able => format!("model: {name} reads every message"),
            _ if !able => format!("fast: {name} cannot read messages"),
            _ if worth.is_empty() && self.gate.knows(name) => {
                format!("fast: {name} was measured, and reads no better")
            }
            _ if worth.is_empty() => format!("fast: what {name} is worth as a reader is unknown"),
            _ => format!("auto: {name} reads what the rules find {}", worth.join(", ")),
        }
    }
}

/// Waits until the model that reads messages has computed what its prompts begin with.
///
/// # Errors
/// If that fails.
pub(super) fn warm_up(settings: &Settings, pipeline: &TurnPipeline) -> anyhow::Result<()> {
    match pipeline.reader().current() {
        Some(reader) => {
            let tenant = TenantId::new(DEFAULT_TENANT)?;
            Ok(reader.warm_up(settings.turn.style.language, &tenant)?)
        }
        None => Ok(()),
    }
}

/// A pipeline as the configured one, but for its reader: replies are worded by templates, and
/// conversations are in memory only.
pub(super) fn reading_with(
    mode: ReaderMode,
    settings: &Settings,
    pipeline: &TurnPipeline,
) -> anyhow::Result<TurnPipeline> {
    let store = Arc::new(EmbeddedStore::in_memory(settings.store.clone())?);
    Ok(pipeline.on_trial(Trial {
        drafter: Arc::new(DrafterSlot::new(Box::new(TemplatesOnly))),
        reader: Arc::clone(pipeline.reader()),
        mode,
        conversations: Arc::clone(&store) as Arc<dyn ConversationStore>,
        customers: store as Arc<dyn CustomerStore>,
        gate: TurnGate::new(settings.gate),
    }))
}
