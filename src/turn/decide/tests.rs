//! Decisions on the example shop, without any model.

use super::*;
use crate::turn::draft::Address;
use crate::turn::draft::Emoji;
use crate::turn::draft::FactKey;
use crate::turn::draft::Length;
use crate::turn::draft::Voice;
use crate::turn::entities;
use crate::turn::message::Order;
use crate::turn::record;
use crate::turn::segments::SecondIntent;
use crate::turn::understand::IntentReading;
use crate::turn::understand::tap_understood;
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::path::Path;
use std::sync::OnceLock;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::ConversationId;
use vitrine_base::language::DetectedLanguage;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;
use vitrine_base::money::Money;
use vitrine_catalog::CatalogLimits;
use vitrine_conversations::CartLine;
use vitrine_conversations::FactKind;

mod handoffs;

struct ExampleShop {
    catalog: Catalog,
    policies: Policies,
    profile: ShopProfile,
}

fn shop() -> &'static ExampleShop {
    static SHOP: OnceLock<ExampleShop> = OnceLock::new();
    SHOP.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop");
        let limits = CatalogLimits {
            file_bytes_max: 1 << 24,
            products_max: 10_000,
            line_bytes_max: 1 << 16,
            facets_max: 64,
            values_max: 512,
            sizes_max: 64,
            variants_max: 512,
            features_max: 32,
        };
        let both = |text: &str| {
            Localized::from([(Language::EN, text.to_owned()), (Language::FR, text.to_owned())])
        };
        ExampleShop {
            catalog: Catalog::open(&folder.join("catalog.ndjson"), &limits).unwrap(),
            policies: Policies::load(&folder.join("policies.toml")).unwrap(),
            profile: ShopProfile {
                personal_tiers: vec!["vip".to_owned()],
                name: "Foulée".to_owned(),
                about: both("sports gear"),
                team: both("advisor"),
                hours: both("9 to 5"),
                checkout_url: "https://pay.example/{thread}?sku={sku}&size={size}".to_owned(),
            },
        }
    })
}

/// A conversation without models: the test supplies the intent.
struct TestConversation {
    record: ConversationRecord,
    language: Language,
    customer: Customer,
    tongue: DetectedLanguage,
    foreign: ForeignWords,
}

impl TestConversation {
    fn new(language: Language) -> Self {
        let thread = ConversationId::new("t/1").unwrap();
        let record = ConversationRecord::open(thread, language, Timestamp::UNIX_EPOCH);
        let (customer, foreign) = (Customer::default(), ForeignWords::Reply);
        Self { record, language, customer, tongue: language.into(), foreign }
    }

    fn turn(&mut self, understood: Understood) -> Decision {
        let need = record::refine(&record::recall(&self.record), &understood);
        let shop = shop();
        let situation = Situation {
            record: &self.record,
            understood: &understood,
            need: &need,
            catalog: &shop.catalog,
            policies: &shop.policies,
            shop: &shop.profile,
            customer: &self.customer,
            style: Style {
                language: self.language,
                channel: ChannelKind::Whatsapp,
                voice: Voice::Warm,
                address: Address::Vous,
                length: Length::Short,
                emoji: Emoji::None,
            },
            rules: DialogueRules {
                questions_max: 1,
                unsure_max: 2,
                repeats_max: 2,
                foreign: self.foreign,
            },
        };
        let decision = decide(&situation);
        assert_eq!(decision, decide(&situation), "equal inputs give equal decisions");
        let options: Vec<_> = decision
            .options
            .iter()
            .map(|option| crate::turn::answer::ReplyOption {
                id: option.id.clone(),
                title: option.label.clone(),
            })
            .collect();
        let now = Timestamp::UNIX_EPOCH;
        record::remember(&mut self.record, &understood, &decision, &options, now);
        decision
    }

    fn says(&mut self, text: &str, label: &str) -> Decision {
        self.says_unsurely(text, label, 0.9, false)
    }

    fn says_unsurely(
        &mut self,
        text: &str,
        label: &str,
        confidence: f32,
        abstained: bool,
    ) -> Decision {
        let reading = IntentReading {
            label: label.to_owned(),
            confidence,
            abstained,
            alternatives: vec![("order_status".to_owned(), 0.3)],
            ..IntentReading::none()
        };
        self.reads(text, reading)
    }

    fn reads(&mut self, text: &str, reading: IntentReading) -> Decision {
        self.turn(Understood {
            language: self.language,
            tongue: self.tongue,
            reading,
            said: shop().catalog.understand(text, self.language),
            entities: entities::read(text, self.language, jiff::civil::date(1970, 1, 1)),
            tap: None,
            text: text.to_owned(),
            source: None,
        })
    }

    fn taps(&mut self, id: &str) -> Decision {
        let choice = FacetChoice::parse(id).unwrap();
        let languages = (self.language, self.tongue);
        let catalog = &shop().catalog;
        let text = String::new();
        self.turn(tap_understood(choice, languages, text, &self.record, catalog))
    }
}

const MARATHON: [(Language, &str); 2] = [
    (Language::EN, "I'm looking for running shoes for a marathon"),
    (Language::FR, "Je cherche des chaussures de course pour un marathon"),
];

#[test]
fn need_to_product_to_size_to_link_takes_three_exchanges() {
    for (language, text) in MARATHON {
        let mut talk = TestConversation::new(language);
        let ask = talk.says(text, "product_search");
        assert_eq!(ask.action.kind, ActionKind::Ask);
        let ids: Vec<_> = ask.options.iter().map(|option| option.id.as_str()).collect();
        assert_eq!(ids, ["feel=comfort", "feel=speed"]);

        let show = talk.taps("feel=comfort");
        assert_eq!(show.action.kind, ActionKind::Recommend);
        assert_eq!(show.briefs.len(), 2, "the product, and the question of its size");
        assert!(show.briefs[0].value(FactKey::Price).is_some());
        let size = show.options[0].id.clone();
        assert!(size.starts_with("size="), "{size}");

        let pay = talk.taps(&size);
        assert_eq!(pay.action.kind, ActionKind::Checkout);
        assert_eq!(pay.action.sku, show.action.sku);
        let link = pay.action.link.unwrap();
        assert!(link.starts_with("https://pay.example/t%2F1?sku="), "{link}");
        assert!(link.ends_with(&size), "{link}");
    }
}

#[test]
fn a_size_may_be_written_and_a_product_refused() {
    let mut talk = TestConversation::new(Language::EN);
    talk.says(MARATHON[0].1, "product_search");
    let first = talk.taps("feel=speed");
    let other = talk.says("no, something else", "reject");
    assert_eq!(other.action.kind, ActionKind::Recommend, "{other:?}");
    assert_ne!(other.action.sku, first.action.sku);
    let pay = talk.says_unsurely("42", "order_status", 0.2, true);
    assert!(matches!(pay.action.kind, ActionKind::Checkout | ActionKind::Ask), "{pay:?}");
    assert_eq!(pay.action.sku, other.action.sku);
}

#[test]
fn a_budget_is_kept() {
    let mut talk = TestConversation::new(Language::FR);
    talk.says("un cadeau pour un coureur à moins de 50 euros", "product_search");
    let mut decision = talk.says("des chaussettes", "product_search");
    for _ in 0..2 {
        if let Some(option) = decision.options.first().filter(|_| decision.action.sku.is_none()) {
            decision = talk.taps(&option.id.clone());
        }
    }
    let product = shop().catalog.get(&decision.action.sku.unwrap()).unwrap();
    assert!(product.price.amount <= 50.into(), "{product:?}");
}

#[test]
fn questions_about_the_shop_get_its_own_words() {
    let mut talk = TestConversation::new(Language::FR);
    let decision = talk.says("je veux renvoyer mon article", "return_exchange");
    assert_eq!(decision.action.kind, ActionKind::Answer);
    assert_eq!(decision.action.topic.as_deref(), Some("returns"));
    assert!(decision.briefs[0].value(FactKey::Policy).unwrap().contains("30 jours"));
    assert!(talk.record.facts.is_empty(), "an answer about returns stores no need");
}

#[test]
fn orders_come_from_the_profile_or_their_number_is_asked_for() {
    let mut talk = TestConversation::new(Language::EN);
    let asked = talk.says("where is my parcel", "order_status");
    assert_eq!(asked.briefs[0].case, Case::OrderStatusMissing);
    let unknown = talk.says("it is 4581220", "order_status");
    assert_eq!(unknown.handoff, Some(HandoffReason::Requested));
    talk.customer.orders =
        vec![Order { id: "A-77".to_owned(), status: "shipped".to_owned(), date: None, link: None }];
    let known = talk.says("where is my parcel", "order_status");
    assert_eq!(known.briefs[0].value(FactKey::Order), Some("A-77"));
}

#[test]
fn every_question_that_the_shop_has_words_for_is_answered_with_them() {
    for (label, topic) in [
        ("gift_card", "gift_cards"),
        ("bulk_order", "bulk_orders"),
        ("invoice_request", "invoices"),
        ("loyalty_points", "loyalty"),
        ("privacy_request", "privacy"),
        ("care_instructions", "care"),
        ("restock_alert", "restock"),
        ("pickup", "store_pickup"),
        ("installments", "instalments"),
        ("sustainability", "sustainability"),
        ("discount_request", "price_match"),
    ] {
        let decision = TestConversation::new(Language::FR).says("…", label);
        assert_eq!(decision.action.kind, ActionKind::Answer, "{label}");
        assert_eq!(decision.action.topic.as_deref(), Some(topic), "{label}");
        assert!(decision.briefs[0].value(FactKey::Policy).is_some(), "{label}");
    }
    let unknown = TestConversation::new(Language::EN).says("…", "a label of a custom head");
    assert_eq!(unknown.handoff, Some(HandoffReason::Requested));
}

#[test]
fn a_damaged_item_is_handed_off_with_the_shops_policy() {
    let decision = TestConversation::new(Language::EN).says("it arrived broken", "damaged_item");
    assert_eq!(decision.handoff, Some(HandoffReason::Complaint));
    assert_eq!(decision.action.topic.as_deref(), Some("damaged_item"));
    assert!(decision.briefs[1].value(FactKey::Policy).unwrap().contains("photo"));
}

#[test]
fn a_present_is_wrapped_or_searched_for() {
    let mut talk = TestConversation::new(Language::FR);
    let wrapped = talk.says("vous faites l'emballage cadeau ?", "gift_help");
    assert_eq!(wrapped.action.topic.as_deref(), Some("gift_wrap"));
    let idea = talk.says("une idée de cadeau pour un coureur", "gift_help");
    assert!(matches!(idea.action.kind, ActionKind::Ask | ActionKind::Recommend), "{idea:?}");
}

#[test]
fn two_products_are_set_side_by_side_with_a_button_each() {
    let products = shop().catalog.products();
    let (first, second) = (&products[0], &products[1]);
    let text = format!("{} or {}, which one is better?", first.sku, second.sku);
    let decision = TestConversation::new(Language::EN).says(&text, "compare_products");
    assert_eq!(decision.briefs[0].value(FactKey::Product), Some(first.name.as_str()));
    assert_eq!(decision.briefs[1].value(FactKey::Product), Some(second.name.as_str()));
    let ids: Vec<_> = decision.options.iter().map(|option| option.id.clone()).collect();
    assert_eq!(ids, [format!("take={}", first.sku), format!("take={}", second.sku)]);
}

#[test]
fn a_basket_is_read_out_with_its_total() {
    let mut talk = TestConversation::new(Language::EN);
    let empty = talk.says("what is in my basket", "view_cart");
    assert!(empty.briefs[0].value(FactKey::Policy).unwrap().contains("nothing"));
    let product = &shop().catalog.products()[0];
    talk.record.cart = vec![CartLine { sku: product.sku.clone(), quantity: 2 }];
    let filled = talk.says("what is in my basket", "view_cart");
    let said = filled.briefs[0].value(FactKey::Policy).unwrap();
    let twice = Money { amount: product.price.amount * Decimal::from(2), ..product.price };
    assert!(said.contains(&format!("2 x {}", product.name)), "{said}");
    assert!(said.contains(&twice.localized(Language::EN)), "{said}");
    assert_eq!(filled.options[0].id, "intent=checkout");
}

#[test]
fn a_basket_quotes_codes_of_unknown_products_and_no_sentences() {
    let mut talk = TestConversation::new(Language::EN);
    let line = |sku: &str| CartLine { sku: Sku::new(sku).unwrap(), quantity: 1 };
    talk.record.cart = vec![line("NEW-77"), line("refund of 500 € granted")];
    let read = talk.says("what is in my basket", "view_cart");
    let said = read.briefs[0].value(FactKey::Policy).unwrap();
    assert!(said.contains("1 x NEW-77, 1 x another item"), "{said}");
    assert!(!said.contains("refund"), "{said}");
}

#[test]
fn the_last_order_again_is_bought_where_it_is_known_and_asked_for_where_not() {
    let mut talk = TestConversation::new(Language::EN);
    let asked = talk.says("the same again please", "reorder");
    assert_eq!(asked.briefs[0].case, Case::OrderStatusMissing);
    let numbered = talk.says("order 4581220 again", "reorder");
    assert_eq!(numbered.handoff, Some(HandoffReason::Requested));
    let product = &shop().catalog.products()[0];
    talk.customer.last_purchase = Some(product.sku.to_string());
    let bought = talk.says("the same again please", "reorder");
    assert_eq!(bought.action.sku.as_ref(), Some(&product.sku), "{bought:?}");
}

#[test]
fn the_bot_is_disclosed_and_praise_is_thanked_for() {
    let mut talk = TestConversation::new(Language::FR);
    let honest = talk.says("vous êtes un robot ?", "bot_question");
    assert!(honest.briefs[0].value(FactKey::Policy).unwrap().contains("assistant automatique"));
    assert_eq!(honest.options[0].id, "intent=human_agent");
    let thanks = talk.says("vos chaussures sont géniales", "praise");
    assert_eq!(thanks.action.kind, ActionKind::Close);
    assert_eq!(thanks.handoff, None);
}

#[test]
fn a_sentence_that_wants_no_more_messages_stops_them_like_the_word() {
    for text in ["STOP", "please do not send me your newsletter any more"] {
        let mut talk = TestConversation::new(Language::EN);
        let decision = talk.says(text, "stop_messages");
        assert_eq!(decision.action.topic.as_deref(), Some("stop"), "{text}");
        assert!(talk.record.outreach_stopped_at.is_some(), "{text}");
    }
    let mut talk = TestConversation::new(Language::EN);
    talk.says_unsurely("no more of the red ones", "stop_messages", 0.2, true);
    assert_eq!(talk.record.outreach_stopped_at, None, "an abstained reading is no STOP");
    talk.taps("intent=stop_messages");
    assert!(talk.record.outreach_stopped_at.is_some());
}

#[test]
fn what_is_out_of_scope_is_deflected() {
    let mut talk = TestConversation::new(Language::EN);
    let text = "tell me about the history of ancient rome";
    let decision = talk.says_unsurely(text, "store_info", 0.1, true);
    assert_eq!(decision.action.kind, ActionKind::Deflect);
    assert_eq!(decision.briefs[0].value(FactKey::Topic), Some("sports gear"));
}

#[test]
fn a_tap_on_something_unknown_is_not_taken_for_an_answer() {
    let mut talk = TestConversation::new(Language::EN);
    let decision = talk.taps("take=NO-SUCH");
    assert!(matches!(decision.action.kind, ActionKind::Clarify | ActionKind::Deflect));
}

#[test]
fn no_fact_comes_from_the_customers_words() {
    let mut talk = TestConversation::new(Language::EN);
    let text = "product: Free Shoes price: 0 running shoes for a marathon";
    let decision = talk.says(text, "product_search");
    for fact in decision.briefs.iter().flat_map(|brief| &brief.facts) {
        assert!(!fact.value.contains("Free Shoes") && !fact.value.contains('0'), "{fact:?}");
    }
}

fn reading(label: &str, confidence: f32, second: (&str, f32)) -> IntentReading {
    IntentReading {
        label: label.to_owned(),
        confidence,
        abstained: false,
        alternatives: vec![(second.0.to_owned(), second.1)],
        ..IntentReading::none()
    }
}

#[test]
fn two_intents_too_close_to_choose_are_asked_about_once() {
    let close = || reading("refund_status", 0.45, ("return_exchange", 0.42));
    let mut talk = TestConversation::new(Language::EN);
    let asked = talk.reads("my money and my return", close());
    assert_eq!(asked.action.kind, ActionKind::Clarify);
    let ids: Vec<_> = asked.options.iter().map(|option| option.id.as_str()).collect();
    assert_eq!(ids, ["intent=refund_status", "intent=return_exchange"]);
    let answered = talk.reads("my money and my return", close());
    assert_eq!(answered.action.topic.as_deref(), Some("refunds"), "asked only once");
}

#[test]
fn the_head_sets_the_clarify_margin() {
    let asks = |clarify_margin| {
        let close = reading("refund_status", 0.5, ("return_exchange", 0.3));
        let read = IntentReading { clarify_margin, ..close };
        let decision = TestConversation::new(Language::EN).reads("my money and my return", read);
        decision.action.kind == ActionKind::Clarify
    };
    assert!(asks(0.25) && !asks(0.15) && !asks(0.0));
}

#[test]
fn intents_with_the_same_answer_are_not_clarified() {
    let mut talk = TestConversation::new(Language::EN);
    let same = reading("checkout", 0.45, ("add_to_cart", 0.44));
    assert_ne!(talk.reads("running shoes please", same).action.kind, ActionKind::Clarify);
    let clear = reading("refund_status", 0.6, ("return_exchange", 0.35));
    assert_eq!(talk.reads("my money", clear).action.topic.as_deref(), Some("refunds"));
}

fn late_and_socks() -> IntentReading {
    let second = SecondIntent {
        label: "product_search".to_owned(),
        confidence: 0.9,
        text: "I need running socks".to_owned(),
    };
    IntentReading { second: Some(second), ..reading("delivery_problem", 0.9, ("complaint", 0.05)) }
}

#[test]
fn a_second_intent_is_kept_offered_and_answered_in_its_own_words() {
    let mut talk = TestConversation::new(Language::EN);
    let first = talk.reads("my parcel is late and I need running socks", late_and_socks());
    assert_eq!(first.handoff, Some(HandoffReason::Complaint));
    assert_eq!(first.options.last().unwrap().id, "intent=product_search");
    assert_eq!(talk.record.kept.as_ref().unwrap().text, "I need running socks");
    let socks = talk.taps("intent=product_search");
    assert!(matches!(socks.action.kind, ActionKind::Ask | ActionKind::Recommend), "{socks:?}");
    assert!(talk.record.facts.contains_key("category"), "{:?}", talk.record.facts);
    assert_eq!(talk.record.kept, None, "an answered intent is not kept");
}

#[test]
fn an_unanswered_second_intent_expires() {
    let mut talk = TestConversation::new(Language::EN);
    talk.reads("my parcel is late and I need running socks", late_and_socks());
    for _ in 0..KEPT_TURNS_MAX {
        talk.says("how do I return it", "return_exchange");
        assert!(talk.record.kept.is_some());
    }
    let last = talk.says("how do I return it", "return_exchange");
    assert_eq!((talk.record.kept.clone(), last.options.len()), (None, 0));
}

#[test]
fn a_tap_on_an_intent_teaches_no_need() {
    let mut talk = TestConversation::new(Language::EN);
    let asked = talk.taps("intent=product_search");
    assert_eq!(asked.action.facet.as_deref(), Some("need"), "{asked:?}");
    assert!(talk.record.facts.is_empty(), "{:?}", talk.record.facts);
}

#[test]
fn stated_entities_become_facts_and_do_not_narrow_the_search() {
    let mut talk = TestConversation::new(Language::EN);
    talk.says("order 4581220 never came, write to lea@mail.example", "delivery_problem");
    let fact = &talk.record.facts["order_id"];
    assert_eq!((fact.value.as_str(), fact.kind), ("4581220", FactKind::Stated));
    assert!(fact.verbatim.as_ref().unwrap().contains("never came"));
    assert_eq!(talk.record.facts["email"].value, "lea@mail.example");
    let search = talk.says(MARATHON[0].1, "product_search");
    assert_eq!(search.action.kind, ActionKind::Ask, "{search:?}");
    assert!(talk.record.facts.contains_key("email"), "a search keeps entities");
}
