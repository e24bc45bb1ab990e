//! Loads the models that the gateway starts with: generating models, the encoder and its heads.

use crate::app::build::engine_options;
use crate::config::Settings;
use crate::http::state::LoadPaths;
use crate::http::state::ModelLoading;
use crate::hub::layout;
use crate::hub::layout::ModelTask;
use anyhow::Context;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::clock::SharedClock;
use vitrine_base::memory::Account;
use vitrine_base::memory::Grant;
use vitrine_base::memory::MemoryLedger;
use vitrine_base::units::Bytes;
use vitrine_engine::LoadOrder;
use vitrine_engine::ModelRegistry;
use vitrine_engine::Role;
use vitrine_intent::BatchLimits;
use vitrine_intent::Embedder;
use vitrine_intent::EmbedderOptions;
use vitrine_intent::Head;
use vitrine_intent::IntentClassifier;
use vitrine_intent::Signal;
use vitrine_intent::SignalHeads;

/// Texts for the encoder are cut to this many bytes before tokenizing: about twice what 256 tokens,
/// the default encoder's limit, take.
const ENCODER_TEXT_BYTES_MAX: usize = 8192;

/// Most texts in one forward pass; usually the token limit ends a batch earlier.
const ENCODER_BATCH_TEXTS_MAX: usize = 64;

/// The built-in intent head.
const BUILT_IN_HEAD: &[u8] = include_bytes!("../../models/intents/house.head");

/// The built-in signal heads.
const BUILT_IN_SIGNAL_HEADS: [(Signal, &[u8]); 5] = [
    (Signal::Sentiment, include_bytes!("../../models/intents/signals/sentiment.head")),
    (Signal::Urgency, include_bytes!("../../models/intents/signals/urgency.head")),
    (Signal::Sarcasm, include_bytes!("../../models/intents/signals/sarcasm.head")),
    (Signal::Profanity, include_bytes!("../../models/intents/signals/profanity.head")),
    (Signal::Stage, include_bytes!("../../models/intents/signals/stage.head")),
];

/// Value of `intent.signals` that selects word lists only.
const NO_SIGNAL_HEADS: &str = "none";

/// Resolves a generating model given as a name under `models.dir`, a folder or a path.
pub(crate) fn generator_file(settings: &Settings, model: &str) -> anyhow::Result<PathBuf> {
    let files = layout::resolve(&settings.models_dir(), model)?.require(ModelTask::Generate)?;
    Ok(files.load_path().to_path_buf())
}

/// Creates the registry and loads the drafting model (`draft.model`) and those of `models.load`.
pub(super) fn generators(
    settings: &Settings,
    clock: &SharedClock,
    memory: &Arc<MemoryLedger>,
) -> anyhow::Result<Arc<ModelRegistry>> {
    let raw = &settings.raw;
    let registry = ModelRegistry::new(Arc::clone(clock), Arc::clone(memory), raw.models.loaded_max);
    load(settings, &registry, &raw.draft.model, Role::Draft)
        .with_context(|| format!("cannot load draft.model `{}`", raw.draft.model))?;
    for model in raw.models.load.split(',').map(str::trim).filter(|model| !model.is_empty()) {
        load(settings, &registry, model, Role::Beside)
            .with_context(|| format!("cannot load `{model}` of models.load"))?;
    }
    Ok(registry)
}

fn load(
    settings: &Settings,
    registry: &Arc<ModelRegistry>,
    model: &str,
    role: Role,
) -> anyhow::Result<()> {
    let files = layout::resolve(&settings.models_dir(), model)?.require(ModelTask::Generate)?;
    let path = files.load_path().to_path_buf();
    let options = engine_options(settings);
    Ok(registry.load_here(LoadOrder { name: files.name, path, options, role })?)
}

/// Settings for models that are loaded later, by request.
pub(super) fn model_loading(settings: &Settings) -> ModelLoading {
    let paths = match settings.raw.models.load_paths {
        true => LoadPaths::Allowed,
        false => LoadPaths::Refused,
    };
    ModelLoading {
        models_dir: settings.models_dir(),
        paths,
        options: engine_options(settings),
        drain_max: Duration::from_millis(settings.raw.server.drain_ms),
    }
}

/// Encoder options from the settings.
pub(crate) fn embedder_options(settings: &Settings) -> EmbedderOptions {
    let intent = &settings.raw.intent;
    EmbedderOptions {
        limits: BatchLimits {
            waiting_texts_max: intent.waiting_texts_max,
            batch_texts_max: ENCODER_BATCH_TEXTS_MAX,
            batch_tokens_max: intent.batch_tokens_max,
        },
        text_bytes_max: ENCODER_TEXT_BYTES_MAX,
        prefix: intent.prefix.clone(),
        compute: settings.encoder,
    }
}

/// Creates the intent classifier and returns it with the memory grant of its encoder.
pub(super) fn classifier(
    settings: &Settings,
    memory: &Arc<MemoryLedger>,
) -> anyhow::Result<(IntentClassifier, Grant)> {
    let intent = &settings.raw.intent;
    let files = layout::resolve(&settings.models_dir(), &intent.encoder)
        .and_then(|files| files.require(ModelTask::Embed))
        .context("cannot open intent.encoder; `scripts/fetch-encoder` installs the default one")?;
    let mut grant = memory.take(&files.name, vec![(Account::Weights, Bytes(files.bytes))])?;
    let embedder = Arc::new(Embedder::open(files.load_path(), embedder_options(settings))?);
    let head = match settings.path(&intent.head) {
        Some(path) => Head::open(&path)?,
        None => Head::from_bytes(BUILT_IN_HEAD).context("cannot read the built-in intent head")?,
    };
    let classifier = IntentClassifier::new(embedder, head)
        .context("intent.head was not trained with intent.encoder; name a matching pair")?
        .with_cache(NonZeroUsize::new(intent.remembered_texts_max));
    grant.settle(vec![(Account::Weights, Bytes(classifier.bytes()))])?;
    Ok((with_signals(classifier, settings)?, grant))
}

/// Adds the signal heads. The built-in ones fit the default encoder only; with another encoder,
/// word lists score the signals.
fn with_signals(
    classifier: IntentClassifier,
    settings: &Settings,
) -> anyhow::Result<IntentClassifier> {
    let configured = settings.raw.intent.signals.as_str();
    if configured == NO_SIGNAL_HEADS {
        return Ok(classifier);
    }
    if let Some(folder) = settings.path(configured) {
        anyhow::ensure!(
            folder.is_dir(),
            "intent.signals is `{configured}`, not a folder; allowed: empty, `none` or a folder"
        );
        return classifier
            .with_signals(SignalHeads::open(&folder)?)
            .context("intent.signals were not trained with intent.encoder");
    }
    let mut heads = SignalHeads::default();
    for (signal, bytes) in BUILT_IN_SIGNAL_HEADS {
        let head = Head::from_bytes(bytes).context("cannot read a built-in signal head")?;
        heads.insert(signal, head)?;
    }
    if let Err(refusal) = classifier.check_signals(&heads) {
        tracing::info!(%refusal, "word lists score signals: the built-in heads do not fit");
        return Ok(classifier);
    }
    Ok(classifier.with_signals(heads)?)
}
