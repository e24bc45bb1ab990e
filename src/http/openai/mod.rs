//! `POST /v1/chat/completions` and `/v1/completions`, as one body or streamed.
//!
//! Compatible with OpenAI clients; fields that would change the output but are not implemented are
//! refused, not ignored.

pub(crate) mod embeddings;

use crate::http::body::Json;
use crate::http::encode;
use crate::http::error::ApiError;
use crate::http::keys::Caller;
use crate::http::state::App;
use crate::http::wire::ErrorBody;
use crate::http::wire::openai::AssistantMessage;
use crate::http::wire::openai::ChatRequest;
use crate::http::wire::openai::Choice;
use crate::http::wire::openai::CompletionAnswer;
use crate::http::wire::openai::CompletionRequest;
use crate::http::wire::openai::OneOrMany;
use crate::http::wire::openai::OpenAiUsage;
use crate::http::wire::openai::PromptTokensDetails;
use crate::http::wire::openai::SamplingBody;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::Event;
use axum::response::sse::KeepAlive;
use axum::response::sse::Sse;
use futures::Stream;
use futures::StreamExt;
use futures::stream;
use jiff::Timestamp;
use std::convert::Infallible;
use std::sync::Arc;
use vitrine_base::ids::TenantId;
use vitrine_base::ids::time_ordered_id;
use vitrine_engine::CacheScope;
use vitrine_engine::Completion;
use vitrine_engine::EndOfText;
use vitrine_engine::EngineError;
use vitrine_engine::FinishReason;
use vitrine_engine::GenerationEvent;
use vitrine_engine::GenerationModel;
use vitrine_engine::GenerationRequest;
use vitrine_engine::GenerationUsage;
use vitrine_engine::Grammar;
use vitrine_engine::Priority;
use vitrine_engine::Sampling;
use vitrine_engine::text::ChatMessage;
use vitrine_engine::text::Special;
use vitrine_engine::text::TemplateSettings;

/// Output tokens when a request sets no limit.
const OUTPUT_TOKENS_DEFAULT: usize = 256;

/// Default temperature of the OpenAI API.
const TEMPERATURE_DEFAULT: f32 = 1.0;

/// The endpoint that a response belongs to; the two differ in field names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Chat,
    Completion,
}

impl Endpoint {
    /// Creates an id for a new response; ids sort by `now`.
    fn id(self, now: Timestamp) -> String {
        let prefix = match self {
            Self::Chat => "chatcmpl",
            Self::Completion => "cmpl",
        };
        format!("{prefix}-{}", time_ordered_id(now).simple())
    }
}

/// Continues a chat.
#[utoipa::path(
    post, path = "/v1/chat/completions", request_body = ChatRequest,
    responses((status = 200, body = CompletionAnswer), (status = 404, body = ErrorBody),
              (status = 422, body = ErrorBody), (status = 429, body = ErrorBody))
)]
pub(crate) async fn chat(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Json<ChatRequest>,
) -> Result<Response, ApiError> {
    let request = body.value;
    let model = app.models.get(&request.model)?;
    if request.messages.is_empty() {
        return Err(ApiError::impossible("no_messages", "field `messages` is empty"));
    }
    let messages: Vec<ChatMessage> = request
        .messages
        .iter()
        .map(|message| ChatMessage::new(role(&message.role), message.content.text()))
        .collect();
    let settings = TemplateSettings::from_json(&request.chat_template_kwargs)?;
    let token_ids = model.encode_chat_with(&messages, &settings)?;
    let prompt = Prompt { tenant: caller.tenant, token_ids, echo: String::new() };
    app.generate(&model, Endpoint::Chat, prompt, request.sampling).await
}

/// Maps a role to the one chat templates know: OpenAI renamed `system` to `developer`.
fn role(role: &str) -> &str {
    if role == "developer" { "system" } else { role }
}

/// Extracts the single prompt of a completion; batches of prompts are refused.
fn single_prompt(prompt: OneOrMany) -> Result<String, ApiError> {
    let mut prompts = prompt.into_vec();
    let count = prompts.len();
    match prompts.pop() {
        Some(prompt) if count == 1 => Ok(prompt),
        _ => {
            let message = format!("field `prompt` has {count} texts; allowed: one");
            Err(ApiError::impossible("one_prompt", message))
        }
    }
}

/// Continues a text.
#[utoipa::path(
    post, path = "/v1/completions", request_body = CompletionRequest,
    responses((status = 200, body = CompletionAnswer), (status = 404, body = ErrorBody),
              (status = 422, body = ErrorBody), (status = 429, body = ErrorBody))
)]
pub(crate) async fn completions(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Json<CompletionRequest>,
) -> Result<Response, ApiError> {
    let request = body.value;
    let model = app.models.get(&request.model)?;
    let text = single_prompt(request.prompt)?;
    let token_ids = model.tokenizer().encode(&text, Special::Add)?;
    let echo = if request.echo { text } else { String::new() };
    let prompt = Prompt { tenant: caller.tenant, token_ids, echo };
    app.generate(&model, Endpoint::Completion, prompt, request.sampling).await
}

/// A tokenized prompt.
struct Prompt {
    /// Owner of the prompt's cached pages; tenants never share them.
    tenant: TenantId,
    token_ids: Vec<u32>,
    /// Text repeated before the output; empty for none.
    echo: String,
}

impl App {
    async fn generate(
        &self,
        model: &GenerationModel,
        endpoint: Endpoint,
        prompt: Prompt,
        mut body: SamplingBody,
    ) -> Result<Response, ApiError> {
        if let Some((field, allowed)) = body.refused.first() {
            let message = format!("field `{field}` is not supported here; allowed: {allowed}");
            return Err(ApiError::impossible("unsupported_field", message));
        }
        let (stream, usage_wanted) =
            (body.stream, body.stream_options.as_ref().is_some_and(|o| o.include_usage));
        let constraint = match take_grammar(&mut body)? {
            Some(grammar) => Some(model.constrain(grammar).await?),
            None => None,
        };
        let Prompt { tenant, token_ids, echo } = prompt;
        let request =
            GenerationRequest { constraint, ..request(token_ids, body, CacheScope::of(&tenant)) };
        let generation = model.engine().submit(request)?;
        let now = self.clock.now();
        let header = CompletionHeader {
            endpoint,
            id: endpoint.id(now),
            created: now.as_second(),
            model: model.name().to_owned(),
        };
        if stream {
            let generated = stream::unfold(generation, |mut generation| async move {
                generation.next().await.map(|event| (event, generation))
            });
            let chunks = chunks(header, generated, echo, usage_wanted);
            return Ok(Sse::new(events(chunks)).keep_alive(KeepAlive::default()).into_response());
        }
        let completion = generation.collect().await?;
        Ok(axum::Json(header.completed(echo, completion)?).into_response())
    }
}

/// The output constraint, if any.
///
/// # Errors
/// If the request sets more than one of the fields that constrain the output.
fn take_grammar(body: &mut SamplingBody) -> Result<Option<Grammar>, ApiError> {
    let mut grammars = body.take_grammars();
    if let [(first, _), (second, _), ..] = grammars[..] {
        let message = format!("fields `{first}` and `{second}`: at most one may be set");
        return Err(ApiError::impossible("one_constraint", message));
    }
    Ok(grammars.pop().map(|(_, grammar)| grammar))
}

fn request(prompt_token_ids: Vec<u32>, body: SamplingBody, cache: CacheScope) -> GenerationRequest {
    let output_tokens_max =
        body.max_completion_tokens.or(body.max_tokens).unwrap_or(OUTPUT_TOKENS_DEFAULT);
    GenerationRequest {
        prompt_token_ids,
        output_tokens_max,
        sampling: Sampling {
            temperature: body.temperature.unwrap_or(TEMPERATURE_DEFAULT),
            top_k: body.top_k.unwrap_or(0),
            top_p: body.top_p.unwrap_or(1.0),
            min_p: body.min_p.unwrap_or(0.0),
            seed: body.seed.unwrap_or_else(rand::random),
        },
        stop: body.stop.map(|stop| stop.into_vec()).unwrap_or_default(),
        deadline: None,
        end_of_text: if body.ignore_eos { EndOfText::Ignore } else { EndOfText::Stop },
        cache,
        priority: Priority::Live,
        constraint: None,
    }
}

/// Fields that all chunks of one response share.
struct CompletionHeader {
    endpoint: Endpoint,
    id: String,
    created: i64,
    model: String,
}

impl CompletionHeader {
    fn answer(
        &self,
        suffix: &str,
        choices: Vec<Choice>,
        usage: Option<OpenAiUsage>,
    ) -> CompletionAnswer {
        let object = match (self.endpoint, suffix.is_empty()) {
            (Endpoint::Chat, true) => "chat.completion",
            (Endpoint::Chat, false) => "chat.completion.chunk",
            (Endpoint::Completion, _) => "text_completion",
        };
        let (id, model) = (self.id.clone(), self.model.clone());
        CompletionAnswer { id, object, created: self.created, model, choices, usage }
    }

    /// The answer with a whole output.
    ///
    /// # Errors
    /// If the output was cut short by its deadline or by cancellation.
    fn completed(
        &self,
        echo: String,
        completion: Completion,
    ) -> Result<CompletionAnswer, ApiError> {
        let reason = finish(completion.reason)?;
        let choice = self.whole(echo + &completion.text, reason);
        Ok(self.answer("", vec![choice], Some(usage(completion.usage))))
    }

    fn whole(&self, text: String, reason: &'static str) -> Choice {
        let finish_reason = Some(reason);
        match self.endpoint {
            Endpoint::Chat => {
                let message = AssistantMessage { role: Some("assistant"), content: Some(text) };
                Choice { message: Some(message), finish_reason, ..Choice::default() }
            }
            Endpoint::Completion => Choice { text: Some(text), finish_reason, ..Choice::default() },
        }
    }

    fn part(&self, text: String, role: Option<&'static str>) -> Choice {
        match self.endpoint {
            Endpoint::Chat => {
                let delta = AssistantMessage { role, content: Some(text) };
                Choice { delta: Some(delta), ..Choice::default() }
            }
            Endpoint::Completion => Choice { text: Some(text), ..Choice::default() },
        }
    }

    fn last(&self, reason: &'static str) -> Choice {
        let finish_reason = Some(reason);
        match self.endpoint {
            Endpoint::Chat => {
                let delta = Some(AssistantMessage::default());
                Choice { delta, finish_reason, ..Choice::default() }
            }
            Endpoint::Completion => {
                Choice { text: Some(String::new()), finish_reason, ..Choice::default() }
            }
        }
    }

    fn chunk(&self, choices: Vec<Choice>, usage: Option<OpenAiUsage>) -> Result<Event, ApiError> {
        let answer = self.answer("chunk", choices, usage);
        Ok(Event::default().data(encode::json_text(&answer)?))
    }
}

/// The events of a streamed answer; an error is an event as well. When the client disconnects, the
/// stream is dropped with the generation in it, which cancels that.
fn events(
    chunks: impl Stream<Item = Result<Event, ApiError>>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let done = std::future::ready(Ok(Event::default().data("[DONE]")));
    chunks.map(|chunk| Ok(chunk.unwrap_or_else(error_event))).chain(stream::once(done))
}

/// The chunks of a generation. Stops at a chunk that cannot be encoded: the text after it would
/// have a gap.
fn chunks(
    header: CompletionHeader,
    generated: impl Stream<Item = Result<GenerationEvent, EngineError>>,
    echo: String,
    usage_wanted: bool,
) -> impl Stream<Item = Result<Event, ApiError>> {
    async_stream::stream! {
        tokio::pin!(generated);
        let first = header.chunk(vec![header.part(echo, Some("assistant"))], None);
        let mut complete = first.is_ok();
        yield first;
        while complete && let Some(event) = generated.next().await {
            match event {
                Ok(GenerationEvent::Token { text, .. }) if text.is_empty() => {}
                Ok(GenerationEvent::Token { text, .. }) => {
                    let part = header.chunk(vec![header.part(text, None)], None);
                    complete = part.is_ok();
                    yield part;
                }
                Ok(GenerationEvent::Done { reason, usage: counts, .. }) => {
                    let last = |reason| header.chunk(vec![header.last(reason)], None);
                    yield finish(reason).and_then(last);
                    if usage_wanted {
                        yield header.chunk(Vec::new(), Some(usage(counts)));
                    }
                }
                Err(error) => yield Err(error.into()),
            }
        }
    }
}

fn error_event(error: ApiError) -> Event {
    Event::default().data(encode::error(&error))
}

/// Name of a reason on the wire.
///
/// # Errors
/// If the output was cut short by its deadline or by cancellation.
fn finish(reason: FinishReason) -> Result<&'static str, ApiError> {
    match reason {
        FinishReason::Stop => Ok("stop"),
        FinishReason::Length => Ok("length"),
        FinishReason::Deadline => Err(ApiError::DeadlineExceeded),
        FinishReason::Cancelled => Err(ApiError::Cancelled),
    }
}

fn usage(usage: GenerationUsage) -> OpenAiUsage {
    OpenAiUsage {
        prompt_tokens: usage.prompt_tokens,
        completion_tokens: usage.output_tokens,
        total_tokens: usage.prompt_tokens + usage.output_tokens,
        prompt_tokens_details: PromptTokensDetails { cached_tokens: usage.cached_tokens },
    }
}

#[cfg(test)]
mod tests;
