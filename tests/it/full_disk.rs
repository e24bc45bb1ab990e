//! On a full disk the gateway refuses writes with a 503 that names the reason, still serves reads,
//! loses nothing that it acknowledged, and goes on by itself when there is room again.

use crate::server::Gateway;
use crate::server::client;
use serde_json::Value;
use serde_json::json;

/// Space for a new store file and a few hundred messages, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// More messages than fit.
const MESSAGES_MAX: u32 = 4_000;

/// A message that does not compress: pseudo-random hexadecimal digits.
fn message(number: u32) -> String {
    let mut state = u64::from(number) + 1;
    let digits = (0..200).map(|_| {
        // Source: Knuth's multiplier for 64-bit linear congruential generators.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{state:016x}")
    });
    format!("message {number}: {}", digits.collect::<String>())
}

#[tokio::test]
async fn a_full_disk_is_503_with_its_reason_and_loses_nothing_that_was_acknowledged() {
    let data = tempfile::tempdir().expect("a folder");
    // It does not try again while the test looks at the full disk.
    let retry = [("VITRINE_THREADS__RETRY_MS", "86400000")];
    let gateway = Gateway::start_limited(data, FILE_BYTES_MAX, &retry);
    let turn = json!({
        "thread_id": "t", "channel": "webchat", "deadline_ms": 60_000,
        "message": { "text": "hello" },
    });
    assert_eq!(gateway.post("/respond", &turn).await.0, 200);
    let (mut acknowledged, mut refused) = (0, Value::Null);
    for number in 0..MESSAGES_MAX {
        let body = json!({ "message": { "text": message(number) } });
        let (status, answer) = gateway.post("/v1/threads/t/messages", &body).await;
        if status != 200 {
            assert_eq!(status, 503, "{answer}");
            refused = answer;
            break;
        }
        acknowledged = number;
    }
    assert_eq!(refused["error"]["code"], "store_unavailable", "the disk never filled up");
    let more = json!({ "message": { "text": "more" } });
    for (path, body) in [("/respond", &turn), ("/v1/threads/t/messages", &more)] {
        let answer = client().post(format!("{}{path}", gateway.url)).json(body).send().await;
        let answer = answer.expect("the gateway answers");
        assert_eq!(answer.status(), 503, "{path}");
        assert!(answer.headers().contains_key("retry-after"), "{path}");
        let body: Value = answer.json().await.expect("JSON");
        let message = body["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("disk is full"), "{path}: {message}");
    }
    assert_eq!(gateway.get("/readyz").await.0, 503);
    assert_eq!(gateway.get("/healthz").await.0, 200, "the process itself is alive");
    let (status, kept) = gateway.get("/v1/threads/t").await;
    assert!(status == 200 && kept.contains(&message(acknowledged)), "reads still work");

    let (_, data) = gateway.terminate();
    let gateway = Gateway::start_in(data, &[]);
    let (status, kept) = gateway.get("/v1/threads/t").await;
    assert!(status == 200 && kept.contains(&message(acknowledged)), "the last one was kept");
    let body = json!({ "message": { "text": "there is room again" } });
    assert_eq!(gateway.post("/v1/threads/t/messages", &body).await.0, 200);
}

/// Method: the limit on the size of files is lifted while the gateway runs, as if somebody had made
/// room on the disk.
#[tokio::test]
async fn a_disk_that_has_room_again_is_written_again_without_a_restart() {
    let data = tempfile::tempdir().expect("a folder");
    let retry = [("VITRINE_THREADS__RETRY_MS", "100")];
    let gateway = Gateway::start_limited(data, FILE_BYTES_MAX, &retry);
    let turn = json!({
        "thread_id": "t", "channel": "webchat", "deadline_ms": 60_000,
        "message": { "text": "hello" },
    });
    assert_eq!(gateway.post("/respond", &turn).await.0, 200);
    let mut acknowledged = Vec::new();
    for number in 0..MESSAGES_MAX {
        let body = json!({ "message": { "text": message(number) } });
        match gateway.post("/v1/threads/t/messages", &body).await.0.as_u16() {
            200 => acknowledged.push(number),
            503 => break,
            other => panic!("status {other}"),
        }
    }
    gateway.lift_file_limit();
    // Each poll is a request, so there is no sleeping.
    while gateway.get("/readyz").await.0 != 200 {
        assert_eq!(gateway.get("/healthz").await.0, 200, "a full disk is no reason to restart");
    }
    let more = json!({ "message": { "text": message(MESSAGES_MAX) } });
    assert_eq!(gateway.post("/v1/threads/t/messages", &more).await.0, 200);
    let (status, kept) = gateway.get("/v1/threads/t").await;
    let last = acknowledged.last().expect("some were written");
    assert!(status == 200 && kept.contains(&message(*last)), "the last one was kept");
    assert!(kept.contains(&message(MESSAGES_MAX)));
}
