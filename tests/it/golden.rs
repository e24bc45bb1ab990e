//! Golden files of the wire formats: a change of any body, field, order or status shows as a diff.
//!
//! The files are in `snapshots/`. `INSTA_UPDATE=always cargo test --test it golden` rewrites them
//! after an intended change; review the diff. Ids, times, durations, cache hits and embeddings are
//! replaced by placeholders, and fractions are rounded to three digits. The encoder computes with
//! 16-bit integers, so that every processor gives the same fractions.

use crate::callbacks::Delivery;
use crate::callbacks::NO_PROXY;
use crate::callbacks::header;
use crate::callbacks::receiver;
use crate::server::Gateway;
use crate::server::client;
use hmac::Hmac;
use hmac::Mac;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;
use serde_json::json;
use sha2::Sha256;
use std::process::Command;
use std::sync::OnceLock;
use uuid::Uuid;

/// Makes confidences equal on all processors.
const PRECISION: (&str, &str) = ("VITRINE_INTENT__PRECISION", "int16");

const SECRET: &str = "a-shared-secret";

fn gateway() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    GATEWAY.get_or_init(|| Gateway::start(&[PRECISION]))
}

fn assert_golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn assert_golden_json(name: &str, value: &Value) {
    assert_golden(name, &pretty(value));
}

fn pretty(value: &Value) -> String {
    let mut value = value.clone();
    redact("", &mut value);
    serde_json::to_string_pretty(&value).expect("JSON")
}

/// Replaces what differs from run to run.
fn redact(key: &str, value: &mut Value) {
    match value {
        Value::Object(fields) if key == "timings_ms" => {
            fields.values_mut().for_each(|time| *time = json!("[ms]"));
        }
        // Sizes in memory differ between processors.
        Value::Object(fields) if key == "memory" => {
            fields.values_mut().for_each(|bytes| *bytes = json!("[bytes]"));
        }
        Value::Array(numbers) if key == "embedding" => {
            *value = json!(format!("[{} numbers]", numbers.len()));
        }
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| redact(key, value)),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(key, item)),
        Value::String(text) => *text = redacted_text(key, text),
        Value::Number(_) if key == "created" => *value = json!("[seconds]"),
        Value::Number(_) if key == "bytes" => *value = json!("[bytes]"),
        Value::Number(_) if ["cached_tokens", "running", "waiting"].contains(&key) => {
            *value = json!("[count]");
        }
        Value::Number(number) if number.is_f64() => {
            let rounded = (number.as_f64().expect("f64") * 1e3).round() / 1e3;
            *value = json!(rounded);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn redacted_text(key: &str, text: &str) -> String {
    if key == "embedding" {
        return format!("[{} characters of base64]", text.len());
    }
    if text.parse::<Timestamp>().is_ok() {
        return "[time]".to_owned();
    }
    // Some ids have a prefix: `chatcmpl-` and others in OpenAI's bodies, `turn:` in ours.
    let prefix = text.find(['-', ':']).map_or("", |at| &text[..=at]);
    for prefix in ["", prefix] {
        if Uuid::try_parse(&text[prefix.len()..]).is_ok() {
            return format!("{prefix}[id]");
        }
    }
    text.to_owned()
}

/// Takes the text out of an event of an OpenAI stream.
fn take_piece(body: &mut Value) -> Option<String> {
    let delta = ["/choices/0/delta/content", "/choices/0/text"]
        .into_iter()
        .find(|path| body.pointer(path).is_some_and(Value::is_string))?;
    let piece = body.pointer_mut(delta)?.take();
    piece.as_str().map(str::to_owned)
}

/// The events of a stream, with redacted bodies. OpenAI's are joined where only their text differs,
/// because the number of tokens in an event depends on the machine's speed.
fn events(stream: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut last: Option<(Value, String)> = None;
    let show = |(body, text): (Value, String)| format!("data: {body} with {}", json!(text));
    for line in stream.lines().filter(|line| !line.is_empty()) {
        let body = line.strip_prefix("data: ").and_then(|data| serde_json::from_str(data).ok());
        let Some(mut body) = body else {
            lines.extend(last.take().map(show));
            lines.push(line.to_owned());
            continue;
        };
        redact("", &mut body);
        match (take_piece(&mut body), &mut last) {
            (Some(piece), Some((before, text))) if *before == body => *text += &piece,
            (Some(piece), _) => lines.extend(last.replace((body, piece)).map(show)),
            (None, _) => {
                lines.extend(last.take().map(show));
                lines.push(format!("data: {body}"));
            }
        }
    }
    lines.extend(last.map(show));
    lines.join("\n")
}

async fn get(path: &str) -> Value {
    let (status, body) = gateway().get(path).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).expect("JSON")
}

async fn post(path: &str, body: &Value) -> Value {
    let (status, answer) = gateway().post(path, body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn stream(path: &str, body: &Value) -> String {
    let request = client().post(format!("{}{path}", gateway().url)).json(body);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    events(&answer.text().await.expect("events"))
}

#[tokio::test]
async fn the_openapi_document_is_golden() {
    // With keys, so that the document names the scope of every operation.
    let gateway = Gateway::start(&[("VITRINE_SERVER__API_KEYS", "a-key-for-the-document")]);
    let request = client().get(format!("{}/openapi.json", gateway.url));
    let answer = request.bearer_auth("a-key-for-the-document").send().await.expect("an answer");
    let document: Value = answer.json().await.expect("JSON");
    assert_golden("openapi", &serde_json::to_string_pretty(&document).expect("JSON"));
}

/// Sends one message of the thread `golden-NAME` and compares the answer with its golden file.
async fn turn(name: &str, action: &str, channel: &str, message: Value) -> Value {
    let thread = name.split('.').next().expect("a thread");
    let body = json!({
        "thread_id": format!("golden-{thread}"), "customer_id": format!("golden-{thread}"),
        "channel": channel, "message": message, "deadline_ms": 60_000,
        "customer": { "name": "Lea", "tier": "vip" },
    });
    let answer = post("/respond", &body).await;
    assert_eq!(answer["action"]["kind"], action, "{answer}");
    assert_golden_json(&format!("respond.{name}"), &answer);
    answer
}

#[tokio::test]
async fn answers_from_the_need_to_the_payment_link_are_golden() {
    let need = json!({ "text": "Je cherche des chaussures de course pour un marathon" });
    let recommended = turn("sale.1", "recommend", "instagram", need).await;
    let first = json!({ "option_id": recommended["reply"]["options"][0]["id"] });
    let asked = turn("sale.2", "ask", "instagram", first).await;
    let size = json!({ "option_id": asked["reply"]["options"][0]["id"] });
    turn("sale.3", "checkout", "whatsapp", size).await;
    let thread = get("/v1/threads/golden-sale").await;
    assert_golden_json("thread", &thread);
}

#[tokio::test]
async fn answers_of_every_other_action_are_golden() {
    for (action, channel, text) in [
        ("greet", "whatsapp", "Bonjour"),
        ("answer", "rcs", "what is your return policy?"),
        ("order_status", "sms", "where is my parcel?"),
        ("clarify", "webchat", "asdfgh jkl"),
        ("deflect", "webchat", "what is the capital of Peru?"),
        ("handoff", "apple", "I want to talk to a human"),
        ("close", "webchat", "merci beaucoup, au revoir"),
    ] {
        let message = json!({ "id": format!("golden-m-{action}"), "text": text });
        turn(action, action, channel, message).await;
    }
}

#[tokio::test]
async fn the_events_of_a_streamed_answer_are_golden() {
    let body = json!({
        "thread_id": "golden-stream", "channel": "webchat", "stream": true,
        "message": { "id": "golden-stream", "text": "Bonjour" }, "deadline_ms": 60_000,
    });
    assert_golden("respond.stream", &stream("/respond", &body).await);
}

#[tokio::test]
async fn bodies_of_the_services_are_golden() {
    let texts = json!({ "texts": ["where is my parcel", "je veux parler à quelqu'un"] });
    assert_golden_json("classify", &post("/v1/classify", &texts).await);
    let found = get("/v1/catalog/search?q=marathon%20shoes").await;
    assert_golden_json("catalog_search", &found);
    let cart = json!({ "customer_id": "c-1", "cart": [{ "sku": found["products"][0]["sku"] }] });
    assert_golden_json("suggest", &post("/v1/suggest", &cart).await);
}

#[tokio::test]
async fn bodies_of_the_openai_routes_are_golden() {
    let chat = json!({
        "model": "drafter", "messages": [{ "role": "user", "content": "hello" }],
        "max_tokens": 6, "temperature": 0,
    });
    assert_golden_json("openai.chat", &post("/v1/chat/completions", &chat).await);
    let completion = json!({
        "model": "drafter", "temperature": 0, "max_tokens": 24, "prompt": "action: close.thanks\n\
        style: en webchat warm you short plain\nshop: Foulée\nreply:",
    });
    assert_golden_json("openai.completion", &post("/v1/completions", &completion).await);
    let with_usage = |mut body: Value| {
        body["stream"] = json!(true);
        body["stream_options"] = json!({ "include_usage": true });
        body
    };
    let events = stream("/v1/chat/completions", &with_usage(chat)).await;
    assert_golden("openai.chat.stream", &events);
    let events = stream("/v1/completions", &with_usage(completion)).await;
    assert_golden("openai.completion.stream", &events);
    let mut texts = json!({ "model": "multilingual-e5-small", "input": ["one", "two words"] });
    assert_golden_json("openai.embeddings", &post("/v1/embeddings", &texts).await);
    texts["encoding_format"] = json!("base64");
    assert_golden_json("openai.embeddings.base64", &post("/v1/embeddings", &texts).await);
    assert_golden_json("openai.models", &get("/v1/models").await);
}

/// A gateway and the key of the requests to it.
#[derive(Clone, Copy)]
struct Target<'a> {
    url: &'a str,
    key: &'a str,
}

/// Request, status, `Retry-After` and body of failed requests, as one text.
#[derive(Default)]
struct Failures {
    text: String,
    statuses: Vec<u16>,
}

impl Failures {
    async fn add(&mut self, to: Target<'_>, method: Method, path: &str, body: &str) {
        let request = client().request(method.clone(), format!("{}{path}", to.url));
        let request = request.header("content-type", "application/json").bearer_auth(to.key);
        let answer = request.body(body.to_owned()).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let wait = answer.headers().get("retry-after");
        let wait = wait.map(|wait| format!(", retry-after {}", wait.to_str().expect("text")));
        let body: Value = answer.json().await.expect("a JSON body");
        let wait = wait.unwrap_or_default();
        self.text += &format!("{method} {path}: {status}{wait}\n{}\n\n", pretty(&body));
        self.statuses.push(status);
    }
}

#[tokio::test]
async fn bodies_of_errors_of_every_status_are_golden() {
    let open = Target { url: &gateway().url, key: "" };
    let turn = |text: &str| {
        json!({ "thread_id": "golden-error", "channel": "sms",
                "message": { "id": "golden-error", "text": text } })
    };
    post("/respond", &turn("hello")).await;
    let mut found = Failures::default();
    found.add(open, Method::POST, "/respond", r#"{"channel": "sms", "message": 5}"#).await;
    found.add(open, Method::GET, "/v1/threads/none", "").await;
    found.add(open, Method::GET, "/respond", "").await;
    found.add(open, Method::POST, "/respond", &turn("another text").to_string()).await;
    found.add(open, Method::POST, "/respond", &turn(&"é".repeat(50_000)).to_string()).await;
    let telex = r#"{"channel": "telex", "message": {"text": "hi"}}"#;
    found.add(open, Method::POST, "/respond", telex).await;

    let limited = Gateway::start(&[
        ("VITRINE_SERVER__API_KEYS", "key tenant=a scopes=threads"),
        ("VITRINE_SERVER__TENANT_REQUESTS_PER_SECOND", "0.01"),
        ("VITRINE_SERVER__TENANT_REQUESTS_BURST", "1"),
    ]);
    let known = Target { url: &limited.url, key: "key" };
    found.add(Target { key: "none", ..known }, Method::GET, "/v1/models", "").await;
    found.add(known, Method::GET, "/v1/models", "").await;
    for _ in 0..2 {
        // The first request uses up the burst.
        found.add(known, Method::GET, "/v1/threads/none", "").await;
    }

    let data = tempfile::tempdir().expect("a folder");
    let pipe = data.path().join("policies.toml");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let path = pipe.display().to_string();
    let mut starting = Gateway::begin(data, &[("VITRINE_SHOP__POLICIES", &path)]);
    let url = format!("http://{}", starting.until("http://"));
    found.add(Target { url: &url, key: "" }, Method::GET, "/v1/models", "").await;
    std::fs::write(&pipe, "").expect("written");
    drop(starting.until_ready());

    found.statuses.sort_unstable();
    found.statuses.dedup();
    assert_eq!(found.statuses, [400, 401, 403, 404, 405, 409, 413, 422, 429, 503]);
    assert_golden("errors", found.text.trim_end());
}

/// A delivery's headers and body; its signature is checked, because it differs from run to run.
fn delivered(delivery: &Delivery) -> String {
    let timestamp = header(delivery, "vitrine-timestamp");
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(&delivery.body);
    let digits = mac.finalize().into_bytes();
    let expected: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(header(delivery, "vitrine-signature"), format!("sha256={expected}"));
    assert!(!header(delivery, "vitrine-delivery").is_empty());
    let body: Value = serde_json::from_slice(&delivery.body).expect("JSON");
    let mut lines: Vec<&str> = delivery.head.lines().collect();
    lines.retain(|line| line.starts_with("content-type: ") || line.starts_with("vitrine-"));
    let line = |line: &&str| match line.split_once(": ") {
        Some((name @ ("vitrine-delivery" | "vitrine-timestamp" | "vitrine-signature"), _)) => {
            format!("{name}: [{}]", &name["vitrine-".len()..])
        }
        _ => (*line).to_owned(),
    };
    let lines: Vec<String> = lines.iter().map(line).collect();
    format!("{}\n\n{}", lines.join("\n"), pretty(&body))
}

#[tokio::test]
async fn callbacks_are_golden() {
    let (turns_url, turns) = receiver(0);
    let (handoff_url, handoffs) = receiver(0);
    let gateway = Gateway::start(&[
        ("VITRINE_CALLBACKS__TURNS_URL", &turns_url),
        ("VITRINE_CALLBACKS__HANDOFF_URL", &handoff_url),
        ("VITRINE_CALLBACKS__SECRET", SECRET),
        PRECISION,
        NO_PROXY,
    ]);
    let turn = |text: &str| {
        json!({ "thread_id": "golden-callback", "channel": "whatsapp", "deadline_ms": 60_000,
                "message": { "text": text } })
    };
    let (status, accepted) = gateway.post("/v1/turns", &turn("Bonjour")).await;
    assert_eq!(status, 202, "{accepted}");
    assert_golden_json("turns.accepted", &accepted);
    assert_golden("callback.turn", &delivered(&turns.recv().expect("a delivery")));
    let complaint = turn("C'est honteux, votre service client est nul, je suis furieux");
    let (status, answer) = gateway.post("/respond", &complaint).await;
    assert_eq!(status, 200, "{answer}");
    assert_golden("callback.handoff", &delivered(&handoffs.recv().expect("a delivery")));
}
