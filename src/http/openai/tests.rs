//! Why a generation ended, as whole answers and streams report it.

use super::*;
use axum::body;
use axum::http::StatusCode;
use serde_json::Value;
use vitrine_engine::GenerationTimings;

fn header() -> CompletionHeader {
    CompletionHeader {
        endpoint: Endpoint::Chat,
        id: "chatcmpl-1".to_owned(),
        created: 1_790_000_000,
        model: "toy".to_owned(),
        fingerprint: "0123456789ab".to_owned(),
    }
}

async fn text(response: Response) -> String {
    let bytes = body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Status and error code of a whole answer that ended for `reason`.
async fn whole(reason: FinishReason) -> (StatusCode, Value) {
    let completion = Completion {
        text: "half of".to_owned(),
        token_ids: vec![1, 2],
        reason,
        usage: GenerationUsage::default(),
        timings: GenerationTimings::default(),
    };
    let answer = header().completed(String::new(), completion).map(axum::Json);
    let response = answer.into_response();
    let status = response.status();
    let mut body: Value = serde_json::from_str(&text(response).await).unwrap();
    (status, body["error"]["code"].take())
}

/// The `data` of each event of a stream that ends for `reason` after one token.
async fn streamed(reason: FinishReason) -> Vec<String> {
    let (usage, timings) = (GenerationUsage::default(), GenerationTimings::default());
    let generated = stream::iter([
        Ok(GenerationEvent::Token { id: 1, text: "half".to_owned() }),
        Ok(GenerationEvent::Done { reason, usage, timings }),
    ]);
    sent(chunks(header(), generated, String::new(), UsageField::Null)).await
}

async fn sent(chunks: impl Stream<Item = Result<Event, ApiError>> + Send + 'static) -> Vec<String> {
    let body = text(Sse::new(events(chunks)).into_response()).await;
    body.lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
}

fn code(event: &str) -> Value {
    serde_json::from_str::<Value>(event).unwrap()["error"]["code"].take()
}

#[tokio::test]
async fn a_passed_deadline_is_504_and_a_cancelled_generation_is_named_so() {
    let (status, code) = whole(FinishReason::Deadline).await;
    assert_eq!((status, code), (StatusCode::GATEWAY_TIMEOUT, "deadline_exceeded".into()));
    let (status, code) = whole(FinishReason::Cancelled).await;
    assert_eq!((status, code), (StatusCode::SERVICE_UNAVAILABLE, "generation_cancelled".into()));
    for reason in [FinishReason::Stop, FinishReason::Length] {
        assert_eq!(whole(reason).await, (StatusCode::OK, Value::Null));
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_short_says_why_before_its_usage() {
    for (reason, expected) in [
        (FinishReason::Deadline, "deadline_exceeded"),
        (FinishReason::Cancelled, "generation_cancelled"),
    ] {
        let events = streamed(reason).await;
        let [role, token, error, usage, done] = &events[..] else { panic!("{events:?}") };
        assert!(role.contains("\"assistant\"") && token.contains("half"), "{events:?}");
        assert_eq!(code(error), expected);
        assert!(usage.contains("total_tokens"), "{usage}");
        assert_eq!(done, "[DONE]");
    }
    let events = streamed(FinishReason::Stop).await;
    assert!(events[2].contains(r#""finish_reason":"stop""#), "{events:?}");
    assert!(events.iter().all(|event| !event.contains("\"error\"")), "{events:?}");
}

#[tokio::test]
async fn a_chunk_that_does_not_serialise_is_an_error_event() {
    let unencodable = std::collections::BTreeMap::from([(vec![1], "value")]);
    let chunk = encode::json_text(&unencodable).map(|text| Event::default().data(text));
    let events = sent(stream::iter([chunk])).await;
    let [error, done] = &events[..] else { panic!("{events:?}") };
    assert_eq!(code(error), "encoding_failed");
    assert_eq!(done, "[DONE]");
}
