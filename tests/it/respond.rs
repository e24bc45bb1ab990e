//! `POST /respond`: the fields of the answer, idempotency, streaming, deadlines, restarts and API
//! keys; bad input gets the right status and an error that names the field.

use crate::server::Gateway;
use crate::server::client;
use crate::server::shared;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeSet;

fn turn(text: &str) -> Value {
    json!({ "channel": "whatsapp", "message": { "text": text } })
}

#[tokio::test]
async fn the_answer_has_every_field_of_the_contract() {
    let body = json!({
        "thread_id": "fields", "customer_id": "c-42", "channel": "whatsapp",
        "message": { "id": "wamid.fields", "text": "Bonjour", "sent_at": "2020-11-22T10:00:00Z",
                     "option_id": null },
        "locale": "fr-FR", "customer": { "name": "Lea", "tier": "vip", "last_purchase": "2026" },
        "cart": [{ "sku": "NO-SUCH", "quantity": 1 }], "deadline_ms": 60000, "stream": false,
    });
    let (status, answer) = shared().post("/respond", &body).await;
    assert_eq!(status, 200, "{answer}");
    let names = |value: &Value| -> BTreeSet<String> {
        value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let expected =
        |text: &str| -> BTreeSet<String> { text.split(' ').map(str::to_owned).collect() };
    assert_eq!(
        names(&answer),
        expected(
            "turn_id thread_id epoch supersedes language language_detected intent action reply \
             suggestion facts handoff state commands products reading recorded window \
             disclosure timings_ms usage"
        )
    );
    assert_eq!(
        names(&answer["intent"]),
        expected("label confidence abstained alternatives signals")
    );
    assert_eq!(
        names(&answer["intent"]["signals"]),
        expected("sentiment urgency sarcasm profanity stage stage_confidence")
    );
    assert_eq!(names(&answer["reply"]), expected("text source options grounding payload"));
    assert_eq!(names(&answer["window"]), expected("state closes_at"));
    assert_eq!(
        names(&answer["timings_ms"]),
        expected("queue understand draft suggest record total")
    );
    assert_eq!(names(&answer["usage"]), expected("prompt_tokens cached_tokens output_tokens"));
    assert_eq!(answer["action"]["kind"], "greet");
    assert_eq!(answer["window"]["state"], "closed", "the message is years old");
}

#[tokio::test]
async fn a_message_is_answered_once() {
    let body = json!({
        "thread_id": "once", "channel": "whatsapp", "message": { "id": "m-1", "text": "hello" },
    });
    let send = || async {
        let request = client().post(format!("{}/respond", shared().url)).json(&body);
        let answer = request.send().await.expect("an answer");
        let replayed = answer.headers().contains_key("vitrine-replayed");
        (replayed, answer.bytes().await.expect("a body"))
    };
    let (first, second) = tokio::join!(send(), send());
    let third = send().await;
    assert_eq!(first.1, second.1, "byte for byte, even while the first delivery is being answered");
    assert_eq!(first.1, third.1);
    assert!(third.0 && (first.0 != second.0), "all but one are replays");

    let mut other = body.clone();
    other["message"]["text"] = json!("good evening");
    let (status, answer) = shared().post("/respond", &other).await;
    assert_eq!(status, 409);
    assert_eq!(answer["error"]["code"], "message_id_reused");
}

#[tokio::test]
async fn bad_input_gets_its_status_and_its_field_named() {
    let long = "é".repeat(50_000);
    let cases = [
        (400, "malformed", "ends in the middle", "{\"channel\": \"whatsapp\"".to_owned()),
        (400, "malformed", "empty", String::new()),
        (400, "malformed", "message", json!({ "channel": "whatsapp" }).to_string()),
        (
            400,
            "malformed",
            "message.text",
            json!({ "channel": "whatsapp", "message": { "text": 5 } }).to_string(),
        ),
        (
            400,
            "malformed",
            "cart[0].quantity",
            json!({ "channel": "whatsapp", "message": { "text": "hi" },
                 "cart": [{ "sku": "A", "quantity": -1 }] })
            .to_string(),
        ),
        (
            422,
            "unknown_channel",
            "channel",
            json!({ "channel": "telex", "message": { "text": "hi" } }).to_string(),
        ),
        (422, "empty_text", "message.text", turn("   ").to_string()),
        (422, "empty_message", "message", json!({ "channel": "sms", "message": {} }).to_string()),
        (413, "text_too_long", "message.text", turn(&long).to_string()),
        (413, "body_too_large", "server.body_bytes_max", turn(&"x".repeat(2 << 20)).to_string()),
        (
            422,
            "unknown_option",
            "message.option_id",
            json!({ "channel": "sms", "message": { "option_id": "nonsense" } }).to_string(),
        ),
        (
            422,
            "invalid_time",
            "message.sent_at",
            json!({ "channel": "sms", "message": { "text": "hi", "sent_at": "today" } })
                .to_string(),
        ),
        (
            422,
            "invalid_deadline",
            "deadline_ms",
            json!({ "channel": "sms", "message": { "text": "hi" }, "deadline_ms": 0 }).to_string(),
        ),
        (
            422,
            "invalid_id",
            "thread_id",
            json!({ "channel": "sms", "message": { "text": "hi" }, "thread_id": "" }).to_string(),
        ),
    ];
    for (status, code, named, body) in cases {
        let shown: String = body.chars().take(80).collect();
        let (found, answer) = shared().post_text("/respond", body).await;
        assert_eq!(found.as_u16(), status, "{shown}: {answer}");
        assert_eq!(answer["error"]["code"], code, "{shown}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(named), "{shown}: {message}");
        let request_id = answer["error"]["request_id"].as_str().unwrap_or_default();
        assert!(!request_id.is_empty(), "{shown}");
    }
    let (status, body) = shared().get("/nowhere").await;
    assert_eq!((status.as_u16(), body.contains("not_found")), (404, true));
    assert_eq!(shared().get("/respond").await.0, 405);
    assert_eq!(shared().get("/healthz").await.0, 200, "the gateway is still alive");
}

#[tokio::test]
async fn a_stream_reports_progress_and_ends_with_the_full_answer() {
    let body = json!({
        "channel": "webchat", "message": { "id": "s-1", "text": "Bonjour" }, "stream": true,
    });
    let (status, text) = post_stream(&body).await;
    assert_eq!(status, 200);
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names[..2], ["understood", "decided"], "{text}");
    assert_eq!(names.last(), Some(&"done"));
    let data: Vec<Value> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let said: String =
        data.iter().filter_map(|event| event["text"].as_str()).collect::<Vec<_>>().concat();
    let answer = data.last().expect("an answer");
    assert_eq!(answer["reply"]["text"], said.as_str());
    assert_eq!(answer["intent"]["label"], "greet");
}

#[tokio::test]
async fn a_passed_deadline_gives_the_template_and_says_so() {
    let body = json!({
        "channel": "webchat", "message": { "text": "Bonjour" }, "deadline_ms": 1,
    });
    let (status, answer) = shared().post("/respond", &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["reply"]["source"], "template");
    assert!(answer["reply"]["text"].as_str().is_some_and(|text| text.starts_with("Bonjour")));
}

async fn post_stream(body: &Value) -> (u16, String) {
    let request = client().post(format!("{}/respond", shared().url)).json(body);
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("events"))
}

#[tokio::test]
async fn two_hundred_conversations_at_once_keep_their_own_threads() {
    let needs = ["running shoes for a marathon", "trail socks", "a yoga mat", "hello there"];
    let talks = (0..200).map(|number| async move {
        let thread = format!("crowd-{number}");
        let need = format!("{} please", needs[number % needs.len()]);
        let body = json!({
            "thread_id": thread, "channel": "webchat", "deadline_ms": 60_000,
            "message": { "id": format!("crowd-m-{number}"), "text": need },
        });
        let (status, answer) = shared().post("/respond", &body).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["thread_id"], thread.as_str());
        let (_, kept) = shared().get(&format!("/v1/threads/{thread}")).await;
        let kept: Value = serde_json::from_str(&kept).expect("JSON");
        assert_eq!(kept["turns"].as_array().map(Vec::len), Some(1));
        assert_eq!(kept["turns"][0]["user_text"], need.as_str());
        assert_eq!(kept["turns"][0]["turn_id"], answer["turn_id"]);
    });
    futures::future::join_all(talks).await;
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let first = Gateway::start(&[]);
    let body = json!({
        "thread_id": "kept", "channel": "whatsapp", "message": { "id": "k-1", "text": "hello" },
    });
    let (status, answer) = first.post("/respond", &body).await;
    assert_eq!(status, 200, "{answer}");
    let (code, data) = first.terminate();
    assert_eq!(code, Some(0), "a drained gateway exits with 0");
    let second = Gateway::start_in(data, &[]);
    let (_, replayed) = second.post("/respond", &body).await;
    assert_eq!(replayed, answer);
    let (_, next) = second
        .post(
            "/respond",
            &json!({
                "thread_id": "kept", "channel": "sms", "message": { "text": "thank you, bye" },
            }),
        )
        .await;
    assert_eq!(next["disclosure"], false, "the conversation remembers that it was disclosed");
}

#[tokio::test]
async fn a_thread_can_be_read_and_erased() {
    let body = json!({
        "thread_id": "gone", "channel": "sms", "message": { "id": "g-1", "text": "hello" },
    });
    assert_eq!(shared().post("/respond", &body).await.0, 200);
    assert_eq!(shared().get("/v1/threads/gone").await.0, 200);
    let erase = || client().delete(format!("{}/v1/threads/gone", shared().url)).send();
    assert_eq!(erase().await.expect("an answer").status(), 204);
    assert_eq!(shared().get("/v1/threads/gone").await.0, 404);
    assert_eq!(erase().await.expect("an answer").status(), 404);
    let (status, answer) = shared().post("/respond", &body).await;
    assert_eq!(status, 409, "a late redelivery does not restore it: {answer}");
}

#[tokio::test]
async fn configured_keys_are_required() {
    let keys = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(keys.path(), "s3cret\n").expect("written");
    let path = keys.path().display().to_string();
    let gateway = Gateway::start(&[("VITRINE_SERVER__API_KEYS_FILE", &path)]);
    let url = format!("{}/v1/models", gateway.url);
    assert_eq!(client().get(&url).send().await.expect("an answer").status(), 401);
    let wrong = client().get(&url).bearer_auth("other").send().await.expect("an answer");
    assert_eq!(wrong.status(), 401);
    let right = client().get(&url).bearer_auth("s3cret").send().await.expect("an answer");
    assert_eq!(right.status(), 200);
    assert_eq!(gateway.get("/healthz").await.0, 200, "probes need no key");
}

#[tokio::test]
async fn a_stop_in_any_spelling_stops_and_gets_one_short_confirmation() {
    for (number, text) in
        ["Stop. Thank you", "REVOKE", "CANCEL", "ＳＴＯＰ", "arrêt svp"].iter().enumerate()
    {
        let customer = format!("short-stop-{number}");
        let url = format!("{}/v1/customers/{customer}", shared().url);
        let put = client().put(&url).json(&json!({ "name": "Ana" })).send().await.expect("put");
        assert_eq!(put.status(), 200);
        let body =
            json!({ "channel": "sms", "customer_id": customer, "message": { "text": text } });
        let (status, answer) = shared().post("/respond", &body).await;
        assert_eq!(status, 200, "{text}: {answer}");
        assert_eq!(answer["action"]["kind"], "close", "{text}: {answer}");
        assert_eq!(answer["suggestion"], Value::Null, "{text}");
        let reply = answer["reply"]["text"].as_str().unwrap_or_default();
        assert!(reply.chars().count() < 160 && !reply.contains('?'), "{text}: {reply}");
        let (_, kept) = shared().get(&format!("/v1/customers/{customer}")).await;
        let kept: Value = serde_json::from_str(&kept).expect("JSON");
        assert!(kept["outreach_stopped_at"].is_string(), "{text}: {kept}");
    }
}

#[tokio::test]
async fn an_option_is_chosen_by_its_number_or_title_in_any_spelling() {
    let answers = ["2.", "２", "2️⃣", "the second one", "n° 2 svp"];
    for (number, answer_text) in answers.iter().enumerate() {
        let thread = format!("short-number-{number}");
        let turn = |text: &str| {
            let message = json!({ "text": text });
            json!({ "channel": "sms", "thread_id": thread, "message": message })
        };
        let (_, asked) = shared().post("/respond", &turn("I want running shoes")).await;
        let options = asked["reply"]["options"].as_array().expect("options");
        assert!(options.len() >= 2, "{asked}");
        let second = options[1]["id"].as_str().expect("an id");
        let (status, chosen) = shared().post("/respond", &turn(answer_text)).await;
        assert_eq!(status, 200, "{chosen}");
        let (key, value) = second.split_once('=').expect("key=value");
        let facts = chosen["facts"].as_array().expect("facts");
        let is_it = |fact: &Value| fact["key"] == key && fact["value"] == value;
        assert!(facts.iter().any(is_it), "{answer_text}: {second}: {chosen}");
    }
}
