//! Maps domain errors to HTTP status, error code and public message. No other file does.
//!
//! Clients get the public message; the chain of causes goes to the log, with the request id. No
//! match on an error has a wildcard arm, so a new variant does not compile until it is mapped.

#![deny(clippy::wildcard_enum_match_arm)]

mod mapping;

use crate::http::error::mapping::PublicError;
use crate::http::error::mapping::public_error;
use crate::http::request_id;
use crate::http::transport::TransportError;
use crate::http::wire::ErrorBody;
use crate::http::wire::ErrorDetail;
use crate::hub::HubError;
use crate::turn::TurnError;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::http::header::WWW_AUTHENTICATE;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::Value;
use std::time::Duration;
use vitrine_base::causes::chain;
use vitrine_base::ids::IdError;
use vitrine_conversations::StoreError;
use vitrine_engine::EngineError;
use vitrine_engine::RegistryError;
use vitrine_engine::text::TextError;
use vitrine_intent::IntentError;

/// Smallest `Retry-After`, in seconds. The header has whole seconds only, and a queue whose speed
/// is unknown usually moves within one.
const RETRY_AFTER_SECONDS_MIN: u64 = 1;

/// Largest `Retry-After`, in seconds: measured rates say little about the time after a minute.
const RETRY_AFTER_SECONDS_MAX: u64 = 60;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The body or query does not have the expected form.
    #[error("{message}")]
    Malformed { message: String },
    /// Well-formed, but a value is not allowed.
    #[error("{message}")]
    Impossible { code: &'static str, message: String },
    /// The body is larger than `server.body_bytes_max`.
    #[error("the body is larger than server.body_bytes_max allows")]
    BodyTooLarge,
    /// The key is missing or not valid.
    #[error("a valid API key is required: `Authorization: Bearer KEY`")]
    Unauthorized,
    /// The key is valid but lacks the route's scope.
    #[error("the API key lacks the scope `{scope}`")]
    Forbidden { scope: &'static str },
    /// The host of the request is not this machine, and no key protects the gateway.
    #[error(
        "the host `{host}` is not this machine; without API keys, allowed are localhost and \
         loopback addresses"
    )]
    ForeignHost { host: String },
    /// A web page of another origin sent the request, and no key protects the gateway.
    #[error("the origin `{origin}` is not this gateway's; other origins need API keys")]
    ForeignOrigin { origin: String },
    /// The body is declared as something else than JSON, and no key protects the gateway.
    #[error("the content type of the body is `{found}`; allowed: application/json")]
    UnsupportedType { found: String },
    /// The path exists, but not with this method.
    #[error("the method {method} is not allowed on this path")]
    MethodNotAllowed { method: String },
    /// The handler panicked.
    #[error("the request could not be answered (a bug in vitrine)")]
    Panicked,
    /// The tenant exceeds its request rate.
    #[error("the tenant sends more requests than server.tenant_requests_per_second allows")]
    RateLimited { retry_after: Duration },
    /// The thing addressed does not exist.
    #[error("{what} `{id}` does not exist")]
    NotFound { what: &'static str, id: String },
    /// The request was sent too slowly, too large, or at a time when there was no room for it.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The gateway is starting, draining or unable to answer.
    #[error("the gateway is {state}")]
    Unavailable { state: &'static str },
    /// The generation's deadline passed before its output was complete.
    #[error("the deadline passed before the generation was complete")]
    DeadlineExceeded,
    /// The generation was cancelled before its output was complete.
    #[error("the generation was cancelled before it was complete")]
    Cancelled,
    /// A body could not be encoded.
    #[error("the response could not be encoded as JSON (a bug in vitrine)")]
    Encode(#[source] serde_json::Error),
    /// The turn failed.
    #[error(transparent)]
    Turn(#[from] TurnError),
    /// The engine refused the request or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A model could not be found, loaded or unloaded.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A model's replies do not pass the shop's conversation tests.
    #[error("{message}")]
    TestsFailed { message: String, figures: Value },
    /// A model's files were not found or not accepted.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The encoder refused the request or failed.
    #[error(transparent)]
    Intent(#[from] IntentError),
    /// The store refused the request or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The text could not be tokenized.
    #[error(transparent)]
    Text(#[from] TextError),
}

impl ApiError {
    /// A body or query of the wrong form.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::Malformed { message: message.into() }
    }

    /// A field with a value that is not allowed.
    pub(crate) fn impossible(code: &'static str, message: impl Into<String>) -> Self {
        Self::Impossible { code, message: message.into() }
    }

    /// A field that is not a valid identifier.
    pub(crate) fn id(field: &str, error: &IdError) -> Self {
        Self::impossible("invalid_id", format!("field `{field}` {error}"))
    }

    /// Whether the same request may succeed later.
    pub(crate) fn is_temporary(&self) -> bool {
        let status = self.public_error().status;
        status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
    }

    /// Whether what the request concerns was erased after it was sent or accepted.
    pub(crate) fn is_erased(&self) -> bool {
        let (Self::Store(error) | Self::Turn(TurnError::Store(error))) = self else { return false };
        matches!(error, StoreError::Erased { .. })
    }

    /// The HTTP status that it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        self.public_error().status
    }

    fn public_error(&self) -> PublicError {
        match self {
            Self::Malformed { .. } => public_error(StatusCode::BAD_REQUEST, "malformed"),
            Self::Impossible { code, .. } => public_error(StatusCode::UNPROCESSABLE_ENTITY, code),
            Self::BodyTooLarge => public_error(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            Self::Unauthorized => public_error(StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::Forbidden { .. } => public_error(StatusCode::FORBIDDEN, "forbidden"),
            Self::ForeignHost { .. } => {
                public_error(StatusCode::MISDIRECTED_REQUEST, "foreign_host")
            }
            Self::ForeignOrigin { .. } => public_error(StatusCode::FORBIDDEN, "foreign_origin"),
            Self::UnsupportedType { .. } => {
                public_error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type")
            }
            Self::MethodNotAllowed { .. } => {
                public_error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
            }
            Self::Panicked => public_error(StatusCode::INTERNAL_SERVER_ERROR, "internal"),
            Self::RateLimited { .. } => public_error(StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Self::NotFound { .. } => public_error(StatusCode::NOT_FOUND, "not_found"),
            Self::Transport(error) => mapping::transport(error),
            Self::Unavailable { .. } => {
                public_error(StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
            Self::DeadlineExceeded => {
                public_error(StatusCode::GATEWAY_TIMEOUT, "deadline_exceeded")
            }
            Self::Cancelled => {
                public_error(StatusCode::SERVICE_UNAVAILABLE, "generation_cancelled")
            }
            Self::Encode(_) => mapping::encoding_failed(),
            Self::Turn(error) => mapping::turn(error),
            Self::Engine(error) => mapping::engine(error),
            Self::Registry(error) => mapping::registry(error),
            Self::TestsFailed { .. } => {
                public_error(StatusCode::UNPROCESSABLE_ENTITY, "tests_failed")
            }
            Self::Hub(error) => mapping::hub(error),
            Self::Intent(error) => mapping::intent(error),
            Self::Store(error) => mapping::store(error),
            Self::Text(error) => mapping::text(error),
        }
    }
}

impl ApiError {
    /// Value of `Retry-After`, in seconds.
    fn retry_after_seconds(&self) -> u64 {
        let wait = self.wait();
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        seconds.clamp(RETRY_AFTER_SECONDS_MIN, RETRY_AFTER_SECONDS_MAX)
    }

    /// Time after which a retry may succeed; zero if it is unknown.
    fn wait(&self) -> Duration {
        match self {
            Self::RateLimited { retry_after } => *retry_after,
            Self::Engine(error) => mapping::engine_wait(error),
            Self::Malformed { .. }
            | Self::Impossible { .. }
            | Self::BodyTooLarge
            | Self::Unauthorized
            | Self::Forbidden { .. }
            | Self::ForeignHost { .. }
            | Self::ForeignOrigin { .. }
            | Self::UnsupportedType { .. }
            | Self::MethodNotAllowed { .. }
            | Self::Panicked
            | Self::NotFound { .. }
            | Self::Transport(_)
            | Self::Unavailable { .. }
            | Self::DeadlineExceeded
            | Self::Cancelled
            | Self::Encode(_)
            | Self::Turn(_)
            | Self::Registry(_)
            | Self::TestsFailed { .. }
            | Self::Hub(_)
            | Self::Intent(_)
            | Self::Store(_)
            | Self::Text(_) => Duration::ZERO,
        }
    }

    /// The public part of the error.
    pub(crate) fn detail(&self) -> ErrorDetail {
        let request_id = request_id::current();
        let message = if let Self::Registry(error) = self {
            // Loading models is an operator's task, who needs the cause.
            chain(error)
        } else {
            self.to_string()
        };
        let figures =
            if let Self::TestsFailed { figures, .. } = self { Some(figures) } else { None };
        let figures = figures.cloned();
        ErrorDetail { code: self.public_error().code, message, request_id, figures }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let PublicError { status, code } = self.public_error();
        let request_id = request_id::current();
        if matches!(
            self,
            Self::Unavailable { .. }
                | Self::Transport(_)
                | Self::DeadlineExceeded
                | Self::Cancelled
        ) {
            // Expected during startup and shutdown, or chosen by the client; logging each as an
            // error would be noise.
            tracing::debug!(%request_id, %status, code, "request refused");
        } else if status.is_server_error() {
            let cause = chain(&self);
            tracing::error!(%request_id, %status, code, cause, "request failed");
        } else {
            tracing::debug!(%request_id, %status, code, "request refused");
        }
        let body = ErrorBody { error: self.detail() };
        let mut response = (status, axum::Json(body)).into_response();
        if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = HeaderValue::from(self.retry_after_seconds());
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::slots::NoSlot;
    use std::sync::Arc;

    fn retry_after(error: impl Into<ApiError>) -> String {
        let response = error.into().into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        response.headers()[RETRY_AFTER].to_str().unwrap().to_owned()
    }

    #[test]
    fn a_read_only_store_answers_503_with_its_reason() {
        for (cause, reason) in [
            (StoreError::DiskFull, "disk is full"),
            (StoreError::ReadOnly, "read-only"),
            (StoreError::Damaged { cause: None }, "damaged"),
        ] {
            let later = StoreError::Stopped { cause: Arc::new(cause.clone()) };
            for error in [cause, later].map(ApiError::from) {
                let detail = error.detail();
                assert_eq!(detail.code, "store_unavailable");
                assert!(detail.message.contains(reason), "{}", detail.message);
                let response = error.into_response();
                assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
                assert!(response.headers().contains_key(RETRY_AFTER));
            }
        }
    }

    #[test]
    fn full_queue_sets_retry_after() {
        let full = |milliseconds| EngineError::Full {
            waiting: 9,
            waiting_max: 9,
            prompt_tokens_waiting: 900,
            prompt_tokens_waiting_max: 1_000,
            retry_after: Duration::from_millis(milliseconds),
        };
        assert_eq!(retry_after(full(0)), "1");
        assert_eq!(retry_after(full(2_001)), "3");
        assert_eq!(retry_after(full(900_000)), "60");
        let crowded = EngineError::Overloaded {
            running: 8,
            waiting: 30,
            delay: Duration::from_millis(2_500),
            delay_max: Duration::from_millis(500),
        };
        assert_eq!(retry_after(crowded), "2");
        let late =
            EngineError::DeadlineUnreachable { left: Duration::ZERO, line: Duration::from_secs(7) };
        assert_eq!(retry_after(late), "7");
        let no_slot = NoSlot { key: "server.requests_in_flight_max", most: 3 };
        assert_eq!(retry_after(TransportError::Busy(no_slot)), "1");
    }
}
