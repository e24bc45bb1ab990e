//! The OpenAI-compatible routes, and classify, suggest, search and the operational routes.

use crate::server::client;
use crate::server::shared;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use serde_json::json;

#[tokio::test]
async fn models_are_listed() {
    let (status, body) = shared().get("/v1/models").await;
    assert_eq!(status, 200);
    let list: Value = serde_json::from_str(&body).expect("JSON");
    let ids: Vec<&str> =
        list["data"].as_array().into_iter().flatten().filter_map(|m| m["id"].as_str()).collect();
    assert_eq!(ids, ["drafter", "multilingual-e5-small"]);
    assert_eq!(
        list["data"][1]["sha256"],
        "72358f1f57c25768d14fbdf319e18ae8405c7f695f26ccdb634bde0b98a64593"
    );
    assert_eq!(shared().get("/v1/models/drafter").await.0, 200);
    assert_eq!(shared().get("/v1/models/none").await.0, 404);
}

#[tokio::test]
async fn a_completion_is_the_same_whole_and_streamed() {
    let body = json!({
        "model": "drafter", "prompt": "action: close.thanks\nstyle: en webchat warm you short \
        plain\nshop: Foulée\nreply:", "temperature": 0, "max_tokens": 24,
    });
    let (status, whole) = shared().post("/v1/completions", &body).await;
    assert_eq!(status, 200, "{whole}");
    let text = whole["choices"][0]["text"].as_str().expect("text").to_owned();
    assert!(!text.is_empty());
    let total = &whole["usage"]["total_tokens"];
    let parts = [&whole["usage"]["prompt_tokens"], &whole["usage"]["completion_tokens"]];
    assert_eq!(total.as_u64(), parts.iter().map(|part| part.as_u64()).sum());

    let mut streamed = body.clone();
    streamed["stream"] = json!(true);
    let request = client().post(format!("{}/v1/completions", shared().url)).json(&streamed);
    let events = request.send().await.expect("an answer").text().await.expect("events");
    assert!(events.trim_end().ends_with("data: [DONE]"), "{events}");
    let pieces: String = events
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|event| event["choices"][0]["text"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(pieces, text);
}

#[tokio::test]
async fn a_chat_is_answered_and_bad_requests_are_refused() {
    let body = json!({
        "model": "drafter", "messages": [{ "role": "user", "content": "hello" }],
        "max_tokens": 4, "seed": 7,
    });
    let (status, answer) = shared().post("/v1/chat/completions", &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(answer["choices"][0]["message"]["role"], "assistant");
    let cases = [
        (404, "model", json!("gpt-9")),
        (422, "n", json!(2)),
        (422, "logprobs", json!(true)),
        (422, "tools", json!([{ "type": "function" }])),
        (422, "chat_template_kwargs", json!({ "documents": [1] })),
        (422, "max_tokens", json!(0)),
        (422, "temperature", json!(-1)),
        (400, "messages", json!("hi")),
    ];
    for (expected, field, value) in cases {
        let mut wrong = body.clone();
        wrong[field] = value;
        let (status, answer) = shared().post("/v1/chat/completions", &wrong).await;
        assert_eq!(status.as_u16(), expected, "{field}: {answer}");
    }
}

fn constrained(fields: Value) -> Value {
    let mut body = json!({
        "model": "drafter", "messages": [{ "role": "user", "content": "a pair of shoes" }],
        "max_tokens": 400, "temperature": 0.7, "seed": 3,
    });
    for (field, value) in fields.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    body
}

#[tokio::test]
async fn an_answer_satisfies_the_schema_that_its_request_names() {
    let schema = json!({
        "type": "object",
        "properties": {
            "colour": { "enum": ["red", "blue"] },
            "sizes": { "type": "array", "items": { "type": "integer" }, "minItems": 1,
                       "maxItems": 3 },
        },
        "required": ["colour", "sizes"],
        "additionalProperties": false,
    });
    let named = json!({ "name": "shoes", "schema": schema, "strict": true });
    let ways = [
        json!({ "response_format": { "type": "json_schema", "json_schema": named } }),
        json!({ "response_format": { "type": "json_object", "schema": schema } }),
        json!({ "json_schema": schema }),
        json!({ "guided_json": schema }),
    ];
    let mut texts = Vec::new();
    for way in ways {
        let (status, answer) = shared().post("/v1/chat/completions", &constrained(way)).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["choices"][0]["finish_reason"], "stop", "{answer}");
        let text = answer["choices"][0]["message"]["content"].as_str().expect("text").to_owned();
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert!(["red", "blue"].contains(&value["colour"].as_str().expect("a colour")), "{text}");
        let sizes = value["sizes"].as_array().expect("sizes");
        assert!((1..=3).contains(&sizes.len()) && sizes.iter().all(Value::is_number), "{text}");
        texts.push(text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "same seed, same schema, same text: {texts:?}");
}

#[tokio::test]
async fn regex_and_grammar_hold_streamed_completions_too() {
    let lark = "start: \"size \" NUMBER\nNUMBER: /[1-9][0-9]/";
    for (field, value) in [
        ("regex", "size [1-9][0-9]"),
        ("guided_regex", "size [1-9][0-9]"),
        ("grammar", lark),
        ("guided_grammar", lark),
    ] {
        let body = json!({
            "model": "drafter", "prompt": "reply:", "max_tokens": 40, "stream": true, "seed": 5,
            field: value,
        });
        let request = client().post(format!("{}/v1/completions", shared().url)).json(&body);
        let events = request.send().await.expect("an answer").text().await.expect("events");
        let events: Vec<Value> = events
            .lines()
            .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
            .collect();
        let texts = events.iter().filter_map(|event| event["choices"][0]["text"].as_str());
        let text: String = texts.collect();
        let size = text.strip_prefix("size ").and_then(|size| size.parse::<u32>().ok());
        assert!(size.is_some_and(|size| (10..100).contains(&size)), "{field}: {text}");
        let reason = &events.last().expect("an end")["choices"][0]["finish_reason"];
        assert_eq!(reason, "stop", "{field}");
    }
}

#[tokio::test]
async fn an_answer_cut_inside_its_schema_finishes_with_length() {
    let mut body = constrained(json!({ "response_format": { "type": "json_object" } }));
    body["max_tokens"] = json!(2);
    let (status, answer) = shared().post("/v1/chat/completions", &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["choices"][0]["finish_reason"], "length", "{answer}");
}

#[tokio::test]
async fn a_constraint_that_does_not_compile_is_refused_with_its_location() {
    let schema = json!({ "properties": { "a": { "type": "string", "not": { "const": "x" } } } });
    let cases = [
        (json!({ "json_schema": schema }), "grammar_refused", "`#/properties/a`"),
        (json!({ "regex": "(" }), "grammar_refused", "regex: "),
        (json!({ "grammar": "root ::= \"a\"" }), "grammar_refused", "grammar: "),
        (json!({ "regex": "a", "grammar": "start: \"a\"" }), "one_constraint", "`regex` and `gr"),
    ];
    for (fields, code, part) in cases {
        let (status, answer) = shared().post("/v1/chat/completions", &constrained(fields)).await;
        assert_eq!(status, 422, "{answer}");
        assert_eq!(answer["error"]["code"], code, "{answer}");
        let message = answer["error"]["message"].as_str().expect("a message");
        assert!(message.contains(part), "{message}");
    }
    let unknown = json!({ "response_format": { "type": "xml" } });
    let (status, answer) = shared().post("/v1/chat/completions", &constrained(unknown)).await;
    assert_eq!(status, 422, "{answer}");
}

#[tokio::test]
async fn embeddings_are_unit_vectors_and_do_not_depend_on_their_neighbours() {
    let texts = json!(["where is my parcel", "où est mon colis", "marathon shoes"]);
    let body = json!({ "model": "multilingual-e5-small", "input": texts });
    let (status, together) = shared().post("/v1/embeddings", &body).await;
    assert_eq!(status, 200, "{together}");
    let vector = |value: &Value| -> Vec<f64> {
        value["embedding"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
    };
    let first = vector(&together["data"][0]);
    assert_eq!(first.len(), 384);
    let norm: f64 = first.iter().map(|x| x * x).sum();
    assert!((norm - 1.0).abs() < 1e-4, "{norm}");
    let alone = json!({ "model": "multilingual-e5-small", "input": "where is my parcel" });
    let (_, alone) = shared().post("/v1/embeddings", &alone).await;
    let cosine: f64 = first.iter().zip(vector(&alone["data"][0])).map(|(a, b)| a * b).sum();
    assert!(cosine > 0.99999, "{cosine}");
}

#[tokio::test]
async fn embeddings_in_base64_are_the_same_numbers() {
    let mut body = json!({ "model": "multilingual-e5-small", "input": "où est mon colis" });
    let (_, numbers) = shared().post("/v1/embeddings", &body).await;
    body["encoding_format"] = json!("base64");
    let (status, text) = shared().post("/v1/embeddings", &body).await;
    assert_eq!(status, 200, "{text}");
    let text = text["data"][0]["embedding"].as_str().expect("a text");
    let bytes = BASE64_STANDARD.decode(text).expect("base64");
    let (floats, rest) = bytes.as_chunks::<4>();
    assert!(rest.is_empty());
    let decoded: Vec<f32> = floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let numbers = numbers["data"][0]["embedding"].as_array().expect("numbers");
    assert_eq!((decoded.len(), numbers.len()), (384, 384));
    let close = |(a, b): (&f32, &Value)| (f64::from(*a) - b.as_f64().expect("f64")).abs() < 1e-6;
    assert!(decoded.iter().zip(numbers).all(close));
    for (field, value) in [("encoding_format", json!("int8")), ("dimensions", json!(7))] {
        let mut wrong = body.clone();
        wrong[field] = value;
        assert_eq!(shared().post("/v1/embeddings", &wrong).await.0, 422, "{field}");
    }
}

#[tokio::test]
async fn classify_suggest_and_search_answer() {
    let body = json!({ "texts": ["where is my parcel", "je veux parler à quelqu'un"] });
    let (status, answer) = shared().post("/v1/classify", &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["results"][0]["label"], "order_status", "{answer}");
    assert_eq!(answer["results"][1]["label"], "human_agent", "{answer}");
    let (status, _) = shared().post("/v1/classify", &json!({ "texts": [] })).await;
    assert_eq!(status, 422);

    let (status, found) = shared().get("/v1/catalog/search?q=marathon%20shoes").await;
    assert_eq!(status, 200);
    let found: Value = serde_json::from_str(&found).expect("JSON");
    let sku = found["products"][0]["sku"].clone();
    assert!(sku.is_string(), "{found}");

    let (status, answer) = shared().post("/v1/suggest", &json!({ "cart": [{ "sku": sku }] })).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["suggestions"].as_array().is_some_and(|offers| offers.len() <= 1), "{answer}");
}

#[tokio::test]
async fn the_gateway_describes_itself() {
    let (status, body) = shared().get("/openapi.json").await;
    assert_eq!(status, 200);
    let description: Value = serde_json::from_str(&body).expect("JSON");
    assert!(description["openapi"].as_str().is_some_and(|v| v.starts_with("3.1")));
    assert!(description["paths"]["/respond"]["post"].is_object());
    assert_eq!(shared().get("/readyz").await.0, 200);
    let (_, metrics) = shared().get("/metrics").await;
    assert!(metrics.contains("vitrine_kv_cache_usage_perc"), "{metrics}");
    assert!(shared().get("/").await.1.contains("<title>vitrine</title>"));
}
