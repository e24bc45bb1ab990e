//! After an erasure no trace of the customer is left in the data folder, the metrics or the log.

use crate::server::Gateway;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// Text of the customer's messages. Records are compressed on disk, but text without repetition
/// stays literal, so that a byte search finds it.
const WORDS: &str = "Zqx9Kvw7Jpr3Wm";
/// The customer's name; likewise.
const NAME: &str = "Yb6Tgh2Xcq8Ld";

pub(crate) fn holds(folder: &Path, needle: &str) -> bool {
    std::fs::read_dir(folder).expect("the data folder").flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        // A file that is being replaced may be gone by now; the next poll finds the new one.
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
}

#[tokio::test]
async fn an_erased_customer_is_in_no_file_no_metric_and_no_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let gateway = Gateway::start_logged(
        &[("VITRINE_RETENTION__REWRITE_HOURS", "0"), ("VITRINE_RETENTION__SWEEP_MS", "100")],
        &log,
    );
    let body = json!({ "name": NAME, "tier": "gold" });
    let request = crate::server::client().put(format!("{}/v1/customers/c-9", gateway.url));
    assert_eq!(request.json(&body).send().await.expect("an answer").status(), 200);
    for number in 0..4 {
        let turn = json!({
            "thread_id": "nocturne", "customer_id": "c-9", "channel": "whatsapp",
            "deadline_ms": 60_000, "customer": { "name": NAME },
            "message": { "id": format!("e-{number}"), "text": format!("{WORDS} {number}") },
        });
        let (status, answer) = gateway.post("/respond", &turn).await;
        assert_eq!(status, 200, "{answer}");
    }
    let (status, export) = gateway.get("/v1/customers/c-9/export").await;
    assert!(status == 200 && export.contains(WORDS) && export.contains(NAME), "{export}");
    assert!(holds(gateway.data.path(), WORDS), "nothing to erase was ever written");

    let request = crate::server::client().delete(format!("{}/v1/customers/c-9", gateway.url));
    assert_eq!(request.send().await.expect("an answer").status(), 204);
    // The store's file is rewritten in the background.
    let mut looks = 0;
    while holds(gateway.data.path(), WORDS) || holds(gateway.data.path(), NAME) {
        looks += 1;
        assert!(looks < 600, "the words are still in the data folder");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for path in ["/v1/customers/c-9", "/v1/customers/c-9/export", "/v1/threads/nocturne"] {
        assert_eq!(gateway.get(path).await.0, 404, "{path}");
    }
    let late = json!({
        "thread_id": "nocturne", "customer_id": "c-9", "channel": "whatsapp",
        "message": { "id": "e-9", "text": WORDS, "sent_at": "2020-01-01T00:00:00Z" },
    });
    let (status, answer) = gateway.post("/respond", &late).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (409, &json!("thread_erased")));
    let (_, metrics) = gateway.get("/metrics").await;
    let (_, data) = gateway.terminate();
    let log = std::fs::read_to_string(&log).expect("the log");
    for secret in [WORDS, NAME] {
        assert!(!holds(data.path(), secret), "{secret} came back");
        assert!(!metrics.contains(secret) && !log.contains(secret), "{secret}");
    }
}
