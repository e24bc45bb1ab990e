//! A request is obeyed or refused by name: values as clients write them, unknown fields, bodies of
//! the wrong shape, and errors in the gateway's own words.

use crate::server::Gateway;
use crate::server::client;
use crate::server::shared;
use reqwest::StatusCode;
use serde_json::Value;
use serde_json::json;

const CHAT: &str = "/v1/chat/completions";

/// A chat of a few tokens, with more fields.
fn chat(fields: Value) -> Value {
    let mut body = json!({
        "model": "drafter", "messages": [{ "role": "user", "content": "hi" }], "max_tokens": 4,
    });
    for (field, value) in fields.as_object().expect("fields") {
        body[field] = value.clone();
    }
    body
}

async fn refused(path: &str, body: &Value) -> (u16, String, String) {
    let (status, answer) = shared().post(path, body).await;
    let error = &answer["error"];
    let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
    assert!(!text("request_id").is_empty(), "{path} {body}: {answer}");
    (status.as_u16(), text("code"), text("message"))
}

#[tokio::test]
async fn null_counts_as_absent_in_every_optional_field() {
    let chat_fields = [
        "stream",
        "ignore_eos",
        "chat_template_kwargs",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
        "stop",
        "max_tokens",
        "max_completion_tokens",
        "stream_options",
        "response_format",
        "structured_outputs",
        "json_schema",
        "guided_json",
        "guided_regex",
        "guided_grammar",
        "guided_choice",
        "regex",
        "grammar",
        "n",
        "logprobs",
        "tools",
        "tool_choice",
        "user",
        "metadata",
        "frequency_penalty",
        "modalities",
        "store",
    ];
    for field in chat_fields {
        let (status, answer) = shared().post(CHAT, &chat(json!({ field: null }))).await;
        assert_eq!(status, 200, "{field}: {answer}");
    }
    for field in ["echo", "stream", "max_tokens", "suffix", "best_of", "logprobs", "seed"] {
        let body = json!({ "model": "drafter", "prompt": "hi", "max_completion_tokens": 2,
                           field: null });
        let (status, answer) = shared().post("/v1/completions", &body).await;
        assert_eq!(status, 200, "{field}: {answer}");
    }
    for field in ["encoding_format", "dimensions", "user"] {
        let body = json!({ "model": "multilingual-e5-small", "input": "hi", field: null });
        let (status, answer) = shared().post("/v1/embeddings", &body).await;
        assert_eq!(status, 200, "{field}: {answer}");
    }
    for field in [
        "stream",
        "debounce",
        "cart",
        "customer",
        "locale",
        "sender",
        "thread_id",
        "customer_id",
        "deadline_ms",
    ] {
        let body = json!({ "channel": "sms", "message": { "text": "hello" }, field: null });
        let (status, answer) = shared().post("/respond", &body).await;
        assert_eq!(status, 200, "{field}: {answer}");
    }
    let body = json!({ "channel": "sms", "customer": { "name": null, "orders": null },
                       "message": { "text": "hello", "id": null, "option_id": null } });
    let (status, answer) = shared().post("/respond", &body).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test]
async fn numbers_are_read_as_clients_mean_them() {
    for (field, value) in [
        ("max_tokens", "100.0"),
        ("max_tokens", "1e1"),
        ("max_completion_tokens", "3.0"),
        ("max_completion_tokens", "-1"),
        ("seed", "-1"),
        ("seed", "-7"),
        ("seed", "42.0"),
        ("top_k", "-1"),
        ("top_k", "40.0"),
        ("n", "1.0"),
        ("max_tokens", "8192"),
        ("max_tokens", "99999999999999999999"),
        ("top_p", "0"),
        ("temperature", "0"),
    ] {
        let body = format!(
            r#"{{"model": "drafter", "messages": [{{"role": "user", "content": "hi"}}],
                "{field}": {value}}}"#
        );
        let (status, answer) = shared().post_text(CHAT, body).await;
        assert_eq!(status, 200, "{field} {value}: {answer}");
    }
}

#[tokio::test]
async fn without_a_limit_an_answer_may_fill_the_context() {
    let (_, model) = shared().get("/v1/models/drafter").await;
    let model: Value = serde_json::from_str(&model).expect("JSON");
    let context = model["context_tokens_max"].as_u64().expect("a context");
    for limit in [json!(null), json!(-1), json!(100_000)] {
        let body = chat(json!({ "max_tokens": limit, "ignore_eos": true }));
        let (status, answer) = shared().post(CHAT, &body).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["usage"]["total_tokens"], context, "{limit}: {}", answer["usage"]);
        assert_eq!(answer["choices"][0]["finish_reason"], "length");
    }
}

#[tokio::test]
async fn what_typed_clients_expect_is_in_every_answer() {
    let (_, text) = shared().get("/v1/models").await;
    let list: Value = serde_json::from_str(&text).expect("JSON");
    for model in list["data"].as_array().expect("a list") {
        assert!(model["created"].as_i64().is_some_and(|at| at > 1_700_000_000), "{model}");
        assert_eq!(model["object"], "model");
        assert!(model["owned_by"].is_string());
        let (_, one) = shared().get(&format!("/v1/models/{}", model["id"].as_str().unwrap())).await;
        let one: Value = serde_json::from_str(&one).expect("JSON");
        assert_eq!(one["created"], model["created"]);
    }
    let (_, answer) = shared().post(CHAT, &chat(json!({}))).await;
    let choice = &answer["choices"][0];
    assert!(choice.get("logprobs").is_some_and(Value::is_null), "{answer}");
    assert!(choice["message"].get("refusal").is_some_and(Value::is_null), "{answer}");
    assert!(answer["system_fingerprint"].as_str().is_some_and(|text| text.len() == 12), "{answer}");
    let streamed = chat(json!({ "stream": true, "stream_options": { "include_usage": true } }));
    let request = client().post(format!("{}{CHAT}", shared().url)).json(&streamed);
    let events = request.send().await.expect("an answer").text().await.expect("events");
    let events: Vec<Value> = events
        .lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .collect();
    let (last, parts) = events.split_last().expect("events");
    assert!(parts.iter().all(|part| part.get("usage").is_some_and(Value::is_null)), "{events:?}");
    assert!(last["usage"]["total_tokens"].is_u64(), "{last}");
}

#[tokio::test]
async fn a_choice_is_one_of_its_texts_in_every_form() {
    for fields in [
        json!({ "guided_choice": ["oui", "non"] }),
        json!({ "structured_outputs": { "choice": ["oui", "non"] } }),
        json!({ "response_format": { "type": "choice", "choice": ["oui", "non"] } }),
    ] {
        let (status, answer) = shared().post(CHAT, &chat(fields.clone())).await;
        assert_eq!(status, 200, "{fields}: {answer}");
        let text = answer["choices"][0]["message"]["content"].as_str().expect("text");
        assert!(["oui", "non"].contains(&text), "{fields}: {text}");
    }
}

#[tokio::test]
async fn what_cannot_be_honoured_is_refused_by_name() {
    for (fields, part) in [
        (
            json!({ "guided_chioce": ["a"] }),
            "`guided_chioce` is unknown; did you mean `guided_choice`?",
        ),
        (
            json!({ "structured_outputs": { "structural_tag": {} } }),
            "structured_outputs.structural_tag",
        ),
        (json!({ "response_format": { "type": "structural_tag" } }), "response_format.type"),
        (json!({ "extra_body": { "top_k": 3 } }), "`extra_body` is unknown"),
        (json!({ "logit_bias": { "5": 1 } }), "`logit_bias`"),
        (json!({ "n": 2 }), "`n`"),
        (json!({ "repetition_penalty": 1.3 }), "`repetition_penalty`"),
        (json!({ "tool_choice": "required" }), "`tool_choice`"),
        (json!({ "messages": [{ "role": "tool", "content": "x" }] }), "`messages[0].role`"),
        (json!({ "messages": [{ "role": "narrator", "content": "x" }] }), "`messages[0].role`"),
        (
            json!({ "messages": [{ "role": "user", "content": "x", "weight": 1 }] }),
            "`messages[0].weight`",
        ),
        (
            json!({ "messages": [{ "role": "assistant", "content": null, "tool_calls": [{}] }] }),
            "`messages[0].tool_calls`",
        ),
        (
            json!({ "stream_options": { "continuous_usage_stats": true } }),
            "`stream_options.continuous_usage_stats`",
        ),
        (json!({ "max_tokens": 0 }), "`max_tokens`"),
        (json!({ "max_tokens": -5 }), "`max_tokens`"),
        (json!({ "top_k": -2 }), "`top_k`"),
    ] {
        let (status, _, message) = refused(CHAT, &chat(fields.clone())).await;
        assert_eq!(status, 422, "{fields}: {message}");
        assert!(message.contains(part), "{fields}: {message}");
    }
    for (path, body, part) in [
        (
            "/v1/embeddings",
            json!({ "model": "multilingual-e5-small", "input": "a", "truncate": true }),
            "`truncate`",
        ),
        ("/v1/classify", json!({ "texts": ["a"], "text": "b" }), "`text`"),
        (
            "/respond",
            json!({ "channel": "sms", "message": { "text": "a", "txt": "b" } }),
            "`message.txt`",
        ),
        (
            "/respond",
            json!({ "channel": "sms", "message": { "text": "a" }, "languge": "fr" }),
            "`languge`",
        ),
        ("/v1/suggest", json!({ "cart": [{ "sku": "A", "qty": 1 }] }), "`cart[0].qty`"),
        ("/v1/models/load", json!({ "model": "drafter", "name": "x" }), "`name`"),
    ] {
        let (status, code, message) = refused(path, &body).await;
        assert_eq!((status, code.as_str()), (422, "unknown_field"), "{body}: {message}");
        assert!(message.contains(part), "{body}: {message}");
    }
    assert_eq!(shared().get("/v1/catalog/search?q=shoes&limit=3").await.0, 422);
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_refused_with_its_field_in_plain_words() {
    for (fields, part) in [
        (
            json!({ "temperature": "0.2" }),
            "field `temperature` must be a number, found the text \"0.2\"",
        ),
        (json!({ "seed": "x" }), "field `seed` must be a whole number"),
        (
            json!({ "stop": 5 }),
            "field `stop` must be a text or an array of texts, found the number 5",
        ),
        (json!({ "stop": ["a", 5] }), "field `stop[1]` must be a text, found the number 5"),
        (
            json!({ "stream": "yes" }),
            "field `stream` must be true or false, found the text \"yes\"",
        ),
        (json!({ "max_tokens": 1.5 }), "field `max_tokens` must be a whole number"),
        (json!({ "messages": {} }), "field `messages` must be an array, found an object"),
        (json!({ "messages": ["hi"] }), "field `messages[0]` must be an object"),
        (json!({ "messages": [{ "content": "hi" }] }), "field `messages[0].role` is required"),
        (
            json!({ "messages": [{ "role": "user", "content": { "text": "a" } }] }),
            "field `messages[0].content` must be a text or an array of text parts",
        ),
        (json!({ "model": 5 }), "field `model` must be a text, found the number 5"),
        (json!({ "stream_options": [] }), "field `stream_options` must be an object"),
    ] {
        let (status, code, message) = refused(CHAT, &chat(fields.clone())).await;
        assert_eq!((status, code.as_str()), (400, "malformed"), "{fields}: {message}");
        assert!(message.contains(part), "{fields}: {message}");
    }
}

#[tokio::test]
async fn a_body_of_the_wrong_shape_is_refused_on_every_route() {
    let routes = [
        "/respond",
        "/v1/respond",
        "/v1/classify",
        "/v1/suggest",
        "/v1/embeddings",
        CHAT,
        "/v1/completions",
        "/v1/models/load",
        "/v1/models/unload",
        "/v1/threads/shape/handoff",
        "/v1/threads/shape/release",
        "/v1/threads/shape/messages",
        "/v1/customers/shape/consents",
        "/v1/customers/shape/identities",
    ];
    for path in routes {
        for (body, part) in [
            ("[]", "must be an object, found an array"),
            (r#"[["hello"]]"#, "must be an object, found an array"),
            ("\"x\"", "must be an object"),
            ("5", "must be an object"),
            ("null", "must be an object"),
            ("", "the body is empty"),
            ("{", "ends in the middle of a JSON value (line 1, column"),
            ("{'a': 1}", "is not valid JSON at line 1, column 2"),
            (r#"{"model": "a", "model": "b"}"#, "the key `model` twice"),
            (r#"{} {}"#, "is not valid JSON at line 1, column 4"),
        ] {
            let (status, answer) = shared().post_text(path, body.to_owned()).await;
            let message = answer["error"]["message"].as_str().unwrap_or_default();
            assert_eq!(status, 400, "{path} {body}: {answer}");
            assert!(message.contains(part), "{path} {body}: {message}");
            for foreign in ["expected struct", "serde", "panick", "expected value"] {
                assert!(!message.contains(foreign), "{path} {body}: {message}");
            }
        }
    }
}

#[tokio::test]
async fn a_replaced_profile_is_never_emptied_by_a_body_of_another_shape() {
    let url = format!("{}/v1/customers/shape-1", shared().url);
    let put = async |body: Value| {
        let answer = client().put(&url).json(&body).send().await.expect("an answer");
        let status = answer.status();
        (status, answer.json::<Value>().await.expect("JSON"))
    };
    assert_eq!(put(json!({ "name": "Ana" })).await.0, 200);
    for (body, expected) in
        [(json!([]), 400), (json!({ "nme": "x" }), 422), (json!("Ana"), 400), (json!(null), 400)]
    {
        let (status, answer) = put(body.clone()).await;
        assert_eq!(status.as_u16(), expected, "{body}: {answer}");
    }
    let (_, kept) = shared().get("/v1/customers/shape-1").await;
    assert!(kept.contains("\"Ana\""), "{kept}");
}

#[tokio::test]
async fn unknown_fields_are_listed_in_a_header_where_the_configuration_says_so() {
    let gateway = Gateway::start(&[("VITRINE_SERVER__UNKNOWN_FIELDS", "warn")]);
    let body = json!({ "channel": "sms", "message": { "text": "hello", "txt": "b" }, "é": 1 });
    let request = client().post(format!("{}/respond", gateway.url)).json(&body);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["vitrine-ignored"], "message.txt, %C3%A9");
    let known = json!({ "channel": "sms", "message": { "text": "hello" } });
    let request = client().post(format!("{}/respond", gateway.url)).json(&known);
    let answer = request.send().await.expect("an answer");
    assert!(!answer.headers().contains_key("vitrine-ignored"));
}

#[tokio::test]
async fn errors_of_paths_and_methods_have_the_error_shape() {
    for path in
        ["/v1/models/%FF", "/v1/threads/%FF", "/v1/customers/%80", "/v1/catalog/search?q=%FF"]
    {
        let (status, text) = shared().get(path).await;
        let answer: Value =
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {text}"));
        assert!(status.is_client_error(), "{path}: {status}");
        assert!(answer["error"]["message"].is_string(), "{path}: {text}");
    }
    let (status, text) = shared().get("/respond").await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(text.contains("method_not_allowed"), "{text}");
}
