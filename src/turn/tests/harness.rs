//! A turn pipeline without models: an in-memory store, a classifier with two labels, and a drafter
//! whose drafts start at once and finish when the test permits.

use crate::offers::BasketLimits;
use crate::offers::Baskets;
use crate::offers::Experiment;
use crate::offers::ExperimentOptions;
use crate::offers::GuardrailOptions;
use crate::offers::OfferOptions;
use crate::offers::Offers;
use crate::turn::Content;
use crate::turn::Customer;
use crate::turn::DebounceMode;
use crate::turn::EncodedAnswer;
use crate::turn::HandoffDelivery;
use crate::turn::HumanMessage;
use crate::turn::PipelineParts;
use crate::turn::ShopProfile;
use crate::turn::Triggers;
use crate::turn::TurnAnswer;
use crate::turn::TurnError;
use crate::turn::TurnOptions;
use crate::turn::TurnPipeline;
use crate::turn::TurnRequest;
use crate::turn::burst::BurstLimits;
use crate::turn::dialogue::DialogueRules;
use crate::turn::dialogue::ForeignWords;
use crate::turn::draft::Address;
use crate::turn::draft::Brief;
use crate::turn::draft::Budget;
use crate::turn::draft::Draft;
use crate::turn::draft::DraftError;
use crate::turn::draft::Drafter;
use crate::turn::draft::DrafterSlot;
use crate::turn::draft::Emoji;
use crate::turn::draft::HistoryLine;
use crate::turn::draft::Length;
use crate::turn::draft::Style;
use crate::turn::draft::Voice;
use crate::turn::model_reader::ModelReader;
use crate::turn::model_reader::ReaderMode;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use vitrine_base::channel::ChannelKind;
use vitrine_base::clock::Clock;
use vitrine_base::clock::ManualClock;
use vitrine_base::clock::SharedClock;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::TenantId;
use vitrine_base::language::Language;
use vitrine_catalog::Catalog;
use vitrine_catalog::CatalogLimits;
use vitrine_conversations::BodyHash;
use vitrine_conversations::ConversationKey;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::CustomerStore;
use vitrine_conversations::EmbeddedStore;
use vitrine_conversations::GateOptions;
use vitrine_conversations::TurnGate;
use vitrine_conversations::TurnRecord;
use vitrine_conversations::samples;
use vitrine_dialogue::locale::Locales;
use vitrine_dialogue::policies::Policies;
use vitrine_dialogue::policy::Rules;
use vitrine_intent::IntentClassifier;
use vitrine_intent::IntentError;

/// Most messages of a burst.
pub(super) const BURST_MAX: usize = 3;

/// Debounce windows: of every channel but SMS, and of SMS.
pub(super) const WINDOW: Duration = Duration::from_millis(700);
pub(super) const WINDOW_SMS: Duration = Duration::from_millis(1500);

/// Limits above the size of the example shop.
const BASKETS: BasketLimits = BasketLimits {
    file_bytes_max: 1 << 24,
    baskets_max: 100_000,
    basket_articles_max: 100,
    articles_max: 10_000,
    pairs_max: 100_000,
    rules_max: 50,
};
const CATALOG: CatalogLimits = CatalogLimits {
    file_bytes_max: 1 << 24,
    products_max: 10_000,
    line_bytes_max: 1 << 16,
    facets_max: 64,
    values_max: 512,
    sizes_max: 64,
    variants_max: 512,
    features_max: 32,
};

/// Counts of drafts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Drafts {
    pub(super) begun: usize,
    pub(super) finished: usize,
    pub(super) abandoned: usize,
}

/// Finishes a draft when it gets a permit.
#[derive(Debug)]
pub(super) struct GatedDrafter {
    permits: Semaphore,
    drafts: watch::Sender<Drafts>,
    asked: Mutex<Vec<String>>,
}

/// Counts a draft as finished or, if it is dropped early, as abandoned.
struct RunningDraft<'a> {
    drafts: &'a watch::Sender<Drafts>,
    finished: bool,
}

impl Drop for RunningDraft<'_> {
    fn drop(&mut self) {
        self.drafts.send_modify(|drafts| match self.finished {
            true => drafts.finished += 1,
            false => drafts.abandoned += 1,
        });
    }
}

#[derive(Debug, Clone)]
struct SharedDrafter(Arc<GatedDrafter>);

impl Drafter for SharedDrafter {
    fn draft<'a>(
        &'a self,
        brief: &'a Brief,
        _history: &'a [HistoryLine],
        _budget: Budget,
    ) -> BoxFuture<'a, Result<Draft, DraftError>> {
        Box::pin(async move {
            let drafter = &*self.0;
            drafter.asked.lock().unwrap().extend(brief.customer.clone());
            drafter.drafts.send_modify(|drafts| drafts.begun += 1);
            let mut running = RunningDraft { drafts: &drafter.drafts, finished: false };
            drafter.permits.acquire().await.unwrap().forget();
            running.finished = true;
            let text = "a draft".to_owned();
            let (prompt_tokens, cached_tokens, output_tokens) = (1, 0, 2);
            let whole = true;
            Ok(Draft { text, whole, prompt_tokens, cached_tokens, output_tokens })
        })
    }

    fn lexicon(&self) -> Option<&BTreeSet<String>> {
        None
    }

    fn wants_history(&self) -> bool {
        false
    }
}

/// What the pipeline sells, and says about itself.
struct Shop {
    catalog: Catalog,
    baskets: Baskets,
    policies: Policies,
    profile: ShopProfile,
}

fn policies(text: &str) -> Policies {
    Policies::parse(text, &Locales::shipped(Language::EN).unwrap()).unwrap()
}

impl Shop {
    fn empty() -> Self {
        Self {
            catalog: Catalog::empty(),
            baskets: Baskets::empty(),
            policies: Policies::default(),
            profile: ShopProfile::default(),
        }
    }

    fn example() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop");
        let policies = std::fs::read_to_string(folder.join("policies.toml")).unwrap();
        Self {
            catalog: Catalog::open(&folder.join("catalog.ndjson"), &CATALOG).unwrap(),
            baskets: Baskets::open(&folder.join("baskets.csv"), &BASKETS).unwrap(),
            policies: self::policies(&policies),
            profile: ShopProfile {
                name: "Foulée".to_owned(),
                personal_tiers: vec!["vip".to_owned()],
                checkout_url: "https://pay.example/{thread}?sku={sku}&size={size}".to_owned(),
                ..ShopProfile::default()
            },
        }
    }
}

/// The pipeline under test, with its store, clock and drafter.
#[derive(Debug, Clone)]
pub(super) struct Harness {
    pub(super) pipeline: Arc<TurnPipeline>,
    pub(super) store: Arc<EmbeddedStore>,
    pub(super) clock: Arc<ManualClock>,
    drafter: Arc<GatedDrafter>,
}

impl Harness {
    pub(super) fn open() -> Self {
        let options = samples::options(Path::new(""));
        Self::on(Arc::new(EmbeddedStore::in_memory(options).unwrap()))
    }

    pub(super) fn on(store: Arc<EmbeddedStore>) -> Self {
        Self::with_options(store, options_of_turns())
    }

    /// With its own hand-off triggers.
    pub(super) fn with(triggers: Triggers) -> Self {
        let store = EmbeddedStore::in_memory(samples::options(Path::new(""))).unwrap();
        Self::with_options(Arc::new(store), TurnOptions { triggers, ..options_of_turns() })
    }

    /// With the example shop.
    pub(super) fn with_example_shop() -> Self {
        let store = EmbeddedStore::in_memory(samples::options(Path::new(""))).unwrap();
        Self::selling(Arc::new(store), options_of_turns(), Shop::example())
    }

    /// With the example shop; messages in a language that it does not write go to people.
    pub(super) fn with_own_languages_only() -> Self {
        let store = EmbeddedStore::in_memory(samples::options(Path::new(""))).unwrap();
        let mut options = options_of_turns();
        options.rules.foreign = ForeignWords::HandOff;
        Self::selling(Arc::new(store), options, Shop::example())
    }

    /// With the example shop, and a model that reads messages.
    pub(super) fn with_reader(
        reader: ReaderMode,
        reading_max: Duration,
        model: Arc<dyn ModelReader>,
    ) -> Self {
        let store = EmbeddedStore::in_memory(samples::options(Path::new(""))).unwrap();
        let options = TurnOptions { reader, reading_max, ..options_of_turns() };
        let harness = Self::selling(Arc::new(store), options, Shop::example());
        harness.pipeline.reader().replace(Some(model));
        harness
    }

    /// With the texts of a policies file, and no products.
    pub(super) fn with_policies(text: &str) -> Self {
        let store = EmbeddedStore::in_memory(samples::options(Path::new(""))).unwrap();
        let shop = Shop { policies: policies(text), ..Shop::empty() };
        Self::selling(Arc::new(store), options_of_turns(), shop)
    }

    fn with_options(store: Arc<EmbeddedStore>, options: TurnOptions) -> Self {
        Self::selling(store, options, Shop::empty())
    }

    fn selling(store: Arc<EmbeddedStore>, options: TurnOptions, shop: Shop) -> Self {
        let drafter = Arc::new(GatedDrafter {
            permits: Semaphore::new(0),
            drafts: watch::Sender::new(Drafts::default()),
            asked: Mutex::default(),
        });
        let clock = Arc::new(ManualClock::new(samples::at(0)));
        let parts = PipelineParts {
            classifier: Arc::new(IntentClassifier::toy()),
            drafter: Arc::new(DrafterSlot::new(Box::new(SharedDrafter(Arc::clone(&drafter))))),
            reader: Arc::default(),
            catalog: Arc::new(shop.catalog),
            offers: Arc::new(offers_of(shop.baskets)),
            policies: shop.policies,
            locales: Locales::shipped(Language::EN).unwrap(),
            shop: shop.profile,
            store: Arc::clone(&store) as Arc<dyn ConversationStore>,
            customers: Arc::clone(&store) as Arc<dyn CustomerStore>,
            gate: TurnGate::new(GateOptions {
                waiting_per_conversation_max: 64,
                waiting_per_message_max: 64,
                inside_max: 100_000,
            }),
            clock: Arc::clone(&clock) as SharedClock,
            encode,
        };
        let pipeline = Arc::new(TurnPipeline::new(parts, options));
        Self { pipeline, store, clock, drafter }
    }

    /// Permits this many drafts to finish.
    pub(super) fn permit_drafts(&self, drafts: usize) {
        self.drafter.permits.add_permits(drafts);
    }

    /// Withdraws the unused permits.
    pub(super) fn withdraw_permits(&self) {
        self.drafter.permits.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn drafts(&self) -> Drafts {
        *self.drafter.drafts.borrow()
    }

    /// Waits until this many drafts have started.
    pub(super) async fn begun(&self, begun: usize) {
        let mut drafts = self.drafter.drafts.subscribe();
        drafts.wait_for(|drafts| drafts.begun >= begun).await.unwrap();
    }

    /// The customer's words in each brief, in the order of drafting.
    pub(super) fn asked(&self) -> Vec<String> {
        self.drafter.asked.lock().unwrap().clone()
    }

    /// Answers a turn. Retries while the classifier's short queue is full, as a channel would.
    pub(super) async fn respond(&self, request: TurnRequest) -> Result<EncodedAnswer, TurnError> {
        loop {
            match self.pipeline.respond(request.clone(), None).await {
                Err(TurnError::Intent(IntentError::Full { .. })) => tokio::task::yield_now().await,
                answered => return answered,
            }
        }
    }

    pub(super) async fn say(&self, request: TurnRequest) -> Value {
        read(&self.respond(request).await.unwrap())
    }

    pub(super) async fn human(
        &self,
        conversation: &str,
        text: &str,
    ) -> Result<EncodedAnswer, TurnError> {
        let message = HumanMessage {
            key: key(conversation),
            message_id: None,
            hash: BodyHash::of(text.as_bytes()).into(),
            text: text.to_owned(),
            sent_at: None,
        };
        self.pipeline.human_message(&message, encode_human).await
    }

    pub(super) async fn turns(&self, conversation: &str) -> Vec<TurnRecord> {
        self.store.turns(&key(conversation), 1000).await.unwrap()
    }
}

pub(super) fn tenant() -> TenantId {
    samples::tenant()
}

pub(super) fn key(conversation: &str) -> ConversationKey {
    samples::conversation_key(conversation)
}

pub(super) fn read(answered: &EncodedAnswer) -> Value {
    serde_json::from_slice(&answered.body).unwrap()
}

/// A text message in a conversation, without a message id.
pub(super) fn words(conversation: &str, text: &str) -> TurnRequest {
    TurnRequest {
        tenant: tenant(),
        thread_id: Some(ConversationId::new(conversation).unwrap()),
        customer_id: None,
        channel: ChannelKind::Whatsapp,
        sender: None,
        message_id: None,
        hash: BodyHash::of(text.as_bytes()).into(),
        content: Content::Text(text.to_owned()),
        attachments: Vec::new(),
        sent_at: None,
        received_at: None,
        language_hint: None,
        tongue_hint: None,
        customer: Customer::default(),
        cart: None,
        debounce_mode: DebounceMode::None,
        deadline: None,
    }
}

/// A text message with the provider's message id.
pub(super) fn message(conversation: &str, id: &str, text: &str) -> TurnRequest {
    TurnRequest { message_id: Some(MessageId::new(id).unwrap()), ..words(conversation, text) }
}

fn encode(answer: &TurnAnswer) -> serde_json::Result<Vec<u8>> {
    let body = json!({
        "turn_id": answer.turn_id.as_str(),
        "epoch": answer.epoch,
        "supersedes": answer.supersedes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "superseded_by": answer.superseded_by.as_ref().map(ToString::to_string),
        "language": answer.language.code(),
        "abstained": answer.reading.abstained,
        "action": answer.action.kind.name(),
        "text": answer.reply.text,
        "source": answer.reply.source.name(),
        "suggestion": answer.suggestion.as_ref().map(|offer| offer.sku.as_str()),
        "handoff": answer.handoff.as_ref().map(|handoff| handoff.reason),
        "facet": answer.action.facet,
        "link": answer.action.link,
        "sku": answer.action.sku.as_ref().map(ToString::to_string),
        "topic": answer.action.topic,
        "read_by": answer.dialogue.as_ref().map(|dialogue| {
            let read_by = dialogue.read_by;
            format!("{} {}", read_by.reader(), read_by.outcome.name())
        }),
        "options": answer.reply.options.iter().map(|option| &option.id).collect::<Vec<_>>(),
    });
    serde_json::to_vec(&body)
}

fn encode_human(
    turn_id: &vitrine_base::ids::TurnId,
    conversation: &vitrine_conversations::ConversationRecord,
) -> serde_json::Result<Vec<u8>> {
    let body = json!({ "turn_id": turn_id.as_str(), "epoch": conversation.ownership.epoch });
    serde_json::to_vec(&body)
}

fn offers_of(baskets: Baskets) -> Offers {
    let experiment =
        Experiment::new(ExperimentOptions { holdout_share: 0.1, salt: "test".to_owned() }).unwrap();
    let guardrails = GuardrailOptions {
        sarcasm_min: 0.5,
        sentiment_min: -0.4,
        offers_per_turn_max: 1,
        price_share_max: rust_decimal::Decimal::ONE,
    };
    let options = OfferOptions { together_min: 5, confidence_min: 0.08, lift_min: 1.2, guardrails };
    Offers::new(baskets, experiment, options)
}

fn options_of_turns() -> TurnOptions {
    TurnOptions {
        style: Style {
            language: Language::EN,
            channel: ChannelKind::Webchat,
            voice: Voice::Warm,
            address: Address::Vous,
            length: Length::Short,
            emoji: Emoji::None,
        },
        rules: DialogueRules {
            rules: Rules { questions_max: 1, unclear_max: 2, repeats_max: 2 },
            foreign: ForeignWords::Reply,
        },
        // Never reached: the clock moves only when a test moves it.
        deadline: Duration::from_secs(3600),
        output_tokens_max: 16,
        text_chars_max: 4096,
        history_turns_max: 6,
        history_tokens_max: 1024,
        bursts: BurstLimits {
            messages_max: BURST_MAX,
            text_chars_max: 4096,
            windows: ChannelKind::ALL
                .map(|channel| match channel {
                    ChannelKind::Sms => (channel, WINDOW_SMS),
                    _ => (channel, WINDOW),
                })
                .into(),
        },
        handoff: HandoffDelivery::Webhook,
        triggers: Triggers::default(),
        reader: ReaderMode::Model,
        reading_max: Duration::from_secs(3600),
    }
}
