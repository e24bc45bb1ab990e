//! The OpenAI-compatible bodies, so that existing clients work unchanged.
//!
//! Source: the public OpenAI API reference, `chat.completions`, `completions`, `embeddings`.

use crate::http::wire::refused::RefusedFields;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use vitrine_engine::Grammar;

/// One string or several.
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

/// Sampling settings that chat and completion share.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct SamplingBody {
    /// 0 is greedy; default 1.
    #[serde(default)]
    pub(crate) temperature: Option<f32>,
    #[serde(default)]
    pub(crate) top_p: Option<f32>,
    #[serde(default)]
    pub(crate) top_k: Option<usize>,
    #[serde(default)]
    pub(crate) min_p: Option<f32>,
    /// Same seed, same text.
    #[serde(default)]
    pub(crate) seed: Option<u64>,
    /// Up to 8 strings that end the text.
    #[serde(default)]
    pub(crate) stop: Option<OneOrMany>,
    #[serde(default)]
    pub(crate) max_tokens: Option<usize>,
    #[serde(default)]
    pub(crate) max_completion_tokens: Option<usize>,
    #[serde(default)]
    pub(crate) stream: bool,
    #[serde(default)]
    pub(crate) stream_options: Option<StreamOptions>,
    /// Whether to go on to the token limit when the model ends its text, as benchmarks ask.
    #[serde(default)]
    pub(crate) ignore_eos: bool,
    /// Fields of the API that are not offered here.
    #[serde(flatten)]
    pub(crate) refused: RefusedFields,
    /// What the answer must match. Of this field and the next three at most one may be given.
    #[serde(default)]
    pub(crate) response_format: Option<ResponseFormat>,
    /// A JSON schema that the answer must satisfy; `guided_json` means the same.
    #[serde(default, alias = "guided_json")]
    #[schema(value_type = Option<Object>)]
    pub(crate) json_schema: Option<Value>,
    /// A regular expression that matches the whole answer; `guided_regex` means the same.
    #[serde(default, alias = "guided_regex")]
    pub(crate) regex: Option<String>,
    /// A Lark grammar (llguidance's dialect, not GBNF) of the answer, beginning with the rule
    /// `start`; `guided_grammar` means the same.
    #[serde(default, alias = "guided_grammar")]
    pub(crate) grammar: Option<String>,
}

/// What an answer must match, as the OpenAI API says it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ResponseFormat {
    /// Any text.
    Text,
    /// A JSON object; with `schema`, one that satisfies it, as llama.cpp's server has it.
    JsonObject {
        #[serde(default)]
        #[schema(value_type = Option<Object>)]
        schema: Option<Value>,
    },
    /// A JSON value that satisfies a schema.
    JsonSchema { json_schema: NamedSchema },
}

/// A schema; its `name` is for the client's own use, and it is enforced whether `strict` is asked
/// for or not.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct NamedSchema {
    /// Without one any JSON object will do.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) schema: Option<Value>,
}

impl SamplingBody {
    /// What the answer must match, by the names of the fields that say so.
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

/// What a stream carries besides text.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub(crate) struct StreamOptions {
    /// Whether a last event carries the usage.
    #[serde(default)]
    pub(crate) include_usage: bool,
}

/// `POST /v1/chat/completions`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct ChatRequest {
    pub(crate) model: String,
    pub(crate) messages: Vec<ChatMessageBody>,
    /// Variables for the model's chat template, such as `{"enable_thinking": false}`, as vLLM and
    /// llama.cpp's server have it.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) chat_template_kwargs: serde_json::Map<String, Value>,
    #[serde(flatten)]
    pub(crate) sampling: SamplingBody,
}

/// One message of a chat.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct ChatMessageBody {
    /// `system` (or `developer`, which means the same), `user` or `assistant`.
    pub(crate) role: String,
    pub(crate) content: ChatContent,
}

/// Text, or text parts.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged, expecting = "a string or an array of text parts")]
pub(crate) enum ChatContent {
    Text(String),
    Parts(Vec<ContentPart>),
}

impl ChatContent {
    /// The text, parts joined.
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

/// `POST /v1/completions`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct CompletionRequest {
    pub(crate) model: String,
    /// One text, or a list of one.
    pub(crate) prompt: OneOrMany,
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

/// Where the prompt's tokens came from.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct PromptTokensDetails {
    pub(crate) cached_tokens: usize,
}

/// A whole answer: chat or completion.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CompletionAnswer {
    pub(crate) id: String,
    /// `chat.completion`, `text_completion`, or the former with `.chunk`.
    pub(crate) object: &'static str,
    /// Seconds since 1970.
    pub(crate) created: i64,
    pub(crate) model: String,
    pub(crate) choices: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<OpenAiUsage>,
}

/// One choice; which of the three texts is there depends on the endpoint.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct Choice {
    pub(crate) index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<AssistantMessage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delta: Option<AssistantMessage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// `stop` or `length`; null while it goes on.
    pub(crate) finish_reason: Option<&'static str>,
}

/// What the model says.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct AssistantMessage {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
}

/// `POST /v1/embeddings`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(crate) struct EmbeddingsRequest {
    pub(crate) model: String,
    pub(crate) input: OneOrMany,
    /// `float`, the default, or `base64`: little-endian f32.
    #[serde(default)]
    pub(crate) encoding_format: Option<String>,
    /// Width of the embeddings; only the encoder's own.
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

/// The values of an embedding, in the format that was asked for.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum EmbeddingValues {
    /// Numbers.
    Floats(Vec<f32>),
    /// Little-endian f32, in base64.
    Base64(String),
}

/// Token counts of an embedding call.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct EmbeddingsUsage {
    pub(crate) prompt_tokens: usize,
    pub(crate) total_tokens: usize,
}
