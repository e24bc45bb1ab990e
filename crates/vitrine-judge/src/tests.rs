//! Tests of whole conversations: scripts and customers against answers written by hand.

use crate::Conversation;
use crate::Outcome;
use crate::Played;
use crate::Player;
use crate::Reply;
use crate::document;
use crate::load;
use crate::page;
use crate::shop::tests_support::shop;
use crate::table;
use serde_json::Value;
use serde_json::json;

fn conversation(body: &Value) -> Conversation {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tests.jsonl");
    std::fs::write(&file, body.to_string()).unwrap();
    load(&[file]).unwrap().remove(0)
}

/// Plays a conversation against answers in order; gives the requests too.
fn play(body: &Value, answers: &[Value]) -> (Played, Vec<Value>) {
    let (shop, conversation) = (shop(), conversation(body));
    let mut player = Player::new(&shop, &conversation, "run");
    let mut requests = Vec::new();
    let mut answers = answers.iter();
    while let Some(request) = player.next_request() {
        requests.push(request);
        let body = answers.next().expect("one answer for each message").clone();
        player.receive(Reply { status: 200, body, ms: 10.0 });
    }
    assert!(answers.next().is_none(), "the conversation ended early");
    (player.finish(), requests)
}

fn script(turns: Value) -> Value {
    let cart = json!([{"sku": "GEL-1"}]);
    json!({"kind": "script", "id": "s", "language": "en", "cart": cart, "turns": turns})
}

fn failed(played: &Played) -> Vec<Vec<&'static str>> {
    let checks = |exchange: &crate::Exchange| exchange.failed.iter().map(|f| f.check).collect();
    played.exchanges().iter().map(checks).collect()
}

fn recommend(sku: &str) -> Value {
    let option = json!({"id": format!("take={sku}"), "title": "Yes"});
    json!({
        "action": {"kind": "recommend", "sku": sku},
        "reply": {"text": "Here you are", "options": [option]},
    })
}

#[test]
fn a_script_writes_taps_and_carries_the_cart() {
    let turns = json!([
        {"say": "shoes", "expect": {"action": ["recommend"], "category": ["shoes"]}},
        {"tap": "^yes", "cart": [], "channel": "sms", "expect": {"sku": ["RUN-1"]}},
        {"tap": "no such", "say": "bye"},
        {"tap": "no such"},
    ]);
    let (played, requests) =
        play(&script(turns), &[recommend("RUN-2"), recommend("RUN-1-42"), recommend("GEL-1")]);
    assert_eq!(failed(&played), [vec![], vec![], vec![], vec!["tap"]]);
    assert!(!played.passed());
    assert_eq!(requests[0]["cart"], json!([{"sku": "GEL-1"}]));
    assert_eq!(requests[0]["channel"], "webchat");
    assert_eq!(requests[1]["message"]["option_id"], "take=RUN-2");
    assert_eq!((&requests[1]["cart"], &requests[1]["channel"]), (&json!([]), &json!("sms")));
    assert_eq!(requests[2]["message"]["text"], "bye");
    assert_eq!(requests[0]["thread_id"], requests[2]["thread_id"]);
}

#[test]
fn product_checks_hold_for_the_product_and_the_category_for_all_shown() {
    let several = json!({
        "action": {"kind": "recommend"}, "products": [{"sku": "RUN-1"}, {"sku": "SOCK-1"}],
        "reply": {"text": "Two of them"},
    });
    let turns = json!([
        {"say": "a", "expect": {"category": ["running_shoes"], "price_max": 100, "size": 42}},
        {"say": "b", "expect": {"facet": {"colour": ["red"]}, "facet_not": {"colour": ["black"]}}},
        {"say": "c", "expect": {"facet": {"weather": ["rain"]}, "price_min": 50.5}},
        {"say": "d", "expect": {"any": [{"sku": ["GEL-1"]}, {"action": ["ask"]}]}},
    ]);
    let answers = [several, recommend("RUN-1"), recommend("GEL-1"), recommend("RUN-1")];
    let (played, _) = play(&script(turns), &answers);
    let expected =
        [vec!["price_max", "category"], vec!["facet", "facet_not"], vec!["price_min"], vec!["any"]];
    assert_eq!(failed(&played), expected);
}

#[test]
fn answers_are_compared_with_the_products_before() {
    let turns = json!([
        {"say": "a", "expect": {"cheaper_than_before": true, "other_than_before": true}},
        {"say": "b", "expect": {"cheaper_than_before": true, "other_than_before": true}},
        {"say": "c", "expect": {"shown": 2, "other_than_before": true}},
        {"say": "d", "expect": {"shown": -2, "cheaper_than_before": true}},
    ]);
    let answers = ["RUN-1", "RUN-2", "RUN-1", "RUN-1"].map(recommend);
    let (played, _) = play(&script(turns), &answers);
    let expected =
        [vec![], vec![], vec!["other_than_before", "shown"], vec!["cheaper_than_before", "shown"]];
    assert_eq!(failed(&played), expected);
}

#[test]
fn a_product_check_without_a_product_fails_only_where_one_is_owed() {
    let answer = |kind: &str| json!({"action": {"kind": kind}, "reply": {"text": "Which one?"}});
    let turns = json!([
        {"say": "a", "expect": {"price_max": 10}},
        {"say": "b", "expect": {"price_max": 10}},
        {"say": "c", "expect": {"sku": ["RUN-1"]}},
    ]);
    let (played, _) = play(&script(turns), &[answer("ask"), answer("compare"), answer("ask")]);
    assert_eq!(failed(&played), [vec![], vec!["price_max"], vec!["sku"]]);
}

#[test]
fn no_answer_may_be_empty_stammer_or_hold_another_link() {
    let answer = |text: &str| {
        json!({"action": {"kind": "answer", "link": "https://a.example/1"},
                                     "reply": {"text": text}})
    };
    let turns = json!([{"say": "a"}, {"say": "b"}, {"say": "c"}, {"say": "d"}]);
    let answers = [
        answer(""),
        answer("the the end"),
        answer("see https://a.example/2."),
        answer("see https://a.example/1."),
    ];
    let (played, _) = play(&script(turns), &answers);
    let expected = [vec!["silence"], vec!["stammer"], vec!["link_in_text"], vec![]];
    assert_eq!(failed(&played), expected);
}

fn goal() -> Value {
    json!({
        "kind": "goal", "id": "g", "language": "fr", "opening": "des chaussures",
        "want": {
            "category": ["shoes"], "size": "42", "price_max": 100, "facet": {"colour": ["red"]},
        },
        "answers": {"feel": "confort"}, "yes": "ok", "too_expensive": "trop cher",
        "wrong": "non", "exchanges_max": 6,
    })
}

#[test]
fn a_customer_answers_and_buys_what_is_wanted() {
    let ask = |facet: &str, options: Value| {
        let reply = json!({"text": "?", "options": options});
        json!({"action": {"kind": "ask", "facet": facet}, "reply": reply})
    };
    let checkout = |link: &str| {
        let action = json!({"kind": "checkout", "sku": "RUN-2", "link": link});
        json!({"action": action, "reply": {"text": "Voici"}})
    };
    let colours =
        json!([{"id": "colour=black", "title": "noir"}, {"id": "colour=red", "title": "rouge"}]);
    let answers = [
        ask("feel", json!([])),
        ask("colour", colours),
        recommend("RUN-2"),
        checkout("https://a.example/?size=420"),
        checkout("https://a.example/?size=42&q=1"),
    ];
    let (played, _) = play(&goal(), &answers);
    let said: Vec<&str> = played.exchanges().iter().map(|e| e.said.as_str()).collect();
    assert_eq!(said, ["des chaussures", "confort", "[rouge]", "ok", "42"]);
    assert!(played.passed());
}

#[test]
fn a_customer_complains_repeats_and_gives_up() {
    let nothing = json!({"action": {"kind": "answer"}, "reply": {"text": "Bonjour"}});
    let black = recommend("RUN-1");
    let (played, _) = play(&goal(), &[black, nothing.clone(), nothing]);
    let said: Vec<&str> = played.exchanges().iter().map(|e| e.said.as_str()).collect();
    assert_eq!(said, ["des chaussures", "non", "des chaussures"]);
    assert_eq!(failed(&played)[2], ["goal"]);
    let outcome = Outcome::new(vec![played]);
    assert_eq!(outcome.figures().exchanges_wasted, 2);
    assert!(outcome.share() < f64::EPSILON);
}

#[test]
fn a_handoff_ends_a_customer_s_conversation() {
    let handoff = json!({"action": {"kind": "handoff"}, "reply": {"text": "Un instant"}});
    let (played, _) = play(&goal(), &[handoff]);
    assert!(!played.passed());
    assert_eq!(played.exchanges()[0].failed[0].why, "handed to a person");
}

#[test]
fn the_reports_tell_figures_and_failed_exchanges() {
    let turns = json!([{"say": "<b>shoes</b>", "expect": {"action": ["ask"]}}, {"say": "ok"}]);
    let (script, _) = play(&script(turns), &[recommend("RUN-1"), recommend("RUN-1")]);
    let handoff = json!({"action": {"kind": "handoff"}, "reply": {"text": "Un instant"}});
    let outcome = Outcome::new(vec![script, play(&goal(), &[handoff]).0]);
    let figures = outcome.figures();
    assert_eq!((figures.turns, figures.turns_passed, figures.goals), (2, 1, 1));
    assert_eq!((figures.p50_ms, figures.p99_ms), (Some(10.0), Some(10.0)));
    let document = document(&outcome);
    assert_eq!(document["summary"]["failed_checks"], json!({"action": 1, "goal": 1}));
    assert_eq!(document["summary"]["by_tag"]["untagged"]["en"]["turns_passed"], 1);
    assert_eq!(document["conversations"][0]["turns"][1]["answer"], recommend("RUN-1"));
    let table = table(&outcome);
    assert!(table.contains("   1/2    50 %"), "{table}");
    let page = page(&outcome, "a & b");
    assert!(page.contains("a &amp; b") && page.contains("&lt;b&gt;shoes") && page.contains("<svg"));
    assert!(!page.contains("<b>shoes"));
}
