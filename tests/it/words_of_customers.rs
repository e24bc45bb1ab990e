//! What customers say in unexpected places and spellings, over HTTP: facts stated beside another
//! matter, limits that cannot be applied, questions on the shop's terms, greetings.

use crate::server::shared;
use serde_json::Value;
use serde_json::json;

async fn say(thread: &str, said: &str) -> Value {
    let body = json!({ "thread_id": thread, "channel": "sms", "message": { "text": said } });
    let (status, answer) = shared().post("/respond", &body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn fact<'a>(answer: &'a Value, key: &str) -> &'a str {
    let facts = answer["facts"].as_array().into_iter().flatten();
    let mut values =
        facts.filter(|fact| fact["key"] == key).filter_map(|fact| fact["value"].as_str());
    values.next_back().unwrap_or_default()
}

#[tokio::test]
async fn what_is_stated_beside_another_matter_is_kept() {
    for (at, (said, key, value)) in [
        ("my size is 43, and do you take returns?", "size", "43"),
        ("taille XL. Quels sont vos horaires ?", "size", "XL"),
        ("I was charged twice! I only wanted the running shoes in a 42", "size", "42"),
        ("mon budget est de 40 000 euros, livrez-vous en Belgique ?", "budget_max", "40000"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = say(&format!("stated-{at}"), said).await;
        assert!(fact(&answer, key).starts_with(value), "{said}: {answer}");
    }
}

#[tokio::test]
async fn a_limit_in_a_foreign_currency_is_spoken_of() {
    for (at, said) in
        ["running shoes under $30", "trail shoes, 25 quid max"].into_iter().enumerate()
    {
        let answer = say(&format!("foreign-{at}"), said).await;
        let text = answer["reply"]["text"].as_str().unwrap_or_default();
        assert!(text.contains("EUR") || text.contains("euro"), "{said}: {answer}");
        assert_eq!(fact(&answer, "budget_max"), "", "{said}: {answer}");
    }
}

#[tokio::test]
async fn a_question_on_the_shops_terms_is_answered_in_the_shops_words() {
    for (at, (said, words)) in [
        ("How do I use a promo code?", "Enter your code in the basket, before payment."),
        ("How do returns work?", "30 days"),
        ("I forgot my password", "password"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = say(&format!("terms-{at}"), said).await;
        assert_eq!(answer["action"]["kind"], "answer", "{said}: {answer}");
        assert_eq!(answer["reply"]["source"], "template", "{said}: {answer}");
        let text = answer["reply"]["text"].as_str().unwrap_or_default();
        assert!(text.contains(words), "{said}: {answer}");
    }
}

#[tokio::test]
async fn greetings_have_neither_mood_nor_bad_words() {
    let texts = [
        "hello again",
        "hello",
        "bonjour",
        "hallo",
        "buenas",
        "ciao",
        "olá",
        "hi there",
        "salut",
        "good evening",
        "re bonjour",
        "guten Abend",
    ];
    let (status, answer) = shared().post("/v1/classify", &json!({ "texts": texts })).await;
    assert_eq!(status, 200, "{answer}");
    for (text, result) in texts.iter().zip(answer["results"].as_array().expect("results")) {
        let signal = |name: &str| result["signals"][name].as_f64().expect("a signal");
        assert!(signal("profanity") < 0.2 && signal("sentiment") > -0.2, "{text}: {result}");
        assert!(signal("sarcasm") < 0.3 && signal("urgency") < 0.3, "{text}: {result}");
    }
}
