//! Bodies of the OpenAI-compatible routes; existing OpenAI clients work unchanged.
//!
//! Source: the public OpenAI API reference, `chat.completions`, `completions`, `embeddings`.

use crate::http::wire::other_fields::OtherFields;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Value;
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::schema::Schema;

/// One text or an array of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OneOrMany(pub(crate) Vec<String>);

impl PartialSchema for OneOrMany {
    fn schema() -> RefOr<Schema> {
        text_or_array_of(String::schema())
    }
}

impl ToSchema for OneOrMany {}

fn text_or_array_of(item: RefOr<Schema>) -> RefOr<Schema> {
    OneOfBuilder::new().item(String::schema()).item(ArrayBuilder::new().items(item)).into()
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a text or an array of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OneOrMany, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = items.next_element()? {
            texts.push(text);
        }
        Ok(OneOrMany(texts))
    }
}

/// Settings that chat and text completions share. `null` counts as left out.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct SamplingBody {
    /// 0 for greedy decoding; default 1.
    #[serde(default)]
    pub(crate) temperature: Option<f32>,
    /// Nucleus sampling; default 1, which has no effect. 0 is greedy decoding.
    #[serde(default)]
    pub(crate) top_p: Option<f32>,
    /// Samples from the k likeliest tokens; default 0, no limit. -1 is no limit, too.
    #[serde(default)]
    pub(crate) top_k: Option<i64>,
    /// Smallest probability relative to the likeliest token; default 0.
    #[serde(default)]
    pub(crate) min_p: Option<f32>,
    /// The same seed and request give the same text; default: random. -1 is random, too.
    #[serde(default)]
    pub(crate) seed: Option<i64>,
    /// Up to 16 texts that end the output and are not part of it.
    #[serde(default)]
    pub(crate) stop: Option<OneOrMany>,
    /// Most output tokens. Default, and -1: the room that the prompt leaves in the model's context,
    /// at most `engine.output_tokens_max`. A larger number is lowered to that.
    #[serde(default)]
    pub(crate) max_tokens: Option<i64>,
    /// The same as `max_tokens`, and takes precedence.
    #[serde(default)]
    pub(crate) max_completion_tokens: Option<i64>,
    /// Whether to answer with server-sent events; default: false.
    #[serde(default)]
    pub(crate) stream: Option<bool>,
    /// Options of a stream; no effect without `stream`.
    #[serde(default)]
    pub(crate) stream_options: Option<StreamOptions>,
    /// Whether to continue to the token limit when the model ends its text; for benchmarks.
    #[serde(default)]
    pub(crate) ignore_eos: Option<bool>,
    #[serde(rename = "*")]
    pub(crate) constraints: ConstraintsBody,
}

/// Fields that constrain the output. At most one may be set.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct ConstraintsBody {
    /// `{"type": "text"}`, `{"type": "json_object"}`, or `{"type": "json_schema", "json_schema":
    /// {"schema": SCHEMA}}`; also `json` with `value`, `regex`, `grammar` and `choice`, each with a
    /// key of its own name. A schema is enforced whatever `strict` is.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) response_format: Option<Value>,
    /// vLLM's form: an object with one of `json`, `regex`, `choice`, `grammar` and `json_object`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) structured_outputs: Option<Value>,
    /// JSON schema that the output must satisfy, as JSON or as a text of JSON; alias `guided_json`.
    #[serde(default, alias = "guided_json")]
    #[schema(value_type = Option<Object>)]
    pub(crate) json_schema: Option<Value>,
    /// Whether the output must be a JSON object.
    #[serde(default)]
    pub(crate) guided_json_object: Option<bool>,
    /// Texts of which the output must be one.
    #[serde(default)]
    pub(crate) guided_choice: Option<Vec<String>>,
    /// Regular expression that must match the whole output; alias `guided_regex`.
    #[serde(default, alias = "guided_regex")]
    pub(crate) regex: Option<String>,
    /// Lark grammar of the output (llguidance's dialect, not GBNF) with the start rule `start`;
    /// alias `guided_grammar`.
    #[serde(default, alias = "guided_grammar")]
    pub(crate) grammar: Option<String>,
    /// Other fields of the API.
    #[serde(rename = "*")]
    pub(crate) other: OtherFields,
}

/// Options of a streamed response.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StreamOptions {
    /// Whether the last event reports the token counts; default: false.
    #[serde(default)]
    pub(crate) include_usage: Option<bool>,
    /// No effect: events are never padded.
    #[serde(default)]
    #[expect(dead_code, reason = "known and without effect")]
    pub(crate) include_obfuscation: Option<bool>,
}

/// Body of `POST /v1/chat/completions`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChatRequest {
    /// Name of the model, as in `GET /v1/models`.
    pub(crate) model: String,
    /// The messages so far, at least one.
    #[schema(min_items = 1)]
    pub(crate) messages: Vec<ChatMessageBody>,
    /// Variables for the model's chat template, such as `{"enable_thinking": false}`; an extension
    /// of vLLM and llama.cpp's server.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) chat_template_kwargs: Option<serde_json::Map<String, Value>>,
    #[serde(rename = "*")]
    pub(crate) sampling: SamplingBody,
}

/// One message of a chat.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChatMessageBody {
    /// `system` (alias `developer`), `user` or `assistant`.
    pub(crate) role: String,
    /// A text or an array of text parts. An assistant's message may leave it out.
    #[serde(default)]
    pub(crate) content: Option<ChatContent>,
    /// No effect: chat templates have no place for names.
    #[serde(default)]
    #[expect(dead_code, reason = "known and without effect")]
    pub(crate) name: Option<String>,
    /// Not supported: must be left out, null or empty, as in the answers of this gateway.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Value>>)]
    pub(crate) tool_calls: Option<Value>,
    /// Not supported: must be left out or null.
    #[serde(default)]
    pub(crate) tool_call_id: Option<String>,
    /// Not supported: must be left out or null.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) function_call: Option<Value>,
    /// Not supported: must be left out or null.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) audio: Option<Value>,
    /// A refusal of an earlier answer: not supported, must be left out or null.
    #[serde(default)]
    pub(crate) refusal: Option<String>,
    /// Not supported: must be left out, null or empty.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Value>>)]
    pub(crate) annotations: Option<Value>,
}

/// Content of a message: a text, or text parts.
#[derive(Debug, Clone)]
pub(crate) enum ChatContent {
    Text(String),
    Parts(Vec<ContentPart>),
}

impl PartialSchema for ChatContent {
    fn schema() -> RefOr<Schema> {
        text_or_array_of(ContentPart::schema())
    }
}

impl ToSchema for ChatContent {}

impl<'de> Deserialize<'de> for ChatContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChatContentVisitor)
    }
}

struct ChatContentVisitor;

impl<'de> Visitor<'de> for ChatContentVisitor {
    type Value = ChatContent;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a text or an array of text parts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ChatContent, E> {
        Ok(ChatContent::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ChatContent, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = items.next_element()? {
            parts.push(part);
        }
        Ok(ChatContent::Parts(parts))
    }
}

/// One part of a message.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContentPart {
    /// `text`, which is also the default.
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// No effect: prompts are cached without a marker.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    #[expect(dead_code, reason = "known and without effect")]
    pub(crate) cache_control: Option<Value>,
    /// Parts of other types are refused by their type.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    #[expect(dead_code, reason = "the type is refused first")]
    pub(crate) image_url: Option<Value>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    #[expect(dead_code, reason = "the type is refused first")]
    pub(crate) input_audio: Option<Value>,
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    #[expect(dead_code, reason = "the type is refused first")]
    pub(crate) file: Option<Value>,
}

/// Body of `POST /v1/completions`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompletionRequest {
    /// Name of the model, as in `GET /v1/models`.
    pub(crate) model: String,
    /// One text, one list of token ids, or a list with one of these.
    pub(crate) prompt: Value,
    /// Whether the output starts with the prompt, which must then be a text; default: false.
    #[serde(default)]
    pub(crate) echo: Option<bool>,
    #[serde(rename = "*")]
    pub(crate) sampling: SamplingBody,
}

/// Token counts.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct OpenAiUsage {
    pub(crate) prompt_tokens: usize,
    pub(crate) completion_tokens: usize,
    pub(crate) total_tokens: usize,
    pub(crate) prompt_tokens_details: PromptTokensDetails,
}

/// How many prompt tokens were cached.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct PromptTokensDetails {
    /// Prompt tokens found in the prefix cache.
    pub(crate) cached_tokens: usize,
}

/// A response or a chunk of a streamed one, for both endpoints.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CompletionAnswer {
    pub(crate) id: String,
    /// `chat.completion`, `chat.completion.chunk` or `text_completion`.
    pub(crate) object: &'static str,
    /// Creation time, in seconds since 1970.
    pub(crate) created: i64,
    pub(crate) model: String,
    /// The model's file: the first 12 digits of its SHA-256.
    pub(crate) system_fingerprint: String,
    pub(crate) choices: Vec<Choice>,
    /// Null in all chunks but the last if `stream_options.include_usage` is set.
    #[serde(skip_serializing_if = "UsageField::is_left_out")]
    #[schema(value_type = Option<OpenAiUsage>)]
    pub(crate) usage: UsageField,
}

/// The field `usage` of an answer or a chunk.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub(crate) enum UsageField {
    LeftOut,
    Null,
    Counts(OpenAiUsage),
}

impl UsageField {
    fn is_left_out(&self) -> bool {
        matches!(self, Self::LeftOut)
    }
}

/// The output. Chat sets `message`, or `delta` in a chunk; text completion sets `text`.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct Choice {
    pub(crate) index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<AssistantMessage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delta: Option<AssistantMessage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// Always null: log probabilities are not supported.
    pub(crate) logprobs: Option<()>,
    /// `stop` or `length`; null in a chunk that is not the last.
    pub(crate) finish_reason: Option<&'static str>,
}

/// A message of the model, or a part of one.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct AssistantMessage {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
    /// Null in a whole message, left out in a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) refusal: Option<Option<String>>,
}

/// Body of `POST /v1/embeddings`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmbeddingsRequest {
    /// Name of the model, as in `GET /v1/models`.
    pub(crate) model: String,
    /// 1 to `intent.request_texts_max` texts, none of them empty; token ids are refused.
    pub(crate) input: OneOrMany,
    /// `float` (default), or `base64` of little-endian f32 values.
    #[serde(default)]
    pub(crate) encoding_format: Option<String>,
    /// Width of the embeddings; must equal the encoder's if set.
    #[serde(default)]
    pub(crate) dimensions: Option<usize>,
    /// No effect: the caller's name for its user.
    #[serde(default)]
    #[expect(dead_code, reason = "known and without effect")]
    pub(crate) user: Option<String>,
}

/// Embeddings in the order of the input.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct EmbeddingsAnswer {
    pub(crate) object: &'static str,
    pub(crate) model: String,
    pub(crate) data: Vec<EmbeddingBody>,
    pub(crate) usage: EmbeddingsUsage,
}

/// One embedding.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct EmbeddingBody {
    pub(crate) object: &'static str,
    pub(crate) index: usize,
    pub(crate) embedding: EmbeddingValues,
}

/// The values of an embedding, in the requested format.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum EmbeddingValues {
    /// An array of numbers.
    Floats(Vec<f32>),
    /// Base64 of little-endian f32 values.
    Base64(String),
}

/// Token counts of an embeddings request.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct EmbeddingsUsage {
    pub(crate) prompt_tokens: usize,
    pub(crate) total_tokens: usize,
}
