//! Access control: every route is called without a key, with a wrong key, with a key that lacks its
//! scope, and with another tenant's key.
//!
//! The routes come from `/openapi.json`; a unit test checks that it lists every route that needs a
//! scope. So new routes are covered without a change here.

use crate::server::Gateway;
use crate::server::client;
use reqwest::Method;
use reqwest::StatusCode;
use serde_json::Value;
use serde_json::json;

const SCOPES: [&str; 6] = ["turns", "threads", "customers", "catalog", "models", "operate"];

/// One operation of the OpenAPI document.
#[derive(Debug)]
struct Operation {
    method: Method,
    path: String,
    scope: String,
}

fn keys() -> String {
    let mut keys = vec!["key-a tenant=a".to_owned(), "key-b tenant=b".to_owned()];
    for scope in SCOPES {
        let others: Vec<&str> = SCOPES.into_iter().filter(|other| *other != scope).collect();
        keys.push(format!("all-but-{scope} tenant=a scopes={}", others.join(",")));
    }
    keys.join(";")
}

async fn call(gateway: &Gateway, operation: &Operation, key: Option<&str>) -> (StatusCode, Value) {
    let path = operation
        .path
        .replace("{id}", "of-a")
        .replace("{name}", "drafter")
        .replace("{channel}", "sms")
        .replace("{address}", "336");
    let mut request = client().request(operation.method.clone(), format!("{}{path}", gateway.url));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    if operation.method == Method::POST || operation.method == Method::PUT {
        // A body that every route accepts.
        request = request.json(&json!({
            "message": { "text": "hello" }, "channel": "sms", "purpose": "outreach",
            "granted": true, "wording_version": "1", "model": "drafter", "prompt": "hello",
            "messages": [{ "role": "user", "content": "hello" }], "max_tokens": 1,
            "input": "hello", "texts": ["hello"], "cart": [],
        }));
    }
    let answer = request.send().await.expect("the gateway answers");
    let status = answer.status();
    let bytes = answer.bytes().await.expect("the answer is whole");
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn operations(gateway: &Gateway) -> Vec<Operation> {
    let request = client().get(format!("{}/openapi.json", gateway.url)).bearer_auth("key-a");
    let text = request.send().await.expect("an answer").text().await.expect("text");
    let description: Value = serde_json::from_str(&text).expect("JSON");
    let paths = description["paths"].as_object().expect("paths");
    let mut found = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("methods") {
            let Ok(method) = method.to_uppercase().parse() else { continue };
            let scope = &operation["security"][0]["api_key"][0];
            let scope = scope.as_str().unwrap_or_else(|| panic!("{path} requires no scope"));
            found.push(Operation { method, path: path.clone(), scope: scope.to_owned() });
        }
    }
    found
}

#[tokio::test]
async fn every_route_requires_key_and_scope_and_hides_other_tenants() {
    let gateway = Gateway::start(&[
        ("VITRINE_SERVER__API_KEYS", &keys()),
        // The body of `call` has the fields of every route.
        ("VITRINE_SERVER__UNKNOWN_FIELDS", "warn"),
    ]);
    let operations = operations(&gateway).await;
    assert!(operations.len() >= 20, "{} operations are not all of them", operations.len());

    let turn = json!({
        "thread_id": "of-a", "customer_id": "of-a", "channel": "sms", "sender": "336",
        "message": { "text": "hello" },
    });
    let send = |method: Method, path: &str, body: Value| {
        let request = client().request(method, format!("{}{path}", gateway.url));
        let request = request.bearer_auth("key-a").json(&body);
        async move { request.send().await.expect("an answer").status() }
    };
    assert_eq!(send(Method::POST, "/respond", turn).await, 200);
    let customer = send(Method::PUT, "/v1/customers/of-a", json!({ "name": "Lea" })).await;
    assert_eq!(customer, 200);
    let linked = json!({ "channel": "sms", "address": "336", "verified_customer_id": "of-a" });
    assert_eq!(send(Method::POST, "/v1/customers/of-a/identities", linked).await, 200);

    for operation in &operations {
        let named = format!("{} {}", operation.method, operation.path);
        for key in [None, Some("key-c"), Some("")] {
            let (status, body) = call(&gateway, operation, key).await;
            assert_eq!(status, 401, "{named} with {key:?}: {body}");
            assert_eq!(body["error"]["code"], "unauthorized", "{named}");
        }
        let lacking = format!("all-but-{}", operation.scope);
        let (status, body) = call(&gateway, operation, Some(&lacking)).await;
        assert_eq!(status, 403, "{named}: {body}");
        let message = body["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(&operation.scope), "{named}: {message}");
    }
    // Another tenant gets 404 for all of them, and its requests change nothing.
    let owned = ["/v1/threads/", "/v1/customers/"];
    for operation in &operations {
        let about_things_of_a = owned.iter().any(|prefix| operation.path.starts_with(prefix));
        // A PUT creates the other tenant's own customer of that name.
        if about_things_of_a && operation.method != Method::PUT {
            let (status, body) = call(&gateway, operation, Some("key-b")).await;
            let named = format!("{} {}", operation.method, operation.path);
            assert_eq!(status, 404, "{named}: {body}");
        }
    }
    let read = |path: &str| {
        let request = client().get(format!("{}{path}", gateway.url)).bearer_auth("key-a");
        async move { request.send().await.expect("an answer").status() }
    };
    assert_eq!(read("/v1/threads/of-a").await, 200, "another tenant's requests must not erase it");
    assert_eq!(read("/v1/customers/of-a").await, 200);
    assert_eq!(read("/nowhere").await, 404);
    assert_eq!(
        client().get(format!("{}/healthz", gateway.url)).send().await.unwrap().status(),
        200
    );
}

#[tokio::test]
async fn a_rate_limited_tenant_does_not_slow_another() {
    let gateway = Gateway::start(&[
        ("VITRINE_SERVER__API_KEYS", "key-a tenant=a;key-b tenant=b"),
        ("VITRINE_SERVER__TENANT_REQUESTS_PER_SECOND", "0.01"),
        ("VITRINE_SERVER__TENANT_REQUESTS_BURST", "3"),
    ]);
    let get = |key: &'static str| {
        let request = client().get(format!("{}/v1/models", gateway.url)).bearer_auth(key);
        async move { request.send().await.expect("an answer") }
    };
    for _ in 0..3 {
        assert_eq!(get("key-a").await.status(), 200);
    }
    let refused = get("key-a").await;
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(wait, 60, "the upper bound of `Retry-After`");
    assert_eq!(get("key-b").await.status(), 200);
}
