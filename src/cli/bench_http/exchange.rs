//! Sends one request and times its answer, whole or streamed.

use super::scenario::EndpointKind;
use futures::StreamExt;
use reqwest::Client;
use reqwest::RequestBuilder;
use serde_json::Value;
use std::time::Duration;
use std::time::Instant;
use vitrine_base::clock::SharedClock;

/// Longest line of an event stream, in bytes. No known server sends longer events, so a longer line
/// makes the answer [`Ending::Broken`].
const LINE_BYTES_MAX: usize = 4 << 20;

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// A complete answer arrived.
    Done,
    /// The server answered with a status other than 2xx.
    Status(u16),
    /// The status was 2xx, but the answer holds an error, is not valid JSON or ended early.
    Broken,
    /// No complete answer arrived within the timeout.
    Timeout,
    /// The request could not be sent, or the connection broke before an answer.
    Connection,
    /// The request was not sent because too many were in flight.
    NotSent,
}

impl Ending {
    /// Name under which it is counted in `errors`; `None` for a complete answer.
    pub(super) fn error_name(&self) -> Option<String> {
        match self {
            Self::Done => None,
            Self::Status(status) => Some(status.to_string()),
            Self::Broken => Some("broken_answer".to_owned()),
            Self::Timeout => Some("timeout".to_owned()),
            Self::Connection => Some("connection".to_owned()),
            Self::NotSent => Some("not_sent".to_owned()),
        }
    }
}

/// Result of one request. Times count from when the request was due.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) ending: Ending,
    /// Time to the end of the answer.
    pub(super) latency: Duration,
    /// Time until the request was sent: the load generator's own delay.
    pub(super) lateness: Duration,
    /// Time to the first non-empty text; `None` if none arrived.
    pub(super) first_text: Option<Duration>,
    /// Time between the first text and the last.
    pub(super) decoding: Duration,
    pub(super) output_tokens: u64,
    pub(super) prompt_tokens: u64,
    pub(super) cached_tokens: u64,
}

impl Exchange {
    /// The result of a request that was not sent.
    pub(super) fn not_sent() -> Self {
        Self::ended(Ending::NotSent)
    }

    fn ended(ending: Ending) -> Self {
        Self {
            ending,
            latency: Duration::ZERO,
            lateness: Duration::ZERO,
            first_text: None,
            decoding: Duration::ZERO,
            output_tokens: 0,
            prompt_tokens: 0,
            cached_tokens: 0,
        }
    }
}

/// One request to send.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) request: RequestBuilder,
    pub(super) kind: EndpointKind,
    pub(super) stream: bool,
    /// When the request was due. Its times count from here, even if it is sent late.
    pub(super) due: Instant,
    /// Longest time from `due` to the end of the answer.
    pub(super) timeout: Duration,
}

/// Sends one request and reads its answer to the end.
pub(super) async fn exchange(client: Client, call: Call, clock: SharedClock) -> Exchange {
    let since_due = || clock.instant().saturating_duration_since(call.due);
    let lateness = since_due();
    let mut state = AnswerState::default();
    let read_answer = read_answer(&client, &call, &mut state, &since_due);
    let deadline = tokio::time::Instant::from_std(call.due + call.timeout);
    let ending = match tokio::time::timeout_at(deadline, read_answer).await {
        Ok(ending) => ending,
        Err(_) => Ending::Timeout,
    };
    let decoding = match (state.first_text, state.last_text) {
        (Some(first), Some(last)) => last.saturating_sub(first),
        _ => Duration::ZERO,
    };
    Exchange {
        latency: since_due(),
        lateness,
        first_text: state.first_text,
        decoding,
        output_tokens: state.output_tokens.unwrap_or(state.pieces),
        prompt_tokens: state.prompt_tokens,
        cached_tokens: state.cached_tokens,
        ..Exchange::ended(ending)
    }
}

/// What has been read of an answer so far.
#[derive(Debug, Default)]
struct AnswerState {
    first_text: Option<Duration>,
    last_text: Option<Duration>,
    /// Non-empty text chunks; stands in for the token count if the server reports none.
    pieces: u64,
    output_tokens: Option<u64>,
    prompt_tokens: u64,
    cached_tokens: u64,
    /// The end marker of the answer was read.
    whole: bool,
    /// The answer holds an error or is malformed.
    failed: bool,
}

async fn read_answer(
    client: &Client,
    call: &Call,
    state: &mut AnswerState,
    since_due: &impl Fn() -> Duration,
) -> Ending {
    let Some(request) = call.request.try_clone().and_then(|request| request.build().ok()) else {
        return Ending::Connection;
    };
    let Ok(answer) = client.execute(request).await else { return Ending::Connection };
    let status = answer.status();
    if !status.is_success() {
        // Read to the end so that the connection can be reused.
        let _ = answer.bytes().await;
        return Ending::Status(status.as_u16());
    }
    if call.stream {
        let mut bytes = answer.bytes_stream();
        let mut lines = Lines::default();
        while let Some(chunk) = bytes.next().await {
            let Ok(chunk) = chunk else { return Ending::Broken };
            lines.push(&chunk);
            while let Some(line) = lines.next_line() {
                state.line(&line, call.kind, since_due());
            }
            if lines.is_too_long() {
                return Ending::Broken;
            }
        }
    } else {
        let Ok(bytes) = answer.bytes().await else { return Ending::Broken };
        let Ok(value) = serde_json::from_slice::<Value>(&bytes) else { return Ending::Broken };
        state.counts(&value);
        state.failed = value.get("error").is_some_and(|error| !error.is_null());
        state.whole = true;
    }
    if state.whole && !state.failed { Ending::Done } else { Ending::Broken }
}

impl AnswerState {
    /// Processes one line of an event stream. Source: WHATWG HTML, server-sent events.
    fn line(&mut self, line: &str, kind: EndpointKind, now: Duration) {
        let Some(payload) = line.strip_prefix("data:").map(str::trim) else { return };
        if payload == "[DONE]" {
            self.whole = true;
            return;
        }
        let Ok(value) = serde_json::from_str::<Value>(payload) else {
            self.failed = true;
            return;
        };
        if value.get("error").is_some_and(|error| !error.is_null()) {
            self.failed = true;
            return;
        }
        self.counts(&value);
        let text = match kind {
            EndpointKind::Chat => value["choices"][0]["delta"]["content"].as_str(),
            EndpointKind::Respond => {
                self.whole |= value["reply"].is_object();
                value["text"].as_str()
            }
            EndpointKind::Completion
            | EndpointKind::Embeddings
            | EndpointKind::Classify
            | EndpointKind::Other => value["choices"][0]["text"].as_str(),
        };
        // The first chunk often carries only the role and an empty text.
        if text.is_some_and(|text| !text.is_empty()) {
            self.first_text.get_or_insert(now);
            self.last_text = Some(now);
            self.pieces += 1;
        }
    }

    fn counts(&mut self, value: &Value) {
        let usage = &value["usage"];
        let first = |names: [&str; 2]| names.iter().find_map(|name| usage[*name].as_u64());
        if let Some(tokens) = first(["completion_tokens", "output_tokens"]) {
            self.output_tokens = Some(tokens);
        }
        self.prompt_tokens = usage["prompt_tokens"].as_u64().unwrap_or(self.prompt_tokens);
        let details = &usage["prompt_tokens_details"]["cached_tokens"];
        let cached = details.as_u64().or_else(|| usage["cached_tokens"].as_u64());
        self.cached_tokens = cached.unwrap_or(self.cached_tokens);
    }
}

/// Splits a stream of bytes into lines.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    taken: usize,
}

impl Lines {
    fn push(&mut self, chunk: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(chunk);
    }

    fn next_line(&mut self) -> Option<String> {
        let rest = &self.bytes[self.taken..];
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = String::from_utf8_lossy(&rest[..end]).trim_end().to_owned();
        self.taken += end + 1;
        Some(line)
    }

    fn is_too_long(&self) -> bool {
        self.bytes.len() - self.taken > LINE_BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads a stream whose pieces end where `cuts` say, and says all that was read.
    fn read_in_pieces(bytes: &[u8], cuts: &[usize], kind: EndpointKind) -> String {
        let (mut state, mut lines) = (AnswerState::default(), Lines::default());
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        for piece in cuts.windows(2) {
            lines.push(&bytes[piece[0]..piece[1]]);
            while let Some(line) = lines.next_line() {
                state.line(&line, kind, Duration::ZERO);
            }
        }
        format!("{state:?}")
    }

    /// Bytes of a stream, mostly of events.
    fn stream_bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"data: ".to_vec()),
            Just(b"data: [DONE]\n".to_vec()),
            Just(b"data: {\"choices\":[{\"delta\":{\"content\":\"\xC3\xA9\"}}]}\r\n".to_vec()),
            Just(b"data: {\"text\":\"a\",\"usage\":{\"output_tokens\":1e99}}\n\n".to_vec()),
            Just(b"event: error\ndata: {\"error\":null}\n".to_vec()),
            "[\\[\\]{}\":,a-c0-9 \\n\\r]{0,12}".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..8),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_stream_is_read_alike_wherever_its_pieces_end(
            bytes in stream_bytes(),
            cuts in prop::collection::vec(any::<usize>(), 0..12),
        ) {
            for kind in [EndpointKind::Chat, EndpointKind::Respond, EndpointKind::Completion] {
                let whole = read_in_pieces(&bytes, &[], kind);
                prop_assert_eq!(read_in_pieces(&bytes, &cuts, kind), whole);
            }
        }
    }

    fn read_stream(kind: EndpointKind, text: &str) -> AnswerState {
        let (mut state, mut lines, mut now) = (AnswerState::default(), Lines::default(), 0);
        // Single bytes: chunk boundaries of the network must not matter.
        for byte in text.as_bytes() {
            lines.push(&[*byte]);
            while let Some(line) = lines.next_line() {
                now += 10;
                state.line(&line, kind, Duration::from_millis(now));
            }
        }
        state
    }

    #[test]
    fn the_first_text_is_the_first_non_empty_chunk() {
        let state = read_stream(
            EndpointKind::Chat,
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\
             data: {\"choices\":[{\"delta\":{\"content\":\"é\"}}]}\r\n\
             : ping\n\
             data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\
             data: {\"choices\":[],\"usage\":{\"completion_tokens\":3,\"prompt_tokens\":9,\
             \"prompt_tokens_details\":{\"cached_tokens\":8}}}\n\
             data: [DONE]\n",
        );
        assert_eq!(state.first_text, Some(Duration::from_millis(20)));
        assert_eq!(state.last_text, Some(Duration::from_millis(40)));
        assert_eq!((state.pieces, state.output_tokens), (2, Some(3)));
        assert_eq!((state.prompt_tokens, state.cached_tokens), (9, 8));
        assert!(state.whole && !state.failed);
    }

    #[test]
    fn an_error_inside_a_stream_and_a_missing_end_are_detected() {
        let failed = read_stream(
            EndpointKind::Completion,
            "data: {\"error\":{\"code\":\"x\"}}\ndata: [DONE]\n",
        );
        assert!(failed.failed);
        let cut = read_stream(EndpointKind::Completion, "data: {\"choices\":[{\"text\":\"a\"}]}\n");
        assert!(!cut.whole);
        let turn = "event: delta\ndata: {\"text\":\"Hi\"}\ndata: {\"reply\":{\"text\":\"Hi\"},\
                    \"usage\":{\"output_tokens\":4,\"prompt_tokens\":5,\"cached_tokens\":2}}\n";
        let turn = read_stream(EndpointKind::Respond, turn);
        assert!(turn.whole);
        assert_eq!((turn.output_tokens, turn.cached_tokens), (Some(4), 2));
    }
}
