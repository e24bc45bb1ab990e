//! Whole conversations over HTTP: from a need to a payment link in three exchanges, hand-off,
//! deflection, two intents in one message, stated facts and foreign languages.

use crate::server::shared;
use serde_json::Value;
use serde_json::json;

struct Conversation {
    thread: String,
    channel: &'static str,
}

impl Conversation {
    async fn say(&self, message: Value) -> Value {
        let body = json!({
            "thread_id": self.thread, "channel": self.channel, "message": message,
        });
        let (status, answer) = shared().post("/respond", &body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn tap(&self, option: &Value) -> Value {
        self.say(json!({ "option_id": option["id"] })).await
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

async fn three_exchanges(thread: &str, need: &str, language: &str) {
    let mut talk = Conversation { thread: thread.to_owned(), channel: "instagram" };
    let first = talk.say(json!({ "text": need })).await;
    assert_eq!(first["language"], language);
    assert_eq!(first["intent"]["label"], "product_search", "{first}");
    assert_eq!(first["action"]["kind"], "recommend", "{first}");
    let goal = json!("marathon");
    assert!(first["facts"].as_array().is_some_and(|f| f.iter().any(|f| f["value"] == goal)));
    let options = first["reply"]["options"].as_array().expect("options");
    let products = first["products"].as_array().expect("products");
    assert!(options.len() == products.len() && !options.is_empty(), "{first}");
    assert_eq!(options[0]["id"], format!("take={}", text(&products[0]["sku"])), "{first}");
    assert_eq!(first["disclosure"], true);

    let second = talk.tap(&options[0]).await;
    assert_eq!(second["action"]["kind"], "ask", "{second}");
    assert_eq!(second["action"]["facet"], "size", "{second}");
    assert_eq!(second["disclosure"], false);
    let sku = second["action"]["sku"].clone();
    let sizes = second["reply"]["options"].as_array().expect("sizes");
    assert!(text(&sizes[0]["id"]).starts_with("size="), "{second}");

    talk.channel = "whatsapp";
    let third = talk.tap(&sizes[0]).await;
    assert_eq!(third["action"]["kind"], "checkout", "{third}");
    assert_eq!(third["action"]["sku"], sku, "the product chosen on the other channel");
    let link = text(&third["action"]["link"]);
    assert!(link.starts_with("https://foulee.example/pay/"), "{third}");
    assert!(text(&third["reply"]["text"]).contains(link), "{third}");
    assert_eq!(third["language"], language);

    let (status, body) = shared().get(&format!("/v1/threads/{thread}")).await;
    assert_eq!(status, 200);
    let kept: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(kept["channels"], json!(["instagram", "whatsapp"]));
    assert_eq!(kept["turns"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn french_need_to_payment_link_takes_three_exchanges_over_two_channels() {
    let need = "Je cherche des chaussures de course pour un marathon";
    three_exchanges("demo-fr", need, "fr").await;
}

#[tokio::test]
async fn english_need_to_payment_link_takes_three_exchanges_over_two_channels() {
    let need = "I'm looking for running shoes for a marathon";
    three_exchanges("demo-en", need, "en").await;
}

#[tokio::test]
async fn an_option_may_be_typed_instead_of_tapped() {
    let talk = Conversation { thread: "typed".to_owned(), channel: "sms" };
    let first =
        talk.say(json!({ "text": "Je cherche des chaussures de course pour un marathon" })).await;
    let title = first["reply"]["options"][1]["title"].clone();
    let second = talk.say(json!({ "text": title })).await;
    assert_eq!(second["action"]["kind"], "ask", "{second}");
    let id = text(&first["reply"]["options"][1]["id"]).to_owned();
    assert_eq!(id, format!("take={}", text(&second["action"]["sku"])), "{second}");
    let third = talk.say(json!({ "text": "42" })).await;
    assert_eq!(third["action"]["kind"], "checkout", "{third}");
}

#[tokio::test]
async fn a_complaint_is_handed_off_without_an_offer() {
    let talk = Conversation { thread: "angry".to_owned(), channel: "whatsapp" };
    let answer = talk
        .say(json!({ "text": "C'est honteux, votre service client est nul, je suis furieux" }))
        .await;
    assert_eq!(answer["action"]["kind"], "handoff", "{answer}");
    assert_eq!(answer["handoff"]["reason"], "complaint");
    assert_eq!(answer["suggestion"], Value::Null);
    assert!(text(&answer["handoff"]["summary"]).contains("honteux"));
    assert_eq!(answer["epoch"], 2);
}

#[tokio::test]
async fn an_out_of_scope_message_is_deflected() {
    let talk = Conversation { thread: "weather".to_owned(), channel: "webchat" };
    let text = "Can you explain how photosynthesis works in tropical plants?";
    let answer = talk.say(json!({ "text": text })).await;
    assert!(["deflect", "clarify"].contains(&answer["action"]["kind"].as_str().unwrap_or("")));
}

#[tokio::test]
async fn two_intents_in_one_message_are_answered_one_after_the_other() {
    let talk = Conversation { thread: "two-wishes".to_owned(), channel: "whatsapp" };
    let words = "My parcel is damaged and I am looking for running shoes for a marathon";
    let first = talk.say(json!({ "text": words })).await;
    let second = &first["intent"]["second"];
    assert_eq!(second["label"], "product_search", "{first}");
    assert_ne!(first["intent"]["label"], "product_search", "{first}");
    let options = first["reply"]["options"].as_array().expect("options");
    let kept = options.iter().find(|option| option["id"] == "intent=product_search");
    let next = talk.tap(kept.expect("a button for the second wish")).await;
    assert_eq!(next["action"]["kind"], "recommend", "{next}");
    let goal = &next["state"]["need"]["facets"]["goal"]["must"][0];
    assert_eq!(goal, "marathon", "the first message's words are remembered: {next}");
}

#[tokio::test]
async fn stated_facts_are_returned_with_the_customers_words() {
    let talk = Conversation { thread: "stated".to_owned(), channel: "webchat" };
    let words = "Order 4581220 has not arrived, please write to lea@mail.example";
    let answer = talk.say(json!({ "text": words })).await;
    let facts = answer["facts"].as_array().expect("facts");
    let fact = |key: &str| facts.iter().find(|fact| fact["key"] == key).cloned();
    let order = fact("order_id").expect("an order");
    assert_eq!((text(&order["value"]), text(&order["kind"])), ("4581220", "stated"), "{answer}");
    assert_eq!(text(&order["quote"]), "4581220", "{answer}");
    assert_eq!(text(&fact("email").expect("an address")["value"]), "lea@mail.example");
    assert_eq!(answer["language_detected"], "en");
}

#[tokio::test]
async fn the_language_of_the_answer_is_the_customers_and_a_short_word_does_not_change_it() {
    let talk = Conversation { thread: "foreign".to_owned(), channel: "webchat" };
    for (text, language) in [
        ("Bonjour, je cherche des chaussures", "fr"),
        ("ok", "fr"),
        ("Wo bleibt denn mein Paket?", "de"),
        ("42", "de"),
        ("¿Y cuándo llega mi pedido?", "es"),
    ] {
        let answer = talk.say(json!({ "text": text })).await;
        assert_eq!(answer["language"], language, "{text}: {answer}");
    }
}
