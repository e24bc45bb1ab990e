//! Builds the application from checked settings, bottom up: store, models, catalogue, offers,
//! gateway, HTTP state. Each part gets its limits from the configuration.

use crate::app::memory;
use crate::app::models;
use crate::catalog::Catalog;
use crate::config::DEFAULT_TENANT;
use crate::config::Settings;
use crate::delivery::callback_sender::HttpCallbackSender;
use crate::delivery::outbox::Outbox;
use crate::delivery::outbox::OutboxOptions;
use crate::http::encode;
use crate::http::keys::KeyRing;
use crate::http::rate::RateLimits;
use crate::http::rate::RateOptions;
use crate::http::state::App;
use crate::http::state::Draining;
use crate::http::state::HttpLimits;
use crate::offers::BasketLimits;
use crate::offers::Baskets;
use crate::offers::Experiment;
use crate::offers::ExperimentOptions;
use crate::offers::GuardrailOptions;
use crate::offers::OfferOptions;
use crate::offers::Offers;
use crate::turn;
use crate::turn::HandoffDelivery;
use crate::turn::Policies;
use crate::turn::ShopProfile;
use crate::turn::TurnOptions;
use crate::turn::TurnPipeline;
use crate::turn::burst::BurstLimits;
use crate::turn::decide::DialogueRules;
use crate::turn::decide::ForeignWords;
use crate::turn::draft;
use crate::turn::draft::DrafterSlot;
use crate::turn::draft::Style;
use anyhow::Context;
use metrics_exporter_prometheus::PrometheusBuilder;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use vitrine_base::channel::ChannelKind;
use vitrine_base::clock::SharedClock;
use vitrine_base::clock::SystemClock;
use vitrine_base::ids::TenantId;
use vitrine_base::localized::Localized;
use vitrine_base::memory::Account;
use vitrine_base::memory::MemoryReport;
use vitrine_base::units::Bytes;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::EmbeddedOptions;
use vitrine_conversations::EmbeddedStore;
use vitrine_conversations::GateOptions;
use vitrine_conversations::HotOptions;
use vitrine_conversations::JobStore;
use vitrine_conversations::OpenCheck;
use vitrine_conversations::TurnGate;
use vitrine_conversations::Upkeep;
use vitrine_conversations::UpkeepOptions;
use vitrine_engine::EngineOptions;
use vitrine_engine::ModelRegistry;
use vitrine_engine::PrefixCaching;
use vitrine_engine::Speculation;
use vitrine_engine::model::KvType;

/// Memory for cached pages of the store's file, in bytes.
const STORE_CACHE_BYTES: usize = 64 << 20;

/// Largest encoded conversation record, in bytes; far above what the limits of a turn allow.
const CONVERSATION_BYTES_MAX: usize = 64 << 10;
/// Largest encoded turn record, answer included, in bytes; likewise.
const TURN_BYTES_MAX: usize = 256 << 10;

/// Most conversations cached in memory; usually `threads.hot_bytes_max` is reached first.
const HOT_CONVERSATIONS_MAX: usize = 100_000;

/// Redeliveries of one message that may wait while its first delivery is answered.
const MESSAGE_WAITING_MAX: usize = 64;

/// Limits of the basket file.
const BASKET_LIMITS: BasketLimits = BasketLimits {
    file_bytes_max: 256 << 20,
    baskets_max: 5_000_000,
    basket_articles_max: 100,
    articles_max: 50_000,
    pairs_max: 4_000_000,
    rules_max: 50,
};

/// Salt of the offer experiment. Another name reassigns customers to arms.
const EXPERIMENT: &str = "offers-1";

/// Sarcasm score (0 to 1) from which no offer is made.
const SARCASM_MIN: f32 = 0.5;
/// Sentiment score (-1 to 1) below which no offer is made.
const SENTIMENT_MIN: f32 = -0.4;

/// Engine options from the settings.
pub(crate) fn engine_options(settings: &Settings) -> EngineOptions {
    let engine = &settings.raw.engine;
    EngineOptions {
        page_tokens: engine.page_tokens,
        kv_bytes_max: Bytes(engine.kv_bytes_max.0),
        // `config` has checked that it is `f16` or `f32`.
        kv_type: if engine.kv_type == "f16" { KvType::F16 } else { KvType::F32 },
        quantize: settings.quantize,
        tier: Some(settings.tier),
        prefix_cache: if engine.prefix_cache { PrefixCaching::On } else { PrefixCaching::Off },
        step_tokens_max: engine.step_tokens_max,
        decode_gap_percent: engine.decode_gap_percent,
        sequences_max: engine.sequences_max,
        waiting_max: engine.waiting_max,
        waiting_prompt_tokens_max: engine.waiting_prompt_tokens_max,
        waiting_time_max: (engine.waiting_ms_max > 0)
            .then(|| Duration::from_millis(engine.waiting_ms_max)),
        context_tokens_max: engine.context_tokens_max,
        output_tokens_max: engine.output_tokens_max,
        speculation: Speculation {
            draft_tokens_max: engine.draft_tokens_max,
            sequences_max: engine.draft_sequences_max,
        },
    }
}

/// Engine options for batch commands, which submit all their work at once: no limit on queueing
/// delay.
pub(crate) fn batch_engine_options(settings: &Settings) -> EngineOptions {
    EngineOptions { waiting_time_max: Some(Duration::MAX), ..engine_options(settings) }
}

/// Builds the state behind the routes: loads the models and opens the store.
///
/// # Errors
/// If a model, the store or a configured file cannot be opened, or memory limits are exceeded.
pub(crate) fn app(settings: &Settings) -> anyhow::Result<App> {
    let clock: SharedClock = Arc::new(SystemClock);
    let metrics = PrometheusBuilder::new().build_recorder();
    let handle = metrics.handle();
    // Fails only if a recorder is already installed, which happens in tests; that one stays.
    let _ = metrics::set_global_recorder(metrics);
    let memory = memory::ledger(settings);
    let generators = models::generators(settings, &clock, &memory)?;
    let (classifier, encoder_grant) = models::classifier(settings, &memory)?;
    let classifier = Arc::new(classifier);
    let encoder_name = classifier.embedder().identity().name.clone();
    let catalog = Arc::new(catalog(settings)?);
    let hot_bytes_max = Bytes(settings.raw.threads.hot_bytes_max.0);
    let hot_grant =
        memory.take("conversations", vec![(Account::HotConversations, hot_bytes_max)])?;
    let store: Arc<EmbeddedStore> = Arc::new(store(settings)?);
    let parts = turn::PipelineParts {
        classifier: Arc::clone(&classifier),
        drafter: drafter(settings, &generators)?,
        catalog: Arc::clone(&catalog),
        offers: Arc::new(offers(settings)?),
        policies: policies(settings)?,
        shop: shop(settings),
        store: Arc::clone(&store) as Arc<dyn ConversationStore>,
        customers: Arc::clone(&store) as Arc<dyn CustomerStore>,
        gate: gate(settings),
        clock: Arc::clone(&clock),
        encode: encode::answer,
    };
    let gateway = TurnPipeline::new(parts, turn_options(settings));
    let server = &settings.raw.server;
    Ok(App {
        gateway,
        outbox: Arc::new(outbox(settings, &store, &clock)?),
        upkeep: upkeep(settings, &store),
        customers: Arc::clone(&store) as Arc<dyn CustomerStore>,
        store,
        classifier,
        encoder_name,
        models: generators,
        memory,
        model_loading: models::model_loading(settings),
        grants: vec![encoder_grant, hot_grant],
        catalog,
        clock,
        limits: limits(settings)?,
        keys: KeyRing::new(settings.api_keys.clone(), TenantId::new(DEFAULT_TENANT)?),
        rates: rates(settings),
        in_flight: Arc::new(Semaphore::new(server.requests_in_flight_max)),
        metrics: handle,
        draining: Draining::default(),
    })
}

/// Creates the drafter for turns; it switches models whenever the registry's drafting model
/// changes.
fn drafter(settings: &Settings, generators: &ModelRegistry) -> anyhow::Result<Arc<DrafterSlot>> {
    let decoding = settings.decoding();
    let first = generators.draft().context("no drafting model is loaded (a bug in vitrine)")?;
    let slot = Arc::new(DrafterSlot::new(draft::for_model(first, decoding)?));
    let followed = Arc::clone(&slot);
    generators.follow_draft(move |model| {
        followed.replace(draft::for_model(model, decoding)?);
        Ok(())
    });
    Ok(slot)
}

fn limits(settings: &Settings) -> anyhow::Result<HttpLimits> {
    let server = &settings.raw.server;
    Ok(HttpLimits {
        body_bytes_max: usize::try_from(server.body_bytes_max.0)?,
        requests_in_flight_max: server.requests_in_flight_max,
        request_texts_max: settings.raw.intent.request_texts_max,
        deadline_max: Duration::from_millis(settings.raw.draft.deadline_ms_max),
    })
}

fn outbox(
    settings: &Settings,
    store: &Arc<EmbeddedStore>,
    clock: &SharedClock,
) -> anyhow::Result<Outbox> {
    let raw = &settings.raw.callbacks;
    let options = OutboxOptions {
        turns_url: raw.turns_url.clone(),
        handoff_url: raw.handoff_url.clone(),
        attempts_max: raw.attempts_max,
        backoff: Duration::from_millis(raw.backoff_ms),
        backoff_max: Duration::from_millis(raw.backoff_ms_max),
        running_max: raw.running_max,
        waiting_max: raw.waiting_max,
    };
    let timeout = Duration::from_millis(raw.timeout_ms);
    let secret = settings.callback_secret.clone();
    let callback_sender = HttpCallbackSender::new(secret, timeout, Arc::clone(clock))
        .context("cannot create the HTTP client for callbacks")?;
    Ok(Outbox {
        options,
        store: Arc::clone(store) as Arc<dyn JobStore>,
        callback_sender: Box::new(callback_sender),
        clock: Arc::clone(clock),
    })
}

fn days(days: u32) -> jiff::SignedDuration {
    jiff::SignedDuration::from_hours(i64::from(days) * 24)
}

fn upkeep(settings: &Settings, store: &Arc<EmbeddedStore>) -> Upkeep {
    let raw = &settings.raw.retention;
    let options = UpkeepOptions {
        messages_kept: days(raw.messages_days),
        tombstones_kept: days(raw.tombstones_days),
        kept: settings.kept,
        tenants_kept: settings.tenants_kept.clone(),
        step: Duration::from_millis(raw.sweep_ms),
        step_entries_max: raw.sweep_entries_max,
        rewrite: Duration::from_secs(raw.rewrite_hours.saturating_mul(3600)),
    };
    Upkeep { store: Arc::clone(store), options }
}

fn rates(settings: &Settings) -> RateLimits {
    let server = &settings.raw.server;
    let per_second = server.tenant_requests_per_second;
    RateLimits::new(RateOptions {
        per_second: (per_second > 0.0).then_some(per_second),
        burst: server.tenant_requests_burst,
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
    match settings.path(&settings.raw.catalog.path) {
        Some(path) => Ok(Catalog::open(&path, &limits)?),
        None => Ok(Catalog::empty()),
    }
}

fn offers(settings: &Settings) -> anyhow::Result<Offers> {
    let raw = &settings.raw.offers;
    let baskets = match settings.path(&raw.baskets) {
        Some(path) => Baskets::open(&path, &BASKET_LIMITS)?,
        None => Baskets::empty(),
    };
    let experiment = Experiment::new(ExperimentOptions {
        holdout_share: raw.holdout_share,
        salt: EXPERIMENT.to_owned(),
    })?;
    let options = OfferOptions {
        together_min: raw.together_min,
        confidence_min: raw.confidence_min,
        lift_min: raw.lift_min,
        guardrails: GuardrailOptions {
            sarcasm_min: SARCASM_MIN,
            sentiment_min: SENTIMENT_MIN,
            offers_per_turn_max: 1,
            price_share_max: Decimal::try_from(raw.price_share_max)?,
        },
    };
    Ok(Offers::new(baskets, experiment, options))
}

fn policies(settings: &Settings) -> anyhow::Result<Policies> {
    match settings.path(&settings.raw.shop.policies) {
        Some(path) => Ok(Policies::load(&path)?),
        None => Ok(Policies::default()),
    }
}

fn shop(settings: &Settings) -> ShopProfile {
    let shop = &settings.raw.shop;
    ShopProfile {
        name: shop.name.clone(),
        about: Localized { en: shop.about_en.clone(), fr: shop.about_fr.clone() },
        team: Localized { en: shop.team_en.clone(), fr: shop.team_fr.clone() },
        hours: Localized { en: shop.hours_en.clone(), fr: shop.hours_fr.clone() },
        personal_tiers: settings
            .raw
            .turn
            .personal_tiers
            .split(',')
            .map(|tier| tier.trim().to_owned())
            .filter(|tier| !tier.is_empty())
            .collect(),
        checkout_url: shop.checkout_url.clone(),
    }
}

fn store(settings: &Settings) -> anyhow::Result<EmbeddedStore> {
    let threads = &settings.raw.threads;
    Ok(EmbeddedStore::open(EmbeddedOptions {
        path: settings.data_dir().join("threads.redb"),
        cache_bytes: STORE_CACHE_BYTES,
        queue_writes_max: threads.writes_waiting_max,
        group_writes_max: threads.writes_per_commit_max,
        conversation_bytes_max: CONVERSATION_BYTES_MAX,
        turn_bytes_max: TURN_BYTES_MAX,
        hot: HotOptions {
            conversations_max: HOT_CONVERSATIONS_MAX,
            bytes_max: usize::try_from(threads.hot_bytes_max.0)?,
        },
        open_check: OpenCheck::AfterCrash,
        recovery: settings.recovery,
    })?)
}

fn gate(settings: &Settings) -> TurnGate {
    TurnGate::new(GateOptions {
        waiting_per_conversation_max: settings.raw.turn.thread_waiting_max,
        waiting_per_message_max: MESSAGE_WAITING_MAX,
        // A request enters the gate twice: for its message and for its conversation.
        inside_max: settings.raw.server.requests_in_flight_max.saturating_mul(2),
    })
}

fn turn_options(settings: &Settings) -> TurnOptions {
    let turn = &settings.raw.turn;
    TurnOptions {
        style: Style {
            language: settings.language,
            channel: ChannelKind::Webchat,
            voice: settings.voice,
            address: settings.address,
            length: settings.length,
            emoji: settings.emoji,
        },
        rules: DialogueRules {
            questions_max: turn.questions_max as usize,
            unsure_max: turn.unsure_max,
            repeats_max: turn.repeats_max,
            // `config` has checked that it is `reply` or `handoff`.
            foreign: if settings.raw.shop.other_languages == "handoff" {
                ForeignWords::HandOff
            } else {
                ForeignWords::Reply
            },
        },
        deadline: settings.deadline(),
        output_tokens_max: settings.raw.draft.output_tokens_max,
        text_chars_max: turn.text_chars_max,
        history_turns_max: turn.history_turns_max,
        history_tokens_max: turn.history_tokens_max,
        bursts: BurstLimits {
            messages_max: turn.burst_messages_max,
            text_chars_max: turn.text_chars_max,
            windows: debounce_windows(settings),
        },
        triggers: settings.triggers.clone(),
        handoff: if settings.raw.callbacks.handoff_url.is_empty() {
            HandoffDelivery::AnswerOnly
        } else {
            HandoffDelivery::Webhook
        },
    }
}

fn debounce_windows(settings: &Settings) -> BTreeMap<ChannelKind, Duration> {
    let debounce = &settings.raw.debounce;
    let window = |channel| match channel {
        ChannelKind::Whatsapp => debounce.whatsapp_ms,
        ChannelKind::Instagram => debounce.instagram_ms,
        ChannelKind::Rcs => debounce.rcs_ms,
        ChannelKind::Apple => debounce.apple_ms,
        ChannelKind::Sms => debounce.sms_ms,
        ChannelKind::Webchat => debounce.webchat_ms,
    };
    ChannelKind::ALL.map(|channel| (channel, Duration::from_millis(window(channel)))).into()
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
