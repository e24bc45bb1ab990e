//! Serves one connection: HTTP/1.1 with limits on the time and the size of what a client sends, and
//! on the time that it leaves an answer unread.
//!
//! HTTP/2 is not offered: browsers and proxies use it over TLS only, which the gateway leaves to a
//! proxy in front of it.

use crate::http::error::ApiError;
use crate::http::progress::Phase;
use crate::http::progress::Progress;
use crate::http::request_id;
use crate::http::request_id::REQUEST_ID_HEADER;
use crate::http::socket::Socket;
use crate::http::transport::TransportError;
use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use hyper::body::Frame;
use hyper::body::Incoming;
use hyper::body::SizeHint;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::fmt::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tower::ServiceExt;

/// Most headers of a request; more get 431.
const HEADERS_MAX: usize = 100;

/// Limits on connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// Connections open at the same time.
    pub(crate) connections_max: usize,
    /// Largest request line and headers together, in bytes, at least 8192.
    pub(crate) headers_bytes_max: usize,
    /// Longest time from the first byte of a request to the end of its headers.
    pub(crate) header_time_max: Duration,
    /// Longest time that a client may leave an answer unread.
    pub(crate) write_stall_max: Duration,
    /// Longest time without a request.
    pub(crate) idle_max: Duration,
}

/// Handle of the connection that a request came on, in the request's extensions.
#[derive(Debug, Clone)]
pub(super) struct OnConnection(pub(super) Arc<Progress>);

/// How a connection ends before its client closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimedOut {
    /// No request came.
    Idle,
    /// The headers of a request took too long.
    Head,
}

/// Answers the requests of one connection until either side closes it.
pub(super) async fn serve(
    stream: TcpStream,
    progress: Arc<Progress>,
    routes: Router,
    limits: ConnectionLimits,
) {
    let stall_max = limits.write_stall_max;
    let socket = Socket::new(stream, Arc::clone(&progress), stall_max, library_answer);
    let answered = Arc::clone(&progress);
    let service = service_fn(move |request| answer(routes.clone(), Arc::clone(&answered), request));
    let mut connection = http1::Builder::new()
        // `limit` times headers itself: it tells waiting for a request from receiving one.
        .header_read_timeout(None)
        .max_headers(HEADERS_MAX)
        .max_header_size(limits.headers_bytes_max)
        .max_buf_size(limits.headers_bytes_max)
        .serve_connection(TokioIo::new(socket), service);
    let timed_out = loop {
        tokio::select! {
            served = &mut connection => {
                if let Err(error) = served {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            timed_out = limit(&progress, &limits) => break timed_out,
            () = progress.abandoned.notified() => return,
            () = progress.close.notified() => Pin::new(&mut connection).graceful_shutdown(),
        }
    };
    if timed_out == TimedOut::Head {
        let mut socket = connection.into_parts().io.into_inner();
        let most = limits.header_time_max;
        let key = "server.header_ms_max";
        let refused = TransportError::TooSlow { what: "the headers", key, most }.into();
        // The client may be gone.
        let _ = socket.write_all(&raw_answer(&progress, refused)).await;
        let _ = socket.shutdown().await;
    }
}

/// Completes when the connection has waited too long for a request.
async fn limit(progress: &Progress, limits: &ConnectionLimits) -> TimedOut {
    loop {
        let (phase, since) = progress.phase();
        let (most, timed_out) = match phase {
            Phase::Idle => (limits.idle_max, TimedOut::Idle),
            Phase::Head => (limits.header_time_max, TimedOut::Head),
            Phase::Request => {
                progress.changed.notified().await;
                continue;
            }
        };
        let passed = progress.clock().instant().saturating_duration_since(since);
        if passed >= most {
            return timed_out;
        }
        tokio::select! {
            () = progress.sleep(most - passed) => {}
            () = progress.changed.notified() => {}
        }
    }
}

async fn answer(
    routes: Router,
    progress: Arc<Progress>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Answer>, Infallible> {
    progress.request_begins();
    let mut request: Request = request.map(Body::new);
    request.extensions_mut().insert(OnConnection(Arc::clone(&progress)));
    // Made first: it also tells the connection if the client hangs up before the answer.
    let mut answer = Answer { body: Body::empty(), progress };
    let response = routes.oneshot(request).await?;
    Ok(response.map(|body| {
        answer.body = body;
        answer
    }))
}

/// The body of an answer; tells the connection when it has been handed to the socket.
#[derive(Debug)]
struct Answer {
    body: Body,
    progress: Arc<Progress>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Whole answers and streams are dropped at their end, and so are those of a client that hung up.
impl Drop for Answer {
    fn drop(&mut self) {
        self.progress.answer_ends();
    }
}

/// Our answer to a request that the HTTP library refuses with `status`.
fn library_answer(status: u16, progress: &Progress) -> Vec<u8> {
    let refused = match StatusCode::from_u16(status) {
        Ok(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE) => {
            TransportError::HeadersTooLarge { headers_max: HEADERS_MAX }.into()
        }
        Ok(StatusCode::URI_TOO_LONG) => TransportError::UriTooLong.into(),
        _ => ApiError::malformed("the request is not valid HTTP/1.1"),
    };
    raw_answer(progress, refused)
}

/// The bytes of an error that is sent without the HTTP library; the connection closes after it.
fn raw_answer(progress: &Progress, error: ApiError) -> Vec<u8> {
    let id = request_id::new(progress.clock().as_ref());
    let (response, body) = request_id::within(id.clone(), || {
        let body = serde_json::json!({ "error": error.detail() }).to_string();
        (error.into_response(), body)
    });
    let mut head = format!("HTTP/1.1 {}\r\n{REQUEST_ID_HEADER}: {id}\r\n", response.status());
    let length = body.len();
    let _ = write!(head, "connection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in response.headers() {
        if name != axum::http::header::CONTENT_LENGTH
            && let Ok(value) = value.to_str()
        {
            let _ = write!(head, "{name}: {value}\r\n");
        }
    }
    format!("{head}\r\n{body}").into_bytes()
}

/// Answers on a connection beyond `server.connections_max`: probes as always, anything else with
/// 503; then the connection closes.
pub(super) async fn crowded(routes: Router, connections_max: usize, request: Request) -> Response {
    let probe = matches!(request.uri().path(), "/healthz" | "/readyz");
    let mut response = if probe {
        routes.oneshot(request).await.into_response()
    } else {
        let progress = request.extensions().get::<OnConnection>().map(|on| Arc::clone(&on.0));
        let id = progress.map(|progress| request_id::of(&request, progress.clock().as_ref()));
        let error = ApiError::from(TransportError::Crowded { connections_max });
        let refused = async { error.into_response() };
        request_id::scope(id.unwrap_or_default(), refused).await
    };
    let close = axum::http::HeaderValue::from_static("close");
    response.headers_mut().insert(axum::http::header::CONNECTION, close);
    response
}
