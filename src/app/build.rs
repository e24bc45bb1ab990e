//! Builds the application from checked settings, bottom up: store, models, catalogue, offers,
//! gateway, HTTP state. Each part gets its limits from the configuration.

use crate::app::models;
use crate::app::recorder;
use crate::catalog::Catalog;
use crate::config::CallbackOptions;
use crate::config::DEFAULT_TENANT;
use crate::config::Settings;
use crate::delivery::callback_sender::HttpCallbackSender;
use crate::delivery::outbox::Outbox;
use crate::http::audit::Audit;
use crate::http::drain::Draining;
use crate::http::encode;
use crate::http::keys::KeyRing;
use crate::http::rate::RateLimits;
use crate::http::slots::Slots;
use crate::http::state::App;
use crate::offers::BasketLimits;
use crate::offers::Baskets;
use crate::offers::Experiment;
use crate::offers::Offers;
use crate::turn;
use crate::turn::Policies;
use crate::turn::TurnPipeline;
use crate::turn::draft;
use crate::turn::draft::DrafterSlot;
use anyhow::Context;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::clock::SharedClock;
use vitrine_base::clock::SystemClock;
use vitrine_base::ids::TenantId;
use vitrine_base::memory::Account;
use vitrine_base::memory::MemoryLedger;
use vitrine_base::memory::MemoryReport;
use vitrine_base::units::Bytes;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::EmbeddedStore;
use vitrine_conversations::JobStore;
use vitrine_conversations::TurnGate;
use vitrine_conversations::Upkeep;
use vitrine_engine::EngineOptions;
use vitrine_engine::ModelRegistry;

/// Limits of the basket file.
const BASKET_LIMITS: BasketLimits = BasketLimits {
    file_bytes_max: 256 << 20,
    baskets_max: 5_000_000,
    basket_articles_max: 100,
    articles_max: 50_000,
    pairs_max: 4_000_000,
    rules_max: 50,
};

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
    let clock: SharedClock = Arc::new(SystemClock);
    let metrics = recorder::install()?;
    let memory = MemoryLedger::new(settings.memory_limits.clone());
    let generators = models::generators(settings, &clock, &memory)?;
    let (classifier, encoder_grant) = models::classifier(settings, &memory)?;
    let classifier = Arc::new(classifier);
    let encoder_name = classifier.embedder().identity().name.clone();
    let catalog = Arc::new(catalog(settings)?);
    let hot_bytes_max = Bytes(settings.store.hot.bytes_max as u64);
    let hot_grant =
        memory.take("conversations", vec![(Account::HotConversations, hot_bytes_max)])?;
    let store = Arc::new(EmbeddedStore::open(settings.store.clone())?);
    let parts = turn::PipelineParts {
        classifier: Arc::clone(&classifier),
        drafter: drafter(settings, &generators)?,
        catalog: Arc::clone(&catalog),
        offers: Arc::new(offers(settings)?),
        policies: policies(settings)?,
        shop: settings.shop.clone(),
        store: Arc::clone(&store) as Arc<dyn ConversationStore>,
        customers: Arc::clone(&store) as Arc<dyn CustomerStore>,
        gate: TurnGate::new(settings.gate),
        clock: Arc::clone(&clock),
        encode: encode::answer,
    };
    let gateway = TurnPipeline::new(parts, settings.turn.clone());
    let server = &settings.server;
    Ok(App {
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
    })
}

/// Creates the drafter for turns; it switches models whenever the registry's drafting model
/// changes.
fn drafter(settings: &Settings, generators: &ModelRegistry) -> anyhow::Result<Arc<DrafterSlot>> {
    let decoding = settings.decoding;
    let first = generators.draft().context("no drafting model is loaded (a bug in vitrine)")?;
    let slot = Arc::new(DrafterSlot::new(draft::for_model(first, decoding)?));
    let followed = Arc::clone(&slot);
    generators.follow_draft(move |model| {
        followed.replace(draft::for_model(model, decoding)?);
        Ok(())
    });
    Ok(slot)
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

fn catalog(settings: &Settings) -> anyhow::Result<Catalog> {
    let limits = crate::catalog::CatalogLimits {
        file_bytes_max: 64 << 20,
        products_max: 50_000,
        line_bytes_max: 64 << 10,
        facets_max: 64,
        values_max: 512,
        sizes_max: 64,
        features_max: 32,
    };
    let Some(path) = &settings.files.catalog else { return Ok(Catalog::empty()) };
    let facets = settings.files.facets.as_deref();
    let catalog = Catalog::open_with_facets(path, facets, &limits);
    catalog.context("cannot open the catalogue (catalog.path, catalog.facets)")
}

fn offers(settings: &Settings) -> anyhow::Result<Offers> {
    let baskets = match &settings.files.baskets {
        Some(path) => Baskets::open(path, &BASKET_LIMITS)?,
        None => Baskets::empty(),
    };
    Ok(Offers::new(baskets, Experiment::new(settings.experiment.clone())?, settings.offers))
}

fn policies(settings: &Settings) -> anyhow::Result<Policies> {
    match &settings.files.policies {
        Some(path) => Ok(Policies::load(path)?),
        None => Ok(Policies::default()),
    }
}

/// Builds everything except the listener, to check that the configuration would start.
///
/// Returns the memory that it takes.
///
/// # Errors
/// As for [`app`].
pub(crate) fn check(settings: &Settings) -> anyhow::Result<MemoryReport> {
    app(settings).map(|app| app.memory.report())
}
