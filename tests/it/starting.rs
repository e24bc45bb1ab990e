//! Startup: the gateway answers 503 while its models load, and exits with a reason if loading
//! fails.

use crate::server::Gateway;
use crate::server::client;
use crate::server::root;
use crate::server::vitrine;
use serde_json::Value;
use std::process::Command;

/// Goal: no connection hangs while the models load. Method: the policy file is a named pipe, which
/// blocks loading until the test writes to it, so the test does not depend on timing.
#[tokio::test]
async fn requests_while_the_models_load_get_503_and_probes_tell_life_from_readiness() {
    let data = tempfile::tempdir().expect("a folder");
    let pipe = data.path().join("policies.toml");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    let name = pipe.display().to_string();
    let mut starting = Gateway::begin(data, &[("VITRINE_SHOP__POLICIES", &name)]);
    let url = format!("http://{}", starting.until("http://"));

    let get = async |path: &str| client().get(format!("{url}{path}")).send().await.expect("answer");
    assert_eq!(get("/healthz").await.status(), 200);
    for path in ["/readyz", "/", "/metrics", "/v1/models", "/nowhere"] {
        let answer = get(path).await;
        assert_eq!(answer.status(), 503, "{path}");
        assert!(answer.headers().contains_key("retry-after"), "{path}");
        let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["error"]["code"], "unavailable", "{path}");
        assert_eq!(body["error"]["message"], "the gateway is starting", "{path}");
        assert_eq!(body["error"]["request_id"], id.as_str(), "{path}");
    }
    let turn = client().post(format!("{url}/respond")).body("{}").send().await.expect("answer");
    assert_eq!(turn.status(), 503);
    assert!(!starting.log().iter().any(|line| line.starts_with("listening on")));

    let policies = std::fs::read(root().join("examples/shop/policies.toml")).expect("policies");
    std::fs::write(&pipe, policies).expect("written");
    let gateway = starting.until_ready();
    assert_eq!(gateway.url, url);
    assert_eq!(gateway.get("/readyz").await.0, 200);
}

#[test]
#[should_panic(expected = "nothing-of-that-name")]
fn a_gateway_that_ends_at_its_start_fails_the_test_that_waits_for_it_with_its_reason() {
    Gateway::start(&[("VITRINE_DRAFT__MODEL", "nothing-of-that-name")]);
}

#[test]
fn a_model_that_does_not_load_ends_the_process_with_its_reason() {
    let data = tempfile::tempdir().expect("a folder");
    let broken = data.path().join("broken.gguf");
    std::fs::write(&broken, b"GGUF and then nothing").expect("written");
    let output = vitrine(&data)
        .args(["serve", "--bind", "127.0.0.1:0"])
        .env("VITRINE_DRAFT__MODEL", &broken)
        .output()
        .expect("the program runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("broken.gguf") && error.contains("draft.model"), "{error}");
    assert!(!error.contains("listening on"), "{error}");
}
