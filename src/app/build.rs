//! Builds the application from checked settings, bottom up: store, models, catalogue, offers,
//! gateway, HTTP state. Each part gets its limits from the configuration.

use crate::app::models;
use crate::app::readers::Readers;
use crate::app::recorder;
use crate::app::shop;
use crate::config::CallbackOptions;
use crate::config::DEFAULT_TENANT;
use crate::config::Settings;
use crate::config::TestOptions;
use crate::delivery::callback_sender::HttpCallbackSender;
use crate::delivery::outbox::Outbox;
use crate::http::audit::Audit;
use crate::http::drain::Draining;
use crate::http::encode;
use crate::http::keys::KeyRing;
use crate::http::rate::RateLimits;
use crate::http::slots::Slots;
use crate::http::state::App;
use crate::http::state::ModelTests;
use crate::http::state::TrialPipeline;
use crate::turn;
use crate::turn::Trial;
use crate::turn::TurnPipeline;
use crate::turn::draft;
use crate::turn::draft::DrafterSlot;
use crate::turn::model_reader::ReaderSlot;
use anyhow::Context;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::causes::chain;
use vitrine_base::clock::SharedClock;
use vitrine_base::clock::SystemClock;
use vitrine_base::ids::TenantId;
use vitrine_base::memory::Account;
use vitrine_base::memory::MemoryLedger;
use vitrine_base::memory::MemoryReport;
use vitrine_base::units::Bytes;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::EmbeddedOptions;
use vitrine_conversations::EmbeddedStore;
use vitrine_conversations::FileState;
use vitrine_conversations::JobStore;
use vitrine_conversations::StoreError;
use vitrine_conversations::TurnGate;
use vitrine_conversations::Upkeep;
use vitrine_engine::EngineOptions;
use vitrine_engine::ModelRegistry;

/// Engine options for batch commands, which submit all their work at once: no limit on queueing
/// delay.
pub(crate) fn batch_engine_options(settings: &Settings) -> EngineOptions {
    EngineOptions { waiting_time_max: Some(Duration::MAX), ..settings.engine }
}

/// Builds the state behind the routes: loads the models and opens the store.
///
/// # Errors
/// If a model, the store or a configured file cannot be opened, or memory limits are exceeded.
pub(crate) fn app(settings: &Settings) -> anyhow::Result<App> {
    let Assembled { app, warnings, .. } = assemble(settings, EmbeddedStore::open)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(app)
}

/// As [`app`], with conversations in memory only: nothing is read from the store or written to it.
pub(crate) fn in_memory(settings: &Settings) -> anyhow::Result<App> {
    let Assembled { app, warnings, .. } = assemble(settings, EmbeddedStore::in_memory)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(app)
}

/// The state behind the routes, and what there is to tell about it.
struct Assembled {
    app: App,
    /// What looks like a slip in the shop's files.
    warnings: Vec<String>,
    /// Who reads messages.
    reader: String,
}

/// The same with another way to open the store.
fn assemble(
    settings: &Settings,
    open_store: fn(EmbeddedOptions) -> Result<EmbeddedStore, StoreError>,
) -> anyhow::Result<Assembled> {
    // The shop's files come first: their faults are found sooner than a model is loaded.
    let shop::ShopData { catalog, offers, policies, locales, mut warnings } = shop::open(settings)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let metrics = recorder::install()?;
    let memory = MemoryLedger::new(settings.memory_limits.clone());
    let generators = models::generators(settings, &clock, &memory)?;
    let (classifier, encoder_grant) = models::classifier(settings, &memory)?;
    let classifier = Arc::new(classifier);
    let intents = classifier.head().labels();
    warnings.extend(shop::unknown_topics(settings, &policies, intents));
    warnings.extend(shop::unknown_intents(settings, &policies, intents));
    let encoder_name = classifier.embedder().identity().name.clone();
    let catalog = Arc::new(catalog);
    let hot_bytes_max = Bytes(settings.store.hot.bytes_max as u64);
    let hot_grant =
        memory.take("conversations", vec![(Account::HotConversations, hot_bytes_max)])?;
    let store = Arc::new(open_store(settings.store.clone())?);
    let readers = Arc::new(Readers::new(settings, &catalog, &policies)?);
    let (drafter, reader) = drafter(settings, &generators, &readers)?;
    let described = generators.draft().map(|model| readers.described(&model)).unwrap_or_default();
    let parts = turn::PipelineParts {
        classifier: Arc::clone(&classifier),
        drafter,
        reader,
        catalog: Arc::clone(&catalog),
        offers: Arc::new(offers),
        policies,
        locales,
        shop: settings.shop.clone(),
        store: Arc::clone(&store) as Arc<dyn ConversationStore>,
        customers: Arc::clone(&store) as Arc<dyn CustomerStore>,
        gate: TurnGate::new(settings.gate),
        clock: Arc::clone(&clock),
        encode: encode::answer,
    };
    let gateway = TurnPipeline::new(parts, settings.turn.clone());
    let TestOptions { files, floor } = settings.tests.clone();
    let server = &settings.server;
    let app = App {
        gateway,
        outbox: Arc::new(outbox(settings, &store, &clock)?),
        upkeep: Upkeep { store: Arc::clone(&store), options: settings.upkeep.clone() },
        store_retry: settings.store_retry,
        customers: Arc::clone(&store) as Arc<dyn CustomerStore>,
        store,
        classifier,
        encoder_name,
        models: generators,
        memory,
        model_loading: settings.models.loading.clone(),
        model_tests: ModelTests { files, floor, pipeline: trial(settings, readers) },
        grants: vec![encoder_grant, hot_grant],
        catalog,
        started_at: clock.now(),
        clock,
        limits: server.limits,
        keys: KeyRing::new(server.api_keys.clone(), TenantId::new(DEFAULT_TENANT)?),
        rates: RateLimits::new(server.rates),
        slots: Slots::new(server.limits.requests_in_flight_max, server.limits.tenant_in_flight_max),
        metrics,
        audit: Audit::default(),
        draining: Draining::default(),
    };
    Ok(Assembled { app, warnings, reader: described })
}

/// Creates the drafter for turns, and the reader of messages with the same model; they switch
/// models whenever the registry's drafting model changes.
fn drafter(
    settings: &Settings,
    generators: &ModelRegistry,
    readers: &Arc<Readers>,
) -> anyhow::Result<(Arc<DrafterSlot>, Arc<ReaderSlot>)> {
    let decoding = settings.decoding;
    let first = generators.draft().context("no drafting model is loaded (a bug in vitrine)")?;
    let drafter = Arc::new(DrafterSlot::new(draft::for_model(first.clone(), decoding)?));
    let reader = Arc::new(ReaderSlot::new(readers.reader(first)));
    let followed = (Arc::clone(&drafter), Arc::clone(&reader));
    let readers = Arc::clone(readers);
    generators.follow_draft(move |model| {
        followed.0.replace(draft::for_model(model.clone(), decoding)?);
        followed.1.replace(readers.reader(model));
        Ok(())
    });
    Ok((drafter, reader))
}

/// How to try out a drafting model.
fn trial(settings: &Settings, readers: Arc<Readers>) -> TrialPipeline {
    let (decoding, options, gate) = (settings.decoding, settings.store.clone(), settings.gate);
    let mode = settings.turn.reader;
    Box::new(move |gateway, model| {
        let drafter = draft::for_model(model.clone(), decoding).map_err(|error| chain(&error))?;
        let drafter = Arc::new(DrafterSlot::new(drafter));
        let reader = Arc::new(ReaderSlot::new(readers.reader(model)));
        let store = EmbeddedStore::in_memory(options.clone()).map_err(|error| chain(&error))?;
        let store = Arc::new(store);
        let conversations = Arc::clone(&store) as Arc<dyn ConversationStore>;
        let (customers, gate) = (store as Arc<dyn CustomerStore>, TurnGate::new(gate));
        Ok(gateway.on_trial(Trial { drafter, reader, mode, conversations, customers, gate }))
    })
}

fn outbox(
    settings: &Settings,
    store: &Arc<EmbeddedStore>,
    clock: &SharedClock,
) -> anyhow::Result<Outbox> {
    let CallbackOptions { outbox, timeout, secret } = settings.callbacks.clone();
    let secret = secret.unwrap_or_default();
    let callback_sender = HttpCallbackSender::new(secret, timeout, Arc::clone(clock))
        .context("cannot create the HTTP client for callbacks")?;
    Ok(Outbox {
        options: outbox,
        store: Arc::clone(store) as Arc<dyn JobStore>,
        callback_sender: Box::new(callback_sender),
        clock: Arc::clone(clock),
    })
}

/// What [`check`] found in a configuration that would start.
pub(crate) struct Checked {
    /// The memory that the gateway takes.
    pub(crate) memory: MemoryReport,
    /// What is accepted but looks like a slip.
    pub(crate) warnings: Vec<String>,
    /// Who reads messages.
    pub(crate) reader: String,
}

/// Builds everything except the listener, to check that the configuration would start. Writes
/// nothing: the store is in memory, and an existing one is only looked at.
///
/// # Errors
/// As for [`app`].
pub(crate) fn check(settings: &Settings) -> anyhow::Result<Checked> {
    let path = &settings.store.path;
    let state = vitrine_conversations::inspect(path)?;
    check_writable(path)?;
    let Assembled { app, mut warnings, reader } = assemble(settings, EmbeddedStore::in_memory)?;
    let path = path.display();
    warnings.extend(match state {
        FileState::Absent | FileState::Sound => None,
        FileState::Unclosed => {
            Some(format!("{path} was not closed properly; it is repaired when it is opened"))
        }
        FileState::InUse => Some(format!(
            "{path} is in use by another process; a second gateway needs another data.dir"
        )),
    });
    Ok(Checked { memory: app.memory.report(), warnings, reader })
}

/// Checks, without writing, that a file may be written, or created if it is missing.
fn check_writable(path: &Path) -> anyhow::Result<()> {
    let existing = path.ancestors().find(|part| part.exists()).unwrap_or(Path::new("."));
    rustix::fs::access(existing, rustix::fs::Access::WRITE_OK)
        .map_err(std::io::Error::from)
        .with_context(|| format!("`{}` (data.dir) cannot be written", existing.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_may_be_written_is_found_without_writing() {
        let folder = tempfile::tempdir().unwrap();
        check_writable(&folder.path().join("below/threads.redb")).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
