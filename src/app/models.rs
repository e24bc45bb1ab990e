//! Loads the models that the gateway starts with: generating models, the encoder and its heads.

use crate::config::Settings;
use crate::config::SignalSource;
use crate::hub::layout;
use crate::hub::layout::ModelTask;
use anyhow::Context;
use std::path::PathBuf;
use std::sync::Arc;
use vitrine_base::clock::SharedClock;
use vitrine_base::memory::Account;
use vitrine_base::memory::Grant;
use vitrine_base::memory::MemoryLedger;
use vitrine_base::units::Bytes;
use vitrine_engine::LoadOrder;
use vitrine_engine::ModelRegistry;
use vitrine_engine::Role;
use vitrine_intent::Embedder;
use vitrine_intent::Head;
use vitrine_intent::IntentClassifier;
use vitrine_intent::Signal;
use vitrine_intent::SignalHeads;

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

/// Resolves a generating model given as a name under `models.dir`, a folder or a path.
pub(crate) fn generator_file(settings: &Settings, model: &str) -> anyhow::Result<PathBuf> {
    let files = layout::resolve(&settings.models.dir, model)?.require(ModelTask::Generate)?;
    Ok(files.load_path().to_path_buf())
}

/// Creates the registry and loads the drafting model (`draft.model`) and those of `models.load`.
pub(super) fn generators(
    settings: &Settings,
    clock: &SharedClock,
    memory: &Arc<MemoryLedger>,
) -> anyhow::Result<Arc<ModelRegistry>> {
    let models = &settings.models;
    let registry = ModelRegistry::new(Arc::clone(clock), Arc::clone(memory), models.loaded_max);
    load(settings, &registry, &models.draft, Role::Draft)
        .with_context(|| format!("cannot load draft.model `{}`", models.draft))?;
    for model in &models.load {
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
    let files = layout::resolve(&settings.models.dir, model)?.require(ModelTask::Generate)?;
    let path = files.load_path().to_path_buf();
    let options = settings.engine;
    Ok(registry.load_here(LoadOrder { name: files.name, path, options, role })?)
}

/// Creates the intent classifier and returns it with the memory grant of its encoder.
pub(super) fn classifier(
    settings: &Settings,
    memory: &Arc<MemoryLedger>,
) -> anyhow::Result<(IntentClassifier, Grant)> {
    let options = &settings.classifier;
    let files = layout::resolve(&settings.models.dir, &options.encoder)
        .and_then(|files| files.require(ModelTask::Embed))
        .context("cannot open intent.encoder; `scripts/fetch-encoder` installs the default one")?;
    let mut grant = memory.take(&files.name, vec![(Account::Weights, Bytes(files.bytes))])?;
    let embedder = Arc::new(Embedder::open(files.load_path(), options.embedder.clone())?);
    let head = match &options.head {
        Some(path) => Head::open(path)?,
        None => Head::from_bytes(BUILT_IN_HEAD).context("cannot read the built-in intent head")?,
    };
    let classifier = IntentClassifier::new(embedder, head)
        .context("intent.head was not trained with intent.encoder; name a matching pair")?
        .with_cache(options.cached_max);
    grant.settle(vec![(Account::Weights, Bytes(classifier.bytes()))])?;
    Ok((with_signals(classifier, &options.signals)?, grant))
}

/// Adds the signal heads. The built-in ones fit the default encoder only; with another encoder,
/// word lists score the signals.
fn with_signals(
    classifier: IntentClassifier,
    source: &SignalSource,
) -> anyhow::Result<IntentClassifier> {
    match source {
        SignalSource::WordLists => return Ok(classifier),
        SignalSource::Folder(folder) => {
            let found = folder.display();
            anyhow::ensure!(
                folder.is_dir(),
                "intent.signals is `{found}`, not a folder; allowed: `none` or a folder"
            );
            return classifier
                .with_signals(SignalHeads::open(folder)?)
                .context("intent.signals were not trained with intent.encoder");
        }
        SignalSource::BuiltIn => {}
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
