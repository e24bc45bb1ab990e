//! The id of the request that a task handles: taken from the client or generated, repeated in the
//! response and in the log.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::response::Response;
use std::future::Future;
use vitrine_base::clock::Clock;
use vitrine_base::ids::time_ordered_id;

/// Header of the request id, in requests and responses.
const REQUEST_ID_HEADER: &str = "x-request-id";

/// Longest request id accepted from a client, in bytes; longer ones are replaced.
const REQUEST_ID_BYTES_MAX: usize = 64;

tokio::task_local! {
    static REQUEST_ID: String;
}

/// Id of the request that the current task handles; empty outside a request.
pub(crate) fn current() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// Makes `id` the current request id while `answer` runs, and sets it on the response.
pub(crate) async fn scope(id: String, answer: impl Future<Output = Response>) -> Response {
    let mut response = REQUEST_ID.scope(id.clone(), answer).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    response
}

/// The id that the client sent, or a new one; new ids sort by the time of `clock`.
pub(crate) fn of(request: &Request, clock: &dyn Clock) -> String {
    let given = request.headers().get(REQUEST_ID_HEADER).and_then(|value| value.to_str().ok());
    match given {
        Some(id) if !id.is_empty() && id.len() <= REQUEST_ID_BYTES_MAX => id.to_owned(),
        _ => time_ordered_id(clock.now()).to_string(),
    }
}
