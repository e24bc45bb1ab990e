//! Reads a request's body before the request is counted as running: a client that sends slowly or
//! stops holds a connection, but no slot.

use crate::http::error::ApiError;
use crate::http::state::HttpLimits;
use crate::http::transport::TransportError;
use axum::body::Body;
use axum::body::Bytes;
use axum::body::HttpBody;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use axum::http::header::EXPECT;
use futures::FutureExt;
use futures::StreamExt;
use vitrine_base::clock::Clock;

/// How far an oversized body is read and discarded, as a multiple of the limit. Many clients read
/// the response only after they have sent the whole body; beyond this, the connection is dropped.
const DISCARD_FACTOR: usize = 8;

/// Reads a whole body.
///
/// # Errors
/// If it is larger than `server.body_bytes_max`, does not arrive in time, or breaks off.
pub(super) async fn body(
    headers: &HeaderMap,
    body: Body,
    limits: &HttpLimits,
    clock: &dyn Clock,
) -> Result<Bytes, ApiError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if is_refused_by_length(headers, limits.body_bytes_max) {
        return Err(ApiError::BodyTooLarge);
    }
    let began = clock.instant();
    let mut pieces = body.into_data_stream();
    let (mut kept, mut seen) = (Vec::new(), 0_usize);
    loop {
        let piece = match pieces.next().now_or_never() {
            Some(piece) => piece,
            None => {
                let passed = clock.instant().saturating_duration_since(began);
                let left = limits.body_time_max.saturating_sub(passed);
                tokio::select! {
                    piece = pieces.next() => piece,
                    () = clock.sleep(limits.body_idle_max.min(left)) => {
                        return Err(too_slow(limits, limits.body_idle_max <= left).into());
                    }
                }
            }
        };
        let Some(piece) = piece else { break };
        let piece = piece.map_err(|_| ApiError::malformed("the body breaks off before its end"))?;
        seen = seen.saturating_add(piece.len());
        if seen <= limits.body_bytes_max {
            kept.extend_from_slice(&piece);
        } else if seen > limits.body_bytes_max.saturating_mul(DISCARD_FACTOR) {
            break;
        }
    }
    if seen > limits.body_bytes_max { Err(ApiError::BodyTooLarge) } else { Ok(kept.into()) }
}

/// Whether the announced length is refused at once: the client waits for leave to send, or would
/// send more than is worth discarding.
fn is_refused_by_length(headers: &HeaderMap, bytes_max: usize) -> bool {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let waits = headers.contains_key(EXPECT);
    length > if waits { bytes_max } else { bytes_max.saturating_mul(DISCARD_FACTOR) }
}

fn too_slow(limits: &HttpLimits, paused: bool) -> TransportError {
    if paused {
        let (key, most) = ("server.body_idle_ms_max", limits.body_idle_max);
        TransportError::TooSlow { what: "the next piece of the body", key, most }
    } else {
        let (key, most) = ("server.body_ms_max", limits.body_time_max);
        TransportError::TooSlow { what: "the body", key, most }
    }
}
