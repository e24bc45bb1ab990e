//! Without API keys, a web page that somebody on the same machine visits cannot call the gateway;
//! with keys, every 401 says which scheme is wanted.

use crate::server::Gateway;
use crate::server::client;
use crate::server::shared;
use reqwest::RequestBuilder;
use serde_json::Value;
use serde_json::json;

async fn answer(request: RequestBuilder) -> (u16, String) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or_default();
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

fn turn(kind: Option<&str>, headers: &[(&str, &str)]) -> RequestBuilder {
    let body = json!({ "channel": "sms", "message": { "text": "hi" } }).to_string();
    let mut request = client().post(format!("{}/respond", shared().url)).body(body);
    if let Some(kind) = kind {
        request = request.header("content-type", kind);
    }
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

#[tokio::test]
async fn a_page_of_another_site_is_refused() {
    let json = Some("application/json");
    for (origin, kind) in [
        ("http://evil.example", json),
        ("http://evil.example", Some("text/plain")),
        ("null", json),
        ("https://localhost.evil.example", json),
    ] {
        let found = answer(turn(kind, &[("origin", origin)])).await;
        assert_eq!(found, (403, "foreign_origin".to_owned()), "{origin}");
    }
    for kind in [Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("")] {
        let found = answer(turn(kind, &[])).await;
        assert_eq!(found, (415, "unsupported_type".to_owned()), "{kind:?}");
    }
    let own = shared().url.as_str();
    assert_eq!(answer(turn(json, &[("origin", own)])).await.0, 200);
    assert_eq!(answer(turn(json, &[])).await.0, 200);
    assert_eq!(answer(turn(None, &[])).await.0, 200);
}

#[tokio::test]
async fn a_name_that_was_given_this_address_is_refused() {
    for path in ["/v1/models", "/", "/metrics", "/openapi.json", "/nowhere"] {
        let request =
            client().get(format!("{}{path}", shared().url)).header("host", "evil.example");
        assert_eq!(answer(request).await, (421, "foreign_host".to_owned()), "{path}");
    }
    let request = client().get(format!("{}/v1/models", shared().url)).header("host", "localhost");
    assert_eq!(answer(request).await.0, 200);
    // Orchestrators probe under names of their own.
    let request = client().get(format!("{}/healthz", shared().url)).header("host", "pod.example");
    assert_eq!(answer(request).await.0, 200);
}

#[tokio::test]
async fn with_keys_the_scheme_has_any_letter_case_and_a_401_names_it() {
    let gateway = Gateway::start(&[("VITRINE_SERVER__API_KEYS", "k-test")]);
    let models = || client().get(format!("{}/v1/models", gateway.url));
    for value in ["bearer k-test", "Bearer k-test", "BEARER k-test", "Bearer  k-test"] {
        assert_eq!(answer(models().header("authorization", value)).await.0, 200, "{value}");
    }
    for value in [None, Some("Bearer other"), Some("Basic k-test"), Some("k-test")] {
        let request = value.iter().fold(models(), |request, v| request.header("authorization", *v));
        let refused = request.send().await.expect("an answer");
        assert_eq!(refused.status(), 401, "{value:?}");
        assert_eq!(refused.headers()["www-authenticate"], "Bearer", "{value:?}");
    }
    // A page does not know the key, so its origin does not matter.
    let foreign = models().bearer_auth("k-test").header("origin", "http://evil.example");
    assert_eq!(answer(foreign).await.0, 200);
}

#[tokio::test]
async fn a_load_does_not_tell_which_files_exist() {
    for model in [
        "/etc/passwd",
        "/nonexistent",
        "./Cargo.toml",
        "../x",
        "models/drafter",
        "~/x",
        "/srv/../etc/passwd",
        "models/drafter/drafter.gguf",
        "",
    ] {
        let request = client()
            .post(format!("{}/v1/models/load", shared().url))
            .json(&json!({ "model": model, "as": "probe" }));
        assert_eq!(answer(request).await, (422, "paths_refused".to_owned()), "{model}");
    }
    for name in ["Cargo.toml", "README.md", "no-such-file", "src"] {
        let request = client()
            .post(format!("{}/v1/models/load", shared().url))
            .json(&json!({ "model": name, "as": "probe" }));
        assert_eq!(answer(request).await, (404, "not_found".to_owned()), "{name}");
    }
}
