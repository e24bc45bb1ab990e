//! Bodies of the OpenAI-compatible routes; existing OpenAI clients work unchanged.
//!
//! Source: the public OpenAI API reference, `chat.completions`, `completions`, `embeddings`.

use crate::http::wire::refused::RefusedFields;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use vitrine_engine::Grammar;

/// One string or an array of strings.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a string or an array of strings")]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    /// The strings in order.
    pub(crate) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

/// Settings that chat and text completions share.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct SamplingBody {
    /// 0 for greedy decoding; default 1.
    #[serde(default)]
    pub(crate) temperature: Option<f32>,
    /// Nucleus sampling; default 1, which has no effect.
    #[serde(default)]
    pub(crate) top_p: Option<f32>,
    /// Samples from the k likeliest tokens; default 0, no limit.
    #[serde(default)]
    pub(crate) top_k: Option<usize>,
    /// Smallest probability relative to the likeliest token; default 0.
    #[serde(default)]
    pub(crate) min_p: Option<f32>,
    /// The same seed and request give the same text; default: random.
    #[serde(default)]
    pub(crate) seed: Option<u64>,
    /// Up to 8 strings that end the output.
    #[serde(default)]
    pub(crate) stop: Option<OneOrMany>,
    /// Most output tokens; default 256.
    #[serde(default)]
    pub(crate) max_tokens: Option<usize>,
    /// The same as `max_tokens`, and takes precedence.
    #[serde(default)]
    pub(crate) max_completion_tokens: Option<usize>,
    #[serde(default)]
    pub(crate) stream: bool,
    #[serde(default)]
    pub(crate) stream_options: Option<StreamOptions>,
    /// Whether to continue to the token limit when the model ends its text; for benchmarks.
    #[serde(default)]
    pub(crate) ignore_eos: bool,
    /// Fields of the API that are not supported.
    #[serde(flatten)]
    pub(crate) refused: RefusedFields,
    /// Format of the output. At most one of this field and the next three may be set.
    #[serde(default)]
    pub(crate) response_format: Option<ResponseFormat>,
    /// JSON schema that the output must satisfy; alias `guided_json`.
    #[serde(default, alias = "guided_json")]
    #[schema(value_type = Option<Object>)]
    pub(crate) json_schema: Option<Value>,
    /// Regular expression that must match the whole output; alias `guided_regex`.
    #[serde(default, alias = "guided_regex")]
    pub(crate) regex: Option<String>,
    /// Lark grammar of the output (llguidance's dialect, not GBNF) with the start rule `start`;
    /// alias `guided_grammar`.
    #[serde(default, alias = "guided_grammar")]
    pub(crate) grammar: Option<String>,
}

/// Format of the output, as in the OpenAI API.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ResponseFormat {
    /// Any text.
    Text,
    /// A JSON object, which must satisfy `schema` if it is set (an extension of llama.cpp's
    /// server).
    JsonObject {
        #[serde(default)]
        #[schema(value_type = Option<Object>)]
        schema: Option<Value>,
    },
    /// A JSON value that satisfies a schema.
    JsonSchema { json_schema: NamedSchema },
}

/// A JSON schema. `name` is ignored, and the schema is enforced whatever `strict` is.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct NamedSchema {
    /// If left out, any JSON object is allowed.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) schema: Option<Value>,
}

impl SamplingBody {
    /// Takes the constraints that are set, each with the name of its field.
    pub(crate) fn take_grammars(&mut self) -> Vec<(&'static str, Grammar)> {
        let format = self.response_format.take().and_then(ResponseFormat::into_grammar);
        let schema = self.json_schema.take().map(Grammar::JsonSchema);
        let regex = self.regex.take().map(Grammar::Regex);
        let lark = self.grammar.take().map(Grammar::Lark);
        [("response_format", format), ("json_schema", schema), ("regex", regex), ("grammar", lark)]
            .into_iter()
            .filter_map(|(field, grammar)| Some((field, grammar?)))
            .collect()
    }
}

impl ResponseFormat {
    fn into_grammar(self) -> Option<Grammar> {
        let schema = match self {
            Self::Text => return None,
            Self::JsonObject { schema } => schema,
            Self::JsonSchema { json_schema } => json_schema.schema,
        };
        Some(schema.map_or(Grammar::JsonObject, Grammar::JsonSchema))
    }
}

/// Options of a streamed response.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct StreamOptions {
    /// Whether the last event reports the token counts.
    #[serde(default)]
    pub(crate) include_usage: bool,
}

/// Body of `POST /v1/chat/completions`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct ChatRequest {
    pub(crate) model: String,
    pub(crate) messages: Vec<ChatMessageBody>,
    /// Variables for the model's chat template, such as `{"enable_thinking": false}`; an extension
    /// of vLLM and llama.cpp's server.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) chat_template_kwargs: serde_json::Map<String, Value>,
    #[serde(flatten)]
    pub(crate) sampling: SamplingBody,
}

/// One message of a chat.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct ChatMessageBody {
    /// `system` (alias `developer`), `user` or `assistant`.
    pub(crate) role: String,
    pub(crate) content: ChatContent,
}

/// Content of a message: a text, or text parts.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a string or an array of text parts")]
pub(crate) enum ChatContent {
    Text(String),
    Parts(Vec<ContentPart>),
}

impl ChatContent {
    /// The text; parts are joined without a separator.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => parts.iter().map(|part| part.text.as_str()).collect(),
        }
    }
}

/// A text part.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct ContentPart {
    pub(crate) text: String,
}

/// Body of `POST /v1/completions`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct CompletionRequest {
    pub(crate) model: String,
    /// One text, or a list with one text.
    pub(crate) prompt: OneOrMany,
    /// Whether the output starts with the prompt.
    #[serde(default)]
    pub(crate) echo: bool,
    #[serde(flatten)]
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
    pub(crate) choices: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<OpenAiUsage>,
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
}

/// Body of `POST /v1/embeddings`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct EmbeddingsRequest {
    pub(crate) model: String,
    /// 1 to `intent.request_texts_max` texts, none of them empty.
    pub(crate) input: OneOrMany,
    /// `float` (default), or `base64` of little-endian f32 values.
    #[serde(default)]
    pub(crate) encoding_format: Option<String>,
    /// Width of the embeddings; must equal the encoder's if set.
    #[serde(default)]
    pub(crate) dimensions: Option<usize>,
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
