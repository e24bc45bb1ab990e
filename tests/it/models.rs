//! Models are loaded, swapped and unloaded while the gateway serves requests.

use crate::server::Gateway;
use crate::server::client;
use crate::server::root;
use reqwest::StatusCode;
use serde_json::Value;
use serde_json::json;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

/// Swaps of the drafting model under load.
const SWAPS: usize = 4;

/// Clients of each kind that send requests without a pause meanwhile.
const CLIENTS_OF_A_KIND: usize = 3;

fn copy_drafter(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    std::fs::copy(root().join("models/drafter/drafter.gguf"), &path).expect("copied");
    path.display().to_string()
}

/// Lets requests load models from any folder, which is off by default.
const LOAD_ANYWHERE: (&str, &str) = ("VITRINE_MODELS__LOAD_FOLDERS", "/");

async fn load(gateway: &Gateway, body: Value) -> (StatusCode, Value) {
    gateway.post("/v1/models/load", &body).await
}

async fn model(gateway: &Gateway, name: &str) -> Value {
    let (_, text) = gateway.get(&format!("/v1/models/{name}")).await;
    serde_json::from_str(&text).expect("JSON")
}

/// A load generator: clients that send requests without a pause until `over` is set.
#[derive(Clone, Copy)]
struct LoadClients<'a> {
    gateway: &'a Gateway,
    over: &'a AtomicBool,
    answered: &'a watch::Sender<usize>,
}

impl LoadClients<'_> {
    /// Runs one client: it sends turns, chats or streamed chats, depending on its number.
    async fn on(self, number: usize) {
        let kind = number % 3;
        let chat = json!({
            "model": "drafter", "messages": [{ "role": "user", "content": "hello" }],
            "max_tokens": 6, "temperature": 0, "stream": kind == 2,
        });
        let mut turn = 0;
        while !self.over.load(Ordering::Relaxed) {
            turn += 1;
            let respond = json!({
                "thread_id": format!("swap-{number}"), "channel": "webchat",
                "message": { "id": format!("swap-{number}-{turn}"), "text": "bonjour" },
            });
            let (path, body) =
                if kind == 0 { ("/respond", &respond) } else { ("/v1/chat/completions", &chat) };
            let request = client().post(format!("{}{path}", self.gateway.url)).json(body);
            let answer = request.send().await.expect("an answer");
            let status = answer.status();
            let text = answer.text().await.expect("a whole answer");
            assert_eq!(status, 200, "{path}: {text}");
            assert!(!text.contains("\"error\""), "{path}: {text}");
            assert!(kind != 0 || text.contains("\"source\":\"template\""), "{text}");
            assert!(kind != 2 || text.trim_end().ends_with("data: [DONE]"), "{text}");
            self.answered.send_modify(|count| *count += 1);
        }
    }
}

async fn load_and_unload_another_model(gateway: &Gateway, files: &Path) {
    let small = copy_drafter(files, "small.gguf");
    let (status, answer) = load(gateway, json!({ "model": small, "as": "small" })).await;
    assert_eq!(status, 200, "{answer}");
    let body = json!({ "model": "small", "prompt": "Once upon", "max_tokens": 4 });
    assert_eq!(gateway.post("/v1/completions", &body).await.0, 200);
    let (status, answer) = gateway.post("/v1/models/unload", &json!({ "model": "small" })).await;
    assert_eq!((status.as_u16(), &answer["state"]), (200, &json!("unloaded")), "{answer}");
    assert_eq!(gateway.post("/v1/completions", &body).await.0, 404);
}

/// Goal: swapping models under constant load fails no request. Method: clients of three kinds send
/// requests without a pause while the drafting model is replaced several times by copies with other
/// limits, and another model is loaded and unloaded. Every response must be 200 and complete.
#[tokio::test]
async fn swaps_under_load_fail_no_request() {
    let files = tempfile::tempdir().expect("a folder");
    let gateway = Gateway::start(&[LOAD_ANYWHERE]);
    let over = AtomicBool::new(false);
    let (answered, heard) = watch::channel(0_usize);
    let swap = async {
        let some_more_answers = async || {
            let count = *heard.borrow() + 3;
            heard.clone().wait_for(|now| *now >= count).await.map(|_| ()).expect("clients go on");
        };
        for number in 0..SWAPS {
            some_more_answers().await;
            let path = copy_drafter(files.path(), &format!("v{number}.gguf"));
            let context = 400 + number;
            let order = json!({ "model": path, "as": "drafter", "context_tokens_max": context });
            let (status, answer) = load(&gateway, order).await;
            assert_eq!(status, 200, "{answer}");
            assert_eq!(answer["state"], "ready", "{answer}");
            assert_eq!(answer["model"]["context_tokens_max"], context, "{answer}");
            assert_eq!(answer["model"]["draft"], true, "{answer}");
        }
        load_and_unload_another_model(&gateway, files.path()).await;
        some_more_answers().await;
        over.store(true, Ordering::Relaxed);
    };
    let clients = (0..3 * CLIENTS_OF_A_KIND).map(|number| {
        let asking = LoadClients { gateway: &gateway, over: &over, answered: &answered };
        asking.on(number)
    });
    tokio::join!(futures::future::join_all(clients), swap);
    while model(&gateway, "drafter").await["draining_count"] != 0 {
        tokio::task::yield_now().await;
    }
    let (_, metrics) = gateway.get("/metrics").await;
    assert!(metrics.contains("vitrine_memory_taken_bytes{account=\"kv_pages\"}"), "{metrics}");
    assert!(
        metrics.contains("vitrine_memory_limit_bytes{limit=\"models.max_bytes\"}"),
        "{metrics}"
    );
    assert_eq!(gateway.get("/readyz").await.0, 200);
}

/// The default encoder's name.
const ENCODER: &str = "multilingual-e5-small";

#[tokio::test]
async fn a_failed_load_is_refused_with_its_reason_and_changes_nothing() {
    let files = tempfile::tempdir().expect("a folder");
    let gateway = Gateway::start(&[("VITRINE_MODELS__LOADED_MAX", "2"), LOAD_ANYWHERE]);
    let broken = copy_drafter(files.path(), "broken.gguf");
    let bytes = std::fs::read(&broken).expect("read");
    std::fs::write(&broken, &bytes[..bytes.len() / 2]).expect("written");
    let cases = [
        (422, "load_failed", "the file has", json!({ "model": broken, "as": "drafter" })),
        (404, "not_found", "nowhere", json!({ "model": "nowhere" })),
        (422, "model_refused", "can embed", json!({ "model": "multilingual-e5-small" })),
        (422, "model_refused", "model name", json!({ "model": "drafter", "as": "../x" })),
        (422, "name_taken", "encoder", json!({ "model": "drafter", "as": ENCODER })),
        (
            422,
            "memory_full",
            "models.max_bytes allows",
            json!({ "model": "drafter", "as": "big", "kv_bytes_max": "900 GiB" }),
        ),
        (422, "load_failed", "sequences_max", json!({ "model": "drafter", "sequences_max": 0 })),
        (
            422,
            "load_failed",
            "`step_tokens_max` is 1000000000000",
            json!({ "model": "drafter", "step_tokens_max": 1_000_000_000_000_u64 }),
        ),
        (
            422,
            "load_failed",
            "`context_tokens_max` is 0",
            json!({ "model": "drafter", "context_tokens_max": 0 }),
        ),
        (
            422,
            "invalid_size",
            "`kv_bytes_max` is 0",
            json!({ "model": "drafter", "kv_bytes_max": "0" }),
        ),
        (422, "invalid_size", "kv_bytes_max", json!({ "model": "drafter", "kv_bytes_max": "9 x" })),
        (422, "unknown_field", "modle", json!({ "model": "drafter", "modle": 1 })),
    ];
    for (status, code, named, body) in cases {
        let (found, answer) = load(&gateway, body.clone()).await;
        assert_eq!(found.as_u16(), status, "{body}: {answer}");
        assert_eq!(answer["error"]["code"], code, "{body}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(named), "{body}: {message}");
    }
    let drafter = model(&gateway, "drafter").await;
    assert_eq!(drafter["state"], "ready");
    assert!(drafter["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{drafter}");
    assert_eq!(model(&gateway, "big").await["state"], "failed");
    let turn = json!({ "channel": "sms", "message": { "text": "hello" } });
    let (status, answer) = gateway.post("/respond", &turn).await;
    assert_eq!((status.as_u16(), &answer["action"]["kind"]), (200, &json!("greet")), "{answer}");

    let order = json!({ "model": "drafter", "as": "second", "wait": false });
    assert_eq!(load(&gateway, order.clone()).await.0, 202);
    let (status, answer) = load(&gateway, json!({ "model": "drafter", "as": "second" })).await;
    assert_eq!(status, 200, "the same order joins the running load: {answer}");
    let (status, answer) = load(&gateway, json!({ "model": "drafter", "as": "third" })).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (409, &json!("too_many_models")));
    let unload =
        async |name: &str| gateway.post("/v1/models/unload", &json!({ "model": name })).await;
    for (name, status) in [("drafter", 409), ("multilingual-e5-small", 409), ("nobody", 404)] {
        assert_eq!(unload(name).await.0.as_u16(), status, "{name}");
    }
    for _ in 0..2 {
        assert_eq!(unload("second").await.0, 200, "unloading twice is not an error");
    }
}

/// Goal: unloading a model frees its memory. Method: load and unload the same model several times;
/// the resident memory after the last unload must be about the same as after the first.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn unloading_gives_memory_back() {
    let gateway = Gateway::start(&[]);
    let body = json!({ "model": "other", "prompt": "action: greet", "max_tokens": 8 });
    let mut resident = Vec::new();
    for _ in 0..6 {
        let order = json!({ "model": "drafter", "as": "other", "kv_bytes_max": "32 MiB" });
        let (status, answer) = load(&gateway, order).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(gateway.post("/v1/completions", &body).await.0, 200);
        let (_, answer) = gateway.post("/v1/models/unload", &json!({ "model": "other" })).await;
        assert_eq!(answer["state"], "unloaded", "{answer}");
        let resident_bytes = |key: &str| answer[key].as_u64().expect("Linux reports it");
        let before = resident_bytes("resident_bytes_before");
        let after = resident_bytes("resident_bytes_after");
        assert!(after < before, "{after} of {before} bytes are left");
        resident.push(after);
    }
    let (first, last) = (resident[0], resident[resident.len() - 1]);
    // Less than one such model takes: a leaked one would exceed it.
    assert!(last < first + (10 << 20), "resident after each unload: {resident:?}");
}

/// Conversations that the example shop's answers to "bonjour" pass, and that they do not.
fn greeting_tests(folder: &Path, name: &str, action: &str) -> String {
    let file = folder.join(name);
    let turn = json!({ "say": "bonjour", "expect": { "action": [action] } });
    let test = json!({ "kind": "script", "id": "hello", "language": "fr", "turns": [turn] });
    std::fs::write(&file, test.to_string()).expect("written");
    file.display().to_string()
}

#[tokio::test]
async fn a_model_that_fails_the_conversation_tests_is_refused_before_it_serves() {
    let files = tempfile::tempdir().expect("a folder");
    let tests = greeting_tests(files.path(), "tests.jsonl", "handoff");
    let named = format!("[\"{tests}\"]");
    let gateway = Gateway::start(&[LOAD_ANYWHERE, ("VITRINE_TESTS__FILES", &named)]);
    let created = model(&gateway, "drafter").await["created"].clone();
    let path = copy_drafter(files.path(), "new.gguf");
    let order = json!({ "model": path, "as": "drafter", "require_tests": true });
    let (status, answer) = load(&gateway, order.clone()).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (422, &json!("tests_failed")));
    let figures = &answer["error"]["figures"];
    assert_eq!((&figures["turns"], &figures["turns_passed"]), (&json!(1), &json!(0)), "{answer}");
    let message = answer["error"]["message"].as_str().expect("a message");
    assert!(message.contains("0 of 1 turns"), "{message}");
    let kept = model(&gateway, "drafter").await;
    assert_eq!((&kept["created"], &kept["state"]), (&created, &json!("ready")), "{kept}");

    greeting_tests(files.path(), "tests.jsonl", "greet");
    let (status, answer) = load(&gateway, order).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["model"]["draft"], true, "{answer}");
}

#[tokio::test]
async fn tests_that_are_required_must_be_configured_and_sound() {
    let files = tempfile::tempdir().expect("a folder");
    let order = json!({ "model": "drafter", "require_tests": true });
    let gateway = Gateway::start(&[("VITRINE_TESTS__FILES", "[]")]);
    let (status, answer) = load(&gateway, order.clone()).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (422, &json!("tests_missing")));
    let broken = files.path().join("broken.jsonl");
    std::fs::write(&broken, "{\"kind\": \"talk\", \"id\": \"x\"}").expect("written");
    let named = format!("[\"{}\"]", broken.display());
    let gateway = Gateway::start(&[("VITRINE_TESTS__FILES", &named)]);
    let (status, answer) = load(&gateway, order).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (422, &json!("tests_invalid")));
    let message = answer["error"]["message"].as_str().expect("a message");
    assert!(message.contains("broken.jsonl:1: conversation `x`: `kind` is"), "{message}");
}
