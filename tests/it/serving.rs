//! Engine behaviour as clients see it: prefix caching, cancellation on disconnect, refusals under
//! overload.

use crate::server::Gateway;
use crate::server::client;
use serde_json::Value;
use serde_json::json;

/// Polls a metric until its value satisfies the condition. Each poll is a request, so there is no
/// sleeping.
async fn until(gateway: &Gateway, metric: &str, satisfies: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..20_000 {
        let (_, text) = gateway.get("/metrics").await;
        // Sums the metric over all its labels.
        let values = text.lines().filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            let known = name.split('{').next() == Some(metric);
            known.then(|| value.parse::<f64>().ok()).flatten()
        });
        let value = values.sum();
        if satisfies(value) {
            return value;
        }
    }
    panic!("{metric} never satisfied the condition");
}

#[tokio::test]
async fn a_cached_prompt_is_reused_until_a_conversation_is_erased() {
    let gateway = Gateway::start(&[]);
    let question = "which of the running shoes for a marathon are light and dry fast? ".repeat(6);
    let chat = json!({
        "model": "drafter", "messages": [{ "role": "user", "content": question }],
        "max_tokens": 2, "temperature": 0,
    });
    let cached = |answer: &Value| {
        answer["usage"]["prompt_tokens_details"]["cached_tokens"].as_u64().expect("a count")
    };
    let (status, first) = gateway.post("/v1/chat/completions", &chat).await;
    assert_eq!((status.as_u16(), cached(&first)), (200, 0), "{first}");
    let (_, second) = gateway.post("/v1/chat/completions", &chat).await;
    let prompt_tokens = second["usage"]["prompt_tokens"].as_u64().expect("a count");
    assert_eq!(cached(&second), (prompt_tokens - 1) / 32 * 32, "whole pages of 32");
    assert_eq!(second["choices"], first["choices"]);

    let turn = |thread: &str| {
        json!({
            "thread_id": thread, "channel": "whatsapp",
            "message": { "id": format!("m-{thread}"), "text": "hello" },
        })
    };
    let (status, answer) = gateway.post("/respond", &turn("one")).await;
    assert_eq!(status, 200, "{answer}");
    let (_, again) = gateway.post("/v1/chat/completions", &chat).await;
    assert_eq!(cached(&again), cached(&second), "a turn clears nothing");
    let erase = client().delete(format!("{}/v1/threads/one", gateway.url));
    assert_eq!(erase.send().await.expect("an answer").status(), 204);
    let (_, third) = gateway.post("/v1/chat/completions", &chat).await;
    assert_eq!(cached(&third), 0);
    let hits = until(&gateway, "vitrine_prefix_cache_hits_total", |hits| hits > 0.0).await;
    assert!(hits >= (cached(&second) + cached(&again)) as f64);
}

#[tokio::test]
async fn a_disconnect_cancels_the_generation() {
    let gateway = Gateway::start(&[]);
    for stream in [false, true] {
        // At this temperature sampling is nearly uniform, so the end-of-text token is unlikely.
        let body = json!({
            "model": "drafter", "prompt": "a", "max_tokens": 450, "temperature": 50.0, "seed": 1,
            "stream": stream,
        });
        let before = until(&gateway, "vitrine_generation_tokens_total", |_| true).await;
        let request = client().post(format!("{}/v1/completions", gateway.url)).json(&body);
        let asked = tokio::spawn(async move { request.send().await?.text().await });
        until(&gateway, "vitrine_num_requests_running", |running| running == 1.0).await;
        asked.abort();
        until(&gateway, "vitrine_num_requests_running", |running| running == 0.0).await;
        let after = until(&gateway, "vitrine_generation_tokens_total", |_| true).await;
        assert!(after - before < 450.0, "stream {stream}: all tokens were generated");
    }
}

/// Goal: under overload, requests are refused with a plausible `Retry-After`, and every accepted
/// one succeeds.
#[tokio::test]
async fn overload_is_refused_with_retry_after() {
    let gateway = Gateway::start(&[
        ("VITRINE_ENGINE__SEQUENCES_MAX", "2"),
        ("VITRINE_ENGINE__WAITING_MAX", "4"),
    ]);
    let body = json!({
        "model": "drafter", "prompt": "a b c d", "max_tokens": 100, "temperature": 50.0, "seed": 1,
    });
    let asked = (0..24).map(|_| {
        let request = client().post(format!("{}/v1/completions", gateway.url)).json(&body);
        async move { request.send().await.expect("an answer") }
    });
    let (mut accepted, mut refused) = (0, 0);
    for answer in futures::future::join_all(asked).await {
        match answer.status().as_u16() {
            200 => accepted += 1,
            429 => {
                let seconds = answer.headers()["retry-after"].to_str().expect("text").to_owned();
                let seconds: u64 = seconds.parse().expect("seconds");
                assert!((1..=60).contains(&seconds), "{seconds}");
                refused += 1;
            }
            other => panic!("status {other}"),
        }
    }
    // At least the four that may wait succeed; how many more depends on the machine's speed.
    assert!(accepted >= 4 && refused >= 1, "{accepted} accepted, {refused} refused");
}
