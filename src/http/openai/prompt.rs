//! The prompt of a request: messages of a chat, or a text or token ids to continue.

use crate::http::error::ApiError;
use crate::http::fields::quoted;
use crate::http::wire::openai::ChatContent;
use crate::http::wire::openai::ChatMessageBody;
use crate::http::wire::openai::ContentPart;
use serde_json::Value;
use vitrine_engine::text::ChatMessage;

/// Roles of messages.
const ROLES: &str = "system, developer, user, assistant";

/// The messages of a chat.
///
/// # Errors
/// If there are none, or one has a role or contents that chats do not support, by its path.
pub(super) fn messages(bodies: &[ChatMessageBody]) -> Result<Vec<ChatMessage>, ApiError> {
    if bodies.is_empty() {
        return Err(ApiError::impossible("no_messages", "field `messages` is empty"));
    }
    bodies.iter().enumerate().map(|(at, body)| message(&format!("messages[{at}]"), body)).collect()
}

fn message(path: &str, body: &ChatMessageBody) -> Result<ChatMessage, ApiError> {
    let role = role(path, &body.role)?;
    let unsupported = [
        ("tool_calls", body.tool_calls.as_ref().is_some_and(|calls| !is_empty(calls))),
        ("tool_call_id", body.tool_call_id.is_some()),
        ("function_call", body.function_call.is_some()),
        ("audio", body.audio.is_some()),
        ("refusal", body.refusal.is_some()),
        ("annotations", body.annotations.as_ref().is_some_and(|all| !is_empty(all))),
    ];
    if let Some((field, _)) = unsupported.iter().find(|(_, is_set)| *is_set) {
        let message = format!("field `{path}.{field}` is not supported; allowed: left out");
        return Err(ApiError::impossible("unsupported_field", message));
    }
    let content = match &body.content {
        Some(ChatContent::Text(text)) => text.clone(),
        Some(ChatContent::Parts(parts)) => parts
            .iter()
            .enumerate()
            .map(|(at, part)| part_text(&format!("{path}.content[{at}]"), part))
            .collect::<Result<String, _>>()?,
        None if role == "assistant" => String::new(),
        None => {
            let message = format!("field `{path}.content` is required for the role `{role}`");
            return Err(ApiError::impossible("no_content", message));
        }
    };
    Ok(ChatMessage::new(role, content))
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

/// Maps a role to the one that chat templates know: OpenAI renamed `system` to `developer`.
fn role<'a>(path: &str, role: &'a str) -> Result<&'a str, ApiError> {
    match role {
        "developer" => Ok("system"),
        "system" | "user" | "assistant" => Ok(role),
        other => {
            let found = quoted(other);
            let message = format!("field `{path}.role` is {found}; allowed: {ROLES}");
            Err(ApiError::impossible("unknown_role", message))
        }
    }
}

fn part_text<'a>(path: &str, part: &'a ContentPart) -> Result<&'a str, ApiError> {
    if let Some(kind) = part.kind.as_deref().filter(|kind| *kind != "text") {
        let found = quoted(kind);
        let message = format!("field `{path}.type` is {found}; allowed: text");
        return Err(ApiError::impossible("unsupported_content", message));
    }
    part.text.as_deref().ok_or_else(|| {
        ApiError::impossible("no_content", format!("field `{path}.text` is required"))
    })
}

/// What a completion continues.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PromptInput {
    Text(String),
    TokenIds(Vec<u32>),
}

/// The single prompt of a completion; lists of prompts are refused.
///
/// # Errors
/// If it is not one text or one list of token ids.
pub(super) fn single(prompt: Value) -> Result<PromptInput, ApiError> {
    let wrong = |found: String| {
        let message =
            format!("field `prompt` {found}; allowed: one text, or one list of token ids");
        ApiError::impossible("one_prompt", message)
    };
    match prompt {
        Value::String(text) => Ok(PromptInput::Text(text)),
        Value::Array(mut items) => match items.as_mut_slice() {
            [] => Err(wrong("is empty".to_owned())),
            [Value::String(text)] => Ok(PromptInput::Text(std::mem::take(text))),
            [Value::Array(ids)] => {
                token_ids(ids).ok_or_else(|| wrong("has other items".to_owned()))
            }
            [Value::Number(_), ..] => token_ids(&items)
                .ok_or_else(|| wrong("has items that are not token ids".to_owned())),
            several => Err(wrong(format!("has {} items", several.len()))),
        },
        Value::Null => Err(ApiError::malformed("field `prompt` is required")),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            Err(ApiError::malformed("field `prompt` must be a text or a list of token ids"))
        }
    }
}

fn token_ids(items: &[Value]) -> Option<PromptInput> {
    let id = |item: &Value| u32::try_from(item.as_u64()?).ok();
    items.iter().map(id).collect::<Option<Vec<u32>>>().map(PromptInput::TokenIds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chat(messages_json: Value) -> Result<Vec<(String, String)>, String> {
        let bodies: Vec<ChatMessageBody> = crate::http::body::parse_for_tests(&messages_json);
        let messages = messages(&bodies).map_err(|error| error.to_string())?;
        Ok(messages.into_iter().map(|message| (message.role, message.content)).collect())
    }

    #[test]
    fn messages_are_read_as_clients_write_them() {
        let read = chat(json!([
            { "role": "developer", "content": "be short" },
            { "role": "user", "content": [{ "type": "text", "text": "a" }, { "text": "b" }],
              "name": "Ana" },
            { "role": "assistant", "content": null, "tool_calls": null, "refusal": null },
            { "role": "assistant", "tool_calls": [] },
        ]));
        let expected =
            [("system", "be short"), ("user", "ab"), ("assistant", ""), ("assistant", "")];
        let expected = expected.map(|(role, content)| (role.to_owned(), content.to_owned()));
        assert_eq!(read, Ok(expected.to_vec()));
    }

    #[test]
    fn what_a_chat_cannot_carry_is_refused_by_its_path() {
        let call = json!([{ "id": "1", "type": "function", "function": { "name": "f" } }]);
        for (messages, part) in [
            (json!([]), "`messages` is empty"),
            (json!([{ "role": "critic", "content": "x" }]), "`messages[0].role` is `critic`"),
            (json!([{ "role": "tool", "content": "x" }]), "`messages[0].role` is `tool`"),
            (json!([{ "role": "user" }]), "`messages[0].content` is required"),
            (
                json!([{ "role": "assistant", "content": null, "tool_calls": call }]),
                "`messages[0].tool_calls` is not supported",
            ),
            (
                json!([{ "role": "user", "content": "a" },
                    { "role": "user", "content": [{ "type": "image_url", "image_url": {} }] }]),
                "`messages[1].content[0].type` is `image_url`",
            ),
            (
                json!([{ "role": "user", "content": [{ "type": "text" }] }]),
                "`messages[0].content[0].text` is required",
            ),
        ] {
            let refused = chat(messages.clone()).expect_err("a refusal");
            assert!(refused.contains(part), "{messages}: {refused}");
        }
    }

    #[test]
    fn a_prompt_is_one_text_or_one_list_of_token_ids() {
        let text = || Ok(PromptInput::Text("a".to_owned()));
        let ids = || Ok(PromptInput::TokenIds(vec![1, 2]));
        for (prompt, expected) in [
            (json!("a"), text()),
            (json!(["a"]), text()),
            (json!([1, 2]), ids()),
            (json!([[1, 2]]), ids()),
            (json!(["a", "b"]), Err("has 2 items")),
            (json!([[1], [2]]), Err("has 2 items")),
            (json!([1, -2]), Err("not token ids")),
            (json!([]), Err("is empty")),
            (json!(5), Err("must be a text")),
        ] {
            match (single(prompt.clone()), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{prompt}"),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (found, _) => panic!("{prompt}: {found:?}"),
            }
        }
    }
}
