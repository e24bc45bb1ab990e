//! `POST /v1/chat/completions` and `/v1/completions`, as one body or streamed.
//!
//! Compatible with OpenAI clients; fields that would change the output but are not implemented are
//! refused, not ignored.

mod constraint;
pub(crate) mod embeddings;
mod prompt;

use crate::http::body::Json;
use crate::http::encode;
use crate::http::error::ApiError;
use crate::http::keys::Caller;
use crate::http::openai::prompt::PromptInput;
use crate::http::state::App;
use crate::http::wire::ErrorBody;
use crate::http::wire::openai::AssistantMessage;
use crate::http::wire::openai::ChatRequest;
use crate::http::wire::openai::Choice;
use crate::http::wire::openai::CompletionAnswer;
use crate::http::wire::openai::CompletionRequest;
use crate::http::wire::openai::OpenAiUsage;
use crate::http::wire::openai::PromptTokensDetails;
use crate::http::wire::openai::SamplingBody;
use crate::http::wire::openai::UsageField;
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
use std::time::Duration;
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
use vitrine_engine::Sampling;
use vitrine_engine::text::Special;
use vitrine_engine::text::TemplateSettings;

/// Longest wait for the first token before the head of a streamed answer is sent. Until then, an
/// error is a status; later, it is an event.
const FIRST_TOKEN_WAIT: Duration = Duration::from_secs(10);

/// Digits of the model's SHA-256 in `system_fingerprint`.
const FINGERPRINT_DIGITS: usize = 12;

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
    let messages = prompt::messages(&request.messages)?;
    let settings = request.chat_template_kwargs.unwrap_or_default();
    let settings = TemplateSettings::from_json(&settings)?;
    let token_ids = model.encode_chat_with(&messages, &settings)?;
    let prompt = Prompt { tenant: caller.tenant, token_ids, echo: String::new() };
    app.generate(&model, Endpoint::Chat, prompt, request.sampling).await
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
    let echo = request.echo.unwrap_or(false);
    let (token_ids, echo) = match prompt::single(request.prompt)? {
        PromptInput::Text(text) => {
            let token_ids = model.tokenizer().encode(&text, Special::Add)?;
            (token_ids, if echo { text } else { String::new() })
        }
        PromptInput::TokenIds(_) if echo => {
            let message = "field `echo` is true and `prompt` has token ids; allowed: a text";
            return Err(ApiError::impossible("unsupported_field", message));
        }
        PromptInput::TokenIds(ids) => (ids, String::new()),
    };
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
        if let Some((field, allowed)) = body.constraints.other.first_refused() {
            let message = format!("field `{field}` is not supported here; allowed: {allowed}");
            return Err(ApiError::impossible("unsupported_field", message));
        }
        let stream = body.stream.unwrap_or(false);
        let usage_wanted = body.stream_options.as_ref().and_then(|o| o.include_usage);
        let constraint = match constraint::take(&mut body.constraints)? {
            Some(grammar) => Some(model.constrain(grammar).await?),
            None => None,
        };
        let Prompt { tenant, token_ids, echo } = prompt;
        let wanted = wanted_output_tokens(&body)?;
        let output_tokens_max = model.engine().output_limit(token_ids.len(), wanted);
        let request = GenerationRequest {
            sampling: sampling(&body)?,
            stop: body.stop.map(|stop| stop.0).unwrap_or_default(),
            end_of_text: match body.ignore_eos {
                Some(true) => EndOfText::Ignore,
                Some(false) | None => EndOfText::Stop,
            },
            cache: CacheScope::of(&tenant),
            constraint,
            ..GenerationRequest::new(token_ids, output_tokens_max)
        };
        let mut generation = model.engine().submit(request)?;
        let now = self.clock.now();
        let header = CompletionHeader {
            endpoint,
            id: endpoint.id(now),
            created: now.as_second(),
            model: model.name().to_owned(),
            fingerprint: model.sha256().chars().take(FINGERPRINT_DIGITS).collect(),
        };
        if !stream {
            let completion = generation.collect().await?;
            return Ok(axum::Json(header.completed(echo, completion)?).into_response());
        }
        let first = match tokio::time::timeout(FIRST_TOKEN_WAIT, generation.next()).await {
            Ok(event) => event.transpose()?,
            Err(_) => None,
        };
        let rest = stream::unfold(generation, |mut generation| async move {
            generation.next().await.map(|event| (event, generation))
        });
        let generated = stream::iter(first.map(Ok)).chain(rest);
        let usage_of_parts =
            if usage_wanted == Some(true) { UsageField::Null } else { UsageField::LeftOut };
        let chunks = chunks(header, generated, echo, usage_of_parts);
        Ok(Sse::new(events(chunks)).keep_alive(KeepAlive::default()).into_response())
    }
}

/// Most output tokens that a request asks for; `None` if it sets no limit.
fn wanted_output_tokens(body: &SamplingBody) -> Result<Option<usize>, ApiError> {
    let asked = match (body.max_completion_tokens, body.max_tokens) {
        (Some(asked), _) => Some(("max_completion_tokens", asked)),
        (None, asked) => asked.map(|asked| ("max_tokens", asked)),
    };
    match asked {
        None | Some((_, -1)) => Ok(None),
        Some((_, asked)) if asked > 0 => Ok(Some(usize::try_from(asked).unwrap_or(usize::MAX))),
        Some((field, asked)) => {
            let message = format!("field `{field}` is {asked}; allowed: 1 or more, or -1");
            Err(ApiError::impossible("request_refused", message))
        }
    }
}

fn sampling(body: &SamplingBody) -> Result<Sampling, ApiError> {
    let top_k = match body.top_k {
        None | Some(-1) => 0,
        Some(top_k) => usize::try_from(top_k).map_err(|_| {
            let message = format!("field `top_k` is {top_k}; allowed: 0 or more, or -1");
            ApiError::impossible("request_refused", message)
        })?,
    };
    let temperature = body.temperature.unwrap_or(TEMPERATURE_DEFAULT);
    let top_p = body.top_p.unwrap_or(1.0);
    // No probability at all is the limit of ever smaller ones, which keep the likeliest token only.
    let (temperature, top_p) = if top_p == 0.0 { (0.0, 1.0) } else { (temperature, top_p) };
    Ok(Sampling {
        temperature,
        top_k,
        top_p,
        min_p: body.min_p.unwrap_or(0.0),
        seed: match body.seed {
            None | Some(-1) => rand::random(),
            Some(seed) => seed.cast_unsigned(),
        },
    })
}

/// Fields that all chunks of one response share.
struct CompletionHeader {
    endpoint: Endpoint,
    id: String,
    created: i64,
    model: String,
    fingerprint: String,
}

impl CompletionHeader {
    fn answer(&self, suffix: &str, choices: Vec<Choice>, usage: UsageField) -> CompletionAnswer {
        let object = match (self.endpoint, suffix.is_empty()) {
            (Endpoint::Chat, true) => "chat.completion",
            (Endpoint::Chat, false) => "chat.completion.chunk",
            (Endpoint::Completion, _) => "text_completion",
        };
        CompletionAnswer {
            id: self.id.clone(),
            object,
            created: self.created,
            model: self.model.clone(),
            system_fingerprint: self.fingerprint.clone(),
            choices,
            usage,
        }
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
        Ok(self.answer("", vec![choice], UsageField::Counts(usage(completion.usage))))
    }

    fn whole(&self, text: String, reason: &'static str) -> Choice {
        let finish_reason = Some(reason);
        match self.endpoint {
            Endpoint::Chat => {
                let message = AssistantMessage {
                    role: Some("assistant"),
                    content: Some(text),
                    refusal: Some(None),
                };
                Choice { message: Some(message), finish_reason, ..Choice::default() }
            }
            Endpoint::Completion => Choice { text: Some(text), finish_reason, ..Choice::default() },
        }
    }

    fn part(&self, text: String, role: Option<&'static str>) -> Choice {
        match self.endpoint {
            Endpoint::Chat => {
                let delta =
                    AssistantMessage { role, content: Some(text), ..AssistantMessage::default() };
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

    fn chunk(&self, choices: Vec<Choice>, usage: UsageField) -> Result<Event, ApiError> {
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
    usage_of_parts: UsageField,
) -> impl Stream<Item = Result<Event, ApiError>> {
    async_stream::stream! {
        tokio::pin!(generated);
        let first = header.chunk(vec![header.part(echo, Some("assistant"))], usage_of_parts);
        let mut complete = first.is_ok();
        yield first;
        while complete && let Some(event) = generated.next().await {
            match event {
                Ok(GenerationEvent::Token { text, .. }) if text.is_empty() => {}
                Ok(GenerationEvent::Token { text, .. }) => {
                    let part = header.chunk(vec![header.part(text, None)], usage_of_parts);
                    complete = part.is_ok();
                    yield part;
                }
                Ok(GenerationEvent::Done { reason, usage: counts, .. }) => {
                    let last = |reason| header.chunk(vec![header.last(reason)], usage_of_parts);
                    yield finish(reason).and_then(last);
                    if matches!(usage_of_parts, UsageField::Null) {
                        yield header.chunk(Vec::new(), UsageField::Counts(usage(counts)));
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
