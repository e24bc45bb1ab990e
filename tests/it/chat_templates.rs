//! Models whose chat template cannot be used, refuses a conversation or leaves a message out.

use crate::server::Gateway;
use crate::server::root;
use crate::server::vitrine;
use reqwest::StatusCode;
use serde_json::Value;
use serde_json::json;
use std::path::PathBuf;

/// Alignment of a GGUF file's tensors, bytes.
const ALIGNMENT: usize = 32;

/// Writes a copy of the built-in drafter with a chat template.
fn copy_with(template: &str, folder: &tempfile::TempDir) -> PathBuf {
    let mut bytes = std::fs::read(root().join("models/drafter/drafter.gguf")).expect("a model");
    let key = "tokenizer.chat_template";
    // After the text's length, the type's code and the key with its length.
    let fixed = 8 + key.len() + 4 + 8;
    let length = (fixed + template.len()).next_multiple_of(ALIGNMENT) - fixed;
    let mut entry = Vec::new();
    entry.extend((key.len() as u64).to_le_bytes());
    entry.extend(key.as_bytes());
    entry.extend(8_u32.to_le_bytes());
    entry.extend((length as u64).to_le_bytes());
    entry.extend(template.as_bytes());
    entry.extend(" ".repeat(length - template.len()).as_bytes());
    let count = u64::from_le_bytes(bytes[16..24].try_into().expect("eight bytes"));
    bytes[16..24].copy_from_slice(&(count + 1).to_le_bytes());
    bytes.splice(24..24, entry);
    let path = folder.path().join("copy.gguf");
    std::fs::write(&path, bytes).expect("written");
    path
}

fn golden(family: &str) -> String {
    let path = root().join(format!("tests/golden/chat_templates/{family}.jinja"));
    std::fs::read_to_string(path).expect("a template").trim_end().to_owned()
}

/// A gateway that drafts with a copy of the drafter, and the copy's name.
async fn gateway_with(template: &str) -> (Gateway, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = copy_with(template, &folder);
    let gateway = Gateway::start(&[("VITRINE_DRAFT__MODEL", path.to_str().expect("UTF-8"))]);
    let models: Value = serde_json::from_str(&gateway.get("/v1/models").await.1).expect("JSON");
    let name = models["data"][0]["id"].as_str().expect("a name").to_owned();
    (gateway, name)
}

async fn chat(gateway: &Gateway, model: &str, messages: &[(&str, &str)]) -> (StatusCode, Value) {
    let messages: Vec<Value> =
        messages.iter().map(|(role, content)| json!({"role": role, "content": content})).collect();
    let body = json!({"model": model, "messages": messages, "max_tokens": 2});
    gateway.post("/v1/chat/completions", &body).await
}

#[tokio::test]
async fn model_with_a_broken_template_serves_all_but_chats() {
    let (gateway, model) = gateway_with("{{ messages[0].content | no_such_filter }}").await;
    let body = json!({"model": model, "prompt": "Hello", "max_tokens": 4});
    let (status, answer) = gateway.post("/v1/completions", &body).await;
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = chat(&gateway, &model, &[("user", "Hello")]).await;
    assert_eq!(status, 422, "{answer}");
    let words = answer["error"]["message"].as_str().expect("a message");
    assert!(words.contains("no_such_filter"), "{words}");
}

#[test]
fn generate_needs_no_template_with_raw() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = copy_with("{{ messages[0].content | no_such_filter }}", &folder);
    let generate = |raw: &[&str]| {
        let data = tempfile::tempdir().expect("a folder");
        let mut command = vitrine(&data);
        command.args(["generate", "--model", path.to_str().expect("UTF-8"), "--prompt", "Hello"]);
        command.args(["--max-tokens", "4"]).args(raw).output().expect("the program runs")
    };
    let raw = generate(&["--raw"]);
    assert!(raw.status.success(), "{}", String::from_utf8_lossy(&raw.stderr));
    let chat = generate(&[]);
    let error = String::from_utf8_lossy(&chat.stderr);
    assert!(!chat.status.success() && error.contains("no_such_filter"), "{error}");
}

#[tokio::test]
async fn late_system_message_is_in_the_prompt() {
    let (gateway, model) = gateway_with(&golden("smollm3")).await;
    let turns = [("system", "You sell shoes."), ("user", "hi"), ("assistant", "Hello!")];
    let late = ("system", "From now on prices are in CHF.");
    let (status, without) =
        chat(&gateway, &model, &[&turns[..], &[("user", "size 42?")]].concat()).await;
    assert_eq!(status, 200, "{without}");
    let (status, with) =
        chat(&gateway, &model, &[&turns[..], &[late, ("user", "size 42?")]].concat()).await;
    assert_eq!(status, 200, "{with}");
    let tokens = |answer: &Value| answer["usage"]["prompt_tokens"].as_u64();
    assert!(tokens(&with) > tokens(&without), "{with} {without}");
}

#[tokio::test]
async fn template_s_own_words_reach_the_client() {
    let (gateway, model) = gateway_with(&golden("mistral")).await;
    let twice = [("user", "Hi"), ("user", "Are you there?")];
    let (status, answer) = chat(&gateway, &model, &twice).await;
    assert_eq!(status, 422, "{answer}");
    let words = answer["error"]["message"].as_str().expect("a message");
    assert!(words.contains("roles must alternate user/assistant"), "{words}");
    let both = [("developer", "Be brief."), ("system", "You sell shoes."), ("user", "Hi")];
    let (status, answer) = chat(&gateway, &model, &both).await;
    assert_eq!(status, 200, "{answer}");
    for role in ["wizard", "tool"] {
        let (status, answer) = chat(&gateway, &model, &[("user", "Hi"), (role, "Abra")]).await;
        assert!(status.is_client_error(), "{role}: {answer}");
        assert!(answer.to_string().contains(role), "{answer}");
    }
}
