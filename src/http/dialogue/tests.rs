//! Tests of what answers show of the dialogue.

use super::*;
use crate::channels::WindowState;
use crate::channels::WindowStatus;
use crate::http::encode;
use crate::turn::IntentReading;
use crate::turn::TurnAnswer;
use crate::turn::TurnReply;
use crate::turn::TurnTimings;
use crate::turn::action::Action;
use crate::turn::action::ActionKind;
use crate::turn::answer::ReplySource;
use crate::turn::usage::TokenUsage;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::TurnId;
use vitrine_base::language::DetectedLanguage;
use vitrine_conversations::OwnerState;
use vitrine_conversations::Purpose;
use vitrine_dialogue::plan;
use vitrine_dialogue::plan::Card;
use vitrine_dialogue::state::DialogueState;
use vitrine_dialogue::state::Focus;
use vitrine_dialogue::state::Line;

fn money(amount: &str) -> Money {
    Money::parse(amount, "EUR").unwrap()
}

fn euro() -> Currency {
    money("1").currency
}

fn options(size: &str) -> BTreeMap<String, String> {
    [("size".to_owned(), size.to_owned())].into()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn said(command: Command) -> Said {
    Said { command, source: "words".to_owned() }
}

/// Every command, each of its fields set.
fn commands() -> Vec<Command> {
    let sku = || Reference::Product("RUN-012".to_owned());
    let facet = || "colour".to_owned();
    let value = || "black".to_owned();
    let price = Some(Decimal::new(12_050, 2));
    let seek = Command::Seek { category: "running_shoes".to_owned(), polarity: Polarity::Must };
    let topic = Question::Topic { intent: "returns".to_owned(), topics: texts(&["worn_shoes"]) };
    vec![
        Command::Greet,
        Command::Thank,
        Command::Bye,
        Command::Confirm,
        Command::Deny,
        seek,
        Command::Browse,
        Command::Constrain { facet: facet(), value: value(), polarity: Polarity::MustNot },
        Command::NoPreference { facet: Some(facet()) },
        Command::PriceLimit { min: None, max: price },
        Command::ForeignLimit { amount: Decimal::new(100, 0), currency: "USD".to_owned() },
        Command::Cheaper,
        Command::Dearer,
        Command::LowPrice,
        Command::Size {
            option: "size".to_owned(),
            values: texts(&["42", "42.5"]),
            system: SizeSystem::Eu,
            polarity: Polarity::Prefer,
        },
        Command::Quantity { pieces: 2, size: Some("44".to_owned()) },
        Command::Choose { reference: Reference::Ordinal(-1), buys: true },
        Command::Show { reference: Reference::Price(Decimal::new(119, 0)) },
        Command::Reject { reference: Reference::Focus, why: RejectReason::Price },
        Command::Another,
        Command::Accessories,
        Command::Compare { references: vec![sku(), Reference::Other] },
        Command::Remove { reference: Reference::Facet { facet: facet(), value: value() } },
        Command::Checkout,
        Command::Ask { question: topic, about: Some(sku()) },
        Command::Order { id: Some("4481922".to_owned()) },
        Command::Complain { about: Complaint::Damaged, angry: true },
        Command::Human,
        Command::Stop,
        Command::Start,
        Command::Contact { value: "lea@shop.example".to_owned() },
        Command::OutOfScope,
        Command::Injection,
        Command::Unclear,
    ]
}

fn wishes() -> Need {
    let colour = FacetWish {
        must: texts(&["black"]),
        must_not: texts(&["red"]),
        prefer: texts(&["blue"]),
        any: false,
    };
    Need {
        category: Some("running_shoes".to_owned()),
        facets: [("colour".to_owned(), colour)].into(),
        options: [("size".to_owned(), texts(&["43", "43.5"]))].into(),
        size_said: Some("US 10".to_owned()),
        price_max: Some(Decimal::new(150, 0)),
        quantity: Some(2),
        words: texts(&["léger"]),
        ..Need::default()
    }
}

fn shown_state() -> ShownState {
    let line = |variant: &str, size: &str, quantity| Line {
        sku: "RUN-012".to_owned(),
        variant: variant.to_owned(),
        options: options(size),
        quantity,
    };
    let state = DialogueState {
        need: wishes(),
        later: vec![Need { category: Some("socks".to_owned()), ..Need::default() }],
        cart: vec![line("RUN-012-42", "42", 1), line("RUN-012-43", "43", 2)],
        shown: texts(&["RUN-009", "RUN-012"]),
        focus: Some(Focus {
            sku: "RUN-012".to_owned(),
            options: options("42"),
            pieces: Vec::new(),
        }),
        rejected: texts(&["RUN-009"]),
        pending: Some(Pending::Option { facet: "size".to_owned(), sku: "RUN-012".to_owned() }),
        topics: vec![Topic::Order, Topic::Purchase],
        order: Some("4481922".to_owned()),
        waits_for: texts(&["RUN-001"]),
        ..DialogueState::default()
    };
    ShownState {
        state,
        owner: OwnerState::Bot,
        currency: Some(euro()),
        prices: vec![Some(money("119.00")), Some(money("124.90"))],
    }
}

fn shown_product() -> ShownProduct {
    let card = Card {
        sku: "RUN-012".to_owned(),
        variant: None,
        name: "Vélance Dorane".to_owned(),
        title: "chaussures de route".to_owned(),
        price: Price::From(money("119.00")),
        compare_at: Some(money("140.00")),
        options: vec![("taille".to_owned(), "42".to_owned())],
        reasons: texts(&["noir", "moins de 150 €"]),
        features: texts(&["semelle souple"]),
        availability: Availability::Preorder,
    };
    ShownProduct { card, options: options("42") }
}

fn dialogue() -> DialogueAnswer {
    DialogueAnswer {
        state: shown_state(),
        commands: commands().into_iter().map(said).collect(),
        products: vec![shown_product()],
        exact: Some(false),
        given_up: vec![
            GivenUp::Value("imperméable".to_owned()),
            GivenUp::PriceMax(money("100.00")),
        ],
        order: Some(Order {
            id: "4481922".to_owned(),
            status: "expédiée".to_owned(),
            date: Some("2026-11-20".to_owned()),
            link: None,
        }),
        links: texts(&["https://shop.example/a", "https://shop.example/b"]),
        read_by: ReadBy::rules(),
        recorded: Recording {
            stop: true,
            consents: vec![(Purpose::Outreach, false)],
            erasure: false,
        },
    }
}

fn answer(dialogue: Option<DialogueAnswer>) -> Value {
    let answer = TurnAnswer {
        turn_id: TurnId::new("turn-1").unwrap(),
        thread_id: ConversationId::new("t-1").unwrap(),
        epoch: 1,
        supersedes: Vec::new(),
        superseded_by: None,
        language: DetectedLanguage::Fr,
        tongue: DetectedLanguage::Fr,
        reading: IntentReading::none(),
        action: Action {
            link: Some("https://shop.example/a".to_owned()),
            ..Action::of(ActionKind::Said(plan::ActionKind::Checkout))
        },
        reply: TurnReply {
            text: String::new(),
            source: ReplySource::Template,
            options: Vec::new(),
            grounding: Vec::new(),
            payload: Value::Null,
        },
        suggestion: None,
        facts: Vec::new(),
        handoff: None,
        window: WindowState { state: WindowStatus::None, closes_at: None },
        disclosure: false,
        timings: TurnTimings::default(),
        usage: TokenUsage::default(),
        dialogue: dialogue.map(Box::new),
        jobs: Vec::new(),
    };
    serde_json::from_slice(&encode::answer(&answer).unwrap()).unwrap()
}

#[test]
fn an_answer_with_everything_a_dialogue_can_add_is_golden() {
    let text = serde_json::to_string_pretty(&answer(Some(dialogue()))).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../../tests/it/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("respond.dialogue", text));
}

#[test]
fn an_answer_without_a_dialogue_leaves_its_fields_out() {
    let fields = ["state", "commands", "products", "match", "order", "recorded"];
    let found = answer(None);
    assert!(fields.iter().all(|field| found.get(field).is_none()), "{found}");
    assert_eq!(found["action"], json!({"kind": "checkout", "link": "https://shop.example/a"}));
    let found =
        answer(Some(DialogueAnswer { exact: None, order: None, links: Vec::new(), ..dialogue() }));
    let left_out = fields.iter().filter(|field| found.get(field).is_none());
    assert_eq!(left_out.collect::<Vec<_>>(), [&"match", &"order"]);
    assert!(found["action"].get("links").is_none());
}

#[test]
fn names_on_the_wire_are_those_of_the_stored_forms() {
    for found in commands() {
        let stored = serde_json::to_value(&found).unwrap();
        let body = serde_json::to_value(command(&said(found), Some(euro()))).unwrap();
        assert_eq!(body["kind"], stored["kind"]);
        for field in ["polarity", "system", "why"] {
            assert_eq!(body.get(field), stored.get(field), "{}", stored["kind"]);
        }
        let stored_by = stored.get("reference").map(|reference| &reference["by"]);
        assert_eq!(body.get("reference").map(|reference| &reference["by"]), stored_by);
    }
    let complaints = [
        Complaint::Delivery,
        Complaint::Damaged,
        Complaint::Fault,
        Complaint::Payment,
        Complaint::Refund,
        Complaint::Service,
    ];
    for complaint in complaints {
        assert_eq!(json!(matter(complaint)), serde_json::to_value(complaint).unwrap());
    }
    for found in [Topic::Purchase, Topic::Order, Topic::Complaint, Topic::Human] {
        assert_eq!(json!(topic(found)), serde_json::to_value(found).unwrap());
    }
}

#[test]
fn pending_questions_have_the_names_of_the_stored_forms_and_say_what_they_are_about() {
    let (facet, sku) = (|| "size".to_owned(), || "RUN-012".to_owned());
    let questions = [
        Pending::Facet { facet: facet() },
        Pending::Option { facet: facet(), sku: sku() },
        Pending::Need,
        Pending::Buy { sku: sku() },
        Pending::Pick,
        Pending::OrderId,
        Pending::Contact { sku: sku() },
        Pending::Anything,
        Pending::Topic,
    ];
    for found in questions {
        let stored = serde_json::to_value(&found).unwrap();
        let body = serde_json::to_value(pending(&found)).unwrap();
        for field in ["question", "facet", "sku"] {
            let expected = stored.get(field).unwrap_or(&Value::Null);
            assert_eq!(&body[field], expected, "{stored}");
        }
    }
    assert_eq!(pending(&Pending::Contact { sku: String::new() }).sku, None);
}

#[test]
fn amounts_are_left_out_where_no_currency_is_known() {
    let limit = said(Command::PriceLimit { min: Some(Decimal::ONE), max: None });
    assert!(command(&limit, None).min.is_none());
    let body = command(&limit, Some(euro())).min.unwrap();
    assert_eq!((body.amount.as_str(), body.currency.as_str()), ("1.00", "EUR"));
    let state = state(&ShownState { currency: None, ..shown_state() });
    assert!(state.need.price_max.is_none() && state.need.category.is_some());
}
