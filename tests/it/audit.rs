//! The access log and the audit log: what is written of a request, and what never is.

use crate::server::Gateway;
use crate::server::client;
use serde_json::Value;
use serde_json::json;
use std::path::Path;

const KEYS: &str = r#"[{ key = "the-shop's-own-key", tenant = "shop" }]"#;

/// The records of all days.
fn records(data: &Path) -> Vec<Value> {
    let entries = std::fs::read_dir(data.join("audit")).expect("the audit log");
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    let text: String =
        paths.iter().map(|path| std::fs::read_to_string(path).expect("readable")).collect();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test]
async fn logs_tell_who_did_what_without_words_keys_or_ids_of_customers() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let variables = [("VITRINE_SERVER__API_KEYS", KEYS), ("VITRINE_LOG__FORMAT", "json")];
    let gateway = Gateway::start_logged(&variables, &log);
    let call = async |method: &str, path: &str, body: Value| {
        let method = method.parse().expect("a method");
        let request = client().request(method, format!("{}{path}", gateway.url));
        let request = request.bearer_auth("the-shop's-own-key").header("x-request-id", "r-1");
        request.json(&body).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(call("PUT", "/v1/customers/zebulon", json!({ "name": "Quixotta" })).await, 200);
    let turn = json!({
        "customer_id": "zebulon", "thread_id": "thread-of-zebulon", "channel": "sms",
        "message": { "text": "a quixotomic word" },
    });
    assert_eq!(call("POST", "/respond", turn).await, 200);
    assert_eq!(call("GET", "/v1/customers/zebulon/export", Value::Null).await, 200);
    assert_eq!(call("POST", "/v1/threads/thread-of-zebulon/handoff", json!({})).await, 200);
    assert_eq!(call("DELETE", "/v1/customers/zebulon", Value::Null).await, 204);
    let refused = call("POST", "/v1/models/load", json!({ "model": "no-such-model" })).await;
    assert!((400..500).contains(&refused), "{refused}");
    let (code, data) = gateway.terminate();
    assert_eq!(code, Some(0));

    let records = records(data.path());
    let acts: Vec<&str> =
        records.iter().map(|record| record["act"].as_str().expect("act")).collect();
    let expected = [
        "gateway.start",
        "customer.replace",
        "customer.export",
        "thread.handoff",
        "customer.erase",
        "model.load",
        "gateway.stop",
    ];
    assert_eq!(acts, expected);
    for record in &records[1..6] {
        assert_eq!((&record["tenant"], &record["request_id"]), (&json!("shop"), &json!("r-1")));
        assert_eq!(record["key"].as_str().map(str::len), Some(8), "{record}");
        assert!(record["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{record}");
    }
    assert_eq!(records[1]["customer"].as_str().map(str::len), Some(64));
    assert_eq!(records[1]["customer"], records[4]["customer"]);
    assert_ne!(records[1]["customer"], records[3]["thread"]);
    assert_eq!(
        (&records[5]["model"], &records[5]["status"]),
        (&json!("no-such-model"), &json!(refused))
    );

    let log = std::fs::read_to_string(log).expect("the log");
    let lines: Vec<Value> =
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let access: Vec<&Value> = lines.iter().filter(|line| line["target"] == "access").collect();
    assert_eq!(access.len(), 6, "{log}");
    let export = &access[2]["fields"];
    assert_eq!(export["method"], "GET");
    assert_eq!(export["route"], "/v1/customers/{id}/export");
    assert_eq!(export["status"], 200);
    assert_eq!(export["tenant"], "shop");
    assert_eq!(export["request_id"], "r-1");
    assert!(export["ms"].is_number(), "{export}");

    let audit: String = records.iter().map(ToString::to_string).collect();
    for secret in ["zebulon", "Quixotta", "quixotomic", "the-shop's-own-key"] {
        assert!(!log.contains(secret), "the log holds `{secret}`:\n{log}");
        assert!(!audit.contains(secret), "the audit log holds `{secret}`:\n{audit}");
    }
}

#[tokio::test]
async fn both_logs_can_be_turned_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    let variables = [("VITRINE_LOG__ACCESS", "false"), ("VITRINE_LOG__AUDIT", "false")];
    let gateway = Gateway::start_logged(&variables, &log);
    assert_eq!(gateway.get("/v1/customers/c/export").await.0, 404);
    let (_, data) = gateway.terminate();
    assert!(!data.path().join("audit").exists());
    let log = std::fs::read_to_string(log).expect("the log");
    assert!(!log.contains("/export"), "{log}");
}
