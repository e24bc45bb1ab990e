//! JSON schemas over HTTP: what is enforced, and which errors come before the first byte.

use crate::server::Gateway;
use crate::server::client;
use crate::server::shared;
use serde_json::Value;
use serde_json::json;

fn chat(schema: &Value, stream: bool) -> Value {
    json!({
        "model": "drafter", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 64,
        "stream": stream, "temperature": 0,
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
    })
}

fn one(property: Value) -> Value {
    json!({"type": "object", "properties": {"v": property}, "required": ["v"],
           "additionalProperties": false})
}

#[tokio::test]
async fn unknown_formats_are_annotations() {
    for format in ["int32", "phone", "password", "color", "binary"] {
        let schema = one(json!({"type": "integer", "format": format}));
        let (status, answer) = shared().post("/v1/chat/completions", &chat(&schema, false)).await;
        assert_eq!(status, 200, "{format}: {answer}");
        assert_eq!(answer["choices"][0]["finish_reason"], "stop", "{answer}");
        let text = answer["choices"][0]["message"]["content"].as_str().expect("a text");
        let value: Value = serde_json::from_str(text).expect("JSON");
        assert!(value["v"].is_number(), "{text}");
        let schema = one(json!({"type": "string", "format": format, "maxLength": 3}));
        let (status, answer) = shared().post("/v1/chat/completions", &chat(&schema, false)).await;
        assert_eq!(status, 200, "{format}: {answer}");
    }
}

#[tokio::test]
async fn schema_that_cannot_be_enforced_is_422_in_our_words() {
    let long = "é".repeat(80);
    for (schema, keyword, place) in [
        (one(json!({"type": "number", "minimum": long})), "`minimum`", "`#/properties/v`"),
        (one(json!({"type": 5})), "`type`", "`#/properties/v`"),
        (json!({"enum": {}}), "`enum`", "`#`"),
        (one(json!({"type": "string", "pattern": "("})), "unclosed group", "`#/properties/v`"),
        (json!({"$ref": "#"}), "again and again", "`#`"),
        (one(json!({"$ref": "#"})), "again and again", "`#/properties/v`"),
    ] {
        for stream in [false, true] {
            let request = client().post(format!("{}/v1/chat/completions", shared().url));
            let answer = request.json(&chat(&schema, stream)).send().await.expect("an answer");
            assert_eq!(answer.status(), 422, "{schema}");
            let body: Value = answer.json().await.expect("JSON");
            let words = body["error"]["message"].as_str().expect("a message");
            assert!(words.contains(keyword) && words.contains(place), "{words}");
            let is_foreign = ["panic", "backtrace", "\n"].iter().any(|word| words.contains(word));
            assert!(!is_foreign, "{words}");
        }
    }
}

#[tokio::test]
async fn clients_256_at_once_are_all_served() {
    let gateway = Gateway::start(&[]);
    let url = format!("{}/v1/completions", gateway.url);
    let body = json!({"model": "drafter", "prompt": "Hello", "max_tokens": 8});
    let requests = (0..256).map(|_| {
        let (url, body) = (url.clone(), body.clone());
        tokio::spawn(async move {
            let answer = client().post(url).json(&body).send().await.expect("an answer");
            answer.status().as_u16()
        })
    });
    for request in requests.collect::<Vec<_>>() {
        assert_eq!(request.await.expect("it ends"), 200);
    }
}
