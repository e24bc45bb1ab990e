//! The id of the request that a task handles: taken from the client or generated, repeated in the
//! response and in the log.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::response::Response;
use std::future::Future;
use vitrine_base::clock::Clock;
use vitrine_base::ids::time_ordered_id;

/// Header of the request id, in requests and responses.
pub(crate) const REQUEST_ID_HEADER: &str = "x-request-id";

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

/// Makes `id` the current request id while `call` runs, for answers that are not asynchronous.
pub(crate) fn within<T>(id: String, call: impl FnOnce() -> T) -> T {
    REQUEST_ID.sync_scope(id, call)
}

/// The id that the client sent if it is printable ASCII without spaces, or a new one.
pub(crate) fn of(request: &Request, clock: &dyn Clock) -> String {
    let given = request.headers().get(REQUEST_ID_HEADER).and_then(|value| value.to_str().ok());
    given.filter(|id| is_accepted(id)).map_or_else(|| new(clock), str::to_owned)
}

/// A new id; ids sort by the time of `clock`.
pub(crate) fn new(clock: &dyn Clock) -> String {
    time_ordered_id(clock.now()).to_string()
}

fn is_accepted(id: &str) -> bool {
    (1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_bounded_printable_ascii_without_spaces() {
        let longest = "x".repeat(REQUEST_ID_BYTES_MAX);
        for id in ["a", "req_0192-ab.c:d/e", longest.as_str()] {
            assert!(is_accepted(id), "{id}");
        }
        let too_long = "x".repeat(REQUEST_ID_BYTES_MAX + 1);
        for id in ["", " ", "a b", "a\tb", "a\nb", "\u{7f}", "é", too_long.as_str()] {
            assert!(!is_accepted(id), "{id:?}");
        }
    }
}
