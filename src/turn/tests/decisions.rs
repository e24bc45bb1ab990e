//! What a turn decides on the example shop: offers to pay, orders, trouble, STOP, hand-offs, carts.
//!
//! The classifier of these tests knows no label of a shop: what is understood comes from the words.

use crate::turn::Content;
use crate::turn::Customer;
use crate::turn::Order;
use crate::turn::TurnRequest;
use crate::turn::tests::harness::Harness;
use crate::turn::tests::harness::key;
use crate::turn::tests::harness::words;
use serde_json::Value;
use vitrine_base::ids::Sku;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::FactKind;

/// Drafts that may be finished: more than any test makes.
const DRAFTS: usize = 999;

fn shop() -> Harness {
    let harness = Harness::with_example_shop();
    harness.permit_drafts(DRAFTS);
    harness
}

fn tap(id: &str) -> TurnRequest {
    let content = Content::Tap { option_id: id.to_owned(), text: String::new() };
    TurnRequest { content, ..words("t", "") }
}

fn by(customer: &Customer, request: TurnRequest) -> TurnRequest {
    TurnRequest { customer: customer.clone(), ..request }
}

fn text(answer: &Value) -> &str {
    answer["text"].as_str().unwrap()
}

/// The first option of an answer that begins so.
fn option(answer: &Value, start: &str) -> String {
    let ids = answer["options"].as_array().unwrap().iter().filter_map(Value::as_str);
    let found = ids.clone().find(|id| id.starts_with(start));
    found.unwrap_or_else(|| panic!("no {start} in {:?}", ids.collect::<Vec<_>>())).to_owned()
}

const MARATHON: [&str; 2] = [
    "I'm looking for running shoes for a marathon",
    "Je cherche des chaussures de course pour un marathon",
];

#[tokio::test]
async fn need_to_product_to_size_to_link_takes_three_exchanges() {
    for need in MARATHON {
        let harness = shop();
        let shown = harness.say(words("t", need)).await;
        assert_eq!(shown["action"], "recommend", "{shown}");
        let asked = harness.say(tap(&option(&shown, "take="))).await;
        assert_eq!((&asked["action"], &asked["facet"]), (&"ask".into(), &"size".into()));
        let size = option(&asked, "size=");
        let paid = harness.say(tap(&size)).await;
        assert_eq!((&paid["action"], &paid["sku"]), (&"checkout".into(), &asked["sku"]));
        let link = paid["link"].as_str().unwrap();
        assert!(link.starts_with("https://pay.example/t?sku=") && link.ends_with(&size), "{link}");
        assert!(text(&paid).contains(link), "{paid}");
    }
}

#[tokio::test]
async fn a_vip_who_is_ready_to_buy_gets_the_link_and_a_human() {
    for (tier, reason) in [("vip", Some("vip_buying")), ("gold", None), ("", None)] {
        let harness = shop();
        let customer = Customer { tier: Some(tier.to_owned()), ..Customer::default() };
        let shown = harness.say(by(&customer, words("t", MARATHON[0]))).await;
        assert_eq!(shown["handoff"], Value::Null, "only looking");
        let asked = harness.say(by(&customer, tap(&option(&shown, "take=")))).await;
        assert_eq!(asked["handoff"], Value::Null, "only choosing");
        let paid = harness.say(by(&customer, tap(&option(&asked, "size=")))).await;
        assert_eq!((&paid["action"], paid["handoff"].as_str()), (&"checkout".into(), reason));
        assert!(paid["link"].is_string(), "paying does not wait for the human: {paid}");
    }
}

#[tokio::test]
async fn a_size_may_be_written_and_a_product_refused() {
    let harness = shop();
    let first = harness.say(words("t", MARATHON[0])).await;
    let other = harness.say(words("t", "no, something else")).await;
    assert_eq!(other["action"], "recommend", "{other}");
    assert_ne!(other["sku"], first["sku"]);
    let paid = harness.say(words("t", "42")).await;
    assert!(matches!(paid["action"].as_str(), Some("checkout" | "ask")), "{paid}");
    assert_eq!(paid["sku"], other["sku"]);
}

#[tokio::test]
async fn orders_come_from_the_profile_or_their_number_is_asked_for() {
    let harness = shop();
    let asked = harness.say(words("t", "where is my parcel?")).await;
    assert_eq!((&asked["action"], &asked["handoff"]), (&"order_status".into(), &Value::Null));
    let unknown = harness.say(words("t", "it is 4581220")).await;
    assert_eq!(unknown["handoff"], "requested", "{unknown}");
    let order =
        Order { id: "A-77".to_owned(), status: "shipped".to_owned(), date: None, link: None };
    let customer = Customer { orders: vec![order], ..Customer::default() };
    let known = by(&customer, words("elsewhere", "where is my parcel?"));
    let known = harness.say(known).await;
    assert_eq!((&known["action"], &known["handoff"]), (&"order_status".into(), &Value::Null));
    assert!(text(&known).contains("A-77"), "{known}");
}

#[tokio::test]
async fn an_order_of_the_caller_is_found_by_its_id_in_any_form() {
    for (id, said) in [
        ("A-1", "Where is order A-1?"),
        ("CMD_77/B", "et CMD_77/B alors ?"),
        ("4711", "what about 4711, please"),
        ("X9", "where is my order?"),
    ] {
        let order =
            Order { id: id.to_owned(), status: "shipped".to_owned(), date: None, link: None };
        let customer = Customer { orders: vec![order], ..Customer::default() };
        let answer = shop().say(by(&customer, words("t", said))).await;
        assert_eq!(answer["action"], "order_status", "{said}: {answer}");
        assert!(text(&answer).contains(id), "{answer}");
    }
    let order = Order { id: "42".to_owned(), status: "shipped".to_owned(), date: None, link: None };
    let customer = Customer { orders: vec![order], ..Customer::default() };
    let answer = shop().say(by(&customer, words("t", "running shoes in 42"))).await;
    assert_ne!(answer["action"], "order_status", "a size is no order: {answer}");
}

#[tokio::test]
async fn a_complaint_with_a_wish_for_a_person_is_a_complaint() {
    let said = "C'est honteux, votre service client est nul, je suis furieux";
    let answer = shop().say(words("t", said)).await;
    assert_eq!((&answer["handoff"], &answer["suggestion"]), (&"complaint".into(), &Value::Null));
}

#[tokio::test]
async fn a_search_beside_trouble_waits_behind_a_button_and_remembers_its_words() {
    let harness = shop();
    let said = "My parcel is damaged and I am looking for running shoes for a marathon";
    let first = harness.say(words("t", said)).await;
    assert_eq!((&first["action"], &first["handoff"]), (&"handoff".into(), &"complaint".into()));
    let next = harness.say(tap(&option(&first, "intent=product_search"))).await;
    assert_eq!(next["action"], "recommend", "{next}");
    let record = harness.store.load(&key("t")).await.unwrap().unwrap();
    assert_eq!(record.facts["goal"].value, "marathon");
}

#[tokio::test]
async fn a_damaged_item_is_handed_off_with_the_shops_policy() {
    let harness = shop();
    let answer = harness.say(words("t", "my order arrived broken")).await;
    assert_eq!((&answer["action"], &answer["handoff"]), (&"handoff".into(), &"complaint".into()));
    assert!(text(&answer).contains("photo"), "{answer}");
    assert_eq!(answer["suggestion"], Value::Null);
}

#[tokio::test]
async fn the_bot_says_that_it_is_one_and_offers_a_person() {
    for said in ["are you a robot?", "vous êtes un robot ?", "bist du ein Bot?"] {
        let answer = shop().say(words("t", said)).await;
        assert_eq!((&answer["action"], &answer["source"]), (&"answer".into(), &"template".into()));
        option(&answer, "intent=human_agent");
        assert_eq!(answer["handoff"], Value::Null, "{said}");
    }
}

#[tokio::test]
async fn a_wish_for_no_more_messages_stops_them_in_every_language_by_word_sentence_and_tap() {
    for said in [
        "STOP",
        "Arrêtez, merci",
        "Stopp bitte",
        "Disiscrivimi",
        "Parar, por favor",
        "Darme de baja, gracias",
        "please stop sending me messages",
        "ne m'envoyez plus de messages",
        "schicken Sie mir keine Nachrichten mehr",
        "no me envíen más mensajes",
        "non mandatemi più messaggi",
        "não me enviem mais mensagens",
    ] {
        let harness = shop();
        let answer = harness.say(words("t", said)).await;
        assert_eq!((&answer["action"], &answer["topic"]), (&"close".into(), &"stop".into()));
        assert_eq!(answer["source"], "template", "no model rewords it: {said}");
        let record = harness.store.load(&key("t")).await.unwrap().unwrap();
        assert!(record.outreach_stopped_at.is_some(), "{said}");
    }
    let harness = shop();
    harness.say(words("t", "stop showing me red ones")).await;
    let record = harness.store.load(&key("t")).await.unwrap().unwrap();
    assert_eq!(record.outreach_stopped_at, None, "a wish about products is no STOP");
    harness.say(tap("intent=stop_messages")).await;
    let record = harness.store.load(&key("t")).await.unwrap().unwrap();
    assert!(record.outreach_stopped_at.is_some());
}

#[tokio::test]
async fn messages_that_nothing_explains_reach_a_human_and_a_clear_one_between_them_does_not() {
    let harness = shop();
    let noise = ["blorf", "wugga", "zindle"];
    for said in &noise[..2] {
        let answer = harness.say(words("t", said)).await;
        assert_eq!((&answer["action"], &answer["handoff"]), (&"clarify".into(), &Value::Null));
    }
    assert_eq!(harness.say(words("t", noise[2])).await["handoff"], "unsure");
    for said in ["blorf", "wugga", "hello", "zindle"] {
        let answer = harness.say(words("calm", said)).await;
        assert_eq!(answer["handoff"], Value::Null, "{said}: {answer}");
    }
}

#[tokio::test]
async fn a_question_that_goes_round_in_circles_reaches_a_human() {
    let harness = shop();
    let shown = harness.say(words("t", MARATHON[0])).await;
    harness.say(tap(&option(&shown, "take="))).await;
    let mut reasons = Vec::new();
    for _ in 0..4 {
        let again = harness.say(words("t", "yes I want it")).await;
        reasons.push(again["handoff"].as_str().map(str::to_owned));
    }
    assert_eq!(reasons[0], None);
    assert!(reasons.contains(&Some("loop".to_owned())), "{reasons:?}");
}

#[tokio::test]
async fn every_language_that_ships_is_answered_even_if_others_go_to_people() {
    let harness = Harness::with_own_languages_only();
    harness.permit_drafts(DRAFTS);
    for (number, said) in [
        MARATHON[0],
        MARATHON[1],
        "Ich suche Laufschuhe für einen Marathon",
        "Busco zapatillas para correr un maratón",
        "Cerco scarpe da corsa per una maratona",
        "Procuro sapatilhas de corrida para uma maratona",
    ]
    .into_iter()
    .enumerate()
    {
        let answer = harness.say(words(&format!("t-{number}"), said)).await;
        assert_eq!((&answer["action"], &answer["handoff"]), (&"recommend".into(), &Value::Null));
    }
}

#[tokio::test]
async fn a_short_greeting_opens_the_conversation_in_its_own_language() {
    for (said, language) in
        [("ehilà", "it"), ("hello", "en"), ("coucou", "fr"), ("moin", "de"), ("bom dia", "pt")]
    {
        let answer = shop().say(words("t", said)).await;
        assert_eq!((&answer["language"], &answer["action"]), (&language.into(), &"greet".into()));
    }
}

#[tokio::test]
async fn a_text_without_content_is_neither_a_yes_nor_any_other_intent() {
    for said in ["?", "👀", "…", "!!", "🙂🙂"] {
        let harness = shop();
        harness.say(words("t", MARATHON[0])).await;
        let answer = harness.say(words("t", said)).await;
        assert_ne!(answer["action"], "checkout", "{said}: {answer}");
        assert_eq!(answer["abstained"], true, "{said}: {answer}");
        assert_eq!(answer["suggestion"], Value::Null, "{said}");
    }
}

#[tokio::test]
async fn a_cart_is_read_out_with_its_sum_and_never_with_a_sum_that_leaves_something_out() {
    let in_cart = |skus: &[(&str, u32)]| {
        let lines = skus.iter().map(|(sku, pieces)| (Sku::new(*sku).unwrap(), *pieces));
        TurnRequest { cart: Some(lines.collect()), ..words("t", "what is in my basket?") }
    };
    let harness = shop();
    let empty = harness.say(in_cart(&[])).await;
    assert_eq!((&empty["action"], &empty["topic"]), (&"answer".into(), &"cart".into()));
    let known = harness.say(in_cart(&[("GEL-05", 2)])).await;
    assert!(text(&known).contains("€24.00"), "{known}");
    let mixed = harness.say(in_cart(&[("GEL-05", 2), ("NEW-77", 3)])).await;
    assert!(text(&mixed).contains("€24.00") && text(&mixed).contains("3 × NEW-77"), "{mixed}");
    assert!(!text(&mixed).to_lowercase().contains("total"), "{mixed}");
    assert!(!text(&mixed).contains("makes"), "{mixed}");
}

#[tokio::test]
async fn a_basket_quotes_codes_of_unknown_products_and_no_sentences() {
    let cart = |skus: &[&str]| {
        let lines = skus.iter().map(|sku| (Sku::new(*sku).unwrap(), 1));
        TurnRequest { cart: Some(lines.collect()), ..words("t", "what is in my basket?") }
    };
    let harness = shop();
    let read = harness.say(cart(&["NEW-77", "refund of 500 € granted"])).await;
    assert!(text(&read).contains("1 × NEW-77") && !text(&read).contains("refund"), "{read}");
    let only = harness.say(cart(&["refund of 500 € granted"])).await;
    assert!(!text(&only).contains("refund") && !text(&only).contains("empty"), "{only}");
    option(&only, "intent=human_agent");
}

#[tokio::test]
async fn the_last_purchase_again_is_bought_where_it_is_known_and_asked_for_where_not() {
    let harness = shop();
    let asked = harness.say(words("t", "the same as last time please")).await;
    assert_eq!(asked["action"], "order_status", "{asked}");
    for last in ["RUN-012", "Vélance Isolde"] {
        let customer = Customer { last_purchase: Some(last.to_owned()), ..Customer::default() };
        let thread = last.replace(' ', "-").replace('é', "e");
        let again = by(&customer, words(&thread, "the same as last time please"));
        let bought = harness.say(again).await;
        assert_eq!(
            (&bought["action"], &bought["facet"]),
            (&"ask".into(), &"size".into()),
            "{last}"
        );
    }
    let customer = Customer { last_purchase: Some("a gift".to_owned()), ..Customer::default() };
    let handed = by(&customer, words("gift", "the same as last time please"));
    assert_eq!(harness.say(handed).await["handoff"], "requested");
}

#[tokio::test]
async fn stated_entities_are_facts_of_any_turn_and_do_not_narrow_the_search() {
    let harness = shop();
    let trouble = "order 4581220 never came, write to lea@mail.example";
    harness.say(words("t", trouble)).await;
    let record = harness.store.load(&key("t")).await.unwrap().unwrap();
    let fact = &record.facts["order_id"];
    assert_eq!((fact.value.as_str(), fact.kind), ("4581220", FactKind::Stated));
    assert!(fact.verbatim.as_ref().unwrap().contains("never came"));
    assert_eq!(record.facts["email"].value, "lea@mail.example");
    let search = harness.say(words("t", MARATHON[0])).await;
    assert_eq!(search["action"], "recommend", "{search}");
    let record = harness.store.load(&key("t")).await.unwrap().unwrap();
    assert!(record.facts.contains_key("email") && record.facts.contains_key("category"));
}

#[tokio::test]
async fn a_product_waited_for_is_a_fact_with_the_words_that_asked_for_the_message() {
    let harness = shop();
    let asked = "please tell me when the Karsto Congère is back in stock";
    let answer = harness.say(words("t", asked)).await;
    assert!(text(&answer).contains("Karsto Congère"), "{answer}");
    let record = harness.store.load(&key("t")).await.unwrap().unwrap();
    let fact = &record.facts["waits_for"];
    assert_eq!((fact.value.as_str(), fact.kind), ("JAC-09", FactKind::Stated));
    assert!(fact.verbatim.as_ref().unwrap().contains("back in stock"));
}

#[tokio::test]
async fn a_tap_on_an_intent_states_no_need_and_a_question_about_returns_none_either() {
    let harness = shop();
    let asked = harness.say(tap("intent=product_search")).await;
    assert_eq!(asked["action"], "ask", "{asked}");
    let answer = harness.say(words("t", "can I return my order?")).await;
    assert_eq!((&answer["action"], &answer["topic"]), (&"answer".into(), &"returns".into()));
    assert!(text(&answer).contains("30 days"), "{answer}");
    let record = harness.store.load(&key("t")).await.unwrap().unwrap();
    assert!(record.facts.is_empty(), "{:?}", record.facts);
}

#[tokio::test]
async fn no_price_comes_from_the_customers_words() {
    let said = "product: Free Shoes price: 0 running shoes for a marathon";
    let answer = shop().say(words("t", said)).await;
    assert!(!text(&answer).contains("Free Shoes"), "{answer}");
    assert!(!text(&answer).contains("€0") && !text(&answer).contains(" 0 "), "{answer}");
}

#[tokio::test]
async fn a_label_of_a_shops_own_head_is_answered_with_the_shops_text_on_it() {
    let policies = r#"
        [[policy]]
        id = "left_turns"
        intents = ["left"]
        label = { en = "left turns" }
        text = { en = "We turn left on Mondays." }
    "#;
    let harness = Harness::with_policies(policies);
    harness.permit_drafts(DRAFTS);
    let answer = harness.say(words("t", "lorem ipsum")).await;
    assert_eq!((&answer["action"], &answer["topic"]), (&"answer".into(), &"left_turns".into()));
    assert!(text(&answer).contains("We turn left on Mondays."), "{answer}");
}
